// One virtual router as configured: one name, one interface, one VRID, one family.
// Validated values; the ranges are checked by whoever builds them from text.

package import VRRPWire

/// What a virtual router is told.
package struct VirtualRouterConfiguration: Codable, Equatable, Sendable {
    /// `lan`, or `lan/ipv4` and `lan/ipv6` when one entry of the file has both families.
    package var name: String
    package var family: AddressFamily
    /// The LAN's interface. It need not exist yet. In another network namespace than the daemon's
    /// own it is written `NAMESPACE/INTERFACE` here, as is every other interface's name: the kernel
    /// allows no `/` in one.
    package var interface: String
    /// A name below /run/netns, or a path; nil is the daemon's own.
    package var networkNamespace: String?
    package var vrid: VirtualRouterID
    package var version: VRRPVersion
    /// Version 3 over IPv4 that also sends and hears version 2 (RFC 9568 §8.4.2).
    package var alsoVersion2: Bool
    /// 1…254, or `.owner`.
    package var priority: Priority
    /// In the order in which they are advertised, those that are not advertised last; all of
    /// `family`. At least one is advertised, and the first of IPv6 is link-local (RFC 9568 §5.2.9).
    package var addresses: [VirtualAddress]
    /// The source of its advertisements; nil is the interface's primary or link-local address.
    package var source: IPAddress?
    /// The other routers, where advertisements go to each of them instead of the group.
    package var peers: [IPAddress]
    /// How many routers an advertisement of a peer may have crossed, 0…254.
    package var hops: UInt8
    package var authentication: AuthenticationPolicy?
    /// Version 3: 10 ms…40.95 s in steps of 10 ms. Version 2: 1 s…255 s in steps of 1 s.
    package var advertisementInterval: Duration
    /// RFC 9568 §6.1 Preempt_Mode.
    package var preemptMode: Bool
    /// How long this router waits before it preempts, from the moment it could. Not negative.
    package var preemptDelay: Duration
    /// How long this router stays in Initialize once its interface is usable. Not negative.
    package var startDelay: Duration
    /// RFC 9568 §6.1 Accept_Mode. The RFC's default is false, ours is true.
    package var acceptMode: Bool
    package var mac: MACPolicy
    /// The name of its macvlan, at most 15 bytes; nil is a derived one.
    package var macvlanName: String?
    package var checksum: ChecksumPolicy
    package var announce: AnnouncePolicy
    /// Whether a down interface is a fault.
    package var trackInterface: Bool
    /// What hosts are told while this router is Active (RFC 9568 §8.2.3); nil is nothing. IPv6 only.
    package var routerAdvertisement: RouterAdvertisementSettings?

    package init(
        name: String, family: AddressFamily, interface: String, networkNamespace: String? = nil,
        vrid: VirtualRouterID,
        version: VRRPVersion = .v3, alsoVersion2: Bool = false, priority: Priority = .standard,
        addresses: [VirtualAddress], source: IPAddress? = nil, peers: [IPAddress] = [],
        hops: UInt8 = 0, authentication: AuthenticationPolicy? = nil,
        advertisementInterval: Duration = .seconds(1), preemptMode: Bool = true,
        preemptDelay: Duration = .zero, startDelay: Duration = .zero, acceptMode: Bool = true,
        mac: MACPolicy = .interface, macvlanName: String? = nil,
        checksum: ChecksumPolicy = .auto, announce: AnnouncePolicy = AnnouncePolicy(),
        trackInterface: Bool = true, routerAdvertisement: RouterAdvertisementSettings? = nil
    ) {
        self.name = name
        self.family = family
        self.interface = interface
        self.networkNamespace = networkNamespace
        self.vrid = vrid
        self.version = version
        self.alsoVersion2 = alsoVersion2
        self.priority = priority
        self.addresses = addresses
        self.source = source
        self.peers = peers
        self.hops = hops
        self.authentication = authentication
        self.advertisementInterval = advertisementInterval
        self.preemptMode = preemptMode
        self.preemptDelay = preemptDelay
        self.startDelay = startDelay
        self.acceptMode = acceptMode
        self.mac = mac
        self.macvlanName = macvlanName
        self.checksum = checksum
        self.announce = announce
        self.trackInterface = trackInterface
        self.routerAdvertisement = routerAdvertisement
    }
}

extension VirtualRouterConfiguration {
    /// What its advertisements list, in order.
    package var advertisedAddresses: [IPAddress] {
        addresses.filter { $0.kind != .unadvertised }.map(\.address.address)
    }

    /// An interface's name as it is written here.
    package func qualify(_ name: String) -> String {
        networkNamespace.map { "\($0)/\(name)" } ?? name
    }

    /// Whether advertisements go to peers one by one, and not to the group.
    package var isUnicast: Bool { !peers.isEmpty }
}

// Reading a recording: what an older vrrpd did not know has its default, so that a recording stays
// readable for whoever is sent it later.
extension VirtualRouterConfiguration {
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, _ standard: Value) throws -> Value {
            try members.decodeIfPresent(Value.self, forKey: key) ?? standard
        }
        // Not generic: a duration is written as nanoseconds, which is chosen by its type.
        func duration(_ key: CodingKeys, _ standard: Duration) throws -> Duration {
            try members.decodeIfPresent(Duration.self, forKey: key) ?? standard
        }
        self.init(
            name: try members.decode(String.self, forKey: .name),
            family: try members.decode(AddressFamily.self, forKey: .family),
            interface: try members.decode(String.self, forKey: .interface),
            vrid: try members.decode(VirtualRouterID.self, forKey: .vrid),
            addresses: try members.decode([VirtualAddress].self, forKey: .addresses))
        networkNamespace = try value(.networkNamespace, networkNamespace)
        version = try value(.version, version)
        alsoVersion2 = try value(.alsoVersion2, alsoVersion2)
        priority = try value(.priority, priority)
        source = try value(.source, source)
        peers = try value(.peers, peers)
        hops = try value(.hops, hops)
        authentication = try value(.authentication, authentication)
        advertisementInterval = try duration(.advertisementInterval, advertisementInterval)
        preemptMode = try value(.preemptMode, preemptMode)
        preemptDelay = try duration(.preemptDelay, preemptDelay)
        startDelay = try duration(.startDelay, startDelay)
        acceptMode = try value(.acceptMode, acceptMode)
        mac = try value(.mac, mac)
        macvlanName = try value(.macvlanName, macvlanName)
        checksum = try value(.checksum, checksum)
        announce = try value(.announce, announce)
        trackInterface = try value(.trackInterface, trackInterface)
        routerAdvertisement = try value(.routerAdvertisement, routerAdvertisement)
    }
}

/// Which hardware address neighbours learn for the virtual addresses.
package enum MACPolicy: String, CaseIterable, Codable, Sendable {
    /// The virtual router's own (RFC 9568 §7.3), on a macvlan: it does not change at a takeover.
    case virtual
    /// The interface's: neighbours must learn another one at every takeover.
    case interface
}

/// What an IPv4 version 3 checksum covers: two readings of RFC 5798 are in the field.
package enum ChecksumPolicy: String, CaseIterable, Codable, Sendable {
    /// Both are accepted; what the segment's valid peer sends is sent, RFC 9568's until one was
    /// heard.
    case auto
    /// The message alone, no pseudo-header for IPv4 (RFC 9568 §5.2.8).
    case rfc9568
    /// The message and a pseudo-header, as many routers read RFC 5798 §5.2.8.
    case rfc5798
}

/// Gratuitous ARP or unsolicited neighbour advertisements after a takeover. The first goes out at
/// once.
package struct AnnouncePolicy: Codable, Equatable, Sendable {
    /// How many per address after a takeover, 1…100.
    package var count: Int
    /// Between two of them, 10 ms…60 s.
    package var spacing: Duration
    /// Between further ones while Active, 1 s…24 h; nil is none.
    package var refresh: Duration?

    package init(count: Int = 5, spacing: Duration = .milliseconds(200), refresh: Duration? = nil) {
        self.count = count
        self.spacing = spacing
        self.refresh = refresh
    }
}

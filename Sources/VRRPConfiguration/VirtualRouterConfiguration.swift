// One virtual router as configured: one name, one interface, one VRID, one family.
// Validated values; the ranges are checked by whoever builds them from text.

package import VRRPWire

/// What a virtual router is told.
package struct VirtualRouterConfiguration: Codable, Equatable, Sendable {
    /// `lan`, or `lan/ipv4` and `lan/ipv6` when one entry of the file has both families.
    package var name: String
    package var family: AddressFamily
    /// The LAN's interface, 1…15 bytes. It need not exist yet.
    package var interface: String
    package var vrid: VirtualRouterID
    package var version: VRRPVersion
    /// 1…254, or `.owner`.
    package var priority: Priority
    /// In the order in which they are advertised; never empty, all of `family`. The first of IPv6
    /// is link-local (RFC 9568 §5.2.9).
    package var addresses: [VirtualAddress]
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
        name: String, family: AddressFamily, interface: String, vrid: VirtualRouterID,
        version: VRRPVersion = .v3, priority: Priority = .standard, addresses: [VirtualAddress],
        advertisementInterval: Duration = .seconds(1), preemptMode: Bool = true,
        preemptDelay: Duration = .zero, startDelay: Duration = .zero, acceptMode: Bool = true,
        mac: MACPolicy = .interface, macvlanName: String? = nil,
        checksum: ChecksumPolicy = .auto, announce: AnnouncePolicy = AnnouncePolicy(),
        trackInterface: Bool = true, routerAdvertisement: RouterAdvertisementSettings? = nil
    ) {
        self.name = name
        self.family = family
        self.interface = interface
        self.vrid = vrid
        self.version = version
        self.priority = priority
        self.addresses = addresses
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

/// An address that the Active Router owns for as long as it is Active.
package struct VirtualAddress: Codable, Hashable, Sendable {
    package var address: InterfaceAddress
    /// Another interface to put it on; nil is the interface of the virtual router.
    package var interface: String?
    package var scope: AddressScope

    /// Without a scope: `link` for link-local IPv6, `global` for everything else.
    package init(address: InterfaceAddress, interface: String? = nil, scope: AddressScope? = nil) {
        self.address = address
        self.interface = interface
        self.scope = scope ?? Self.standardScope(of: address.address)
    }

    private static func standardScope(of address: IPAddress) -> AddressScope {
        address.family == .ipv6 && address.isLinkLocal ? .link : .global
    }
}

/// How far an address is valid: the kernel's numbers (`RT_SCOPE_…`).
package enum AddressScope: UInt8, Hashable, CaseIterable, Codable, Sendable {
    case global = 0
    case site = 200
    case link = 253
    case host = 254
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

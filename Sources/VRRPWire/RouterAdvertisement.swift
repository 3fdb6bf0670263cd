// A router's word to the hosts of the LAN: RFC 4861 §4.2, preferences of RFC 4191, resolvers of
// RFC 8106. The Active Router sends it as the virtual router (RFC 9568 §8.2.3).

/// "I am a router", with what hosts configure themselves from.
package struct RouterAdvertisement: Equatable, Sendable {
    /// What hosts put into their Hop Limit, 1…255; 0 says nothing.
    package var currentHopLimit: UInt8
    /// M: addresses come from DHCPv6.
    package var isManaged: Bool
    /// O: other things come from DHCPv6.
    package var hasOtherConfiguration: Bool
    /// Medium where `lifetime` is zero: it is not a default router then (RFC 4191 §2.2).
    package var preference: RouterPreference
    /// How long this is a default router: 0…65 535 s; zero is "not (any more)".
    package var lifetime: Duration
    /// How long a neighbour counts as reachable: 1 ms…49 days; zero says nothing.
    package var reachableTime: Duration
    /// Between two neighbour solicitations: 1 ms…49 days; zero says nothing.
    package var retransmissionInterval: Duration
    package var sourceLinkLayerAddress: MACAddress?
    /// At least 1280 on any link.
    package var mtu: UInt32?
    package var prefixes: [PrefixInformation]
    package var resolvers: [RecursiveResolvers]

    package init(
        lifetime: Duration, currentHopLimit: UInt8 = 64, isManaged: Bool = false,
        hasOtherConfiguration: Bool = false, preference: RouterPreference = .medium,
        reachableTime: Duration = .zero, retransmissionInterval: Duration = .zero,
        sourceLinkLayerAddress: MACAddress? = nil, mtu: UInt32? = nil,
        prefixes: [PrefixInformation] = [], resolvers: [RecursiveResolvers] = []
    ) {
        self.lifetime = lifetime
        self.currentHopLimit = currentHopLimit
        self.isManaged = isManaged
        self.hasOtherConfiguration = hasOtherConfiguration
        self.preference = preference
        self.reachableTime = reachableTime
        self.retransmissionInterval = retransmissionInterval
        self.sourceLinkLayerAddress = sourceLinkLayerAddress
        self.mtu = mtu
        self.prefixes = prefixes
        self.resolvers = resolvers
    }

    /// Reads an ICMPv6 message, valid by RFC 4861 §6.1.2. Unknown options, those of an impossible
    /// size, and prefixes that hosts must ignore are skipped.
    package init(
        decoding message: RawSpan, header: DatagramHeader
    ) throws(NeighborMessageError) {
        try NeighborDiscoveryMessage.check(
            message, header: header, type: NeighborDiscoveryType.routerAdvertisement,
            fixedByteCount: Self.fixedByteCount)
        guard case .v6(let source) = header.source, source.isLinkLocal else {
            throw .sourceNotLinkLocal
        }
        var reader = ByteReader(at: 4)
        do {
            currentHopLimit = try reader.byte(message)
            let flags = try reader.byte(message)
            isManaged = flags & Self.managedFlag != 0
            hasOtherConfiguration = flags & Self.otherFlag != 0
            let seconds = try reader.uint16(message)
            lifetime = .seconds(Int64(seconds))
            preference = seconds == 0 ? .medium : RouterPreference(flags: flags)
            reachableTime = .milliseconds(Int64(try reader.uint32(message)))
            retransmissionInterval = .milliseconds(Int64(try reader.uint32(message)))
        } catch {
            throw .truncated(message.byteCount)
        }
        prefixes = []
        resolvers = []
        var options = NeighborOptions(at: Self.fixedByteCount)
        while let option = try options.next(in: message) { read(option, in: message) }
    }

    /// Up to the options.
    private static let fixedByteCount = 16
    private static let managedFlag: UInt8 = 0x80
    private static let otherFlag: UInt8 = 0x40
    private static let mtuByteCount = 8
}

// MARK: Options

extension RouterAdvertisement {
    private mutating func read(_ option: Range<Int>, in message: RawSpan) {
        switch message.byte(at: option.lowerBound) {
        case NeighborOptionType.sourceLinkLayerAddress where sourceLinkLayerAddress == nil:
            sourceLinkLayerAddress = NeighborOptions.linkLayerAddress(at: option, in: message)
        case NeighborOptionType.mtu where mtu == nil && option.count == Self.mtuByteCount:
            var reader = ByteReader(at: option.lowerBound + 4)
            mtu = try? reader.uint32(message)
        case NeighborOptionType.prefixInformation:
            if let prefix = PrefixInformation(decoding: message, at: option) {
                prefixes.append(prefix)
            }
        case NeighborOptionType.recursiveResolvers:
            if let list = RecursiveResolvers(decoding: message, at: option) {
                resolvers.append(list)
            }
        default:
            break
        }
    }

    /// What all of it takes: a configuration that makes more than `maximumByteCount` is refused.
    package var byteCount: Int {
        Self.fixedByteCount + (sourceLinkLayerAddress == nil ? 0 : NeighborOptions.unit)
            + (mtu == nil ? 0 : Self.mtuByteCount) + prefixes.count * PrefixInformation.byteCount
            + resolvers.reduce(0) { $0 + $1.byteCount }
    }

    /// The longest message in a datagram of 1280 bytes, which every link carries (RFC 8200 §5).
    package static let maximumByteCount = 1280 - IPv6Header.byteCount

    /// Everything behind the checksum. Prefixes and resolvers for which there is no room are left
    /// out, so that the message is well-formed whatever the value.
    private var body: [UInt8] {
        var body: [UInt8] = []
        let lifetime = UInt16(clamping: lifetime.wholeUnits(perSecond: 1, maximum: 0xffff))
        body.append(currentHopLimit)
        body.append(
            (isManaged ? Self.managedFlag : 0) | (hasOtherConfiguration ? Self.otherFlag : 0)
                | (lifetime == 0 ? RouterPreference.medium : preference).flags)
        body.append(bigEndian: lifetime)
        body.append(bigEndian: reachableTime.wholeUnits(perSecond: 1000, maximum: .max))
        body.append(bigEndian: retransmissionInterval.wholeUnits(perSecond: 1000, maximum: .max))
        if let sourceLinkLayerAddress {
            body.append(
                neighborOption: NeighborOptionType.sourceLinkLayerAddress, sourceLinkLayerAddress)
        }
        if let mtu {
            body.append(NeighborOptionType.mtu)
            body.append(UInt8(Self.mtuByteCount / NeighborOptions.unit))
            body.append(bigEndian: UInt16(0))
            body.append(bigEndian: mtu)
        }
        // Type, code and checksum stand in front.
        let room = Self.maximumByteCount - 4
        for prefix in prefixes where body.count + PrefixInformation.byteCount <= room {
            prefix.append(to: &body)
        }
        for list in resolvers where body.count + list.byteCount <= room { list.append(to: &body) }
        return body
    }
}

// MARK: Sending

extension RouterAdvertisement {
    /// Who is to receive an advertisement.
    package enum Recipient: Equatable, Sendable, BitwiseCopyable {
        /// Everybody on the link: unasked, or asked by a host without an address (RFC 4861 §6.2.6).
        case allNodes
        /// The host that asked.
        case host(IPv6Address, MACAddress)
    }

    /// Appends an IPv6 datagram. Hosts accept it from a link-local address only.
    package func append(
        to buffer: inout [UInt8], source: IPv6Address, destination: IPv6Address = .allNodes
    ) {
        NeighborDiscoveryMessage.append(
            type: NeighborDiscoveryType.routerAdvertisement, body: body, to: &buffer,
            source: source, destination: destination)
    }

    /// Appends a complete Ethernet frame without its check sequence: from the virtual router's
    /// link-local address and its MAC address, which is another one than `sourceLinkLayerAddress`
    /// only where the virtual router has none of its own.
    package func appendFrame(
        to buffer: inout [UInt8], source: IPv6Address, hardwareSource: MACAddress,
        recipient: Recipient = .allNodes
    ) {
        let destination: IPv6Address
        let hardwareDestination: MACAddress
        switch recipient {
        case .allNodes:
            destination = .allNodes
            hardwareDestination = .multicast(.v6(destination))
        case .host(let address, let hardwareAddress):
            (destination, hardwareDestination) = (address, hardwareAddress)
        }
        EthernetHeader(
            destination: hardwareDestination, source: hardwareSource, etherType: EtherType.ipv6
        ).append(to: &buffer)
        append(to: &buffer, source: source, destination: destination)
    }
}

// Neighbor solicitation and advertisement (RFC 4861 §4.3, §4.4): ARP's part in IPv6.
// Read as §7.1 demands; written as whole IPv6 datagrams, since the checksum needs the addresses.

/// Who has this address?
package struct NeighborSolicitation: Equatable, Sendable, BitwiseCopyable {
    package var target: IPv6Address
    /// Absent in duplicate address detection.
    package var sourceLinkLayerAddress: MACAddress?

    package init(target: IPv6Address, sourceLinkLayerAddress: MACAddress?) {
        self.target = target
        self.sourceLinkLayerAddress = sourceLinkLayerAddress
    }

    /// Reads an ICMPv6 message, valid by RFC 4861 §7.1.1.
    package init(
        decoding message: RawSpan, header: DatagramHeader
    ) throws(NeighborMessageError) {
        let common = try NeighborMessage(
            decoding: message, header: header, type: NeighborDiscoveryType.neighborSolicitation,
            option: NeighborOptionType.sourceLinkLayerAddress)
        if header.source == .v6(.any) {
            guard
                header.destination == .v6(common.target.solicitedNodeGroup),
                common.linkLayerAddress == nil
            else { throw .contradiction }
        }
        target = common.target
        sourceLinkLayerAddress = common.linkLayerAddress
    }

    /// Appends an IPv6 datagram.
    package func append(
        to buffer: inout [UInt8], source: IPv6Address, destination: IPv6Address
    ) {
        NeighborMessage(flags: 0, target: target, linkLayerAddress: sourceLinkLayerAddress).append(
            to: &buffer, type: NeighborDiscoveryType.neighborSolicitation,
            option: NeighborOptionType.sourceLinkLayerAddress, source: source,
            destination: destination)
    }
}

/// I have this address.
package struct NeighborAdvertisement: Equatable, Sendable, BitwiseCopyable {
    package var isRouter: Bool
    /// Answers a solicitation.
    package var isSolicited: Bool
    /// Replaces what the neighbours have cached.
    package var overrides: Bool
    package var target: IPv6Address
    package var targetLinkLayerAddress: MACAddress?

    package init(
        isRouter: Bool, isSolicited: Bool, overrides: Bool, target: IPv6Address,
        targetLinkLayerAddress: MACAddress?
    ) {
        self.isRouter = isRouter
        self.isSolicited = isSolicited
        self.overrides = overrides
        self.target = target
        self.targetLinkLayerAddress = targetLinkLayerAddress
    }

    /// Reads an ICMPv6 message, valid by RFC 4861 §7.1.2.
    package init(
        decoding message: RawSpan, header: DatagramHeader
    ) throws(NeighborMessageError) {
        let common = try NeighborMessage(
            decoding: message, header: header, type: NeighborDiscoveryType.neighborAdvertisement,
            option: NeighborOptionType.targetLinkLayerAddress)
        isRouter = common.flags & Self.routerFlag != 0
        isSolicited = common.flags & Self.solicitedFlag != 0
        overrides = common.flags & Self.overrideFlag != 0
        guard !(isSolicited && header.destination.isMulticast) else { throw .contradiction }
        target = common.target
        targetLinkLayerAddress = common.linkLayerAddress
    }

    /// Appends an IPv6 datagram.
    package func append(
        to buffer: inout [UInt8], source: IPv6Address, destination: IPv6Address
    ) {
        var flags: UInt8 = 0
        if isRouter { flags |= Self.routerFlag }
        if isSolicited { flags |= Self.solicitedFlag }
        if overrides { flags |= Self.overrideFlag }
        NeighborMessage(
            flags: flags, target: target, linkLayerAddress: targetLinkLayerAddress
        ).append(
            to: &buffer, type: NeighborDiscoveryType.neighborAdvertisement,
            option: NeighborOptionType.targetLinkLayerAddress, source: source,
            destination: destination)
    }

    private static let routerFlag: UInt8 = 0x80
    private static let solicitedFlag: UInt8 = 0x40
    private static let overrideFlag: UInt8 = 0x20
}

/// The shape that both messages share.
private struct NeighborMessage {
    /// The first byte of the word that only advertisements use.
    var flags: UInt8
    var target: IPv6Address
    var linkLayerAddress: MACAddress?

    /// Up to the options.
    private static let fixedByteCount = 24

    init(flags: UInt8, target: IPv6Address, linkLayerAddress: MACAddress?) {
        self.flags = flags
        self.target = target
        self.linkLayerAddress = linkLayerAddress
    }

    init(
        decoding message: RawSpan, header: DatagramHeader, type: UInt8, option: UInt8
    ) throws(NeighborMessageError) {
        try NeighborDiscoveryMessage.check(
            message, header: header, type: type, fixedByteCount: Self.fixedByteCount)
        flags = message.byte(at: 4)
        var reader = ByteReader(at: 8)
        do {
            target = try reader.ipv6Address(message)
        } catch {
            throw .truncated(message.byteCount)
        }
        guard !target.isMulticast else { throw .multicastTarget }
        linkLayerAddress = try NeighborOptions.linkLayerAddress(
            option, in: message, from: Self.fixedByteCount)
    }

    func append(
        to buffer: inout [UInt8], type: UInt8, option: UInt8, source: IPv6Address,
        destination: IPv6Address
    ) {
        var body: [UInt8] = []
        body.append(bigEndian: UInt32(flags) << 24)
        body.append(.v6(target))
        if let linkLayerAddress { body.append(neighborOption: option, linkLayerAddress) }
        NeighborDiscoveryMessage.append(
            type: type, body: body, to: &buffer, source: source, destination: destination)
    }
}

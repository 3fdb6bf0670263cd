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
            decoding: message, header: header, type: NeighborMessage.solicitation,
            option: NeighborMessage.sourceLinkLayerAddress)
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
            to: &buffer, type: NeighborMessage.solicitation,
            option: NeighborMessage.sourceLinkLayerAddress, source: source,
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
            decoding: message, header: header, type: NeighborMessage.advertisement,
            option: NeighborMessage.targetLinkLayerAddress)
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
            to: &buffer, type: NeighborMessage.advertisement,
            option: NeighborMessage.targetLinkLayerAddress, source: source,
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

    static let solicitation: UInt8 = 135
    static let advertisement: UInt8 = 136
    static let sourceLinkLayerAddress: UInt8 = 1
    static let targetLinkLayerAddress: UInt8 = 2

    /// Up to the options.
    private static let fixedByteCount = 24
    /// Type, length and an Ethernet address; the length counts units of this many bytes.
    private static let optionUnit = 8

    init(flags: UInt8, target: IPv6Address, linkLayerAddress: MACAddress?) {
        self.flags = flags
        self.target = target
        self.linkLayerAddress = linkLayerAddress
    }

    init(
        decoding message: RawSpan, header: DatagramHeader, type: UInt8, option: UInt8
    ) throws(NeighborMessageError) {
        guard header.hopLimit == DatagramHeader.requiredHopLimit else {
            throw .hopLimit(header.hopLimit)
        }
        guard message.byteCount >= Self.fixedByteCount else { throw .truncated(message.byteCount) }
        var checksum = InternetChecksum()
        checksum.add(message)
        checksum.addPseudoHeader(
            source: header.source, destination: header.destination,
            protocolNumber: IPProtocolNumber.icmpv6, length: message.byteCount)
        guard checksum.value == 0 else { throw .checksum }
        guard message.byte(at: 0) == type else { throw .type(message.byte(at: 0)) }
        guard message.byte(at: 1) == 0 else { throw .code(message.byte(at: 1)) }
        flags = message.byte(at: 4)
        var reader = ByteReader(at: 8)
        do {
            target = try reader.ipv6Address(message)
        } catch {
            throw .truncated(message.byteCount)
        }
        guard !target.isMulticast else { throw .multicastTarget }
        linkLayerAddress = try Self.linkLayerAddress(option, in: message)
    }

    /// Walks the options; the first one of the wanted type counts, unknown ones are skipped.
    private static func linkLayerAddress(
        _ wanted: UInt8, in message: RawSpan
    ) throws(NeighborMessageError) -> MACAddress? {
        var found: MACAddress?
        var offset = fixedByteCount
        while offset < message.byteCount {
            guard message.byteCount - offset >= optionUnit else { throw .malformedOptions }
            let length = optionUnit * Int(message.byte(at: offset + 1))
            guard length > 0, length <= message.byteCount - offset else { throw .malformedOptions }
            if message.byte(at: offset) == wanted, length == optionUnit, found == nil {
                var reader = ByteReader(at: offset + 2)
                found = try? reader.macAddress(message)
            }
            offset += length
        }
        return found
    }

    func append(
        to buffer: inout [UInt8], type: UInt8, option: UInt8, source: IPv6Address,
        destination: IPv6Address
    ) {
        let byteCount = Self.fixedByteCount + (linkLayerAddress == nil ? 0 : Self.optionUnit)
        IPv6Header(
            source: source, destination: destination, nextHeader: IPProtocolNumber.icmpv6,
            trafficClass: TrafficClass.routine, payloadByteCount: byteCount
        ).append(to: &buffer)
        let start = buffer.count
        buffer.append(type)
        buffer.append(0)
        buffer.append(bigEndian: UInt16(0))
        buffer.append(bigEndian: UInt32(flags) << 24)
        buffer.append(.v6(target))
        if let linkLayerAddress {
            buffer.append(option)
            buffer.append(1)
            buffer.append(linkLayerAddress)
        }
        var checksum = InternetChecksum()
        checksum.add(buffer, from: start)
        checksum.addPseudoHeader(
            source: .v6(source), destination: .v6(destination),
            protocolNumber: IPProtocolNumber.icmpv6, length: byteCount)
        buffer.store(bigEndian: checksum.value, at: start + 2)
    }
}

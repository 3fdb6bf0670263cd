// What all messages of Neighbor Discovery share: the checks of RFC 4861 §6.1 and §7.1, the options
// of §4.6, and the IPv6 datagram around them, since the checksum needs the addresses.

/// The ICMPv6 types of Neighbor Discovery (RFC 4861 §4.1…§4.4).
enum NeighborDiscoveryType {
    static let routerSolicitation: UInt8 = 133
    static let routerAdvertisement: UInt8 = 134
    static let neighborSolicitation: UInt8 = 135
    static let neighborAdvertisement: UInt8 = 136
}

/// The types of options (RFC 4861 §4.6, RFC 8106 §5.1).
enum NeighborOptionType {
    static let sourceLinkLayerAddress: UInt8 = 1
    static let targetLinkLayerAddress: UInt8 = 2
    static let prefixInformation: UInt8 = 3
    static let mtu: UInt8 = 5
    static let recursiveResolvers: UInt8 = 25
}

enum NeighborDiscoveryMessage {
    /// What every receiver demands before it looks at anything else. `fixedByteCount` is the length
    /// up to the options.
    static func check(
        _ message: RawSpan, header: DatagramHeader, type: UInt8, fixedByteCount: Int
    ) throws(NeighborMessageError) {
        guard header.hopLimit == DatagramHeader.requiredHopLimit else {
            throw .hopLimit(header.hopLimit)
        }
        guard message.byteCount >= fixedByteCount else { throw .truncated(message.byteCount) }
        var checksum = InternetChecksum()
        checksum.add(message)
        checksum.addPseudoHeader(
            source: header.source, destination: header.destination,
            protocolNumber: IPProtocolNumber.icmpv6, length: message.byteCount)
        guard checksum.value == 0 else { throw .checksum }
        guard message.byte(at: 0) == type else { throw .type(message.byte(at: 0)) }
        guard message.byte(at: 1) == 0 else { throw .code(message.byte(at: 1)) }
    }

    /// Appends an IPv6 datagram. `body` is everything behind the checksum, of even length.
    static func append(
        type: UInt8, body: [UInt8], to buffer: inout [UInt8], source: IPv6Address,
        destination: IPv6Address
    ) {
        let byteCount = 4 + body.count
        IPv6Header(
            source: source, destination: destination, nextHeader: IPProtocolNumber.icmpv6,
            trafficClass: TrafficClass.routine, payloadByteCount: byteCount
        ).append(to: &buffer)
        let start = buffer.count
        buffer.append(type)
        buffer.append(0)
        buffer.append(bigEndian: UInt16(0))
        buffer += body
        var checksum = InternetChecksum()
        checksum.add(buffer, from: start)
        checksum.addPseudoHeader(
            source: .v6(source), destination: .v6(destination),
            protocolNumber: IPProtocolNumber.icmpv6, length: byteCount)
        buffer.store(bigEndian: checksum.value, at: start + 2)
    }
}

/// Walks the options of a message, which is passed with every call.
struct NeighborOptions {
    private var offset: Int

    /// Lengths count units of this many bytes.
    static let unit = 8

    init(at offset: Int) {
        self.offset = offset
    }

    /// The next option, type and length included; nil at the end. One of length 0 or one that ends
    /// behind the message makes the message invalid (RFC 4861 §6.1, §7.1).
    mutating func next(in message: RawSpan) throws(NeighborMessageError) -> Range<Int>? {
        guard offset < message.byteCount else { return nil }
        guard message.byteCount - offset >= Self.unit else { throw .malformedOptions }
        let length = Self.unit * Int(message.byte(at: offset + 1))
        guard length > 0, length <= message.byteCount - offset else { throw .malformedOptions }
        defer { offset += length }
        return offset..<offset + length
    }

    /// The Ethernet address in the first option of a type; options of other types and other sizes
    /// are skipped, but all are walked.
    static func linkLayerAddress(
        _ wanted: UInt8, in message: RawSpan, from offset: Int
    ) throws(NeighborMessageError) -> MACAddress? {
        var options = NeighborOptions(at: offset)
        var found: MACAddress?
        while let option = try options.next(in: message) {
            guard found == nil, message.byte(at: option.lowerBound) == wanted else { continue }
            found = linkLayerAddress(at: option, in: message)
        }
        return found
    }

    /// The Ethernet address in an option; nil when it is of another size.
    static func linkLayerAddress(at option: Range<Int>, in message: RawSpan) -> MACAddress? {
        guard option.count == unit else { return nil }
        var reader = ByteReader(at: option.lowerBound + 2)
        return try? reader.macAddress(message)
    }
}

extension Array where Element == UInt8 {
    /// Appends an option with an Ethernet address.
    mutating func append(neighborOption type: UInt8, _ address: MACAddress) {
        append(type)
        append(1)
        append(address)
    }
}

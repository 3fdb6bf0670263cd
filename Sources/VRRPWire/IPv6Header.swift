// The fixed header of an IPv6 datagram (RFC 8200 §3). Extension headers are not read: nothing that
// we accept has any (RFC 9568 §5.1.2.4).

/// The fields of an IPv6 header that we read or choose.
package struct IPv6Header: Equatable, Sendable, BitwiseCopyable {
    package var source: IPv6Address
    package var destination: IPv6Address
    package var hopLimit: UInt8
    package var nextHeader: UInt8
    package var trafficClass: UInt8
    package var payloadLength: Int

    /// A header to send.
    package init(
        source: IPv6Address, destination: IPv6Address,
        hopLimit: UInt8 = DatagramHeader.requiredHopLimit,
        nextHeader: UInt8 = IPProtocolNumber.vrrp,
        trafficClass: UInt8 = TrafficClass.internetworkControl, payloadByteCount: Int
    ) {
        self.source = source
        self.destination = destination
        self.hopLimit = hopLimit
        self.nextHeader = nextHeader
        self.trafficClass = trafficClass
        payloadLength = min(max(payloadByteCount, 0), Int(UInt16.max))
    }

    /// Reads the header of a complete datagram; bytes behind it are the padding of Ethernet.
    package init(decoding bytes: RawSpan) throws(DiscardReason) {
        guard bytes.byteCount >= Self.byteCount, bytes.byte(at: 0) >> 4 == 6 else {
            throw .malformedIPHeader
        }
        trafficClass = bytes.byte(at: 0) << 4 | bytes.byte(at: 1) >> 4
        payloadLength = Int(bytes.byte(at: 4)) << 8 | Int(bytes.byte(at: 5))
        guard payloadLength <= bytes.byteCount - Self.byteCount else { throw .malformedIPHeader }
        nextHeader = bytes.byte(at: 6)
        hopLimit = bytes.byte(at: 7)
        var reader = ByteReader(at: 8)
        do {
            source = try reader.ipv6Address(bytes)
            destination = try reader.ipv6Address(bytes)
        } catch {
            throw .malformedIPHeader
        }
    }

    /// Appends 40 bytes, the flow label zero.
    package func append(to buffer: inout [UInt8]) {
        buffer.append(0x60 | trafficClass >> 4)
        buffer.append(trafficClass << 4)
        buffer.append(bigEndian: UInt16(0))
        buffer.append(bigEndian: UInt16(clamping: payloadLength))
        buffer.append(nextHeader)
        buffer.append(hopLimit)
        buffer.append(.v6(source))
        buffer.append(.v6(destination))
    }

    /// Where the payload is, counted from the start of the header.
    package var payloadRange: Range<Int> {
        Self.byteCount..<Self.byteCount + max(payloadLength, 0)
    }

    /// What VRRP and Neighbor Discovery want to know of it.
    package var datagramHeader: DatagramHeader {
        DatagramHeader(source: .v6(source), destination: .v6(destination), hopLimit: hopLimit)
    }

    package static let byteCount = 40
}

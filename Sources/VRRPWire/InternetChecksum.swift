// The Internet checksum (RFC 1071) and the pseudo-headers that go into it.

/// A running one's complement sum of 16-bit words.
package struct InternetChecksum: Sendable, BitwiseCopyable {
    /// Wide enough for the longest IP datagram, so that carries are folded once, at the end.
    private var sum: UInt64 = 0

    package init() {}

    package mutating func add(_ word: UInt16) {
        sum &+= UInt64(word)
    }

    /// Adds bytes as big-endian words; a last odd byte counts as the high half of a word.
    package mutating func add(_ bytes: RawSpan) {
        var offset = 0
        while offset &+ 1 < bytes.byteCount {
            add(UInt16(bytes.byte(at: offset)) << 8 | UInt16(bytes.byte(at: offset &+ 1)))
            offset &+= 2
        }
        if offset < bytes.byteCount { add(UInt16(bytes.byte(at: offset)) << 8) }
    }

    /// Adds what a buffer holds from an offset on.
    package mutating func add(_ buffer: [UInt8], from start: Int = 0) {
        // Called unsafe because of types with padding; bytes have none.
        let bytes = unsafe buffer.span.bytes
        add(bytes.extracting(droppingFirst: min(max(start, 0), buffer.count)))
    }

    package mutating func add(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            add(address.rawValue)
        case .v6(let address):
            add(UInt32(truncatingIfNeeded: address.high >> 32))
            add(UInt32(truncatingIfNeeded: address.high))
            add(UInt32(truncatingIfNeeded: address.low >> 32))
            add(UInt32(truncatingIfNeeded: address.low))
        }
    }

    private mutating func add(_ word: UInt32) {
        add(UInt16(truncatingIfNeeded: word >> 16))
        add(UInt16(truncatingIfNeeded: word))
    }

    /// The pseudo-header of either family: both addresses, the length of the message and the
    /// protocol (RFC 8200 §8.1; RFC 5798 §5.2.8 applied the same idea to IPv4).
    package mutating func addPseudoHeader(
        source: IPAddress, destination: IPAddress, protocolNumber: UInt8, length: Int
    ) {
        add(source)
        add(destination)
        add(UInt32(truncatingIfNeeded: length))
        add(UInt16(protocolNumber))
    }

    /// The same for a VRRP message that came in a datagram with this header.
    package mutating func addPseudoHeader(_ header: DatagramHeader, length: Int) {
        addPseudoHeader(
            source: header.source, destination: header.destination,
            protocolNumber: IPProtocolNumber.vrrp, length: length)
    }

    /// The checksum to send, or 0 when the bytes added included a correct one.
    package var value: UInt16 {
        var folded = sum
        while folded >> 16 != 0 { folded = (folded & 0xffff) &+ (folded >> 16) }
        return ~UInt16(truncatingIfNeeded: folded)
    }
}

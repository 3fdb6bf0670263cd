// Reading and writing bytes in network order, never past the end.

/// Thrown when fewer bytes are left than were asked for.
package struct EndOfBytes: Error, Equatable {
    package init() {}
}

/// Walks a borrowed run of bytes from front to back. The bytes are passed with every call, since a
/// span cannot be stored; the reader is only the place where it stands.
package struct ByteReader: Sendable {
    /// How many bytes have been read.
    package private(set) var position: Int

    package init(at position: Int = 0) {
        // A negative position would pass the comparison with the end.
        self.position = max(position, 0)
    }

    package mutating func byte(_ bytes: RawSpan) throws(EndOfBytes) -> UInt8 {
        guard position < bytes.byteCount else { throw EndOfBytes() }
        defer { position += 1 }
        return bytes.byte(at: position)
    }

    package mutating func uint16(_ bytes: RawSpan) throws(EndOfBytes) -> UInt16 {
        UInt16(try byte(bytes)) << 8 | UInt16(try byte(bytes))
    }

    package mutating func uint32(_ bytes: RawSpan) throws(EndOfBytes) -> UInt32 {
        UInt32(try uint16(bytes)) << 16 | UInt32(try uint16(bytes))
    }

    package mutating func uint64(_ bytes: RawSpan) throws(EndOfBytes) -> UInt64 {
        UInt64(try uint32(bytes)) << 32 | UInt64(try uint32(bytes))
    }

    package mutating func macAddress(_ bytes: RawSpan) throws(EndOfBytes) -> MACAddress {
        MACAddress(rawValue: UInt64(try uint16(bytes)) << 32 | UInt64(try uint32(bytes)))
    }

    package mutating func ipv4Address(_ bytes: RawSpan) throws(EndOfBytes) -> IPv4Address {
        IPv4Address(rawValue: try uint32(bytes))
    }

    package mutating func ipv6Address(_ bytes: RawSpan) throws(EndOfBytes) -> IPv6Address {
        IPv6Address(high: try uint64(bytes), low: try uint64(bytes))
    }

    package mutating func address(
        _ family: AddressFamily, _ bytes: RawSpan
    ) throws(EndOfBytes) -> IPAddress {
        switch family {
        case .ipv4: .v4(try ipv4Address(bytes))
        case .ipv6: .v6(try ipv6Address(bytes))
        }
    }

    package mutating func skip(_ count: Int, _ bytes: RawSpan) throws(EndOfBytes) {
        guard count >= 0, count <= bytes.byteCount - position else { throw EndOfBytes() }
        position += count
    }
}

extension RawSpan {
    /// The byte at `offset`; traps outside, so callers compare with `byteCount` first.
    @inline(__always)
    package func byte(at offset: Int) -> UInt8 {
        // A single byte has no alignment and every bit pattern is one: nothing here is unsafe.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}

extension Array where Element == UInt8 {
    package mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func append(bigEndian value: UInt32) {
        append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
        append(bigEndian: UInt16(truncatingIfNeeded: value))
    }

    package mutating func append(bigEndian value: UInt64) {
        append(bigEndian: UInt32(truncatingIfNeeded: value >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: value))
    }

    package mutating func append(_ address: MACAddress) {
        append(bigEndian: UInt16(truncatingIfNeeded: address.rawValue >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: address.rawValue))
    }

    package mutating func append(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            append(bigEndian: address.rawValue)
        case .v6(let address):
            append(bigEndian: address.high)
            append(bigEndian: address.low)
        }
    }

    /// Two bytes that are there.
    package func word(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// Overwrites two bytes that are already there.
    package mutating func store(bigEndian value: UInt16, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
}

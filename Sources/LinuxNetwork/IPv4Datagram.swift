// The header that the kernel leaves in front of what a raw IPv4 socket receives.

package import VRRPWire

/// What the header of an IPv4 datagram says. Total: any bytes are either this or nil.
package struct IPv4Datagram: Equatable {
    package let source: IPv4Address
    package let destination: IPv4Address
    package let timeToLive: UInt8
    /// Where the payload lies in the bytes. What follows the total length is padding.
    package let payload: Range<Int>

    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= 20 else { return nil }
        let first = bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        let headerLength = Int(first & 15) * 4
        let totalLength = Int(
            UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        guard
            first >> 4 == 4, headerLength >= 20, totalLength >= headerLength,
            totalLength <= bytes.byteCount
        else { return nil }
        timeToLive = bytes.unsafeLoad(fromByteOffset: 8, as: UInt8.self)
        source = Self.address(bytes, at: 12)
        destination = Self.address(bytes, at: 16)
        payload = headerLength..<totalLength
    }

    private static func address(_ bytes: RawSpan, at offset: Int) -> IPv4Address {
        IPv4Address(
            rawValue: UInt32(
                bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}

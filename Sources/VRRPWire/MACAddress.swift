// A 48-bit Ethernet address, and the ones that VRRP and IP multicast are made of.

/// A 48-bit Ethernet address.
package struct MACAddress: Hashable, Sendable, BitwiseCopyable {
    /// The address in the low 48 bits, the first octet in the most significant place.
    package let rawValue: UInt64

    /// Keeps the low 48 bits.
    package init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xffff_ffff_ffff
    }

    /// Reads `00:00:5e:00:01:33`: six pairs of hexadecimal digits, colons between them.
    package init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var value: UInt64 = 0
        for part in parts {
            guard
                part.count == 2,
                let first = part.first.flatMap(hexadecimalDigit),
                let second = part.dropFirst().first.flatMap(hexadecimalDigit)
            else { return nil }
            value = value << 8 | UInt64(first << 4 | second)
        }
        rawValue = value
    }

    /// The six octets in the order of transmission.
    package var octets: [6 of UInt8] {
        [6 of UInt8] { UInt8(truncatingIfNeeded: rawValue >> (40 - 8 * UInt64($0))) }
    }

    package static let broadcast = MACAddress(rawValue: .max)
    /// What an interface without an Ethernet address has.
    package static let zero = MACAddress(rawValue: 0)

    /// The virtual router's own address (RFC 9568 §7.3); `VirtualRouterMAC` recognises it.
    package static func virtualRouter(_ vrid: VirtualRouterID, _ family: AddressFamily) -> Self {
        VirtualRouterMAC(vrid, family).address
    }

    /// Where Ethernet carries an IP multicast group: 01:00:5e and 23 bits of an IPv4 group
    /// (RFC 1112 §6.4), 33:33 and 32 bits of an IPv6 group (RFC 2464 §7).
    package static func multicast(_ group: IPAddress) -> Self {
        switch group {
        case .v4(let group):
            MACAddress(rawValue: 0x0100_5e00_0000 | UInt64(group.rawValue & 0x7f_ffff))
        case .v6(let group):
            MACAddress(rawValue: 0x3333_0000_0000 | (group.low & 0xffff_ffff))
        }
    }
}

extension MACAddress: CustomStringConvertible {
    package var description: String {
        var text = ""
        for index in 0..<6 {
            let octet = octets[index]
            if index > 0 { text += ":" }
            text += String(octet >> 4, radix: 16) + String(octet & 15, radix: 16)
        }
        return text
    }
}

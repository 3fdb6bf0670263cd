// An IPv4 address as a number, with its text.
// Parsing is total and strict: four decimal octets, no leading zeros, nothing else.

/// An IPv4 address. Ordered as an unsigned number in network byte order, which is the order that
/// RFC 9568 §6.4.3 asks for when two Active Routers of equal priority meet.
package struct IPv4Address: Hashable, Sendable, BitwiseCopyable {
    /// The 32 bits, the first octet in the most significant place.
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Reads `192.0.2.1`. Refuses octets above 255, leading zeros (`012` is octal to some readers
    /// and decimal to others), missing or further parts.
    package init?(_ text: some StringProtocol) {
        var value: UInt32 = 0
        var parts = 0
        for part in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard parts < 4, let octet = Self.octet(part) else { return nil }
            value = value << 8 | octet
            parts += 1
        }
        guard parts == 4 else { return nil }
        rawValue = value
    }

    private static func octet(_ digits: some Collection<UInt8>) -> UInt32? {
        guard (1...3).contains(digits.count) else { return nil }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt32(digit - UInt8(ascii: "0"))
        }
        return value <= 255 ? value : nil
    }

    /// The group of all VRRP routers (RFC 9568 §5.1.1.2).
    package static let vrrpGroup = IPv4Address(224, 0, 0, 18)
    package static let any = IPv4Address(rawValue: 0)
    package static let limitedBroadcast = IPv4Address(rawValue: .max)

    /// 224.0.0.0/4.
    package var isMulticast: Bool { rawValue >> 28 == 0xe }
    /// 127.0.0.0/8.
    package var isLoopback: Bool { rawValue >> 24 == 127 }
    /// 169.254.0.0/16.
    package var isLinkLocal: Bool { rawValue >> 16 == 0xa9fe }
    /// 240.0.0.0/4, the limited broadcast address included.
    package var isReserved: Bool { rawValue >> 28 == 0xf }
}

extension IPv4Address: Comparable {
    package static func < (left: IPv4Address, right: IPv4Address) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension IPv4Address: CustomStringConvertible {
    package var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }
}

// An address of either family, and an address with the length of its prefix.

/// The family of a virtual router. IPv4 and IPv6 virtual routers with one VRID on one interface are
/// two independent virtual routers (RFC 9568 §3).
package enum AddressFamily: UInt8, Hashable, Sendable, BitwiseCopyable, CaseIterable {
    case ipv4 = 4
    case ipv6 = 6

    /// Bytes of one address.
    package var addressByteCount: Int { self == .ipv4 ? 4 : 16 }
    /// Bits of one address: the longest prefix.
    package var bitCount: Int { self == .ipv4 ? 32 : 128 }
}

extension AddressFamily: CustomStringConvertible {
    package var description: String { self == .ipv4 ? "ipv4" : "ipv6" }
}

/// An IPv4 or IPv6 address. IPv4 sorts before IPv6; within a family the order is that of the
/// unsigned number.
package enum IPAddress: Hashable, Sendable, BitwiseCopyable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// Reads either family.
    package init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    package var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// 169.254.0.0/16 or fe80::/10.
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address.isLinkLocal
        case .v6(let address): address.isLinkLocal
        }
    }

    package var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// Where advertisements of a family go (RFC 9568 §5.1.1.2, §5.1.2.2).
    package static func vrrpGroup(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? .v4(.vrrpGroup) : .v6(.vrrpGroup)
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

/// An address as an interface carries it: `192.0.2.1/24`.
package struct InterfaceAddress: Hashable, Sendable, BitwiseCopyable {
    package let address: IPAddress
    /// 0…32 for IPv4, 0…128 for IPv6.
    package let prefixLength: UInt8

    /// Nil when the prefix is longer than the address.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bitCount).contains(prefixLength) else { return nil }
        self.address = address
        self.prefixLength = UInt8(prefixLength)
    }

    /// Reads `192.0.2.1/24` or `2001:db8::1/64`. The length is required, in decimal, without a sign
    /// or leading zeros.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard
            parts.count == 2,
            let address = IPAddress(parts[0]),
            let length = UInt8(parts[1]), String(length) == parts[1]
        else { return nil }
        self.init(address, prefixLength: Int(length))
    }
}

extension InterfaceAddress {
    /// Whether both are of one subnet: the same prefix of the same length, at least one bit long.
    package func sharesSubnet(with other: InterfaceAddress) -> Bool {
        guard prefixLength == other.prefixLength, prefixLength > 0 else { return false }
        switch (address, other.address) {
        case (.v4(let one), .v4(let two)):
            return (one.rawValue ^ two.rawValue) >> (32 - UInt32(prefixLength)) == 0
        case (.v6(let one), .v6(let two)):
            let high = min(prefixLength, 64)
            let low = prefixLength - high
            return (one.high ^ two.high) >> (64 - UInt64(high)) == 0
                && (low == 0 || (one.low ^ two.low) >> (64 - UInt64(low)) == 0)
        case (.v4, .v6), (.v6, .v4):
            return false
        }
    }
}

extension InterfaceAddress: CustomStringConvertible {
    package var description: String { "\(address)/\(prefixLength)" }
}

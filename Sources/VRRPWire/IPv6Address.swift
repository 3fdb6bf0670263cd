// An IPv6 address as two numbers. Its text is in IPv6Address+Text.swift.

/// An IPv6 address. Ordered as an unsigned number in network byte order (RFC 9568 §6.4.3).
package struct IPv6Address: Hashable, Sendable, BitwiseCopyable {
    /// The first 64 bits.
    package let high: UInt64
    /// The last 64 bits.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Eight groups of 16 bits, as they are written.
    package init(groups: [8 of UInt16]) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<4 {
            high = high << 16 | UInt64(groups[index])
            low = low << 16 | UInt64(groups[index + 4])
        }
        self.init(high: high, low: low)
    }

    /// Eight groups of 16 bits, as they are written.
    package var groups: [8 of UInt16] {
        [8 of UInt16] { index in
            let half = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: half >> (48 - 16 * UInt64(index & 3)))
        }
    }

    /// The group of all VRRP routers, ff02::12 (RFC 9568 §5.1.2.2).
    package static let vrrpGroup = IPv6Address(high: 0xff02 << 48, low: 0x12)
    /// All nodes on the link, ff02::1: where unsolicited neighbour advertisements go (RFC 4861
    /// §7.2.6).
    package static let allNodes = IPv6Address(high: 0xff02 << 48, low: 0x1)
    /// All routers on the link, ff02::2: where router solicitations go (RFC 4861 §4.1).
    package static let allRouters = IPv6Address(high: 0xff02 << 48, low: 0x2)
    /// `::`.
    package static let any = IPv6Address(high: 0, low: 0)
    /// `::1`.
    package static let loopback = IPv6Address(high: 0, low: 1)

    /// fe80::/10.
    package var isLinkLocal: Bool { high >> 54 == 0x3fa }
    /// ff00::/8.
    package var isMulticast: Bool { high >> 56 == 0xff }

    /// The solicited-node group of this address (RFC 4291 §2.7.1).
    package var solicitedNodeGroup: IPv6Address {
        IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0000 | (low & 0xff_ffff))
    }
}

extension IPv6Address: Comparable {
    package static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

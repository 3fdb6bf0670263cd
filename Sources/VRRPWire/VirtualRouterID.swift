// The small numbers that name and rank a virtual router.

/// A Virtual Router Identifier, 1…255 (RFC 9568 §5.2.3). It names a virtual router on one LAN and
/// in one family only.
package struct VirtualRouterID: Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt8

    /// Nil for 0, which no virtual router has.
    package init?(_ rawValue: UInt8) {
        guard rawValue > 0 else { return nil }
        self.rawValue = rawValue
    }
}

extension VirtualRouterID: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension VirtualRouterID: CustomStringConvertible {
    package var description: String { "\(rawValue)" }
}

/// A priority as it stands on the wire, 0…255 (RFC 9568 §5.2.4).
package struct Priority: Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt8

    package init(_ rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// "I leave": an Active Router that stops (RFC 9568 §5.2.4).
    package static let leaving = Priority(0)
    /// The router that owns the addresses.
    package static let owner = Priority(255)
    /// Where a Backup stands unless told otherwise.
    package static let standard = Priority(100)
    /// What a router that does not own the addresses may be configured with.
    package static let configurable: ClosedRange<UInt8> = 1...254
}

extension Priority: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Priority: CustomStringConvertible {
    package var description: String { "\(rawValue)" }
}

/// The versions of the protocol that share IP protocol 112.
package enum VRRPVersion: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// RFC 3768, IPv4 only, intervals in seconds.
    case v2 = 2
    /// RFC 9568, IPv4 and IPv6, intervals in centiseconds.
    case v3 = 3
}

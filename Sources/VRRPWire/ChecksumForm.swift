// The two checksums that VRRP version 3 over IPv4 is sent with.

/// What the checksum of a version 3 message over IPv4 covers.
///
/// RFC 5798 §5.2.8 named "a pseudo-header" and most implementations put one in; RFC 9568 §5.2.8
/// says that IPv4 has none. Several routers verify one form only and silently drop the other, and
/// then two of them are Active. Hence both are accepted here, and either can be sent. Version 2 and
/// IPv6 have one form each and no choice.
package enum ChecksumForm: UInt8, Sendable, BitwiseCopyable, Hashable, CaseIterable {
    /// The message only.
    case rfc9568
    /// The message and a pseudo-header of IPv4.
    case rfc5798
}

extension ChecksumForm: CustomStringConvertible {
    package var description: String {
        switch self {
        case .rfc9568: "rfc9568"
        case .rfc5798: "rfc5798"
        }
    }
}

// How a virtual router knows its peers, beyond the TTL. RFC 9568 has no authentication (§9): what is
// here is for the sake of others.

/// Equal on all routers of a virtual router.
package enum AuthenticationPolicy: Codable, Equatable, Sendable {
    /// Version 2: a password of 1…8 bytes that everybody on the LAN can read (RFC 2338 §5.3.6).
    case text(String)
}

extension AuthenticationPolicy: CustomStringConvertible {
    /// The kind alone: secrets are never printed.
    package var description: String {
        switch self {
        case .text: "text"
        }
    }
}

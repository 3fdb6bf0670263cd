// How a virtual router knows its peers, beyond the TTL. RFC 9568 has no authentication (§9): what is
// here is for the sake of others.

/// Equal on all routers of a virtual router, but for what changes while keys are being introduced.
package enum AuthenticationPolicy: Codable, Equatable, Sendable {
    /// Version 2: a password of 1…8 bytes that everybody on the LAN can read (RFC 2338 §5.3.6).
    case text(String)
    /// Every version and family: a trailer behind the message (draft-cassen-vrrp-auth-hmac).
    case hmac(HMACPolicy)
}

extension AuthenticationPolicy {
    /// The keys of trailers; nil where there are none.
    package var hmac: HMACPolicy? {
        switch self {
        case .text: nil
        case .hmac(let policy): policy
        }
    }
}

extension AuthenticationPolicy: CustomStringConvertible {
    /// The kind alone: secrets are never printed.
    package var description: String {
        switch self {
        case .text: "text"
        case .hmac: "hmac"
        }
    }
}

/// The keys of a virtual router and what is demanded of its peers.
package struct HMACPolicy: Equatable, Sendable {
    /// The steps by which a group of routers begins to authenticate, without a moment in which two
    /// of them do not hear each other.
    package enum Mode: String, CaseIterable, Codable, Sendable {
        /// Sends without a trailer; hears those without one, and those with a valid one.
        case receiveOnly = "receive-only"
        /// Sends with a trailer; hears as `receiveOnly` does.
        case permissive
        /// Sends with a trailer, and hears nobody who does not.
        case enforce
    }

    /// One of the secrets, with its number.
    package struct Key: Codable, Equatable, Sendable {
        /// 1…255, as it is in the trailer.
        package let id: UInt8
        /// 32…64 bytes.
        package let secret: Secret

        package init(id: UInt8, secret: Secret) {
            self.id = id
            self.secret = secret
        }
    }

    /// All that are accepted, by rising identifier.
    package let keys: [Key]
    /// The one that is sent with; it is among `keys`.
    package let activeKey: Key
    /// This router's step.
    package let mode: Mode

    /// Nil when `active` is none of the keys, or two have one identifier: a policy without a key
    /// would let everything pass.
    package init?(keys: [Key], active: UInt8, mode: Mode) {
        guard
            Set(keys.map(\.id)).count == keys.count,
            let key = keys.first(where: { $0.id == active })
        else { return nil }
        self.keys = keys.sorted { $0.id < $1.id }
        activeKey = key
        self.mode = mode
    }
}

extension HMACPolicy {
    /// The one that a trailer names; nil is no reason to try another.
    package func key(_ id: UInt8) -> Key? { keys.first { $0.id == id } }

    /// What advertisements are signed with; nil where they are sent without a trailer.
    package var signingKey: Key? {
        switch mode {
        case .receiveOnly: nil
        case .permissive, .enforce: activeKey
        }
    }

    /// Whether an advertisement without a trailer is discarded.
    package var demandsTrailer: Bool { mode == .enforce }
}

extension HMACPolicy: Codable {
    private enum CodingKeys: String, CodingKey { case keys, active, mode }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let policy = HMACPolicy(
            keys: try members.decode([Key].self, forKey: .keys),
            active: try members.decode(UInt8.self, forKey: .active),
            mode: try members.decode(Mode.self, forKey: .mode))
        guard let policy else {
            throw DecodingError.dataCorruptedError(
                forKey: .active, in: members, debugDescription: "none of the keys, or several")
        }
        self = policy
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(keys, forKey: .keys)
        try members.encode(activeKey.id, forKey: .active)
        try members.encode(mode, forKey: .mode)
    }
}

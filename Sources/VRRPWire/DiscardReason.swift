// Why a received packet has no effect: RFC 9568 §7.1, its errata, and RFC 3768 §7.1 for version 2.
// A closed list, so that every reason has a counter, a clause and a sentence for the log.

/// Why a packet was discarded, in the order in which it is checked.
///
/// Up to `firstAddressNotLinkLocal` reading the bytes is enough, but for those that compare with
/// our configuration; the engine adds these.
package enum DiscardReason: Error, Equatable, Sendable, BitwiseCopyable {
    /// The TTL or Hop Limit it arrived with is not 255, or below what `hops` allows to a peer.
    case hopLimit(UInt8, minimum: UInt8 = DatagramHeader.requiredHopLimit)
    /// Its length, below the 8 bytes that every version has.
    case truncated(Int)
    /// Neither 2 nor 3, not the one of the virtual router, or 2 over IPv6.
    case version(UInt8)
    /// Not 1, ADVERTISEMENT.
    case type(UInt8)
    /// The length does not follow from the count of addresses.
    case length(expected: Int, actual: Int)
    case checksum
    /// Not configured on the interface it arrived on; 0 never is.
    case unknownVRID(UInt8)
    /// Neither the group nor, where unicast peers are configured, one of our addresses.
    case wrongDestination
    /// Unicast: it comes from none of the configured peers.
    case notPeer
    /// It comes from an address that is our own: a loop in the LAN, or a copied configuration.
    case ownAddress
    case addressCountZero
    case intervalZero
    /// Version 2: a type that nobody has defined.
    case authenticationType(UInt8)
    /// Version 2: a defined type, but not the one configured.
    case authenticationTypeMismatch(UInt8)
    /// Version 2: the password is not ours.
    case authenticationFailure
    /// A trailer is demanded and there is none.
    case trailerMissing
    /// There is one that nobody could verify.
    case trailerMalformed(AuthenticationTrailerError)
    /// The identifier of a key that is not configured.
    case trailerKey(UInt8)
    /// The tag is not that of this message and its key.
    case trailerTag
    /// The same one, or a later one, was heard from its sender before.
    case trailerReplayed
    /// Version 2: the interval that was announced is not ours.
    case intervalMismatch(Duration)
    /// IPv6: the first address must be the virtual router's link-local one.
    case firstAddressNotLinkLocal
    /// Version 2: the addresses are not ours, and the sender does not own them.
    case addressListMismatch
    /// Version 2: an owner discards every advertisement.
    case owner
    /// The virtual router is in Initialize, where nothing is received.
    case notRunning
    /// The bytes in front of the message are not the header of one complete datagram.
    case malformedIPHeader
}

extension DiscardReason {
    /// Where it is written that such a packet is discarded.
    package var clause: String {
        switch self {
        case .hopLimit: "RFC 9568 §5.1.1.3, §5.1.2.3"
        case .truncated, .length: "RFC 9568 §7.1"
        case .version: "RFC 9568 §5.2.1, §7.1"
        case .type: "RFC 9568 §5.2.2"
        case .checksum: "RFC 9568 §5.2.8, §7.1"
        case .unknownVRID: "RFC 9568 §5.2.3, §7.1"
        case .notPeer: "configuration, unicast"
        case .wrongDestination: "RFC 9568 §5.1.1.2, §5.1.2.2"
        case .ownAddress: "RFC 9568 §7.2"
        case .addressCountZero: "RFC 9568 §5.2.5, erratum 8299"
        case .intervalZero: "RFC 9568 §5.2.7, erratum 8301"
        case .authenticationType, .authenticationTypeMismatch: "RFC 3768 §5.3.6, §7.1"
        case .authenticationFailure: "RFC 2338 §7.1"
        case .trailerMissing: "configuration, authentication"
        case .trailerMalformed, .trailerKey, .trailerTag, .trailerReplayed:
            "draft-cassen-vrrp-auth-hmac"
        case .intervalMismatch: "RFC 3768 §5.3.7, §7.1"
        case .firstAddressNotLinkLocal: "RFC 9568 §5.2.9, erratum 8300"
        case .addressListMismatch, .owner: "RFC 3768 §7.1"
        case .notRunning: "RFC 9568 §6.4.1"
        case .malformedIPHeader: "RFC 791 §3.1, RFC 8200 §3"
        }
    }
}

extension DiscardReason: CustomStringConvertible {
    /// One clause of a sentence that starts with "discarded an advertisement: ".
    package var description: String {
        switch self {
        case .hopLimit(let value, let minimum):
            "it arrived with TTL or Hop Limit \(value) instead of \(minimum)"
                + (minimum < DatagramHeader.requiredHopLimit ? " or more" : "")
        case .truncated(let count):
            "it has \(count) bytes, and the shortest message has 8"
        case .version(let number):
            "version \(number) is not spoken here"
        case .type(let number):
            "type \(number) is not 1, ADVERTISEMENT"
        case .length(let expected, let actual):
            "it has \(actual) bytes, but its address count makes \(expected)"
        case .checksum:
            "the checksum is wrong"
        case .unknownVRID(let number):
            "VRID \(number) is not configured on this interface"
        case .wrongDestination:
            "it was sent neither to the VRRP group nor to us by a configured peer"
        case .notPeer:
            "its source is not one of the configured peers"
        case .ownAddress:
            "it comes from an address of this router"
        case .addressCountZero:
            "it lists 0 addresses, and at least 1 is required"
        case .intervalZero:
            "its advertisement interval is 0"
        case .authenticationType(let number):
            "authentication type \(number) is unknown"
        case .authenticationTypeMismatch(let number):
            "authentication type \(number) is not the configured one"
        case .authenticationFailure:
            "the password is not the configured one"
        case .trailerMissing:
            "it has no authentication trailer"
        case .trailerMalformed(.type(let number)):
            "its authentication trailer has type \(number) instead of 1, HMAC-SHA256"
        case .trailerMalformed(.truncated), .trailerMalformed(.reserved):
            "its authentication trailer is malformed"
        case .trailerKey(let number):
            "it is authenticated with key \(number), which is not configured"
        case .trailerTag:
            "its authentication is wrong: another secret, or somebody changed it"
        case .trailerReplayed:
            "its authentication is not later than one that was heard before: a replay, or its"
                + " sender's clock was set back while it was restarted"
        case .intervalMismatch(let interval):
            "its advertisement interval of \(interval) is not ours"
        case .firstAddressNotLinkLocal:
            "the first of its IPv6 addresses is not link-local"
        case .addressListMismatch:
            "its addresses are not those of this virtual router"
        case .owner:
            "this router owns the addresses and obeys nobody in version 2"
        case .notRunning:
            "the virtual router is in Initialize"
        case .malformedIPHeader:
            "the IP header is not that of one complete datagram"
        }
    }
}

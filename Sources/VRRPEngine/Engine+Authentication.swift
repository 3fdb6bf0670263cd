// Advertisements with a trailer: who must have one, and which were heard before. The tag itself is
// somebody else's to compute: here are no secrets, no clock and no hash.

package import VRRPConfiguration
import VRRPCore
package import VRRPWire

/// What is known of the tag of a trailer. It says nothing about when it was sent.
package enum Authenticity: Codable, Equatable, Sendable, BitwiseCopyable {
    /// Nobody looked, since nobody asked.
    case absent
    /// It is that of this key.
    case verified(keyID: UInt8)
    case failed
}

/// A trailer whose tag is to be verified, and with what.
package struct TrailerToVerify {
    package let trailer: AuthenticationTrailer
    /// The one that it names.
    package let key: HMACPolicy.Key
}

/// The latest trailer that was accepted of each sender, for one virtual router.
///
/// No clock is asked: a window of time would make routers whose clocks disagree deaf to each other,
/// and both of them Active. In exchange a receiver that has just started believes one old
/// advertisement, until its sender is heard.
struct StampBook: Codable, Equatable {
    struct Sender: Codable, Equatable {
        var source: IPAddress
        var stamp: UInt64
    }

    /// The one that was heard last is the last one.
    private(set) var senders: [Sender] = []

    /// Whoever has a key can make entries, but nobody else; more routers do not share a VRID.
    static let limit = 16

    func isLater(_ stamp: AuthenticationTrailer.Stamp, from source: IPAddress) -> Bool {
        guard let sender = senders.first(where: { $0.source == source }) else { return true }
        return stamp.isAfter(AuthenticationTrailer.Stamp(rawValue: sender.stamp))
    }

    mutating func note(_ stamp: AuthenticationTrailer.Stamp, from source: IPAddress) {
        let sender = Sender(source: source, stamp: stamp.rawValue)
        if senders.last?.source == source {
            senders[senders.count - 1] = sender
            return
        }
        senders.removeAll { $0.source == source }
        if senders.count == Self.limit { senders.removeFirst() }
        senders.append(sender)
    }
}

// MARK: Receiving

extension Engine {
    /// The trailer of a message that would be accepted if its tag is right; nil for everything else,
    /// so that nothing is hashed in vain. The answer goes into `receive`.
    package func trailerToVerify(
        in message: RawSpan, header: DatagramHeader, interface: Int32
    ) -> TrailerToVerify? {
        guard
            listensToTrailers, let place = place(of: message, header, on: interface),
            let policy = routers[place].hmac,
            let (_, advertisement) = try? examine(message, header, on: interface),
            let trailer = try? advertisement.trailer(in: message),
            let key = policy.key(trailer.keyID)
        else { return nil }
        return TrailerToVerify(trailer: trailer, key: key)
    }

    /// The last check of all. What is accepted here is not accepted a second time.
    mutating func checkTrailer(
        _ advertisement: AdvertisementHeader, _ message: RawSpan, _ header: DatagramHeader,
        _ authenticity: Authenticity, for index: Int
    ) throws(DiscardReason) {
        guard let policy = routers[index].hmac else { return }
        let trailer: AuthenticationTrailer?
        do throws(AuthenticationTrailerError) {
            trailer = try advertisement.trailer(in: message)
        } catch {
            throw .trailerMalformed(error)
        }
        guard let trailer else {
            if policy.demandsTrailer { throw .trailerMissing }
            return
        }
        guard policy.key(trailer.keyID) != nil else { throw .trailerKey(trailer.keyID) }
        // What nobody has verified is as good as wrong.
        guard authenticity == .verified(keyID: trailer.keyID) else { throw .trailerTag }
        var stamps = routers[index].stamps.take() ?? StampBook()
        defer { routers[index].stamps = stamps }
        guard stamps.isLater(trailer.stamp, from: header.source) else { throw .trailerReplayed }
        stamps.note(trailer.stamp, from: header.source)
    }
}

// MARK: Sending

extension Engine {
    /// Answers `Effect.sign`.
    package mutating func store(
        _ trailer: AuthenticationTrailer, inMessageAt range: Range<Int>, source: IPAddress
    ) {
        trailer.store(inMessageAt: range, of: &outbox, family: source.family)
    }
}

// MARK: Configuration

extension Configuration {
    var hasTrailers: Bool { routers.contains { $0.authentication?.hmac != nil } }
}

extension VirtualRouterConfiguration {
    /// Whether stamps that were heard under an older configuration count under this one. They do as
    /// long as anything that was signed then could be accepted now; where all keys are new, a sender
    /// whose clock had gone wrong gets a chance to be heard again.
    func acceptsStamps(of old: VirtualRouterConfiguration) -> Bool {
        guard let keys = authentication?.hmac?.keys, let before = old.authentication?.hmac?.keys
        else { return false }
        return keys.contains(where: before.contains)
    }
}

extension RouterEntry {
    var hmac: HMACPolicy? { configuration.authentication?.hmac }
}

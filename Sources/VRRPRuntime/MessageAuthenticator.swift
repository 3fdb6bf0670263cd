// HMAC-SHA256 of advertisements, and the stamps of our own. The only file that knows cryptography;
// what is hashed is told by VRRPWire, with which key and why by VRRPEngine.

import Crypto
import FoundationEssentials
import LinuxNetwork
package import VRRPConfiguration
import VRRPEngine
package import VRRPWire

/// Signs what the engine sends and verifies what it asks about.
package struct MessageAuthenticator {
    /// Each with the key hashed in already, which is half of the work for a short message.
    private var prepared: [Secret: HMAC<SHA256>] = [:]
    /// What is hashed; reused.
    private var buffer: [UInt8] = []
    private var lastStamp: AuthenticationTrailer.Stamp?

    /// Knows no key and has sent nothing.
    package init() {}

    /// Secrets that are not configured any more are not kept. What a farewell still needs is
    /// prepared once more.
    package mutating func forgetKeys() {
        prepared.removeAll(keepingCapacity: true)
    }

    /// A trailer for a message of ours that has room for one; nil for a secret that is only known by
    /// its fingerprint. Its stamp is later than that of every one before, whatever the clock does.
    package mutating func trailer(
        for message: RawSpan, source: IPAddress, key: HMACPolicy.Key, at unixTime: Duration
    ) -> AuthenticationTrailer? {
        var stamp = AuthenticationTrailer.Stamp(unixTime: unixTime)
        if let lastStamp, !stamp.isAfter(lastStamp) { stamp = lastStamp.successor }
        var trailer = AuthenticationTrailer(keyID: key.id, stamp: stamp)
        guard let tag = tag(of: trailer, message, source, key.secret) else { return nil }
        lastStamp = stamp
        trailer.tag = tag
        return trailer
    }

    /// Whether the tag of a trailer is that of its message; takes the same time wherever it is not.
    package mutating func verifies(
        _ trailer: AuthenticationTrailer, of message: RawSpan, source: IPAddress,
        key: HMACPolicy.Key
    ) -> Bool {
        tag(of: trailer, message, source, key.secret) == trailer.tag
    }

    private mutating func tag(
        of trailer: AuthenticationTrailer, _ message: RawSpan, _ source: IPAddress,
        _ secret: Secret
    ) -> AuthenticationTrailer.Tag? {
        guard var hmac = prepare(secret) else { return nil }
        buffer.removeAll(keepingCapacity: true)
        trailer.appendAuthenticatedBytes(of: message, source: source, to: &buffer)
        // Through pointers: as collections, both would be copied a dozen times.
        buffer.withUnsafeBytes { hmac.update(data: $0) }
        return hmac.finalize().withUnsafeBytes { AuthenticationTrailer.Tag($0) }
    }

    private mutating func prepare(_ secret: Secret) -> HMAC<SHA256>? {
        if let hmac = prepared[secret] { return hmac }
        guard let bytes = secret.bytes else { return nil }
        let hmac = HMAC<SHA256>(key: SymmetricKey(data: bytes))
        prepared[secret] = hmac
        return hmac
    }
}

// MARK: Beside the engine

extension RecordedEngine {
    /// Nearly always the engine has no question, and nothing is hashed.
    mutating func authenticity(
        of message: RawSpan, header: DatagramHeader, interface: Int32
    ) -> Authenticity {
        guard
            let question = machine.trailerToVerify(
                in: message, header: header, interface: interface)
        else { return .absent }
        let isGood = authenticator.verifies(
            question.trailer, of: message, source: header.source, key: question.key)
        return isGood ? .verified(keyID: question.key.id) : .failed
    }
}

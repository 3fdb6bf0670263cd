// The tag itself: known answers that another implementation of HMAC-SHA256 gave, every byte that it
// covers, and stamps that grow whatever the clock does.

import Foundation
import Testing
import VRRPConfiguration
import VRRPRuntime
import VRRPWire

@Suite("Message authenticator")
struct MessageAuthenticatorTests {
    struct Vector: Sendable {
        var source: String
        var secret: [UInt8]
        var message: String
        /// All of the trailer.
        var trailer: String
    }

    /// Python's `hmac.new(secret, pseudo_header + message + trailer, "sha256")`, with checksum and
    /// tag zero.
    static let vectors = [
        Vector(
            source: "192.0.2.2", secret: Array(0..<32), message: "31336401000a0000c0000201",
            trailer: "010100000102030405060708d30e0c758f7cc01f666589f4be115d42"),
        Vector(
            source: "192.0.2.2", secret: Array("a secret of more than thirty-two bytes".utf8),
            message: "2133640100010000c00002010000000000000000",
            trailer: "01ff00006a0000008000000105f0ca9504816254513ee5c233244615"),
        Vector(
            source: "fe80::2", secret: Array(0..<64),
            message: "3133640200640000fe80000000000000000000000000000120010db8"
                + "000000000000000000000001",
            trailer: "01070000ffffffffffffffffcebbeb13b3083d532a98dcc7d037d276"),
    ]

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// The parts of a vector, as a receiver has them.
    private static func parts(
        _ vector: Vector
    ) throws -> (message: [UInt8], source: IPAddress, key: HMACPolicy.Key) {
        let message = bytes(vector.message + vector.trailer)
        let id = message[message.count - 27]
        return (
            message, try #require(IPAddress(vector.source)),
            HMACPolicy.Key(id: id, secret: Secret(vector.secret))
        )
    }

    private static func verifies(
        _ message: [UInt8], _ source: IPAddress, _ key: HMACPolicy.Key
    ) -> Bool {
        guard let trailer = try? AuthenticationTrailer(endOf: message.span.bytes) else {
            return false
        }
        var authenticator = MessageAuthenticator()
        return authenticator.verifies(
            trailer, of: message.span.bytes, source: source, key: key)
    }

    private static func trailer(
        _ message: [UInt8], _ source: IPAddress, _ key: HMACPolicy.Key, at time: Duration,
        _ authenticator: inout MessageAuthenticator
    ) -> AuthenticationTrailer? {
        authenticator.trailer(for: message.span.bytes, source: source, key: key, at: time)
    }

    @Test("known answers, verified and made", arguments: vectors)
    func known(vector: Vector) throws {
        let (message, source, key) = try Self.parts(vector)
        #expect(Self.verifies(message, source, key))
        var authenticator = MessageAuthenticator()
        let made = Self.trailer(message, source, key, at: .seconds(1_800_000_000), &authenticator)
        let trailer = try #require(made)
        #expect(trailer.keyID == key.id && trailer.stamp.seconds == 1_800_000_000)
        var signed = message
        trailer.store(inMessageAt: 0..<signed.count, of: &signed, family: source.family)
        #expect(signed != message)
        #expect(Self.verifies(signed, source, key))
    }

    @Test(
        "every bit of message, source and secret counts, but for those of the checksum",
        arguments: vectors)
    func coverage(vector: Vector) throws {
        let (message, source, key) = try Self.parts(vector)
        for bit in 0..<message.count * 8 {
            var damaged = message
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let isChecksum = (6..<8).contains(bit / 8)
            #expect(Self.verifies(damaged, source, key) == isChecksum, "bit \(bit)")
        }
        let others: [IPAddress] = [.v4(IPv4Address(192, 0, 2, 3)), .v6(.any)]
        for other in others { #expect(!Self.verifies(message, other, key)) }
        for bit in 0..<vector.secret.count * 8 {
            var secret = vector.secret
            secret[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(!Self.verifies(message, source, .init(id: key.id, secret: Secret(secret))))
        }
    }

    @Test("secrets of 32 and of 64 bytes with zeros at their end are told apart from shorter ones")
    func padding() throws {
        let (message, source, key) = try Self.parts(Self.vectors[0])
        let padded = Secret(Self.vectors[0].secret + Array(repeating: 0, count: 32))
        // What HMAC makes of a key (RFC 2104 §2): the same for both, which is why the file's two
        // ways of writing a key never pad.
        #expect(Self.verifies(message, source, .init(id: key.id, secret: padded)))
        #expect(padded != key.secret)
    }

    @Test("stamps grow, also when the clock stands still, is set back, or leaps")
    func stamps() throws {
        let (message, source, key) = try Self.parts(Self.vectors[0])
        var authenticator = MessageAuthenticator()
        var last: AuthenticationTrailer.Stamp?
        for second in [1000, 1000, 1000, 999, 0, -5, 1001, 2_000_000_000, 1000] {
            let made = Self.trailer(message, source, key, at: .seconds(second), &authenticator)
            let trailer = try #require(made)
            if let last { #expect(trailer.stamp.isAfter(last), "\(second)") }
            last = trailer.stamp
            // Another configuration changes nothing about it.
            authenticator.forgetKeys()
        }
        #expect(last?.seconds == 2_000_000_000, "it stays where the clock was ahead")
    }

    @Test("a secret that only its fingerprint is known of signs and verifies nothing")
    func recorded() throws {
        let (message, source, key) = try Self.parts(Self.vectors[0])
        let text = try RecordingLine.encoder().encode(key)
        let recorded = try JSONDecoder().decode(HMACPolicy.Key.self, from: text)
        #expect(recorded == key)
        #expect(!Self.verifies(message, source, recorded))
        var authenticator = MessageAuthenticator()
        let trailer = Self.trailer(message, source, recorded, at: .seconds(1), &authenticator)
        #expect(trailer == nil)
    }
}

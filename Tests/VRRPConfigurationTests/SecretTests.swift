// `authentication: {hmac: …}`: what is read, and that nobody reads it again.

import Foundation
import Testing
import VRRPConfiguration
import VRRPConfigurationFile

@Suite("Secrets")
struct SecretTests {
    private static func key(_ id: UInt8, _ byte: UInt8? = nil) -> HMACPolicy.Key {
        HMACPolicy.Key(id: id, secret: Secret(Array(repeating: byte ?? id, count: 32)))
    }

    private static let plain = "thirty-two-bytes-at-the-very-least"
    private static let hexadecimal =
        "hex:000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    @Test("keys in every form, for both families")
    func reading() throws {
        let configuration = try load(
            """
            routers:
              lan:
                interface: eth1
                vrid: 51
                version: both
                addresses: [192.0.2.1/24, "fe80::1/64"]
                authentication:
                  hmac:
                    keys: {7: \(Self.plain), 1: "\(Self.hexadecimal)", 255: "${cred:k}"}
                    active: {gw1: 7, gw2: 1}
                    mode: {gw1: permissive, gw2: receive-only}
            """, credentials: ["k": String(repeating: "x", count: 64) + "\n"])
        #expect(configuration.routers.count == 2)
        for router in configuration.routers {
            let policy = try #require(router.authentication?.hmac)
            #expect(policy.keys.map(\.id) == [1, 7, 255])
            #expect(policy.key(1)?.secret.bytes == Array(0..<32))
            #expect(policy.key(7)?.secret.bytes == Array(Self.plain.utf8))
            #expect(policy.key(255)?.secret.bytes?.count == 64)
            #expect(policy.activeKey.id == 7 && policy.signingKey?.id == 7)
            #expect(policy.mode == .permissive && !policy.demandsTrailer)
        }
    }

    @Test(
        "32 to 64 bytes", arguments: [31, 32, 64, 65])
    func bounds(count: Int) {
        func isGood(_ secret: String) -> Bool {
            (try? load(
                pair("authentication: {hmac: {keys: {1: \"\(secret)\"}, active: 1, mode: enforce}}")
            ))
                != nil
        }
        #expect(isGood(String(repeating: "s", count: count)) == (32...64).contains(count))
        #expect(isGood("hex:" + String(repeating: "5a", count: count)) == (32...64).contains(count))
    }

    @Test("an IPv6 list is one shorter beside a trailer, an IPv4 list is not")
    func lists() {
        func isGood(_ addresses: [String]) -> Bool {
            (try? load(
                """
                routers:
                  lan:
                    interface: eth1
                    vrid: 51
                    addresses: [\(addresses.map { "\"\($0)\"" }.joined(separator: ", "))]
                    authentication: {hmac: {keys: {1: \(Self.plain)}, active: 1, mode: enforce}}
                """)) != nil
        }
        #expect(isGood((1...255).map { "10.0.1.\($0)/32" }))
        let long = ["fe80::1/64"] + (1...88).map { "2001:db8::\($0)/64" }
        #expect(isGood(long))
        #expect(!isGood(long + ["2001:db8::ff/64"]))
    }

    @Test("a secret is in no description, no dump, no coding")
    func secrets() throws {
        let secret = Secret(Array("a-secret-that-nobody-may-ever-see".utf8))
        var configuration = try #require(load(pair()).routers.first)
        configuration.authentication = HMACPolicy(
            keys: [HMACPolicy.Key(id: 1, secret: secret)], active: 1, mode: .enforce
        ).map { .hmac($0) }
        var dumped = ""
        dump(configuration, to: &dumped)
        let coded = String(decoding: try JSONEncoder().encode(configuration), as: UTF8.self)
        for text in [
            "\(secret)", "\(configuration)", String(reflecting: secret), dumped, coded,
        ] {
            #expect(!text.contains("nobody") && !text.contains("97, 45"))
            #expect(!text.contains("\(Array("a-secret".utf8))"))
        }
        #expect(configuration.authentication?.description == "hmac")
        let read = try JSONDecoder().decode(
            VirtualRouterConfiguration.self, from: Data(coded.utf8))
        #expect(read == configuration)
        #expect(read.authentication?.hmac?.activeKey.secret.bytes == nil)
    }

    @Test("there is no policy without its active key")
    func policy() {
        #expect(HMACPolicy(keys: [], active: 1, mode: .enforce) == nil)
        #expect(HMACPolicy(keys: [Self.key(1)], active: 2, mode: .enforce) == nil)
        #expect(HMACPolicy(keys: [Self.key(1), Self.key(1, 9)], active: 1, mode: .enforce) == nil)
        let twoFirst = HMACPolicy(
            keys: [Self.key(2), Self.key(1)], active: 1, mode: .enforce)
        #expect(
            twoFirst == HMACPolicy(keys: [Self.key(1), Self.key(2)], active: 1, mode: .enforce))
        let text = Data(#"{"keys":[{"id":1,"secret":5}],"active":2,"mode":"enforce"}"#.utf8)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(HMACPolicy.self, from: text)
        }
    }
}

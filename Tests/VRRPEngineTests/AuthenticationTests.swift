// Advertisements with a trailer: modes, replays, reloads. The verdict about a tag is given here by
// hand; that it is the right one is tested where it is computed.

import Foundation
import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Authentication")
struct AuthenticationTests {
    private static func key(_ id: UInt8, _ byte: UInt8? = nil) -> HMACPolicy.Key {
        HMACPolicy.Key(id: id, secret: Secret(Array(repeating: byte ?? id, count: 32)))
    }

    private static func configuration(
        _ mode: HMACPolicy.Mode?, keys: [HMACPolicy.Key] = [key(1), key(2)], active: UInt8 = 1,
        name: String = "lan", version: VRRPVersion = .v3
    ) -> VirtualRouterConfiguration? {
        var configuration = routerConfiguration(name, version: version)
        configuration?.authentication = mode.flatMap {
            HMACPolicy(keys: keys, active: active, mode: $0).map { .hmac($0) }
        }
        return configuration
    }

    /// An advertisement as a peer sends it: with a trailer of this key and stamp, or without one.
    private static func message(
        key: UInt8? = 1, stamp: UInt64 = 1, priority: UInt8 = 200, from source: IPv4Address,
        version: VRRPVersion = .v3, damage: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        guard let vrid = VirtualRouterID(51) else { return [] }
        var bytes = Advertisement(
            version: version, vrid: vrid, priority: Priority(priority),
            addresses: [.v4(IPv4Address(192, 0, 2, 1))]
        ).encoded(
            source: .v4(source), destination: .v4(.vrrpGroup), checksumForm: .rfc9568,
            reservesTrailer: key != nil)
        if let key {
            AuthenticationTrailer(keyID: key, stamp: .init(rawValue: stamp))
                .store(inMessageAt: 0..<bytes.count, of: &bytes, family: .ipv4)
        }
        damage(&bytes)
        return bytes
    }

    private func header(_ source: IPv4Address, hopLimit: UInt8 = 255) -> DatagramHeader {
        DatagramHeader(
            source: .v4(source), destination: .v4(.vrrpGroup), hopLimit: hopLimit)
    }

    /// The reason why it was discarded; nil when it counted.
    @discardableResult
    private func hear(
        _ message: [UInt8], _ authenticity: Authenticity = .absent,
        from source: IPv4Address = peerAddress, _ bench: Bench, at second: Double = 1
    ) -> DiscardReason? {
        bench.forget()
        let before = bench.router()?.counters
        // One in ten seconds is told of each kind: every test is a kind of its own, or looks at
        // the counters.
        bench.engine.receive(
            message.span.bytes, header: header(source), interface: lanIndex,
            authenticity: authenticity, at: at(second))
        bench.settle(at: at(second))
        let after = bench.router()?.counters
        if after?.advertisementsReceived != before?.advertisementsReceived {
            #expect(after?.authenticationErrors == before?.authenticationErrors)
            return nil
        }
        let reasons = bench.events.compactMap { event -> DiscardReason? in
            if case .discarded(_, _, _, let reason, _) = event { return reason }
            return nil
        }
        return reasons.first ?? .notRunning
    }

    private func hear(
        key: UInt8? = 1, stamp: UInt64 = 1, _ authenticity: Authenticity,
        from source: IPv4Address = peerAddress, _ bench: Bench, at second: Double = 1
    ) -> DiscardReason? {
        hear(
            Self.message(key: key, stamp: stamp, from: source), authenticity, from: source, bench,
            at: second)
    }

    // MARK: Modes

    @Test(
        "without a trailer: heard unless the mode is `enforce`", arguments: HMACPolicy.Mode.allCases
    )
    func missing(mode: HMACPolicy.Mode) {
        let bench = Bench([Self.configuration(mode)])
        let reason = hear(key: nil, .absent, bench)
        #expect(reason == (mode == .enforce ? .trailerMissing : nil))
        #expect(bench.router()?.counters.authenticationErrors == (mode == .enforce ? 1 : 0))
    }

    @Test(
        "with a trailer: a wrong one is heard in no mode", arguments: HMACPolicy.Mode.allCases,
        [VRRPVersion.v2, .v3])
    func wrong(mode: HMACPolicy.Mode, version: VRRPVersion) {
        let bench = Bench([Self.configuration(mode, version: version)])
        func message(_ key: UInt8, _ damage: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
            Self.message(key: key, from: peerAddress, version: version, damage: damage)
        }
        #expect(hear(message(1), .failed, bench) == .trailerTag)
        #expect(hear(message(3), .absent, bench) == .trailerKey(3))
        let type = message(1) { $0[$0.count - 28] = 2 }
        #expect(hear(type, .verified(keyID: 1), bench) == .trailerMalformed(.type(2)))
        #expect(bench.router()?.counters.authenticationErrors == 3)
        #expect(bench.router()?.counters.advertisementsReceived == 0)
        #expect(hear(message(1), .verified(keyID: 1), bench) == nil)
        #expect(
            hear(message(2) { $0[2] = 200 }, .verified(keyID: 2), bench, at: 12) == .trailerReplayed
        )
        #expect(bench.router()?.counters.authenticationErrors == 4)
    }

    @Test("a verdict that nobody asked for opens nothing")
    func unasked() {
        let bench = Bench([Self.configuration(.enforce)])
        #expect(hear(key: 1, .absent, bench) == .trailerTag)
        #expect(hear(key: nil, .verified(keyID: 1), bench) == .trailerMissing)
        #expect(hear(key: 2, .verified(keyID: 1), bench, at: 12) == .trailerTag)
        #expect(bench.router()?.counters.authenticationErrors == 3)
    }

    @Test("who has no keys discards a trailer for its length, as RFC 9568 §7.1 demands")
    func withoutKeys() {
        let bench = Bench([routerConfiguration()])
        #expect(hear(key: 1, .verified(keyID: 1), bench) == .length(expected: 12, actual: 40))
        #expect(bench.router()?.counters.lengthErrors == 1)
    }

    // MARK: The question

    @Test("only what would be heard is asked about")
    func question() {
        let bench = Bench([Self.configuration(.enforce)])
        func isAsked(
            _ message: [UInt8], from source: IPv4Address = peerAddress, hopLimit: UInt8 = 255
        ) -> Bool {
            bench.engine.trailerToVerify(
                in: message.span.bytes, header: header(source, hopLimit: hopLimit),
                interface: lanIndex) != nil
        }
        let good = Self.message(from: peerAddress)
        #expect(isAsked(good))
        #expect(!isAsked(good, hopLimit: 254))
        #expect(!isAsked(good, from: ownAddress))
        #expect(!isAsked(Self.message(key: nil, from: peerAddress)))
        #expect(!isAsked(Self.message(key: 3, from: peerAddress)))
        #expect(!isAsked(Self.message(from: peerAddress) { $0[7] ^= 1 }))
        #expect(!isAsked(Self.message(from: peerAddress) { $0[1] = 52 }))
        let other = Bench([routerConfiguration()])
        let none = other.engine.trailerToVerify(
            in: good.span.bytes, header: header(peerAddress), interface: lanIndex)
        #expect(none == nil)
    }

    // MARK: Replays

    @Test("a stamp counts once for each sender, whatever the key")
    func replays() {
        let bench = Bench([Self.configuration(.permissive)])
        let other = IPv4Address(192, 0, 2, 9)
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == nil)
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == .trailerReplayed)
        #expect(hear(stamp: 9, .verified(keyID: 1), bench, at: 12) == .trailerReplayed)
        #expect(hear(stamp: 9, .verified(keyID: 1), from: other, bench) == nil)
        #expect(hear(key: 2, stamp: 10, .verified(keyID: 2), bench, at: 23) == .trailerReplayed)
        #expect(hear(key: 2, stamp: 11, .verified(keyID: 2), bench) == nil)
        #expect(hear(stamp: 11, .verified(keyID: 1), bench, at: 34) == .trailerReplayed)
        // The end of the 32 bits of seconds is one like any other.
        #expect(hear(stamp: 0x7fff_ffff_ffff_ffff, .verified(keyID: 1), bench) == nil)
        #expect(hear(stamp: 0x8000_0000_0000_0000, .verified(keyID: 1), bench) == nil)
        #expect(hear(stamp: .max, .verified(keyID: 1), bench) == nil)
        #expect(hear(stamp: 0, .verified(keyID: 1), bench) == nil)
    }

    @Test("what was discarded leaves no trace")
    func noTrace() {
        let bench = Bench([Self.configuration(.enforce)])
        #expect(hear(stamp: 100, .failed, bench) == .trailerTag)
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == nil)
    }

    @Test("sixteen senders are remembered, and the one that was silent longest is forgotten")
    func bound() {
        let bench = Bench([Self.configuration(.enforce)])
        func source(_ number: UInt8) -> IPv4Address { IPv4Address(192, 0, 2, 100 + number) }
        for number in 0..<16 as Range<UInt8> {
            #expect(hear(stamp: 5, .verified(keyID: 1), from: source(number), bench) == nil)
        }
        #expect(hear(stamp: 6, .verified(keyID: 1), from: source(0), bench) == nil)
        #expect(hear(stamp: 5, .verified(keyID: 1), from: source(16), bench) == nil)
        #expect(hear(stamp: 5, .verified(keyID: 1), from: source(1), bench) == nil)
        #expect(hear(stamp: 6, .verified(keyID: 1), from: source(0), bench) == .trailerReplayed)
    }

    @Test("a reload forgets stamps only when no key is left that they were made with")
    func reload() {
        let bench = Bench([Self.configuration(.permissive)])
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == nil)
        let kept = [
            Self.configuration(.enforce), Self.configuration(.enforce, active: 2),
            Self.configuration(.enforce, keys: [Self.key(2)], active: 2),
        ]
        for (place, configuration) in kept.enumerated() {
            bench.apply([configuration], at: at(2))
            #expect(
                hear(key: 2, stamp: 10, .verified(keyID: 2), bench, at: 20.0 + 11 * Double(place))
                    == .trailerReplayed)
        }
        bench.apply(
            [Self.configuration(.enforce, keys: [Self.key(2, 7)], active: 2)], at: at(3))
        #expect(hear(key: 2, stamp: 10, .verified(keyID: 2), bench) == nil)
    }

    @Test("an engine restored from a checkpoint remembers, and knows no secret")
    func checkpoint() throws {
        let bench = Bench([Self.configuration(.enforce)])
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == nil)
        let text = try JSONEncoder().encode(bench.engine.checkpoint)
        for secret in [Data(repeating: 1, count: 32), Data("1,1,1".utf8), Data("AQEBAQ".utf8)] {
            #expect(text.range(of: secret) == nil)
        }
        bench.engine = Engine(
            restoring: try JSONDecoder().decode(EngineCheckpoint.self, from: text))
        #expect(hear(stamp: 10, .verified(keyID: 1), bench) == .trailerReplayed)
        #expect(hear(stamp: 11, .verified(keyID: 1), bench) == nil)
        // The same secrets by their fingerprints: nothing has changed.
        #expect(
            bench.engine.apply(
                Configuration(
                    node: "gw1", routers: [Self.configuration(.enforce)].compactMap { $0 }),
                at: at(2))?.isEmpty == true)
    }

    // MARK: Sending

    @Test(
        "each packet is signed before it is sent, farewells included", arguments: [1, 2] as [UInt8])
    func sending(active: UInt8) {
        var configuration = Self.configuration(.enforce, active: active)
        configuration?.peers = [.v4(peerAddress), .v4(IPv4Address(192, 0, 2, 9))]
        configuration?.alsoVersion2 = true
        let bench = Bench([configuration])
        bench.forget()
        bench.run(until: at(3.7))
        #expect(signatures(bench) == Array(repeating: active, count: 4))
        bench.forget()
        // It has left the configuration when its last words are carried out.
        bench.apply([routerConfiguration("other", vrid: 7, addresses: ["192.0.2.7/24"])], at: at(4))
        #expect(signatures(bench) == Array(repeating: active, count: 4))
        #expect(bench.sent.prefix(4).allSatisfy { $0[2] == 0 })
    }

    /// The keys of `sign`, each followed by its `send`.
    private func signatures(_ bench: Bench) -> [UInt8] {
        var keys: [UInt8] = []
        for (effect, next) in zip(bench.log, bench.log.dropFirst()) {
            guard case .sign(let message, let source, let key) = effect else { continue }
            keys.append(key.id)
            guard case .send(_, _, source, _, message) = next else {
                Issue.record("\(next) follows \(effect)")
                continue
            }
        }
        return keys
    }

    @Test("a frame is signed where its message is, not where it ends")
    func frame() {
        var configuration = Self.configuration(.permissive)
        configuration?.mac = .virtual
        let bench = Bench([configuration])
        bench.forget()
        bench.engine.observe(
            Link(
                index: 9, name: "vrrp4-51-7", isUp: false, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x5e00_0133), parent: lanIndex,
                isMarkedOurs: true), at: at(0.1))
        bench.engine.deviceChanged(name: "vrrp4-51-7", code: 0, at: at(0.2))
        bench.run(until: at(9))
        for (effect, next) in zip(bench.log, bench.log.dropFirst()) {
            guard case .sign(let message, _, _) = effect,
                case .advertise(_, _, let frame) = next
            else { continue }
            #expect(message.count == 12 + 28 && message.lowerBound == frame.lowerBound + 34)
            return
        }
        Issue.record("nothing was signed")
    }

    @Test("`receive-only` sends what a router without keys sends")
    func receiveOnly() {
        let bench = Bench([Self.configuration(.receiveOnly)])
        let plain = Bench([routerConfiguration()])
        for bench in [bench, plain] {
            bench.forget()
            bench.run(until: at(5))
        }
        #expect(bench.sent == plain.sent && bench.log == plain.log)
    }

    @Test("a stored trailer is what the peer reads")
    func storing() {
        let bench = Bench([Self.configuration(.enforce)])
        bench.engine.advance(to: at(3.7))
        let trailer = AuthenticationTrailer(
            keyID: 1, stamp: .init(rawValue: 0x0102_0304_0506_0708))
        for effect in bench.engine.effects {
            guard case .sign(let message, let source, _) = effect else { continue }
            bench.engine.store(trailer, inMessageAt: message, source: source)
        }
        bench.forget()
        bench.settle(at: at(3.7))
        #expect(
            bench.sent.first.map { Array($0[12..<24]) } == [1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    }
}

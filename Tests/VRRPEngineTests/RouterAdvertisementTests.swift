// When the Active Router advertises itself to hosts, to the instant; and that nobody else does.

import Foundation
import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Router Advertisements")
struct RouterAdvertisementTests {
    static let linkLocal = "fe80::1/64"
    static let host = IPv6Address(high: 0xfe80 << 48, low: 0x99)
    /// When the router of these tests takes over.
    private let takeover = at(3 + 156.0 / 256)

    private func router(
        _ settings: RouterAdvertisementSettings? = RouterAdvertisementSettings()
    ) -> VirtualRouterConfiguration? {
        var router = routerConfiguration(addresses: [Self.linkLocal, "2001:db8::1/64"])
        router?.routerAdvertisement = settings
        return router
    }

    private func hear(_ bench: Bench, _ priority: UInt8, at now: Instant) {
        guard let vrid = VirtualRouterID(51) else { return }
        let source = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 2))
        let list = ["fe80::1", "2001:db8::1"].compactMap { IPAddress($0) }
        let bytes = Advertisement(
            version: .v3, vrid: vrid, priority: Priority(priority),
            maxAdvertiseInterval: .seconds(1), addresses: list
        ).encoded(source: source, destination: .vrrpGroup(.ipv6), checksumForm: .rfc9568)
        bench.engine.receive(
            bytes.span.bytes,
            header: DatagramHeader(
                source: source, destination: .vrrpGroup(.ipv6), hopLimit: 255),
            interface: lanIndex, at: now)
        bench.settle(at: now)
    }

    private func ask(_ bench: Bench, hopLimit: UInt8 = 255, at now: Instant) {
        var bytes: [UInt8] = []
        RouterSolicitation(sourceLinkLayerAddress: nil).append(to: &bytes, source: Self.host)
        bytes.removeFirst(IPv6Header.byteCount)
        bench.engine.solicited(
            bytes.span.bytes,
            header: DatagramHeader(
                source: .v6(Self.host), destination: .v6(.allRouters), hopLimit: hopLimit),
            interface: lanIndex, at: now)
        bench.settle(at: now)
    }

    /// The Router Advertisements since the last call.
    private func take(_ bench: Bench) -> Int {
        let count = bench.routerAdvertisements.count
        bench.spoken += bench.routerAdvertisements
        bench.routerAdvertisements = []
        return count
    }

    /// The instants of all of them until `end`.
    private func times(_ bench: Bench, until end: Instant) -> [Instant] {
        var result: [Instant] = []
        while let next = bench.engine.nextDeadline, next <= end {
            bench.advance(to: next)
            for _ in 0..<take(bench) { result.append(next) }
        }
        return result
    }

    private func pauses(_ times: [Instant]) -> [Duration] {
        zip(times.dropFirst(), times).map { $0 - $1 }
    }

    @Test("M45: the first at once, three within 16 s each, then a random pause within the range")
    func rhythm() throws {
        let bench = Bench([router()])
        let found = times(bench, until: takeover + .seconds(20_000))
        #expect(found.first == takeover)
        let pauses = pauses(found)
        #expect(pauses.prefix(2).allSatisfy { $0 == .seconds(16) })
        let later = pauses.dropFirst(2)
        #expect(later.count > 30)
        #expect(later.allSatisfy { (.seconds(198)...(.seconds(600))).contains($0) })
        #expect(Set(later).count > 30)
        #expect(later.contains { $0 < .seconds(300) } && later.contains { $0 > .seconds(500) })
        #expect(bench.router()?.counters.routerAdvertisementsSent == UInt64(found.count))
    }

    @Test("the shortest interval keeps the 3 s between two")
    func shortest() {
        let bench = Bench([router(RouterAdvertisementSettings(maximumInterval: .seconds(4)))])
        let pauses = pauses(times(bench, until: takeover + .seconds(1000)))
        #expect(pauses.count > 250)
        #expect(pauses.allSatisfy { (.seconds(3)...(.seconds(4))).contains($0) })
    }

    @Test("M45, M90: what is said: from the virtual address, behind the announcements, whole")
    func content() throws {
        let resolver = IPv6Address(high: 0x2001_0db8 << 32, low: 0x53)
        let prefix = try #require(
            PrefixInformation(IPv6Address(high: 0x2001_0db8 << 32, low: 0), prefixLength: 64))
        let bench = Bench([
            router(
                RouterAdvertisementSettings(
                    maximumInterval: .seconds(10), mtu: 1400, prefixes: [prefix],
                    resolvers: [
                        RecursiveResolvers(addresses: [resolver], lifetime: .limited(.seconds(30)))
                    ]))
        ])
        bench.forget()
        bench.run(until: takeover)
        let kinds = bench.log.compactMap { effect -> String? in
            if case .announce(_, lanIndex, let range) = effect { return "\(range.count)" }
            return nil
        }
        let frame = try #require(bench.routerAdvertisements.first)
        // One neighbour advertisement of 86 bytes for each address; the link-local one comes first.
        #expect(kinds == ["86", "\(frame.count)", "86"])
        let ethernet = try EthernetHeader(decoding: frame.span.bytes)
        #expect(ethernet.destination == .multicast(.v6(.allNodes)))
        #expect(ethernet.source == MACAddress(rawValue: 0x0200_0000_0003))
        let datagram = frame.span.bytes.extracting(droppingFirst: 14)
        let header = try IPv6Header(decoding: datagram)
        #expect(header.source == IPv6Address(high: 0xfe80 << 48, low: 1))
        let said = try RouterAdvertisement(
            decoding: datagram.extracting(droppingFirst: IPv6Header.byteCount),
            header: DatagramHeader(
                source: .v6(header.source), destination: .v6(header.destination),
                hopLimit: header.hopLimit))
        #expect(said.lifetime == .seconds(30) && said.mtu == 1400)
        #expect(said.prefixes == [prefix] && said.resolvers.first?.addresses == [resolver])
        #expect(said.sourceLinkLayerAddress == ethernet.source)
    }

    @Test("M33: a Backup sends nothing and answers nothing, and none is sent on yielding")
    func backup() {
        let bench = Bench([router()])
        hear(bench, 200, at: at(0.5))
        ask(bench, at: at(0.6))
        bench.run(until: at(1))
        #expect(take(bench) == 0)
        hear(bench, 0, at: at(1))
        #expect(times(bench, until: at(4)).count == 1)
        hear(bench, 200, at: at(30))
        ask(bench, at: at(30.1))
        bench.run(until: at(30.5))
        #expect(take(bench) == 0 && bench.router()?.state == .backup)
    }

    @Test("none on leaving, whatever the cause")
    func leaving() {
        let bench = Bench([router()])
        _ = times(bench, until: takeover + .seconds(10))
        bench.engine.leave(at: takeover + .seconds(20))
        bench.settle(at: takeover + .seconds(20))
        #expect(take(bench) == 0 && bench.router()?.state == .initialize)
        let other = Bench([router()])
        _ = times(other, until: takeover + .seconds(10))
        other.apply([], at: takeover + .seconds(20))
        #expect(take(other) == 0)
    }

    @Test("a second reign keeps the 3 s, too, and begins with three first ones")
    func reigns() {
        let bench = Bench([router()])
        #expect(times(bench, until: takeover + .seconds(1)) == [takeover])
        hear(bench, 200, at: takeover + .seconds(1))
        hear(bench, 0, at: takeover + .seconds(1))
        let found = times(bench, until: takeover + .seconds(60))
        #expect(found.first == takeover + .seconds(3))
        #expect(pauses(found).prefix(2).allSatisfy { $0 == .seconds(16) })
    }

    @Test("an answer comes within half a second, but 3 s after the last; a flood gets one")
    func answers() throws {
        let bench = Bench([router()])
        _ = times(bench, until: takeover + .seconds(100))
        let asked = takeover + .seconds(100)
        ask(bench, at: asked)
        for step in 0..<1000 { ask(bench, at: asked + .nanoseconds(step)) }
        let found = times(bench, until: asked + .seconds(3))
        #expect(found.count == 1)
        let first = try #require(found.first)
        #expect(first - asked <= .milliseconds(500))
        // Another one at once waits for its turn.
        ask(bench, at: asked + .seconds(3))
        let next = try #require(times(bench, until: asked + .seconds(10)).first)
        #expect(next - first >= .seconds(3))
        #expect(next <= max(first + .seconds(3), asked + .seconds(3)) + .milliseconds(500))
        var flooded: [Instant] = []
        for step in 1...3000 {
            let now = asked + .seconds(10) + .milliseconds(10 * step)
            flooded += times(bench, until: now)
            ask(bench, at: now)
        }
        #expect((9...10).contains(flooded.count))
        #expect(pauses(flooded).allSatisfy { $0 >= .seconds(3) })
    }

    @Test("a solicitation that is wrong is counted and moves nothing")
    func wrong() {
        let bench = Bench([router()])
        _ = times(bench, until: takeover + .seconds(100))
        ask(bench, hopLimit: 64, at: takeover + .seconds(100))
        #expect(times(bench, until: takeover + .seconds(105)).isEmpty)
        #expect(bench.engine.snapshot(at: at(0)).counters.solicitationErrors == 1)
    }

    @Test("nothing is sent before the kernel has the link-local address")
    func waits() throws {
        let bench = Bench([router()])
        bench.isKernelSilent = true
        bench.run(until: takeover + .seconds(1))
        #expect(bench.router()?.state == .active && take(bench) == 0)
        let request = try #require(bench.unanswered.first)
        bench.isKernelSilent = false
        let now = takeover + .seconds(2)
        // Only the other one, and then, a second later, this one.
        bench.engine.addressesChanged(token: request.token, results: [12, 0], at: now)
        bench.settle(at: now)
        #expect(take(bench) == 0)
        #expect(times(bench, until: now + .seconds(2)) == [now + .seconds(1)])
    }

    @Test("while the interface is down nothing is sent; soon after it is up, it is")
    func down() {
        var untracked = router(RouterAdvertisementSettings(maximumInterval: .seconds(4)))
        untracked?.trackInterface = false
        let bench = Bench([untracked])
        _ = times(bench, until: takeover)
        bench.setLink(isUp: false, at: takeover + .seconds(1))
        #expect(times(bench, until: takeover + .seconds(60)).isEmpty)
        bench.setLink(at: takeover + .seconds(60))
        let found = times(bench, until: takeover + .seconds(70))
        #expect((found.first ?? at(1000)) <= takeover + .seconds(63))
    }

    @Test(
        "a reload adds it, changes it at once, takes it away in silence; an equal one does nothing")
    func reload() {
        let bench = Bench([router(nil)])
        #expect(times(bench, until: takeover + .seconds(10)).isEmpty)
        #expect(!bench.log.contains(.listenForSolicitations(interface: lanIndex)))
        bench.apply([router()], at: takeover + .seconds(10))
        #expect(take(bench) == 1)
        #expect(bench.log.contains(.listenForSolicitations(interface: lanIndex)))
        bench.forget()
        bench.apply([router()], at: takeover + .seconds(11))
        #expect(bench.log.isEmpty)
        bench.run(until: takeover + .seconds(20))
        #expect(take(bench) == 0)
        bench.apply(
            [router(RouterAdvertisementSettings(isManaged: true))], at: takeover + .seconds(20))
        #expect(take(bench) == 1)
        bench.run(until: takeover + .seconds(30))
        bench.apply([router(nil)], at: takeover + .seconds(30))
        #expect(bench.log.contains(.stopListeningForSolicitations(interface: lanIndex)))
        ask(bench, at: takeover + .seconds(31))
        #expect(times(bench, until: takeover + .seconds(2000)).isEmpty)
        #expect(bench.router()?.state == .active)
    }

    @Test("two routers on an interface listen once, until the last one leaves")
    func listening() {
        var other = router()
        other?.name = "other"
        if let vrid = VirtualRouterID(52) { other?.vrid = vrid }
        other?.addresses = ["fe80::2/64"].compactMap { InterfaceAddress($0) }.map {
            VirtualAddress(address: $0)
        }
        let bench = Bench([router(), other])
        #expect(bench.log.count { $0 == .listenForSolicitations(interface: lanIndex) } == 1)
        let left = Effect.stopListeningForSolicitations(interface: lanIndex)
        bench.apply([other], at: at(1))
        #expect(!bench.log.contains(left))
        bench.apply([], at: at(2))
        #expect(bench.log.contains(left))
        bench.engine.solicitationsFailed(interface: lanIndex, code: 105, at: at(3))
        bench.settle(at: at(3))
        #expect(bench.events.last == .solicitationsFailed(interface: "lan0", code: 105))
    }

    @Test("a recording of before these were there is read, with none sent")
    func older() throws {
        let bench = Bench([routerConfiguration()])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var text = String(decoding: try encoder.encode(bench.engine.checkpoint), as: UTF8.self)
        for counter in ["routerAdvertisementsSent", "solicitationErrors"] {
            #expect(text.contains("\"\(counter)\":0,"))
            text = text.replacing("\"\(counter)\":0,", with: "")
        }
        let checkpoint = try JSONDecoder().decode(EngineCheckpoint.self, from: Data(text.utf8))
        let restored = Engine(restoring: checkpoint).snapshot(at: at(1))
        #expect(restored.routers.first?.counters.routerAdvertisementsSent == 0)
    }

    @Test("restored in the middle, the same is said at the same instants; questions included")
    func restored() throws {
        let bench = Bench([router(RouterAdvertisementSettings(maximumInterval: .seconds(20)))])
        _ = times(bench, until: takeover + .seconds(10))
        bench.spoken = []
        var sent = 0
        for round in 0..<40 {
            let now = takeover + .seconds(10 + 3 * round)
            let text = try JSONEncoder().encode(bench.engine.checkpoint)
            let checkpoint = try JSONDecoder().decode(EngineCheckpoint.self, from: text)
            #expect(checkpoint.fault == nil)
            let copy = Bench([])
            copy.engine = Engine(restoring: checkpoint)
            for bench in [bench, copy] where round.isMultiple(of: 3) { ask(bench, at: now) }
            let found = times(bench, until: now + .seconds(3))
            #expect(found == times(copy, until: now + .seconds(3)), "round \(round)")
            #expect(bench.spoken == copy.spoken)
            sent += found.count
            bench.spoken = []
        }
        #expect(sent > 10)
    }

    @Test("another router, another rhythm; the same one again, the same")
    func seeds() {
        func rhythm(_ source: String) -> [Duration] {
            let bench = Bench([router()])
            bench.removeAddress("fe80::3/64", at: at(0))
            bench.addAddress(source, at: at(0))
            return pauses(times(bench, until: at(5000)))
        }
        #expect(rhythm("fe80::3/64") == rhythm("fe80::3/64"))
        #expect(rhythm("fe80::3/64") != rhythm("fe80::4/64"))
    }
}

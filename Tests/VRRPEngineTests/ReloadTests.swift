// What a reload does to addresses, announcements, delays and feedback of routers that run: each
// case was once found by the reload property of VRRPSimulationTests.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Reload: addresses")
struct ReloadAddressTests {
    private func edits(_ bench: Bench) -> [AddressEdit] {
        bench.log.flatMap { effect -> [AddressEdit] in
            if case .changeAddresses(let request) = effect { return request.changes }
            return []
        }
    }

    private func operations(_ bench: Bench) -> [AddressEdit.Operation] {
        edits(bench).map(\.operation)
    }

    private func other(_ addresses: [String]) -> VirtualRouterConfiguration? {
        routerConfiguration("b", vrid: 52, addresses: addresses)
    }

    @Test("an address moves between Active Routers, in either direction, untouched")
    func move() {
        let bench = Bench([
            routerConfiguration("a"), other(["192.0.2.8/24", "192.0.2.9/24"]),
        ])
        bench.run(until: at(5))
        bench.forget()
        bench.apply(
            [
                routerConfiguration("a", addresses: ["192.0.2.1/24", "192.0.2.9/24"]),
                other(["192.0.2.8/24"]),
            ], at: at(5))
        bench.apply(
            [routerConfiguration("a"), other(["192.0.2.8/24", "192.0.2.9/24"])], at: at(6))
        #expect(edits(bench).isEmpty)
        #expect(bench.kernel.count == 3)
        #expect(bench.router("b")?.addresses.allSatisfy { $0.wanted && $0.installed } == true)
    }

    @Test("all let go before anybody takes: an address returns with another prefix length")
    func prefixLength() {
        let bench = Bench([
            routerConfiguration("a"), other(["192.0.2.8/24", "192.0.2.9/24"]),
        ])
        bench.run(until: at(5))
        bench.forget()
        bench.apply(
            [
                routerConfiguration("a", addresses: ["192.0.2.1/24", "192.0.2.9/32"]),
                other(["192.0.2.8/24"]),
            ], at: at(5))
        #expect(operations(bench) == [.remove, .add])
    }

    @Test("an address goes and comes back with a new scope, and nobody is blamed for it")
    func scope() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        var changed = routerConfiguration()
        changed?.addresses[0].scope = .link
        bench.apply([changed], at: at(5))
        #expect(operations(bench) == [.remove, .add])
        #expect(edits(bench).last?.scope == AddressScope.link.rawValue)
        #expect(bench.router()?.counters.addressesRestored == 0)
        #expect(bench.router()?.state == .active && bench.kernel.count == 1)
    }

    @Test("our own removal, answered after the address is wanted again, is not a repair")
    func lateRemoval() {
        let bench = Bench([routerConfiguration(addresses: ["192.0.2.1/24", "192.0.2.5/24"])])
        bench.run(until: at(5))
        bench.forget()
        let configurations = [["192.0.2.1/24"], ["192.0.2.1/24", "192.0.2.5/24"]].map {
            Configuration(
                node: "gw1", routers: [routerConfiguration(addresses: $0)].compactMap { $0 })
        }
        bench.engine.apply(configurations[0], at: at(5))
        let requests = bench.engine.effects.compactMap { effect -> AddressRequest? in
            if case .changeAddresses(let request) = effect { return request }
            return nil
        }
        bench.engine.clearEffects()
        bench.engine.apply(configurations[1], at: at(6))
        guard let request = requests.first, let removal = request.changes.first else {
            Issue.record("no request")
            return
        }
        bench.engine.observeRemovedAddress(removal.address, on: lanIndex, at: at(6))
        bench.engine.addressesChanged(token: request.token, results: [0], at: at(6))
        bench.settle(at: at(6))
        #expect(operations(bench) == [.add])
        #expect(bench.router()?.counters.addressesRestored == 0)
    }

    @Test("a removal that was refused is tried again after its router has left")
    func refusedRemoval() {
        let bench = Bench([routerConfiguration(), other(["192.0.2.8/24"])])
        bench.run(until: at(5))
        bench.refuse = 105
        bench.apply([other(["192.0.2.8/24"])], at: at(5))
        #expect(bench.kernel.count == 2)
        bench.refuse = 0
        bench.run(until: at(6.5))
        #expect(bench.kernel == Set([InterfaceAddress("192.0.2.8/24")].compactMap { $0 }))
    }

    @Test("an address that was refused to its former router is asked for by the next one")
    func refusedAddition() {
        let bench = Bench([routerConfiguration("a"), other(["192.0.2.8/24"])])
        bench.run(until: at(5))
        bench.refuse = 105
        bench.apply(
            [routerConfiguration("a"), other(["192.0.2.8/24", "192.0.2.9/24"])], at: at(5))
        bench.refuse = 0
        bench.apply(
            [
                routerConfiguration("a", addresses: ["192.0.2.1/24", "192.0.2.9/24"]),
                other(["192.0.2.8/24"]),
            ], at: at(5.1))
        #expect(bench.kernel.count == 3)
    }

    @Test("a router without its interface keeps its addresses on other devices in a reload")
    func deviceOfItsOwn() {
        var waiting = routerConfiguration("z", vrid: 53)
        waiting?.interface = "lan9"
        waiting?.addresses[0].interface = "lan0"
        let bench = Bench([waiting])
        bench.apply([waiting, other(["192.0.2.8/24"])], at: at(1))
        bench.engine.observe(
            Link(
                index: 9, name: "lan9", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0009)), at: at(2))
        if let own = InterfaceAddress("198.51.100.3/24") {
            bench.engine.observe(KernelAddress(interface: 9, address: own), at: at(2))
        }
        bench.settle(at: at(2))
        bench.run(until: at(8))
        #expect(bench.router("z")?.state == .active)
        #expect(bench.router("z")?.counters.announcementsSent == 5)
    }
}

@Suite("Reload: timers, announcements, feedback")
struct ReloadTimerTests {
    private func router(
        _ change: (inout VirtualRouterConfiguration) -> Void
    ) -> VirtualRouterConfiguration? {
        guard var result = routerConfiguration() else { return nil }
        change(&result)
        return result
    }

    @Test("a refresh begins, changes and ends under an Active Router")
    func refresh() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(10))
        bench.forget()
        bench.apply([router { $0.announce.refresh = .seconds(60) }], at: at(10))
        bench.apply([router { $0.announce.refresh = .seconds(1) }], at: at(10))
        #expect(bench.announcements == 0)
        bench.run(until: at(15))
        #expect((4...6).contains(bench.announcements))
        bench.apply([routerConfiguration()], at: at(15))
        bench.forget()
        bench.run(until: at(20))
        #expect(bench.announcements == 0)
    }

    @Test("fewer announcements count at once")
    func count() {
        let bench = Bench([router { $0.announce.spacing = .seconds(1) }])
        bench.run(until: at(4))
        #expect(bench.announcements == 1)
        bench.apply([router { $0.announce.count = 1 }], at: at(4))
        bench.run(until: at(20))
        #expect(bench.announcements <= 2)
    }

    @Test("`checksum: auto` begins as it would at a start, not with what was fixed before")
    func checksum() {
        let bench = Bench([routerConfiguration(checksum: .rfc5798)])
        bench.apply([routerConfiguration()], at: at(1))
        #expect(bench.router()?.checksumForm == .rfc9568)
        bench.hear(200, form: .rfc5798, at: at(2))
        bench.apply([routerConfiguration(checksum: .rfc9568)], at: at(2))
        #expect(bench.router()?.checksumForm == .rfc9568)
        bench.apply([routerConfiguration()], at: at(2))
        #expect(bench.router()?.checksumForm == .rfc5798)
    }

    @Test("a shorter start delay ends sooner")
    func startDelay() {
        let bench = Bench([router { $0.startDelay = .seconds(3600) }])
        bench.apply([router { $0.startDelay = .seconds(2) }], at: at(1))
        #expect(bench.router()?.state == .initialize)
        bench.run(until: at(2))
        #expect(bench.router()?.state == .backup)
    }

    @Test("a shorter preempt delay ends sooner")
    func preemptDelay() {
        let bench = Bench([router { $0.preemptDelay = .seconds(3600) }])
        for step in 1...10 {
            if step == 3 { bench.apply([router { $0.preemptDelay = .seconds(4) }], at: at(2.5)) }
            bench.run(until: at(Double(step)))
            bench.hear(50, at: at(Double(step)))
        }
        #expect(bench.router()?.state == .active)
    }

    @Test("parameters reach a router that has no address to speak from")
    func noSource() {
        let bench = Bench([routerConfiguration()])
        bench.removeAddress("192.0.2.3/24", at: at(1))
        bench.apply([routerConfiguration(priority: 200)], at: at(2))
        #expect(bench.router()?.skewTime == .seconds(1) * 56 / 256)
    }

    @Test("a farewell that cannot be sent is not put down to the router that took its place")
    func feedback() {
        let other = routerConfiguration("b", vrid: 52, addresses: ["192.0.2.8/24"])
        let bench = Bench([routerConfiguration("a"), other])
        bench.run(until: at(5))
        bench.engine.apply(
            Configuration(node: "gw1", routers: [other].compactMap { $0 }), at: at(5))
        for effect in bench.engine.effects {
            guard case .send(let router, _, _, _, _) = effect else { continue }
            bench.engine.sendFailed(router: router, code: 100, at: at(5))
        }
        bench.settle(at: at(5))
        #expect(bench.router("b")?.counters.transmitErrors == 0)
    }
}

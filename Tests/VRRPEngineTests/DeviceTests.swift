// Macvlans of virtual routers: what is asked of the thread beside the protocol, step by step.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Macvlans")
struct DeviceTests {
    private func router(vrid: UInt8, name: String? = nil) -> VirtualRouterConfiguration? {
        var router = routerConfiguration(vrid: vrid)
        router?.mac = .virtual
        router?.macvlanName = name
        return router
    }

    /// What was asked since the last call.
    private func asked(_ bench: Bench) -> [DeviceRequest.Operation] {
        let operations = bench.log.compactMap { effect -> DeviceRequest.Operation? in
            if case .changeDevice(_, let request) = effect { return request.operation }
            return nil
        }
        bench.forget()
        return operations
    }

    private func make(_ vrid: UInt64) -> DeviceRequest.Operation {
        .make(
            parent: lanIndex, parentName: "lan0",
            hardwareAddress: MACAddress(rawValue: 0x5e00_0100 | vrid))
    }

    private func tell(_ bench: Bench, _ name: String, vrid: UInt64, isUp: Bool, at now: Instant) {
        bench.engine.observe(
            Link(
                index: 9, name: name, isUp: isUp, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x5e00_0100 | vrid), parent: lanIndex,
                isMarkedOurs: true), at: now)
        bench.engine.advance(to: now)
        bench.settle(at: now)
    }

    private func answer(_ bench: Bench, _ name: String, code: Int32 = 0, at now: Instant) {
        bench.engine.deviceChanged(name: name, code: code, at: now)
        bench.settle(at: now)
    }

    @Test("a router begins once its macvlan is made, and raises it with its addresses")
    func life() {
        let bench = Bench([router(vrid: 51)])
        #expect(asked(bench) == [make(51)])
        #expect(bench.router()?.state == .initialize)
        #expect(bench.router()?.reason == .macvlanMissing)
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: false, at: at(0.1))
        #expect(bench.router()?.state == .initialize, "made, but not finished")
        answer(bench, "vrrp4-51-7", at: at(0.2))
        #expect(bench.router()?.state == .backup)
        bench.run(until: at(4))
        let requests = bench.log.compactMap { effect -> AddressRequest? in
            if case .changeAddresses(let request) = effect { return request }
            return nil
        }
        #expect(requests.map(\.raised) == [[9]])
        #expect(requests.flatMap(\.changes).map(\.interface) == [9])
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: true, at: at(4))
        bench.forget()
        bench.hear(200, at: at(4.5))
        #expect(asked(bench) == [.lower(9)])
    }

    @Test("a refusal is told, and asked again after a second")
    func refusal() {
        let bench = Bench([router(vrid: 51)])
        _ = asked(bench)
        answer(bench, "vrrp4-51-7", code: 16, at: at(0.1))
        #expect(
            bench.events == [.deviceFailed(router: "lan", device: "vrrp4-51-7", code: 16)])
        #expect(asked(bench) == [])
        bench.run(until: at(1.2))
        #expect(asked(bench) == [make(51)])
    }

    @Test("a name that passes to another virtual router: the old macvlan goes first")
    func nameThatMoves() {
        let bench = Bench([router(vrid: 51, name: "gateway0")])
        tell(bench, "gateway0", vrid: 51, isUp: false, at: at(0.1))
        answer(bench, "gateway0", at: at(0.1))
        bench.forget()
        bench.apply([router(vrid: 52, name: "gateway0")], at: at(1))
        #expect(asked(bench) == [.remove(9)])
        bench.engine.observeRemovedLink(9, at: at(1.1))
        answer(bench, "gateway0", at: at(1.1))
        #expect(asked(bench) == [make(52)])
    }

    /// Active since 4 s, its macvlan up.
    private func active() -> Bench {
        let bench = Bench([router(vrid: 51)])
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: false, at: at(0.1))
        answer(bench, "vrrp4-51-7", at: at(0.1))
        bench.run(until: at(4))
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: true, at: at(4))
        bench.forget()
        return bench
    }

    @Test("the interface below goes down first, and then elsewhere")
    func loweredAndMoved() {
        let bench = active()
        bench.engine.observe(
            Link(
                index: lanIndex, name: "lan0", isUp: false, hasCarrier: false,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0007)), at: at(5))
        bench.settle(at: at(5))
        #expect(asked(bench) == [.lower(9)])
        bench.engine.observeRemovedLink(lanIndex, at: at(5.01))
        bench.engine.observe(
            Link(
                index: 9, name: "vrrp4-51-7", isUp: false, hasCarrier: false,
                hardwareAddress: MACAddress(rawValue: 0x5e00_0133), parent: nil,
                isMarkedOurs: true), at: at(5.01))
        bench.settle(at: at(5.01))
        #expect(asked(bench) == [], "one thing at a time")
        answer(bench, "vrrp4-51-7", at: at(5.02))
        #expect(asked(bench) == [.remove(9)])
        answer(bench, "vrrp4-51-7", at: at(5.03))
        let isSettled = bench.engine.isSettled
        #expect(isSettled)
    }

    @Test("a macvlan that is deleted is first told to be down: counted once")
    func deletedOnce() {
        let bench = active()
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: false, at: at(5))
        bench.engine.observeRemovedLink(9, at: at(5))
        // This kernel refuses to set links up: the next attempt is a second later.
        bench.run(until: at(6.1))
        #expect(asked(bench) == [make(51)])
        #expect(bench.router()?.counters.devicesRestored == 1)
    }

    @Test("leaving asks for the removal, and waits for it")
    func leaving() {
        let bench = Bench([router(vrid: 51)])
        tell(bench, "vrrp4-51-7", vrid: 51, isUp: false, at: at(0.1))
        answer(bench, "vrrp4-51-7", at: at(0.1))
        bench.forget()
        bench.engine.leave(at: at(1))
        bench.settle(at: at(1))
        #expect(asked(bench) == [.remove(9)])
        let before = bench.engine.isSettled
        answer(bench, "vrrp4-51-7", at: at(1.1))
        let after = bench.engine.isSettled
        #expect(!before && after)
    }
}

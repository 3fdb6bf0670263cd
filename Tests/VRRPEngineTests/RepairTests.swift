// The kernel refuses, answers late, loses notices; administrators take addresses away: when it is
// tried again, to the instant.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Repairs")
struct RepairTests {
    /// So slow that no advertisement is due while a test looks for another deadline.
    private let slow = routerConfiguration(interval: .seconds(40))
    /// When `slow` takes over.
    private let takeover = at(0) + .seconds(120) + .seconds(40) * 156 / 256

    @Test("five repairs in a second at once, the sixth a second after the first of them")
    func budget() {
        let bench = Bench([slow])
        bench.run(until: at(150))
        for moment in [150.0, 151, 153.5] {
            for repair in 1...6 {
                bench.removeAddress("192.0.2.1/24", at: at(moment))
                #expect(bench.kernel.isEmpty == (repair == 6))
            }
            bench.run(until: at(moment + 0.9995))
            #expect(bench.kernel.isEmpty)
            bench.run(until: at(moment + 1))
            #expect(bench.kernel.count == 1)
        }
        #expect(bench.router()?.counters.addressesRestored == 18)
    }

    @Test("repairs over more than a second do not add up")
    func slowFight() {
        let bench = Bench([slow])
        bench.run(until: at(150))
        for step in 0..<20 {
            bench.removeAddress("192.0.2.1/24", at: at(150 + Double(step) / 4))
            #expect(bench.kernel.count == 1)
        }
    }

    @Test("what the kernel refused is asked for again after exactly a second")
    func refusal() {
        let bench = Bench([slow])
        bench.refuse = 12
        bench.run(until: takeover + .microseconds(999_999))
        #expect(bench.router()?.counters.addressErrors == 1)
        bench.run(until: takeover + .seconds(1))
        #expect(bench.router()?.counters.addressErrors == 2)
        bench.refuse = 0
        bench.run(until: takeover + .seconds(2))
        #expect(bench.kernel.count == 1 && bench.announcements == 1)
    }

    @Test("an address that could not be removed for its new scope goes when the role goes")
    func refusedRemoval() {
        let bench = Bench([slow])
        bench.run(until: at(150))
        var changed = slow
        changed?.addresses[0].scope = .link
        bench.refuse = 16
        bench.apply([changed], at: at(150))
        #expect(bench.kernel.count == 1)
        bench.refuse = 0
        bench.hear(200, at: at(150.5))
        #expect(bench.router()?.state == .backup && bench.kernel.isEmpty)
    }

    @Test("added, taken away by somebody, and only then acknowledged: asked for again")
    func removedInFlight() throws {
        let address = try #require(gateway)
        let bench = Bench([slow])
        bench.isKernelSilent = true
        bench.run(until: takeover)
        let request = try #require(bench.unanswered.first)
        bench.addAddress("192.0.2.1/24", ours: true, at: takeover)
        bench.removeAddress("192.0.2.1/24", at: takeover)
        bench.engine.addressesChanged(token: request.token + 1, results: [0], at: takeover)
        #expect(!bench.isSettled && bench.announcements == 0)
        bench.engine.addressesChanged(token: request.token, results: [0], at: takeover)
        bench.settle(at: takeover)
        #expect(bench.edits.map(\.operation) == [.add, .add])
        #expect(bench.router()?.addresses.first?.installed == false)
        #expect(bench.events.last == .addressRestored(router: "lan", address, device: "lan0"))
        #expect(bench.announcements == 0)
    }

    @Test("an answer without results is a refusal of everything: the kernel took too long")
    func noResults() throws {
        let address = try #require(gateway)
        let bench = Bench([slow])
        bench.isKernelSilent = true
        bench.run(until: takeover)
        let request = try #require(bench.unanswered.first)
        bench.engine.addressesChanged(token: request.token, results: [], at: takeover)
        bench.settle(at: takeover)
        #expect(
            bench.events.last
                == .addressFailed(router: "lan", address, device: "lan0", code: 110))
        #expect(bench.isSettled)
    }

    @Test("what is gone already, or with its interface, counts as removed", arguments: [19, 99])
    func removedAlready(code: Int32) {
        let bench = Bench([slow])
        bench.run(until: at(150))
        bench.refuse = code
        bench.hear(200, at: at(150))
        #expect(bench.router()?.addresses.first?.installed == false)
        #expect(bench.router()?.counters.addressErrors == 0 && bench.isSettled)
    }

    @Test("a turn without anything due is idle, one with work is not")
    func idle() throws {
        let address = try #require(gateway)
        let bench = Bench([slow])
        #expect(bench.isIdle(at: at(1)))
        #expect(bench.isIdle(at: takeover - .nanoseconds(1)) && !bench.isIdle(at: takeover))
        bench.engine.observe(
            KernelAddress(interface: lanIndex, address: address, isMarkedOurs: true), at: at(1))
        #expect(!bench.isIdle(at: at(1)) && !bench.isSettled)
        bench.isKernelSilent = true
        bench.advance(to: at(1))
        #expect(bench.isIdle(at: at(1)) && !bench.isSettled)
    }
}

@Suite("Resynchronisation")
struct ResynchronisationTests {
    private let lan = Link(
        index: lanIndex, name: "lan0", isUp: true, hasCarrier: true,
        hardwareAddress: MACAddress(rawValue: 0x0200_0000_0003))

    @Test("nothing starts before the kernel's tables have been read once")
    func first() {
        var engine = Engine(node: "gw1")
        engine.apply(
            Configuration(node: "gw1", routers: [routerConfiguration()].compactMap { $0 }),
            at: at(0))
        engine.observe(lan, at: at(0))
        engine.endResynchronisation(at: at(0))
        let isIdle = engine.effects.isEmpty
        #expect(isIdle)
        engine.beginResynchronisation()
        engine.observe(lan, at: at(0))
        engine.endResynchronisation(at: at(0))
        #expect(
            engine.effects.last
                == .tell(EngineEvent(at: at(0), .unable(router: "lan", .noSourceAddress()))))
    }

    @Test("while the tables are read nobody leaves, and in the end only who must")
    func meanwhile() {
        let bench = Bench([routerConfiguration()])
        bench.forget()
        bench.engine.beginResynchronisation()
        bench.setLink(hasCarrier: false, at: at(1))
        bench.setLink(at: at(1))
        bench.addAddress("192.0.2.3/24", at: at(1))
        bench.engine.endResynchronisation(at: at(1))
        bench.settle(at: at(1))
        #expect(bench.log.isEmpty)
        bench.engine.beginResynchronisation()
        bench.engine.endResynchronisation(at: at(2))
        bench.settle(at: at(2))
        #expect(bench.router()?.reason == .interfaceMissing)
        #expect(bench.log.contains(.stopListening(interface: lanIndex, .ipv4)))
    }

    @Test("an address of which only an answer told, and that is not there, is missed")
    func onlyAnswered() throws {
        let bench = Bench([routerConfiguration()])
        bench.isKernelSilent = true
        bench.run(until: at(3.7))
        let request = try #require(bench.unanswered.first)
        bench.engine.addressesChanged(token: request.token, results: [0], at: at(3.7))
        bench.engine.beginResynchronisation()
        bench.engine.observe(lan, at: at(3.8))
        bench.addAddress("192.0.2.3/24", at: at(3.8))
        #expect(bench.router()?.addresses.first?.installed == true)
        bench.engine.endResynchronisation(at: at(3.8))
        bench.settle(at: at(3.8))
        #expect(bench.edits.map(\.operation) == [.add, .add])
        #expect(bench.router()?.counters.addressesRestored == 1)
    }

    @Test("an interface of the same name with another number: leaves the one, joins the other")
    func another() throws {
        let own = try #require(InterfaceAddress("192.0.2.4/24"))
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        var new = lan
        new.index = 9
        bench.engine.observe(KernelAddress(interface: 9, address: own), at: at(5))
        bench.engine.observe(new, at: at(5))
        bench.advance(to: at(5))
        #expect(
            bench.log.prefix(5).map { "\($0)".prefix { $0 != "(" } } == [
                "send", "tell", "stopListening", "listen", "tell",
            ])
        #expect(bench.router()?.interfaceIndex == 9 && bench.priorities == [0])
        #expect(bench.router()?.state == .backup && bench.kernel.isEmpty)
        #expect(bench.router()?.primaryAddress == own.address)
    }

    @Test("routers of one interface and family join the group once, and the last one leaves it")
    func listeners() {
        let first = routerConfiguration()
        let second = routerConfiguration("b", vrid: 52, addresses: ["192.0.2.9/24"])
        let bench = Bench([first, second])
        #expect(bench.log.count { $0 == .listen(interface: lanIndex, .ipv4) } == 1)
        bench.forget()
        bench.apply([second], at: at(1))
        #expect(!bench.log.contains(.stopListening(interface: lanIndex, .ipv4)))
        bench.apply([], at: at(2))
        #expect(bench.log.count { $0 == .stopListening(interface: lanIndex, .ipv4) } == 1)
        bench.apply([first], at: at(3))
        #expect(bench.log.last { $0 == .listen(interface: lanIndex, .ipv4) } != nil)
    }

    @Test("an address gets its place when the device it belongs on appears")
    func lateDevice() {
        var configuration = routerConfiguration(addresses: ["192.0.2.1/24", "198.51.100.1/24"])
        configuration?.addresses[1].interface = "dmz0"
        let bench = Bench([configuration])
        bench.run(until: at(5))
        #expect(bench.router()?.addresses.map(\.installed) == [true, false])
        bench.forget()
        bench.engine.observe(
            Link(
                index: 9, name: "dmz0", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0009)), at: at(5))
        bench.advance(to: at(5))
        #expect(bench.edits.filter { $0.interface == 9 }.map(\.operation) == [.add])
        #expect(bench.router()?.addresses.map(\.installed) == [true, true])
        #expect(bench.router()?.state == .active && bench.sent.isEmpty)
    }
}

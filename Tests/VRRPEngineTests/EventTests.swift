// What operators are told: each with everything that they want to know, once, and again only when
// there is something new.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Events")
struct EventTests {
    private let peer = IPAddress.v4(peerAddress)
    private let second = IPv4Address(192, 0, 2, 1)
    private let lone: [IPAddress] = [.v4(IPv4Address(192, 0, 2, 9))]

    private func fresh(_ configuration: VirtualRouterConfiguration?) -> Bench {
        let bench = Bench([configuration])
        bench.forget()
        return bench
    }

    @Test("another interval is told once for each interval, and counted each time")
    func intervals() {
        let bench = fresh(routerConfiguration())
        for seconds in [4, 4, 1, 4, 5, 4] {
            bench.hear(200, interval: .seconds(seconds), at: at(1))
        }
        func told(_ seconds: Int) -> EngineEvent.Kind {
            .intervalMismatch(
                router: "lan", source: peer, theirs: .seconds(seconds), own: .seconds(1))
        }
        #expect(bench.events == [told(4), told(5), told(4)])
        #expect(bench.router()?.counters.intervalErrors == 5)
    }

    @Test("another list of addresses is told once for each sender, and counted each time")
    func lists() {
        let bench = fresh(routerConfiguration())
        for source in [peerAddress, peerAddress, second, peerAddress] {
            bench.hear(200, from: source, addresses: lone, at: at(1))
        }
        #expect(
            bench.events
                == [peerAddress, second, peerAddress].map {
                    .addressListMismatch(router: "lan", source: .v4($0))
                })
        #expect(bench.router()?.counters.addressListErrors == 4)
    }

    @Test("a list is compared with the addresses of the last reload")
    func reloadedList() {
        let bench = fresh(routerConfiguration())
        bench.apply([routerConfiguration(addresses: ["192.0.2.9/24"])], at: at(1))
        bench.hear(200, addresses: lone, at: at(2))
        #expect(bench.router()?.counters.addressListErrors == 0)
        bench.hear(200, at: at(2))
        #expect(bench.router()?.counters.addressListErrors == 1)
    }

    @Test("a farewell is not compared with anything")
    func farewell() {
        let bench = fresh(routerConfiguration())
        bench.hear(0, interval: .seconds(4), addresses: lone, at: at(1))
        #expect(bench.events.isEmpty)
        #expect(bench.router()?.counters.intervalErrors == 0)
    }

    @Test("another owner, and another router of the same priority, are told once for each")
    func conflicts() {
        let owner = fresh(routerConfiguration(priority: 255))
        for source in [peerAddress, peerAddress, second] {
            owner.hear(255, from: source, at: at(1))
        }
        owner.hear(100, at: at(1))
        #expect(
            owner.events == [
                .ownerConflict(router: "lan", source: peer),
                .ownerConflict(router: "lan", source: .v4(second)),
            ])
        #expect(owner.router()?.counters.ownerConflicts == 3)
        let equal = fresh(routerConfiguration())
        for source in [peerAddress, peerAddress, second] {
            equal.hear(100, from: source, at: at(1))
        }
        equal.hear(255, at: at(1))
        equal.hear(99, at: at(1))
        #expect(
            equal.events == [
                .equalPriority(router: "lan", source: peer, Priority(100)),
                .equalPriority(router: "lan", source: .v4(second), Priority(100)),
            ])
        #expect(equal.router()?.counters.ownerConflicts == 0)
    }

    @Test("differences that take turns: five of a kind in ten seconds, and all are counted")
    func turns() {
        let bench = fresh(routerConfiguration(checksum: .auto))
        func quarrel(_ seconds: Double) {
            for source in [peerAddress, second] {
                bench.hear(
                    100, from: source, interval: .seconds(source == second ? 3 : 2),
                    addresses: lone, at: at(seconds))
            }
        }
        for turn in 0..<500 { quarrel(1 + Double(turn) / 100) }
        func count(_ isOfKind: (EngineEvent.Kind) -> Bool) -> Int {
            bench.events.count(where: isOfKind)
        }
        func counts() -> [Int] {
            [
                count { if case .intervalMismatch = $0 { true } else { false } },
                count { if case .addressListMismatch = $0 { true } else { false } },
                count { if case .equalPriority = $0 { true } else { false } },
            ]
        }
        #expect(counts() == [5, 5, 5])
        #expect(bench.router()?.counters.intervalErrors == 1000)
        #expect(bench.router()?.counters.addressListErrors == 1000)
        for turn in 0..<500 { quarrel(11 + Double(turn) / 100) }
        #expect(counts() == [10, 10, 10])
    }

    @Test("what was told is told anew to a router that was changed, and to no other")
    func toldAnew() {
        let bench = Bench([
            routerConfiguration(), routerConfiguration("b", vrid: 52, addresses: ["192.0.2.9/24"]),
        ])
        func hear() {
            bench.hear(100, at: at(1))
            bench.hear(100, vrid: 52, addresses: lone, at: at(1))
        }
        hear()
        bench.forget()
        bench.apply(
            [
                routerConfiguration(),
                routerConfiguration("b", vrid: 52, addresses: ["192.0.2.9/24"], checksum: .rfc9568),
                routerConfiguration("c", vrid: 53, addresses: ["192.0.2.10/24"]),
            ], at: at(1))
        hear()
        let start = Transition(from: .initialize, to: .backup, reason: .startup)
        #expect(
            bench.events == [
                .transition(router: "c", start, priority: Priority(100)),
                .configured(added: ["c"], changed: ["b"], removed: []),
                .equalPriority(router: "b", source: peer, Priority(100)),
            ])
    }

    @Test("the form of the checksum is told when it changes")
    func checksumForm() {
        let bench = fresh(routerConfiguration())
        for form in [ChecksumForm.rfc9568, .rfc5798, .rfc5798, .rfc9568] {
            bench.hear(200, form: form, at: at(1))
        }
        #expect(
            bench.events
                == [.rfc5798, .rfc9568].map { .checksumForm(router: "lan", source: peer, $0) })
        #expect(bench.router()?.counters.otherChecksumForm == 2)
        #expect(bench.router()?.activeRouter?.checksumForm == .rfc9568)
    }

    @Test("the form that was heard is the form that is sent")
    func sentForm() throws {
        for form in [ChecksumForm.rfc9568, .rfc5798] {
            let bench = fresh(routerConfiguration())
            bench.hear(200, form: .rfc5798, at: at(1))
            bench.hear(0, form: form, at: at(1))
            bench.run(until: at(2))
            let message = try #require(bench.sent.first)
            let header = DatagramHeader(
                source: .v4(ownAddress), destination: .v4(.vrrpGroup), hopLimit: 255)
            let decoded = try AdvertisementHeader(decoding: message.span.bytes, header: header)
            #expect(decoded.checksumForm == form)
        }
    }

    @Test("why a router cannot take part is told once, and again after it could")
    func unable() {
        let bench = fresh(routerConfiguration())
        bench.setLink(hasCarrier: false, at: at(1))
        bench.setLink(isUp: false, hasCarrier: false, at: at(2))
        bench.setLink(at: at(3))
        bench.setLink(hasCarrier: false, at: at(4))
        let start = Transition(from: .initialize, to: .backup, reason: .startup)
        let stop = Transition(from: .backup, to: .initialize, reason: .interfaceDown)
        let fall: [EngineEvent.Kind] = [
            .transition(router: "lan", stop, priority: Priority(100)),
            .unable(router: "lan", .interfaceDown),
        ]
        #expect(
            bench.events
                == fall + [.transition(router: "lan", start, priority: Priority(100))] + fall)
        #expect(!bench.log.contains(.stopListening(interface: lanIndex, .ipv4)))
        bench.forget()
        bench.setLink(name: "other", hasCarrier: false, at: at(5))
        #expect(bench.events == [.unable(router: "lan", .interfaceMissing)])
        #expect(bench.router()?.reason == .interfaceMissing)
    }

    @Test("deaf on an interface: its name, the family and the errno")
    func listenFailed() {
        let bench = fresh(routerConfiguration())
        bench.engine.listenFailed(interface: lanIndex, family: .ipv4, code: 105, at: at(1))
        bench.settle(at: at(1))
        #expect(bench.events == [.listenFailed(interface: "lan0", .ipv4, code: 105)])
    }

    @Test("a leftover is told when it is removed, and left alone where this daemon has no business")
    func cleared() throws {
        let leftover = try #require(InterfaceAddress("192.0.2.77/24"))
        let own = try #require(gateway)
        let bench = fresh(routerConfiguration())
        bench.addAddress("192.0.2.77/24", ours: true, at: at(1))
        bench.addAddress("192.0.2.1/24", ours: true, at: at(1))
        #expect(
            bench.events == [
                .addressCleared(leftover, device: "lan0"), .addressCleared(own, device: "lan0"),
            ])
        #expect(bench.edits.map(\.operation) == [.remove, .remove])
        bench.forget()
        bench.engine.observe(
            Link(
                index: 9, name: "dmz0", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0009)), at: at(2))
        for index in [9, 10] as [Int32] {
            bench.engine.observe(
                KernelAddress(interface: index, address: leftover, isMarkedOurs: true), at: at(2))
        }
        bench.advance(to: at(2))
        #expect(bench.events.isEmpty && bench.edits.isEmpty)
    }

    @Test("somebody else's virtual address is told at the takeover, but not to its owner")
    func foreign() throws {
        let address = try #require(gateway)
        let bench = fresh(routerConfiguration())
        bench.addAddress("192.0.2.1/24", at: at(1))
        #expect(bench.events.isEmpty)
        bench.run(until: at(5))
        #expect(
            bench.events.dropLast()
                == [.addressForeign(router: "lan", address, device: "lan0")])
        let owner = fresh(routerConfiguration(addresses: ["192.0.2.8/24"]))
        owner.addAddress("192.0.2.1/24", at: at(1))
        owner.apply([routerConfiguration(priority: 255)], at: at(2))
        owner.run(until: at(3))
        #expect(owner.router()?.state == .active && owner.announcements == 5)
        #expect(
            !owner.events.contains(.addressForeign(router: "lan", address, device: "lan0")))
    }

    @Test("an address that the kernel has already is announced and told; a refused one is told")
    func answers() throws {
        let address = try #require(gateway)
        let bench = fresh(routerConfiguration())
        bench.refuse = 17
        bench.run(until: at(3.7))
        #expect(
            bench.events.last == .addressForeign(router: "lan", address, device: "lan0"))
        #expect(bench.announcements == 1 && bench.router()?.addresses.first?.foreign == true)
        let refused = fresh(routerConfiguration())
        refused.refuse = 13
        refused.run(until: at(3.7))
        #expect(
            refused.events.last
                == .addressFailed(router: "lan", address, device: "lan0", code: 13))
        refused.refuse = 0
        refused.run(until: at(5))
        refused.forget()
        refused.removeAddress("192.0.2.1/24", at: at(5))
        #expect(
            refused.events == [.addressRestored(router: "lan", address, device: "lan0")])
    }
}

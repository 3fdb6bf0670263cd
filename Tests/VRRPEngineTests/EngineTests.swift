// The engine with a kernel that works: election, addresses, announcements, interfaces, reload.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Takeover")
struct TakeoverTests {
    @Test("advertisement, then addresses, then announcements; and the first round at once")
    func order() {
        let bench = Bench([routerConfiguration()])
        bench.forget()
        bench.run(until: at(3.7))
        let kinds = bench.log.map { effect in
            switch effect {
            case .sign: "sign"
            case .send: "send"
            case .announce: "announce"
            case .advertise: "advertise"
            case .changeDevice: "device"
            case .changeAddresses: "change"
            case .listen: "listen"
            case .stopListening: "stop"
            case .listenForSolicitations, .stopListeningForSolicitations: "solicitations"
            case .tell: "tell"
            }
        }
        #expect(kinds == ["send", "tell", "change", "announce"])
        #expect(bench.kernel == Set([gateway].compactMap { $0 }))
        #expect(bench.router()?.state == .active)
    }

    @Test("announcements are repeated `count` times, `spacing` apart")
    func rounds() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(10))
        #expect(bench.announcements == 5)
    }

    @Test("a thousand addresses are asked for in pieces, and all are announced")
    func manyAddresses() {
        let many = (0..<250).map { "10.0.0.\($0)/32" }
        let bench = Bench([routerConfiguration(addresses: many)])
        bench.run(until: at(3.7))
        let requests = bench.log.compactMap { effect -> Int? in
            if case .changeAddresses(let request) = effect { return request.changes.count }
            return nil
        }
        #expect(requests == [64, 64, 64, 58])
        #expect(bench.kernel.count == 250 && bench.announcements == 250)
    }

    @Test("leaving sends one priority 0 and gives the addresses back")
    func leaving() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        bench.engine.leave(at: at(5))
        bench.settle(at: at(5))
        #expect(bench.priorities == [0])
        #expect(bench.kernel.isEmpty && bench.engine.isSettled)
        bench.setLink(hasCarrier: false, at: at(6))
        bench.setLink(at: at(6))
        #expect(bench.router()?.state == .initialize)
    }

    @Test("all that is due at an instant happens in one turn, and what was done is forgotten")
    func oneTurn() {
        let routers = (1...5).map { number in
            routerConfiguration(
                "r\(number)", vrid: number, addresses: ["192.0.2.\(100 + number)/24"])
        }
        let bench = Bench(routers)
        bench.advance(to: bench.engine.nextDeadline ?? at(0))
        #expect(bench.sent.count == 5 && bench.kernel.count == 5)
        let isForgotten = bench.engine.effects.isEmpty && bench.engine.outbox.isEmpty
        #expect(isForgotten)
    }

    @Test("refused addresses are told and tried again")
    func refused() {
        let bench = Bench([routerConfiguration()])
        bench.refuse = 12
        bench.run(until: at(3.7))
        #expect(bench.router()?.counters.addressErrors == 1)
        #expect(bench.announcements == 0)
        bench.refuse = 0
        bench.run(until: at(4.7))
        #expect(bench.kernel.count == 1 && bench.announcements > 0)
    }
}

@Suite("Packets")
struct PacketTests {
    @Test("nothing malformed moves a Backup: not its timer, not its interval, not what it knows")
    func malformed() {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, at: at(1))
        let before = bench.router()
        bench.hear(200, interval: .seconds(9), hopLimit: 254, at: at(2))
        bench.hear(200, damage: { $0[6] ^= 1 }, at: at(2))
        bench.hear(200, damage: { $0[0] = 0x41 }, at: at(2))
        bench.hear(200, damage: { $0[0] = 0x32 }, at: at(2))
        bench.hear(200, damage: { $0.removeLast() }, at: at(2))
        bench.hear(200, damage: { $0 = [0x31, 51] }, at: at(2))
        bench.hear(200, version: .v2, at: at(2))
        bench.hear(200, from: ownAddress, at: at(2))
        bench.hear(200, destination: .v4(ownAddress), at: at(2))
        let after = bench.router()
        #expect(after?.remaining == before?.remaining)
        #expect(after?.activeRouter == before?.activeRouter)
        #expect(after?.counters.advertisementsReceived == 1)
        #expect(after?.counters.ttlErrors == 1)
        #expect(after?.counters.checksumErrors == 1)
        #expect(after?.counters.versionErrors == 2)
        #expect(after?.counters.typeErrors == 1)
        #expect(after?.counters.lengthErrors == 2)
        #expect(after?.counters.otherDiscards == 2)
    }

    @Test("an unknown VRID is counted for the daemon")
    func unknown() {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, vrid: 77, at: at(1))
        #expect(bench.engine.snapshot(at: at(1)).counters.vridErrors == 1)
    }

    @Test("a flood of bad packets makes one event in ten seconds, with the number of the others")
    func flood() {
        let bench = Bench([routerConfiguration()])
        bench.forget()
        for step in 0..<1001 { bench.hear(200, hopLimit: 1, at: at(1 + Double(step) / 100)) }
        #expect(bench.events.count == 2)
        guard case .discarded(_, _, _, _, let suppressed)? = bench.events.last else {
            Issue.record("no event")
            return
        }
        #expect(suppressed == 999)
    }

    @Test("auto checksum follows the other router of the segment, and only then")
    func checksum() {
        let bench = Bench([routerConfiguration()])
        bench.hear(50, form: .rfc5798, at: at(1))
        #expect(bench.router()?.checksumForm == .rfc5798)
        let fixed = Bench([routerConfiguration(checksum: .rfc9568)])
        fixed.hear(50, form: .rfc5798, at: at(1))
        #expect(fixed.router()?.checksumForm == .rfc9568)
        #expect(fixed.router()?.counters.otherChecksumForm == 1)
    }

    @Test("version 3 processes another interval or list and counts it; version 2 discards both")
    func mismatches() {
        let other: [IPAddress] = [.v4(IPv4Address(192, 0, 2, 9))]
        let third = Bench([routerConfiguration()])
        third.hear(200, interval: .seconds(4), addresses: other, at: at(1))
        #expect(third.router()?.counters.intervalErrors == 1)
        #expect(third.router()?.counters.addressListErrors == 1)
        #expect(third.router()?.counters.advertisementsReceived == 1)
        let second = Bench([routerConfiguration(version: .v2)])
        second.hear(200, version: .v2, interval: .seconds(4), at: at(1))
        second.hear(200, version: .v2, addresses: other, at: at(1))
        #expect(second.router()?.counters.intervalErrors == 1)
        #expect(second.router()?.counters.addressListErrors == 1)
        #expect(second.router()?.counters.advertisementsReceived == 0)
        second.hear(255, version: .v2, addresses: other, at: at(1))
        #expect(second.router()?.counters.advertisementsReceived == 1)
    }

    @Test("priority 0 carries a correct checksum")
    func patchedPriority() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        bench.engine.leave(at: at(5))
        bench.settle(at: at(5))
        #expect(bench.sent.allSatisfy { bench.isValid($0) })
    }
}

@Suite("The kernel and its administrators")
struct KernelTests {
    @Test("an address that somebody deletes is put back at once, and announced")
    func deleted() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        bench.removeAddress("192.0.2.1/24", at: at(5))
        #expect(bench.kernel.count == 1 && bench.announcements == 1)
        #expect(bench.router()?.counters.addressesRestored == 1)
    }

    @Test("an endless fight is fought slowly")
    func fight() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        for _ in 0..<20 { bench.removeAddress("192.0.2.1/24", at: at(5)) }
        #expect(bench.router()?.counters.addressesRestored ?? 0 <= 6)
        bench.run(until: at(6.1))
        #expect(bench.kernel.count == 1)
    }

    @Test("an administrator's own address is used, and never removed")
    func foreign() {
        let bench = Bench([routerConfiguration()])
        bench.addAddress("192.0.2.1/24", at: at(1))
        bench.forget()
        bench.run(until: at(5))
        bench.engine.leave(at: at(5))
        bench.settle(at: at(5))
        #expect(
            !bench.log.contains { effect in
                if case .changeAddresses = effect { return true }
                return false
            })
        #expect(bench.announcements > 0)
    }

    @Test("a leftover with our mark is removed from a Backup")
    func leftover() {
        let bench = Bench([routerConfiguration()])
        bench.addAddress("192.0.2.1/24", ours: true, at: at(1))
        bench.addAddress("192.0.2.77/24", ours: true, at: at(1))
        let removed = bench.log.reduce(0) { count, effect in
            if case .changeAddresses(let request) = effect { return count + request.changes.count }
            return count
        }
        #expect(removed == 2)
    }

    @Test("carrier, name, primary address: without one of them it leaves, and comes back")
    func interface() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.setLink(hasCarrier: false, at: at(5))
        #expect(bench.router()?.state == .initialize)
        #expect(bench.router()?.reason == .interfaceDown)
        #expect(bench.kernel.isEmpty)
        bench.setLink(at: at(6))
        #expect(bench.router()?.state == .backup)
        bench.setLink(name: "other0", at: at(7))
        #expect(bench.router()?.reason == .interfaceMissing)
        bench.setLink(at: at(8))
        bench.run(until: at(12))
        #expect(bench.router()?.state == .active)
        bench.forget()
        bench.removeAddress("192.0.2.3/24", at: at(12))
        #expect(bench.router()?.reason == .noSourceAddress())
        #expect(bench.sent.isEmpty)
        bench.addAddress("192.0.2.4/24", at: at(13))
        #expect(bench.router()?.primaryAddress == .v4(IPv4Address(192, 0, 2, 4)))
    }

    @Test("a resynchronisation finds what went away meanwhile")
    func resynchronisation() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        bench.engine.beginResynchronisation()
        bench.setLink(at: at(5))
        bench.addAddress("192.0.2.3/24", at: at(5))
        bench.engine.endResynchronisation(at: at(5))
        bench.settle(at: at(5))
        #expect(bench.router()?.counters.addressesRestored == 1)
        #expect(bench.router()?.state == .active)
    }
}

@Suite("Reload")
struct ReloadTests {
    @Test("the same configuration again has no effect at all")
    func unchanged() {
        let bench = Bench([
            routerConfiguration(), routerConfiguration("b", vrid: 52, addresses: ["192.0.2.8/24"]),
        ])
        bench.run(until: at(5))
        bench.forget()
        let deadline = bench.engine.nextDeadline
        bench.apply(
            [
                routerConfiguration(),
                routerConfiguration("b", vrid: 52, addresses: ["192.0.2.8/24"]),
            ], at: at(5))
        #expect(bench.log.isEmpty && bench.engine.nextDeadline == deadline)
    }

    @Test("routers come and go without touching the others")
    func difference() {
        let other = routerConfiguration("b", vrid: 52, addresses: ["192.0.2.8/24"])
        let bench = Bench([routerConfiguration(), other])
        bench.run(until: at(5))
        bench.forget()
        bench.apply([other], at: at(5))
        #expect(bench.priorities == [0])
        #expect(bench.kernel == Set([InterfaceAddress("192.0.2.8/24")].compactMap { $0 }))
        bench.forget()
        bench.apply(
            [routerConfiguration("a", vrid: 9, addresses: ["192.0.2.9/24"]), other], at: at(6))
        #expect(bench.sent.isEmpty)
        bench.run(until: at(12))
        #expect(bench.kernel.count == 2)
        #expect(bench.router("b")?.counters.becameActive == 1)
    }

    @Test("a new owner speaks at once; another VRID under an old name is another router")
    func newcomers() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        let owner = routerConfiguration("o", priority: 255, vrid: 9, addresses: ["192.0.2.3/24"])
        bench.apply([routerConfiguration(), owner], at: at(5))
        #expect(bench.priorities == [255] && bench.router()?.state == .active)
        bench.forget()
        bench.apply([routerConfiguration(vrid: 52), owner], at: at(6))
        #expect(bench.priorities == [0] && bench.router()?.state == .backup)
        bench.hear(200, at: at(6))
        bench.hear(200, vrid: 52, at: at(6))
        #expect(bench.router()?.counters.advertisementsReceived == 1)
    }

    @Test("a router may take part as soon as a reload says that its carrier does not matter")
    func untracked() {
        let bench = Bench([routerConfiguration()])
        bench.setLink(hasCarrier: false, at: at(1))
        var untracked = routerConfiguration()
        untracked?.trackInterface = false
        bench.apply([untracked], at: at(2))
        #expect(bench.router()?.state == .backup)
        bench.apply([routerConfiguration()], at: at(3))
        #expect(bench.router()?.reason == .interfaceDown)
    }

    @Test("addresses change in place, under an Active Router")
    func addresses() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.forget()
        bench.apply([routerConfiguration(addresses: ["192.0.2.1/24", "192.0.2.5/24"])], at: at(5))
        #expect(bench.kernel.count == 2)
        #expect(bench.router()?.state == .active && bench.sent.isEmpty)
    }
}

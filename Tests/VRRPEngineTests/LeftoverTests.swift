// Addresses that nobody expects: there before a router, on their way out, left behind, refused.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Addresses that nobody expects")
struct LeftoverTests {
    private let slow = routerConfiguration(interval: .seconds(40))
    private let dmz = Link(
        index: 9, name: "dmz0", isUp: true, hasCarrier: true,
        hardwareAddress: MACAddress(rawValue: 0x0200_0000_0009))

    private func onDMZ(_ addresses: [String] = ["192.0.2.1/24", "198.51.100.1/24"])
        -> VirtualRouterConfiguration?
    {
        var result = routerConfiguration(addresses: addresses)
        result?.addresses[addresses.count - 1].interface = "dmz0"
        return result
    }

    @Test("leftovers whose removal was refused are tried again a second after the first refusal")
    func refusedLeftovers() {
        let bench = Bench([slow])
        bench.refuse = 16
        bench.forget()
        bench.addAddress("192.0.2.77/24", ours: true, at: at(1))
        bench.addAddress("192.0.2.77/24", ours: true, at: at(1.2))
        bench.addAddress("192.0.2.78/24", ours: true, at: at(1.5))
        #expect(bench.edits.count == 2 && bench.events.count == 2)
        #expect(bench.engine.nextDeadline == at(2))
        bench.forget()
        bench.refuse = 0
        bench.advance(to: at(1.999))
        #expect(bench.edits.isEmpty)
        bench.advance(to: at(2))
        #expect(bench.edits.map(\.operation) == [.remove, .remove])
        #expect(bench.engine.nextDeadline ?? at(0) > at(100))
    }

    @Test("a removal that was refused when the carrier went is tried again in Initialize")
    func refusedInInitialize() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.refuse = 16
        bench.setLink(hasCarrier: false, at: at(5))
        #expect(bench.kernel.count == 1)
        bench.refuse = 0
        bench.run(until: at(5.999))
        #expect(bench.kernel.count == 1)
        bench.run(until: at(6))
        #expect(bench.kernel.isEmpty)
    }

    @Test("an address of ours that is still there at the takeover is announced, and is not foreign")
    func oursStill() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.refuse = 16
        bench.hear(200, at: at(5))
        bench.hear(0, at: at(5))
        bench.forget()
        bench.run(until: at(5.7))
        #expect(bench.router()?.state == .active && bench.announcements == 1)
        #expect(bench.events.count == 1 && bench.edits.isEmpty)
    }

    @Test("an address on its way out is not announced before it is back")
    func onItsWayOut() throws {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.isKernelSilent = true
        bench.hear(200, at: at(5))
        bench.hear(0, at: at(5))
        bench.forget()
        bench.run(until: at(5.7))
        #expect(bench.router()?.state == .active && bench.announcements == 0)
        let removal = try #require(bench.unanswered.first)
        bench.isKernelSilent = false
        bench.engine.addressesChanged(token: removal.token, results: [0], at: at(5.7))
        bench.settle(at: at(5.7))
        #expect(bench.edits.map(\.operation) == [.add] && bench.announcements == 1)
        // Each request has a name of its own: an old answer is nobody's.
        bench.isKernelSilent = true
        bench.removeAddress("192.0.2.1/24", at: at(5.8))
        bench.engine.addressesChanged(token: removal.token, results: [0], at: at(5.8))
        #expect(!bench.isSettled)
    }

    @Test("ours by its mark, then refused as existing: still ours, and removed in the end")
    func existsAndIsOurs() throws {
        let bench = Bench([slow])
        bench.isKernelSilent = true
        bench.run(until: at(150))
        let request = try #require(bench.unanswered.first)
        bench.addAddress("192.0.2.1/24", ours: true, at: at(150))
        bench.isKernelSilent = false
        bench.engine.addressesChanged(token: request.token, results: [17], at: at(150))
        bench.settle(at: at(150))
        #expect(bench.router()?.addresses.first?.foreign == false && bench.announcements == 1)
        bench.forget()
        bench.hear(200, at: at(150))
        #expect(bench.edits.map(\.operation) == [.remove])
    }

    @Test("what we asked for ourselves is not told as a leftover, however late its notice")
    func notLeftover() throws {
        let wanted = Bench([slow])
        wanted.refuse = 12
        wanted.run(until: at(145))
        wanted.forget()
        wanted.addAddress("192.0.2.1/24", ours: true, at: at(145.1))
        #expect(wanted.events.isEmpty)
        let late = Bench([slow])
        late.isKernelSilent = true
        late.run(until: at(145))
        late.hear(200, at: at(145))
        late.forget()
        late.addAddress("192.0.2.1/24", ours: true, at: at(145))
        #expect(late.events.isEmpty)
    }

    @Test("what was there before its router is found: an administrator's kept, a leftover removed")
    func before() throws {
        let bench = Bench([routerConfiguration()])
        bench.addAddress("192.0.2.9/24", at: at(1))
        bench.engine.observe(dmz, at: at(1))
        let leftover = try #require(InterfaceAddress("198.51.100.1/24"))
        bench.engine.observe(
            KernelAddress(interface: 9, address: leftover, isMarkedOurs: true), at: at(1))
        bench.settle(at: at(1))
        bench.forget()
        bench.apply([onDMZ(["192.0.2.1/24", "192.0.2.9/24", "198.51.100.1/24"])], at: at(2))
        #expect(bench.edits.map(\.interface) == [9])
        #expect(bench.edits.map(\.operation) == [.remove])
        #expect(bench.router()?.addresses.map(\.foreign) == [false, true, false])
    }

    @Test("a link that was deleted takes an administrator's addresses along, too")
    func deletedForeign() {
        let bench = Bench([routerConfiguration()])
        bench.addAddress("192.0.2.1/24", at: at(1))
        bench.engine.observeRemovedLink(lanIndex, at: at(2))
        bench.setLink(at: at(3))
        bench.addAddress("192.0.2.3/24", at: at(3))
        bench.run(until: at(7))
        #expect(bench.edits.map(\.operation) == [.add] && bench.kernel.count == 1)
    }

    @Test("an address that a reload takes from an Active Router goes, even after a refusal")
    func refusedInReload() {
        let bench = Bench([routerConfiguration(addresses: ["192.0.2.1/24", "192.0.2.5/24"])])
        bench.run(until: at(5))
        bench.refuse = 16
        bench.apply([routerConfiguration()], at: at(5))
        #expect(bench.kernel.count == 2 && bench.router()?.counters.addressErrors == 0)
        bench.refuse = 0
        bench.run(until: at(6))
        #expect(bench.kernel.count == 1)
    }

    @Test("an address that could not change its scope goes at once when a reload drops it")
    func droppedWhileHeld() {
        let both = ["192.0.2.1/24", "192.0.2.5/24"]
        let bench = Bench([routerConfiguration(addresses: both)])
        bench.run(until: at(5))
        var changed = routerConfiguration(addresses: both)
        changed?.addresses[1].scope = .link
        bench.refuse = 16
        bench.apply([changed], at: at(5))
        bench.refuse = 0
        bench.apply([routerConfiguration()], at: at(5.1))
        #expect(bench.kernel.count == 1)
    }

    @Test("an address moves to a device that a reload names and that appears later")
    func deviceAfterReload() {
        let bench = Bench([routerConfiguration(addresses: ["192.0.2.1/24", "198.51.100.1/24"])])
        bench.run(until: at(5))
        bench.apply([onDMZ()], at: at(5))
        #expect(bench.kernel == Set([gateway].compactMap { $0 }))
        bench.forget()
        bench.engine.observe(dmz, at: at(6))
        bench.advance(to: at(6))
        #expect(bench.edits.map(\.interface) == [9] && bench.edits.map(\.operation) == [.add])
    }

    @Test("an address leaves a device that does not bear its name any more")
    func renamedDevice() {
        let bench = Bench([onDMZ()])
        bench.engine.observe(dmz, at: at(1))
        bench.run(until: at(5))
        bench.forget()
        var renamed = dmz
        renamed.name = "other"
        bench.engine.observe(renamed, at: at(5))
        bench.advance(to: at(5))
        #expect(bench.edits.map(\.interface) == [9] && bench.edits.map(\.operation) == [.remove])
        #expect(bench.router()?.state == .active)
    }

    @Test("a link that was deleted takes its addresses along, whoever gets its number")
    func deletedLink() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(5))
        bench.engine.observeRemovedLink(lanIndex, at: at(5))
        bench.kernel = []
        bench.setLink(name: "other", at: at(6))
        bench.addAddress("192.0.2.3/24", at: at(6))
        bench.apply([routerConfiguration(checksum: .rfc9568)], at: at(6))
        #expect(bench.router()?.reason == .interfaceMissing)
        bench.engine.observeRemovedLink(lanIndex, at: at(6))
        bench.setLink(at: at(7))
        #expect(bench.router()?.reason == .noSourceAddress())
        bench.addAddress("192.0.2.3/24", at: at(7))
        bench.run(until: at(11))
        #expect(bench.router()?.state == .active && bench.kernel.count == 1)
        #expect(bench.router()?.counters.addressesRestored == 0)
        #expect(bench.router()?.addresses.first?.foreign == false)
    }
}

@Suite("Sources")
struct SourceTests {
    private let other = IPAddress.v4(IPv4Address(192, 0, 2, 4))

    @Test("the primary address is the source, a secondary one only where there is no other")
    func secondary() throws {
        let bench = Bench([routerConfiguration()])
        bench.removeAddress("192.0.2.3/24", at: at(1))
        for (text, isSecondary) in [
            ("192.0.2.5/24", true), ("192.0.2.6/24", true),
            ("192.0.2.4/24", false),
        ] {
            let address = try #require(InterfaceAddress(text))
            bench.engine.observe(
                KernelAddress(interface: lanIndex, address: address, isSecondary: isSecondary),
                at: at(2))
            let source = bench.router()?.primaryAddress
            #expect(source == (isSecondary ? IPAddress("192.0.2.5") : other))
        }
    }

    @Test("a source that a reload makes virtual is a source no more, until another reload")
    func virtual() {
        let bench = Bench([routerConfiguration()])
        bench.addAddress("192.0.2.4/24", at: at(1))
        let claim = routerConfiguration("b", vrid: 52, addresses: ["192.0.2.3/24"])
        bench.apply([routerConfiguration(), claim], at: at(2))
        #expect(bench.router()?.primaryAddress == other)
        bench.apply([routerConfiguration()], at: at(3))
        #expect(bench.router()?.primaryAddress == .v4(ownAddress))
    }

    @Test("an owner's own address is its source, and without it there is none")
    func owner() {
        let bench = Bench([routerConfiguration(priority: 255)])
        bench.addAddress("192.0.2.1/24", at: at(1))
        bench.removeAddress("192.0.2.3/24", at: at(2))
        #expect(bench.router()?.primaryAddress == gateway?.address)
        bench.removeAddress("192.0.2.1/24", at: at(3))
        #expect(bench.router()?.reason == .noSourceAddress())
    }
}

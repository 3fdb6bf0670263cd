// What `vrrpctl show` tells of a router in each state, field by field.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Snapshots")
struct SnapshotTests {
    private let peer = IPAddress.v4(peerAddress)
    private let own = IPAddress.v4(ownAddress)

    private func snapshot(_ bench: Bench, at now: Instant) throws -> RouterSnapshot {
        try #require(bench.engine.snapshot(at: now).routers.first)
    }

    @Test("in Initialize: why, since when, and nobody is Active")
    func initialize() throws {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, at: at(1))
        bench.setLink(hasCarrier: false, at: at(2))
        let router = try snapshot(bench, at: at(3))
        #expect(router.state == .initialize && router.since == at(2))
        #expect(router.reason == .interfaceDown && router.interfaceIndex == lanIndex)
        #expect(router.activeRouter == nil && router.remaining == nil)
        #expect(router.primaryAddress == own)
        bench.setLink(at: at(4))
        #expect(try snapshot(bench, at: at(4)).activeRouter == nil)
        bench.setLink(name: "other", at: at(5))
        let missing = try snapshot(bench, at: at(5))
        #expect(missing.interfaceIndex == nil && missing.hardwareAddress == nil)
        #expect(missing.primaryAddress == nil && missing.reason == .interfaceMissing)
        #expect(missing.addresses.map(\.device) == ["lan0"])
    }

    @Test("as Backup: the learnt interval counts, and what is left of the timer")
    func backup() throws {
        let bench = Bench([routerConfiguration(priority: 64)])
        #expect(try snapshot(bench, at: at(0)).activeRouter == nil)
        bench.hear(200, interval: .seconds(2), at: at(1))
        let router = try snapshot(bench, at: at(2))
        #expect(router.state == .backup && router.since == at(0) && router.reason == .startup)
        #expect(router.skewTime == .seconds(1.5) && router.activeDownInterval == .seconds(7.5))
        #expect(router.remaining == .seconds(6.5))
        #expect(try snapshot(bench, at: at(9)).remaining == .zero)
        #expect(router.hardwareAddress == MACAddress(rawValue: 0x0200_0000_0003))
        #expect(router.checksumForm == .rfc9568)
        let active = try #require(router.activeRouter)
        #expect(!active.isSelf && active.address == peer && active.priority == Priority(200))
        #expect(active.advertisementInterval == .seconds(2) && active.lastHeard == at(1))
        #expect(active.checksumForm == .rfc9568)
        let address = try #require(router.addresses.first)
        #expect(!address.wanted && !address.installed && !address.foreign)
        bench.hear(0, at: at(3))
        #expect(try snapshot(bench, at: at(3)).activeRouter == nil)
        #expect(try snapshot(bench, at: at(3)).remaining == .seconds(1.5))
    }

    @Test("as Active: itself, and the addresses that the kernel has")
    func active() throws {
        let bench = Bench([routerConfiguration(priority: 64)])
        bench.hear(200, interval: .seconds(2), at: at(1))
        bench.run(until: at(9))
        let router = try snapshot(bench, at: at(9))
        #expect(router.state == .active && router.since == at(8.5))
        #expect(router.reason == .noAdvertisement(silence: .seconds(7.5)))
        #expect(router.skewTime == .milliseconds(750))
        #expect(router.activeDownInterval == .milliseconds(3750) && router.remaining == nil)
        let active = try #require(router.activeRouter)
        #expect(active.isSelf && active.address == own && active.priority == Priority(64))
        #expect(active.advertisementInterval == .seconds(1) && active.lastHeard == nil)
        let address = try #require(router.addresses.first)
        #expect(address.wanted && address.installed && !address.foreign)
        bench.hear(10, at: at(9.1))
        bench.engine.leave(at: at(9.2))
        bench.settle(at: at(9.2))
        let left = try snapshot(bench, at: at(9.2))
        #expect(left.reason == .shutdown && left.activeRouter == nil)
        #expect(left.addresses.first?.installed == false && left.addresses.first?.wanted == false)
    }

    @Test("who was Active before is forgotten when this router takes over, and when it leaves")
    func forgotten() throws {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, at: at(1))
        bench.run(until: at(5))
        // It slept for so long that it is Backup again, and has heard nobody since.
        bench.advance(to: at(60))
        let router = try snapshot(bench, at: at(60))
        #expect(router.state == .backup && router.activeRouter == nil)
    }

    @Test("a router whose interface was never there: since when, and who it will be")
    func never() throws {
        var configuration = routerConfiguration()
        configuration?.interface = "lan9"
        var engine = Engine(node: "nameless")
        engine.apply(
            Configuration(node: "gw1", routers: [configuration].compactMap { $0 }), at: at(3))
        let all = engine.snapshot(at: at(4))
        #expect(all.node == "gw1" && all.routers.first?.since == at(3))
        #expect(all.routers.first?.reason == .interfaceMissing)
    }

    @Test("the form of the checksum is told for version 3 over IPv4 only")
    func checksumForm() {
        let bench = Bench([
            routerConfiguration(checksum: .rfc5798),
            routerConfiguration("old", vrid: 52, addresses: ["192.0.2.8/24"], version: .v2),
            routerConfiguration("six", addresses: ["fe80::1/64"]),
        ])
        #expect(
            bench.engine.snapshot(at: at(1)).routers.map(\.checksumForm) == [.rfc5798, nil, nil])
    }

    @Test("an administrator's address is there and foreign; the device and the node have names")
    func foreign() throws {
        var configuration = routerConfiguration(addresses: ["192.0.2.1/24", "192.0.2.9/24"])
        configuration?.addresses[1].interface = "dmz0"
        let bench = Bench([configuration])
        bench.addAddress("192.0.2.1/24", at: at(1))
        let router = try snapshot(bench, at: at(1))
        #expect(router.addresses.map(\.installed) == [true, false])
        #expect(router.addresses.map(\.foreign) == [true, false])
        #expect(router.addresses.map(\.device) == ["lan0", "dmz0"])
        let routers = [configuration].compactMap { $0 }
        bench.engine.apply(Configuration(node: "gw2", routers: routers), at: at(2))
        let all = bench.engine.snapshot(at: at(2))
        #expect(all.node == "gw2" && all.at == at(2))
    }
}

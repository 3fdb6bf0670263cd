// Advertisements to peers one by one: who is obeyed, from which address, over how many routers.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Unicast")
struct UnicastTests {
    private static func configuration(
        peers: [String] = ["192.0.2.2", "198.51.100.9"], source: String? = nil, hops: UInt8 = 0,
        mac: MACPolicy = .interface
    ) -> VirtualRouterConfiguration? {
        var configuration = routerConfiguration()
        configuration?.peers = peers.compactMap { IPAddress($0) }
        configuration?.source = source.flatMap { IPAddress($0) }
        configuration?.hops = hops
        configuration?.mac = mac
        return configuration
    }

    private let own = IPAddress.v4(ownAddress)

    @Test("each peer gets its own message, whatever route leads there")
    func sending() {
        let bench = Bench([Self.configuration()])
        bench.run(until: at(4))
        let sent = bench.log.compactMap { effect -> (Int32, IPAddress, IPAddress)? in
            guard case .send(_, let interface, let source, let destination, _) = effect else {
                return nil
            }
            return (interface, source, destination)
        }
        #expect(sent.map(\.2.description) == ["192.0.2.2", "198.51.100.9"])
        #expect(sent.allSatisfy { $0.0 == 0 && $0.1 == own })
        #expect(bench.router()?.counters.advertisementsSent == 2)
        bench.forget()
        bench.engine.leave(at: at(4))
        bench.settle(at: at(4))
        #expect(bench.priorities == [0, 0])
    }

    @Test(
        "the checksum covers the peer's address where it covers any",
        arguments: [ChecksumForm.rfc9568, .rfc5798])
    func checksums(_ form: ChecksumForm) {
        var configuration = Self.configuration()
        configuration?.checksum = form == .rfc9568 ? .rfc9568 : .rfc5798
        let bench = Bench([configuration])
        bench.run(until: at(4))
        #expect(bench.sent.count == 2)
        for (message, peer) in zip(bench.sent, ["192.0.2.2", "198.51.100.9"]) {
            guard let destination = IPAddress(peer) else { continue }
            let header = DatagramHeader(source: own, destination: destination, hopLimit: 255)
            let read = try? AdvertisementHeader(decoding: message.span.bytes, header: header)
            #expect(read?.checksumForm == form)
        }
    }

    @Test("a peer is obeyed, a stranger and the group are not")
    func hearing() {
        let bench = Bench([Self.configuration()])
        bench.run(until: at(4))
        #expect(bench.router()?.state == .active)
        bench.hear(200, from: IPv4Address(192, 0, 2, 77), destination: own, at: at(4.1))
        #expect(bench.events.contains { $0.isDiscarded(.notPeer) })
        bench.hear(200, at: at(4.2))
        #expect(bench.events.contains { $0.isDiscarded(.wrongDestination) })
        #expect(bench.router()?.state == .active)
        #expect(bench.router()?.counters.otherDiscards == 2)
        bench.hear(200, destination: own, at: at(4.3))
        #expect(bench.router()?.state == .backup)
        #expect(bench.router()?.activeRouter?.address == .v4(peerAddress))
    }

    @Test("a router that is not told to uses no unicast")
    func multicast() {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, destination: own, at: at(1))
        #expect(bench.events.contains { $0.isDiscarded(.wrongDestination) })
    }

    @Test("hops lets a peer be that many routers away, and no more", arguments: [0, 1, 2, 254])
    func hops(_ hops: UInt8) {
        let bench = Bench([Self.configuration(hops: hops)])
        bench.run(until: at(4))
        if hops < 254 {
            bench.hear(200, hopLimit: 254 - hops, destination: own, at: at(4.1))
            #expect(bench.router()?.state == .active)
            #expect(bench.router()?.counters.ttlErrors == 1)
        }
        bench.hear(200, hopLimit: 255 - hops, destination: own, at: at(4.2))
        #expect(bench.router()?.state == .backup)
    }

    @Test("an advertisement may come in through any interface")
    func anyInterface() {
        let bench = Bench([Self.configuration()])
        bench.run(until: at(4))
        guard let vrid = VirtualRouterID(51) else { return }
        let message = Advertisement(
            vrid: vrid, priority: Priority(200), addresses: [.v4(IPv4Address(192, 0, 2, 1))]
        ).encoded(source: .v4(peerAddress), destination: own, checksumForm: .rfc9568)
        let header = DatagramHeader(source: .v4(peerAddress), destination: own, hopLimit: 255)
        bench.engine.receive(
            message.span.bytes, header: header, interface: lanIndex + 1, at: at(4.1))
        bench.settle(at: at(4.1))
        #expect(bench.router()?.state == .backup)
    }

    @Test("two routers of one VRID and one source are told apart by their peers")
    func twins() {
        var other = Self.configuration(peers: ["198.51.100.77"])
        other?.name = "other"
        other?.interface = "lan1"
        other?.source = .v4(ownAddress)
        let bench = Bench([Self.configuration(peers: ["192.0.2.2"]), other])
        bench.engine.observe(
            Link(
                index: lanIndex + 1, name: "lan1", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0004)), at: at(0))
        bench.advance(to: at(0))
        bench.hear(200, destination: own, at: at(1))
        bench.hear(200, from: IPv4Address(198, 51, 100, 77), destination: own, at: at(1))
        #expect(bench.router()?.counters.advertisementsReceived == 1)
        #expect(bench.router("other")?.counters.advertisementsReceived == 1)
    }

    @Test("the configured source is waited for, wherever it appears, and missed when it goes")
    func source() {
        let bench = Bench([Self.configuration(source: "203.0.113.1")])
        let missing = Reason.noSourceAddress(configured: IPAddress("203.0.113.1"))
        #expect(bench.router()?.state == .initialize)
        #expect(bench.router()?.reason == missing)
        guard let loopback = InterfaceAddress("203.0.113.1/32") else { return }
        bench.engine.observe(
            Link(index: 1, name: "lo", isUp: true, hasCarrier: true, hardwareAddress: nil),
            at: at(1))
        bench.engine.observe(KernelAddress(interface: 1, address: loopback), at: at(1))
        bench.advance(to: at(1))
        #expect(bench.router()?.state == .backup)
        #expect(bench.router()?.primaryAddress == loopback.address)
        bench.hear(200, destination: loopback.address, at: at(2))
        #expect(bench.router()?.counters.advertisementsReceived == 1)
        bench.engine.observeRemovedAddress(loopback, on: 1, at: at(3))
        bench.advance(to: at(3))
        #expect(bench.router()?.reason == missing)
    }

    @Test("a configured source of the interface is used, secondary or not; of no other interface")
    func groupSource() {
        var configuration = routerConfiguration()
        configuration?.source = IPAddress("192.0.2.33")
        guard let secondary = InterfaceAddress("192.0.2.33/24") else { return }
        let bench = Bench([configuration])
        #expect(bench.router()?.state == .initialize)
        bench.engine.observe(
            KernelAddress(interface: lanIndex, address: secondary, isSecondary: true), at: at(1))
        bench.advance(to: at(1))
        #expect(bench.router()?.state == .backup)
        #expect(bench.router()?.primaryAddress == IPAddress("192.0.2.33"))
    }

    @Test("peers change in place, without an election")
    func reload() {
        let bench = Bench([Self.configuration()])
        bench.run(until: at(4))
        bench.forget()
        bench.apply([Self.configuration(peers: ["192.0.2.77"], hops: 3)], at: at(4.5))
        #expect(bench.router()?.state == .active)
        bench.run(until: at(5))
        #expect(bench.sent.count == 1)
        bench.hear(200, hopLimit: 252, destination: own, at: at(5.1))
        #expect(bench.router()?.state == .active)
        bench.hear(
            200, from: IPv4Address(192, 0, 2, 77), hopLimit: 252, destination: own, at: at(5.2))
        #expect(bench.router()?.state == .backup)
    }
}

extension EngineEvent.Kind {
    func isDiscarded(_ reason: DiscardReason) -> Bool {
        guard case .discarded(_, _, _, let told, _) = self else { return false }
        return told == reason
    }
}

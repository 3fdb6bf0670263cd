// `version: both` (RFC 9568 §8.4.2), version 2's password, and the kinds of addresses.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Versions and kinds of addresses")
struct VersionTests {
    private static func both(
        interval: Duration = .seconds(1), priority: UInt8 = 100
    ) -> VirtualRouterConfiguration? {
        var configuration = routerConfiguration(priority: priority, interval: interval)
        configuration?.alsoVersion2 = true
        return configuration
    }

    @Test(
        "M97: both versions at the configured rate, version 2 with the nearest whole second",
        arguments: [(100, 1), (1000, 1), (1490, 1), (1500, 2), (40_000, 40)])
    func sending(_ milliseconds: Int, _ seconds: UInt8) {
        let bench = Bench([Self.both(interval: .milliseconds(milliseconds))])
        let start = Double(milliseconds) * 4 / 1000
        bench.run(until: at(start))
        #expect(bench.router()?.state == .active)
        bench.forget()
        bench.run(until: at(start + Double(milliseconds) * 3 / 1000))
        #expect(bench.sent.map { $0[0] } == [0x31, 0x21, 0x31, 0x21, 0x31, 0x21])
        #expect(bench.sent.allSatisfy { bench.isValid($0) })
        #expect(bench.sent.filter { $0[0] == 0x21 }.allSatisfy { $0[5] == seconds })
    }

    @Test("both versions carry a farewell")
    func farewell() {
        let bench = Bench([Self.both()])
        bench.run(until: at(4))
        bench.forget()
        bench.engine.leave(at: at(4))
        bench.settle(at: at(4))
        #expect(bench.sent.map { $0[0] } == [0x31, 0x21])
        #expect(bench.priorities == [0, 0])
        #expect(bench.sent.allSatisfy { bench.isValid($0) })
    }

    @Test("M98: a Backup waits as long as an Active Router of version 2 announces")
    func waiting() {
        let bench = Bench([Self.both()])
        bench.hear(200, version: .v2, interval: .seconds(2), at: at(1))
        #expect(bench.router()?.activeRouter?.version == .v2)
        #expect(bench.router()?.activeDownInterval == .seconds(6) + .milliseconds(1218.75))
        bench.run(until: at(8.2))
        #expect(bench.router()?.state == .backup)
        bench.run(until: at(8.3))
        #expect(bench.router()?.state == .active)
    }

    @Test("M99: version 2 of a router that also speaks version 3 is ignored")
    func ignoring() {
        let bench = Bench([Self.both(interval: .milliseconds(100))])
        bench.hear(200, interval: .milliseconds(100), at: at(1))
        bench.hear(50, version: .v2, interval: .seconds(1), at: at(1))
        #expect(bench.router()?.counters.version2Ignored == 1)
        #expect(bench.router()?.counters.intervalErrors == 0)
        #expect(bench.router()?.activeRouter?.priority == Priority(200))
        #expect(bench.router()?.activeDownInterval == .milliseconds(300) + .microseconds(60_937.5))
        // Another router is not the one that speaks version 3.
        bench.hear(
            210, from: IPv4Address(192, 0, 2, 9), version: .v2, interval: .seconds(1), at: at(1.01))
        #expect(bench.router()?.activeRouter?.address == .v4(IPv4Address(192, 0, 2, 9)))
    }

    @Test("who stops speaking version 3 is heard in version 2 again")
    func returning() {
        let bench = Bench([Self.both(interval: .milliseconds(500))])
        bench.hear(200, interval: .milliseconds(500), at: at(1))
        bench.hear(200, version: .v2, interval: .seconds(1), at: at(2.9))
        #expect(bench.router()?.counters.version2Ignored == 1)
        bench.hear(200, version: .v2, interval: .seconds(1), at: at(3.01))
        #expect(bench.router()?.counters.version2Ignored == 1)
        #expect(bench.router()?.activeRouter?.version == .v2)
    }

    @Test("M100: an Active Router that sends version 3 only is reported, once, until it mends that")
    func reporting() {
        let bench = Bench([Self.both()])
        func told() -> Int {
            bench.events.count {
                $0 == .noVersion2(router: "lan", source: .v4(peerAddress))
            }
        }
        for second in 1...3 { bench.hear(200, at: at(Double(second))) }
        #expect(told() == 0)
        for second in 4...20 { bench.hear(200, at: at(Double(second))) }
        #expect(told() == 1)
        bench.hear(200, version: .v2, at: at(20))
        for second in 21...24 { bench.hear(200, at: at(Double(second))) }
        #expect(told() == 2)
    }

    @Test("without `both` the other version is an error")
    func one() {
        let bench = Bench([routerConfiguration()])
        bench.hear(200, version: .v2, at: at(1))
        #expect(bench.router()?.counters.versionErrors == 1)
    }

    @Test("going from 3 to both and back disturbs nobody")
    func reload() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(4))
        bench.apply([Self.both()], at: at(4.1))
        bench.forget()
        bench.run(until: at(5))
        #expect(bench.sent.map { $0[0] } == [0x31, 0x21])
        bench.apply([routerConfiguration()], at: at(5.1))
        #expect(bench.router()?.state == .active)
        #expect(bench.router()?.counters.becameActive == 1)
    }

    // MARK: Passwords

    private func authenticated(_ text: String?) -> VirtualRouterConfiguration? {
        var configuration = routerConfiguration(version: .v2)
        configuration?.authentication = text.map { .text($0) }
        return configuration
    }

    private func hear(_ text: String?, _ bench: Bench) {
        guard let vrid = VirtualRouterID(51) else { return }
        let message = Advertisement(
            version: .v2, vrid: vrid, priority: Priority(200),
            addresses: [.v4(IPv4Address(192, 0, 2, 1))],
            authentication: text.flatMap { Advertisement.Authentication(text: $0) }
        ).encoded(
            source: .v4(peerAddress), destination: .v4(.vrrpGroup), checksumForm: .rfc9568)
        let header = DatagramHeader(
            source: .v4(peerAddress), destination: .v4(.vrrpGroup), hopLimit: 255)
        bench.engine.receive(message.span.bytes, header: header, interface: lanIndex, at: at(1))
        bench.settle(at: at(1))
    }

    @Test("V2: a password is sent, and only the same one is obeyed")
    func password() {
        let bench = Bench([authenticated("sesame")])
        hear(nil, bench)
        #expect(bench.events.contains { $0.isDiscarded(.authenticationTypeMismatch(0)) })
        hear("simsim", bench)
        #expect(bench.events.contains { $0.isDiscarded(.authenticationFailure) })
        #expect(bench.router()?.counters.authenticationErrors == 2)
        #expect(bench.router()?.counters.advertisementsReceived == 0)
        hear("sesame", bench)
        #expect(bench.router()?.counters.advertisementsReceived == 1)
        bench.forget()
        bench.run(until: at(6))
        #expect(bench.sent.first.map { $0[4] } == 1)
        #expect(bench.sent.first.map { Array($0[12..<20]) } == Array("sesame".utf8) + [0, 0])
    }

    @Test("a password is not part of what is printed")
    func secret() {
        #expect("\(AuthenticationPolicy.text("sesame"))" == "text")
    }

    // MARK: Kinds of addresses

    @Test("unadvertised ones are installed, external ones are advertised, and never the other way")
    func kinds() {
        var configuration = routerConfiguration()
        let texts: [(String, VirtualAddress.Kind)] = [
            ("192.0.2.8/24", .external), ("192.0.2.9/24", .unadvertised),
        ]
        for (text, kind) in texts {
            guard let address = InterfaceAddress(text) else { continue }
            configuration?.addresses.append(VirtualAddress(address: address, kind: kind))
        }
        let bench = Bench([configuration])
        bench.run(until: at(4))
        #expect(
            bench.kernel
                == Set(["192.0.2.1/24", "192.0.2.9/24"].compactMap { InterfaceAddress($0) }))
        #expect(bench.sent.first.map { $0[3] } == 2)
        #expect(bench.sent.first.map { Array($0[8..<16]) } == [192, 0, 2, 1, 192, 0, 2, 8])
        #expect(bench.announcements == 4, "two addresses, two rounds by now")
        let addresses = bench.router()?.addresses ?? []
        #expect(addresses.map(\.kind) == [.advertised, .external, .unadvertised])
        #expect(addresses.map(\.wanted) == [true, false, true])
        #expect(addresses.map(\.installed) == [true, false, true])
        // What the peers advertise is compared with what we advertise.
        bench.hear(
            50, addresses: [.v4(IPv4Address(192, 0, 2, 8)), .v4(IPv4Address(192, 0, 2, 1))],
            at: at(4.1))
        #expect(bench.router()?.counters.addressListErrors == 0)
    }

    @Test("an address that becomes external is taken from the interface, and comes back")
    func change() {
        var external = routerConfiguration(addresses: ["192.0.2.1/24", "192.0.2.8/24"])
        let plain = external
        external?.addresses[1].kind = .external
        let bench = Bench([plain])
        bench.run(until: at(4))
        #expect(bench.kernel.count == 2)
        bench.apply([external], at: at(4.1))
        #expect(bench.kernel == Set(["192.0.2.1/24"].compactMap { InterfaceAddress($0) }))
        #expect(bench.router()?.state == .active)
        bench.apply([plain], at: at(4.2))
        #expect(bench.kernel.count == 2)
    }
}

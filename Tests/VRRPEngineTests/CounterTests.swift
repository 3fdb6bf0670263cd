// Every reason to discard a packet has its counters, its line in the log, and its own pause between
// two lines; late wake-ups and packets that were not sent are counted, too.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Counters")
struct CounterTests {
    private static let bench = [
        routerConfiguration(),
        routerConfiguration("old", vrid: 52, addresses: ["192.0.2.8/24"], version: .v2),
        routerConfiguration(
            "own", priority: 255, vrid: 53, addresses: ["192.0.2.30/24"], version: .v2),
        routerConfiguration("six", addresses: ["fe80::1/64"]),
    ]
    private let peer = IPAddress.v4(peerAddress)

    /// What is heard counts once in each of these, nowhere else, and is told.
    private func expect(
        _ reason: DiscardReason, of name: String?,
        _ ofRouter: WritableKeyPath<RouterCounters, UInt64>?,
        _ ofDaemon: WritableKeyPath<GlobalCounters, UInt64>, from source: IPAddress? = nil,
        isTold: Bool = true, on bench: Bench, hear: (Bench) -> Void
    ) {
        var expected = bench.engine.snapshot(at: at(1))
        expected.counters[keyPath: ofDaemon] += 1
        for index in expected.routers.indices
        where expected.routers[index].configuration.name == name {
            if let ofRouter { expected.routers[index].counters[keyPath: ofRouter] += 1 }
        }
        bench.forget()
        hear(bench)
        #expect(bench.engine.snapshot(at: at(1)) == expected, "\(reason)")
        let told = EngineEvent.Kind.discarded(
            interface: "lan0", router: name, source: source ?? peer, reason, suppressed: 0)
        #expect(bench.events == (isTold ? [told] : []), "\(reason)")
    }

    private static func mendChecksum(_ bytes: inout [UInt8]) {
        bytes[6] = 0
        bytes[7] = 0
        var checksum = InternetChecksum()
        checksum.add(bytes.span.bytes)
        bytes[6] = UInt8(checksum.value >> 8)
        bytes[7] = UInt8(checksum.value & 0xff)
    }

    private static func hearVersion6(_ bench: Bench, first: String, source: IPAddress) {
        guard let vrid = VirtualRouterID(51), let first = IPAddress(first) else { return }
        let bytes = Advertisement(
            version: .v3, vrid: vrid, priority: Priority(200), maxAdvertiseInterval: .seconds(1),
            addresses: [first]
        ).encoded(source: source, destination: .vrrpGroup(.ipv6), checksumForm: .rfc9568)
        bench.engine.receive(
            bytes.span.bytes,
            header: DatagramHeader(
                source: source, destination: .vrrpGroup(.ipv6), hopLimit: 255),
            interface: lanIndex, at: at(1))
        bench.settle(at: at(1))
    }

    @Test(
        "each reason of version 3 to discard is counted where it belongs, and told as its own kind")
    func reasons() {
        let bench = Bench(Self.bench)
        expect(.hopLimit(254), of: "lan", \.ttlErrors, \.ttlErrors, on: bench) {
            $0.hear(200, hopLimit: 254, at: at(1))
        }
        expect(.truncated(2), of: "lan", \.lengthErrors, \.lengthErrors, on: bench) {
            $0.hear(200, damage: { $0 = [0x31, 51] }, at: at(1))
        }
        expect(.version(4), of: "lan", \.versionErrors, \.versionErrors, on: bench) {
            $0.hear(200, damage: { $0[0] = 0x41 }, at: at(1))
        }
        expect(.type(2), of: "lan", \.typeErrors, \.typeErrors, on: bench) {
            $0.hear(200, damage: { $0[0] = 0x32 }, at: at(1))
        }
        expect(
            .length(expected: 12, actual: 11), of: "lan", \.lengthErrors, \.lengthErrors, on: bench
        ) { $0.hear(200, damage: { $0.removeLast() }, at: at(1)) }
        expect(.checksum, of: "lan", \.checksumErrors, \.checksumErrors, on: bench) {
            $0.hear(200, damage: { $0[6] ^= 1 }, at: at(1))
        }
        expect(.unknownVRID(77), of: nil, nil, \.vridErrors, on: bench) {
            $0.hear(200, vrid: 77, at: at(1))
        }
        expect(.wrongDestination, of: "lan", \.otherDiscards, \.otherDiscards, on: bench) {
            $0.hear(200, destination: .v4(ownAddress), at: at(1))
        }
        expect(
            .ownAddress, of: "lan", \.otherDiscards, \.otherDiscards, from: .v4(ownAddress),
            on: bench
        ) { $0.hear(200, from: ownAddress, at: at(1)) }
        expect(.addressCountZero, of: "lan", \.otherDiscards, \.otherDiscards, on: bench) {
            $0.hear(200, addresses: [], at: at(1))
        }
        expect(.intervalZero, of: "lan", \.otherDiscards, \.otherDiscards, on: bench) {
            $0.hear(
                200,
                damage: {
                    $0[5] = 0
                    Self.mendChecksum(&$0)
                }, at: at(1))
        }
        guard let source = IPAddress("fe80::2") else { return }
        expect(
            .firstAddressNotLinkLocal, of: "six", \.addressListErrors, \.otherDiscards,
            from: source, on: bench
        ) { Self.hearVersion6($0, first: "2001:db8::1", source: source) }
        expect(
            .malformedIPHeader, of: nil, nil, \.lengthErrors, from: .v4(.any), on: bench
        ) {
            $0.engine.receiveMalformed(interface: lanIndex, at: at(1))
            $0.settle(at: at(1))
        }
        reasonsOfVersion2(bench)
    }

    /// On the same bench at the same instant: another kind would not be told.
    private func reasonsOfVersion2(_ bench: Bench) {
        let list: [IPAddress] = [.v4(IPv4Address(192, 0, 2, 8))]
        func hear(
            _ bench: Bench, interval: Duration = .seconds(1), type: UInt8 = 0,
            addresses: [IPAddress]? = nil, vrid: UInt8 = 52
        ) {
            bench.hear(
                200, vrid: vrid, version: .v2, interval: interval, addresses: addresses ?? list,
                damage: {
                    $0[4] = type
                    Self.mendChecksum(&$0)
                }, at: at(1))
        }
        expect(
            .authenticationTypeMismatch(2), of: "old", \.authenticationErrors, \.otherDiscards,
            on: bench
        ) { hear($0, type: 2) }
        expect(
            .authenticationType(3), of: "old", \.authenticationErrors, \.otherDiscards, on: bench
        ) { hear($0, type: 3) }
        expect(
            .intervalMismatch(.seconds(4)), of: "old", \.intervalErrors, \.otherDiscards, on: bench
        ) { hear($0, interval: .seconds(4)) }
        expect(.addressListMismatch, of: "old", \.addressListErrors, \.otherDiscards, on: bench) {
            hear($0, addresses: [.v4(IPv4Address(192, 0, 2, 9))])
        }
        expect(.owner, of: "own", \.otherDiscards, \.otherDiscards, on: bench) {
            hear($0, vrid: 53)
        }
    }

    @Test("a message too short to name a virtual router is counted for the daemon alone")
    func short() {
        for length in 0...1 {
            expect(.truncated(length), of: nil, nil, \.lengthErrors, on: Bench(Self.bench)) {
                $0.hear(200, damage: { $0.removeLast($0.count - length) }, at: at(1))
            }
        }
    }

    @Test("in Initialize an advertisement is counted, and nobody is bothered")
    func initialize() {
        let bench = Bench([routerConfiguration()])
        bench.setLink(hasCarrier: false, at: at(1))
        expect(
            .notRunning, of: "lan", \.otherDiscards, \.otherDiscards, isTold: false, on: bench
        ) { $0.hear(200, at: at(1)) }
    }

    @Test("a kind is told again after exactly ten seconds, another kind or interface at once")
    func spacing() {
        let bench = Bench([routerConfiguration()])
        bench.forget()
        var suppressed: [UInt64] = []
        for moment in [1, 1, 2, 10.999, 11, 20.5, 21, 31] {
            bench.forget()
            bench.hear(200, hopLimit: 1, at: at(moment))
            for case .discarded(_, _, _, _, let count) in bench.events { suppressed.append(count) }
        }
        #expect(suppressed == [0, 3, 1, 0])
        bench.forget()
        bench.engine.receiveMalformed(interface: lanIndex, at: at(31))
        bench.engine.receiveMalformed(interface: lanIndex + 1, at: at(31))
        bench.settle(at: at(31))
        let names = bench.events.compactMap { event -> String? in
            if case .discarded(let name, nil, _, .malformedIPHeader, 0) = event { return name }
            return nil
        }
        #expect(names == ["lan0", "interface 8"])
    }

    @Test("waking more than 10 ms late is counted, with the worst delay in microseconds")
    func lateness() {
        let bench = Bench([routerConfiguration()])
        func counters(late: Duration) -> GlobalCounters {
            bench.advance(to: (bench.engine.nextDeadline ?? at(0)) + late)
            return bench.engine.snapshot(at: at(0)).counters
        }
        #expect(counters(late: .milliseconds(10)).lateWakeUps == 0)
        #expect(counters(late: .milliseconds(10)).worstLatenessMicroseconds == 0)
        #expect(counters(late: .microseconds(10_001)).worstLatenessMicroseconds == 10_001)
        let worst = counters(late: .microseconds(2_500_123))
        #expect(worst.lateWakeUps == 2 && worst.worstLatenessMicroseconds == 2_500_123)
        let better = counters(late: .milliseconds(30))
        #expect(better.lateWakeUps == 3 && better.worstLatenessMicroseconds == 2_500_123)
        bench.advance(to: (bench.engine.nextDeadline ?? at(0)) - .milliseconds(30))
        #expect(bench.engine.snapshot(at: at(0)).counters.lateWakeUps == 3)
    }

    @Test(
        "rounds that a rival or another policy begins are not late, however long ago the last was")
    func roundsAreNotLate() {
        let bench = Bench([routerConfiguration()])
        bench.run(until: at(30))
        bench.hear(50, at: at(30.1))
        #expect(bench.engine.nextDeadline == at(30.1))
        bench.advance(to: at(30.1))
        bench.run(until: at(40))
        var configuration = routerConfiguration()
        configuration?.announce.refresh = .seconds(1)
        bench.apply([configuration], at: at(40.1))
        bench.advance(to: at(40.1))
        bench.run(until: at(50))
        #expect(bench.router()?.state == .active)
        #expect(bench.engine.snapshot(at: at(50)).counters == GlobalCounters())
    }

    @Test("what could not be sent is counted each time and told once, until something can be")
    func transmitErrors() {
        let bench = Bench([routerConfiguration()])
        bench.forget()
        #expect(bench.expectsToSend(0))
        for router in [0, 0, 7, Effect.nobody] {
            bench.engine.sendFailed(router: router, code: 100, at: at(1))
        }
        bench.settle(at: at(1))
        #expect(bench.events == [.transmitFailed(router: "lan", code: 100)])
        #expect(bench.router()?.counters.transmitErrors == 2)
        #expect(!bench.expectsToSend(0) && bench.expectsToSend(7))
        for router in [7, Effect.nobody, 0] { bench.engine.sendSucceeded(router: router) }
        #expect(bench.expectsToSend(0))
        bench.engine.sendFailed(router: 0, code: 105, at: at(2))
        bench.settle(at: at(2))
        #expect(bench.events.last == .transmitFailed(router: "lan", code: 105))
    }

    @Test("advertisements, farewells and takeovers are counted one by one")
    func advertisements() {
        let bench = Bench([routerConfiguration()])
        var expected = RouterCounters()
        bench.hear(200, at: at(1))
        bench.hear(0, at: at(2))
        expected.advertisementsReceived = 2
        expected.priorityZeroReceived = 1
        #expect(bench.router()?.counters == expected)
        bench.run(until: at(5))
        expected.becameActive = 1
        expected.advertisementsSent = 3
        expected.announcementsSent = 5
        #expect(bench.router()?.counters == expected)
        bench.engine.leave(at: at(5))
        expected.advertisementsSent += 1
        expected.priorityZeroSent = 1
        #expect(bench.router()?.counters == expected)
    }
}

// One reload, drawn from a seed: two configurations, a LAN, a past and a future. Three engines go
// through it: one is reloaded, its twin carries on as it was, a fresh one starts with the new
// configuration at that instant.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPSimulation
import VRRPWire

struct ReloadTrial {
    /// What is heard after the reload.
    enum Future: CaseIterable {
        /// Nothing: all who can become Active.
        case silence
        /// A router that beats all but the owners, on every virtual router.
        case strongPeer
    }

    let seed: UInt64
    let old: Configuration
    let new: Configuration
    let surroundings: Surroundings
    let future: Future
    let past: [Stimulus]
    let coming: [Stimulus]
    let reloadAt: Instant
    /// All has settled by then; from here on what is sent is compared.
    let settledAt: Instant
    let end: Instant

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        var generator = ConfigurationGenerator(generator: random.split())
        let names = ["lan0", "lan1", "lan2", "lan3"]
        old = generator.configuration(node: "gw1", interfaces: names, routers: 1...6)
        new =
            random.chance(percent: 8)
            ? generator.configuration(node: "gw1", interfaces: names, routers: 1...6)
            : generator.change(old)
        surroundings = Self.surroundings(&random)
        future = random.pick(Future.allCases) ?? .silence
        let length = random.pick([
            Duration.zero, .milliseconds(700), .seconds(4), .seconds(5), .seconds(8),
        ])
        reloadAt = Self.start + (length ?? .zero)
        let isBilingual = random.chance(percent: 50)
        past = Self.past(of: old, surroundings, until: reloadAt, isBilingual, &random)

        // Our own, and those that a Backup may have learnt.
        var longest = new.routers.map(\.advertisementInterval).max() ?? .zero
        for case .hear(let message) in past.map(\.kind) { longest = max(longest, message.interval) }
        let delay = new.routers.map(\.startDelay).max() ?? .zero
        let rounds = new.routers.map { $0.announce.spacing * $0.announce.count }.max() ?? .zero
        let refresh = new.routers.map { $0.announce.refresh ?? .zero }.max() ?? .zero
        let isRefusing = surroundings.refusesUntil > reloadAt
        settledAt =
            reloadAt + delay + longest * 4 + rounds + surroundings.answerDelay * 4
            + (isRefusing ? .seconds(6) : .milliseconds(200))
        end = settledAt + max(longest, refresh) * 2 + .milliseconds(100)
        switch future {
        case .silence where isBilingual:
            // What was learnt of checksums is learnt by both once more.
            let instant = reloadAt + delay + .milliseconds(1)
            var script: [Stimulus] = []
            for router in new.routers {
                script += Self.hear(
                    router, surroundings, priority: .leaving, form: .rfc5798, at: instant)
            }
            coming = script
        case .silence: coming = []
        case .strongPeer:
            coming = Self.strongPeer(
                of: new, surroundings, from: reloadAt + .milliseconds(3), until: end)
        }
    }

    static let start = Instant(sinceOrigin: .seconds(100))
}

// MARK: What happens around it

extension ReloadTrial {
    /// Two interfaces that work, one without carrier, and `lan3`, which there is not.
    private static func surroundings(_ random: inout SeededGenerator) -> Surroundings {
        let links = (0..<3).map { number in
            Link(
                index: Int32(11 + number), name: "lan\(number)", isUp: true,
                hasCarrier: number < 2,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number)))
        }
        var addresses: [KernelAddress] = []
        for link in links {
            var texts = ["10.0.0.200/24", "fe80::200/64"]
            if random.chance(percent: 15) {
                texts.insert("10.0.0.\(random.number(1...4))/24", at: random.below(2))
            }
            if random.chance(percent: 10) { texts.append("2001:db8::\(random.number(1...4))/64") }
            addresses += texts.compactMap { InterfaceAddress($0) }.map {
                KernelAddress(interface: link.index, address: $0)
            }
        }
        let manner: KernelManner =
            random.chance(percent: 50)
            ? .prompt : random.chance(percent: 50) ? .lateAnswer : .lateChange
        let delay = random.pick([Duration.milliseconds(5), .milliseconds(600), .seconds(4)])
        return Surroundings(
            links: links, addresses: addresses, manner: manner,
            answerDelay: manner == .prompt ? .zero : delay ?? .zero,
            refusesFarewells: random.chance(percent: 20),
            refusesUntil: start
                + (random.chance(percent: 15) ? random.duration(.zero ... .seconds(10)) : .zero))
    }

    private static func past(
        of configuration: Configuration, _ surroundings: Surroundings, until end: Instant,
        _ isBilingual: Bool, _ random: inout SeededGenerator
    ) -> [Stimulus] {
        guard end > start else { return [] }
        var script: [Stimulus] = []
        func instant() -> Instant { start + random.duration(.zero...(end - start)) }
        for _ in 0..<random.number(0...12) {
            guard var router = random.pick(configuration.routers) else { continue }
            if router.version == .v3, random.chance(percent: 20) {
                router.advertisementInterval = .seconds(random.number(1...2))
            }
            let priority = random.pick([0, 50, 120, 254, router.priority.rawValue]) ?? 50
            let form: ChecksumForm =
                isBilingual && random.chance(percent: 50) ? .rfc5798 : .rfc9568
            script += hear(
                router, surroundings, priority: Priority(priority), form: form, at: instant(),
                host: random.chance(percent: 50) ? 199 : 201)
        }
        if random.chance(percent: 10) {
            let isBack = random.chance(percent: 70)
            let lost = instant()
            script.append(Stimulus(at: lost, kind: .carrier(interface: 11, false)))
            if isBack {
                script.append(
                    Stimulus(
                        at: lost + random.duration(.zero...(end - lost)),
                        kind: .carrier(interface: 11, true)))
            }
        }
        if random.chance(percent: 10) {
            script.append(Stimulus(at: instant(), kind: .deletion(random.below(100))))
        }
        return inOrder(script)
    }

    private static func strongPeer(
        of configuration: Configuration, _ surroundings: Surroundings, from start: Instant,
        until end: Instant
    ) -> [Stimulus] {
        var script: [Stimulus] = []
        for router in configuration.routers {
            var instant = start
            while instant < end {
                script += hear(
                    router, surroundings, priority: Priority(254), form: .rfc9568, at: instant)
                instant += router.advertisementInterval
            }
        }
        return inOrder(script)
    }

    private static func inOrder(_ script: [Stimulus]) -> [Stimulus] {
        script.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }

    /// Nothing where there is no such interface.
    private static func hear(
        _ router: VirtualRouterConfiguration, _ surroundings: Surroundings, priority: Priority,
        form: ChecksumForm, at instant: Instant, host: UInt8 = 254
    ) -> [Stimulus] {
        guard let link = surroundings.link(named: router.interface) else { return [] }
        let source: IPAddress =
            router.family == .ipv4
            ? .v4(IPv4Address(10, 0, 0, host))
            : .v6(IPv6Address(high: 0xfe80 << 48, low: 0x1000 + UInt64(host)))
        let message = HeardMessage(
            router: router, interface: link.index, source: source, priority: priority,
            interval: router.advertisementInterval, form: form)
        return [Stimulus(at: instant, kind: .hear(message))]
    }
}

// MARK: Text

extension ReloadTrial: CustomStringConvertible {
    var description: String {
        """
        seed \(seed), \(future), kernel \(surroundings.manner) \(surroundings.answerDelay), \
        reload after \(reloadAt - Self.start), \(past.count) stimuli before
        old:
        \(Self.text(of: old))
        new:
        \(Self.text(of: new))
        """
    }

    static func text(of configuration: Configuration) -> String {
        configuration.routers.map { "  \(text(of: $0))" }.joined(separator: "\n")
    }

    private static func text(of router: VirtualRouterConfiguration) -> String {
        let addresses = router.addresses.map { virtual in
            "\(virtual.address)@\(virtual.interface ?? "-") \(virtual.scope)"
        }
        let announce = router.announce
        return """
            \(router.name): \(router.interface) \(router.family) vrid \(router.vrid) \
            \(router.version) priority \(router.priority) every \(router.advertisementInterval) \
            preempt \(router.preemptMode) after \(router.preemptDelay) \
            start \(router.startDelay) accept \(router.acceptMode) \(router.checksum) \
            announce \(announce.count)×\(announce.spacing) \
            refresh \(announce.refresh.map { "\($0)" } ?? "off") track \(router.trackInterface) \
            \(addresses)
            """
    }
}

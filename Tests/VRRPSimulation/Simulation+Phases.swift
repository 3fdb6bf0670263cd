// A run alternates: chaos, healing until everything must have settled, one probe while all else is
// whole, healing again.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension Simulation {
    func beginPhases() {
        emit(-1, -1, .phase(.healed))
        schedule(.nextPhase, at: now + timeToSettle + .second)
    }

    /// Called when a phase has lasted long enough.
    func enterNextPhase() {
        let rest = options.duration - now
        switch phase {
        case .healed:
            checkCalm()
            let wantsProbe = checkers.calm.lastTrouble == .chaos || faultChance.chance(percent: 30)
            if wantsProbe, rest > timeToCover + timeToSettle + 2 * .second {
                beginProbe()
            } else {
                beginChaos(rest)
            }
        case .chaos, .probe:
            heal()
            phase = .healed
            emit(-1, -1, .phase(.healed))
            schedule(
                .nextPhase,
                at: now + timeToSettle
                    + Nanoseconds(faultChance.below(Int(10 * Nanoseconds.second))))
        }
    }

    private func beginChaos(_ rest: Nanoseconds) {
        let longest = min(rest - timeToSettle - 2 * .second, 150 * .second)
        guard longest > 10 * .second, options.faultSpacing != nil else { return }
        phase = .chaos
        emit(-1, -1, .phase(.chaos))
        lan.conditions = options.rough
        schedule(.nextFault, at: now + 1)
        schedule(
            .nextPhase,
            at: now + 10 * .second + Nanoseconds(faultChance.below(Int(longest - 10 * .second))))
    }

    /// The Active Router of some virtual router goes, in one way or another.
    private func beginProbe() {
        let actives = (0..<roster.routerCount).flatMap { roster.actives($0) }
        guard let victim = faultChance.pick(actives) else { return }
        let kinds: [Fault.Kind] = [.crash, .powerLoss, .stop, .partition, .carrierLoss, .pause]
        guard let kind = faultChance.pick(kinds) else { return }
        phase = .probe
        emit(-1, -1, .phase(.probe))
        begin(kind, at: victim, from: [victim], for: nil)
        schedule(.nextPhase, at: now + timeToCover + .second)
    }

    /// Within this time after healing there is one Active Router, and it stays.
    private var timeToSettle: Nanoseconds {
        (0..<roster.routerCount).map { OneRightfulActive.timeToSettle($0, roster) }.max() ?? 0
    }

    private var timeToCover: Nanoseconds {
        (0..<roster.routerCount).map { router in
            (0..<roster.nodeCount).map {
                roster.activeDownInterval(
                    $0, router, interval: roster[$0, router].longestInterval)
            }.max() ?? 0
        }.max() ?? 0
    }
}

// MARK: What is compared as a whole

extension Simulation {
    /// At the end of a calm: kernels, neighbours and counters agree with what was decided.
    func checkCalm() {
        for node in nodes {
            guard let daemon = node.daemon else {
                fail("healing", "gw\(node.index) does not run")
                continue
            }
            checkCounters(node, daemon)
            checkKernel(node, daemon)
            if daemon.unanswered != nil, timeToSettle > 2 * (options.kernelLatency ?? 0) {
                fail("the kernel has what is planned", "gw\(node.index) waits for an answer")
            }
        }
        checkNeighbours()
    }

    func checkAtTheEnd() {
        guard violation == nil else { return }
        for node in nodes {
            if let daemon = node.daemon { checkCounters(node, daemon) }
        }
    }

    /// The kernel has what is planned and nothing else, outside a request in flight.
    func checkKernel(_ node: Node, _ daemon: Daemon) {
        guard
            node.isUnchecked, daemon.unanswered == nil, node.deviceRequests.isEmpty,
            !node.isOverrun, !node.isPaused,
            node.backlog.isEmpty,
            node.kernel.refusal == 0, now > daemon.excusedUntil
        else { return }
        node.isUnchecked = false
        var (planned, raised) = node.planned(roster)
        if node.kernel.link == nil { planned = [] }
        var installed = node.installed
        // What an earlier daemon left on an interface that is not ours to manage stays.
        if node.kernel.link?.name != Kernel.interfaceName {
            installed = installed.filter { !daemon.leftovers.contains($0.address) }
        }
        if installed != planned {
            fail(
                "the kernel has what is planned",
                "gw\(node.index) has \(installed.sorted()), should have \(planned.sorted())")
        }
        let up = Set(node.kernel.devices.filter(\.isUp).map(\.name))
        if node.kernel.link == nil { raised = [] }
        if up != raised, node.kernel.link?.name == Kernel.interfaceName {
            fail(
                "only an Active Router's macvlan is up",
                "gw\(node.index) has up \(up.sorted()), should have \(raised.sorted())")
        }
    }

    /// The engine's counters say what was seen here.
    func checkCounters(_ node: Node, _ daemon: Daemon) {
        let snapshot = daemon.engine.snapshot(at: node.clock.local(now))
        // Less may be: the second look in a turn need not find anything.
        if snapshot.counters.lateWakeUps > daemon.lateLooks {
            fail(
                "who wakes in time is not late",
                "gw\(node.index) was late \(daemon.lateLooks) times at most, counted"
                    + " \(snapshot.counters.lateWakeUps)")
        }
        for router in snapshot.routers {
            guard let number = Int(router.configuration.name.dropFirst()) else { continue }
            let counters = router.counters
            let counted = [
                counters.advertisementsReceived, counters.advertisementsSent,
                counters.becameActive,
            ].map { Int(clamping: $0) }
            let seen = [daemon.heard[number], daemon.sent[number], daemon.becameActive[number]]
            if counted != seen {
                fail(
                    "counters count",
                    "gw\(node.index) r\(number): received, sent, became Active: \(counted), really"
                        + " \(seen)")
            }
            if router.state != roster[node.index, number].state {
                fail("show tells the truth", "gw\(node.index) r\(number): \(router.state)")
            }
        }
    }

    /// Who listened to everything that the Active Router announced since it became Active knows
    /// where the addresses are.
    private func checkNeighbours() {
        for router in 0..<roster.routerCount {
            let actives = roster.actives(router)
            guard actives.count == 1, let active = actives.first else { continue }
            guard checkers.announced.isKnown(active, router) else { continue }
            guard let configuration = roster[active, router].configuration else { continue }
            let isVirtual = configuration.mac == .virtual
            if isVirtual, neighbours.ports[configuration.virtualMAC] != active {
                let port = neighbours.ports[configuration.virtualMAC]
                fail(
                    "switches follow the Active Router",
                    "\(configuration.virtualMAC) is taken to be at"
                        + " gw\(port.map { "\($0)" } ?? "-"), gw\(active) is Active")
            }
            for virtual in configuration.addresses {
                let learnt = neighbours.learnt[virtual.address.address]
                let own = nodes[active].kernel.hardwareAddress
                if learnt != (isVirtual ? configuration.virtualMAC : own) {
                    fail(
                        "neighbours follow the Active Router",
                        "\(virtual.address.address) is taken to be at \(learnt?.description ?? "-")"
                            + ", gw\(active) is Active")
                }
            }
        }
    }
}

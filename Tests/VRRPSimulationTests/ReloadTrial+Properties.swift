// What must hold at the instant of a reload, and the course of a whole trial.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension ReloadTrial {
    /// What was violated; nothing, if all is well.
    func run() -> [String] {
        if movesSources { return [] }
        var faults: [String] = []
        let bench = ReloadBench(old, in: surroundings, at: Self.start)
        bench.run(until: reloadAt, hearing: past)
        let before = bench.engine.snapshot(at: reloadAt)
        bench.forget()
        let difference = bench.apply(new)
        faults += differenceFaults(difference)
        faults += immediateFaults(bench, before)
        faults += repetitionFaults(bench)

        let twin = ReloadBench(old, in: surroundings, at: Self.start)
        twin.run(until: reloadAt, hearing: past)
        twin.forget()
        let fresh = ReloadBench(new, in: bench.surroundings, at: reloadAt)
        bench.run(until: settledAt, hearing: coming)
        twin.run(until: settledAt, hearing: coming)
        fresh.run(until: settledAt, hearing: coming)
        let window = coming.filter { $0.at > settledAt }
        let sentUntilSettled = bench.sent
        let twinSentUntilSettled = twin.sent
        for bench in [bench, twin, fresh] {
            if !bench.isAnswered { faults.append("not settled") }
            for event in bench.events {
                if case .addressRestored = event.kind, bench !== twin {
                    faults.append("takes its own change for somebody else's: \(event.kind)")
                }
            }
            bench.forget()
            bench.run(until: end, hearing: window)
        }
        faults += twinFaults(
            bench, twin, sent: sentUntilSettled + bench.sent,
            twinSent: twinSentUntilSettled + twin.sent)
        faults += outcomeFaults(bench, fresh)
        return faults + bench.faults + fresh.faults + twin.faults
    }

    func isUnchanged(_ name: String) -> Bool {
        old.routers.first { $0.name == name } == new.routers.first { $0.name == name }
    }

    /// Neither itself nor what is nobody's source on its interface: one that is virtual no more
    /// may be the address to speak from.
    func isUntouched(_ name: String) -> Bool {
        guard let router = old.routers.first(where: { $0.name == name }), isUnchanged(name) else {
            return false
        }
        func excluded(by configuration: Configuration) -> Set<IPAddress> {
            let virtual = configuration.routers.filter { $0.priority != .owner }.flatMap { other in
                other.addresses.filter { $0.interface ?? other.interface == router.interface }
            }
            return Set(virtual.map(\.address.address))
                .intersection(surroundings.addresses.map(\.address.address))
        }
        return excluded(by: old) == excluded(by: new)
    }

    // MARK: The difference names exactly what differs

    private func differenceFaults(_ difference: ConfigurationDifference?) -> [String] {
        guard let difference else { return ["no difference"] }
        let before = old.routers.map(\.name)
        let after = new.routers.map(\.name)
        var faults: [String] = []
        if difference.added != after.filter({ !before.contains($0) }).sorted() {
            faults.append("added: \(difference.added)")
        }
        if difference.removed != before.filter({ !after.contains($0) }).sorted() {
            faults.append("removed: \(difference.removed)")
        }
        if difference.changed.map(\.name)
            != before.filter({ after.contains($0) && !isUnchanged($0) }).sorted()
        {
            faults.append("changed: \(difference.changed)")
        }
        if difference.isEmpty != (old == new) { faults.append("isEmpty: \(difference.isEmpty)") }
        return faults
    }

    // MARK: During the reload

    /// Whether it may take part.
    private func isAble(_ router: VirtualRouterConfiguration, _ surroundings: Surroundings) -> Bool
    {
        guard let link = surroundings.link(named: router.interface) else { return false }
        let hasOwnAddress = surroundings.addresses.contains { candidate in
            let address = candidate.address.address
            return candidate.interface == link.index && address.family == router.family
                && (address.family == .ipv4 || address.isLinkLocal)
        }
        return hasOwnAddress && (link.isUsable || !router.trackInterface)
    }

    private struct Packet: Comparable, CustomStringConvertible {
        var interface: Int32
        var family: AddressFamily
        var vrid: UInt8
        var priority: UInt8

        static func < (left: Packet, right: Packet) -> Bool {
            left.description < right.description
        }
        var description: String { "\(interface) \(family) vrid \(vrid) priority \(priority)" }
    }

    private func packet(
        _ router: VirtualRouterConfiguration, _ priority: Priority
    ) -> [Packet] {
        guard let link = surroundings.link(named: router.interface) else { return [] }
        let packet = Packet(
            interface: link.index, family: router.family, vrid: router.vrid.rawValue,
            priority: priority.rawValue)
        return Array(repeating: packet, count: router.alsoVersion2 ? 2 : 1)
    }

    /// An administrator's address becomes a virtual address of some router on its interface, or is
    /// one no longer: another source of advertisements for all routers there, unchanged ones, too.
    var movesSources: Bool {
        surroundings.addresses.contains { own in
            guard let link = surroundings.links.first(where: { $0.index == own.interface }) else {
                return false
            }
            func isVirtual(_ configuration: Configuration) -> Bool {
                configuration.routers.contains { router in
                    router.priority != .owner
                        && router.addresses.contains {
                            $0.address.address == own.address.address
                                && ($0.interface ?? router.interface) == link.name
                        }
                }
            }
            return isVirtual(old) != isVirtual(new)
        }
    }

    /// Everyone's state after the reload, and the packets of the reload, are what they must be.
    private func immediateFaults(_ bench: ReloadBench, _ before: EngineSnapshot) -> [String] {
        var faults: [String] = []
        var expected: [Packet] = []
        let after = bench.engine.snapshot(at: reloadAt)
        if after.routers.map(\.configuration) != new.routers { faults.append("not all is known") }
        for router in before.routers where router.state == .active {
            let name = router.configuration.name
            guard let wanted = new.routers.first(where: { $0.name == name }),
                router.configuration.disturbance(of: wanted) < .reelection,
                isAble(wanted, bench.surroundings)
            else {
                expected += packet(router.configuration, .leaving)
                continue
            }
        }
        for router in after.routers {
            let wanted = router.configuration
            let previous = before.routers.first { $0.configuration.name == wanted.name }
            if let previous, previous.configuration == wanted {
                if router != previous, isUntouched(wanted.name) {
                    faults.append("\(wanted.name) was touched")
                }
                continue
            }
            let stays = previous.flatMap { previous in
                previous.configuration.disturbance(of: wanted) < .reelection ? previous : nil
            }
            let state = expectedState(of: wanted, after: stays, bench.surroundings)
            if router.state != state {
                faults.append("\(wanted.name) is \(router.state), not \(state)")
            }
            if let stays, stays.state == state, stays.since != router.since {
                faults.append("\(wanted.name) has forgotten since when")
            }
            if state == .active, stays?.state != .active {
                expected += packet(wanted, wanted.priority)
            }
        }
        let sent = bench.sent.map {
            Packet(
                interface: $0.key.interface, family: $0.key.family, vrid: $0.key.vrid,
                priority: $0.bytes[2])
        }
        if sent.sorted() != expected.sorted() {
            faults.append("sent \(sent.sorted()), not \(expected.sorted())")
        }
        if surroundings.manner == .prompt, surroundings.refusesUntil == Self.start {
            faults += kernelFaults(bench)
        }
        return faults + listeningFaults(bench)
    }

    private func expectedState(
        of wanted: VirtualRouterConfiguration, after previous: RouterSnapshot?,
        _ surroundings: Surroundings
    ) -> RouterState {
        guard isAble(wanted, surroundings) else { return .initialize }
        let isNewOwner =
            wanted.priority == .owner && previous?.configuration.priority != .owner
        if let previous, isAble(previous.configuration, surroundings) {
            return previous.state == .backup && isNewOwner ? .active : previous.state
        }
        guard wanted.startDelay == .zero else { return .initialize }
        return wanted.priority == .owner ? .active : .backup
    }

    /// Of ours, the kernel has what the Active Routers are to have, and nothing else.
    func kernelFaults(_ bench: ReloadBench) -> [String] {
        var wanted: Set<ReloadBench.Installed> = []
        for router in bench.engine.snapshot(at: bench.now).routers where router.state == .active {
            for virtual in router.configuration.addresses {
                let device = virtual.interface ?? router.configuration.interface
                guard let link = surroundings.link(named: device) else { continue }
                let isTaken = surroundings.addresses.contains {
                    $0.interface == link.index
                        && $0.address.address == virtual.address.address
                        && ($0.address == virtual.address
                            || $0.address.address.family == .ipv6)
                }
                if isTaken { continue }
                wanted.insert(
                    .init(
                        interface: link.index, address: virtual.address,
                        scope: virtual.scope.rawValue))
            }
        }
        let installed = Set(bench.installed)
        return installed == wanted
            ? [] : ["the kernel has \(text(installed)), not \(text(wanted))"]
    }

    private func text(_ installed: Set<ReloadBench.Installed>) -> [String] {
        installed.map { "\($0.address) on \($0.interface) scope \($0.scope)" }.sorted()
    }

    func listeningFaults(_ bench: ReloadBench) -> [String] {
        let wanted = Set(
            new.routers.compactMap { router in
                surroundings.link(named: router.interface).map {
                    ReloadBench.Listening(interface: $0.index, family: router.family)
                }
            })
        return bench.listening == wanted ? [] : ["listens on \(bench.listening), not \(wanted)"]
    }

    /// The same configuration once more: nothing.
    private func repetitionFaults(_ bench: ReloadBench) -> [String] {
        let snapshot = bench.engine.snapshot(at: reloadAt)
        let deadline = bench.engine.nextDeadline
        let effects = bench.effectCount
        let difference = bench.apply(new)
        let isSilent =
            difference?.isEmpty == true && bench.effectCount == effects
            && bench.engine.nextDeadline == deadline
            && bench.engine.snapshot(at: reloadAt) == snapshot
        return isSilent ? [] : ["the same configuration again has effects"]
    }
}

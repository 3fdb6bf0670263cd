// Another configuration on one machine, different in one thing, as operators change it: never so that
// the routers contradict each other in what they must have in common.

package import VRRPConfiguration
import VRRPEngine
import VRRPWire

extension Simulation {
    func reloadSomething(_ node: Node) {
        guard let daemon = node.daemon, !node.isPaused, !daemon.isLeaving else { return }
        let old = node.configuration
        apply(changed(old, of: node), to: node)
    }

    /// Somebody changes the file while no daemon reads it.
    func editFile(_ node: Node) {
        node.configuration = changed(node.configuration, of: node)
        emit(node.index, -1, .configured)
    }

    /// Applies another configuration, and remembers it for the next start.
    package func change(_ index: Int, _ change: (inout VirtualRouterConfiguration) -> Void) {
        var new = nodes[index].configuration
        for place in new.routers.indices { change(&new.routers[place]) }
        apply(new, to: nodes[index])
    }

    private func apply(_ new: Configuration, to node: Node) {
        node.configuration = new
        roster.configure(node.index, new)
        emit(node.index, -1, .configured)
        turn(node) { daemon, local in
            daemon.engine.apply(new, at: local)
            daemon.shadow.apply(new, at: local)
        }
        let numbers = new.routerNumbers
        for router in 0..<roster.routerCount where !numbers.contains(router) {
            node.daemon?.forget(router)
        }
    }

    func reloadTheSame(_ node: Node) {
        guard let daemon = node.daemon, !node.isPaused, !daemon.isLeaving else { return }
        turn(node) { daemon, local in
            daemon.engine.apply(node.configuration, at: local)
            if !daemon.engine.effects.isEmpty {
                fail("reload is a difference", "gw\(node.index): an unchanged file had effects")
            }
        }
    }

    private func changed(_ old: Configuration, of node: Node) -> Configuration {
        let original = options.nodes[node.index].configuration
        var new = old
        if roster.routerCount > 1, faultChance.chance(percent: 20) {
            // A virtual router goes, or comes back as it was at first; one is always left.
            let number = faultChance.below(roster.routerCount)
            let remaining = old.routers.filter { $0.name != "r\(number)" }
            let returning = original.routers.filter { $0.name == "r\(number)" }
            new.routers =
                remaining.count < old.routers.count && !remaining.isEmpty
                ? remaining : remaining + returning
            new.routers.sort { $0.name < $1.name }
            return new
        }
        guard let place = faultChance.pick(Array(new.routers.indices)) else { return original }
        let first = original.routers.first { $0.name == old.routers[place].name }
        change(&new.routers[place], first: first ?? old.routers[place])
        return new
    }

    private func change(
        _ router: inout VirtualRouterConfiguration, first: VirtualRouterConfiguration
    ) {
        var draw = Draw(generator: faultChance.split())
        switch faultChance.below(7) {
        case 0, 1:
            // Who owns the addresses is decided by the interface, not by a reload.
            if router.priority != .owner { router.priority = draw.priority() }
        case 2:
            router.preemptMode.toggle()
            router.routerAdvertisement =
                router.routerAdvertisement == nil ? first.routerAdvertisement : nil
        case 3:
            router.announce = draw.policy()
        case 4:
            // Version 2 discards what has another interval or another list (RFC 3768 §7.1).
            if router.version == .v3 { router.advertisementInterval = draw.interval(.v3) }
        case 5:
            if router.version == .v3, router.priority != .owner, first.addresses.count > 1 {
                let all = first.addresses
                router.addresses = router.addresses.count == all.count ? all.dropLast() : all
            }
        default:
            let delays: [Duration] = [.zero, .seconds(1), .seconds(4)]
            router.preemptDelay = faultChance.pick(delays) ?? .zero
            router.startDelay = faultChance.pick(delays) ?? .zero
        }
    }
}

extension Configuration {
    /// Which virtual routers it has.
    var routerNumbers: [Int] { routers.compactMap { Int($0.name.dropFirst()) } }
}

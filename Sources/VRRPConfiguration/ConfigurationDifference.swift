// What a reload changes: two configurations compared, router by router.
// Pure. A router that is not named here is not touched by the reload.

/// How much a change disturbs a virtual router that is running.
package enum Disturbance: Comparable, CaseIterable, Sendable {
    /// Taken over in place: the LAN sees no more than new contents of the next advertisement.
    case none
    /// In place, but running timers are computed anew.
    case timersOnly
    /// The virtual router leaves and begins again as another one: the LAN elects.
    case reelection
}

/// The difference between the configuration that runs and the one that is to run.
package struct ConfigurationDifference: Equatable, Sendable {
    /// Only in the new one, sorted.
    package let added: [String]
    /// Only in the old one, sorted.
    package let removed: [String]
    /// In both, with other values, sorted by name.
    package let changed: [Change]
    package let controlChanged: Bool
    package let logChanged: Bool

    /// A virtual router that stays and is told something else.
    package struct Change: Equatable, Sendable {
        package let name: String
        /// With `.reelection` the old one stops and a new one of that name begins.
        package let disturbance: Disturbance

        package init(name: String, disturbance: Disturbance) {
            self.name = name
            self.disturbance = disturbance
        }
    }

    package init(from old: Configuration, to new: Configuration) {
        let before = Self.byName(old.routers)
        let after = Self.byName(new.routers)
        added = after.keys.filter { before[$0] == nil }.sorted()
        removed = before.keys.filter { after[$0] == nil }.sorted()
        changed = before.keys.sorted().compactMap { name in
            guard let before = before[name], let after = after[name], before != after else {
                return nil
            }
            return Change(name: name, disturbance: before.disturbance(of: after))
        }
        controlChanged = old.control != new.control
        logChanged = old.log != new.log
    }

    /// Nothing to do at all.
    package var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && changed.isEmpty && !controlChanged && !logChanged
    }

    /// The worst that happens to a virtual router that is in both.
    package var disturbance: Disturbance {
        changed.map(\.disturbance).max() ?? .none
    }

    private static func byName(
        _ routers: [VirtualRouterConfiguration]
    ) -> [String: VirtualRouterConfiguration] {
        Dictionary(routers.map { ($0.name, $0) }) { first, _ in first }
    }
}

extension VirtualRouterConfiguration {
    /// What it does to this virtual router to be told `new`.
    package func disturbance(of new: VirtualRouterConfiguration) -> Disturbance {
        // These four are what the LAN knows it by: with another of them it is another one.
        guard
            interface == new.interface, vrid == new.vrid, family == new.family,
            version == new.version
        else { return .reelection }
        // Everything that a running deadline was computed from.
        let sameTimers =
            advertisementInterval == new.advertisementInterval && priority == new.priority
            && preemptMode == new.preemptMode && preemptDelay == new.preemptDelay
            && startDelay == new.startDelay && announce == new.announce
        return sameTimers ? .none : .timersOnly
    }
}

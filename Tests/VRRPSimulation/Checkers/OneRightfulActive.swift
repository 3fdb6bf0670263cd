// After everything is whole again there is exactly one Active Router, the rightful one, within the
// longest Active_Down_Interval and one interval; and nothing changes any more.

import VRRPConfiguration
import VRRPCore
import VRRPWire

package struct OneRightfulActive: Sendable {
    /// From when on a virtual router must be settled; nil while things may fail.
    private var settledFrom: [Nanoseconds?]
    /// What came before the healing.
    package private(set) var lastTrouble = Record.Phase.probe

    package init(routerCount: Int) {
        settledFrom = Array(repeating: nil, count: routerCount)
    }

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        if case .phase(let phase) = record.kind {
            for router in settledFrom.indices {
                settledFrom[router] =
                    phase == .healed
                    ? record.time + Self.timeToSettle(router, roster) : nil
            }
            if phase != .healed { lastTrouble = phase }
            return nil
        }
        let router = record.router
        guard router >= 0, let settled = settledFrom[router], record.time > settled else {
            return nil
        }
        switch record.kind {
        case .changed(let from, let to):
            return "gw\(record.node) r\(router) goes from \(from) to \(to) in a calm"
        case .sent(let priority) where priority > 0:
            return judge(router, roster)
        case .sent, .heard, .missed, .asked, .answered, .announced, .turned, .fault, .configured,
            .phase:
            return nil
        }
    }

    private func judge(_ router: Int, _ roster: Roster) -> String? {
        let actives = roster.actives(router)
        guard actives.count == 1, let active = actives.first else {
            return "r\(router) has \(actives.count) Active Routers: \(actives)"
        }
        let own = roster[active, router].priority
        for other in roster.candidates(router) {
            let seat = roster[other, router]
            if seat.priority > own, seat.preempts {
                return "gw\(active) is Active for r\(router), gw\(other) has priority"
                    + " \(seat.priority.rawValue) and preempts"
            }
        }
        return nil
    }

    /// How long after healing things may still change.
    package static func timeToSettle(_ router: Int, _ roster: Roster) -> Nanoseconds {
        var down: Nanoseconds = 0
        var interval: Nanoseconds = 0
        var startDelay: Nanoseconds = 0
        var preemptDelay: Nanoseconds = 0
        for node in 0..<roster.nodeCount {
            let seat = roster[node, router]
            guard let configuration = seat.configuration else { continue }
            interval = max(interval, seat.longestInterval)
            down = max(
                down, roster.activeDownInterval(node, router, interval: seat.longestInterval))
            startDelay = max(startDelay, configuration.startDelay.nanosecondsRoundedUp)
            preemptDelay = max(preemptDelay, configuration.preemptDelay.nanosecondsRoundedUp)
        }
        // A delay begins with the first advertisement heard, and ends with one.
        if preemptDelay > 0 { preemptDelay += 2 * interval + down }
        // A macvlan that was refused is asked for again after a second.
        let repair = Nanoseconds.second + 200 * Nanoseconds.millisecond
        return Roster.stretched(repair + startDelay + down + interval + preemptDelay)
            + 2 * roster.longestDelay + 4 * roster.slack
    }
}

// A Backup leaves an Active Router alone whose valid advertisements arrive, unless it outranks it and
// may preempt, or was told farewell (RFC 9568 §6.4.2, Preempt_Mode).

import VRRPConfiguration
import VRRPCore
import VRRPWire

package struct NoNeedlessTakeover: Sendable {
    private struct Heard: Sendable {
        var time: Nanoseconds
        var priority: UInt8
        var interval: Nanoseconds
    }

    private var last: Grid<Heard?>

    package init(nodeCount: Int, routerCount: Int) {
        last = Grid(nil, nodeCount: nodeCount, routerCount: routerCount)
    }

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        switch record.kind {
        case .heard(let from, let priority):
            guard from >= 0 else { return nil }
            let isVersion2 = roster[record.node, record.router].configuration?.version == .v2
            let interval = roster[isVersion2 ? record.node : from, record.router].interval
            last[record.node, record.router] =
                priority == 0
                ? nil : Heard(time: record.time, priority: priority, interval: interval)
        case .configured:
            // Intervals and priorities on the way belong to the time before.
            last.fill(nil)
        case .changed(from: .backup, to: .active):
            return judge(record, roster)
        case .changed:
            last[record.node, record.router] = nil
        case .sent, .missed, .asked, .answered, .announced, .turned, .fault, .phase:
            break
        }
        return nil
    }

    private func judge(_ record: Record, _ roster: Roster) -> String? {
        guard let heard = last[record.node, record.router] else { return nil }
        let own = roster[record.node, record.router]
        if heard.priority < own.priority.rawValue, own.preempts { return nil }
        let silence = record.time - heard.time
        if Roster.stretched(silence) + 2 * roster.slack >= 3 * heard.interval { return nil }
        return "gw\(record.node) takes r\(record.router) over, \(silence) ns after a valid"
            + " advertisement of priority \(heard.priority)"
    }
}

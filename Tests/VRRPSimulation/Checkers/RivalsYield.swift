// Two Active Routers that can hear each other: for one interval and the LAN's delay at most. For
// longer only when a frame between them did not arrive, and the LAN can say which.

import VRRPCore

package struct RivalsYield: Sendable {
    /// Since when a pair has had no excuse; the pair is (lower, higher) node, row by row.
    private var since: [Nanoseconds]
    private let nodeCount: Int

    package init(nodeCount: Int, routerCount: Int) {
        self.nodeCount = nodeCount
        since = Array(repeating: 0, count: nodeCount * nodeCount * routerCount)
    }

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        switch record.kind {
        case .changed:
            for other in 0..<nodeCount { excuse(record.node, other, record.router, record.time) }
        case .missed(let from, _):
            if from >= 0 {
                excuse(from, record.node, record.router, record.time)
            } else {
                for other in 0..<nodeCount {
                    excuse(other, record.node, record.router, record.time)
                }
            }
        case .fault, .configured, .phase:
            for index in since.indices { since[index] = record.time }
        case .sent:
            return compare(record, roster)
        case .heard, .asked, .answered, .announced, .turned:
            break
        }
        return nil
    }

    private func place(_ one: Int, _ other: Int, _ router: Int) -> Int {
        (router * nodeCount + min(one, other)) * nodeCount + max(one, other)
    }

    private mutating func excuse(_ one: Int, _ other: Int, _ router: Int, _ time: Nanoseconds) {
        since[place(one, other, router)] = time
    }

    private func compare(_ record: Record, _ roster: Roster) -> String? {
        let node = record.node
        guard roster[node, record.router].state == .active, roster.machines[node].isWell else {
            return nil
        }
        for other in 0..<nodeCount where other != node {
            guard
                roster[other, record.router].state == .active, roster.machines[other].isWell
            else { continue }
            let interval = max(
                roster[node, record.router].interval, roster[other, record.router].interval)
            let bound = Roster.stretched(interval) + roster.longestDelay + 2 * roster.slack
            if record.time - since[place(node, other, record.router)] > bound {
                return "gw\(node) and gw\(other) are both Active for r\(record.router), and no"
                    + " frame between them was lost"
            }
        }
        return nil
    }
}

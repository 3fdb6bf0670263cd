// Only an Active Router advertises; one farewell of priority 0 when it leaves (RFC 9568 §6.4.3).

import VRRPCore

package struct OnlyActivesSpeak: Sendable {
    /// What one virtual router did in one turn, in which the advertisement comes before the report.
    private struct Turn: Sendable, Equatable {
        var advertisements = 0
        var farewells = 0
        var wasActive = false
        var departures = 0
    }

    private var turns: Grid<Turn>

    package init(nodeCount: Int, routerCount: Int) {
        turns = Grid(Turn(), nodeCount: nodeCount, routerCount: routerCount)
    }

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        switch record.kind {
        case .sent(let priority):
            if roster[record.node, record.router].state == .active {
                turns[record.node, record.router].wasActive = true
            }
            if priority == 0 {
                turns[record.node, record.router].farewells += 1
            } else {
                turns[record.node, record.router].advertisements += 1
            }
        case .changed(let from, let to):
            if from == .active || to == .active {
                turns[record.node, record.router].wasActive = true
            }
            if from == .active, to == .initialize {
                turns[record.node, record.router].departures += 1
            }
        case .turned:
            return close(record.node, roster)
        case .heard, .missed, .asked, .answered, .announced, .fault, .configured, .phase:
            break
        }
        return nil
    }

    private mutating func close(_ node: Int, _ roster: Roster) -> String? {
        for router in 0..<roster.routerCount {
            let turn = turns[node, router]
            guard turn != Turn() else { continue }
            turns[node, router] = Turn()
            if turn.advertisements > 0, !turn.wasActive {
                return "gw\(node) r\(router) advertises and is not Active"
            }
            if turn.farewells > turn.departures {
                return "gw\(node) r\(router) says farewell and does not leave"
            }
        }
        return nil
    }
}

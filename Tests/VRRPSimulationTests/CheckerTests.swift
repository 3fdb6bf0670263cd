// Each property notices what it is there for: records written by hand, of runs that must not be.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPSimulation
import VRRPWire

@Suite("Properties notice")
struct CheckerTests {
    typealias Step = (Double, Int, Record.Kind)

    /// Two machines with one virtual router, priorities 200 and 100, interval 1 s.
    private var roster: Roster {
        var roster = Roster(
            nodeCount: 2, routerCount: 1, longestDelay: .millisecond, slack: .millisecond)
        for (node, options) in SimulationOptions(priorities: [200, 100]).nodes.enumerated() {
            roster.configure(node, options.configuration)
        }
        return roster
    }

    /// The first property that a list of records violates; states in the roster follow them.
    private func judge(_ start: Roster, _ steps: [Step]) -> String? {
        var roster = start
        var checkers = Checkers(nodeCount: 2, routerCount: 1)
        for (seconds, node, kind) in steps {
            if case .changed(_, let state) = kind { roster[node, 0].state = state }
            let record = Record(
                time: Nanoseconds(seconds * 1e9), node: node, router: node < 0 ? -1 : 0, kind)
            if let violation = checkers.see(record, roster) { return violation.property }
        }
        return nil
    }

    private func takeover(_ node: Int, at seconds: Double) -> [Step] {
        [
            (seconds, node, .sent(priority: 100)),
            (seconds, node, .changed(from: .backup, to: .active)), (seconds, node, .turned),
        ]
    }

    private func start(_ node: Int, at seconds: Double) -> [Step] {
        [(seconds, node, .changed(from: .initialize, to: .backup))]
    }

    private func reign(_ node: Int, from seconds: Double) -> [Step] {
        start(node, at: seconds) + takeover(node, at: seconds)
    }

    @Test("an advertisement of a router that is not Active")
    func speech() {
        #expect(
            judge(roster, [(1, 0, .sent(priority: 200)), (1, 0, .turned)])
                == "only an Active Router advertises")
        #expect(judge(roster, reign(0, from: 1)) == nil)
    }

    @Test("a farewell without leaving, and a second one")
    func farewell() {
        let word: [Step] = [(2, 0, .sent(priority: 0))]
        let leaving: [Step] = [(2, 0, .changed(from: .active, to: .initialize))]
        let end: [Step] = [(2, 0, .turned)]
        #expect(judge(roster, reign(0, from: 1) + word + leaving + end) == nil)
        let property = "only an Active Router advertises"
        #expect(judge(roster, reign(0, from: 1) + word + word + leaving + end) == property)
        #expect(judge(roster, reign(0, from: 1) + word + end) == property)
    }

    @Test("two Active Routers for longer than an interval and the delay, unless a frame was lost")
    func rivals() {
        let both = reign(0, from: 1) + reign(1, from: 1)
        let word: (Double) -> [Step] = { [($0, 0, .sent(priority: 200))] }
        #expect(judge(roster, both + word(1.9)) == nil)
        #expect(judge(roster, both + word(2.1)) == "rivals yield")
        let lost = both + [(1.5, 1, .missed(from: 0, .lost))]
        #expect(judge(roster, lost + word(2.1)) == nil)
        #expect(judge(roster, lost + word(2.6)) == "rivals yield")
    }

    @Test("nobody, the wrong one, or another one later, after healing")
    func calm() {
        let healed: [Step] = [(0, -1, .phase(.healed))]
        #expect(judge(roster, healed + reign(0, from: 1) + [(9, 0, .sent(priority: 200))]) == nil)
        let property = "one rightful Active Router"
        let wrong: [Step] = [(9, 1, .sent(priority: 100))]
        #expect(judge(roster, healed + reign(1, from: 1) + wrong) == property)
        #expect(judge(roster, healed + start(1, at: 9)) == property)
    }

    @Test("a crash that nobody covers in time, a farewell that is not followed")
    func loss() {
        let running = reign(0, from: 4) + start(1, at: 4) + [(5, -1, .phase(.probe))]
        let crash = running + [(5, 0, .fault(Fault(.crash)))]
        #expect(judge(roster, crash + takeover(1, at: 8.6)) == nil)
        #expect(judge(roster, crash + takeover(1, at: 8.7)) == "a loss is covered in time")
        let stop = running + [(5, 0, .fault(Fault(.stop)))]
        #expect(judge(roster, stop + takeover(1, at: 5.6)) == nil)
        #expect(judge(roster, stop + takeover(1, at: 5.7)) == "a loss is covered in time")
    }

    @Test("a takeover while valid advertisements arrive")
    func needless() {
        let heard: (Int, UInt8) -> [Step] = {
            [(2, $0, .heard(from: 1 - $0, priority: $1, interval: .second))]
        }
        let backup = start(1, at: 1) + heard(1, 200)
        #expect(judge(roster, backup + takeover(1, at: 5.6)) == nil)
        #expect(judge(roster, backup + takeover(1, at: 4.9)) == "no needless takeover")
        #expect(judge(roster, backup + heard(1, 0) + takeover(1, at: 2.6)) == nil)
        let preempting = start(0, at: 1) + heard(0, 100) + takeover(0, at: 2.5)
        #expect(judge(roster, preempting) == nil)
        var modest = roster
        modest[0, 0].configuration?.preemptMode = false
        #expect(judge(modest, preempting) == "no needless takeover")
    }

    @Test("addresses that are not announced, too rarely, or by a Backup")
    func announcements() {
        let round: (Double) -> [Step] = {
            [($0, 0, .announced(address: 0)), ($0, 0, .turned)]
        }
        let probe: [Step] = [(9, -1, .phase(.probe))]
        let rounds = (0..<5).map { round(1.1 + 0.2 * Double($0)) }
        let property = "addresses are announced"
        #expect(judge(roster, reign(0, from: 1) + rounds.joined() + probe) == nil)
        #expect(judge(roster, reign(0, from: 1) + rounds.dropLast().joined() + probe) == property)
        #expect(judge(roster, reign(0, from: 1) + probe) == property)
        #expect(judge(roster, round(1)) == property)
    }
}

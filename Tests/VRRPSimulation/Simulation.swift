// A world of routers in virtual time: one queue of what will happen, and nothing else moves. The
// same options give the same run, on every machine.

import HeapModule
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// What a property found wrong.
package struct Violation: Equatable, Sendable {
    package var property: String
    package var time: Nanoseconds
    package var text: String
}

package final class Simulation {
    package let options: SimulationOptions
    package internal(set) var now: Nanoseconds = 0
    package internal(set) var trace: Trace
    package internal(set) var violation: Violation?
    package internal(set) var roster: Roster
    /// How often each fault came, to show that nothing is left untried.
    package internal(set) var faultCounts: [Fault.Kind: Int] = [:]
    package internal(set) var takeovers = 0

    var nodes: [Node]
    var lan: LAN
    var frames = FramePool()
    var neighbours = Neighbours()
    var checkers: Checkers
    var phase = Record.Phase.healed
    var activeFaults: [ActiveFault] = []
    var lastFault = 0
    /// Chances of the LAN, of faults and of delays do not disturb each other.
    var lanChance: SeededGenerator
    var faultChance: SeededGenerator
    var delayChance: SeededGenerator
    private var queue = Heap<Scheduled>()
    private var sequence: UInt64 = 0
    /// Whether this turn of a daemon was worth a record.
    var turnIsEmpty = true

    /// What will happen.
    enum Happening {
        case frame(slot: Int, to: Int, damagedBit: Int)
        case wake(node: Int)
        case answer(node: Int, incarnation: Int)
        case deviceWork(node: Int, incarnation: Int)
        case departed(node: Int, incarnation: Int)
        case faultEnds(Int)
        case nextFault
        case nextPhase
    }

    private struct Scheduled: Comparable {
        var time: Nanoseconds
        var sequence: UInt64
        var happening: Happening

        static func < (left: Scheduled, right: Scheduled) -> Bool {
            left.time != right.time ? left.time < right.time : left.sequence < right.sequence
        }

        static func == (left: Scheduled, right: Scheduled) -> Bool {
            left.sequence == right.sequence
        }
    }

    /// `traceCapacity` below 1 keeps every record.
    package init(_ options: SimulationOptions, traceCapacity: Int = 512) {
        self.options = options
        var generator = SeededGenerator(seed: options.seed ^ 0x5eed)
        lanChance = generator.split()
        faultChance = generator.split()
        delayChance = generator.split()
        trace = Trace(capacity: traceCapacity)
        nodes = options.nodes.enumerated().map { Node(index: $0.offset, options: $0.element) }
        lan = LAN(stationCount: options.nodes.count + 1, conditions: options.calm)
        roster = Roster(
            nodeCount: options.nodes.count, routerCount: options.routerCount,
            longestDelay: max(options.calm.longestDelay, options.rough.longestDelay),
            slack: options.slack)
        checkers = Checkers(nodeCount: options.nodes.count, routerCount: options.routerCount)
        for node in nodes { roster.configure(node.index, node.configuration) }
        for node in nodes { start(node) }
    }

    /// Runs to the end of the options' duration, through chaos, healing and probes, or until a
    /// property is violated.
    package func run() {
        beginPhases()
        run(until: options.duration)
        checkAtTheEnd()
    }

    package func run(for time: Duration) {
        run(until: now + time.nanosecondsRoundedUp)
    }

    package func run(until end: Nanoseconds) {
        while violation == nil, let next = queue.min, next.time <= end {
            queue.removeMin()
            now = max(now, next.time)
            happen(next.happening)
        }
        if violation == nil { now = max(now, end) }
    }

    func schedule(_ happening: Happening, at time: Nanoseconds) {
        sequence += 1
        queue.insert(Scheduled(time: max(time, now), sequence: sequence, happening: happening))
    }

    private func happen(_ happening: Happening) {
        switch happening {
        case .frame(let slot, let to, let damagedBit):
            arrive(slot, to: to, damagedBit: damagedBit)
        case .wake(let index):
            wake(nodes[index])
        case .answer(let index, let incarnation):
            work(nodes[index], incarnation)
        case .deviceWork(let index, let incarnation):
            workOnDevices(nodes[index], incarnation)
        case .departed(let index, let incarnation):
            if nodes[index].incarnation == incarnation { end(nodes[index]) }
        case .faultEnds(let number):
            endFault(number)
        case .nextFault:
            beginRandomFault()
        case .nextPhase:
            enterNextPhase()
        }
    }

    // MARK: Records

    func emit(_ node: Int, _ router: Int, _ kind: Record.Kind) {
        switch kind {
        case .changed, .asked, .answered, .fault, .configured:
            if node >= 0 { nodes[node].isUnchecked = true }
        case .sent, .heard, .missed, .announced, .turned, .phase: break
        }
        let record = Record(time: now, node: node, router: router, kind)
        trace.append(record)
        turnIsEmpty = false
        if violation == nil { violation = checkers.see(record, roster) }
    }

    func fail(_ property: String, _ text: String) {
        guard violation == nil else { return }
        violation = Violation(property: property, time: now, text: text)
    }

    /// Router-hours that were simulated.
    package var routerHours: Double {
        Double(now) / 3.6e12 * Double(nodes.count * options.routerCount)
    }
}

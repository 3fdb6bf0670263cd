// One seed from its options to its verdict.

/// How one seed ended.
package struct Outcome: Sendable {
    package var seed: UInt64
    package var hash: UInt64
    package var records: Int
    package var violation: Violation?
    package var routerHours: Double
    package var takeovers: Int
    package var faults: [Fault.Kind: Int]
    /// For people: everything needed to look into a failure; empty without one.
    package var story: String

    /// Runs a seed; `twice`: a second time, too, and the traces must be the same.
    package init(seed: UInt64, twice: Bool = false) {
        let simulation = Simulation(SimulationOptions(seed: seed))
        simulation.run()
        self.seed = seed
        hash = simulation.trace.hash
        records = simulation.trace.count
        routerHours = simulation.routerHours
        takeovers = simulation.takeovers
        faults = simulation.faultCounts
        if twice, simulation.violation == nil {
            let again = Simulation(SimulationOptions(seed: seed))
            again.run()
            routerHours += again.routerHours
            if again.trace.hash != hash {
                simulation.fail(
                    "the same seed gives the same trace",
                    "\(hash) after \(records) records, then \(again.trace.hash) after"
                        + " \(again.trace.count)")
            }
        }
        violation = simulation.violation
        story = violation == nil ? "" : simulation.story(last: 60)
    }
}

extension Simulation {
    /// The seed, its options, the last records in a column for each router, what was violated, and
    /// how to see it again.
    package func story(last count: Int) -> String {
        var parts = [
            "seed \(options.seed): \(options)",
            trace.table(nodeCount: nodes.count, last: count),
        ]
        if let violation {
            parts.append("violated: \(violation.property)\n  \(violation.text)")
        }
        parts.append(
            "replay: swift run -c release vrrp-simulate --seed \(options.seed) --trace\n")
        return parts.joined(separator: "\n\n")
    }
}

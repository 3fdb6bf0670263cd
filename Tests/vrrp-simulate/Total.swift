// What many seeds gave together.

import VRRPSimulation

struct Total: Sendable {
    var runs = 0
    var routerHours = 0.0
    var takeovers = 0
    var records = 0
    /// All hashes together, whatever the order of the seeds: a number to compare machines by.
    var hash: UInt64 = 0
    var faults: [Fault.Kind: Int] = [:]
    var failures: [String] = []

    mutating func add(_ outcome: Outcome) {
        runs += 1
        routerHours += outcome.routerHours
        takeovers += outcome.takeovers
        records += outcome.records
        hash ^= outcome.hash &* (2 &* outcome.seed &+ 1)
        faults.merge(outcome.faults, uniquingKeysWith: +)
        if outcome.violation != nil { failures.append(outcome.story) }
    }

    mutating func add(_ other: Total) {
        runs += other.runs
        routerHours += other.routerHours
        takeovers += other.takeovers
        records += other.records
        hash ^= other.hash
        faults.merge(other.faults, uniquingKeysWith: +)
        failures += other.failures
    }

    func report(seconds: Double) -> String {
        let counts = Fault.Kind.allCases.map { "\($0) \(faults[$0] ?? 0)" }
        let lines = [
            "\(runs) seeds, \(Int(routerHours)) router-hours in \(Int(seconds * 10) / 10) s:"
                + " \(Int(routerHours / max(seconds, 0.001))) router-hours a second",
            "\(takeovers) takeovers, \(records) records, hash \(String(hash, radix: 16))",
            "faults: " + counts.joined(separator: ", "),
        ]
        return (failures + lines).joined(separator: "\n")
    }
}

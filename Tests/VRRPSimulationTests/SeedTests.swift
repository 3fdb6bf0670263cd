// A few seeds in debug mode, so that `swift test` alone runs the simulator, too; Tests/run tries
// thousands in release mode. Each seed twice: the same seed gives the same trace.

import Testing
import VRRPSimulation

@Suite("Seeds")
struct SeedTests {
    @Test("no property is violated, and the same seed gives the same trace", arguments: 1...8)
    func seeds(seed: Int) {
        let outcome = Outcome(seed: UInt64(seed), twice: true)
        #expect(outcome.violation == nil, "\(outcome.story)")
        #expect(outcome.records > 1000)
        #expect(outcome.takeovers > 3)
    }

    @Test("different seeds give different traces")
    func different() {
        #expect(Set((1...8).map { Outcome(seed: UInt64($0)).hash }).count == 8)
    }

    @Test("a failure tells its seed, its options, its last records and how to see it again")
    func story() {
        let simulation = Simulation(SimulationOptions(seed: 77))
        simulation.run(for: .seconds(20))
        let story = simulation.story(last: 10)
        for part in [
            "seed 77:", "gw0: drift", "priority", "time            gw0",
            "vrrp-simulate --seed 77 --trace",
        ] { #expect(story.contains(part), "\(part) is missing in:\n\(story)") }
    }
}

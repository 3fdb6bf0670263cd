// The simulator as a program: many seeds on all cores, or one of them with its whole trace.

import ArgumentParser
import VRRPSimulation

@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vrrp-simulate",
        abstract: "Runs the production engine on simulated LANs and checks its properties.",
        discussion: """
            Each seed is ten simulated minutes of two to five routers, with options and disasters \
            drawn from it. The same seed gives the same trace on every machine. Ends with 1 when \
            a property is violated.
            """)

    @Option(help: "How many seeds to try.")
    var seeds: UInt64 = 2000

    @Option(help: "The first of them.")
    var from: UInt64 = 1

    @Option(help: "Only this one, and show how it ends.")
    var seed: UInt64?

    @Flag(help: "With --seed: every record, not only the last.")
    var trace = false

    @Flag(help: "Run each seed a second time and compare the traces.")
    var twice = false

    @Option(help: "How many at a time.")
    var jobs = 2

    func run() async throws {
        if let seed {
            let outcome = Outcome(seed: seed, twice: twice)
            showOne(seed)
            throw ExitCode(outcome.violation == nil ? 0 : 1)
        }
        let clock = ContinuousClock()
        let began = clock.now
        let total = await runAll()
        print(total.report(seconds: (clock.now - began) / .seconds(1)))
        throw ExitCode(total.failures.isEmpty ? 0 : 1)
    }

    /// A task for each job, each with every so-manieth seed.
    private func runAll() async -> Total {
        let stride = UInt64(max(1, jobs))
        return await withTaskGroup(of: Total.self) { group in
            for job in 0..<stride {
                group.addTask {
                    var total = Total()
                    var seed = from + job
                    while seed < from + seeds, total.failures.isEmpty {
                        total.add(Outcome(seed: seed, twice: twice))
                        seed += stride
                    }
                    return total
                }
            }
            var sum = Total()
            for await part in group { sum.add(part) }
            return sum
        }
    }

    private func showOne(_ seed: UInt64) {
        let simulation = Simulation(
            SimulationOptions(seed: seed), traceCapacity: trace ? 0 : 512)
        simulation.run()
        print(simulation.story(last: trace ? .max : 120))
    }
}

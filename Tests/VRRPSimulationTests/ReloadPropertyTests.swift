// Reload as a property, over thousands of seeds: what did not change notices nothing, what changed
// does what is expected and no more, and in the end it is as if the daemon had started afresh.

import Testing
import VRRPConfiguration
import VRRPSimulation

@Suite("Reload as a property")
struct ReloadPropertyTests {
    @Test(
        "a reload disturbs nothing but what changed, and ends where a fresh start would",
        arguments: [UInt64(0), 1])
    func properties(odd: UInt64) {
        var failures = 0
        var leftOut = 0
        for pair in UInt64(0)..<800 where failures < 3 {
            let trial = ReloadTrial(seed: 2 * pair + odd)
            if trial.movesSources { leftOut += 1 }
            let faults = trial.run()
            guard !faults.isEmpty else { continue }
            failures += 1
            Issue.record("\(faults.joined(separator: "\n"))\n\(trial)")
        }
        #expect(leftOut < 80, "\(leftOut) of 800 seeds say nothing")
    }

    @Test("what the generator draws is valid, its changes change something, and seeds repeat")
    func generator() {
        var unchanged = 0
        for seed in UInt64(1)...1000 {
            var one = ConfigurationGenerator(seed: seed)
            var two = ConfigurationGenerator(seed: seed)
            let first = one.configuration(node: "n", interfaces: ["x", "y"], routers: 1...8)
            let second = two.configuration(node: "n", interfaces: ["x", "y"], routers: 1...8)
            #expect(first == second && !first.routers.isEmpty)
            let changed = one.change(first)
            #expect(changed == two.change(second))
            #expect(
                ConfigurationGenerator.isValid(first) && ConfigurationGenerator.isValid(changed))
            if changed == first { unchanged += 1 }
        }
        #expect(unchanged < 20)
    }
}

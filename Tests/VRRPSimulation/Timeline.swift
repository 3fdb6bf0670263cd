// Marbles: one line for each machine, one letter for each step of time.

import VRRPCore

extension Simulation {
    /// Runs for `time` and notes every `step` what each machine is for one virtual router: `I`,
    /// `B`, `A`; `-` while no daemon runs, `z` while it stands still.
    package func marbles(
        for time: Duration, every step: Duration, router: Int = 0
    ) -> [String] {
        var lines = Array(repeating: "", count: roster.nodeCount)
        let end = now + time.nanosecondsRoundedUp
        while now < end, violation == nil {
            run(for: step)
            for node in lines.indices { lines[node].append(letter(node, router)) }
        }
        return lines
    }

    private func letter(_ node: Int, _ router: Int) -> Character {
        if !roster.machines[node].isRunning { return "-" }
        if roster.machines[node].isPaused { return "z" }
        return roster[node, router].state.letter
    }

    /// Which machines are Active for a virtual router now.
    package func actives(_ router: Int = 0) -> [Int] { roster.actives(router) }
}

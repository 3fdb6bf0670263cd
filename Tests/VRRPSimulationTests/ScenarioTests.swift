// Stories with the production engine on a simulated LAN, told in marbles: a line for each machine, a
// letter for each second. I Initialize, B Backup, A Active, - no daemon, z standing still.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPSimulation
import VRRPWire

@Suite("Scenarios")
struct ScenarioTests {
    /// Runs a story and demands that no property was violated on the way.
    private func lan(
        _ priorities: [UInt8],
        change: (Int, inout VirtualRouterConfiguration) -> Void = { _, _ in }
    ) -> Simulation {
        Simulation(SimulationOptions(priorities: priorities, change: change))
    }

    private func run(_ lan: Simulation, for seconds: Int) -> [String] {
        let lines = lan.marbles(for: .seconds(seconds), every: .seconds(1))
        #expect(lan.violation == nil)
        return lines
    }

    @Test("the higher priority becomes Active after its own Active_Down_Interval")
    func start() {
        let lan = lan([200, 100])
        #expect(run(lan, for: 6) == ["BBBAAA", "BBBBBB"])
    }

    @Test("an owner is Active at once")
    func owner() {
        let lan = lan([100, 255])
        #expect(run(lan, for: 5) == ["BBBBB", "AAAAA"])
    }

    @Test(
        "a crash is covered within the Backup's Active_Down_Interval, and the crashed one preempts")
    func crash() {
        let lan = lan([200, 100])
        _ = run(lan, for: 6)
        lan.begin(.crash, at: 0, for: 8 * .second)
        #expect(run(lan, for: 14) == ["-------BBBBAAA", "BBAAAAAAAAABBB"])
    }

    @Test("without preemption the one who took over stays")
    func noPreemption() {
        let lan = lan([200, 100]) { _, router in router.preemptMode = false }
        _ = run(lan, for: 6)
        lan.begin(.crash, at: 0, for: 6 * .second)
        #expect(run(lan, for: 14) == ["-----BBBBBBBBB", "BBAAAAAAAAAAAA"])
    }

    @Test("a farewell is followed within the Skew_Time")
    func farewell() {
        let lan = lan([200, 100])
        _ = run(lan, for: 6)
        lan.begin(.stop, at: 0, for: nil)
        #expect(run(lan, for: 3) == ["---", "AAA"])
    }

    @Test("a partition has an Active Router on both sides, and one when it heals")
    func partition() {
        let lan = lan([200, 150, 100])
        _ = run(lan, for: 6)
        lan.begin(.partition, at: 0, from: [0], for: nil)
        #expect(run(lan, for: 6) == ["AAAAAA", "BBAAAA", "BBBBBB"])
        #expect(lan.actives() == [0, 1])
        lan.heal()
        #expect(run(lan, for: 4) == ["AAAA", "BBBB", "BBBB"])
    }

    @Test("who hears nobody and is heard takes over, and the other yields to the higher priority")
    func oneWay() {
        let lan = lan([100, 200])
        _ = run(lan, for: 6)
        lan.begin(.oneWay, at: 1, for: 6 * .second)
        #expect(run(lan, for: 9) == ["BBAAAABBB", "AAAAAAAAA"])
    }

    @Test("a machine that stood still listens before it speaks")
    func pause() {
        let lan = lan([200, 100])
        _ = run(lan, for: 6)
        lan.begin(.pause, at: 0, for: 20 * .second)
        let lines = run(lan, for: 28)
        #expect(lines[0] == "zzzzzzzzzzzzzzzzzzzBBBBAAAAA")
        #expect(lines[1] == "BBAAAAAAAAAAAAAAAAAAAAABBBBB")
    }

    @Test("a carrier that returns is no reason to preempt before the delay")
    func carrier() {
        let lan = lan([200, 100]) { node, router in
            if node == 0 { router.preemptDelay = .seconds(5) }
        }
        _ = run(lan, for: 10)
        lan.begin(.carrierLoss, at: 0, for: 4 * .second)
        let lines = run(lan, for: 16)
        #expect(lines[0] == "IIIBBBBBBBBBAAAA")
        #expect(lines[1] == "BBAAAAAAAAAABBBB")
    }

    @Test("equal priorities: the higher address wins, and the other does not try again")
    func equal() {
        let lan = lan([100, 100, 100])
        #expect(run(lan, for: 8) == ["BBBBBBBB", "BBBBBBBB", "BBBAAAAA"])
    }

    @Test("a shorter interval, Backup first, costs no takeover")
    func rollingInterval() {
        let lan = lan([200, 100])
        _ = run(lan, for: 6)
        lan.change(1) { $0.advertisementInterval = .milliseconds(100) }
        #expect(run(lan, for: 3) == ["AAA", "BBB"])
        lan.change(0) { $0.advertisementInterval = .milliseconds(100) }
        #expect(run(lan, for: 3) == ["AAA", "BBB"])
    }

    @Test("a longer interval, Active first, costs no takeover")
    func longerInterval() {
        let lan = lan([200, 100]) { _, router in
            router.advertisementInterval = .milliseconds(100)
        }
        _ = run(lan, for: 3)
        lan.change(0) { $0.advertisementInterval = .seconds(2) }
        #expect(run(lan, for: 8) == ["AAAAAAAA", "BBBBBBBB"])
    }

    @Test("priorities that are exchanged exchange the roles")
    func exchange() {
        let lan = lan([200, 100])
        _ = run(lan, for: 6)
        lan.change(0) { $0.priority = Priority(50) }
        #expect(run(lan, for: 6) == ["AABBBB", "BBAAAA"])
    }
}

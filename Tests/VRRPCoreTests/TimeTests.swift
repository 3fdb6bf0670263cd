// Timers: arithmetic without rounding, waking early, waking far too late, changing while running.

import Testing
import VRRPCore
import VRRPWire

@Suite("Timers (RFC 9568 §6.1)")
struct TimerTests {
    @Test(
        "Skew_Time and Active_Down_Interval of version 3",
        arguments: [
            (100, 1000, 609_375.0, 3_609_375.0), (200, 1000, 218_750, 3_218_750),
            (254, 1000, 7_812.5, 3_007_812.5), (100, 100, 60_937.5, 360_937.5),
            (254, 10, 78.125, 30_078.125), (1, 40950, 40_790_039.062_5, 163_640_039.062_5),
        ] as [(UInt8, Int, Double, Double)])
    func version3(priority: UInt8, milliseconds: Int, skew: Double, down: Double) {
        let interval = Duration.milliseconds(milliseconds)
        #expect(
            TimerArithmetic.skewTime(
                version: .v3, priority: Priority(priority), activeAdverInterval: interval)
                == .microseconds(skew))
        #expect(
            TimerArithmetic.activeDownInterval(
                version: .v3, priority: Priority(priority), activeAdverInterval: interval)
                == .microseconds(down))
    }

    @Test("version 2 skews by a share of a second, whatever the interval")
    func version2() {
        #expect(
            TimerArithmetic.skewTime(
                version: .v2, priority: Priority(100), activeAdverInterval: .seconds(10))
                == .microseconds(609_375))
    }

    @Test("assertions keep a tenth of the interval apart, and never less than 10 ms")
    func assertionSpacing() {
        for (interval, spacing) in [(10, 10), (90, 10), (100, 10), (110, 11), (1000, 100)] {
            #expect(
                TimerArithmetic.assertionSpacing(advertisementInterval: .milliseconds(interval))
                    == .milliseconds(spacing))
        }
    }

    @Test("waking early changes nothing")
    func early() {
        for parameters in [Parameters.with(), .with(priority: 255)] {
            var driver = Driver.backup(parameters)
            let before = driver.router
            #expect(driver.advance(to: at(0.5)) == [])
            #expect(driver.router == before)
        }
    }

    @Test("an Active Router that overslept its peers' patience steps back without a farewell")
    func activeOversleeps() {
        var driver = Driver.active(.with(priority: 255))
        let actions = driver.advance(to: at(5))
        #expect(actions.withoutReports == [.releaseAddresses])
        #expect(driver.state == .backup)
        guard case .overslept(let late)? = actions.reasons.first else {
            Issue.record("no reason")
            return
        }
        #expect(late == .seconds(4))
    }

    @Test("it steps back before it judges a rival, so that it does not fight it")
    func activeOversleepsAndHears() {
        var driver = Driver.active(.with(priority: 200))
        let actions = driver.hear(100, at: at(30))
        #expect(actions.withoutReports == [.releaseAddresses])
        #expect(driver.state == .backup)
    }

    @Test("a Backup that overslept listens for one interval before it takes over")
    func backupOversleeps() {
        var driver = Driver.backup(.with())
        #expect(driver.advance(to: at(20)) == [])
        #expect(driver.state == .backup)
        #expect(driver.deadline == .seconds(20) + .microseconds(3_609_375))
        let reasons = driver.advance(to: at(23.609_375)).reasons
        #expect(reasons == [.noAdvertisement(silence: .microseconds(3_609_375))])
    }

    @Test("a Backup that overslept has forgotten who left and whom it would have preempted")
    func overslept() {
        for priority in [0, 50] as [UInt8] {
            var driver = Driver.backup(.with())
            _ = driver.hear(priority, at: at(1))
            _ = driver.advance(to: at(20))
            let reasons = driver.advance(to: at(23.609_375)).reasons
            #expect(reasons == [.noAdvertisement(silence: .microseconds(3_609_375))])
        }
    }

    @Test("patience ends with a whole Active_Down_Interval, not a nanosecond sooner")
    func patience() {
        let late = Duration.microseconds(3_609_375)
        var active = Driver.active(.with(priority: 100))
        let due = active.router.nextDeadline ?? .origin
        var sooner = active
        #expect(sooner.advance(to: due + late - .nanoseconds(1)) == [.transmit(Priority(100))])
        #expect(active.advance(to: due + late).reasons == [.overslept(late: late)])
    }

    @Test("a delay below that is no reason to hesitate")
    func slightlyLate() {
        var driver = Driver.backup(.with())
        #expect(driver.advance(to: at(7)).reasons.count == 1)
        #expect(driver.state == .active)
    }
}

@Suite("Parameters that change while a router runs")
struct ParameterTests {
    @Test("a Backup's timer keeps the instant it counts from")
    func backup() {
        var driver = Driver.backup(.with())
        _ = driver.handle(.parameters(.with(priority: 200)), at: 1)
        #expect(driver.deadline == .microseconds(3_218_750))
        _ = driver.handle(.parameters(.with(priority: 200, interval: .milliseconds(100))), at: 2)
        #expect(driver.deadline == .seconds(2))
    }

    @Test(
        "a Skew_Time that runs after priority 0 stays one, though a lower priority was heard since")
    func skewStaysSkew() {
        var driver = Driver.backup(.with())
        _ = driver.hear(0, at: at(1))
        _ = driver.hear(50, at: at(1.25))  // S7: discarded.
        _ = driver.handle(.parameters(.with(priority: 156)), at: 1.25)
        #expect(driver.deadline == .seconds(1.390625))
        #expect(
            driver.advance(to: at(1.390625)).reasons == [.priorityZero(from: peer)])
    }

    @Test("turning preempt off ends a preempt-delay: turned on again, it starts anew")
    func preemptOffEndsDelay() {
        let delayed = Parameters.with(preemptDelay: .seconds(2))
        var driver = Driver.backup(delayed)
        _ = driver.hear(50, at: at(1))
        _ = driver.handle(.parameters(.with(preempt: false)), at: 1.5)
        _ = driver.handle(.parameters(delayed), at: 1.5)
        _ = driver.hear(50, at: at(3))
        #expect(driver.deadline == .seconds(6.609375))
    }

    @Test("a learnt interval stays learnt")
    func learnt() {
        var driver = Driver.backup(.with())
        _ = driver.hear(200, interval: .seconds(4), at: at(1))
        let before = driver.deadline
        _ = driver.handle(.parameters(.with(interval: .seconds(2))), at: 1)
        #expect(driver.deadline == before)
    }

    @Test("an Active Router advertises by the new interval from its last advertisement")
    func active() {
        var driver = Driver.active(.with(priority: 255))
        _ = driver.handle(.parameters(.with(priority: 255, interval: .milliseconds(200))), at: 0.1)
        #expect(driver.deadline == .milliseconds(200))
    }
}

// RFC 9568 §6.4 row by row (S1…S12), and what version 2 does otherwise.

import Testing
import VRRPCore
import VRRPWire

@Suite("RFC 9568 §6.4.1 Initialize")
struct InitializeTests {
    @Test("S1: an owner is Active at once, advertisement before addresses")
    func owner() {
        var driver = Driver(.with(priority: 255))
        let actions = driver.handle(.startup, at: 0)
        #expect(actions.withoutReports == [.transmit(.owner), .takeAddresses])
        #expect(actions.reasons == [.owner])
        #expect(driver.state == .active)
        #expect(driver.deadline == .seconds(1))
    }

    @Test("S2: another waits for Active_Down_Interval of its own values")
    func backup() {
        var driver = Driver(.with())
        #expect(driver.handle(.startup, at: 0).withoutReports == [])
        #expect(driver.state == .backup)
        #expect(driver.deadline == .microseconds(3_609_375))
    }

    @Test("nothing but Startup moves it")
    func deaf() {
        var driver = Driver(.with())
        #expect(driver.hear(200, at: at(1)) == [])
        #expect(driver.handle(.shutdown(.shutdown), at: 1) == [])
        #expect(driver.advance(to: at(100)) == [])
        #expect(driver.state == .initialize && driver.deadline == nil)
    }

    @Test("start-delay keeps it there, and a second Startup does not restart the delay")
    func startDelay() {
        var driver = Driver(.with(startDelay: .seconds(5)))
        #expect(driver.handle(.startup, at: 0) == [])
        #expect(driver.handle(.startup, at: 3) == [])
        #expect(driver.deadline == .seconds(5))
        #expect(driver.advance(to: at(4.999)) == [])
        _ = driver.advance(to: at(5))
        #expect(driver.state == .backup)
        #expect(driver.deadline == .microseconds(8_609_375))
    }
}

@Suite("RFC 9568 §6.4.2 Backup")
struct BackupTests {
    @Test("S3: leaves in silence")
    func shutdown() {
        var driver = Driver.backup(.with())
        let actions = driver.handle(.shutdown(.interfaceDown), at: 1)
        #expect(actions.withoutReports == [])
        #expect(actions.reasons == [.interfaceDown])
        #expect(driver.state == .initialize)
    }

    @Test("S4: takes over when the timer expires, and says how long it was silent")
    func takeover() {
        var driver = Driver.backup(.with())
        #expect(driver.advance(to: at(3.609_374)) == [])
        let actions = driver.advance(to: at(3.609_375))
        #expect(actions.withoutReports == [.transmit(Priority(100)), .takeAddresses])
        #expect(actions.reasons == [.noAdvertisement(silence: .microseconds(3_609_375))])
        #expect(driver.deadline == .microseconds(4_609_375))
    }

    @Test("S5: priority zero sets the timer to Skew_Time")
    func priorityZero() {
        var driver = Driver.backup(.with())
        #expect(driver.hear(0, interval: .seconds(40), at: at(2)) == [])
        #expect(driver.deadline == .microseconds(2_609_375))
        let actions = driver.advance(to: at(2.609_375))
        #expect(actions.reasons == [.priorityZero(from: peer)])
    }

    @Test("S6: a priority not below its own restarts the timer and teaches the interval")
    func follows() {
        var driver = Driver.backup(.with())
        #expect(driver.hear(100, interval: .seconds(4), at: at(1)) == [])
        #expect(driver.deadline == .seconds(1) + .seconds(12) + .microseconds(2_437_500))
        #expect(driver.hear(200, interval: .seconds(1), at: at(2)) == [])
        #expect(driver.deadline == .microseconds(5_609_375))
    }

    @Test("S6: with preempt off a lower priority counts, too")
    func noPreemption() {
        var driver = Driver.backup(.with(priority: 200, preempt: false))
        #expect(driver.hear(50, at: at(3)) == [])
        #expect(driver.deadline == .seconds(6) + .microseconds(218_750))
    }

    @Test("S7: a lower priority neither restarts the timer nor teaches the interval")
    func preempts() {
        var driver = Driver.backup(.with(priority: 200))
        #expect(driver.hear(50, interval: .seconds(4), at: at(3)) == [])
        #expect(driver.deadline == .microseconds(3_218_750))
        let actions = driver.advance(to: at(3.218_750))
        #expect(
            actions.reasons == [
                .lowerPriorityPeer(address: peer, priority: Priority(50), own: Priority(200))
            ])
    }

    @Test("an owner preempts whatever Preempt_Mode says")
    func ownerPreempts() {
        var driver = Driver.backup(.with(priority: 100, preempt: false))
        let actions = driver.handle(
            .parameters(.with(priority: 255, preempt: false)), at: 1)
        #expect(actions.withoutReports == [.transmit(.owner), .takeAddresses])
    }

    @Test("preempt-delay counts from the first lower-priority advertisement")
    func preemptDelay() {
        var driver = Driver.backup(.with(priority: 200, preemptDelay: .seconds(10)))
        for second in 1...10 { _ = driver.hear(50, at: at(Double(second))) }
        #expect(driver.state == .backup)
        #expect(driver.deadline == .seconds(13) + .microseconds(218_750))
        _ = driver.hear(50, at: at(11))
        #expect(driver.deadline == .seconds(13) + .microseconds(218_750))
        _ = driver.advance(to: at(13.218_750))
        #expect(driver.state == .active)
    }

    @Test("preempt-delay starts again after a rightful Active Router was heard")
    func preemptDelayRestarts() {
        var driver = Driver.backup(.with(priority: 200, preemptDelay: .seconds(2)))
        _ = driver.hear(50, at: at(1))
        _ = driver.hear(250, at: at(2))
        _ = driver.hear(50, at: at(3.5))
        #expect(driver.deadline == .seconds(6.5) + .microseconds(218_750))
    }

    @Test("a version 2 Backup keeps its own interval and a Skew_Time of its own kind")
    func version2() {
        var driver = Driver.backup(.with(version: .v2, interval: .seconds(10)))
        #expect(driver.deadline == .seconds(30) + .microseconds(609_375))
        _ = driver.hear(100, interval: .seconds(1), at: at(1))
        #expect(driver.deadline == .seconds(31) + .microseconds(609_375))
    }
}

@Suite("RFC 9568 §6.4.3 Active")
struct ActiveTests {
    private static func active(_ parameters: Parameters = .with()) -> Driver {
        Driver.active(parameters)
    }

    @Test("S8: says farewell with priority 0 and gives the addresses up")
    func shutdown() {
        var driver = Self.active()
        let actions = driver.handle(.shutdown(.shutdown), at: 4)
        #expect(actions.withoutReports == [.transmit(.leaving), .releaseAddresses])
        #expect(driver.state == .initialize)
    }

    @Test("S9: advertises from the planned instant, not from when it woke")
    func advertises() {
        var driver = Self.active(.with(priority: 255))
        #expect(driver.advance(to: at(1.2)) == [.transmit(.owner)])
        #expect(driver.deadline == .seconds(2))
        #expect(driver.advance(to: at(4.1)) == [.transmit(.owner)])
        #expect(driver.deadline == .seconds(5))
    }

    @Test("S10: answers priority 0 at once and restarts the timer")
    func priorityZero() {
        var driver = Self.active(.with(priority: 255))
        #expect(driver.hear(0, at: at(0.5)) == [.transmit(.owner)])
        #expect(driver.deadline == .seconds(1.5))
    }

    @Test("S11: yields to a higher priority, whatever Preempt_Mode, and learns its interval")
    func yields() {
        var driver = Self.active(.with(preempt: false))
        let actions = driver.hear(200, interval: .seconds(3), at: at(4))
        #expect(actions.withoutReports == [.releaseAddresses])
        #expect(
            actions.reasons == [
                .higherPriority(address: peer, priority: Priority(200), own: Priority(100))
            ])
        #expect(driver.deadline == .seconds(4) + .seconds(9) + .microseconds(1_828_125))
    }

    @Test("S11: among equals the higher address wins, compared without a sign")
    func tie() {
        var lower = Self.active()
        #expect(
            lower.hear(100, from: peer, at: at(4)) == [.transmit(Priority(100)), .announceAgain])
        var higher = Self.active()
        #expect(higher.hear(100, from: higherPeer, at: at(4)).withoutReports == [.releaseAddresses])
        #expect(higher.state == .backup)
        var same = Self.active()
        _ = same.hear(100, from: own, at: at(4))
        #expect(same.state == .active)
    }

    @Test("S12: asserts itself at once, and not more often than the spacing")
    func asserts() {
        var driver = Self.active(.with(priority: 255))
        #expect(driver.hear(50, at: at(0.5)) == [.transmit(.owner), .announceAgain])
        #expect(driver.deadline == .seconds(1))
        #expect(driver.hear(50, at: at(0.599)) == [])
        #expect(driver.hear(50, at: at(0.6)) == [.transmit(.owner), .announceAgain])
    }

    @Test("S12: version 2 sends no advertisement, but tells neighbours again")
    func version2SendsNothing() {
        var driver = Self.active(.with(version: .v2))
        #expect(driver.hear(50, at: at(4)) == [.announceAgain])
        #expect(driver.hear(50, at: at(4.01)) == [])
        #expect(driver.state == .active)
    }
}

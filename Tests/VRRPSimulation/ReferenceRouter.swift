// One virtual router, transcribed step by step from the text of RFC 9568 §6.4, to be compared with
// the one that the daemon runs. Shares with it the types it speaks and the spacing of assertions, of
// which no RFC says anything. Built to be read beside the RFC, one function per paragraph of it.
//
// The numbers in parentheses are those of RFC 5798, which prints each step with a number; RFC 9568
// keeps the steps and leaves the numbers out. "House" marks what no RFC says.

package import VRRPCore
import VRRPWire

/// A virtual router as the RFC describes it: variables and two timers.
package struct ReferenceRouter: Sendable {
    package private(set) var state = RouterState.initialize
    private var own: Parameters

    // §6.1: what is learnt.
    private var activeAdverInterval: Duration

    // §6.2: a timer that does not run is nil.
    private var adverTimer: Instant?
    private var activeDownTimer: Instant?

    // House: what the RFC has no name for.
    private var startTimer: Instant?
    private var activeDownTimerSetAt = Instant.origin
    private var activeDownTimerIsSkew = false
    private var lastLeaving: IPAddress?
    private var lastDiscarded: HeardAdvertisement?
    private var intervalWasHeard = false
    private var preemptNotBefore: Instant?
    private var assertNotBefore: Instant?

    package init(_ parameters: Parameters) {
        own = parameters
        activeAdverInterval = parameters.advertisementInterval
    }

    package var nextDeadline: Instant? {
        switch state {
        case .initialize: startTimer
        case .backup: activeDownTimer
        case .active: adverTimer
        }
    }

    /// The moments at which it begins to decide otherwise: where a test wants to look closely.
    package var turningPoints: [Instant] {
        var points = [startTimer, preemptNotBefore, assertNotBefore].compactMap { $0 }
        if let timer = activeDownTimer {
            points += [timer, timer + activeDownInterval(intervalOfTheActiveRouter)]
        }
        if let timer = adverTimer {
            points += [timer, timer + activeDownInterval(own.advertisementInterval)]
        }
        return points
    }

    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        let before = oversleep(now)
        if case .parameters(let new) = event { return before + reconfigure(new, now) }
        switch state {
        case .initialize: return before + initialize(event, now)
        case .backup: return before + backup(event, now)
        case .active: return before + active(event, now)
        }
    }

    package mutating func advance(to now: Instant) -> [Action] {
        let before = oversleep(now)
        if let timer = startTimer, timer <= now { return before + startup(now) }
        if let timer = activeDownTimer, timer <= now { return before + activeDownTimerFires(now) }
        if let timer = adverTimer, timer <= now { return before + adverTimerFires(now) }
        return before
    }
}

// MARK: - §6.1, the formulae as printed

extension ReferenceRouter {
    /// Version 2 does not learn: every router of it has the same interval.
    private var intervalOfTheActiveRouter: Duration {
        own.version == .v2 ? own.advertisementInterval : activeAdverInterval
    }

    /// (((256 - Priority) * Active_Adver_Interval) / 256), in version 2 ((256 - Priority) / 256)
    /// seconds. In attoseconds, of which a centisecond has a multiple of 256.
    private func skewTime(_ interval: Duration) -> Duration {
        let complement = 256 - Int128(own.priority.rawValue)
        let factor = own.version == .v2 ? 1_000_000_000_000_000_000 : interval.attoseconds
        return Duration(attoseconds: (complement * factor) / 256)
    }

    /// (3 * Active_Adver_Interval) + Skew_Time
    private func activeDownInterval(_ interval: Duration) -> Duration {
        Duration(attoseconds: 3 * interval.attoseconds + skewTime(interval).attoseconds)
    }

    private mutating func setActiveDownTimerToActiveDownInterval(_ now: Instant) {
        activeDownTimer = now + activeDownInterval(intervalOfTheActiveRouter)
        activeDownTimerSetAt = now
        activeDownTimerIsSkew = false
        lastLeaving = nil
        lastDiscarded = nil
    }

    private mutating func setActiveDownTimerToSkewTime(_ now: Instant) {
        activeDownTimer = now + skewTime(intervalOfTheActiveRouter)
        activeDownTimerSetAt = now
        activeDownTimerIsSkew = true
    }

    private mutating func setActiveAdverInterval(from advertisement: HeardAdvertisement) {
        intervalWasHeard = true
        activeAdverInterval =
            own.version == .v2 ? own.advertisementInterval : advertisement.interval
    }

    private mutating func transition(to new: RouterState, _ reason: Reason) -> Action {
        let old = state
        state = new
        return .report(Transition(from: old, to: new, reason: reason))
    }
}

// MARK: - §6.4.1 Initialize

extension ReferenceRouter {
    private mutating func initialize(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .startup:  // (100)
            // House: start-delay. A second Startup during it changes nothing.
            if startTimer != nil { return [] }
            if own.startDelay == .zero { return startup(now) }
            startTimer = now + own.startDelay
            return []
        case .shutdown:
            startTimer = nil
            return []
        case .advertisement, .parameters:
            return []
        }
    }

    private mutating func startup(_ now: Instant) -> [Action] {
        startTimer = nil
        if own.priority == .owner {  // (105)
            return becomeActive(now, .owner)  // (110)…(145)
        } else {  // (150)
            intervalWasHeard = false
            activeAdverInterval = own.advertisementInterval  // (155)
            setActiveDownTimerToActiveDownInterval(now)  // (160)
            return [transition(to: .backup, .startup)]  // (165)
        }
    }

    /// (110)…(145), and the same steps (370)…(410) of a Backup.
    private mutating func becomeActive(_ now: Instant, _ reason: Reason) -> [Action] {
        activeDownTimer = nil
        preemptNotBefore = nil
        assertNotBefore = nil
        adverTimer = now + own.advertisementInterval  // (140), (405)
        return [
            .transmit(own.priority),  // (110), (370)
            .takeAddresses,  // (115)…(130), (375)…(395)
            transition(to: .active, reason),  // (145), (410)
        ]
    }
}

// MARK: - §6.4.2 Backup

extension ReferenceRouter {
    private mutating func backup(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .startup, .parameters:
            return []
        case .shutdown(let reason):  // (345)
            activeDownTimer = nil  // (350)
            preemptNotBefore = nil
            return [transition(to: .initialize, reason)]  // (355)
        case .advertisement(let advertisement):  // (420)
            backupHears(advertisement, now)
            return []
        }
    }

    /// (365)
    private mutating func activeDownTimerFires(_ now: Instant) -> [Action] {
        becomeActive(now, reasonToTakeOver(now))  // (370)…(410)
    }

    private func reasonToTakeOver(_ now: Instant) -> Reason {
        if let source = lastLeaving { return .priorityZero(from: source) }
        if let peer = lastDiscarded {
            return .lowerPriorityPeer(
                address: peer.source, priority: peer.priority, own: own.priority)
        }
        return .noAdvertisement(silence: now - activeDownTimerSetAt)
    }

    private mutating func backupHears(_ advertisement: HeardAdvertisement, _ now: Instant) {
        if advertisement.priority == .leaving {  // (425)
            setActiveDownTimerToSkewTime(now)  // (430)
            lastLeaving = advertisement.source
        } else if advertisement.priority >= own.priority {  // (440), (445)
            preemptNotBefore = nil
            accept(advertisement, now)
        } else if own.priority == .owner {  // §6.1: the owner preempts whatever Preempt_Mode says
            lastDiscarded = advertisement  // (470)
        } else if !own.preemptMode {  // (445)
            accept(advertisement, now)
        } else if bearsWithLowerPriority(now) {
            accept(advertisement, now)
        } else {  // (465)
            lastDiscarded = advertisement  // (470)
        }
    }

    private mutating func accept(_ advertisement: HeardAdvertisement, _ now: Instant) {
        setActiveAdverInterval(from: advertisement)  // (450)
        setActiveDownTimerToActiveDownInterval(now)  // (455), (460)
    }

    /// House: preempt-delay, from the first advertisement of lower priority in a row.
    private mutating func bearsWithLowerPriority(_ now: Instant) -> Bool {
        if own.preemptDelay == .zero { return false }
        if preemptNotBefore == nil { preemptNotBefore = now + own.preemptDelay }
        guard let end = preemptNotBefore else { return false }
        return now < end
    }
}

// MARK: - §6.4.3 Active

extension ReferenceRouter {
    private mutating func active(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .startup, .parameters:
            return []
        case .shutdown(let reason):  // (655)
            adverTimer = nil  // (660)
            return [
                .transmit(.leaving),  // (665)
                .releaseAddresses,
                transition(to: .initialize, reason),  // (670)
            ]
        case .advertisement(let advertisement):  // (700)
            return activeHears(advertisement, now)
        }
    }

    /// (680). House: the next one is due an interval after this one was, but not in the past.
    private mutating func adverTimerFires(_ now: Instant) -> [Action] {
        while let timer = adverTimer, timer <= now {
            adverTimer = timer + own.advertisementInterval  // (690)
        }
        return [.transmit(own.priority)]  // (685)
    }

    private mutating func activeHears(
        _ advertisement: HeardAdvertisement, _ now: Instant
    ) -> [Action] {
        if advertisement.priority == .leaving {  // (705)
            adverTimer = now + own.advertisementInterval  // (715)
            return [.transmit(own.priority)]  // (710)
        } else if advertisement.priority > own.priority {  // (720), (725)
            return yield(
                to: advertisement, now,
                .higherPriority(
                    address: advertisement.source, priority: advertisement.priority,
                    own: own.priority))
        } else if advertisement.priority == own.priority,
            advertisement.source > own.primaryAddress
        {  // (730), (735)
            return yield(
                to: advertisement, now,
                .higherAddress(
                    address: advertisement.source, priority: advertisement.priority,
                    own: own.primaryAddress))
        } else {  // (770): discard, (775), and in RFC 9568 send an ADVERTISEMENT immediately
            return assertion(now)
        }
    }

    private mutating func yield(
        to advertisement: HeardAdvertisement, _ now: Instant, _ reason: Reason
    ) -> [Action] {
        adverTimer = nil  // (740)
        setActiveAdverInterval(from: advertisement)  // (745)
        setActiveDownTimerToActiveDownInterval(now)  // (750), (755), (760)
        return [.releaseAddresses, transition(to: .backup, reason)]  // (765)
    }

    /// House: not more often than neighbours need. Version 2 only discards (RFC 3768 §6.4.3); that
    /// neighbours are told again there, too, is ours.
    private mutating func assertion(_ now: Instant) -> [Action] {
        if let earliest = assertNotBefore, now < earliest { return [] }
        assertNotBefore =
            now
            + TimerArithmetic.assertionSpacing(advertisementInterval: own.advertisementInterval)
        return own.version == .v2 ? [.announceAgain] : [.transmit(own.priority), .announceAgain]
    }
}

// MARK: - House: sleeping too long, new parameters

extension ReferenceRouter {
    /// Who was not running for an Active_Down_Interval after a deadline has been given up by its
    /// peers, and begins again as a Backup.
    private mutating func oversleep(_ now: Instant) -> [Action] {
        if let timer = activeDownTimer,
            now - timer >= activeDownInterval(intervalOfTheActiveRouter)
        {
            setActiveDownTimerToActiveDownInterval(now)
        }
        if let timer = adverTimer, now - timer >= activeDownInterval(own.advertisementInterval) {
            adverTimer = nil
            intervalWasHeard = false
            activeAdverInterval = own.advertisementInterval
            setActiveDownTimerToActiveDownInterval(now)
            return [.releaseAddresses, transition(to: .backup, .overslept(late: now - timer))]
        }
        return []
    }

    private mutating func reconfigure(_ new: Parameters, _ now: Instant) -> [Action] {
        let old = own
        own = new
        switch state {
        case .initialize:
            startTimer = startTimer.map { max($0 + (new.startDelay - old.startDelay), now) }
        case .backup:
            if new.priority == .owner, old.priority != .owner { return becomeActive(now, .owner) }
            if !intervalWasHeard { activeAdverInterval = new.advertisementInterval }
            let interval = intervalOfTheActiveRouter
            let length = activeDownTimerIsSkew ? skewTime(interval) : activeDownInterval(interval)
            activeDownTimer = max(activeDownTimerSetAt + length, now)
            let shift = new.preemptDelay - old.preemptDelay
            preemptNotBefore = new.preemptMode ? preemptNotBefore.map { $0 + shift } : nil
        case .active:
            let change = new.advertisementInterval - old.advertisementInterval
            if let timer = adverTimer { adverTimer = max(timer + change, now) }
        }
        return []
    }
}

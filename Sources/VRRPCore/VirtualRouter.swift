// One virtual router: the state machine of RFC 9568 §6.4 (and RFC 3768 §6.4), rows S1…S12.
// Pure: `now` comes in, actions go out. It knows no sockets, clocks or configuration syntax.

package import VRRPWire

/// One virtual router of one family on one interface.
package struct VirtualRouter: Codable, Equatable, Sendable {
    package enum State: Codable, Equatable, Sendable, BitwiseCopyable {
        case initialize(Initialize)
        case backup(Backup)
        case active(Active)
    }

    package struct Initialize: Codable, Equatable, Sendable, BitwiseCopyable {
        /// Set once it may take part and waits for `startDelay`.
        package var startDeadline: Instant?
    }

    package struct Backup: Codable, Equatable, Sendable, BitwiseCopyable {
        /// Active_Adver_Interval, learnt from the Active Router; ours until one was heard.
        package var activeAdverInterval: Duration
        package var activeDownDeadline: Instant
        /// When the Active_Down_Timer was last set to its full length: silence is counted from here.
        package var quietSince: Instant
        /// When a lower-priority Active Router may be preempted; nil while none is heard.
        package var preemptDeadline: Instant?
        /// What the expiry of the Active_Down_Timer will mean.
        package var outlook: Outlook
    }

    /// Why the Active_Down_Timer runs down.
    package enum Outlook: Codable, Equatable, Sendable, BitwiseCopyable {
        case silence
        case leaving(IPAddress)
        case preempting(IPAddress, Priority)
    }

    package struct Active: Codable, Equatable, Sendable, BitwiseCopyable {
        package var adverDeadline: Instant
        /// No assertion before this instant.
        package var assertionDeadline: Instant
    }

    package private(set) var parameters: Parameters
    package private(set) var state: State

    package init(_ parameters: Parameters) {
        self.parameters = parameters
        state = .initialize(Initialize())
    }

    /// Handles one event and appends what must be done, in order.
    package mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {
        noticeOversleep(at: now, into: &actions)
        switch (state, event) {
        case (.initialize(let waiting), .startup):
            start(waiting, at: now, into: &actions)
        case (.backup, .startup), (.active, .startup):
            break  // It takes part already.
        case (.initialize, .shutdown):
            state = .initialize(Initialize())
        case (.backup, .shutdown(let reason)):
            leave(from: .backup, because: reason, into: &actions)
        case (.active, .shutdown(let reason)):
            leave(from: .active, because: reason, into: &actions)
        case (.initialize, .advertisement):
            break  // Initialize only waits for Startup (RFC 9568 §6.4.1).
        case (.backup(let backup), .advertisement(let heard)):
            hear(heard, as: backup, at: now, into: &actions)
        case (.active(let active), .advertisement(let heard)):
            hear(heard, as: active, at: now, into: &actions)
        case (.initialize, .parameters(let new)):
            parameters = new
        case (.backup(let backup), .parameters(let new)):
            adopt(new, as: backup, at: now, into: &actions)
        case (.active(let active), .parameters(let new)):
            adopt(new, as: active, at: now)
        }
    }

    /// Lets time pass. Waking early is harmless: nothing is due, so nothing happens.
    package mutating func advance(to now: Instant, into actions: inout [Action]) {
        noticeOversleep(at: now, into: &actions)
        switch state {
        case .initialize(let waiting):
            if let deadline = waiting.startDeadline, deadline <= now {
                enter(at: now, into: &actions)
            }
        case .backup(let backup):
            if backup.activeDownDeadline <= now {
                becomeActive(because: reason(of: backup, at: now), at: now, into: &actions)
            }
        case .active(var active):
            if active.adverDeadline <= now {
                // From the planned instant, not from now: the mean spacing is the interval. After
                // a delay, one advertisement is enough for all that were missed.
                repeat {
                    active.adverDeadline += parameters.advertisementInterval
                } while active.adverDeadline <= now
                state = .active(active)
                actions.append(.transmit(parameters.priority))
            }
        }
    }

    /// When `advance` has something to do.
    package var nextDeadline: Instant? {
        switch state {
        case .initialize(let waiting): waiting.startDeadline
        case .backup(let backup): backup.activeDownDeadline
        case .active(let active): active.adverDeadline
        }
    }
}

// MARK: Initialize

extension VirtualRouter {
    private mutating func start(
        _ waiting: Initialize, at now: Instant, into actions: inout [Action]
    ) {
        guard waiting.startDeadline == nil else { return }
        if parameters.startDelay > .zero {
            state = .initialize(Initialize(startDeadline: now + parameters.startDelay))
        } else {
            enter(at: now, into: &actions)
        }
    }

    /// S1 and S2.
    private mutating func enter(at now: Instant, into actions: inout [Action]) {
        if parameters.isOwner {
            becomeActive(because: .owner, at: now, into: &actions)
        } else {
            becomeBackup(
                activeAdverInterval: parameters.advertisementInterval, at: now, because: .startup,
                into: &actions)
        }
    }

    /// S3 and S8.
    private mutating func leave(
        from: RouterState, because reason: Reason, into actions: inout [Action]
    ) {
        state = .initialize(Initialize())
        if from == .active {
            actions.append(.transmit(.leaving))
            actions.append(.releaseAddresses)
        }
        actions.append(.report(Transition(from: from, to: .initialize, reason: reason)))
    }
}

// MARK: Backup

extension VirtualRouter {
    private mutating func hear(
        _ heard: HeardAdvertisement, as old: Backup, at now: Instant, into actions: inout [Action]
    ) {
        var backup = old
        if heard.priority == .leaving {
            // S5. The one who leaves teaches nothing: the interval stays as it was.
            backup.activeDownDeadline = now + skewTime(backup.activeAdverInterval)
            backup.outlook = .leaving(heard.source)
            backup.quietSince = now
        } else if heard.priority >= parameters.priority || !mayPreempt(&backup, at: now) {
            // S6
            follow(heard, as: &backup, at: now)
        } else {
            // S7: discarded, so that the timer runs down and this router takes over.
            backup.outlook = .preempting(heard.source, heard.priority)
        }
        state = .backup(backup)
    }

    /// Whether a lower-priority Active Router may be preempted now; starts the delay at the first
    /// such advertisement. An owner waits for nobody (RFC 9568 §6.1, Preempt_Mode).
    private func mayPreempt(_ backup: inout Backup, at now: Instant) -> Bool {
        if parameters.isOwner { return true }
        guard parameters.preemptMode else { return false }
        guard parameters.preemptDelay > .zero else { return true }
        let deadline = backup.preemptDeadline ?? now + parameters.preemptDelay
        backup.preemptDeadline = deadline
        return deadline <= now
    }

    private func follow(
        _ heard: HeardAdvertisement, as backup: inout Backup, at now: Instant
    ) {
        if parameters.version == .v3 { backup.activeAdverInterval = heard.interval }
        if heard.priority >= parameters.priority { backup.preemptDeadline = nil }
        backup.activeDownDeadline = now + activeDownInterval(backup.activeAdverInterval)
        backup.quietSince = now
        backup.outlook = .silence
    }

    /// Priority and interval act at once: the running timer keeps the instant it counts from.
    private mutating func adopt(
        _ new: Parameters, as old: Backup, at now: Instant, into actions: inout [Action]
    ) {
        var backup = old
        let previous = parameters
        parameters = new
        if new.isOwner, !previous.isOwner {
            becomeActive(because: .owner, at: now, into: &actions)
            return
        }
        if backup.activeAdverInterval == previous.advertisementInterval {
            // Nothing else was learnt from an Active Router, so our own interval stands in for it.
            backup.activeAdverInterval = new.advertisementInterval
        }
        let length: Duration =
            switch backup.outlook {
            case .leaving: skewTime(backup.activeAdverInterval)
            case .silence, .preempting: activeDownInterval(backup.activeAdverInterval)
            }
        backup.activeDownDeadline = max(backup.quietSince + length, now)
        if !new.preemptMode { backup.preemptDeadline = nil }
        state = .backup(backup)
    }

    private mutating func becomeBackup(
        activeAdverInterval: Duration, at now: Instant, because reason: Reason,
        into actions: inout [Action]
    ) {
        let from = publicState
        state = .backup(
            Backup(
                activeAdverInterval: activeAdverInterval,
                activeDownDeadline: now + activeDownInterval(activeAdverInterval),
                quietSince: now, preemptDeadline: nil, outlook: .silence))
        if from == .active { actions.append(.releaseAddresses) }
        actions.append(.report(Transition(from: from, to: .backup, reason: reason)))
    }

    private func reason(of backup: Backup, at now: Instant) -> Reason {
        switch backup.outlook {
        case .silence: .noAdvertisement(silence: now - backup.quietSince)
        case .leaving(let source): .priorityZero(from: source)
        case .preempting(let source, let priority):
            .lowerPriorityPeer(address: source, priority: priority, own: parameters.priority)
        }
    }
}

// MARK: Active

extension VirtualRouter {
    /// S1 and S4: the advertisement first, so that rivals yield before neighbours are told.
    private mutating func becomeActive(
        because reason: Reason, at now: Instant, into actions: inout [Action]
    ) {
        let from = publicState
        state = .active(
            Active(adverDeadline: now + parameters.advertisementInterval, assertionDeadline: now))
        actions.append(.transmit(parameters.priority))
        actions.append(.takeAddresses)
        actions.append(.report(Transition(from: from, to: .active, reason: reason)))
    }

    private mutating func hear(
        _ heard: HeardAdvertisement, as old: Active, at now: Instant, into actions: inout [Action]
    ) {
        var active = old
        if heard.priority == .leaving {
            // S10
            active.adverDeadline = now + parameters.advertisementInterval
            state = .active(active)
            actions.append(.transmit(parameters.priority))
        } else if heard.priority > parameters.priority {
            yield(
                to: heard, at: now,
                because: .higherPriority(
                    address: heard.source, priority: heard.priority, own: parameters.priority),
                into: &actions)
        } else if heard.priority == parameters.priority, heard.source > parameters.primaryAddress {
            yield(
                to: heard, at: now,
                because: .higherAddress(
                    address: heard.source, priority: heard.priority,
                    own: parameters.primaryAddress),
                into: &actions)
        } else if parameters.version == .v3, active.assertionDeadline <= now {
            // S12. Adver_Timer keeps running: the assertion comes on top.
            active.assertionDeadline =
                now
                + TimerArithmetic.assertionSpacing(
                    advertisementInterval: parameters.advertisementInterval)
            state = .active(active)
            actions.append(.transmit(parameters.priority))
            actions.append(.announceAgain)
        }
    }

    /// S11. Preempt_Mode has no say in Active.
    private mutating func yield(
        to heard: HeardAdvertisement, at now: Instant, because reason: Reason,
        into actions: inout [Action]
    ) {
        let interval =
            parameters.version == .v3 ? heard.interval : parameters.advertisementInterval
        becomeBackup(activeAdverInterval: interval, at: now, because: reason, into: &actions)
    }

    private mutating func adopt(_ new: Parameters, as old: Active, at now: Instant) {
        var active = old
        let difference = new.advertisementInterval - parameters.advertisementInterval
        parameters = new
        active.adverDeadline = max(active.adverDeadline + difference, now)
        state = .active(active)
    }
}

// MARK: Time

extension VirtualRouter {
    /// A deadline missed by a whole Active_Down_Interval: the machine or the process stood still,
    /// and peers have given this router up. Taking over, or carrying on as Active, on knowledge
    /// that old would make two Active Routers: it listens for one Active_Down_Interval first.
    private mutating func noticeOversleep(at now: Instant, into actions: inout [Action]) {
        switch state {
        case .initialize:
            break
        case .backup(var backup):
            let length = activeDownInterval(backup.activeAdverInterval)
            guard now - backup.activeDownDeadline >= length else { return }
            backup.activeDownDeadline = now + length
            backup.quietSince = now
            backup.outlook = .silence
            state = .backup(backup)
        case .active(let active):
            let late = now - active.adverDeadline
            guard late >= activeDownInterval(parameters.advertisementInterval) else { return }
            becomeBackup(
                activeAdverInterval: parameters.advertisementInterval, at: now,
                because: .overslept(late: late), into: &actions)
        }
    }

    private func skewTime(_ interval: Duration) -> Duration {
        TimerArithmetic.skewTime(
            version: parameters.version, priority: parameters.priority,
            activeAdverInterval: interval)
    }

    private func activeDownInterval(_ interval: Duration) -> Duration {
        TimerArithmetic.activeDownInterval(
            version: parameters.version, priority: parameters.priority,
            activeAdverInterval: interval)
    }

    package var publicState: RouterState {
        switch state {
        case .initialize: .initialize
        case .backup: .backup
        case .active: .active
        }
    }

    /// Skew_Time as it applies now.
    package var skewTime: Duration { skewTime(currentAdverInterval) }
    /// Active_Down_Interval as it applies now.
    package var activeDownInterval: Duration { activeDownInterval(currentAdverInterval) }

    /// The learnt interval in Backup, our own elsewhere.
    package var currentAdverInterval: Duration {
        switch state {
        case .backup(let backup): backup.activeAdverInterval
        case .initialize, .active: parameters.advertisementInterval
        }
    }
}

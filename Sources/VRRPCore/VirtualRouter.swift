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
        /// Active_Adver_Interval as the Active Router advertises it; nil until one was heard, and
        /// always in version 2: our own interval stands in for it.
        package var learntInterval: Duration?
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

    package internal(set) var parameters: Parameters
    package internal(set) var state: State

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
        case (.initialize(let waiting), .parameters(let new)):
            adopt(new, as: waiting, at: now)
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

    /// The running delay keeps the instant it counts from.
    private mutating func adopt(_ new: Parameters, as old: Initialize, at now: Instant) {
        let difference = new.startDelay - parameters.startDelay
        parameters = new
        state = .initialize(
            Initialize(startDeadline: old.startDeadline.map { max($0 + difference, now) }))
    }

    /// S1 and S2.
    private mutating func enter(at now: Instant, into actions: inout [Action]) {
        if parameters.isOwner {
            becomeActive(because: .owner, at: now, into: &actions)
        } else {
            becomeBackup(learntInterval: nil, at: now, because: .startup, into: &actions)
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
            let length = activeDownInterval(activeAdverInterval(backup))
            guard now - backup.activeDownDeadline >= length else { return }
            backup.activeDownDeadline = now + length
            backup.quietSince = now
            backup.outlook = .silence
            state = .backup(backup)
        case .active(let active):
            let late = now - active.adverDeadline
            guard late >= activeDownInterval(parameters.advertisementInterval) else { return }
            becomeBackup(
                learntInterval: nil, at: now, because: .overslept(late: late), into: &actions)
        }
    }

    func activeAdverInterval(_ backup: Backup) -> Duration {
        backup.learntInterval ?? parameters.advertisementInterval
    }

    func skewTime(_ interval: Duration) -> Duration {
        TimerArithmetic.skewTime(
            version: parameters.version, priority: parameters.priority,
            activeAdverInterval: interval)
    }

    func activeDownInterval(_ interval: Duration) -> Duration {
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
        case .backup(let backup): activeAdverInterval(backup)
        case .initialize, .active: parameters.advertisementInterval
        }
    }
}

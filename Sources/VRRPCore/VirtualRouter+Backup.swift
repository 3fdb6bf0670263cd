// What a virtual router does while another router is Active: RFC 9568 §6.4.2, RFC 3768 §6.4.2.

import VRRPWire

extension VirtualRouter {
    mutating func hear(
        _ heard: HeardAdvertisement, as old: Backup, at now: Instant, into actions: inout [Action]
    ) {
        var backup = old
        if heard.priority == .leaving {
            // S5. The one who leaves teaches nothing: the interval stays as it was.
            backup.activeDownDeadline = now + skewTime(activeAdverInterval(backup))
            backup.outlook = .leaving(heard.source)
            backup.quietSince = now
        } else if heard.priority >= parameters.priority || !mayPreempt(&backup, at: now) {
            // S6
            follow(heard, as: &backup, at: now)
        } else {
            // S7: discarded, so that the timer runs down and this router takes over. A Skew_Time
            // that runs stays one, also for new parameters that compute it again.
            switch backup.outlook {
            case .leaving: break
            case .silence, .preempting: backup.outlook = .preempting(heard.source, heard.priority)
            }
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
        if parameters.version == .v3 { backup.learntInterval = heard.interval }
        if heard.priority >= parameters.priority { backup.preemptDeadline = nil }
        backup.activeDownDeadline = now + activeDownInterval(activeAdverInterval(backup))
        backup.quietSince = now
        backup.outlook = .silence
    }

    /// Priority and interval act at once: the running timer keeps the instant it counts from.
    mutating func adopt(
        _ new: Parameters, as old: Backup, at now: Instant, into actions: inout [Action]
    ) {
        var backup = old
        let previous = parameters
        parameters = new
        if new.isOwner, !previous.isOwner {
            becomeActive(because: .owner, at: now, into: &actions)
            return
        }
        let length: Duration =
            switch backup.outlook {
            case .leaving: skewTime(activeAdverInterval(backup))
            case .silence, .preempting: activeDownInterval(activeAdverInterval(backup))
            }
        backup.activeDownDeadline = max(backup.quietSince + length, now)
        let difference = new.preemptDelay - previous.preemptDelay
        backup.preemptDeadline =
            new.preemptMode ? backup.preemptDeadline.map { $0 + difference } : nil
        state = .backup(backup)
    }

    mutating func becomeBackup(
        learntInterval: Duration?, at now: Instant, because reason: Reason,
        into actions: inout [Action]
    ) {
        let from = publicState
        let interval = learntInterval ?? parameters.advertisementInterval
        state = .backup(
            Backup(
                learntInterval: learntInterval,
                activeDownDeadline: now + activeDownInterval(interval), quietSince: now,
                preemptDeadline: nil, outlook: .silence))
        if from == .active { actions.append(.releaseAddresses) }
        actions.append(.report(Transition(from: from, to: .backup, reason: reason)))
    }

    func reason(of backup: Backup, at now: Instant) -> Reason {
        switch backup.outlook {
        case .silence: .noAdvertisement(silence: now - backup.quietSince)
        case .leaving(let source): .priorityZero(from: source)
        case .preempting(let source, let priority):
            .lowerPriorityPeer(address: source, priority: priority, own: parameters.priority)
        }
    }
}

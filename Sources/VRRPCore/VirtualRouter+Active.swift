// What a virtual router does while it is the Active Router, and how it becomes it: RFC 9568 §6.4.3.

import VRRPWire

extension VirtualRouter {
    /// S1 and S4: the advertisement first, so that rivals yield before neighbours are told.
    mutating func becomeActive(
        because reason: Reason, at now: Instant, into actions: inout [Action]
    ) {
        let from = publicState
        state = .active(
            Active(adverDeadline: now + parameters.advertisementInterval, assertionDeadline: now))
        actions.append(.transmit(parameters.priority))
        actions.append(.takeAddresses)
        actions.append(.report(Transition(from: from, to: .active, reason: reason)))
    }

    mutating func hear(
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
        } else if active.assertionDeadline <= now {
            // S12. Adver_Timer keeps running: the assertion comes on top. Version 2 only discards,
            // but what neighbours learnt from the rival must be put right there, too.
            active.assertionDeadline =
                now
                + TimerArithmetic.assertionSpacing(
                    advertisementInterval: parameters.advertisementInterval)
            state = .active(active)
            if parameters.version == .v3 { actions.append(.transmit(parameters.priority)) }
            actions.append(.announceAgain)
        }
    }

    /// S11. Preempt_Mode has no say in Active.
    private mutating func yield(
        to heard: HeardAdvertisement, at now: Instant, because reason: Reason,
        into actions: inout [Action]
    ) {
        becomeBackup(
            learntInterval: parameters.version == .v3 ? heard.interval : nil, at: now,
            because: reason, into: &actions)
    }

    mutating func adopt(_ new: Parameters, as old: Active, at now: Instant) {
        var active = old
        let difference = new.advertisementInterval - parameters.advertisementInterval
        parameters = new
        active.adverDeadline = max(active.adverDeadline + difference, now)
        state = .active(active)
    }
}

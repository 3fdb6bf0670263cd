// How often neighbours are told where the addresses are: after a takeover, again after a rival, and
// from time to time if configured.

import VRRPConfiguration
import VRRPCore
import VRRPWire

extension Engine {
    /// One gratuitous ARP or unsolicited neighbour advertisement.
    mutating func announce(_ key: AddressKey, of index: Int) {
        guard
            routers[index].isActive, let link = interfaces.links[key.interface], link.isUp,
            let hardwareAddress = link.hardwareAddress
        else { return }
        let start = outbox.count
        AddressAnnouncement.append(
            for: key.address.address, hardwareAddress: hardwareAddress, isRouter: true,
            to: &outbox)
        routers[index].counters.announcementsSent &+= 1
        effects.append(
            .announce(router: index, interface: key.interface, start..<outbox.count))
    }

    mutating func scheduleNextRound(_ index: Int) {
        guard var announcing = routers[index].announcing else { return }
        let policy = routers[index].configuration.announce
        if announcing.roundsLeft > 0 {
            announcing.nextDeadline = announcing.lastRound + policy.spacing
        } else {
            announcing.nextDeadline = policy.refresh.map { announcing.lastRound + $0 }
        }
        routers[index].announcing = announcing
        deadlines.schedule(index, at: announcing.nextDeadline)
    }

    mutating func announceIfDue(_ index: Int, at now: Instant) {
        guard
            let announcing = routers[index].announcing, let deadline = announcing.nextDeadline,
            deadline <= now
        else { return }
        var isComplete = true
        for key in routers[index].addressKeys {
            guard let record = book.records[key], record.wanted else { continue }
            if record.presence != .absent {
                announce(key, of: index)
            } else if !record.held {
                isComplete = false
            }
        }
        // A round counts only once the kernel has what it was asked for: a slow kernel must not
        // use up all of them.
        let rounds = announcing.roundsLeft - (isComplete ? 1 : 0)
        routers[index].announcing?.roundsLeft = max(0, rounds)
        routers[index].announcing?.lastRound = now
        scheduleNextRound(index)
    }

    /// A rival was heard: neighbours may have learnt from it, and may do so until it has yielded.
    /// One round now and then all of them once more, none sooner than the spacing after the last,
    /// so that a flood of rivals makes no flood of announcements.
    mutating func announceAgain(_ index: Int, at now: Instant) {
        guard routers[index].announcing != nil else { return }
        let rounds = routers[index].configuration.announce.count
        routers[index].announcing?.roundsLeft = rounds + 1
        rescheduleRounds(index, at: now)
    }

    /// The policy changed: what it says now counts from the last round.
    mutating func adoptAnnouncePolicy(of index: Int, at now: Instant) {
        guard let announcing = routers[index].announcing else { return }
        let most = routers[index].configuration.announce.count - 1
        routers[index].announcing?.roundsLeft = min(announcing.roundsLeft, most)
        rescheduleRounds(index, at: now)
    }

    private mutating func rescheduleRounds(_ index: Int, at now: Instant) {
        scheduleNextRound(index)
        if let deadline = routers[index].announcing?.nextDeadline, deadline < now {
            routers[index].announcing?.nextDeadline = now
            deadlines.schedule(index, at: now)
        }
    }
}

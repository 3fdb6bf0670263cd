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

    /// The first announcement of an address that the kernel has now; the others follow with the
    /// router's next rounds.
    mutating func beginAnnouncing(_ key: AddressKey, of index: Int, at now: Instant) {
        announce(key, of: index)
        beginRouterAdvertisements(with: key.address, of: index, at: now)
        let repetitions = routers[index].configuration.announce.count - 1
        if let left = book.records[key]?.roundsLeft, left < repetitions {
            book.records[key]?.roundsLeft = repetitions
        }
        guard repetitions > 0, routers[index].announcing?.isRepeating == false else { return }
        routers[index].announcing?.isRepeating = true
        routers[index].announcing?.lastRound = now
        scheduleNextRound(index, at: now)
    }

    /// A macvlan came up: what stands on it already is announced now.
    mutating func announceInstalled(on link: Int32, of index: Int, at now: Instant) {
        guard routers[index].isActive else { return }
        for key in routers[index].addressKeys where key.interface == link {
            if let record = book.records[key], record.wanted, record.isInstalled {
                beginAnnouncing(key, of: index, at: now)
            }
        }
    }

    mutating func scheduleNextRound(_ index: Int, at now: Instant) {
        guard let announcing = routers[index].announcing else { return }
        let policy = routers[index].configuration.announce
        let pause = announcing.isRepeating ? policy.spacing : policy.refresh
        let next = pause.map { max(announcing.lastRound + $0, now) }
        routers[index].announcing?.nextDeadline = next
        deadlines.schedule(index, at: next)
    }

    mutating func announceIfDue(_ index: Int, at now: Instant) {
        guard
            let announcing = routers[index].announcing, let deadline = announcing.nextDeadline,
            deadline <= now
        else { return }
        var isRepeating = false
        for key in routers[index].addressKeys {
            guard let record = book.records[key], record.isInstalled else { continue }
            if announcing.isRepeating {
                guard record.roundsLeft > 0 else { continue }
                book.records[key]?.roundsLeft -= 1
                isRepeating = isRepeating || record.roundsLeft > 1
            }
            announce(key, of: index)
        }
        routers[index].announcing?.isRepeating = isRepeating
        routers[index].announcing?.lastRound = now
        scheduleNextRound(index, at: now)
    }

    /// A rival was heard: neighbours may have learnt from it, and may do so until it has yielded.
    /// One round now and then all of them once more, none sooner than the spacing after the last,
    /// so that a flood of rivals makes no flood of announcements.
    mutating func announceAgain(_ index: Int, at now: Instant) {
        let rounds = routers[index].configuration.announce.count + 1
        for key in routers[index].addressKeys { book.records[key]?.roundsLeft = rounds }
        routers[index].announcing?.isRepeating = true
        scheduleNextRound(index, at: now)
    }

    /// The policy changed: what it says now counts from the last round.
    mutating func adoptAnnouncePolicy(of index: Int, at now: Instant) {
        let most = routers[index].configuration.announce.count - 1
        for key in routers[index].addressKeys {
            guard let left = book.records[key]?.roundsLeft, left > most else { continue }
            book.records[key]?.roundsLeft = most
        }
        scheduleNextRound(index, at: now)
    }
}

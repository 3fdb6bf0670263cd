// A new Active Router announces each address as often as `announce` says, again when a rival that it
// heard has yielded, and nobody else announces anything.

import VRRPConfiguration
import VRRPCore
import VRRPWire

package struct AddressesAreAnnounced: Sendable {
    private struct Reign: Sendable {
        var began: Nanoseconds
        var counts: [Int]
        /// Something happened that may have kept addresses or announcements from being.
        var isDisturbed = false
        /// The other Active Router whose advertisement came last, and was answered.
        var rival: Int?
        /// Whose advertisement came last, and when: an assertion answers it at once, or not at all.
        var heard: (from: Int, at: Nanoseconds)?
    }

    private var reigns: Grid<Reign?>
    /// What was announced in this turn before the transition was told.
    private var early: Grid<[Int]>
    private var isChaos = false

    package init(nodeCount: Int, routerCount: Int) {
        reigns = Grid(nil, nodeCount: nodeCount, routerCount: routerCount)
        early = Grid([], nodeCount: nodeCount, routerCount: routerCount)
    }

    /// Whether everybody must know where this router's addresses are.
    package func isKnown(_ node: Int, _ router: Int) -> Bool {
        reigns[node, router].map { !$0.isDisturbed } ?? false
    }

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        switch record.kind {
        case .changed(_, to: .active):
            let count = roster[record.node, record.router].configuration?.addresses.count ?? 0
            reigns[record.node, record.router] = Reign(
                began: record.time, counts: Array(repeating: 0, count: count),
                isDisturbed: isChaos)
            for address in early[record.node, record.router] {
                note(address, record.node, record.router)
            }
            early[record.node, record.router] = []
            meetRivals(record, roster)
        case .changed(from: .active, _):
            reigns[record.node, record.router] = nil
            outliveRival(record, roster)
        case .heard(let from, _, _):
            if !isChaos, from >= 0, reigns[from, record.router] != nil {
                reigns[record.node, record.router]?.heard = (from, record.time)
            }
        case .sent:
            if let heard = reigns[record.node, record.router]?.heard, heard.at == record.time {
                reigns[record.node, record.router]?.rival = heard.from
            }
        case .announced(let address):
            if reigns[record.node, record.router] == nil {
                early[record.node, record.router].append(address)
            } else {
                note(address, record.node, record.router)
            }
        case .turned:
            for router in 0..<roster.routerCount where !early[record.node, router].isEmpty {
                return "gw\(record.node) r\(router) announces and is not Active"
            }
        case .fault, .configured:
            disturb(record.node, roster)
        case .phase(let phase):
            isChaos = phase == .chaos
            if phase == .chaos {
                for node in 0..<roster.nodeCount { disturb(node, roster) }
            } else {
                return judge(record, roster)
            }
        case .missed(let from, _):
            // The rival may not have heard our assertion.
            if from >= 0, reigns[from, record.router]?.rival == record.node {
                reigns[from, record.router]?.rival = nil
            }
        case .changed, .asked, .answered:
            break
        }
        return nil
    }

    private mutating func note(_ address: Int, _ node: Int, _ router: Int) {
        guard reigns[node, router]?.counts.indices.contains(address) == true else { return }
        reigns[node, router]?.counts[address] += 1
    }

    /// Two Active Routers: whom neighbours believe is open until one of them has yielded.
    private mutating func meetRivals(_ record: Record, _ roster: Roster) {
        for other in 0..<roster.nodeCount where other != record.node {
            guard reigns[other, record.router] != nil else { continue }
            reigns[other, record.router]?.isDisturbed = true
            reigns[record.node, record.router]?.isDisturbed = true
        }
    }

    /// Who heard the rival announces everything again, until it has yielded. Who did not cannot
    /// know, and neighbours believe the rival until they ask: that is so in every VRRP without
    /// virtual MAC addresses. In version 2 the rival is not asserted against and yields later.
    private mutating func outliveRival(_ record: Record, _ roster: Roster) {
        let isVersion3 = roster[record.node, record.router].configuration?.version == .v3
        for other in 0..<roster.nodeCount
        where reigns[other, record.router]?.rival == record.node {
            reigns[other, record.router]?.rival = nil
            let policy = roster[other, record.router].configuration?.announce
            let spacing = policy?.spacing.nanosecondsRoundedUp ?? 0
            // On a LAN that is slower than the rounds it may yield after the last of them.
            guard !isChaos, isVersion3, spacing > 2 * roster.longestDelay else { continue }
            reigns[other, record.router]?.began = record.time
            reigns[other, record.router]?.counts =
                roster[other, record.router].configuration?.addresses.map { _ in 0 } ?? []
            reigns[other, record.router]?.isDisturbed = false
        }
    }

    private mutating func disturb(_ node: Int, _ roster: Roster) {
        for router in 0..<roster.routerCount { reigns[node, router]?.isDisturbed = true }
    }

    private func judge(_ record: Record, _ roster: Roster) -> String? {
        for node in 0..<roster.nodeCount {
            for router in 0..<roster.routerCount {
                guard
                    let reign = reigns[node, router], !reign.isDisturbed,
                    let policy = roster[node, router].configuration?.announce
                else { continue }
                let rounds = policy.spacing.nanosecondsRoundedUp * Nanoseconds(policy.count)
                let length = record.time - reign.began - 10 * roster.slack - .second
                guard length > Roster.stretched(rounds) else { continue }
                if let address = reign.counts.firstIndex(where: { $0 < policy.count }) {
                    return "gw\(node) r\(router) announced address \(address)"
                        + " \(reign.counts[address]) times instead of \(policy.count)"
                }
            }
        }
        return nil
    }
}

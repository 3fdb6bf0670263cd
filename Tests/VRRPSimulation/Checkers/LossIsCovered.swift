// An Active Router that fails is replaced within the best Backup's Active_Down_Interval; one that
// says farewell within the best Backup's Skew_Time (RFC 9568 §6.4.2).

import VRRPConfiguration
import VRRPCore
import VRRPWire

package struct LossIsCovered: Sendable {
    private struct Expected: Sendable {
        var router: Int
        var victim: Int
        var deadline: Nanoseconds
    }

    private var expected: [Expected] = []
    private var isProbing = false

    package init() {}

    package mutating func see(_ record: Record, _ roster: Roster) -> String? {
        for entry in expected where record.time > entry.deadline {
            expected = []
            return "nobody took over r\(entry.router) from gw\(entry.victim) by"
                + " \(entry.deadline) ns"
        }
        switch record.kind {
        case .phase(let phase):
            isProbing = phase == .probe
            expected = []
        case .fault(let fault) where isProbing && !fault.isOver:
            for router in 0..<roster.routerCount
            where roster[record.node, router].state == .active {
                expect(fault.kind, router, record, roster)
            }
        case .changed(_, to: .active):
            expected.removeAll { $0.router == record.router && $0.victim != record.node }
        case .changed, .sent, .heard, .missed, .asked, .answered, .announced, .turned, .fault,
            .configured:
            break
        }
        return nil
    }

    private mutating func expect(
        _ kind: Fault.Kind, _ router: Int, _ record: Record, _ roster: Roster
    ) {
        let isFarewell =
            switch kind {
            case .stop: true
            case .carrierLoss, .crash, .powerLoss, .pause, .partition: false
            case .oneWay, .adminDown, .interfaceRemoved, .interfaceRenamed, .addressRemoved,
                .addressAdded, .ownAddressesRemoved, .flush, .macvlanDeleted, .macvlanDown,
                .macvlanUp, .macvlanRenamed, .overrun, .refusal, .reload,
                .idleReload, .blackout:
                false
            }
        let victim = roster[record.node, router]
        var best: Nanoseconds?
        for node in roster.candidates(router)
        where node != record.node && roster[node, router].state == .backup {
            let own = roster[node, router]
            let interval = own.configuration?.version == .v2 ? own.interval : victim.interval
            let time =
                isFarewell
                ? roster.skewTime(node, router, interval: interval)
                : roster.activeDownInterval(node, router, interval: interval)
            best = min(best ?? time, time)
        }
        guard let best else { return }
        expected.append(
            Expected(
                router: router, victim: record.node,
                deadline: record.time + Roster.stretched(best) + roster.longestDelay
                    + 2 * roster.slack))
    }
}

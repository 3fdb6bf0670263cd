// What must hold long after a reload: against a twin that was not reloaded, and against an engine
// that was started with the new configuration.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension ReloadTrial {
    /// Routers that did not change do to the end what they would have done without the reload.
    func twinFaults(
        _ bench: ReloadBench, _ twin: ReloadBench, sent: [ReloadBench.Sent],
        twinSent: [ReloadBench.Sent]
    ) -> [String] {
        var faults: [String] = []
        for router in old.routers where isUntouched(router.name) {
            guard let link = surroundings.link(named: router.interface) else { continue }
            let key = ReloadBench.Key(
                interface: link.index, family: router.family, vrid: router.vrid.rawValue)
            if sent.filter({ $0.key == key }) != twinSent.filter({ $0.key == key }) {
                faults.append("\(router.name) sends something else than without the reload")
            }
            var one = bench.snapshot(router.name)
            var other = twin.snapshot(router.name)
            one?.counters.addressErrors = 0
            other?.counters.addressErrors = 0
            if surroundings.manner != .prompt || surroundings.refusesUntil > Self.start {
                // A kernel that is late is late for all who have asked before.
                one?.counters.announcementsSent = 0
                other?.counters.announcementsSent = 0
                one?.counters.routerAdvertisementsSent = 0
                other?.counters.routerAdvertisementsSent = 0
            }
            if let one, let other, one != other {
                faults.append(
                    "\(router.name), with and without the reload: \(Self.difference(one, other))")
            }
        }
        return faults
    }

    /// The reloaded engine is where the fresh one is.
    func outcomeFaults(_ bench: ReloadBench, _ fresh: ReloadBench) -> [String] {
        var faults = kernelFaults(bench) + listeningFaults(bench)
        if bench.listening != fresh.listening { faults.append("listens elsewhere") }
        if bench.soliciting != fresh.soliciting { faults.append("hears hosts elsewhere") }
        let told = Set(bench.toldHosts.filter { $0.at > settledAt }.map(\.what))
        if !told.isSubset(of: fresh.toldHosts.map(\.what)) {
            faults.append("tells hosts what a fresh start does not")
        }
        for router in new.routers {
            guard let one = bench.snapshot(router.name), let other = fresh.snapshot(router.name)
            else {
                faults.append("\(router.name) is missing")
                continue
            }
            if one.withoutHistory != other.withoutHistory {
                let difference = Self.difference(one.withoutHistory, other.withoutHistory)
                faults.append("\(router.name), reloaded and fresh: \(difference)")
            }
        }
        if Set(bench.sent.map(Encoded.init)) != Set(fresh.sent.map(Encoded.init)) {
            faults.append("other advertisements than after a fresh start")
        }
        if Set(bench.announced.map(\.what)) != Set(fresh.announced.map(\.what)) {
            faults.append("other announcements than after a fresh start")
        }
        if future == .silence, spacings(of: bench) != spacings(of: fresh) {
            let both = "\(spacings(of: bench).values), fresh \(spacings(of: fresh).values)"
            faults.append("other spacings than after a fresh start: \(both)")
        }
        return faults
    }

    private static func difference(_ one: RouterSnapshot, _ other: RouterSnapshot) -> String {
        zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children).compactMap {
            let (left, right) = ("\($0.value)", "\($1.value)")
            return left == right ? nil : "\($0.label ?? ""): \(left) and \(right)"
        }.joined(separator: "; ")
    }

    private struct Encoded: Hashable {
        var key: ReloadBench.Key
        var bytes: [UInt8]

        init(_ sent: ReloadBench.Sent) {
            key = sent.key
            bytes = sent.bytes
        }
    }

    /// What is sent again and again.
    private enum Repeated: Hashable {
        case advertisement(ReloadBench.Key)
        case announcement(ReloadBench.Announced)
    }

    /// Between the last two of each advertisement and of each announcement; zero for a single one.
    private func spacings(of bench: ReloadBench) -> [Repeated: Duration] {
        var last: [Repeated: Instant] = [:]
        var spacings: [Repeated: Duration] = [:]
        func note(_ what: Repeated, at instant: Instant) {
            spacings[what] = instant - (last.updateValue(instant, forKey: what) ?? instant)
        }
        for sent in bench.sent { note(.advertisement(sent.key), at: sent.at) }
        for announced in bench.announced { note(.announcement(announced.what), at: announced.at) }
        return spacings
    }
}

extension RouterSnapshot {
    /// What does not tell how it came to be so.
    fileprivate var withoutHistory: RouterSnapshot {
        var result = self
        result.since = .origin
        if state == .initialize { result.checksumForm = nil } else { result.reason = .startup }
        result.counters = RouterCounters()
        return result
    }
}

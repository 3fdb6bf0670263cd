// A virtual router in the state that a test starts from.

import VRRPCore
import VRRPWire

let own = IPAddress.v4(IPv4Address(192, 0, 2, 3))
let peer = IPAddress.v4(IPv4Address(192, 0, 2, 2))
let higherPeer = IPAddress.v4(IPv4Address(192, 0, 2, 200))

extension Parameters {
    static func with(
        priority: UInt8 = 100, version: VRRPVersion = .v3, interval: Duration = .seconds(1),
        preempt: Bool = true, preemptDelay: Duration = .zero, startDelay: Duration = .zero
    ) -> Parameters {
        Parameters(
            version: version, priority: Priority(priority), advertisementInterval: interval,
            preemptMode: preempt, preemptDelay: preemptDelay, startDelay: startDelay,
            primaryAddress: own)
    }
}

/// Drives a router and keeps what it asked for.
struct Driver {
    var router: VirtualRouter

    init(_ parameters: Parameters) {
        router = VirtualRouter(parameters)
    }

    /// In Backup since the origin.
    static func backup(_ parameters: Parameters) -> Driver {
        var driver = Driver(parameters)
        _ = driver.handle(.startup, at: 0)
        return driver
    }

    /// Active since its Active_Down_Timer expired.
    static func active(_ parameters: Parameters) -> Driver {
        var driver = backup(parameters)
        if let deadline = driver.router.nextDeadline, driver.router.publicState == .backup {
            _ = driver.advance(to: deadline)
        }
        return driver
    }

    mutating func handle(_ event: Event, at seconds: Double) -> [Action] {
        handle(event, at: Instant(sinceOrigin: .seconds(seconds)))
    }

    mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        router.handle(event, at: now, into: &actions)
        return actions
    }

    mutating func advance(to now: Instant) -> [Action] {
        var actions: [Action] = []
        router.advance(to: now, into: &actions)
        return actions
    }

    mutating func hear(
        _ priority: UInt8, from source: IPAddress = peer, interval: Duration = .seconds(1),
        at now: Instant
    ) -> [Action] {
        handle(
            .advertisement(
                HeardAdvertisement(
                    source: source, priority: Priority(priority), interval: interval)), at: now)
    }

    /// Seconds from the origin to the next deadline.
    var deadline: Duration? { router.nextDeadline?.sinceOrigin }
    var state: RouterState { router.publicState }
}

func at(_ seconds: Double) -> Instant { Instant(sinceOrigin: .seconds(seconds)) }

extension [Action] {
    /// The actions without reports.
    var withoutReports: [Action] {
        filter { action in
            if case .report = action { return false }
            return true
        }
    }

    var reasons: [Reason] {
        compactMap { action in
            if case .report(let transition) = action { return transition.reason }
            return nil
        }
    }
}

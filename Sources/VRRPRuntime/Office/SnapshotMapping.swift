// From the engine's snapshot to what the control socket answers.

import LinuxNetwork
import VRRPConfiguration
import VRRPControl
import VRRPCore
import VRRPEngine
import VRRPWire

/// Puts instants of the boot-time clock on the wall clock, as both stand now.
struct WallClock {
    private let offset = Clock.wall() - Clock.boot()

    func text(_ instant: Instant) -> String { rfc3339(sinceEpoch: offset + instant.sinceOrigin) }
}

extension ShowReply {
    init(_ snapshot: EngineSnapshot, name: String?, pid: Int, version: String) {
        let clock = WallClock()
        self.init(
            node: snapshot.node, pid: pid, version: version, time: clock.text(snapshot.at),
            routers: snapshot.routers.filter { selects(name, $0.configuration.name) }
                .map { RouterStatus($0, at: snapshot.at, clock) })
    }
}

extension StatisticsReply {
    init(_ snapshot: EngineSnapshot, name: String?) {
        var global = GlobalStatistics()
        global.checksumErrors = snapshot.counters.checksumErrors
        global.ttlErrors = snapshot.counters.ttlErrors
        global.versionErrors = snapshot.counters.versionErrors
        global.vridErrors = snapshot.counters.vridErrors
        global.lengthErrors = snapshot.counters.lengthErrors
        global.typeErrors = snapshot.counters.typeErrors
        global.otherDiscards = snapshot.counters.otherDiscards
        global.solicitationErrors = snapshot.counters.solicitationErrors
        global.lateWakeUps = snapshot.counters.lateWakeUps
        global.worstLatenessUs = snapshot.counters.worstLatenessMicroseconds
        self.init(
            node: snapshot.node,
            routers: snapshot.routers.filter { selects(name, $0.configuration.name) }.map {
                Entry(name: $0.configuration.name, statistics: RouterStatistics($0.counters))
            },
            global: global)
    }
}

extension RouterStatus {
    init(_ router: RouterSnapshot, at now: Instant, _ clock: WallClock) {
        let configuration = router.configuration
        let priority = Int(configuration.priority.rawValue)
        self.init(
            name: configuration.name, family: configuration.family.description,
            interface: kernelName(configuration.interface), vrid: Int(configuration.vrid.rawValue),
            version: Int(configuration.version.rawValue), state: "\(router.state)",
            since: clock.text(router.since), sinceMs: (now - router.since).wholeMilliseconds,
            reason: ReasonStatus(code: router.reason.code, text: router.whyText),
            isOwner: configuration.priority == .owner, preempt: configuration.preemptMode,
            accept: configuration.acceptsPackets,
            priority: PriorityStatus(
                base: priority, effective: priority, fault: router.state == .initialize,
                parts: [PriorityStatus.Part(kind: "base", value: priority)]),
            timers: TimerStatus(
                advertiseMs: configuration.advertisementInterval.wholeMilliseconds,
                skewUs: router.skewTime.inMicroseconds,
                activeDownMs: router.activeDownInterval.inMilliseconds,
                remainingMs: router.remaining?.inMilliseconds))
        mac = router.hardwareAddress?.description
        device = router.device.map(kernelName)
        networkNamespace = configuration.networkNamespace
        alsoVersion2 = configuration.alsoVersion2
        unicastPeers = configuration.peers.map(\.description)
        hops = Int(configuration.hops)
        authentication = configuration.authentication?.description
        authenticationMode = configuration.authentication?.hmac?.mode.rawValue
        authenticationKey = configuration.authentication?.hmac.map { Int($0.activeKey.id) }
        source = router.primaryAddress?.description
        checksum = router.checksumForm?.name
        activeRouter = router.activeRouter.map { ActiveRouterStatus($0, at: now) }
        addresses = router.addresses.map {
            AddressStatus(
                address: $0.address.description, kind: $0.kind.rawValue,
                device: kernelName($0.device),
                wanted: $0.wanted, installed: $0.installed, foreign: $0.foreign)
        }
        statistics = RouterStatistics(router.counters)
    }
}

extension ActiveRouterStatus {
    init(_ active: ActiveRouterSnapshot, at now: Instant) {
        self.init(
            isSelf: active.isSelf, address: active.address.description,
            version: Int(active.version.rawValue),
            priority: Int(active.priority.rawValue),
            advertiseMs: active.advertisementInterval.wholeMilliseconds,
            lastHeardMs: active.lastHeard.map { (now - $0).wholeMilliseconds },
            checksum: active.checksumForm?.name)
    }
}

extension RouterStatistics {
    init(_ counters: RouterCounters) {
        self.init()
        advertisementsSent = counters.advertisementsSent
        advertisementsReceived = counters.advertisementsReceived
        becameActive = counters.becameActive
        checksumErrors = counters.checksumErrors
        ttlErrors = counters.ttlErrors
        versionErrors = counters.versionErrors
        vridErrors = counters.vridErrors
        lengthErrors = counters.lengthErrors
        typeErrors = counters.typeErrors
        intervalErrors = counters.intervalErrors
        addressListErrors = counters.addressListErrors
        priorityZeroSent = counters.priorityZeroSent
        priorityZeroReceived = counters.priorityZeroReceived
        authenticationErrors = counters.authenticationErrors
        ownerConflicts = counters.ownerConflicts
        otherChecksumForm = counters.otherChecksumForm
        version2Ignored = counters.version2Ignored
        otherDiscards = counters.otherDiscards
        transmitErrors = counters.transmitErrors
        announcementsSent = counters.announcementsSent
        addressesRestored = counters.addressesRestored
        addressErrors = counters.addressErrors
        macvlansRestored = counters.devicesRestored
        macvlanErrors = counters.deviceErrors
        routerAdvertisementsSent = counters.routerAdvertisementsSent
    }
}

extension RouterSnapshot {
    /// The reason in words; where it may lie in the namespace, with its name.
    fileprivate var whyText: String {
        guard reason == .interfaceMissing, let namespace = configuration.networkNamespace else {
            return reason.text
        }
        return
            "\(reason.text) in network namespace \(namespace), or no such namespace: the log says"
            + " which"
    }
}

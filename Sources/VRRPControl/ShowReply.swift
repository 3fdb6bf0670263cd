// What `vrrpctl show --json` prints and `io.vrrpd.Show` answers: schema vrrpd/show/1.
// Members are renamed to snake case by `ControlJSON`. A name may be added, never changed.

/// All virtual routers, or those that were asked for, at one moment.
package struct ShowReply: Codable, Equatable, Sendable {
    package var schema = "vrrpd/show/1"
    package var node: String
    package var pid: Int
    package var version: String
    /// RFC 3339, UTC.
    package var time: String
    package var routers: [RouterStatus]

    package init(node: String, pid: Int, version: String, time: String, routers: [RouterStatus]) {
        self.node = node
        self.pid = pid
        self.version = version
        self.time = time
        self.routers = routers
    }
}

/// One virtual router.
package struct RouterStatus: Codable, Equatable, Sendable {
    package var name: String
    /// `ipv4` or `ipv6`.
    package var family: String
    package var interface: String
    /// Null is the daemon's own.
    @Nullable package var networkNamespace: String?
    package var vrid: Int
    package var version: Int
    /// `version: both`.
    package var alsoVersion2 = false
    @Nullable package var group: String?
    /// `initialize`, `backup` or `active`.
    package var state: String
    package var since: String
    package var sinceMs: Int
    package var reason: ReasonStatus
    package var isOwner: Bool
    package var preempt: Bool
    package var accept: Bool
    @Nullable package var mac: String?
    @Nullable package var device: String?
    /// The source address of its advertisements.
    @Nullable package var source: String?
    /// Whom its advertisements go to; empty for the group.
    package var unicastPeers: [String] = []
    /// How many routers an advertisement may have crossed.
    package var hops = 0
    /// The kind, never the secret.
    @Nullable package var authentication: String?
    /// `hmac` only: `receive-only`, `permissive` or `enforce`, and the key that is sent with.
    @Nullable package var authenticationMode: String?
    @Nullable package var authenticationKey: Int?
    /// The checksum form of its advertisements: `rfc9568` or `rfc5798`.
    @Nullable package var checksum: String?
    package var priority: PriorityStatus
    @Nullable package var activeRouter: ActiveRouterStatus?
    package var timers: TimerStatus
    package var addresses: [AddressStatus] = []
    package var routes: [RouteStatus] = []
    package var trackers: [TrackerStatus] = []
    package var statistics = RouterStatistics()

    package init(
        name: String, family: String, interface: String, vrid: Int, version: Int, state: String,
        since: String, sinceMs: Int, reason: ReasonStatus, isOwner: Bool, preempt: Bool,
        accept: Bool, priority: PriorityStatus, timers: TimerStatus
    ) {
        self.name = name
        self.family = family
        self.interface = interface
        self.vrid = vrid
        self.version = version
        self.state = state
        self.since = since
        self.sinceMs = sinceMs
        self.reason = reason
        self.isOwner = isOwner
        self.preempt = preempt
        self.accept = accept
        self.priority = priority
        self.timers = timers
    }
}

package struct ReasonStatus: Codable, Equatable, Sendable {
    /// One of a closed list; scripts may rely on it.
    package var code: String
    /// For people.
    package var text: String

    package init(code: String, text: String) {
        self.code = code
        self.text = text
    }
}

package struct PriorityStatus: Codable, Equatable, Sendable {
    package var base: Int
    package var effective: Int
    package var fault: Bool
    /// What `effective` is the sum of.
    package var parts: [Part]

    package struct Part: Codable, Equatable, Sendable {
        package var kind: String
        package var value: Int

        package init(kind: String, value: Int) {
            self.kind = kind
            self.value = value
        }
    }

    package init(base: Int, effective: Int, fault: Bool, parts: [Part]) {
        self.base = base
        self.effective = effective
        self.fault = fault
        self.parts = parts
    }
}

package struct ActiveRouterStatus: Codable, Equatable, Sendable {
    package var isSelf: Bool
    package var address: String
    /// Of the advertisements it was heard with.
    package var version: Int
    package var priority: Int
    package var advertiseMs: Int
    /// Null when it is this router.
    @Nullable package var lastHeardMs: Int?
    @Nullable package var checksum: String?

    private enum CodingKeys: String, CodingKey {
        case isSelf = "self"
        case address, version, priority, advertiseMs, lastHeardMs, checksum
    }

    package init(
        isSelf: Bool, address: String, version: Int, priority: Int, advertiseMs: Int,
        lastHeardMs: Int?, checksum: String?
    ) {
        self.isSelf = isSelf
        self.address = address
        self.version = version
        self.priority = priority
        self.advertiseMs = advertiseMs
        self.lastHeardMs = lastHeardMs
        self.checksum = checksum
    }
}

package struct TimerStatus: Codable, Equatable, Sendable {
    package var advertiseMs: Int
    package var skewUs: Double
    package var activeDownMs: Double
    /// What is left of the Active_Down_Timer; null unless Backup.
    @Nullable package var remainingMs: Double?

    package init(advertiseMs: Int, skewUs: Double, activeDownMs: Double, remainingMs: Double?) {
        self.advertiseMs = advertiseMs
        self.skewUs = skewUs
        self.activeDownMs = activeDownMs
        self.remainingMs = remainingMs
    }
}

package struct AddressStatus: Codable, Equatable, Sendable {
    /// With its prefix length.
    package var address: String
    /// `advertised`, `unadvertised` or `external`.
    package var kind: String
    package var device: String
    package var wanted: Bool
    package var installed: Bool
    /// It was there before the daemon, which leaves it alone.
    package var foreign: Bool

    package init(
        address: String, kind: String = "advertised", device: String, wanted: Bool,
        installed: Bool, foreign: Bool
    ) {
        self.address = address
        self.kind = kind
        self.device = device
        self.wanted = wanted
        self.installed = installed
        self.foreign = foreign
    }
}

package struct RouteStatus: Codable, Equatable, Sendable {
    package var route: String
    package var wanted: Bool
    package var installed: Bool
}

package struct TrackerStatus: Codable, Equatable, Sendable {
    package var name: String
    package var up: Bool
    /// What it does to the priority while down; null is a fault.
    @Nullable package var effect: Int?
}

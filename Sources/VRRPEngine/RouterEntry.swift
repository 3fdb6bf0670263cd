// All that the engine keeps about one virtual router besides its state machine.

import VRRPConfiguration
import VRRPCore
import VRRPWire

struct RouterEntry: Codable {
    var configuration: VirtualRouterConfiguration
    var machine: VirtualRouter
    /// The index of the configured interface; nil while there is none of that name.
    var interface: Int32?
    /// The source of its advertisements; nil while there is none.
    var source: IPAddress?
    var since: Instant
    var reason: Reason
    /// The last router whose advertisement counted.
    var peer: ActiveRouterSnapshot?
    /// What is sent in version 3 over IPv4.
    var checksumForm: ChecksumForm
    /// Where its virtual addresses belong now; those whose device is missing are left out.
    var addressKeys: [AddressKey] = []
    /// What is compared with the list of an advertisement.
    var advertisedAddresses: [IPAddress] = []
    /// The name of its macvlan; nil with `mac: interface`, or without an interface.
    var device: String?
    /// What is sent at every advertisement; empty without a source.
    var template = AdvertisementTemplate()
    /// `version: both`: who was heard in version 3.
    var versions = VersionBook()
    /// What was heard with a trailer; nil before that.
    var stamps: StampBook?
    var announcing: Announcing?
    /// Nil until it was Active with `router-advertisement` for the first time.
    var routerAdvertising: RouterAdvertising?
    /// The Router Advertisement as a complete frame; empty before the first one.
    var routerAdvertisementFrame: [UInt8] = []
    /// The interface on which hosts that ask for a router are heard for it.
    var solicitedOn: Int32?
    /// When refused or contested addresses are tried again.
    var repairDeadline: Instant?
    var repairs = RepairBudget()
    var counters = RouterCounters()
    var told = Told()

    /// All but what `rebuildTemplate` computes.
    private enum CodingKeys: String, CodingKey {
        case configuration, machine, interface, source, since, reason, peer, checksumForm
        case addressKeys, device, versions, stamps, announcing, repairDeadline, repairs, counters,
            told
        case routerAdvertising, solicitedOn
    }

    init(_ configuration: VirtualRouterConfiguration, at now: Instant) {
        self.configuration = configuration
        // Stays a placeholder until the interface has an address; Initialize sends nothing.
        let nowhere: IPAddress = configuration.family == .ipv4 ? .v4(.any) : .v6(.any)
        machine = VirtualRouter(Self.parameters(configuration, from: nowhere))
        since = now
        reason = .interfaceMissing
        advertisedAddresses = configuration.advertisedAddresses
        checksumForm = configuration.checksum == .rfc5798 ? .rfc5798 : .rfc9568
    }

    static func parameters(
        _ configuration: VirtualRouterConfiguration, from source: IPAddress
    ) -> Parameters {
        Parameters(
            version: configuration.version, priority: configuration.priority,
            advertisementInterval: configuration.advertisementInterval,
            preemptMode: configuration.preemptMode, preemptDelay: configuration.preemptDelay,
            startDelay: configuration.startDelay, primaryAddress: source)
    }

    var isActive: Bool { machine.publicState == .active }
    var isRunning: Bool { machine.publicState != .initialize }

    var nextDeadline: Instant? {
        var earliest = machine.nextDeadline
        if let deadline = announcing?.nextDeadline, deadline < earliest ?? deadline + .seconds(1) {
            earliest = deadline
        }
        if let deadline = repairDeadline, deadline < earliest ?? deadline + .seconds(1) {
            earliest = deadline
        }
        if let deadline = routerAdvertising?.nextDeadline,
            deadline < earliest ?? deadline + .seconds(1)
        {
            earliest = deadline
        }
        return earliest
    }

    /// Encodes the advertisement anew; called when anything in it changed.
    mutating func rebuildTemplate() {
        advertisedAddresses = configuration.advertisedAddresses
        template =
            source.map {
                AdvertisementTemplate(configuration, source: $0, checksumForm: checksumForm)
            } ?? AdvertisementTemplate()
        rebuildRouterAdvertisement()
    }
}

/// The gratuitous ARP or unsolicited neighbour advertisements still to be sent.
struct Announcing: Codable, Equatable {
    var lastRound: Instant
    /// Some address has rounds left; otherwise only `refresh` goes on.
    var isRepeating = false
    var nextDeadline: Instant?
}

/// What was told already and is not told again until it changes.
struct Told: Codable {
    var intervalMismatch: Duration?
    var listMismatch: IPAddress?
    var ownerConflict: IPAddress?
    var equalPriority: IPAddress?
    var transmitFailure = false
    var unable: Reason?
    /// By `Difference`; nil until something was told, and in recordings older than this.
    private var budgets: [TellingBudget]?

    init(unable: Reason? = nil) { self.unable = unable }

    /// What others on the LAN can make us tell as often as they like, two of them by taking turns.
    enum Difference: Int, CaseIterable {
        case interval, list, ownerConflict, equalPriority, checksumForm
    }

    /// False: not now. It is counted, and told when it is seen again later.
    mutating func mayTell(_ difference: Difference, at now: Instant) -> Bool {
        if budgets?.count != Difference.allCases.count {
            budgets = Difference.allCases.map { _ in TellingBudget() }
        }
        return budgets?[difference.rawValue].spend(at: now) ?? false
    }
}

/// Five in ten seconds.
struct TellingBudget: Codable {
    private var windowStart: Instant?
    private var count = 0

    mutating func spend(at now: Instant) -> Bool {
        if windowStart.map({ now - $0 >= .seconds(10) }) ?? true {
            windowStart = now
            count = 0
        }
        guard count < 5 else { return false }
        count += 1
        return true
    }
}

/// Puts addresses back at once, but not in an endless fight with somebody who keeps removing them:
/// after five repairs in a second the next one waits.
struct RepairBudget: Codable {
    private var windowStart = Instant.origin
    private var count = 0

    /// Nil: repair now. Otherwise: not before that instant.
    mutating func spend(at now: Instant) -> Instant? {
        if now - windowStart >= .seconds(1) {
            windowStart = now
            count = 0
        }
        count += 1
        return count <= 5 ? nil : windowStart + .seconds(1)
    }
}

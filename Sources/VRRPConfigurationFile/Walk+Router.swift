// One entry under `routers`, together with `defaults`: its keys, one after the other.
// What concerns several keys at once is checked in RouterChecks.

import VRRPConfiguration
import VRRPWire

/// An entry as it was read. Nil is a value that is absent, or wrong and reported.
struct RouterEntry {
    var name: String
    var place: Place
    var interface: Walk.Keyed<String>?
    var networkNamespace: Walk.Keyed<String>?
    var hasNetworkNamespace = false
    var vrid: Walk.Keyed<Int>?
    var version: Walk.Keyed<Versions>?
    /// False when `version` is there but wrong: then nothing that depends on it is checked.
    var isVersionKnown = true
    var priority: Walk.Keyed<Priority>?
    /// Those of `addresses`, then `external`, then `unadvertised`.
    var addresses: [Walk.PlacedAddress]?
    var source: Walk.Keyed<[Walk.PlacedHost]>?
    /// Whether the key is there, right or wrong.
    var hasSource = false
    var unicast: Walk.Unicast?
    var hasUnicast = false
    var hops: Walk.Keyed<Int>?
    var authentication: Walk.Keyed<AuthenticationPolicy>?
    var advertise: Walk.Keyed<Duration>?
    var preempt: Bool?
    var preemptDelay: Duration?
    var startDelay: Duration?
    var accept: Bool?
    /// False when `accept` is there but wrong.
    var isAcceptKnown = true
    var mac: MACPolicy?
    var macvlanName: Walk.Keyed<String>?
    var checksum: ChecksumPolicy?
    var announce: AnnouncePolicy?
    var trackInterface: Bool?
    var routerAdvertisement: Walk.PlacedAdvertisement?
}

/// What `version` can say.
enum Versions: String, CaseIterable {
    case three = "3"
    case two = "2"
    /// RFC 9568 §8.4.2; for IPv6, which version 2 has not, the same as 3.
    case both
}

extension Walk {
    static let routerKeys = [
        "interface", "vrid", "version", "priority", "addresses", "unadvertised", "external",
        "advertise", "preempt", "preempt-delay", "start-delay", "accept", "mac", "macvlan-name",
        "checksum", "source", "unicast", "hops", "authentication", "announce", "track-interface",
        "network-namespace", "router-advertisement",
    ]

    /// Keys of later versions, each with what to do until then.
    static let unavailableRouterKeys = [
        "routes": "remove the key; install the routes with the system's network configuration",
        "rules": "remove the key; install the rules with the system's network configuration",
        "track": "remove the key; `track-interface` watches the router's own interface",
    ]

    /// `defaults` on its own: every key in it is checked, used or not.
    func checkDefaults(_ defaults: [Entry]) {
        checkKeys(
            defaults, in: "`defaults`", known: Self.routerKeys,
            unavailable: Self.unavailableRouterKeys)
        if let place = defaults.first?.place {
            _ = values(defaults, name: "defaults", place: place)
        }
    }

    /// One entry under `routers`. Its own keys win over those of `defaults`, key by key.
    func router(_ entry: Entry, defaults: [Entry]) -> RouterEntry? {
        guard checkName(entry.key, at: entry.place, what: "a router's name") else { return nil }
        guard let own = entries(entry.value, of: entry.key) else { return nil }
        checkKeys(
            own, in: "a router", known: Self.routerKeys, unavailable: Self.unavailableRouterKeys)
        let merged = own + defaults.filter { own[$0.key] == nil }
        for (key, advice) in Self.requiredKeys where merged[key] == nil {
            // A misspelt or unavailable key stands for the one that is missing.
            if own.contains(where: { nearest(to: $0.key, among: Self.routerKeys) == key }) {
                continue
            }
            if key == "addresses", merged["external"] != nil { continue }
            report(entry.place, "router `\(entry.key)` needs the key `\(key)`", advice: advice)
        }
        return values(merged, name: entry.key, place: entry.place)
    }

    private static let requiredKeys = [
        ("interface", "name the LAN's interface, for example `interface: eth1`"),
        ("vrid", "write a number from 1 to 255 that is the same on all its routers"),
        ("addresses", "for example `addresses: [192.0.2.1/24]`"),
    ]

    private func values(_ entries: [Entry], name: String, place: Place) -> RouterEntry {
        var router = RouterEntry(name: name, place: place)
        let day: Duration = .seconds(86_400)
        router.interface = entries["interface"].flatMap { keyed($0, interfaceName) }
        router.networkNamespace = entries["network-namespace"].flatMap {
            keyed($0, networkNamespace)
        }
        router.hasNetworkNamespace = entries["network-namespace"] != nil
        router.vrid = entries["vrid"].flatMap { keyed($0, integer(1...255)) }
        router.version = entries["version"].flatMap { keyed($0, choice(Versions.self)) }
        router.isVersionKnown = entries["version"] == nil || router.version != nil
        router.priority = entries["priority"].flatMap { keyed($0, priority) }
        router.addresses = addresses(entries)
        router.source = entries["source"].flatMap { keyed($0, hosts) }
        router.hasSource = entries["source"] != nil
        router.unicast = entries["unicast"].flatMap(unicast)
        router.hasUnicast = entries["unicast"] != nil
        router.hops = entries["hops"].flatMap { keyed($0, integer(0...254)) }
        router.authentication = entries["authentication"].flatMap(authentication)
        router.advertise = entries["advertise"].flatMap {
            keyed($0, duration(.milliseconds(10)...(.seconds(255))))
        }
        router.preempt = entries["preempt"].flatMap { keyed($0, boolean)?.own }
        router.preemptDelay = entries["preempt-delay"].flatMap {
            keyed($0, duration(.zero...day))?.own
        }
        router.startDelay = entries["start-delay"].flatMap { keyed($0, duration(.zero...day))?.own }
        router.checksum = entries["checksum"].flatMap {
            keyed($0, choice(ChecksumPolicy.self))?.own
        }
        router.announce = entries["announce"].flatMap(announce)
        router.trackInterface = entries["track-interface"].flatMap { keyed($0, boolean)?.own }
        router.accept = entries["accept"].flatMap { keyed($0, boolean)?.own }
        router.isAcceptKnown = entries["accept"] == nil || router.accept != nil
        router.routerAdvertisement = entries["router-advertisement"].flatMap(routerAdvertisement)
        router.mac = entries["mac"].flatMap { keyed($0, choice(MACPolicy.self))?.own }
        router.macvlanName = entries["macvlan-name"].flatMap { keyed($0, interfaceName) }
        return router
    }

    private func priority(_ node: Node, _ key: String) -> Priority? {
        if let text = text(node, key), text == "owner" { return .owner }
        let advice =
            switch node.content {
            case .scalar("0", plain: _): "0 says on the wire that a router leaves; the lowest is 1"
            case .scalar("255", plain: _): "255 is written `owner`"
            default: "the router that owns the addresses has priority `owner`"
            }
        return integer(1...254, advice)(node, key).map { Priority(UInt8($0)) }
    }

    private func announce(_ entry: Entry) -> AnnouncePolicy? {
        guard let entries = entries(entry.value, of: entry.key) else { return nil }
        checkKeys(entries, in: "`announce`", known: ["count", "spacing", "refresh"])
        var policy = AnnouncePolicy()
        if let count = entries["count"].flatMap({ keyed($0, integer(1...100))?.own }) {
            policy.count = count
        }
        let spacing = duration(.milliseconds(10)...(.seconds(60)))
        if let spacing = entries["spacing"].flatMap({ keyed($0, spacing)?.own }) {
            policy.spacing = spacing
        }
        policy.refresh = entries["refresh"].flatMap { keyed($0, refresh) }?.own
        return policy
    }

    /// `off` or a duration.
    private func refresh(_ node: Node, _ key: String) -> Duration?? {
        if case .scalar("off", plain: _) = node.content { return .some(nil) }
        return duration(.seconds(1)...(.seconds(86_400)))(node, key).map { .some($0) }
    }
}

// What the engine's target is made of: virtual routers, interfaces, addresses, other routers.

import VRRPConfiguration
import VRRPWire

/// The index of lan0; lan1 is the next.
let lan: Int32 = 7

let names = ["lan0", "lan1", "lan0", "other"]

/// Addresses that come and go: virtual ones, and those that we send from.
let texts = [
    "192.0.2.1/24", "192.0.2.3/24", "192.0.2.9/24", "fe80::3/64", "fe80::1/64",
    "2001:db8::1/64", "192.0.2.7/24", "198.51.100.1/24", "192.0.2.1/32",
]

/// By family: a neighbour with a lower address than ours, two with a higher one, ourselves.
let sources: [[IPAddress]] = [
    ["192.0.2.2", "192.0.2.4", "192.0.2.200", "192.0.2.3"].compactMap { IPAddress($0) },
    ["fe80::2", "fe80::4", "fe80::ffff", "fe80::3"].compactMap { IPAddress($0) },
]

let routers: [VirtualRouterConfiguration] = [
    router("lan", 51, ["192.0.2.1/24"]),
    router("old", 52, version: .v2, ["192.0.2.7/24"]),
    router("six", 51, ["fe80::1/64", "2001:db8::1/64"]),
    router("own", 53, priority: .owner, ["192.0.2.9/24"]),
    router("fast", 54, ["192.0.2.20/24", "192.0.2.21/24"], interval: .milliseconds(10)),
    router(
        "slow", 55, priority: Priority(254), ["192.0.2.30/24"], peers: ["192.0.2.2", "192.0.2.4"],
        interval: .milliseconds(40_950)),
    router("far", 51, on: "lan1", alsoVersion2: true, ["198.51.100.1/24"]),
    router("both", 56, alsoVersion2: true, ["192.0.2.40/24"], interval: .milliseconds(100)),
].compactMap { $0 }

private func router(
    _ name: String, _ vrid: UInt8, on interface: String = "lan0", version: VRRPVersion = .v3,
    alsoVersion2: Bool = false, priority: Priority = .standard, _ texts: [String],
    peers: [String] = [], interval: Duration = .seconds(1)
) -> VirtualRouterConfiguration? {
    let addresses = texts.compactMap { InterfaceAddress($0) }.map { VirtualAddress(address: $0) }
    guard let vrid = VirtualRouterID(vrid), let first = addresses.first else { return nil }
    let advertisement = RouterAdvertisementSettings(maximumInterval: .seconds(4))
    return VirtualRouterConfiguration(
        name: name, family: first.address.address.family, interface: interface, vrid: vrid,
        version: version, alsoVersion2: alsoVersion2, priority: priority, addresses: addresses,
        peers: peers.compactMap { IPAddress($0) }, hops: peers.isEmpty ? 0 : 1,
        advertisementInterval: interval,
        routerAdvertisement: first.address.address.family == .ipv6 ? advertisement : nil)
}

/// The same virtual router, told something else.
func changed(_ router: VirtualRouterConfiguration, fast: Bool) -> VirtualRouterConfiguration {
    guard fast else { return router }
    var changed = router
    changed.preemptMode = false
    changed.preemptDelay = .seconds(3)
    changed.startDelay = .milliseconds(1500)
    changed.announce.refresh = .seconds(60)
    if changed.priority != .owner { changed.priority = Priority(200) }
    if changed.version == .v3, changed.family == .ipv4 { changed.alsoVersion2.toggle() }
    return changed
}

// One reply of `show`, with the numbers of the documentation.

import VRRPControl

func sampleRouter() -> RouterStatus {
    var router = RouterStatus(
        name: "lan", family: "ipv4", interface: "eth1", vrid: 51, version: 3, state: "backup",
        since: "2026-11-23T02:04:11.207Z", sinceMs: 492_211,
        reason: ReasonStatus(
            code: "higher-priority",
            text: "advertisement from 192.0.2.3 with priority 200, own 100"),
        isOwner: false, preempt: true, accept: true,
        priority: PriorityStatus(
            base: 100, effective: 100, fault: false, parts: [.init(kind: "base", value: 100)]),
        timers: TimerStatus(
            advertiseMs: 1000, skewUs: 609_375, activeDownMs: 3609.375, remainingMs: 3572.1))
    router.mac = "00:00:5e:00:01:33"
    router.device = "vrrp4-51"
    router.source = "192.0.2.2"
    router.checksum = "rfc9568"
    router.activeRouter = ActiveRouterStatus(
        isSelf: false, address: "192.0.2.3", version: 3, priority: 200, advertiseMs: 1000,
        lastHeardMs: 37,
        checksum: "rfc9568")
    router.addresses = [
        AddressStatus(
            address: "192.0.2.1/24", device: "vrrp4-51", wanted: false, installed: false,
            foreign: false)
    ]
    router.statistics.advertisementsReceived = 812
    router.statistics.priorityZeroReceived = 1
    return router
}

func sampleReply() -> ShowReply {
    ShowReply(
        node: "gw1", pid: 812, version: "0.1.0", time: "2026-11-23T02:12:23.418Z",
        routers: [sampleRouter()])
}

// What people read, whole.

import Testing
import VRRPControl

@Suite("Text for people")
struct TextTests {
    static let plain = TextStyle(usesColor: false)
    static let coloured = TextStyle(usesColor: true)

    @Test("the table is aligned and coloured only on request")
    func table() {
        var reply = sampleReply()
        var other = sampleRouter()
        other.name = "uplink/ipv6"
        other.family = "ipv6"
        other.state = "active"
        other.sinceMs = 90_061_000
        other.reason = ReasonStatus(
            code: "no-advertisement", text: "no advertisement for 3.609 s")
        other.activeRouter?.isSelf = true
        reply.routers.append(other)
        #expect(
            reply.table(Self.plain) == """
                NAME         FAMILY  INTERFACE  VRID  STATE   PRIO  SINCE   ACTIVE-ROUTER    WHY
                lan          ipv4    eth1       51    backup  100   8m 12s  192.0.2.3 (200)  \
                advertisement from 192.0.2.3 with priority 200, own 100
                uplink/ipv6  ipv6    eth1       51    active  100   1d 1h   this router      \
                no advertisement for 3.609 s

                """)
        #expect(reply.table(Self.coloured).contains("\u{1b}[32mactive  \u{1b}[0m"))
    }

    @Test("everything about one virtual router")
    func details() {
        #expect(
            sampleRouter().details(Self.plain) == """
                lan: VRID 51 on eth1, ipv4, VRRP version 3
                  state            backup since 2026-11-23T02:04:11.207Z (8m 12s)
                  why              advertisement from 192.0.2.3 with priority 200, own 100 \
                [higher-priority]
                  Active Router    192.0.2.3, priority 200, every 1000 ms, heard 37 ms ago
                  priority         100
                                   base: 100
                  preempt, accept  yes, yes
                  timers           Advertisement_Interval 1000 ms, Skew_Time 609.375 ms
                                   Active_Down_Interval 3609.375 ms, 3572.1 ms left
                  interface        eth1, MAC 00:00:5e:00:01:33, source 192.0.2.2
                  checksum         rfc9568
                  addresses        192.0.2.1/24 on vrrp4-51: not here, as it should be
                  counters         advertisements_received 812
                                   priority_zero_received 1

                """)
    }

    @Test("an address that is not as it should be stands out")
    func addresses() {
        var router = sampleRouter()
        router.addresses[0].wanted = true
        #expect(router.details(Self.plain).contains("MISSING: wanted here and not installed"))
        router.addresses[0].installed = true
        router.addresses[0].foreign = true
        #expect(router.details(Self.plain).contains("installed (not put there by vrrpd"))
    }

    @Test("numbers from a mad daemon do not trap")
    func absurd() {
        var router = sampleRouter()
        router.timers.activeDownMs = 1e300
        router.timers.skewUs = -1e300
        router.timers.advertiseMs = .max
        router.sinceMs = .min
        #expect(router.details(Self.plain).contains("Active_Down_Interval"))
    }

    @Test("a reload tells what it did")
    func reload() {
        var reply = ReloadReply(
            added: ["dmz"], changed: [.init(name: "lan", disturbance: "timers-only")],
            removed: [], disturbance: "timers-only", needsRestart: [])
        #expect(
            reply.text == "added: dmz\nchanged: lan (disturbed: timers-only)\n")
        reply.added = []
        reply.changed = []
        #expect(reply.text == "nothing changed\n")
    }

    @Test("statistics in blocks")
    func statistics() {
        let reply = StatisticsReply(
            node: "gw1", routers: [.init(name: "lan", statistics: sampleRouter().statistics)],
            global: GlobalStatistics())
        let text = reply.text(Self.plain)
        #expect(text.hasPrefix("lan\n  advertisements_sent        0\n"))
        #expect(text.contains("  priority_zero_received     1\n"))
        #expect(
            text.contains(
                "\nall packets and timers of this vrrpd\n  checksum_errors            0\n"))
    }
}

// What people read, whole.

import Testing
import VRRPControl

@Suite("Text for people")
struct TextTests {
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
            reply.table(colour: false) == """
                NAME         FAMILY  INTERFACE  VRID  STATE   PRIO  SINCE   ACTIVE-ROUTER  WHY
                lan          ipv4    eth1       51    Backup  100   8m 12s  192.0.2.3      \
                advertisement from 192.0.2.3 with priority 200, own 100
                uplink/ipv6  ipv6    eth1       51    Active  100   1d 1h   this router    \
                no advertisement for 3.609 s

                """)
        #expect(reply.table(colour: true).contains("\u{1b}[32mActive\u{1b}[0m"))
    }

    @Test("everything about one virtual router")
    func details() {
        let text = sampleReply().details(colour: false)
        let expected = """
            lan: ipv4, VRID 51 on eth1, version 3
              state           Backup for 8m 12s, since 2026-11-23T02:04:11.207Z
              why             advertisement from 192.0.2.3 with priority 200, own 100 \
            (higher-priority)
              active router   192.0.2.3, priority 200, every 1 s, heard 37 ms ago, checksum rfc9568
              priority        100
                              100 base
              advertises      every 1 s from 192.0.2.2, checksum rfc9568
              timers          Skew_Time 609.375 ms, Active_Down_Interval 3.609 s, 3.572 s left
              preempt         yes
              accept          yes
              mac             00:00:5e:00:01:33 on vrrp4-51
              addresses       192.0.2.1/24 on vrrp4-51: not installed, as wanted
              counters        advertisements_sent 0
                              advertisements_received 812

            """
        #expect(text.hasPrefix(expected))
    }

    @Test("an address that is not as it should be stands out")
    func addresses() {
        var reply = sampleReply()
        reply.routers[0].addresses[0].wanted = true
        #expect(reply.details(colour: true).contains("\u{1b}[31mwanted, but not installed\u{1b}"))
        reply.routers[0].addresses[0].foreign = true
        #expect(reply.details(colour: false).contains("there before vrrpd, left alone"))
    }

    @Test("numbers from a mad daemon do not trap")
    func absurd() {
        var reply = sampleReply()
        reply.routers[0].timers.activeDownMs = 1e300
        reply.routers[0].timers.skewUs = -1e300
        reply.routers[0].timers.advertiseMs = .max
        reply.routers[0].sinceMs = .min
        #expect(reply.details(colour: false).contains("Active_Down_Interval"))
    }

    @Test("a reload tells what it did")
    func reload() {
        var reply = ReloadReply(
            added: ["dmz"], changed: [.init(name: "lan", disturbance: "timers-only")],
            removed: [], disturbance: "timers-only", needsRestart: [])
        #expect(
            reply.rendered() == "added dmz\nchanged lan: running timers are computed anew\n")
        reply.added = []
        reply.changed = []
        #expect(reply.rendered() == "no virtual router changed\n")
    }

    @Test("statistics in blocks")
    func statistics() {
        let reply = StatisticsReply(
            node: "gw1", routers: [.init(name: "lan", statistics: sampleRouter().statistics)],
            global: GlobalStatistics())
        let text = reply.rendered(colour: false)
        #expect(text.hasPrefix("lan\n  advertisements_sent      0\n"))
        #expect(text.contains("  priority_zero_received   1\n"))
        #expect(text.contains("\nall of gw1\n  checksum_errors    0\n"))
    }
}

// The exact JSON of the replies, and the texts of times.

import Testing
import VRRPControl

@Suite("JSON of the control socket")
struct JSONTests {
    static let sample =
        #"{"node":"gw1","pid":812,"routers":[{"accept":true,"active_router":{"address":"192.0.2.3","#
        + #""advertise_ms":1000,"checksum":"rfc9568","last_heard_ms":37,"priority":200,"#
        + #""self":false,"version":3},"addresses":[{"address":"192.0.2.1/24","device":"vrrp4-51","#
        + #""foreign":false,"installed":false,"kind":"advertised","wanted":false}],"#
        + #""also_version2":false,"authentication":null,"authentication_key":null,"#
        + #""authentication_mode":null,"checksum":"rfc9568","#
        + #""device":"vrrp4-51","family":"ipv4","group":null,"hops":0,"interface":"eth1","#
        + #""is_owner":false,"mac":"00:00:5e:00:01:33","name":"lan","network_namespace":null,"preempt":true,"#
        + #""priority":{"base":100,"effective":100,"fault":false,"#
        + #""parts":[{"kind":"base","value":100}]},"reason":{"code":"higher-priority","#
        + #""text":"advertisement from 192.0.2.3 with priority 200, own 100"},"routes":[],"#
        + #""since":"2026-11-23T02:04:11.207Z","since_ms":492211,"source":"192.0.2.2","#
        + #""state":"backup","statistics":{"address_errors":0,"address_list_errors":0,"#
        + #""addresses_restored":0,"advertisements_received":812,"advertisements_sent":0,"#
        + #""announcements_sent":0,"authentication_errors":0,"became_active":0,"#
        + #""checksum_errors":0,"interval_errors":0,"length_errors":0,"macvlan_errors":0,"#
        + #""macvlans_restored":0,"other_checksum_form":0,"#
        + #""other_discards":0,"owner_conflicts":0,"priority_zero_received":1,"#
        + #""priority_zero_sent":0,"router_advertisements_sent":0,"transmit_errors":0,"ttl_errors":0,"type_errors":0,"#
        + #""version2_ignored":0,"version_errors":0,"vrid_errors":0},"timers":{"active_down_ms":3609.375,"#
        + #""advertise_ms":1000,"remaining_ms":3572.1,"skew_us":609375},"trackers":[],"#
        + #""unicast_peers":[],"version":3,"vrid":51}],"schema":"vrrpd/show/1","time":"2026-11-23T02:12:23.418Z","#
        + #""version":"0.1.0"}"#

    @Test("show, whole")
    func show() throws {
        let bytes = try ControlJSON.encode(sampleReply())
        #expect(String(decoding: bytes, as: UTF8.self) == Self.sample)
        #expect(try ControlJSON.decode(ShowReply.self, from: bytes) == sampleReply())
    }

    @Test("what is unknown is null, and may be missing when read")
    func null() throws {
        var router = sampleRouter()
        router.activeRouter = nil
        router.timers.remainingMs = nil
        let text = String(decoding: try ControlJSON.encode(router), as: UTF8.self)
        #expect(text.contains(#""active_router":null"#))
        #expect(text.contains(#""remaining_ms":null"#))
        let timers = #"{"advertise_ms":10,"skew_us":78.125,"active_down_ms":30.078}"#
        let read = try ControlJSON.decode(TimerStatus.self, from: Array(timers.utf8))
        #expect(read.remainingMs == nil)
        #expect(read.skewUs == 78.125)
    }

    @Test("statistics have RFC 8347's names and the daemon's")
    func statistics() throws {
        var reply = StatisticsReply(
            node: "gw1", routers: [.init(name: "lan", statistics: RouterStatistics())],
            global: GlobalStatistics())
        reply.global.worstLatenessUs = 12
        let bytes = try ControlJSON.encode(reply)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""schema":"vrrpd/statistics/1""#))
        #expect(text.contains(#""late_wake_ups":0"#))
        #expect(text.contains(#""worst_lateness_us":12"#))
        #expect(try ControlJSON.decode(StatisticsReply.self, from: bytes) == reply)
    }

    @Test(
        "RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ])
    func time(milliseconds: Int, text: String) {
        #expect(rfc3339(sinceEpoch: .milliseconds(milliseconds)) == text)
    }

    @Test(
        "durations",
        arguments: [
            (3_609_375, "3.609 s"), (1_000_000, "1 s"), (200_000, "200 ms"),
            (609_375, "609.375 ms"),
            (78, "78 us"), (0, "0 s"), (-1_500_000, "-1.5 s"), (40_950_000, "40.95 s"),
        ])
    func duration(microseconds: Int, expected: String) {
        #expect(text(of: .microseconds(microseconds)) == expected)
    }

    @Test("a name selects itself and its families")
    func selection() {
        #expect(selects(nil, "lan"))
        #expect(selects("lan", "lan"))
        #expect(selects("lan", "lan/ipv6"))
        #expect(selects("lan/ipv4", "lan/ipv4"))
        #expect(!selects("lan/ipv4", "lan/ipv6"))
        #expect(!selects("la", "lan"))
        #expect(!selects("lan", "lan2"))
    }
}

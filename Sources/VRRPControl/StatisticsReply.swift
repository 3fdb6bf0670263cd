// What `vrrpctl stats --json` prints and `io.vrrpd.Statistics` answers: schema vrrpd/statistics/1.

package struct StatisticsReply: Codable, Equatable, Sendable {
    package var schema = "vrrpd/statistics/1"
    package var node: String
    package var routers: [Entry]
    package var global: GlobalStatistics

    package struct Entry: Codable, Equatable, Sendable {
        package var name: String
        package var statistics: RouterStatistics

        package init(name: String, statistics: RouterStatistics) {
            self.name = name
            self.statistics = statistics
        }
    }

    package init(node: String, routers: [Entry], global: GlobalStatistics) {
        self.node = node
        self.routers = routers
        self.global = global
    }
}

/// Counters of one virtual router. Up to `authenticationErrors` the names are those of RFC 8347.
package struct RouterStatistics: Codable, Equatable, Sendable {
    package var advertisementsSent: UInt64 = 0
    package var advertisementsReceived: UInt64 = 0
    package var becameActive: UInt64 = 0
    package var checksumErrors: UInt64 = 0
    package var ttlErrors: UInt64 = 0
    package var versionErrors: UInt64 = 0
    package var vridErrors: UInt64 = 0
    package var lengthErrors: UInt64 = 0
    package var typeErrors: UInt64 = 0
    package var intervalErrors: UInt64 = 0
    package var addressListErrors: UInt64 = 0
    package var priorityZeroSent: UInt64 = 0
    package var priorityZeroReceived: UInt64 = 0
    package var authenticationErrors: UInt64 = 0
    package var ownerConflicts: UInt64 = 0
    package var otherChecksumForm: UInt64 = 0
    /// `version: both`: advertisements of version 2 from routers that also send version 3.
    package var version2Ignored: UInt64 = 0
    package var otherDiscards: UInt64 = 0
    package var transmitErrors: UInt64 = 0
    package var announcementsSent: UInt64 = 0
    package var addressesRestored: UInt64 = 0
    package var addressErrors: UInt64 = 0
    /// Macvlans that somebody else removed or set down and that were put right.
    package var macvlansRestored: UInt64 = 0
    package var macvlanErrors: UInt64 = 0
    /// To hosts, unasked and as answers.
    package var routerAdvertisementsSent: UInt64 = 0

    package init() {}

    /// Every counter under its name in JSON, in the order in which people read them.
    var named: [(name: String, value: UInt64)] {
        [
            ("advertisements_sent", advertisementsSent),
            ("advertisements_received", advertisementsReceived),
            ("became_active", becameActive),
            ("priority_zero_sent", priorityZeroSent),
            ("priority_zero_received", priorityZeroReceived),
            ("announcements_sent", announcementsSent),
            ("checksum_errors", checksumErrors),
            ("ttl_errors", ttlErrors),
            ("version_errors", versionErrors),
            ("vrid_errors", vridErrors),
            ("length_errors", lengthErrors),
            ("type_errors", typeErrors),
            ("interval_errors", intervalErrors),
            ("address_list_errors", addressListErrors),
            ("authentication_errors", authenticationErrors),
            ("owner_conflicts", ownerConflicts),
            ("other_checksum_form", otherChecksumForm),
            ("version2_ignored", version2Ignored),
            ("other_discards", otherDiscards),
            ("transmit_errors", transmitErrors),
            ("addresses_restored", addressesRestored),
            ("address_errors", addressErrors),
            ("macvlans_restored", macvlansRestored),
            ("macvlan_errors", macvlanErrors),
            ("router_advertisements_sent", routerAdvertisementsSent),
        ]
    }
}

/// Counters of the whole daemon: packets discarded whether or not a virtual router was known.
package struct GlobalStatistics: Codable, Equatable, Sendable {
    package var checksumErrors: UInt64 = 0
    package var ttlErrors: UInt64 = 0
    package var versionErrors: UInt64 = 0
    package var vridErrors: UInt64 = 0
    package var lengthErrors: UInt64 = 0
    package var typeErrors: UInt64 = 0
    package var otherDiscards: UInt64 = 0
    /// Router Solicitations that were discarded.
    package var solicitationErrors: UInt64 = 0
    package var lateWakeUps: UInt64 = 0
    package var worstLatenessUs: UInt64 = 0

    package init() {}

    var named: [(name: String, value: UInt64)] {
        [
            ("checksum_errors", checksumErrors),
            ("ttl_errors", ttlErrors),
            ("version_errors", versionErrors),
            ("vrid_errors", vridErrors),
            ("length_errors", lengthErrors),
            ("type_errors", typeErrors),
            ("other_discards", otherDiscards),
            ("solicitation_errors", solicitationErrors),
            ("late_wake_ups", lateWakeUps),
            ("worst_lateness_us", worstLatenessUs),
        ]
    }
}

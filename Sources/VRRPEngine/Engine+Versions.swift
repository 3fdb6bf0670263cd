// `version: both`: who sends version 3, and whose version 2 therefore says nothing new. RFC 9568
// §8.4.2.

import VRRPConfiguration
import VRRPCore
import VRRPWire

/// The routers that were heard in version 3, for one virtual router that hears both versions.
struct VersionBook: Codable {
    struct Speaker: Codable {
        var source: IPAddress
        /// Version 3 is expected of it until then.
        var deadline: Instant
        /// How many of version 3 came since the last of version 2.
        var versionThreeInRow = 0
        var isTold = false
    }

    private(set) var speakers: [Speaker] = []

    /// More than this many routers of one virtual router do not speak at once.
    private static let limit = 8
    /// An advertisement of version 2 may be lost; that many are not.
    private static let patience = 4

    /// An advertisement of version 3; true when it is time to tell that version 2 is missing.
    mutating func noteVersion3(
        from source: IPAddress, every interval: Duration, at now: Instant
    ) -> Bool {
        // As long as the shortest Active_Down_Interval of anybody would be, and one more.
        let deadline = now + interval * 4
        guard let place = speakers.firstIndex(where: { $0.source == source }) else {
            speakers.removeAll { $0.deadline < now }
            if speakers.count == Self.limit { speakers.removeFirst() }
            speakers.append(Speaker(source: source, deadline: deadline, versionThreeInRow: 1))
            return false
        }
        speakers[place].deadline = deadline
        speakers[place].versionThreeInRow = min(
            speakers[place].versionThreeInRow + 1, Self.patience)
        guard speakers[place].versionThreeInRow == Self.patience, !speakers[place].isTold else {
            return false
        }
        speakers[place].isTold = true
        return true
    }

    /// An advertisement of version 2; true when its sender is heard in version 3, too.
    mutating func noteVersion2(from source: IPAddress, at now: Instant) -> Bool {
        guard let place = speakers.firstIndex(where: { $0.source == source }) else { return false }
        speakers[place].versionThreeInRow = 0
        speakers[place].isTold = false
        return speakers[place].deadline >= now
    }
}

extension Engine {
    /// Whether a valid advertisement is to be obeyed: version 2 is not from who sends version 3,
    /// which says the same with the exact interval.
    mutating func countsBesideVersion3(
        _ advertisement: AdvertisementHeader, from source: IPAddress, for index: Int,
        at now: Instant
    ) -> Bool {
        guard routers[index].configuration.alsoVersion2 else { return true }
        switch advertisement.version {
        case .v2:
            return !routers[index].versions.noteVersion2(from: source, at: now)
        case .v3:
            let isMissing = routers[index].versions.noteVersion3(
                from: source, every: advertisement.maxAdvertiseInterval, at: now)
            if isMissing {
                tell(
                    .noVersion2(router: routers[index].configuration.name, source: source),
                    at: now)
            }
            return true
        }
    }
}

// Which discarded packets are told: the first of a kind at once, then one in ten seconds with the
// number of those that were not told. A flood must not become a flood of log lines.

import VRRPCore
import VRRPWire

struct DiscardLog: Codable {
    private struct Key: Codable, Comparable, Hashable {
        var interface: Int32
        var kind: UInt8

        static func < (left: Key, right: Key) -> Bool {
            (left.interface, left.kind) < (right.interface, right.kind)
        }
    }

    private struct Entry: Codable {
        var nextTelling: Instant
        var suppressed: UInt64 = 0
    }

    private var entries: [Key: Entry] = [:]

    static let spacing = Duration.seconds(10)

    /// The interface is gone; its number will not be used again.
    mutating func forget(_ interface: Int32) {
        entries = entries.filter { $0.key.interface != interface }
    }

    /// How many of this kind were not told since the last one that was; nil: do not tell this one.
    mutating func tell(
        _ reason: DiscardReason, on interface: Int32, at now: Instant
    ) -> UInt64? {
        let key = Key(interface: interface, kind: Self.kind(of: reason))
        if let entry = entries[key], now < entry.nextTelling {
            entries[key]?.suppressed &+= 1
            return nil
        }
        let suppressed = entries[key]?.suppressed ?? 0
        entries[key] = Entry(nextTelling: now + Self.spacing)
        return suppressed
    }

    /// Kinds, not details: the number of entries is bounded whatever a sender writes.
    private static func kind(of reason: DiscardReason) -> UInt8 {
        switch reason {
        case .hopLimit: 0
        case .truncated: 1
        case .version: 2
        case .type: 3
        case .length: 4
        case .checksum: 5
        case .unknownVRID: 6
        case .wrongDestination: 7
        case .ownAddress: 8
        case .addressCountZero: 9
        case .intervalZero: 10
        case .authenticationType: 11
        case .authenticationTypeMismatch: 12
        case .authenticationFailure: 13
        case .intervalMismatch: 14
        case .firstAddressNotLinkLocal: 15
        case .addressListMismatch: 16
        case .owner: 17
        case .notRunning: 18
        case .malformedIPHeader: 19
        case .notPeer: 20
        case .trailerMissing: 21
        case .trailerMalformed: 22
        case .trailerKey: 23
        case .trailerTag: 24
        case .trailerReplayed: 25
        }
    }
}

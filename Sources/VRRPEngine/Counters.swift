// What is counted: one set that serves RFC 8347, RFC 6527 and RFC 2787, and what operators miss.

import VRRPWire

/// Counters of one virtual router since it was configured. Names follow RFC 8347.
package struct RouterCounters: Codable, Equatable, Sendable, BitwiseCopyable {
    /// Valid advertisements, those of priority 0 included.
    package var advertisementsReceived: UInt64 = 0
    /// All that were handed to the kernel, assertions and priority 0 included.
    package var advertisementsSent: UInt64 = 0
    package var becameActive: UInt64 = 0
    package var priorityZeroReceived: UInt64 = 0
    package var priorityZeroSent: UInt64 = 0
    package var checksumErrors: UInt64 = 0
    package var ttlErrors: UInt64 = 0
    package var versionErrors: UInt64 = 0
    /// Always 0 for a router of ours: an unknown VRID belongs to none; see `GlobalCounters`.
    package var vridErrors: UInt64 = 0
    package var lengthErrors: UInt64 = 0
    package var typeErrors: UInt64 = 0
    /// Version 3: counted and processed. Version 2: discarded.
    package var intervalErrors: UInt64 = 0
    /// Version 3: counted and processed. Version 2: discarded unless the sender is the owner.
    package var addressListErrors: UInt64 = 0
    package var authenticationErrors: UInt64 = 0
    /// Valid advertisements with priority 255 while this router is the owner, too.
    package var ownerConflicts: UInt64 = 0
    /// Version 3 over IPv4 whose checksum was of the form that this router does not send.
    package var otherChecksumForm: UInt64 = 0
    /// Valid advertisements of version 2 from a router that also sends version 3 (RFC 9568 §8.4.2).
    @LaterCounter package var version2Ignored: UInt64 = 0
    /// Discarded for any other reason (count 0, interval 0, destination, own address, Initialize).
    package var otherDiscards: UInt64 = 0
    package var transmitErrors: UInt64 = 0
    /// Gratuitous ARP and unsolicited neighbour advertisements.
    package var announcementsSent: UInt64 = 0
    /// Virtual addresses that somebody else removed and that were put back.
    package var addressesRestored: UInt64 = 0
    /// Changes of addresses that the kernel refused.
    package var addressErrors: UInt64 = 0
    /// Macvlans that somebody else removed or set down and that were put right.
    package var devicesRestored: UInt64 = 0
    /// Changes of macvlans that the kernel refused.
    package var deviceErrors: UInt64 = 0
    /// To hosts, unasked and as answers.
    @LaterCounter package var routerAdvertisementsSent: UInt64 = 0

    package init() {}
}

/// Counters of the whole daemon: packets discarded, whether or not a virtual router was known.
package struct GlobalCounters: Codable, Equatable, Sendable, BitwiseCopyable {
    package var checksumErrors: UInt64 = 0
    package var ttlErrors: UInt64 = 0
    package var versionErrors: UInt64 = 0
    package var vridErrors: UInt64 = 0
    package var lengthErrors: UInt64 = 0
    package var typeErrors: UInt64 = 0
    package var otherDiscards: UInt64 = 0
    /// Times the loop woke later than a deadline by more than 10 ms.
    package var lateWakeUps: UInt64 = 0
    /// The worst such delay, in microseconds.
    package var worstLatenessMicroseconds: UInt64 = 0
    /// Router Solicitations that RFC 4861 §6.1.1 has discarded.
    @LaterCounter package var solicitationErrors: UInt64 = 0

    package init() {}
}

extension RouterCounters {
    mutating func count(_ reason: DiscardReason) {
        switch reason {
        case .hopLimit: ttlErrors &+= 1
        case .version: versionErrors &+= 1
        case .type: typeErrors &+= 1
        case .truncated, .length, .malformedIPHeader: lengthErrors &+= 1
        case .checksum: checksumErrors &+= 1
        case .unknownVRID: break  // Nobody's.
        case .authenticationType, .authenticationTypeMismatch, .authenticationFailure,
            .trailerMissing, .trailerMalformed, .trailerKey, .trailerTag, .trailerReplayed:
            authenticationErrors &+= 1
        case .intervalMismatch: intervalErrors &+= 1
        case .firstAddressNotLinkLocal, .addressListMismatch: addressListErrors &+= 1
        case .wrongDestination, .notPeer, .ownAddress, .addressCountZero, .intervalZero, .owner,
            .notRunning:
            otherDiscards &+= 1
        }
    }
}

extension GlobalCounters {
    mutating func count(_ reason: DiscardReason) {
        switch reason {
        case .hopLimit: ttlErrors &+= 1
        case .version: versionErrors &+= 1
        case .type: typeErrors &+= 1
        case .truncated, .length, .malformedIPHeader: lengthErrors &+= 1
        case .checksum: checksumErrors &+= 1
        case .unknownVRID: vridErrors &+= 1
        case .authenticationType, .authenticationTypeMismatch, .authenticationFailure,
            .trailerMissing, .trailerMalformed, .trailerKey, .trailerTag, .trailerReplayed,
            .intervalMismatch, .firstAddressNotLinkLocal, .addressListMismatch, .wrongDestination,
            .notPeer, .ownAddress, .addressCountZero, .intervalZero, .owner, .notRunning:
            otherDiscards &+= 1
        }
    }
}

// When a virtual router advertises itself to hosts: RFC 4861 §6.2.4, §6.2.6, as a value.
// Pure: instants come in, the next one is state. Randomness is state, too, so that a replay repeats it.

import VRRPConfiguration
import VRRPCore
import VRRPWire

/// The timers of the Router Advertisements of one virtual router.
struct RouterAdvertising: Codable, Equatable {
    /// The MAC address that the prepared frame names.
    var hardwareAddress: MACAddress?
    /// When the last one went to all nodes, in whichever reign: between two there are 3 s.
    private(set) var sentAt: Instant?
    /// How many of the first ones, which come close together, are still to be sent.
    private(set) var initialLeft = RouterAdvertisementSettings.initialCount
    /// Nil while it does not advertise: not Active, or the kernel does not have the address yet.
    private(set) var nextDeadline: Instant?
    /// It advertises as soon as it can; the deadline only looks again.
    private(set) var isWaiting = true
    /// A solicitation moved the deadline: further ones change nothing until it was answered.
    private(set) var isAnswering = false
    private var pauses: PauseGenerator

    init(seed: UInt64) {
        pauses = PauseGenerator(seed: seed)
    }

    /// No longer Active, or other things are to be said: the next one will be a first one.
    mutating func rest() {
        nextDeadline = nil
        isWaiting = true
        isAnswering = false
        initialLeft = RouterAdvertisementSettings.initialCount
    }

    /// The kernel has the address: the first one is due at once.
    mutating func begin(at now: Instant) {
        guard isWaiting else { return }
        isWaiting = false
        nextDeadline = earliest(at: now)
    }

    /// It was due and could not be sent.
    mutating func wait(at now: Instant) {
        isWaiting = true
        isAnswering = false
        nextDeadline = now + RouterAdvertisementSettings.minimumSpacing
    }

    /// One went to all nodes; whether it was an answer or not, the next pause begins with it
    /// (RFC 4861 §6.2.6).
    mutating func noteSent(_ settings: RouterAdvertisementSettings, at now: Instant) {
        sentAt = now
        isAnswering = false
        initialLeft = initialLeft > 0 ? initialLeft - 1 : 0
        let pause = pauses.pause(from: settings.pauses)
        nextDeadline =
            now
            + (initialLeft > 0 ? min(pause, RouterAdvertisementSettings.initialInterval) : pause)
    }

    /// A host asked. The answer goes to all nodes, after a random pause and never within 3 s of the
    /// last one, so that a flood of questions makes no flood of answers.
    mutating func answer(at now: Instant) {
        guard !isWaiting, !isAnswering, let deadline = nextDeadline else { return }
        let delay = pauses.pause(from: .zero...RouterAdvertisementSettings.maximumAnswerDelay)
        let instant = earliest(at: now) + delay
        guard instant < deadline else { return }
        nextDeadline = instant
        isAnswering = true
    }

    private func earliest(at now: Instant) -> Instant {
        sentAt.map { max($0 + RouterAdvertisementSettings.minimumSpacing, now) } ?? now
    }
}

extension RouterAdvertisementSettings {
    /// Between two unsolicited ones. The loader holds the ranges already; a recording from a file
    /// must not bring an engine beyond them.
    fileprivate var pauses: ClosedRange<Duration> {
        let range = Self.maximumIntervalRange
        let longest = min(max(maximumInterval, range.lowerBound), range.upperBound)
        return min(max(minimumInterval, Self.minimumSpacing), longest)...longest
    }
}

/// SplitMix64: a full period of 2⁶⁴ from any seed, in three multiplications. Nobody's secret depends
/// on it: it keeps the routers of a LAN from falling into step (RFC 4861 §6.2.4).
struct PauseGenerator: Codable, Equatable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// Even over the range, in whole microseconds.
    mutating func pause(from range: ClosedRange<Duration>) -> Duration {
        let (seconds, attoseconds) = (range.upperBound - range.lowerBound).components
        let microseconds =
            UInt64(clamping: seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
        let chosen = next().multipliedFullWidth(by: microseconds + 1).high
        return range.lowerBound + .microseconds(Int64(chosen))
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

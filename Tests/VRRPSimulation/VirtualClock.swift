// A router's own clock: started at some other moment than the world's, and a little too fast or too
// slow. World time is whole nanoseconds since the run began.

import VRRPCore

/// World time and durations of the simulated world, in nanoseconds.
package typealias Nanoseconds = Int64

struct VirtualClock: Sendable {
    /// What it shows when the world begins.
    let offset: Nanoseconds
    /// Its error in millionths; below ±100,000.
    let drift: Int64

    func local(_ world: Nanoseconds) -> Instant {
        Instant(sinceOrigin: .nanoseconds(nanoseconds(at: world)))
    }

    /// The first moment of the world at which this clock shows `instant` or more.
    func world(_ instant: Instant) -> Nanoseconds {
        let wanted = instant.sinceOrigin.nanosecondsRoundedUp
        var world = (wanted - offset) * 1_000_000 / (1_000_000 + drift)
        while nanoseconds(at: world) < wanted { world += 1 }
        while nanoseconds(at: world - 1) >= wanted { world -= 1 }
        return world
    }

    private func nanoseconds(at world: Nanoseconds) -> Nanoseconds {
        offset + world + world * drift / 1_000_000
    }
}

extension Duration {
    package var nanosecondsRoundedUp: Nanoseconds {
        components.seconds * 1_000_000_000 + (components.attoseconds + 999_999_999) / 1_000_000_000
    }
}

extension Nanoseconds {
    package static let millisecond: Nanoseconds = 1_000_000
    package static let second: Nanoseconds = 1_000_000_000
}

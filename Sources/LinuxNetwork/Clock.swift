// The two clocks: the one that deadlines live on, and the one on the wall.

import Glibc

package enum Clock {
    /// CLOCK_BOOTTIME: never steps, and counts the time that the machine was suspended, in which
    /// the peers went on.
    package static func boot() -> Duration { read(CLOCK_BOOTTIME) }

    /// Since 1970. Steps; for people only.
    package static func wall() -> Duration { read(CLOCK_REALTIME) }

    /// CLOCK_MONOTONIC: what the service manager wants to be told.
    package static func monotonic() -> Duration { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        // Cannot fail: both clocks exist in every kernel that this runs on.
        _ = clock_gettime(clock, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}

// Skew_Time and Active_Down_Interval: RFC 9568 §6.1 and RFC 3768 §6.1.

package import VRRPWire

/// The intervals that follow from a priority and an advertisement interval.
package enum TimerArithmetic {
    /// Skew_Time: the higher the priority, the sooner this router takes over.
    ///
    /// Version 3 (RFC 9568 §6.1) takes a share of Active_Adver_Interval, version 2 (RFC 3768 §6.1)
    /// a share of one second, whatever the interval. Multiplies before it divides: at priority 254
    /// and 10 ms the result is 78.125 µs, which whole centiseconds would round to nothing, and all
    /// routers would take over at once.
    package static func skewTime(
        version: VRRPVersion, priority: Priority, activeAdverInterval: Duration
    ) -> Duration {
        let share = 256 - Int(priority.rawValue)
        return switch version {
        case .v2: Duration.seconds(1) * share / 256
        case .v3: activeAdverInterval * share / 256
        }
    }

    /// Active_Down_Interval: this long in silence, and the Active Router is taken for dead.
    package static func activeDownInterval(
        version: VRRPVersion, priority: Priority, activeAdverInterval: Duration
    ) -> Duration {
        activeAdverInterval * 3
            + skewTime(
                version: version, priority: priority, activeAdverInterval: activeAdverInterval)
    }

    /// At most one assertion (RFC 9568 §6.4.3, the advertisement that answers a lower priority) in
    /// this time: a tenth of the interval, and never below the shortest interval there is. Two
    /// routers that disagree on who wins would otherwise flood the LAN with answers to answers.
    package static func assertionSpacing(advertisementInterval: Duration) -> Duration {
        max(advertisementInterval / 10, .milliseconds(10))
    }
}

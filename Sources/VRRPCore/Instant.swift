// A moment on the clock of whoever drives the core. The core never asks what time it is.

import VRRPWire

/// A moment: a duration since an origin that only the driver knows (the daemon uses the kernel's
/// boot-time clock, the simulator its own).
package struct Instant: Hashable, Comparable, Sendable, BitwiseCopyable {
    package var sinceOrigin: Duration

    package init(sinceOrigin: Duration) {
        self.sinceOrigin = sinceOrigin
    }

    package static let origin = Instant(sinceOrigin: .zero)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.sinceOrigin < right.sinceOrigin
    }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceOrigin: instant.sinceOrigin + duration)
    }

    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceOrigin: instant.sinceOrigin - duration)
    }

    package static func - (later: Instant, earlier: Instant) -> Duration {
        later.sinceOrigin - earlier.sinceOrigin
    }

    package static func += (instant: inout Instant, duration: Duration) {
        instant = instant + duration
    }
}

/// Written as nanoseconds since the origin.
extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(sinceOrigin: try Nanoseconds(from: decoder).duration)
    }

    package func encode(to encoder: any Encoder) throws {
        try Nanoseconds(sinceOrigin).encode(to: encoder)
    }
}

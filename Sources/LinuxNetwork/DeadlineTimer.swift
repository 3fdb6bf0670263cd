// The one timer of a loop: a timerfd on CLOCK_BOOTTIME, armed at an absolute time.

import CSys

package struct DeadlineTimer: ~Copyable {
    private let descriptor: FileDescriptor
    /// What the kernel was told last.
    private var armedAt: Duration?

    package init() throws(SystemError) {
        descriptor = try FileDescriptor("timerfd_create") { csys_timer_create() }
        armedAt = nil
    }

    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// Arms the timer at a time of `Clock.boot()`; nil disarms it. A time in the past makes it
    /// ready at once. No system call when nothing changes.
    package mutating func arm(at deadline: Duration?) {
        guard deadline != armedAt else { return }
        armedAt = deadline
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        if let deadline {
            let parts = deadline.components
            // Zero would disarm. Round up: a timer that is early costs a second wake-up.
            seconds = max(parts.seconds, 0)
            nanoseconds = max((parts.attoseconds + 999_999_999) / 1_000_000_000, 0)
            if nanoseconds == 1_000_000_000 { (seconds, nanoseconds) = (seconds + 1, 0) }
            if seconds == 0, nanoseconds == 0 { nanoseconds = 1 }
        }
        // Cannot fail: the descriptor is a timer and the time is valid.
        _ = csys_timer_arm(descriptor.rawValue, seconds, nanoseconds)
    }

    /// Takes the expiry, so that the descriptor is not ready any more.
    package mutating func acknowledge() {
        // A timer that has fired is disarmed. Arming it again at the same past time must reach
        // the kernel.
        if csys_counter_read(descriptor.rawValue) >= 0 { armedAt = nil }
    }
}

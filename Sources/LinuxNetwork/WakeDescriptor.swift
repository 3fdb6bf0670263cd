// An eventfd: one thread wakes another.

import CSys

package final class WakeDescriptor: Sendable {
    private let descriptor: FileDescriptor

    package init() throws(SystemError) {
        descriptor = try FileDescriptor("eventfd") { csys_eventfd_create() }
    }

    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// Makes the descriptor readable; from any thread, any number of times.
    package func signal() {
        _ = csys_counter_write(descriptor.rawValue)
    }

    /// Makes it unreadable until the next signal.
    package func acknowledge() {
        _ = csys_counter_read(descriptor.rawValue)
    }
}

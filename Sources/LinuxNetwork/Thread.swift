// Threads: few, named, joined.

import CSys
import Glibc

/// A running thread. Joined once, by `join`; else it goes on by itself.
package struct JoinableThread: ~Copyable, @unchecked Sendable {
    private let handle: pthread_t

    fileprivate init(handle: pthread_t) {
        self.handle = handle
    }

    /// Waits until the thread has ended.
    package consuming func join() {
        pthread_join(handle, nil)
        discard self
    }

    deinit {
        pthread_detach(handle)
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// Not a closure: one written in an actor's code would inherit its isolation and trap here.
private func threadEntry(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let body = Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
    _ = csys_name_thread(body.name)
    body.run()
    return nil
}

/// Starts a thread. The kernel shows the first 15 bytes of the name.
package func startThread(
    name: String, _ body: @escaping @Sendable () -> Void
) throws(SystemError) -> JoinableThread {
    let context = Unmanaged.passRetained(ThreadBody(name: name, run: body))
    var handle = pthread_t()
    let code = pthread_create(&handle, nil, threadEntry, context.toOpaque())
    guard code == 0 else {
        context.release()
        throw SystemError(call: "pthread_create", code: code)
    }
    return JoinableThread(handle: handle)
}

/// Moves the calling thread, and the processes that it starts, into a new network namespace.
package func enterNewNetworkNamespace() throws(SystemError) {
    try systemCall("unshare") { csys_new_network_namespace() }
}

/// Lets the process have as many descriptors as it may: every network namespace takes ten.
package func raiseDescriptorLimit() {
    _ = csys_raise_descriptor_limit()
}

/// Lets the calling thread sleep; never the one that runs the protocol.
package func pause(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
}

/// Puts the calling thread before all ordinary ones (SCHED_RR, priority 1…99) and keeps memory from
/// being paged out, so that deadlines hold on a busy machine. Needs CAP_SYS_NICE and CAP_IPC_LOCK.
package func becomeRealTime(priority: Int32) throws(SystemError) {
    try systemCall("sched_setscheduler") { csys_become_real_time(priority) }
    try systemCall("mlockall") { csys_lock_memory() }
}

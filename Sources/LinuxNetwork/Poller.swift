// epoll, level-triggered: what was left unread is reported again.

import CSys
import Glibc

package struct Poller: ~Copyable {
    private let descriptor: FileDescriptor
    private let tokens: UnsafeMutablePointer<UInt64>
    private let events: UnsafeMutablePointer<UInt32>

    package static let readable: UInt32 = 0x001
    package static let writable: UInt32 = 0x004
    package static let error: UInt32 = 0x008
    package static let hangup: UInt32 = 0x010

    package init() throws(SystemError) {
        descriptor = try FileDescriptor("epoll_create1") { csys_epoll_create() }
        tokens = .allocate(capacity: Self.batch)
        events = .allocate(capacity: Self.batch)
        tokens.initialize(repeating: 0, count: Self.batch)
        events.initialize(repeating: 0, count: Self.batch)
    }

    deinit {
        tokens.deallocate()
        events.deallocate()
    }

    package func add(_ fd: Int32, token: UInt64) throws(SystemError) {
        try add(fd, events: Self.readable, token: token)
    }

    package func addWritable(_ fd: Int32, token: UInt64) throws(SystemError) {
        try add(fd, events: Self.writable, token: token)
    }

    private func add(_ fd: Int32, events: UInt32, token: UInt64) throws(SystemError) {
        try systemCall("epoll_ctl") { csys_epoll_add(descriptor.rawValue, fd, events, token) }
    }

    package func modify(
        _ fd: Int32, token: UInt64, readable: Bool, writable: Bool
    ) throws(SystemError) {
        let events = (readable ? Self.readable : 0) | (writable ? Self.writable : 0)
        try systemCall("epoll_ctl") { csys_epoll_modify(descriptor.rawValue, fd, events, token) }
    }

    /// Harmless when the descriptor is not here.
    package func remove(_ fd: Int32) {
        _ = csys_epoll_remove(descriptor.rawValue, fd)
    }

    /// Waits until something is ready or the time is over; −1 waits for ever. The body gets the
    /// token and the events. An interruption by a signal ends the wait early, without a call.
    package mutating func wait(
        milliseconds: Int32, _ body: (_ token: UInt64, _ events: UInt32) -> Void
    ) throws(SystemError) {
        let count = csys_epoll_wait(
            descriptor.rawValue, tokens, events, Int32(Self.batch), milliseconds)
        guard count >= 0 else {
            if count == -Int(EINTR) { return }
            throw SystemError(call: "epoll_wait", code: Int32(-count))
        }
        for index in 0..<count {
            body(tokens[index], events[index])
        }
    }

    private static let batch = 64
}

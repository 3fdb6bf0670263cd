// Polling, timers, signals, threads, mailboxes.

import Glibc
import LinuxNetwork
import Synchronization
import Testing

@Suite("Descriptors")
struct DescriptorTests {
    private func ready(
        _ poller: inout Poller, milliseconds: Int32 = 0
    ) throws -> [UInt64] {
        var tokens: [UInt64] = []
        try poller.wait(milliseconds: milliseconds) { token, _ in tokens.append(token) }
        return tokens
    }

    @Test("an error says which call and why")
    func errorText() {
        let error = SystemError(call: "bind", code: EADDRINUSE)
        #expect(error.description == "bind: Address already in use (EADDRINUSE)")
        #expect(SystemError(call: "x", code: 99_999).description == "x: error 99999")
    }

    @Test("a poller reports what is ready until it is taken")
    func poller() throws {
        var poller = try Poller()
        let wake = try WakeDescriptor()
        let token: UInt64 = 1 << 63 | 5
        try poller.add(wake.rawDescriptor, token: token)
        #expect(try ready(&poller) == [])
        wake.signal()
        wake.signal()
        #expect(try ready(&poller) == [token])
        #expect(try ready(&poller) == [token])
        wake.acknowledge()
        #expect(try ready(&poller) == [])
        try poller.modify(wake.rawDescriptor, token: 6, readable: true, writable: true)
        #expect(try ready(&poller) == [6])
        poller.remove(wake.rawDescriptor)
        poller.remove(wake.rawDescriptor)
        #expect(try ready(&poller) == [])
        #expect(throws: SystemError(call: "epoll_ctl", code: EBADF)) {
            try poller.add(-1, token: 0)
        }
    }

    @Test("a timer: the past fires at once, nil never, the same past time again after a fire")
    func timer() throws {
        var poller = try Poller()
        var timer = try DeadlineTimer()
        try poller.add(timer.rawDescriptor, token: 1)
        #expect(try ready(&poller) == [])
        timer.arm(at: .zero)
        #expect(try ready(&poller, milliseconds: 1000) == [1])
        timer.acknowledge()
        #expect(try ready(&poller) == [])
        timer.arm(at: .zero)
        #expect(try ready(&poller, milliseconds: 1000) == [1])
        timer.arm(at: Clock.boot() + .seconds(3600))
        #expect(try ready(&poller) == [], "armed anew, it has not fired")
        timer.arm(at: Clock.boot() + .milliseconds(2))
        #expect(try ready(&poller, milliseconds: 1000) == [1])
        timer.arm(at: .seconds(-5))
        #expect(try ready(&poller, milliseconds: 1000) == [1])
        timer.arm(at: nil)
        timer.acknowledge()
        #expect(try ready(&poller) == [])
    }

    @Test("signals are read in the thread that blocked them")
    func signals() throws {
        let seen = Mutex<[Int32?]>([])
        let thread = try startThread(name: "signals of a long name") {
            guard let signals = try? SignalDescriptor([SIGUSR1, SIGHUP]) else { return }
            seen.withLock { $0.append(signals.next()) }
            pthread_kill(pthread_self(), SIGUSR1)
            seen.withLock { $0.append(signals.next()) }
            seen.withLock { $0.append(signals.next()) }
        }
        thread.join()
        #expect(seen.withLock { $0 } == [nil, SIGUSR1, nil])
    }

    @Test("a mailbox refuses what does not fit, keeps the order and quiets its descriptor")
    func mailbox() throws {
        var poller = try Poller()
        let box = try Mailbox<Int>(capacity: 2)
        try poller.add(box.rawDescriptor, token: 1)
        #expect(box.take() == nil)
        #expect(box.post(1))
        #expect(box.post(2))
        #expect(!box.post(3))
        #expect(try ready(&poller) == [1])
        #expect(box.take() == 1)
        #expect(box.post(4))
        #expect(try ready(&poller) == [1], "not empty yet")
        #expect(box.take() == 2)
        #expect(box.take() == 4)
        #expect(box.take() == nil)
        #expect(try ready(&poller) == [])
    }

    @Test("a mailbox between two threads loses nothing and always wakes")
    func mailboxThreads() throws {
        let box = try Mailbox<Int>(capacity: 8)
        let total = 20_000
        let thread = try startThread(name: "poster") {
            for number in 0..<total {
                while !box.post(number) { sched_yield() }
            }
        }
        var poller = try Poller()
        try poller.add(box.rawDescriptor, token: 1)
        var next = 0
        while next < total {
            guard try ready(&poller, milliseconds: 5000) == [1] else { break }
            // Stops in the middle at times: what is left must wake again.
            for _ in 0..<5 {
                guard let number = box.take() else { break }
                #expect(number == next)
                next += 1
            }
        }
        thread.join()
        #expect(next == total)
    }
}

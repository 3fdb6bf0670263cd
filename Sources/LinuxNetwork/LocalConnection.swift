// One end of a local stream.

import CSys
import Glibc

package struct LocalConnection: ~Copyable {
    package enum ReadResult: Equatable, Sendable {
        /// This many were appended.
        case bytes(Int)
        case nothing
        /// The other end will not send any more.
        case ended
    }

    private let descriptor: FileDescriptor
    /// Whom the kernel saw connect, or listen.
    package let peerUserID: UInt32
    package let peerGroupID: UInt32
    package let peerProcessID: Int32

    init(_ descriptor: consuming FileDescriptor) throws(SystemError) {
        let rawValue = descriptor.rawValue
        var peer = csys_peer()
        try systemCall("SO_PEERCRED") { csys_local_peer(rawValue, &peer) }
        peerUserID = peer.user
        peerGroupID = peer.group
        peerProcessID = peer.process
        self.descriptor = descriptor
    }

    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// Connects; waits as long when the queue of the other end is full.
    package static func connect(
        path: String, timeout: Duration
    ) throws(SystemError) -> LocalConnection {
        let deadline = Clock.boot() + timeout
        let socket = try FileDescriptor.socket(SocketFamily.local, SocketType.stream, 0)
        while true {
            let connected = try systemCallUnlessEmpty("connect") {
                csys_local_connect(socket.rawValue, path)
            }
            if connected != nil { return try LocalConnection(socket) }
            guard Clock.boot() < deadline else {
                throw SystemError(call: "connect", code: ETIMEDOUT)
            }
            // There is no event for a queue that has room again.
            _ = try socket.pause(milliseconds: 5)
        }
    }

    /// Appends what has arrived, at most `limit` bytes.
    package func read(
        into bytes: inout [UInt8], limit: Int
    ) throws(SystemError) -> ReadResult {
        let size = min(limit, Self.largestRead)
        guard size > 0 else { return .nothing }
        var outcome = 0
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return }
            repeat {
                outcome = csys_receive_bytes(descriptor.rawValue, start, size)
            } while outcome == -Int(EINTR)
            if outcome > 0 { bytes.append(contentsOf: buffer[..<outcome]) }
        }
        if outcome > 0 { return .bytes(outcome) }
        if outcome == 0 || outcome == -Int(ECONNRESET) { return .ended }
        if outcome == -Int(EAGAIN) { return .nothing }
        throw SystemError(call: "recv", code: Int32(-outcome))
    }

    /// How many of the bytes were taken; 0 when the stream is full. Throws EPIPE when the other
    /// end is gone.
    package func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        try systemCallUnlessEmpty("send") {
            bytes.withUnsafeBytes { bytes in
                csys_send_bytes(descriptor.rawValue, bytes.baseAddress, bytes.count)
            }
        } ?? 0
    }

    /// Blocks until there is something to read, or the end. False when the time is over.
    package func waitUntilReadable(timeout: Duration) throws(SystemError) -> Bool {
        try descriptor.wait(milliseconds: milliseconds(timeout))
    }

    /// Writes everything, and waits for room. Throws ETIMEDOUT.
    package func writeAll(_ bytes: [UInt8], timeout: Duration) throws(SystemError) {
        let deadline = Clock.boot() + timeout
        var rest = bytes[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(try write(rest))
            if rest.isEmpty { return }
            let left = deadline - Clock.boot()
            guard left > .zero,
                try descriptor.wait(writable: true, milliseconds: milliseconds(left))
            else { throw SystemError(call: "send", code: ETIMEDOUT) }
        }
    }

    private static let largestRead = 1 << 16
}

/// Rounded up, within what poll takes.
private func milliseconds(_ duration: Duration) -> Int32 {
    let parts = duration.components
    guard parts.seconds < 1_000_000 else { return 1_000_000_000 }
    let value =
        parts.seconds * 1000 + (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(max(value, 0))
}

extension FileDescriptor {
    /// Sleeps.
    fileprivate func pause(milliseconds: Int32) throws(SystemError) -> Bool {
        // poll ignores a negative descriptor.
        try systemCall("poll") { csys_poll(-1, 0, milliseconds) } > 0
    }
}

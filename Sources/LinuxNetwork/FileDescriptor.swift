// A descriptor that closes itself.

import CSys

/// Owns a descriptor. Whoever makes one makes it close-on-exec and non-blocking.
package struct FileDescriptor: ~Copyable, Sendable {
    package let rawValue: Int32

    package init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        _ = csys_close(rawValue)
    }
}

extension FileDescriptor {
    /// The descriptor that a wrapper from `CSys` returns.
    init(_ call: String, _ body: () -> Int) throws(SystemError) {
        self.init(owning: Int32(try systemCall(call, body)))
    }

    static func socket(
        _ domain: Int32, _ type: Int32, _ number: Int32
    ) throws(SystemError) -> FileDescriptor {
        try FileDescriptor("socket") { csys_socket(domain, type, number) }
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
        try systemCall("setsockopt") { csys_set_option(rawValue, level, option, value) }
    }

    /// Beyond the limit of the system where we may, else as large as it allows.
    func setReceiveBuffer(bytes: Int32) throws(SystemError) {
        do {
            try set(SocketOption.socket, SocketOption.receiveBufferForce, bytes)
        } catch {
            try set(SocketOption.socket, SocketOption.receiveBuffer, bytes)
        }
    }

    /// The same for what was sent and has not left.
    func setSendBuffer(bytes: Int32) throws(SystemError) {
        do {
            try set(SocketOption.socket, SocketOption.sendBufferForce, bytes)
        } catch {
            try set(SocketOption.socket, SocketOption.sendBuffer, bytes)
        }
    }

    /// False when the time is over.
    func wait(writable: Bool = false, milliseconds: Int32) throws(SystemError) -> Bool {
        try systemCall("poll") { csys_poll(rawValue, writable ? 1 : 0, milliseconds) } > 0
    }
}

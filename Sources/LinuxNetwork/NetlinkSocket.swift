// A netlink socket with its receive buffer.

import CSys

struct NetlinkSocket: ~Copyable {
    private let descriptor: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    /// Our address: what answers us carries it.
    let port: UInt32
    private var lastSequence: UInt32 = 0

    /// `family` is one of netlink's own, routing if not told.
    init(
        family: Int32 = Netlink.route, groups: UInt32, receiveBufferBytes: Int32
    ) throws(SystemError) {
        let socket = try FileDescriptor.socket(SocketFamily.netlink, SocketType.raw, family)
        var port: UInt32 = 0
        try systemCall("bind") { csys_netlink_bind(socket.rawValue, groups, &port) }
        try socket.setReceiveBuffer(bytes: receiveBufferBytes)
        let level = SocketOption.netlink
        try socket.set(level, SocketOption.netlinkCappedAcknowledgement, 1)
        try socket.set(level, SocketOption.netlinkExtendedAcknowledgement, 1)
        descriptor = socket
        self.port = port
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    var rawDescriptor: Int32 { descriptor.rawValue }

    /// Raises what one request may weigh. Harmless when the system refuses.
    func setSendBuffer(bytes: Int32) {
        let rawValue = descriptor.rawValue
        let level = SocketOption.socket
        _ = csys_set_option(rawValue, level, SocketOption.sendBufferForce, bytes)
    }

    mutating func nextSequence() -> UInt32 {
        // Zero marks what nobody asked for.
        lastSequence = lastSequence == .max ? 1 : lastSequence + 1
        return lastSequence
    }

    func send(_ bytes: RawSpan) throws(SystemError) {
        try systemCall("netlink send") {
            bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return csys_netlink_send(descriptor.rawValue, start, bytes.count)
            }
        }
    }

    /// The next datagram, valid until the next call; nil when there is none.
    mutating func receive(
        isTruncated: inout Bool
    ) throws(SystemError) -> UnsafeRawBufferPointer? {
        guard let start = buffer.baseAddress else { return nil }
        var truncated: Int32 = 0
        let length = try systemCallUnlessEmpty("netlink receive") {
            csys_netlink_receive(descriptor.rawValue, start, buffer.count, &truncated)
        }
        isTruncated = truncated != 0
        return length.map { UnsafeRawBufferPointer(start: start, count: $0) }
    }

    /// False when the time is over.
    func wait(milliseconds: Int32) throws(SystemError) -> Bool {
        try descriptor.wait(milliseconds: milliseconds)
    }

    /// The kernel's datagrams have up to 32 KiB.
    private static let bufferBytes = 1 << 16
}

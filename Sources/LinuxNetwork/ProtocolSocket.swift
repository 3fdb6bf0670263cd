// The datagrams of one IP protocol, of one family, on all interfaces: one socket receives, another
// sends. Must not know what the datagrams say.

import CSys
import Glibc
package import VRRPWire

/// What the IP header of a received datagram said, and where it came in.
package struct ReceivedDatagram: Equatable, Sendable {
    package let interface: Int32
    package let source: IPAddress
    package let destination: IPAddress
    package let hopLimit: UInt8

    package init(
        interface: Int32, source: IPAddress, destination: IPAddress, hopLimit: UInt8
    ) {
        self.interface = interface
        self.source = source
        self.destination = destination
        self.hopLimit = hopLimit
    }
}

package struct ProtocolSocket: ~Copyable {
    private let family: AddressFamily
    private let receiving: FileDescriptor
    private let sending: FileDescriptor
    /// For hosts: what waits for one that does not answer fills the buffer of this one alone.
    private let sendingToHosts: FileDescriptor
    private let buffers: OpaquePointer
    private var memberships: MulticastMemberships

    /// A group of the same family; it is joined on no interface yet. With `icmpv6Type`, for ICMPv6
    /// only, messages of other types are not even copied for this socket.
    package init(
        family: AddressFamily, protocolNumber: UInt8, group: IPAddress, icmpv6Type: UInt8? = nil
    ) throws(SystemError) {
        guard group.family == family else {
            throw SystemError(call: "join group", code: EAFNOSUPPORT)
        }
        let number = Int32(protocolNumber)
        let receiving = try Self.receivingSocket(family, number)
        if let icmpv6Type {
            try systemCall("ICMP6_FILTER") {
                csys_pass_only_icmpv6(receiving.rawValue, icmpv6Type)
            }
        }
        let sending = try Self.sendingSocket(family, number)
        let sendingToHosts = try Self.sendingSocket(family, number)
        guard let buffers = csys_receiver_new(UInt32(Self.batch), Self.largestDatagram) else {
            throw SystemError(call: "malloc", code: ENOMEM)
        }
        self.family = family
        self.receiving = receiving
        self.sending = sending
        self.sendingToHosts = sendingToHosts
        self.buffers = buffers
        memberships = MulticastMemberships(group: group)
    }

    deinit {
        csys_receiver_free(buffers)
    }

    /// Readable when there are datagrams.
    package var rawDescriptor: Int32 { receiving.rawValue }

    package mutating func join(interface: Int32) throws(SystemError) {
        try memberships.join(interface: interface)
    }

    /// Idempotent, and necessary for an interface that was deleted too.
    package mutating func leave(interface: Int32) {
        memberships.leave(interface: interface)
    }

    /// Reads up to `limit` datagrams and returns how many there were. The body gets what lies
    /// behind the IP header. `onMalformed` gets the interface of a datagram that was cut off, or
    /// whose IP header makes no sense.
    package mutating func receive(
        limit: Int, onMalformed: (_ interface: Int32) -> Void = { _ in },
        _ body: (ReceivedDatagram, RawSpan) -> Void
    ) throws(SystemError) -> Int {
        var total = 0
        while total < limit {
            let wanted = min(limit - total, Self.batch)
            let count = try systemCallUnlessEmpty("recvmmsg") {
                csys_receiver_fill(buffers, receiving.rawValue, UInt32(wanted))
            }
            guard let count, count > 0 else { break }
            for index in 0..<count {
                deliver(UInt32(index), onMalformed, body)
            }
            total += count
            if count < wanted { break }
        }
        return total
    }

    private func deliver(
        _ index: UInt32, _ onMalformed: (Int32) -> Void, _ body: (ReceivedDatagram, RawSpan) -> Void
    ) {
        var datagram = csys_datagram()
        csys_receiver_get(buffers, index, &datagram)
        guard datagram.truncated == 0 else { return onMalformed(datagram.interface) }
        let buffer = UnsafeRawBufferPointer(start: datagram.bytes, count: datagram.length)
        let bytes = buffer.bytes
        switch family {
        case .ipv4:
            guard let header = IPv4Datagram(bytes) else { return onMalformed(datagram.interface) }
            let received = ReceivedDatagram(
                interface: datagram.interface, source: .v4(header.source),
                destination: .v4(header.destination), hopLimit: header.timeToLive)
            body(received, bytes.extracting(header.payload))
        case .ipv6:
            guard let hopLimit = UInt8(exactly: datagram.hop_limit) else {
                return onMalformed(datagram.interface)
            }
            let received = ReceivedDatagram(
                interface: datagram.interface, source: datagram.source.address,
                destination: datagram.destination.address, hopLimit: hopLimit)
            body(received, bytes)
        }
    }

    /// Sends a payload with a hop limit of 255. The source must be an address of ours; the
    /// unspecified one leaves the choice to the kernel.
    package func send(
        _ payload: RawSpan, interface: Int32, source: IPAddress, destination: IPAddress
    ) throws(SystemError) {
        try systemCall("sendmsg") {
            payload.withUnsafeBytes { bytes in
                csys_send(
                    destination.isMulticast ? sending.rawValue : sendingToHosts.rawValue,
                    bytes.baseAddress, bytes.count, interface,
                    csys_address(source), csys_address(destination))
            }
        }
    }

    private static let batch = 64
    /// An IPv6 list of 255 addresses and room to spare.
    private static let largestDatagram = 4608
}

extension ProtocolSocket {
    private static func receivingSocket(
        _ family: AddressFamily, _ number: Int32
    ) throws(SystemError) -> FileDescriptor {
        let socket = try FileDescriptor.socket(family.socketFamily, SocketType.raw, number)
        switch family {
        case .ipv4:
            try socket.set(SocketOption.ipv4, SocketOption.ipv4PacketInformation, 1)
        case .ipv6:
            try socket.set(SocketOption.ipv6, SocketOption.ipv6ReceivePacketInformation, 1)
            try socket.set(SocketOption.ipv6, SocketOption.ipv6ReceiveHopLimit, 1)
        }
        try socket.setReceiveBuffer(bytes: 4 << 20)
        return socket
    }

    /// Receives nothing: without the filter the kernel would copy every datagram for it too.
    private static func sendingSocket(
        _ family: AddressFamily, _ number: Int32
    ) throws(SystemError) -> FileDescriptor {
        let socket = try FileDescriptor.socket(family.socketFamily, SocketType.raw, number)
        try systemCall("SO_ATTACH_FILTER") { csys_drop_everything(socket.rawValue) }
        try socket.setSendBuffer(bytes: sendBuffer)
        switch family {
        case .ipv4:
            try socket.set(SocketOption.ipv4, SocketOption.ipv4MulticastAll, 0)
            try socket.set(SocketOption.ipv4, SocketOption.ipv4MulticastLoop, 0)
            try socket.set(SocketOption.ipv4, SocketOption.ipv4MulticastTimeToLive, 255)
            try socket.set(SocketOption.ipv4, SocketOption.ipv4TimeToLive, 255)
            try socket.set(SocketOption.ipv4, SocketOption.ipv4TypeOfService, networkControl)
        case .ipv6:
            try socket.set(SocketOption.ipv6, SocketOption.ipv6MulticastAll, 0)
            try socket.set(SocketOption.ipv6, SocketOption.ipv6MulticastLoop, 0)
            try socket.set(SocketOption.ipv6, SocketOption.ipv6MulticastHops, 255)
            try socket.set(SocketOption.ipv6, SocketOption.ipv6UnicastHops, 255)
            try socket.set(SocketOption.ipv6, SocketOption.ipv6TrafficClass, networkControl)
        }
        // After the type of service, which sets the priority too. 7 asks for a capability.
        do {
            try socket.set(SocketOption.socket, SocketOption.priority, 7)
        } catch {
            try socket.set(SocketOption.socket, SocketOption.priority, 6)
        }
        return socket
    }

    /// The kernel keeps up to 208 KiB for each neighbour that it asks for in vain, for three seconds,
    /// and counts them here: room for three hundred of them. It is a limit, and takes no memory.
    private static let sendBuffer: Int32 = 64 << 20
    /// DSCP CS6.
    private static let networkControl: Int32 = 0xc0
}

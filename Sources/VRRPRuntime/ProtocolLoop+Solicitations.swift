// Hosts that ask for a router (RFC 4861 §4.1): a socket of its own, open only while some virtual
// router is configured to answer, on which the kernel puts Router Solicitations and nothing else.

import LinuxNetwork
import VRRPCore
import VRRPEngine
import VRRPWire

/// The socket, and where it listens.
struct SolicitationListener: ~Copyable {
    var socket: ProtocolSocket
    private var interfaces: Set<Int32> = []

    init() throws(SystemError) {
        socket = try ProtocolSocket(
            family: .ipv6, protocolNumber: Self.icmpv6, group: .v6(.allRouters),
            icmpv6Type: Self.routerSolicitation)
    }

    mutating func join(interface: Int32) throws(SystemError) {
        interfaces.insert(interface)
        try socket.join(interface: interface)
    }

    /// Whether it listens anywhere else.
    mutating func leave(interface: Int32) -> Bool {
        interfaces.remove(interface)
        socket.leave(interface: interface)
        return !interfaces.isEmpty
    }

    /// RFC 4443 §1, RFC 4861 §4.1.
    private static let icmpv6: UInt8 = 58
    private static let routerSolicitation: UInt8 = 133
}

extension ProtocolLoop {
    mutating func listenForSolicitations(_ interface: Int32) {
        do throws(SystemError) {
            var listener = try openListener()
            do throws(SystemError) {
                try listener.join(interface: interface)
                solicitations = consume listener
            } catch {
                solicitations = consume listener
                throw error
            }
        } catch {
            engine.solicitationsFailed(interface: interface, code: error.code, at: Self.now())
        }
    }

    /// The one that is open, or a new one.
    private mutating func openListener() throws(SystemError) -> SolicitationListener {
        if let open = solicitations.take() { return open }
        let listener = try SolicitationListener()
        try poller.add(listener.socket.rawDescriptor, token: Token.solicitations.rawValue)
        return listener
    }

    mutating func stopListeningForSolicitations(_ interface: Int32) {
        guard var listener = solicitations.take() else { return }
        // A descriptor that is closed leaves the poller by itself.
        if listener.leave(interface: interface) { solicitations = consume listener }
    }

    /// Read after everything that decides who is Active: a host waits half a second anyway.
    mutating func readSolicitations() throws(SystemError) {
        guard var listener = solicitations.take() else { return }
        let now = Self.now()
        do throws(SystemError) {
            _ = try listener.socket.receive(
                limit: Self.packetsPerTurn,
                onMalformed: { interface in
                    engine.solicited(
                        RawSpan(), header: Self.nothing, interface: interface, at: now)
                }
            ) { datagram, message in
                engine.solicited(
                    message,
                    header: DatagramHeader(
                        source: datagram.source, destination: datagram.destination,
                        hopLimit: datagram.hopLimit), interface: datagram.interface, at: now)
            }
            solicitations = consume listener
        } catch {
            solicitations = consume listener
            throw error
        }
    }

    /// A datagram that was cut off, or came without a header.
    private static let nothing = DatagramHeader(
        source: .v6(.any), destination: .v6(.any), hopLimit: 0)
}

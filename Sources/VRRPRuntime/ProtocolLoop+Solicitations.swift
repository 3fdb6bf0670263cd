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
            try reach(interface).joinSolicitations(
                interface: InterfaceHandle.index(of: interface), poller: poller)
        } catch {
            engine.solicitationsFailed(interface: interface, code: error.code, at: Self.now())
        }
    }

    mutating func stopListeningForSolicitations(_ interface: Int32) {
        ports(of: interface)?.leaveSolicitations(interface: InterfaceHandle.index(of: interface))
    }

    /// Read after everything that decides who is Active: a host waits half a second anyway.
    mutating func readSolicitations(_ ports: NetworkPorts) throws(SystemError) {
        guard var listener = ports.sockets.solicitations.take() else { return }
        let now = Self.now()
        do throws(SystemError) {
            _ = try listener.socket.receive(
                limit: Self.packetsPerTurn,
                onMalformed: { index in
                    guard let interface = ports.handle(index) else { return }
                    engine.solicited(
                        RawSpan(), header: Self.nothing, interface: interface, at: now)
                }
            ) { datagram, message in
                guard let interface = ports.handle(datagram.interface) else { return }
                engine.solicited(
                    message,
                    header: DatagramHeader(
                        source: datagram.source, destination: datagram.destination,
                        hopLimit: datagram.hopLimit), interface: interface, at: now)
            }
            ports.sockets.solicitations = consume listener
        } catch {
            ports.sockets.solicitations = consume listener
            throw error
        }
    }

    /// A datagram that was cut off, or came without a header.
    private static let nothing = DatagramHeader(
        source: .v6(.any), destination: .v6(.any), hopLimit: 0)
}

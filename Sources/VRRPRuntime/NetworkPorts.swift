// Everything through which the protocol reaches one network namespace: its packets, its tables.

import LinuxNetwork
import VRRPCore
import VRRPEngine
import VRRPWire

/// The sockets of one namespace. Opened by whatever thread is in it, then used by the protocol's
/// alone: handed over once.
final class NetworkPorts: @unchecked Sendable {
    /// Of `InterfaceHandle`; 0 is the daemon's own.
    let number: Int32
    /// What stands in front of its interfaces' names: empty, or `blue/`.
    let prefix: String
    /// Nil for the daemon's own, in which the protocol's thread is anyway.
    private let namespace: NetworkNamespace?
    var sockets: Sockets

    struct Sockets: ~Copyable {
        var ipv4: ProtocolSocket
        /// Nil where the kernel has no IPv6.
        var ipv6: ProtocolSocket?
        var frames: FrameSocket
        var monitor: NetworkMonitor
        var changer: NetworkChanger
        /// Nil while no virtual router would answer hosts that ask for one.
        var solicitations: SolicitationListener?

        /// Opens everything in the namespace of the calling thread.
        fileprivate init() throws(SystemError) {
            // Everything that can fail first: what owns descriptors is made whole or not at all.
            let ipv4 = try ProtocolSocket(
                family: .ipv4, protocolNumber: NetworkPorts.vrrp, group: .vrrpGroup(.ipv4))
            let frames = try FrameSocket()
            let monitor = try NetworkMonitor()
            let changer = try NetworkChanger()
            let ipv6 = try Self.openIPv6()
            self.ipv4 = ipv4
            self.frames = frames
            self.monitor = monitor
            self.changer = changer
            self.ipv6 = ipv6
        }

        private static func openIPv6() throws(SystemError) -> ProtocolSocket? {
            do throws(SystemError) {
                return try ProtocolSocket(
                    family: .ipv6, protocolNumber: NetworkPorts.vrrp, group: .vrrpGroup(.ipv6))
            } catch {
                guard error.code == NetworkPorts.noIPv6.code else { throw error }
                return nil
            }
        }
    }

    /// What there is to read of a namespace. Below the smallest number of the loop's own.
    enum Kind: UInt64, CaseIterable {
        case ipv4 = 1, ipv6, monitor, solicitations
    }

    /// Without a namespace, of the calling thread's.
    init(
        number: Int32 = 0, prefix: String = "", namespace: NetworkNamespace? = nil
    ) throws(SystemError) {
        self.number = number
        self.prefix = prefix
        self.namespace = namespace
        sockets = try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
            try Sockets()
        }
    }

    /// Joins the VRRP group of a family. Memberships need sockets of their own, which are opened when
    /// they are needed.
    func join(interface: Int32, _ family: AddressFamily) throws(SystemError) {
        try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
            switch family {
            case .ipv4: try sockets.ipv4.join(interface: interface)
            case .ipv6:
                guard sockets.ipv6 != nil else { throw Self.noIPv6 }
                try sockets.ipv6?.join(interface: interface)
            }
        }
    }

    /// Hears hosts that ask for a router; `poller` waits for them, too.
    func joinSolicitations(
        interface: Int32, poller: borrowing Poller
    ) throws(SystemError) {
        try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
            if sockets.solicitations == nil {
                let listener = try SolicitationListener()
                try poller.add(listener.socket.rawDescriptor, token: token(.solicitations))
                sockets.solicitations = consume listener
            }
            try sockets.solicitations?.join(interface: interface)
        }
    }

    func leaveSolicitations(interface: Int32) {
        // A descriptor that is closed leaves the poller by itself.
        if sockets.solicitations?.leave(interface: interface) == false {
            sockets.solicitations = nil
        }
    }

    func leave(interface: Int32, _ family: AddressFamily) {
        switch family {
        case .ipv4: sockets.ipv4.leave(interface: interface)
        case .ipv6: sockets.ipv6?.leave(interface: interface)
        }
    }

    /// Puts all descriptors into a poller. A closed one leaves it by itself.
    func add(to poller: borrowing Poller) throws(SystemError) {
        try poller.add(sockets.ipv4.rawDescriptor, token: token(.ipv4))
        if let descriptor = sockets.ipv6?.rawDescriptor {
            try poller.add(descriptor, token: token(.ipv6))
        }
        try poller.add(sockets.monitor.rawDescriptor, token: token(.monitor))
    }

    /// The namespace, and what is to be read.
    func token(_ kind: Kind) -> UInt64 { UInt64(number) << 8 | kind.rawValue }

    /// EAFNOSUPPORT.
    static let noIPv6 = SystemError(call: "IPv6 socket", code: 97)

    /// IP protocol 112 (RFC 9568 §5.1.1.4).
    private static let vrrp: UInt8 = 112
}

// MARK: Names and numbers as the engine knows them

extension NetworkPorts {
    /// Nil for an interface beyond what the engine can tell apart.
    func handle(_ index: Int32) -> Int32? { InterfaceHandle.make(index: index, namespace: number) }

    /// Gives what netlink told to the engine.
    func give(
        _ observation: NetworkObservation, to engine: inout RecordedEngine, at now: Instant
    ) {
        switch observation {
        case .link(let link):
            guard let index = handle(link.index) else { return }
            engine.observe(
                Link(
                    index: index, name: prefix + link.name, isUp: link.isUp,
                    hasCarrier: link.hasCarrier, hardwareAddress: link.hardwareAddress,
                    parent: link.isMacvlan ? link.parentIndex.flatMap(handle) : nil,
                    isMarkedOurs: link.isMacvlan
                        && link.alias?.hasPrefix(DeviceWorker.aliasPrefix) == true), at: now)
        case .linkRemoved(let index, _):
            if let index = handle(index) { engine.observeRemovedLink(index, at: now) }
        case .address(let address):
            guard let interface = handle(address.interface) else { return }
            engine.observe(
                KernelAddress(
                    interface: interface, address: address.address,
                    isSecondary: address.isSecondary,
                    isTentative: address.isTentative || address.isDadFailed,
                    isMarkedOurs: address.protocolTag == Self.addressMark), at: now)
        case .addressRemoved(let interface, let address):
            if let interface = handle(interface) {
                engine.observeRemovedAddress(address, on: interface, at: now)
            }
        case .resynchronising:
            engine.beginResynchronisation(namespace: number == 0 ? nil : number, at: now)
        case .synchronised:
            engine.endResynchronisation(at: now)
        }
    }

    /// Marks addresses that we installed (IFA_PROTO): recognised after a crash.
    static let addressMark: UInt8 = 112
}

/// An interface's name without the namespace that the engine puts in front.
func kernelName(_ name: String) -> String {
    name.lastIndex(of: "/").map { String(name[name.index(after: $0)...]) } ?? name
}

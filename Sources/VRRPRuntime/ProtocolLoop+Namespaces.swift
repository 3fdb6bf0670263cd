// What comes in: packets and tables of the daemon's own network namespace and of every other one that
// virtual routers live in.

import LinuxNetwork
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

// MARK: Reading one namespace

extension ProtocolLoop {
    mutating func drain(
        _ ports: NetworkPorts, _ family: AddressFamily, limit: Int
    ) throws(SystemError) {
        switch family {
        case .ipv4:
            try drain(&ports.sockets.ipv4, of: ports, limit: limit)
        case .ipv6:
            guard var open = ports.sockets.ipv6.take() else { return }
            do throws(SystemError) {
                try drain(&open, of: ports, limit: limit)
                ports.sockets.ipv6 = consume open
            } catch {
                ports.sockets.ipv6 = consume open
                throw error
            }
        }
    }

    private mutating func drain(
        _ socket: inout ProtocolSocket, of ports: NetworkPorts, limit: Int
    ) throws(SystemError) {
        var left = limit
        while left > 0 {
            let now = Self.now()
            var malformed: (interface: Int32, count: Int) = (0, 0)
            let count = try socket.receive(
                limit: min(left, Self.packetsPerTurn),
                onMalformed: { malformed = ($0, malformed.count + 1) }
            ) { datagram, payload in
                guard let interface = ports.handle(datagram.interface) else { return }
                engine.receive(
                    payload,
                    header: DatagramHeader(
                        source: datagram.source, destination: datagram.destination,
                        hopLimit: datagram.hopLimit), interface: interface, at: now)
            }
            if malformed.count > 0, let interface = ports.handle(malformed.interface) {
                for _ in 0..<malformed.count {
                    engine.receiveMalformed(interface: interface, at: now)
                }
            }
            guard count == Self.packetsPerTurn else { return }
            left -= count
        }
    }

    /// Reads all tables and waits for them.
    mutating func synchronise(_ ports: NetworkPorts) throws(SystemError) {
        try ports.sockets.monitor.synchronise { ports.give($0, to: &engine, at: Self.now()) }
    }

    /// Reads what the kernel has told since.
    mutating func observe(_ ports: NetworkPorts) throws(SystemError) {
        try ports.sockets.monitor.read { ports.give($0, to: &engine, at: Self.now()) }
    }

    mutating func observeEverything() {
        observeNow(home)
        for ports in others { observeNow(ports) }
    }
}

// MARK: Other namespaces

extension ProtocolLoop {
    /// Those of a handle; nil while its namespace is not there.
    func ports(of handle: Int32) -> NetworkPorts? {
        let number = InterfaceHandle.namespace(of: handle)
        return number == 0 ? home : others.first { $0.number == number }
    }

    /// Asks for every namespace that is configured for the first time. Once asked for, one comes and
    /// goes as it is there or not.
    mutating func enterNamespaces(of configuration: Configuration) {
        for router in configuration.routers {
            guard let name = router.networkNamespace, !namespaces.contains(name) else { continue }
            if devices.post(.openNamespace(name: name)) { namespaces.insert(name) }
        }
    }

    mutating func add(_ ports: NetworkPorts) {
        do throws(SystemError) {
            others.append(ports)
            try ports.add(to: poller)
            try synchronise(ports)
        } catch {
            giveUp(ports, error)
        }
        engine.advance(to: Self.now())
        carryOut()
    }

    /// The name of the namespace is gone, as a rule with the namespace and all that was in it; where a
    /// process keeps it alive, our addresses are not to stay behind.
    mutating func remove(_ number: Int32) {
        if let ports = others.first(where: { $0.number == number }) {
            let leftovers = engine.machine.addresses(inNamespace: number).map { edit in
                NetworkChange.address(
                    AddressChange(
                        operation: .remove, interface: InterfaceHandle.index(of: edit.interface),
                        address: edit.address, scope: edit.scope,
                        protocolTag: NetworkPorts.addressMark))
            }
            try? ports.sockets.changer.apply(leftovers) { _, _ in }
        }
        others.removeAll { $0.number == number }
        engine.beginResynchronisation(namespace: number, at: Self.now())
        engine.endResynchronisation(at: Self.now())
        engine.advance(to: Self.now())
        carryOut()
    }

    /// Packets of those that have any, or of all.
    mutating func drainOthers(isLate: Bool, limit: Int) {
        for ports in others {
            do throws(SystemError) {
                if isLate || awake.contains(ports.token(.ipv4)) {
                    try drain(ports, .ipv4, limit: limit)
                }
                if isLate || awake.contains(ports.token(.ipv6)) {
                    try drain(ports, .ipv6, limit: limit)
                }
            } catch {
                giveUp(ports, error)
            }
        }
    }

    mutating func observeOthers() {
        for ports in others {
            if awake.contains(ports.token(.monitor)) { observeNow(ports) }
            guard awake.contains(ports.token(.solicitations)) else { continue }
            do throws(SystemError) {
                try readSolicitations(ports)
            } catch {
                giveUp(ports, error)
            }
        }
    }

    /// What fails in one namespace ends no router in another. Done at the end of the turn: effects may
    /// be half carried out.
    private mutating func giveUp(_ ports: NetworkPorts, _ error: SystemError) {
        post(.warning("network namespace \(ports.prefix) is opened anew: \(error)"))
        broken.append(ports.number)
    }

    /// Lets go of namespaces that failed in this turn; the worker opens them anew.
    mutating func removeBroken() {
        while let number = broken.popLast() {
            remove(number)
            _ = devices.post(.closeNamespace(number: number))
        }
    }

    /// Reads what the kernel has told where nobody can be told of a failure: in the daemon's own
    /// namespace it ends the daemon with the next turn, for tables that were half read are of no use.
    mutating func observeNow(_ ports: NetworkPorts) {
        do throws(SystemError) {
            try observe(ports)
        } catch {
            if ports === home {
                failure = failure ?? error
            } else {
                giveUp(ports, error)
            }
        }
    }
}

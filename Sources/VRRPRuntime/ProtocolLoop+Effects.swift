// What the engine decided, carried out in its order; every result goes back in as an input.

import LinuxNetwork
import VRRPCore
import VRRPEngine
import VRRPWire

extension ProtocolLoop {
    /// Carries out what the engine decided, in order. Results are inputs, and may bring effects.
    mutating func carryOut() {
        var position = 0
        while position < engine.machine.effects.count {
            switch engine.machine.effects[position] {
            case .sign(let range, let source, let key):
                engine.sign(range, source: source, key: key)
            case .send(let router, let interface, let source, let destination, let range):
                send(range, router, interface, source, destination)
            case .advertise(let router, let interface, let range):
                if sendFrame(range, router, interface) { engine.sendSucceeded(router: router) }
            case .announce(let router, let interface, let range):
                sendFrame(range, router, interface)
            case .changeDevice(let name, let request):
                if !devices.post(.change(name: name, request)) {
                    engine.deviceChanged(name: name, code: Self.queueFull, at: Self.now())
                }
            case .changeAddresses(let request):
                change(request)
                // A takeover of many addresses comes in pieces: deadlines go in between.
                engine.advance(to: Self.now())
            case .listen(let interface, let family):
                listen(interface, family)
            case .stopListening(let interface, let family):
                stopListening(interface, family)
            case .listenForSolicitations(let interface):
                listenForSolicitations(interface)
            case .stopListeningForSolicitations(let interface):
                stopListeningForSolicitations(interface)
            case .tell(let event):
                engine.told(event)
                post(.event(event))
            }
            position += 1
        }
        engine.clearEffects()
    }

    private mutating func send(
        _ range: Range<Int>, _ router: Int, _ interface: Int32, _ source: IPAddress,
        _ destination: IPAddress
    ) {
        do throws(SystemError) {
            let ports = try reach(interface)
            let index = InterfaceHandle.index(of: interface)
            switch source.family {
            case .ipv4:
                try ports.sockets.ipv4.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: index,
                    source: source, destination: destination)
            case .ipv6:
                guard ports.sockets.ipv6 != nil else { throw NetworkPorts.noIPv6 }
                try ports.sockets.ipv6?.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: index,
                    source: source, destination: destination)
            }
            engine.sendSucceeded(router: router)
        } catch {
            engine.sendFailed(router: router, code: error.code, at: Self.now())
        }
    }

    @discardableResult
    private mutating func sendFrame(
        _ range: Range<Int>, _ router: Int, _ interface: Int32
    ) -> Bool {
        do throws(SystemError) {
            try reach(interface).sockets.frames.send(
                engine.machine.outbox.span.bytes.extracting(range),
                interface: InterfaceHandle.index(of: interface))
            return true
        } catch {
            engine.sendFailed(router: router, code: error.code, at: Self.now())
            return false
        }
    }

    /// The sockets of an interface's namespace, which may just have gone.
    func reach(_ interface: Int32) throws(SystemError) -> NetworkPorts {
        guard let ports = ports(of: interface) else {
            throw SystemError(call: "network namespace", code: Self.noDevice)
        }
        return ports
    }

    private mutating func stopListening(_ interface: Int32, _ family: AddressFamily) {
        ports(of: interface)?.leave(interface: InterfaceHandle.index(of: interface), family)
        _ = devices.post(.unmanage(interface: interface, family))
    }

    private mutating func listen(_ interface: Int32, _ family: AddressFamily) {
        _ = devices.post(.manage(interface: interface, family))
        do throws(SystemError) {
            try reach(interface).join(interface: InterfaceHandle.index(of: interface), family)
        } catch {
            engine.listenFailed(
                interface: interface, family: family, code: error.code, at: Self.now())
        }
    }

    /// The kernel answers before `sendmsg` returns; what it told about addresses on the way is
    /// read first, so that the engine never takes an answer for newer than it is.
    private mutating func change(_ request: AddressRequest) {
        results.removeAll(keepingCapacity: true)
        for _ in 0..<request.raised.count + request.changes.count { results.append(Self.noDevice) }
        change(request, in: home)
        for ports in others { change(request, in: ports) }
        engine.addressesChanged(token: request.token, results: results, at: Self.now())
    }

    /// The part of a request that concerns one namespace.
    private mutating func change(_ request: AddressRequest, in ports: NetworkPorts) {
        changes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        for (place, link) in request.raised.enumerated()
        where InterfaceHandle.namespace(of: link) == ports.number {
            changes.append(.linkUp(InterfaceHandle.index(of: link)))
            places.append(place)
        }
        for (place, edit) in request.changes.enumerated()
        where InterfaceHandle.namespace(of: edit.interface) == ports.number {
            changes.append(
                .address(
                    AddressChange(
                        operation: edit.operation == .add ? .add : .remove,
                        interface: InterfaceHandle.index(of: edit.interface),
                        address: edit.address, scope: edit.scope,
                        protocolTag: NetworkPorts.addressMark,
                        hasPrefixRoute: edit.hasPrefixRoute)))
            places.append(request.raised.count + place)
        }
        guard !changes.isEmpty else { return }
        for place in places { results[place] = 0 }
        do throws(SystemError) {
            try Self.apply(changes, with: &ports.sockets.changer, at: places, results: &results)
        } catch {
            for place in places { results[place] = error.code }
        }
        observeNow(ports)
    }

    private static func apply(
        _ changes: [NetworkChange], with changer: inout NetworkChanger, at places: [Int],
        results: inout [Int32]
    ) throws(SystemError) {
        try changer.apply(changes) { index, code in results[places[index]] = code }
    }

    /// The office may be slow; the protocol never waits for it.
    mutating func post(_ message: OfficeMessage) {
        if !office.post(message) { lostMessages &+= 1 }
    }

    /// EAGAIN: the thread that changes macvlans has more to do than it can remember.
    private static let queueFull: Int32 = 11
    /// ENODEV.
    private static let noDevice: Int32 = 19
}

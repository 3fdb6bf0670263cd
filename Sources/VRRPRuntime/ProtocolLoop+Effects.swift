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
            switch source.family {
            case .ipv4:
                try ipv4.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: interface,
                    source: source, destination: destination)
            case .ipv6:
                try ipv6?.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: interface,
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
            try frames.send(
                engine.machine.outbox.span.bytes.extracting(range), interface: interface)
            return true
        } catch {
            engine.sendFailed(router: router, code: error.code, at: Self.now())
            return false
        }
    }

    private mutating func stopListening(_ interface: Int32, _ family: AddressFamily) {
        switch family {
        case .ipv4: ipv4.leave(interface: interface)
        case .ipv6: ipv6?.leave(interface: interface)
        }
        _ = devices.post(.unmanage(interface: interface, family))
    }

    private mutating func listen(_ interface: Int32, _ family: AddressFamily) {
        _ = devices.post(.manage(interface: interface, family))
        do throws(SystemError) {
            switch family {
            case .ipv4: try ipv4.join(interface: interface)
            case .ipv6: try ipv6?.join(interface: interface)
            }
        } catch {
            engine.listenFailed(
                interface: interface, family: family, code: error.code, at: Self.now())
        }
    }

    /// The kernel answers before `sendmsg` returns; what it told about addresses on the way is
    /// read first, so that the engine never takes an answer for newer than it is.
    private mutating func change(_ request: AddressRequest) {
        changes.removeAll(keepingCapacity: true)
        results.removeAll(keepingCapacity: true)
        for link in request.raised {
            changes.append(.linkUp(link))
            results.append(0)
        }
        for edit in request.changes {
            changes.append(
                .address(
                    AddressChange(
                        operation: edit.operation == .add ? .add : .remove,
                        interface: edit.interface, address: edit.address, scope: edit.scope,
                        protocolTag: Self.addressMark, hasPrefixRoute: edit.hasPrefixRoute)))
            results.append(0)
        }
        var failure: Int32 = 0
        do throws(SystemError) {
            try Self.apply(changes, with: &changer, results: &results)
        } catch {
            failure = error.code
        }
        if failure != 0 {
            for index in results.indices { results[index] = failure }
        }
        // A monitor that cannot be read shows at the next turn.
        try? Self.observe(&monitor, into: &engine)
        engine.addressesChanged(token: request.token, results: results, at: Self.now())
    }

    private static func apply(
        _ changes: [NetworkChange], with changer: inout NetworkChanger, results: inout [Int32]
    ) throws(SystemError) {
        try changer.apply(changes) { index, code in results[index] = code }
    }

    /// The office may be slow; the protocol never waits for it.
    mutating func post(_ message: OfficeMessage) {
        if !office.post(message) { lostMessages &+= 1 }
    }

    /// EAGAIN: the thread that changes macvlans has more to do than it can remember.
    private static let queueFull: Int32 = 11
}

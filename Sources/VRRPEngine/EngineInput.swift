// Everything that goes into the engine, as a value: what a recording holds and a replay gives in.
// The loop calls the engine's own methods; these values are made only while somebody records.

package import VRRPConfiguration
package import VRRPCore
package import VRRPWire

/// One call of `Engine` that can change it. The names of the cases and of what they carry are the
/// words of a recording.
package enum EngineInput: Codable, Equatable, Sendable {
    case apply(configuration: Configuration)
    /// Of one network namespace; nil is the daemon's own.
    case beginResynchronisation(namespace: Int32? = nil)
    case observeLink(link: Link)
    case observeRemovedLink(interface: Int32)
    case observeAddress(address: KernelAddress)
    case observeRemovedAddress(interface: Int32, address: InterfaceAddress)
    case endResynchronisation
    case receive(
        interface: Int32, source: IPAddress, destination: IPAddress, hopLimit: UInt8,
        message: HexadecimalBytes, authenticity: Authenticity? = nil)
    case receiveMalformed(interface: Int32)
    case advance
    case leave
    case deviceChanged(name: String, code: Int32)
    case addressesChanged(token: UInt64, results: [Int32])
    case sendFailed(router: Int, code: Int32)
    case sendSucceeded(router: Int)
    case listenFailed(interface: Int32, family: AddressFamily, code: Int32)
    case solicited(
        interface: Int32, source: IPAddress, destination: IPAddress, hopLimit: UInt8,
        message: HexadecimalBytes)
    case solicitationsFailed(interface: Int32, code: Int32)
}

extension Engine {
    /// Gives in what was recorded, as the loop once gave it in.
    package mutating func handle(_ input: EngineInput, at now: Instant) {
        switch input {
        case .apply(let configuration):
            apply(configuration, at: now)
        case .beginResynchronisation(let namespace):
            beginResynchronisation(namespace: namespace)
        case .observeLink(let link):
            observe(link, at: now)
        case .observeRemovedLink(let interface):
            observeRemovedLink(interface, at: now)
        case .observeAddress(let address):
            observe(address, at: now)
        case .observeRemovedAddress(let interface, let address):
            observeRemovedAddress(address, on: interface, at: now)
        case .endResynchronisation:
            endResynchronisation(at: now)
        case .receive(
            let interface, let source, let destination, let hopLimit, let message,
            let authenticity):
            let header = DatagramHeader(
                source: source, destination: destination, hopLimit: hopLimit)
            receive(
                unsafe message.bytes.span.bytes, header: header, interface: interface,
                authenticity: authenticity ?? .absent, at: now)
        case .receiveMalformed(let interface):
            receiveMalformed(interface: interface, at: now)
        case .advance:
            advance(to: now)
        case .leave:
            leave(at: now)
        case .deviceChanged(let name, let code):
            deviceChanged(name: name, code: code, at: now)
        case .addressesChanged(let token, let results):
            addressesChanged(token: token, results: results, at: now)
        case .sendFailed(let router, let code):
            sendFailed(router: router, code: code, at: now)
        case .sendSucceeded(let router):
            sendSucceeded(router: router)
        case .listenFailed(let interface, let family, let code):
            listenFailed(interface: interface, family: family, code: code, at: now)
        case .solicited(let interface, let source, let destination, let hopLimit, let message):
            let header = DatagramHeader(
                source: source, destination: destination, hopLimit: hopLimit)
            solicited(
                unsafe message.bytes.span.bytes, header: header, interface: interface, at: now)
        case .solicitationsFailed(let interface, let code):
            solicitationsFailed(interface: interface, code: code, at: now)
        }
    }
}

// MARK: Inputs that change nothing

extension Engine {
    /// Whether `advance(to: now)` would do nothing at all: no deadline has come, not even a stale
    /// one, and no request is waiting to be made. A recording leaves such calls out.
    package func isIdle(at now: Instant) -> Bool {
        if let due = nextDeadline, due <= now { return false }
        return !book.hasWork
    }

    /// Whether `sendSucceeded` would do nothing, as it nearly always does.
    package func expectsToSend(_ router: Int) -> Bool {
        !routers.indices.contains(router) || !routers[router].told.transmitFailure
    }
}

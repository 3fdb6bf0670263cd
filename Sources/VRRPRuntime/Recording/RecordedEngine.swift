// The engine with a witness: every input is told to the recorder, if there is one, before the
// engine gets it. Without a recorder nothing is made and nothing is copied.

import LinuxNetwork
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// What the loop calls. Each method does what the engine's method of its name does.
struct RecordedEngine: ~Copyable {
    /// To be read: `effects`, `outbox`, deadlines, snapshots.
    private(set) var machine: Engine
    var authenticator = MessageAuthenticator()
    private let recorder: Recorder?

    init(node: String, recorder: Recorder?) {
        machine = Engine(node: node)
        self.recorder = recorder
    }

    /// A recording is whole only from a checkpoint on; one can be taken while nothing waits to be
    /// carried out.
    private func record(
        _ input: EngineInput, at now: Instant, with recorder: Recorder
    ) {
        if recorder.needsCheckpoint, machine.effects.isEmpty {
            recorder.begin(with: machine.checkpoint, at: now)
        }
        recorder.record(input, at: now)
    }

    /// An event was told to operators: a replay must tell the same.
    func told(_ event: EngineEvent) {
        recorder?.told(event)
    }

    mutating func clearEffects() {
        machine.clearEffects()
    }

    /// Carries out `Effect.sign`. Not an input: a replay decides the same without it.
    mutating func sign(_ range: Range<Int>, source: IPAddress, key: HMACPolicy.Key) {
        if let trailer = trailer(range, source, key) {
            machine.store(trailer, inMessageAt: range, source: source)
        }
    }

    /// On its own, so that the outbox is nobody else's when something is stored in it.
    private mutating func trailer(
        _ range: Range<Int>, _ source: IPAddress, _ key: HMACPolicy.Key
    ) -> AuthenticationTrailer? {
        let outbox = machine.outbox
        return authenticator.trailer(
            for: outbox.span.bytes.extracting(range), source: source, key: key, at: Clock.wall())
    }
}

// MARK: Inputs

extension RecordedEngine {
    @discardableResult
    mutating func apply(_ new: Configuration, at now: Instant) -> ConfigurationDifference? {
        if let recorder { record(.apply(configuration: new), at: now, with: recorder) }
        authenticator.forgetKeys()
        return machine.apply(new, at: now)
    }

    mutating func beginResynchronisation(namespace: Int32? = nil, at now: Instant) {
        if let recorder {
            record(.beginResynchronisation(namespace: namespace), at: now, with: recorder)
        }
        machine.beginResynchronisation(namespace: namespace)
    }

    mutating func endResynchronisation(at now: Instant) {
        if let recorder { record(.endResynchronisation, at: now, with: recorder) }
        machine.endResynchronisation(at: now)
    }

    mutating func observe(_ link: Link, at now: Instant) {
        if let recorder { record(.observeLink(link: link), at: now, with: recorder) }
        machine.observe(link, at: now)
    }

    mutating func observeRemovedLink(_ index: Int32, at now: Instant) {
        if let recorder { record(.observeRemovedLink(interface: index), at: now, with: recorder) }
        machine.observeRemovedLink(index, at: now)
    }

    mutating func observe(_ address: KernelAddress, at now: Instant) {
        if let recorder { record(.observeAddress(address: address), at: now, with: recorder) }
        machine.observe(address, at: now)
    }

    mutating func observeRemovedAddress(
        _ address: InterfaceAddress, on interface: Int32, at now: Instant
    ) {
        if let recorder {
            record(
                .observeRemovedAddress(interface: interface, address: address), at: now,
                with: recorder)
        }
        machine.observeRemovedAddress(address, on: interface, at: now)
    }

    mutating func receive(
        _ message: RawSpan, header: DatagramHeader, interface: Int32, at now: Instant
    ) {
        let authenticity = authenticity(of: message, header: header, interface: interface)
        if let recorder {
            let bytes = message.withUnsafeBytes { Array($0) }
            record(
                .receive(
                    interface: interface, source: header.source, destination: header.destination,
                    hopLimit: header.hopLimit, message: HexadecimalBytes(bytes),
                    authenticity: authenticity == .absent ? nil : authenticity), at: now,
                with: recorder)
        }
        machine.receive(
            message, header: header, interface: interface, authenticity: authenticity, at: now)
    }

    mutating func receiveMalformed(interface: Int32, at now: Instant) {
        if let recorder { record(.receiveMalformed(interface: interface), at: now, with: recorder) }
        machine.receiveMalformed(interface: interface, at: now)
    }

    /// The loop advances at every turn; only what changes something is recorded.
    mutating func advance(to now: Instant) {
        if let recorder, !machine.isIdle(at: now) { record(.advance, at: now, with: recorder) }
        machine.advance(to: now)
    }

    mutating func leave(at now: Instant) {
        if let recorder { record(.leave, at: now, with: recorder) }
        machine.leave(at: now)
    }

    mutating func deviceChanged(name: String, code: Int32, at now: Instant) {
        if let recorder {
            record(.deviceChanged(name: name, code: code), at: now, with: recorder)
        }
        machine.deviceChanged(name: name, code: code, at: now)
    }

    mutating func addressesChanged(token: UInt64, results: [Int32], at now: Instant) {
        if let recorder {
            record(.addressesChanged(token: token, results: results), at: now, with: recorder)
        }
        machine.addressesChanged(token: token, results: results, at: now)
    }

    mutating func sendFailed(router: Int, code: Int32, at now: Instant) {
        if let recorder {
            record(.sendFailed(router: router, code: code), at: now, with: recorder)
        }
        machine.sendFailed(router: router, code: code, at: now)
    }

    /// Recorded only where it ends a failure. The clock is not asked for anything else.
    mutating func sendSucceeded(router: Int) {
        if let recorder, !machine.expectsToSend(router) {
            record(
                .sendSucceeded(router: router), at: Instant(sinceOrigin: Clock.boot()),
                with: recorder)
        }
        machine.sendSucceeded(router: router)
    }

    mutating func listenFailed(
        interface: Int32, family: AddressFamily, code: Int32, at now: Instant
    ) {
        if let recorder {
            record(
                .listenFailed(interface: interface, family: family, code: code), at: now,
                with: recorder)
        }
        machine.listenFailed(interface: interface, family: family, code: code, at: now)
    }

    mutating func solicited(
        _ message: RawSpan, header: DatagramHeader, interface: Int32, at now: Instant
    ) {
        if let recorder {
            let bytes = message.withUnsafeBytes { Array($0) }
            record(
                .solicited(
                    interface: interface, source: header.source, destination: header.destination,
                    hopLimit: header.hopLimit, message: HexadecimalBytes(bytes)), at: now,
                with: recorder)
        }
        machine.solicited(message, header: header, interface: interface, at: now)
    }

    mutating func solicitationsFailed(interface: Int32, code: Int32, at now: Instant) {
        if let recorder {
            record(
                .solicitationsFailed(interface: interface, code: code), at: now, with: recorder)
        }
        machine.solicitationsFailed(interface: interface, code: code, at: now)
    }
}

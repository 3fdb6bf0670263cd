// An engine that goes on from a checkpoint is the engine that went on: the same effects, the same
// bytes, the same state, whatever comes.

import Foundation
import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Checkpoints")
struct CheckpointTests {
    private static func text(_ checkpoint: EngineCheckpoint) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(checkpoint)
    }

    /// Through the text, as a recording does.
    private static func restored(from engine: borrowing Engine) throws -> Engine {
        let checkpoint = try JSONDecoder().decode(
            EngineCheckpoint.self, from: try text(engine.checkpoint))
        #expect(checkpoint.fault == nil)
        return Engine(restoring: checkpoint)
    }

    @Test("continued and restored are the same", arguments: 1...40 as ClosedRange<UInt64>)
    func continuation(seed: UInt64) throws {
        var inputs = RandomInputs(seed: seed)
        var continued = Engine(node: "gw1")
        var restored = Engine(node: "gw1")
        for input in inputs.opening() {
            continued.handle(input, at: inputs.now)
            inputs.note(continued.effects)
            continued.clearEffects()
        }
        for step in 0..<600 {
            if step.isMultiple(of: 60) { restored = try Self.restored(from: continued) }
            let input = inputs.next(deadline: continued.nextDeadline)
            continued.handle(input, at: inputs.now)
            restored.handle(input, at: inputs.now)
            let isSame =
                continued.effects == restored.effects && continued.outbox == restored.outbox
                && continued.nextDeadline == restored.nextDeadline
            try #require(isSame, "seed \(seed), step \(step): \(input)")
            inputs.note(continued.effects)
            continued.clearEffects()
            restored.clearEffects()
        }
        #expect(continued.snapshot(at: inputs.now) == restored.snapshot(at: inputs.now))
        #expect(try Self.text(continued.checkpoint) == Self.text(restored.checkpoint))
    }

    @Test("what a recording leaves out changes nothing", arguments: 1...20 as ClosedRange<UInt64>)
    func idle(seed: UInt64) throws {
        var inputs = RandomInputs(seed: seed)
        var all = Engine(node: "gw1")
        var recorded = Engine(node: "gw1")
        for input in inputs.opening() {
            all.handle(input, at: inputs.now)
            recorded.handle(input, at: inputs.now)
            inputs.note(all.effects)
            all.clearEffects()
        }
        recorded.clearEffects()
        var leftOut = 0
        for step in 0..<600 {
            // Every turn of the loop begins so.
            let turn = inputs.now
            all.advance(to: turn)
            let input = inputs.next(deadline: all.nextDeadline)
            all.handle(input, at: inputs.now)
            for (input, now) in [(EngineInput.advance, turn), (input, inputs.now)] {
                let isIdle =
                    switch input {
                    case .advance: recorded.isIdle(at: now)
                    case .sendSucceeded(let router): recorded.expectsToSend(router)
                    default: false
                    }
                if isIdle { leftOut += 1 } else { recorded.handle(input, at: now) }
            }
            try #require(all.effects == recorded.effects, "seed \(seed), step \(step): \(input)")
            inputs.note(all.effects)
            all.clearEffects()
            recorded.clearEffects()
        }
        #expect(leftOut > 100)
        #expect(try Self.text(all.checkpoint) == Self.text(recorded.checkpoint))
    }

    @Test("every stored property of the engine is in its checkpoint")
    func complete() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/VRRPEngine")
        func text(_ name: String) throws -> String {
            try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        let engine = try text("Engine.swift").components(separatedBy: "package init(")[0]
        let names = engine.components(separatedBy: "\n").compactMap { line in
            line.components(separatedBy: " var ").dropFirst().first.map { rest in
                String(rest.prefix { $0.isLetter || $0.isNumber })
            }
        }
        #expect(names.count > 15)
        // Empty whenever a checkpoint is taken.
        let transient: Set = ["effects", "outbox", "actions"]
        let computed: Set = ["virtualAddresses", "unicast", "listensToTrailers"]
        let checkpoint = try text("EngineCheckpoint.swift")
        for name in names where !transient.contains(name) && !computed.contains(name) {
            #expect(
                checkpoint.contains("    var \(name): ")
                    && checkpoint.contains("checkpoint.\(name)"),
                "`\(name)` must be in EngineCheckpoint: a replay would not have it")
        }
    }

    @Test("all that can happen does happen to these engines")
    func coverage() {
        var kinds: Set<String> = []
        for seed in 1...40 as ClosedRange<UInt64> {
            var inputs = RandomInputs(seed: seed)
            var engine = Engine(node: "gw1")
            for input in inputs.opening() { engine.handle(input, at: inputs.now) }
            for _ in 0..<600 {
                inputs.note(engine.effects)
                for case .tell(let event) in engine.effects {
                    kinds.insert(String("\(event.kind)".prefix { $0 != "(" }))
                }
                engine.clearEffects()
                engine.handle(inputs.next(deadline: engine.nextDeadline), at: inputs.now)
            }
        }
        #expect(
            kinds.isSuperset(of: [
                "transition", "unable", "discarded", "intervalMismatch", "checksumForm",
                "equalPriority", "addressRestored", "addressCleared", "addressForeign",
                "addressFailed", "listenFailed", "transmitFailed", "configured",
            ]), "\(kinds)")
    }

    @Test("only an engine that was given nothing yet is known by its name alone")
    func nodeOfNewEngine() throws {
        let address = try #require(gateway)
        let inputs: [EngineInput] = [
            .apply(configuration: Configuration(node: "gw1", routers: [])),
            .beginResynchronisation(), .leave, .receiveMalformed(interface: 7),
            .observeAddress(address: KernelAddress(interface: 7, address: address)),
            .observeLink(
                link: Link(
                    index: 7, name: "lan0", isUp: true, hasCarrier: true, hardwareAddress: nil)),
        ]
        #expect(Engine(node: "gw1").checkpoint.nodeOfNewEngine == "gw1")
        for input in inputs {
            var engine = Engine(node: "gw1")
            engine.handle(input, at: at(1))
            #expect(engine.checkpoint.nodeOfNewEngine == nil, "\(input)")
        }
        var engine = Engine(node: "gw1")
        engine.handle(.beginResynchronisation(), at: at(1))
        engine.handle(.endResynchronisation, at: at(1))
        #expect(engine.checkpoint.nodeOfNewEngine == nil)
    }

    @Test(
        "a checkpoint that contradicts itself has a fault",
        arguments: [
            ("\"router\":0", "\"router\":9", "`book`"),
            ("\"advertisementInterval\":1000000000", "\"advertisementInterval\":0", "`lan`"),
            ("\"scheduled\":[", "\"scheduled\":[null,", "`deadlines`"),
            ("\"head\":0", "\"head\":5", "`book`"),
            ("\"value\":[0]", "\"value\":[1]", "`routersByInterface`"),
            ("\"value\":0}", "\"value\":1}", "`lookup`"),
            ("\"value\":0}", "\"value\":-1}", "`lookup`"),
            ("\"lastToken\":0", "\"lastToken\":18446744073709551615", "`book`"),
            ("\"roundsLeft\":0", "\"roundsLeft\":1001", "`book`"),
            ("\"roundsLeft\":0", "\"roundsLeft\":-1", "`book`"),
            ("\"spacing\":200000000", "\"spacing\":0", "`announce`"),
            ("\"startDelay\":0", "\"startDelay\":-1", "negative delay"),
        ])
    func faults(replaced: String, by other: String, names part: String) throws {
        let bench = Bench([routerConfiguration()])
        let text = String(decoding: try Self.text(bench.engine.checkpoint), as: UTF8.self)
        #expect(text.contains(replaced))
        let damaged = text.replacing(replaced, with: other)
        let checkpoint = try JSONDecoder().decode(EngineCheckpoint.self, from: Data(damaged.utf8))
        #expect(checkpoint.fault?.contains(part) == true, "\(checkpoint.fault ?? "none")")
    }

    @Test("each virtual router is looked at by itself, whatever the configuration says")
    func routerFault() throws {
        let bench = Bench([routerConfiguration()])
        var text = String(decoding: try Self.text(bench.engine.checkpoint), as: UTF8.self)
        // The last is the router's own; the one before belongs to the configuration.
        let spacing = try #require(text.range(of: "\"spacing\":200000000", options: .backwards))
        text.replaceSubrange(spacing, with: "\"spacing\":0")
        let checkpoint = try JSONDecoder().decode(EngineCheckpoint.self, from: Data(text.utf8))
        #expect(checkpoint.fault == "`lan` has an impossible `announce`")
    }
}

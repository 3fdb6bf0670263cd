// A recording through the same engine, on a desk: what it decides is compared with what was told
// when it was recorded. Pure: bytes come in, findings go out.

import LinuxNetwork
import Logging
import VRRPControl
package import VRRPCore
package import VRRPEngine
import VRRPWire

/// What a replay finds, in the order of the recording.
package enum ReplayFinding: Equatable, Sendable {
    /// The engine told this; the second is the log line.
    case event(EngineEvent, String)
    /// Worth knowing, and normal.
    case note(line: Int, String)
    /// Damage, a loss, or a difference between now and then.
    case fault(line: Int, String)
}

/// Replays one file of a recording. A value that is used once.
package struct Replay: ~Copyable {
    package private(set) var findings: [ReplayFinding] = []
    /// How many inputs were given in.
    package private(set) var inputCount = 0
    private var engine: Engine?
    private var header: RecordingHeader?
    /// What the engine told and the recording has not told yet.
    private var untold: [EngineEvent] = []
    private var hasEnded = false
    private var differences = 0

    /// More than this many differences say nothing new.
    private static let maximumDifferences = 10

    package init(of bytes: [UInt8]) {
        var number = 0
        var rest = bytes[...]
        do throws(RecordingDamage) {
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try take(RecordingLine(decoding: rest[..<end]), number)
                rest = rest[(end + 1)...]
                guard differences < Self.maximumDifferences else { return }
            }
        } catch {
            findings.append(.fault(line: number, error.message))
            return
        }
        finish(number + 1, leaving: rest.count)
    }

    /// Whether all of it could be replayed, with the same outcome.
    package var isFaultless: Bool {
        !findings.contains { finding in
            if case .fault = finding { true } else { false }
        }
    }

    /// The engine as it was left; nil after a loss.
    package func snapshot(at now: Instant) -> EngineSnapshot? {
        switch engine {
        case .none: nil
        case .some(let engine): engine.snapshot(at: now)
        }
    }

    private mutating func finish(_ number: Int, leaving count: Int) {
        guard header != nil else {
            return findings.append(.fault(line: 1, "this is not a recording of vrrpd"))
        }
        if count > 0 {
            findings.append(
                .note(
                    line: number,
                    "the last line is cut off, as it is when vrrpd was killed while it wrote"))
        } else if !hasEnded {
            findings.append(
                .note(
                    line: number,
                    "the recording ends without an `end`: vrrpd was killed, or was still running"))
        }
    }

    private mutating func take(_ line: RecordingLine, _ number: Int) throws(RecordingDamage) {
        guard header != nil else {
            guard case .header(let first) = line else {
                throw RecordingDamage(message: "this is not the first line of a recording")
            }
            return header = first
        }
        guard !hasEnded else {
            throw RecordingDamage(message: "nothing may follow the `end` of a recording")
        }
        switch line {
        case .header:
            throw RecordingDamage(message: "a second recording begins within this one")
        case .start(let node, _):
            engine = Engine(node: node)
            untold = []
        case .checkpoint(let checkpoint, _):
            engine = Engine(restoring: checkpoint)
            untold = []
        case .input(let input, let now):
            handle(input, at: now)
        case .told(let text, _):
            compare(text, number)
        case .lost(let count):
            lose(count, number)
        case .end:
            hasEnded = true
            for event in untold {
                differ(number, recorded: nil, replayed: event.kind.text)
            }
        }
    }

    private mutating func handle(_ input: EngineInput, at now: Instant) {
        // After a loss nothing is known until the next checkpoint.
        guard engine != nil else { return }
        engine?.handle(input, at: now)
        inputCount += 1
        for case .tell(let event) in engine?.effects ?? [] {
            untold.append(event)
            let wall = header?.wall(of: event.at) ?? .zero
            findings.append(
                .event(event, logLine(wall, event.kind.level, event.kind.text)))
        }
        engine?.clearEffects()
    }

    private mutating func lose(_ count: UInt64, _ number: Int) {
        findings.append(
            .fault(
                line: number,
                "\(count) inputs were lost here: they came faster than they could be written."
                    + " The replay stops, and goes on at the next checkpoint, if there is one"))
        engine = nil
        untold = []
    }

    private mutating func compare(_ text: String, _ number: Int) {
        guard engine != nil else { return }
        guard !untold.isEmpty else {
            return differ(number, recorded: text, replayed: nil)
        }
        let replayed = untold.removeFirst().kind.text
        if replayed != text { differ(number, recorded: text, replayed: replayed) }
    }

    private mutating func differ(_ number: Int, recorded: String?, replayed: String?) {
        differences += 1
        findings.append(
            .fault(
                line: number,
                "the replay differs\n  recorded: \(recorded ?? "(nothing)")"
                    + "\n  replayed: \(replayed ?? "(nothing)")"))
    }
}

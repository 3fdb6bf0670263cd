// Reading: what damage is told and where, and that a difference between then and now is found.

import Foundation
import Testing
import VRRPCore
import VRRPEngine
import VRRPRuntime
import VRRPWire

@Suite("Replaying a recording")
struct ReplayTests {
    /// A recording that a test may spoil, by lines.
    private func recording() throws -> [String] {
        let encoder = RecordingLine.encoder()
        var engine = Engine(node: "gw1")
        var lines: [RecordingLine] = [
            .header(
                RecordingHeader(
                    release: "0.1.0", node: "gw1", at: at(1), wall: .seconds(1_700_000_000))),
            .checkpoint(engine.checkpoint, at: at(1)),
        ]
        for (input, now) in lonelyNight() {
            lines.append(.input(input, at: now))
            engine.handle(input, at: now)
            for case .tell(let event) in engine.effects {
                let text: String =
                    switch event.kind {
                    case .transition(_, let transition, _) where transition.to == .active:
                        "lan: Backup → Active: no advertisement for 4 s (priority 100)"
                    default:
                        "lan: Initialize → Backup: started, listening for an Active Router"
                            + " (priority 100)"
                    }
                lines.append(.told(text, at: event.at))
            }
            engine.clearEffects()
        }
        lines.append(.end("vrrpd stopped"))
        return try lines.map {
            String(decoding: try $0.encoded(with: encoder).dropLast(), as: UTF8.self)
        }
    }

    private func replay(_ lines: [String], cutting count: Int = 0) -> [String] {
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        return Replay(of: bytes.dropLast(count)).findings.map(\.text)
    }

    private let told = [
        "2023-11-14T22:13:20.000Z notice: lan: Initialize → Backup: started, listening for an"
            + " Active Router (priority 100)",
        "2023-11-14T22:13:24.000Z notice: lan: Backup → Active: no advertisement for 4 s"
            + " (priority 100)",
    ]

    @Test("events are told with the time on the wall")
    func events() throws {
        #expect(replay(try recording()) == told)
    }

    @Test("a last line that is cut off is normal, and so is a recording that goes on")
    func truncated() throws {
        let lines = try recording()
        #expect(
            replay(lines, cutting: 5) == told + [
                "\(lines.count): note: the last line is cut off, as it is when vrrpd was killed"
                    + " while it wrote"
            ])
        #expect(
            replay(lines.dropLast()) == told + [
                "\(lines.count): note: the recording ends without an `end`: vrrpd was killed, or"
                    + " was still running"
            ])
    }

    @Test("every beginning of a recording is read without a trap")
    func beginnings() throws {
        let bytes = Array((try recording().joined(separator: "\n") + "\n").utf8)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let findings = Replay(of: Array(bytes.prefix(count))).findings
            #expect(!findings.isEmpty)
        }
    }

    @Test("every damaged byte is a fault, a difference, or harmless; never a trap")
    func damaged() throws {
        let bytes = Array((try recording().joined(separator: "\n") + "\n").utf8)
        for place in stride(from: 0, to: bytes.count, by: 3) {
            for replacement in [UInt8(ascii: "9"), UInt8(ascii: "\""), 0xff] {
                var damaged = bytes
                damaged[place] = replacement
                _ = Replay(of: damaged).findings
            }
        }
    }

    @Test(
        "damage is told with its line",
        arguments: [
            (0, "hello", "1: this is not a JSON object"),
            (0, "[1, 2]", "1: this is not a JSON object"),
            (
                0, #"{"recording":{"format":2,"release":"0.9.0"}}"#,
                "1: this recording has format 2, and this vrrpd reads format 1: replay it with"
                    + " vrrpd 0.9.0"
            ),
            (0, #"{"recording":{"release":"0.9.0"}}"#, "1: `recording.format` is missing"),
            (0, #"{"foreign":{"format":1}}"#, "1: `foreign` is no input that this vrrpd knows"),
            (0, #"{"at":1,"advance":{}}"#, "1: this is not the first line of a recording"),
            (1, #"{"at":1,"checkpoint":{}}"#, "2: `checkpoint.node` is missing"),
            (
                3, #"{"at":1,"teleport":{"to":"gw2"}}"#,
                "4: `teleport` is no input that this vrrpd knows"
            ),
            (3, #"{"advance":{}}"#, "4: `at` is missing"),
            (
                3, #"{"at":"noon","advance":{}}"#,
                "4: `at`: Expected to decode Array<Any> but found"
                    + " a string instead."
            ),
            (3, #"{"at":1}"#, "4: a line says one thing, this one says 0"),
            (
                3, #"{"at":1,"advance":{},"leave":{}}"#,
                "4: a line says one thing, this one says 2"
            ),
            (
                3, #"{"at":1,"observeRemovedAddress":{"address":"192.0.2/24","interface":7}}"#,
                "4: `observeRemovedAddress.address`: `192.0.2/24` is not the text of"
                    + " InterfaceAddress"
            ),
            (3, #"{"at":1,"receiveMalformed":{}}"#, "4: `receiveMalformed.interface` is missing"),
        ])
    func damage(line: Int, text: String, expected: String) throws {
        var lines = try recording()
        lines[line] = text
        #expect(replay(lines) == [expected])
    }

    @Test("a file that is empty or not a recording is no recording")
    func foreign() {
        #expect(replay([]).first == "1: this is not a JSON object")
        #expect(Replay(of: []).findings.map(\.text) == ["1: this is not a recording of vrrpd"])
        #expect(
            Replay(of: Array("no line feed".utf8)).findings.map(\.text) == [
                "1: this is not a recording of vrrpd"
            ])
    }

    @Test("two recordings in one file are refused")
    func twice() throws {
        let lines = try recording()
        #expect(
            replay(lines.dropLast() + lines).last
                == "\(lines.count): a second recording begins within this one")
        #expect(
            replay(lines + ["{}"]).last
                == "\(lines.count + 1): a line says one thing, this one says 0")
        #expect(
            replay(lines + [#"{"at":1,"advance":{}}"#]).last
                == "\(lines.count + 1): nothing may follow the `end` of a recording")
    }

    @Test("a transition that is other than it was is told with both texts")
    func difference() throws {
        var lines = try recording()
        let place = lines.firstIndex { $0.contains("Backup → Active") } ?? 0
        lines[place] = lines[place].replacing("4 s", with: "3 s")
        #expect(
            replay(lines) == told + [
                """
                \(place + 1): the replay differs
                  recorded: lan: Backup → Active: no advertisement for 3 s (priority 100)
                  replayed: lan: Backup → Active: no advertisement for 4 s (priority 100)
                """
            ])
    }

    @Test("what only one of them tells is a difference, too")
    func missing() throws {
        var lines = try recording()
        lines.removeAll { $0.contains("Backup → Active") }
        #expect(
            replay(lines).last == """
                \(lines.count): the replay differs
                  recorded: (nothing)
                  replayed: lan: Backup → Active: no advertisement for 4 s (priority 100)
                """)
        lines.insert(#"{"at":1,"told":"lan: is tired"}"#, at: lines.count - 1)
        lines.insert(#"{"at":1,"told":"lan: is very tired"}"#, at: lines.count - 1)
        #expect(
            replay(lines).last == """
                \(lines.count - 1): the replay differs
                  recorded: lan: is very tired
                  replayed: (nothing)
                """)
    }
}

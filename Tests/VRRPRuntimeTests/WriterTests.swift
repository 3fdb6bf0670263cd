// Writing: the files, their limits, their rights, and what happens when they cannot be written.

import Foundation
import LinuxNetwork
import Testing
import VRRPCore
import VRRPEngine
import VRRPRuntime
import VRRPWire

@Suite("Writing a recording")
struct WriterTests {
    private let scratch: Scratch
    private let reports = Reports()

    init() throws {
        scratch = try Scratch()
    }

    private func writer(
        _ recorder: Recorder, _ name: String = "night", limit: Int = 1 << 20
    ) throws -> RecordingWriter {
        try RecordingWriter(
            RecordingOptions(
                path: scratch.file(name), limit: limit, release: "0.1.0", node: "gw1"), recorder
        ) { [reports] in reports.add($0, $1) }
    }

    /// Everything is in the queue before the writer runs: no thread is needed.
    private func record(
        _ inputs: [(EngineInput, Instant)], _ name: String = "night"
    ) throws {
        let recorder = try Recorder()
        var loop = SmallLoop(recorder: recorder)
        for (input, now) in inputs { loop.handle(input, at: now) }
        recorder.finish()
        try writer(recorder, name).run()
    }

    @Test("the file is one that grep can read, and replays to the same")
    func whole() throws {
        try record(lonelyNight())
        let lines = try scratch.lines("night")
        #expect(lines[0].hasPrefix(#"{"recording":{"#) && lines[0].contains(#""node":"gw1""#))
        #expect(lines[1] == #"{"at":1000000000,"start":"gw1"}"#)
        #expect(lines[3] == #"{"at":1000000000,"beginResynchronisation":{}}"#)
        #expect(lines.contains(#"{"at":2000000000,"advance":{}}"#))
        #expect(
            lines.contains(
                #"{"at":5000000000,"told":"lan: Backup → Active: no advertisement for 4 s"#
                    + #" (priority 100)"}"#))
        #expect(lines.last == #"{"end":"vrrpd stopped"}"#)
        let replay = Replay(of: try scratch.bytes("night"))
        #expect(replay.isFaultless == true)
        #expect(replay.findings.count == 2 && replay.findings.allSatisfy(\.isEvent))
        #expect(
            reports.all == [
                "recording what goes into the engine to \(scratch.file("night")), at most 2 times"
                    + " 1 MiB"
            ])
    }

    @Test("only its owner may read it")
    func mode() throws {
        try record(lonelyNight())
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file("night"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("an older recording becomes FILE.1, and the one before that goes")
    func older() throws {
        try record(lonelyNight())
        let first = try scratch.bytes("night")
        try record(lonelyNight(until: 3))
        #expect(try scratch.bytes("night.1") == first)
        try record(lonelyNight(until: 4))
        #expect(try scratch.bytes("night.1") != first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 2)
    }

    @Test("what is not a recording is never replaced, and a link is never followed")
    func foreign() throws {
        try Data("precious".utf8).write(to: URL(filePath: scratch.file("precious")))
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file("link"), withDestinationPath: scratch.file("target"))
        try record(lonelyNight(), "precious")
        try record(lonelyNight(), "link")
        try record(lonelyNight(), "none/night")
        try record(lonelyNight())
        try FileManager.default.removeItem(atPath: scratch.file("night"))
        try Data("precious".utf8).write(to: URL(filePath: scratch.file("night.1")))
        try record(lonelyNight())
        try record(lonelyNight())
        #expect(try scratch.bytes("precious") == Array("precious".utf8))
        #expect(try scratch.bytes("night.1") == Array("precious".utf8))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("target")))
        let failures = reports.all.filter { $0.hasPrefix("error: ") }
        let path = scratch.path
        #expect(
            failures == [
                "error: recording stopped: cannot create \(path)/precious: it is there already and"
                    + " is not a recording",
                "error: recording stopped: cannot create \(path)/link: it is there already and is"
                    + " not a regular file",
                "error: recording stopped: cannot create \(path)/none/night: open: No such file or"
                    + " directory (ENOENT)",
                "error: recording stopped: cannot replace \(path)/night.1: it is there already and"
                    + " is not a recording",
            ])
    }

    @Test("an empty file of a full disk is begun again")
    func empty() throws {
        try Data().write(to: URL(filePath: scratch.file("night")))
        try record(lonelyNight())
        #expect(Replay(of: try scratch.bytes("night")).isFaultless == true)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("night.1")))
    }

    @Test("a full disk ends the recording with one line, and the recorder takes nothing more")
    func fullDisk() throws {
        let recorder = try Recorder(capacity: 64)
        try FileManager.default.removeItem(atPath: scratch.path)
        var loop = SmallLoop(recorder: recorder)
        for (input, now) in lonelyNight() { loop.handle(input, at: now) }
        recorder.finish()
        try writer(recorder).run()
        #expect(reports.all.count == 1)
        #expect(!recorder.needsCheckpoint)
        // Never waits: nobody takes anything out any more.
        for _ in 0..<200 { loop.handle(.advance, at: at(7)) }
        recorder.finish()
    }

    @Test("each of two files stays within the limit and can be replayed on its own")
    func rotation() throws {
        let limit = 1 << 20
        let recorder = try Recorder(capacity: 1 << 12)
        let writer = try writer(recorder, limit: limit)
        let thread = try startThread(name: "test-record") { writer.run() }
        var loop = SmallLoop(recorder: recorder)
        for (input, now) in lonelyNight() { loop.handle(input, at: now) }
        let foreign = EngineInput.receive(
            interface: 7, source: .v4(IPv4Address(192, 0, 2, 9)), destination: .v4(.vrrpGroup),
            hopLimit: 255, message: HexadecimalBytes(Array(repeating: 0x31, count: 60)))
        for number in 0..<5000 {
            loop.handle(foreign, at: at(10 + Double(number)))
            loop.handle(.advance, at: at(10 + Double(number)))
            while recorder.waitingCount > 200 { pause(.milliseconds(1)) }
        }
        recorder.finish()
        thread.join()
        let now = at(7000)
        for name in ["night", "night.1"] {
            let bytes = try scratch.bytes(name)
            #expect(bytes.count <= limit && bytes.count > limit / 8)
            let replay = Replay(of: bytes)
            #expect(replay.isFaultless == true, "\(replay.findings.suffix(2))")
            #expect(replay.findings.count > 100)
        }
        let last = Replay(of: try scratch.bytes("night"))
        #expect(last.snapshot(at: now) == loop.engine.snapshot(at: now))
        #expect(try scratch.lines("night")[1].contains(#","checkpoint":{"#))
        #expect(try scratch.lines("night.1").last == #"{"end":"continued in the next file"}"#)
    }

    @Test("a limit that the state alone would fill is refused")
    func tooSmall() throws {
        let recorder = try Recorder()
        var loop = SmallLoop(recorder: recorder)
        loop.handle(.advance, at: at(1))
        recorder.finish()
        try writer(recorder, limit: 256).run()
        #expect(
            reports.all == [
                "error: recording stopped: the state of all virtual routers alone takes 1 MiB, and"
                    + " a file may have 0: set a higher --record-limit"
            ])
    }

    @Test("what has no room in the queue is told, and a checkpoint mends the recording")
    func loss() throws {
        let recorder = try Recorder(capacity: 32)
        var loop = SmallLoop(recorder: recorder)
        for (input, now) in lonelyNight(until: 20) { loop.handle(input, at: now) }
        let writer = try writer(recorder)
        let thread = try startThread(name: "test-record") { writer.run() }
        while recorder.waitingCount > 0 { pause(.milliseconds(1)) }
        for (input, now) in lonelyNight(until: 30) where now > at(20) {
            loop.handle(input, at: now)
            while recorder.waitingCount > 0 { pause(.milliseconds(1)) }
        }
        recorder.finish()
        thread.join()
        let lines = try scratch.lines("night")
        let lost = lines.firstIndex { $0.hasPrefix(#"{"lost":"#) }
        #expect(lines[(lost ?? 0) + 1].contains("checkpoint"))
        let replay = Replay(of: try scratch.bytes("night"))
        let faults = replay.findings.filter { !$0.isEvent }.map(\.text)
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix("\((lost ?? 0) + 1): ") == true)
        #expect(faults.first?.contains("inputs were lost here") == true)
        #expect(replay.isFaultless == false)
        #expect(replay.snapshot(at: at(30)) == loop.engine.snapshot(at: at(30)))
    }
}

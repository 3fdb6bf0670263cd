// Nights that were recorded with real daemons, replayed: what the engine decided then, it decides
// now. `VRRP_WRITE_RECORDINGS=1` and `Tests/run -k night` record them anew.

import Foundation
import Testing
import VRRPCore
import VRRPEngine
import VRRPRuntime

@Suite("Recordings of real daemons")
struct FixtureTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Recordings")

    private func transitions(_ name: String) throws -> [String] {
        let bytes = Array(try Data(contentsOf: Self.folder.appending(path: "\(name).jsonl")))
        let replay = Replay(of: bytes)
        #expect(
            replay.isFaultless == true, "\(replay.findings.last { !$0.isEvent }.map(\.text) ?? "")")
        #expect(replay.inputCount > 15)
        return replay.findings.compactMap { finding in
            guard case .event(let event, _) = finding,
                case .transition(_, let transition, _) = event.kind
            else { return nil }
            return "\(transition.to): \(transition.reason.code)"
        }
    }

    @Test("the Active Router, until it was killed")
    func killed() throws {
        #expect(
            try transitions("killed-active") == ["backup: startup", "active: no-advertisement"])
    }

    @Test("the Active Router, from its return until it was stopped")
    func returned() throws {
        #expect(
            try transitions("failback-active") == [
                "backup: startup", "active: lower-priority-peer", "initialize: shutdown",
            ])
    }

    @Test("the Backup, which took over twice")
    func backup() throws {
        #expect(
            try transitions("failback-backup") == [
                "backup: startup", "active: no-advertisement", "backup: higher-priority",
                "active: priority-zero", "initialize: shutdown",
            ])
    }

    @Test("every recording here is replayed by a test")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
        #expect(
            Set(names.filter { $0.hasSuffix(".jsonl") }) == [
                "killed-active.jsonl", "failback-active.jsonl", "failback-backup.jsonl",
            ])
    }
}

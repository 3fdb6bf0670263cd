// Recordings made in a directory of their own, and small ones written by hand.

import Foundation
import LinuxNetwork
import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPRuntime
import VRRPWire

/// Whole milliseconds, as a clock has whole nanoseconds.
func at(_ seconds: Double) -> Instant {
    Instant(sinceOrigin: .milliseconds(Int((seconds * 1000).rounded())))
}

func routerConfiguration(_ name: String = "lan") -> VirtualRouterConfiguration? {
    guard let address = InterfaceAddress("192.0.2.1/24"), let vrid = VirtualRouterID(51) else {
        return nil
    }
    return VirtualRouterConfiguration(
        name: name, family: .ipv4, interface: "lan0", vrid: vrid,
        addresses: [VirtualAddress(address: address)])
}

/// A configured router, its interface with an address, and a few seconds in which nobody is heard:
/// it becomes Active.
func lonelyNight(until end: Double = 6) -> [(EngineInput, Instant)] {
    guard let own = InterfaceAddress("192.0.2.3/24") else { return [] }
    let start: [EngineInput] = [
        .apply(
            configuration: Configuration(
                node: "gw1", routers: [routerConfiguration()].compactMap { $0 })),
        .beginResynchronisation(),
        .observeLink(
            link: Link(
                index: 7, name: "lan0", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0003))),
        .observeAddress(address: KernelAddress(interface: 7, address: own)),
        .endResynchronisation,
    ]
    return start.map { ($0, at(1)) }
        + stride(from: 2.0, to: end, by: 0.5).map { (.advance, at($0)) }
}

/// A temporary directory that a test leaves behind clean.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "vrrpd-recording-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: file(name))))
    }

    func lines(_ name: String) throws -> [String] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// What the writer said in the log.
final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []

    var all: [String] { lock.withLock { texts } }

    func add(_ text: String, _ isFailure: Bool) {
        lock.withLock { texts.append((isFailure ? "error: " : "") + text) }
    }
}

/// The loop of a daemon, as far as recordings care: gives inputs to an engine and to a recorder in
/// the same way, and posts what the engine tells.
struct SmallLoop: ~Copyable {
    var engine = Engine(node: "gw1")
    let recorder: Recorder

    mutating func handle(_ input: EngineInput, at now: Instant) {
        if recorder.needsCheckpoint { recorder.begin(with: engine.checkpoint, at: now) }
        recorder.record(input, at: now)
        engine.handle(input, at: now)
        for case .tell(let event) in engine.effects { recorder.told(event) }
        engine.clearEffects()
    }
}

extension ReplayFinding {
    /// As a test compares it: faults and notes as they are printed, events as their line.
    var text: String {
        switch self {
        case .event(_, let line): line
        case .note(let line, let text): "\(line): note: \(text)"
        case .fault(let line, let text): "\(line): \(text)"
        }
    }

    var isEvent: Bool {
        if case .event = self { true } else { false }
    }
}

// The thread that writes a recording: values from the recorder become lines, and lines two files
// of bounded size. Whatever fails here ends the recording, never the daemon.

import FoundationEssentials
package import LinuxNetwork
import VRRPControl
import VRRPCore
import VRRPEngine

/// Made by the main thread, which gives it to a thread of its own and does not touch it again.
package final class RecordingWriter: @unchecked Sendable {
    private let options: RecordingOptions
    private let recorder: Recorder
    /// Says a line in the log: what happened, and whether it is a failure.
    private let report: @Sendable (_ text: String, _ isFailure: Bool) -> Void
    private let encoder = RecordingLine.encoder()
    private var poller: Poller
    private var file: RecordingFile?
    /// A checkpoint was asked for, to begin the next file with.
    private var isRotationDue = true
    /// Inputs that the file had no room for, waiting for that checkpoint.
    private var dropped: UInt64 = 0

    package init(
        _ options: RecordingOptions, _ recorder: Recorder,
        report: @escaping @Sendable (_ text: String, _ isFailure: Bool) -> Void
    ) throws(SystemError) {
        let poller = try Poller()
        try poller.add(recorder.queue.rawDescriptor, token: 0)
        self.options = options
        self.recorder = recorder
        self.report = report
        self.poller = poller
    }

    /// Until the recorder has finished, or something fails.
    package func run() {
        do throws(RecordingFailure) {
            while try takeAll() { try wait() }
        } catch {
            recorder.giveUp()
            while recorder.queue.take() != nil {}
            report("recording stopped: \(error.message)", true)
        }
    }

    private func wait() throws(RecordingFailure) {
        do throws(SystemError) {
            try poller.wait(milliseconds: -1) { _, _ in }
        } catch {
            throw RecordingFailure(message: "\(error)")
        }
    }

    /// False after the last message.
    private func takeAll() throws(RecordingFailure) -> Bool {
        while let message = recorder.queue.take() {
            switch message {
            case .checkpoint(let checkpoint, let now): try begin(checkpoint, at: now)
            case .input(let input, let now): try append(.input(input, at: now))
            case .told(let event): try append(.told(event.kind.text, at: event.at))
            case .lost(let count):
                try append(.lost(count))
                report(
                    "recording: \(count) inputs were lost, they came faster than they could be"
                        + " written", true)
            case .stop:
                try end("vrrpd stopped")
                return false
            }
        }
        try file?.flush()
        return true
    }

    /// A checkpoint begins a new file, or, after a loss, mends the one that is being written.
    private func begin(_ checkpoint: EngineCheckpoint, at now: Instant) throws(RecordingFailure) {
        guard isRotationDue else { return try append(.checkpoint(checkpoint, at: now)) }
        let isFirst = file == nil
        try end("continued in the next file")
        // Both clocks now, and what the boot clock said a moment ago stays true.
        let header = RecordingHeader(
            release: options.release, node: options.node,
            at: Instant(sinceOrigin: Clock.boot()), wall: Clock.wall())
        let first = try line(.header(header))
        let second = try line(
            checkpoint.nodeOfNewEngine.map { .start(node: $0, at: now) }
                ?? .checkpoint(checkpoint, at: now))
        guard first.count + second.count <= options.limit / 2 else {
            throw RecordingFailure(
                message: "the state of all virtual routers alone takes"
                    + " \((first.count + second.count) >> 20 + 1) MiB, and a file may have"
                    + " \(options.limit >> 20): set a higher --record-limit")
        }
        var new = try RecordingFile(options)
        try new.append(first)
        try new.append(second)
        try new.flush()
        file = consume new
        isRotationDue = false
        guard isFirst else { return }
        report(
            "recording what goes into the engine to \(options.path), at most 2 times"
                + " \(options.limit >> 20) MiB", false)
    }

    private func end(_ reason: String) throws(RecordingFailure) {
        guard file != nil else { return }
        let lines = try (dropped > 0 ? line(.lost(dropped)) : []) + line(.end(reason))
        try file?.append(lines)
        try file?.flush()
        file = nil
        dropped = 0
    }

    /// A checkpoint is asked for well before the file is full, so that what comes until it is
    /// there has room as well.
    private func append(_ value: RecordingLine) throws(RecordingFailure) {
        guard let size = file?.size else { return }
        let line = try line(value)
        let hasRoom = dropped == 0 && size + line.count <= options.limit - Self.reserve
        if hasRoom { try file?.append(line) } else { drop(value) }
        if !isRotationDue, !hasRoom || size > options.limit / 4 * 3 {
            isRotationDue = true
            recorder.demandCheckpoint()
        }
    }

    /// After the first that is missing, the others are of no use.
    private func drop(_ value: RecordingLine) {
        switch value {
        case .input: dropped &+= 1
        case .lost(let count): dropped &+= count
        case .header, .start, .checkpoint, .told, .end: dropped = max(dropped, 1)
        }
    }

    private func line(_ value: RecordingLine) throws(RecordingFailure) -> [UInt8] {
        do {
            return try value.encoded(with: encoder)
        } catch {
            throw RecordingFailure(message: "a value cannot be written: \(error)")
        }
    }

    /// For the last lines of a file that is full.
    private static let reserve = 256
}

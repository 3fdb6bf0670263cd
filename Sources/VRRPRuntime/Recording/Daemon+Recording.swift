// What the daemon does with recordings: it writes one on a third thread, and replays one without
// starting anything.

import LinuxNetwork

/// The thread that writes a recording, and what it is fed through.
struct RecordingThread: ~Copyable {
    private let recorder: Recorder
    private let thread: JoinableThread

    init(
        _ options: RecordingOptions, _ recorder: Recorder, office: Mailbox<OfficeMessage>
    ) throws(SystemError) {
        let writer = try RecordingWriter(options, recorder) { text, isFailure in
            // The office is never full for long; a daemon that logs that much has other troubles.
            var attempts = 100
            while attempts > 0, !office.post(.recording(text, isFailure: isFailure)) {
                attempts -= 1
                pause(.milliseconds(10))
            }
        }
        let thread = try startThread(name: "vrrpd-record") { writer.run() }
        self.recorder = recorder
        self.thread = thread
    }

    /// Writes what is left and waits for it.
    consuming func finish() {
        recorder.finish()
        thread.join()
    }
}

extension Daemon {
    /// Starts nothing: gives a recording to the engine and prints what it tells, as the log did.
    package static func replay(path: String) -> ExitStatus {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path, limit: replayLimit)
        } catch {
            writeStandardError("vrrpd: cannot read the recording \(path): \(error)\n")
            return .failed
        }
        let replay = Replay(of: bytes)
        for finding in replay.findings {
            switch finding {
            case .event(_, let line): writeStandardOutput(line + "\n")
            case .note(let line, let text): writeStandardError("\(path):\(line): note: \(text)\n")
            case .fault(let line, let text): writeStandardError("\(path):\(line): \(text)\n")
            }
        }
        return replay.isFaultless ? .done : .failed
    }

    /// A recording may be as large as `--record-limit` allows, and a little more.
    private static let replayLimit = (RecordingOptions.largestLimitInMiB + 1) << 20
}

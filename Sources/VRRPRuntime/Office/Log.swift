// The log: swift-log in front, standard error or the journal behind. Written by the office only.

import LinuxNetwork
import Logging
import VRRPConfiguration
import VRRPControl
import VRRPCore
import VRRPEngine

/// A log handler that writes a line to standard error: with a `<N>` priority for the journal, with
/// the time and the level for people.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    /// Whether the journal reads standard error and wants priorities.
    let isJournal: Bool

    init(_ configuration: LogConfiguration) {
        logLevel = configuration.level.loggerLevel
        isJournal =
            switch configuration.target {
            case .auto: environment()["JOURNAL_STREAM"] != nil
            case .journal: true
            case .stderr: false
            }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if isJournal {
            writeStandardError("<\(event.level.journalPriority)>\(event.message)\n")
        } else {
            writeStandardError(logLine(Clock.wall(), event.level, "\(event.message)") + "\n")
        }
    }
}

/// A line for people, of a moment on the wall clock.
func logLine(_ wall: Duration, _ level: Logger.Level, _ message: String) -> String {
    "\(rfc3339(sinceEpoch: wall)) \(level.rawValue): \(message)"
}

extension LogLevel {
    var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

extension Logger.Level {
    /// syslog(3).
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

extension EngineEvent.Kind {
    /// How much it matters.
    var level: Logger.Level {
        switch self {
        case .transition, .configured: .notice
        case .discarded, .checksumForm, .addressForeign, .equalPriority, .noVersion2: .notice
        case .addressTwice, .unable, .intervalMismatch, .addressListMismatch, .ownerConflict,
            .addressRestored,
            .addressCleared, .deviceRestored, .deviceCleared:
            .warning
        case .addressFailed, .deviceFailed, .listenFailed, .solicitationsFailed, .transmitFailed:
            .error
        }
    }
}

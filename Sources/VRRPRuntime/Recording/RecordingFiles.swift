// The two files of a recording: FILE, which grows up to a limit, and FILE.1, the one before it.
// What is not a recording is never replaced.

import LinuxNetwork
import VRRPControl

/// Where a recording goes and how much of it is kept.
package struct RecordingOptions: Sendable {
    package var path: String
    /// Of one file, in bytes; there are two at most.
    package var limit: Int
    package var release: String
    package var node: String

    package init(path: String, limit: Int, release: String, node: String) {
        self.path = path
        self.limit = limit
        self.release = release
        self.node = node
    }

    package static let standardLimitInMiB = 64
    package static let largestLimitInMiB = 4096
    /// The name of the file before this one.
    package var previous: String { path + ".1" }
}

/// Why recording stopped, in a clause.
package struct RecordingFailure: Error, Equatable, Sendable {
    package var message: String
}

/// The file that is being written, with what has not reached it yet.
struct RecordingFile: ~Copyable {
    private let file: OutputFile
    private let path: String
    private var buffer: [UInt8] = []
    /// With what is still in the buffer.
    private(set) var size = 0

    /// Moves an older recording out of the way and begins another.
    init(_ options: RecordingOptions) throws(RecordingFailure) {
        path = options.path
        file = try Self.create(options)
        buffer.reserveCapacity(2 * Self.bufferSize)
    }

    private static func create(
        _ options: RecordingOptions
    ) throws(RecordingFailure) -> OutputFile {
        if try isRecording(options.path, "create") {
            _ = try isRecording(options.previous, "replace")
        }
        do throws(SystemError) {
            if try FileKind(of: options.path) == .regular {
                try renameFile(options.path, to: options.previous)
            }
            return try OutputFile(creating: options.path)
        } catch {
            throw failure("create", options.path, error)
        }
    }

    mutating func append(_ line: [UInt8]) throws(RecordingFailure) {
        buffer += line
        size += line.count
        if buffer.count >= Self.bufferSize { try flush() }
    }

    mutating func flush() throws(RecordingFailure) {
        guard !buffer.isEmpty else { return }
        do throws(SystemError) {
            try file.append(buffer)
        } catch {
            throw Self.failure("write", path, error)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// False for what is not there. Throws for whatever must not be replaced.
    private static func isRecording(
        _ path: String, _ verb: String
    ) throws(RecordingFailure) -> Bool {
        let problem: any CustomStringConvertible
        do throws(SystemError) {
            switch try FileKind(of: path) {
            case .missing:
                return false
            case .symbolicLink, .other:
                problem = "it is there already and is not a regular file"
            case .regular:
                let wanted = RecordingHeader.firstBytes
                let start = try readStart(of: path, count: wanted.count)
                if start == wanted { return true }
                if start.isEmpty {
                    // Begun on a full disk.
                    try removeFile(path)
                    return false
                }
                problem = "it is there already and is not a recording"
            }
        } catch {
            problem = error
        }
        throw failure(verb, path, problem)
    }

    private static func failure(
        _ verb: String, _ path: String, _ error: some CustomStringConvertible
    ) -> RecordingFailure {
        RecordingFailure(message: "cannot \(verb) \(path): \(error)")
    }

    private static let bufferSize = 65536
}

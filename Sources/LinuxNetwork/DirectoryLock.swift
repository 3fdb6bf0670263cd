// A directory that only one process uses at a time.

import CSys
import Glibc

package struct DirectoryLock: ~Copyable {
    package enum Failure: Error, Equatable, Sendable {
        /// Another process has it; 0 when it did not say which.
        case heldBy(Int32)
        case system(SystemError)
    }

    private let descriptor: FileDescriptor

    /// Creates the directory if it is missing and locks it, until this value or the process ends.
    /// The file stays: removing it would let two processes lock two files.
    package init(directory: String) throws(Failure) {
        let path = directory + "/lock"
        let file = try Self.open(path, in: directory)
        let result = csys_lock_exclusively(file.rawValue)
        if result == -Int(EWOULDBLOCK) { throw .heldBy(Self.holder(path)) }
        if result < 0 { throw .system(SystemError(call: "flock", code: Int32(-result))) }
        var text = "\(getpid())\n"
        text.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return }
            _ = csys_truncate_and_write(file.rawValue, start, bytes.count)
        }
        descriptor = file
    }

    private static func open(
        _ path: String, in directory: String
    ) throws(Failure) -> FileDescriptor {
        do throws(SystemError) {
            try createDirectory(directory)
            return try FileDescriptor("open") {
                csys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644)
            }
        } catch {
            throw .system(error)
        }
    }

    private static func holder(_ path: String) -> Int32 {
        guard let bytes = try? readFile(path, limit: 64) else { return 0 }
        let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int32(String(decoding: digits, as: UTF8.self)) ?? 0
    }
}

extension DirectoryLock.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .heldBy(0): "in use by another process"
        case .heldBy(let process): "in use by process \(process)"
        case .system(let error): error.description
        }
    }
}

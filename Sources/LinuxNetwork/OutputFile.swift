// A file that is made anew, written from start to end, and may hold secrets.

import CSys
import Glibc

/// A regular file of mode 0600 that did not exist before.
package struct OutputFile: ~Copyable {
    private let descriptor: FileDescriptor

    /// Fails where anything of that name exists, a symbolic link included.
    package init(creating path: String) throws(SystemError) {
        descriptor = try FileDescriptor("open") {
            csys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        }
    }

    /// Writes all of it, or throws: then some of it may have been written.
    package func append(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try systemCall("write") {
                bytes.withUnsafeBytes { buffer in
                    let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                    let count = Glibc.write(descriptor.rawValue, rest.baseAddress, rest.count)
                    return count < 0 ? -Int(errno) : count
                }
            }
        }
    }
}

/// What a path names, without following a symbolic link.
package enum FileKind: Equatable, Sendable {
    case missing, regular, symbolicLink, other

    package init(of path: String) throws(SystemError) {
        do {
            self =
                switch try status(path).mode & S_IFMT {
                case S_IFREG: .regular
                case S_IFLNK: .symbolicLink
                default: .other
                }
        } catch  where error.code == ENOENT {
            self = .missing
        }
    }
}

/// Gives a file another name in place of what may have that name; links are not followed.
package func renameFile(_ path: String, to other: String) throws(SystemError) {
    try systemCall("rename") { rename(path, other) < 0 ? -Int(errno) : 0 }
}

/// The first bytes of a file.
package func readStart(of path: String, count: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor("open") { csys_open(path, O_RDONLY | O_NOFOLLOW, 0) }
    var bytes = [UInt8](repeating: 0, count: count)
    let length = try systemCall("read") {
        bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return csys_read(file.rawValue, start, buffer.count)
        }
    }
    return Array(bytes.prefix(length))
}

/// Removes a file's name.
package func removeFile(_ path: String) throws(SystemError) {
    try systemCall("unlink") { csys_unlink(path) }
}

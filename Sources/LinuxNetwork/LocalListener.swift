// A local stream socket with a name in the file system.

import CSys
import Glibc

package struct LocalListener: ~Copyable {
    private let descriptor: FileDescriptor
    private let path: String
    /// The file that `init` made.
    private let file: csys_file

    /// Creates the parent directory if it is missing. Replaces the socket file of a process that
    /// is gone; throws EADDRINUSE when one answers, or when something else lies there. Nobody can
    /// connect before owner and mode are right.
    package init(path: String, mode: UInt32, groupID: UInt32?) throws(SystemError) {
        try createDirectory(parentDirectory(of: path))
        try Self.clear(path)
        let socket = try FileDescriptor.socket(SocketFamily.local, SocketType.stream, 0)
        // The file takes its mode from the socket: it is nobody's until it is finished.
        try systemCall("fchmod") { csys_change_descriptor_mode(socket.rawValue, 0) }
        try systemCall("bind") { csys_local_bind(socket.rawValue, path) }
        do {
            if let groupID {
                try systemCall("chown") { csys_change_group(path, groupID) }
            }
            try systemCall("chmod") { csys_change_mode(path, mode) }
            try systemCall("listen") { csys_local_listen(socket.rawValue) }
            file = try status(path)
        } catch {
            _ = csys_unlink(path)
            throw error
        }
        descriptor = socket
        self.path = path
    }

    deinit {
        // Another process may have put its own there.
        guard let now = try? status(path), now.inode == file.inode, now.device == file.device
        else { return }
        _ = csys_unlink(path)
    }

    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// The next connection; nil when nobody waits.
    package func accept() throws(SystemError) -> LocalConnection? {
        let accepted = try systemCallUnlessEmpty("accept") {
            csys_local_accept(descriptor.rawValue)
        }
        guard let accepted else { return nil }
        return try LocalConnection(FileDescriptor(owning: Int32(accepted)))
    }

    private static func clear(_ path: String) throws(SystemError) {
        var file = csys_file()
        let result = csys_status(path, &file)
        if result == -Int(ENOENT) { return }
        guard result >= 0, file.mode & S_IFMT == S_IFSOCK else {
            throw SystemError(call: "bind", code: EADDRINUSE)
        }
        let probe = try FileDescriptor.socket(SocketFamily.local, SocketType.stream, 0)
        // Any other answer, a full queue too, comes from somebody alive.
        guard csys_local_connect(probe.rawValue, path) == -Int(ECONNREFUSED) else {
            throw SystemError(call: "bind", code: EADDRINUSE)
        }
        try systemCall("unlink") { csys_unlink(path) }
    }
}

// Small files and directories.

import CSys
import Glibc

/// The bytes of a file. Throws EFBIG when there are more than `limit`.
package func readFile(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor("open") { csys_open(path, O_RDONLY, 0) }
    var bytes: [UInt8] = []
    while true {
        // One more than allowed, to notice it. Files in /proc do not tell their size.
        let wanted = min(limit - bytes.count + 1, 1 << 16)
        var outcome = 0
        withUnsafeTemporaryAllocation(byteCount: wanted, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return }
            repeat {
                outcome = csys_read(file.rawValue, start, wanted)
            } while outcome == -Int(EINTR)
            if outcome > 0 { bytes.append(contentsOf: buffer[..<outcome]) }
        }
        guard outcome >= 0 else { throw SystemError(call: "read", code: Int32(-outcome)) }
        if outcome == 0 { return bytes }
        guard bytes.count <= limit else { throw SystemError(call: "read", code: EFBIG) }
    }
}

/// The names in a directory, sorted, without `.` and `..`.
package func listDirectory(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else {
        throw SystemError(call: "opendir", code: errno)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
            let size = MemoryLayout.size(ofValue: field.pointee)
            return UnsafeRawPointer(field).withMemoryRebound(to: UInt8.self, capacity: size) {
                String(
                    decoding: UnsafeBufferPointer(start: $0, count: size).prefix { $0 != 0 },
                    as: UTF8.self)
            }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Creates a directory of mode 0755 whose parent exists. Nothing happens when it is there.
func createDirectory(_ path: String) throws(SystemError) {
    do {
        try systemCall("mkdir") { csys_make_directory(path, 0o755) }
    } catch  where error.code == EEXIST {
        return
    }
}

func parentDirectory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Of the file itself, not of what a symbolic link points to.
func status(_ path: String) throws(SystemError) -> csys_file {
    var file = csys_file()
    try systemCall("lstat") { csys_status(path, &file) }
    return file
}

/// What a symbolic link points to.
func linkTarget(_ path: String) throws(SystemError) -> String {
    try withUnsafeTemporaryAllocation(
        of: UInt8.self, capacity: 4096
    ) { buffer throws(SystemError) in
        let length = try systemCall("readlink") {
            guard let start = buffer.baseAddress else { return 0 }
            let count = start.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
                readlink(path, $0, buffer.count)
            }
            return count < 0 ? -Int(errno) : count
        }
        return String(decoding: buffer[..<length], as: UTF8.self)
    }
}

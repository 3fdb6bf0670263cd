// Local streams, locks, files and the process.

import Glibc
import LinuxNetwork
import Testing

/// A directory that is removed with everything in it.
private final class Scratch {
    let path: String

    init() {
        path = "/tmp/linux-network-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(path, 0o700)
    }

    deinit {
        for name in (try? listDirectory(path)) ?? [] {
            let child = path + "/" + name
            for inner in (try? listDirectory(child)) ?? [] { unlink(child + "/" + inner) }
            if unlink(child) != 0 { rmdir(child) }
        }
        rmdir(path)
    }
}

private func mode(_ path: String) -> UInt32 {
    var result = stat()
    return stat(path, &result) == 0 ? result.st_mode & 0o7777 : 0
}

@Suite("Local sockets")
struct LocalSocketTests {
    @Test("a conversation, with the credentials of the peer")
    func conversation() throws {
        let scratch = Scratch()
        let path = scratch.path + "/made/control"
        let listener = try LocalListener(path: path, mode: 0o660, groupID: getgid())
        #expect(mode(path) == 0o660)
        #expect(mode(scratch.path + "/made") & 0o7000 == 0)
        let isNobody = try listener.accept() == nil
        #expect(isNobody)

        let client = try LocalConnection.connect(path: path, timeout: .seconds(1))
        guard let server = try listener.accept() else {
            Issue.record("nobody connected")
            return
        }
        #expect(server.peerProcessID == getpid())
        #expect(server.peerUserID == geteuid())
        #expect(server.peerGroupID == getegid())

        var bytes: [UInt8] = [1]
        #expect(try server.read(into: &bytes, limit: 10) == .nothing)
        #expect(try client.write([2, 3, 4]) == 3)
        #expect(try server.waitUntilReadable(timeout: .seconds(1)))
        #expect(try server.read(into: &bytes, limit: 2) == .bytes(2))
        #expect(try server.read(into: &bytes, limit: 2) == .bytes(1))
        #expect(bytes == [1, 2, 3, 4])
        #expect(try !client.waitUntilReadable(timeout: .milliseconds(1)))

        // A stream that nobody reads fills up; that is not an error.
        let block = [UInt8](repeating: 0, count: 1 << 16)
        var written = 0
        while true {
            let count = try server.write(block[...])
            if count == 0 { break }
            written += count
        }
        #expect(written > 0)
        #expect(throws: SystemError(call: "send", code: ETIMEDOUT)) {
            try server.writeAll(block, timeout: .milliseconds(5))
        }
        var received: [UInt8] = []
        while case .bytes = try client.read(into: &received, limit: 1 << 20) {}
        #expect(received.count == written)
    }

    @Test("the end of the other side is seen by who reads and by who writes")
    func end() throws {
        let scratch = Scratch()
        let path = scratch.path + "/control"
        let listener = try LocalListener(path: path, mode: 0o600, groupID: nil)
        do {
            let client = try LocalConnection.connect(path: path, timeout: .seconds(1))
            _ = try client.write([1])
        }
        guard let server = try listener.accept() else {
            Issue.record("nobody connected")
            return
        }
        var bytes: [UInt8] = []
        #expect(try server.read(into: &bytes, limit: 10) == .bytes(1))
        #expect(try server.read(into: &bytes, limit: 10) == .ended)
        #expect(throws: SystemError(call: "send", code: EPIPE)) { _ = try server.write([1]) }
    }

    @Test("a second listener is refused; a dead one is replaced; the file goes with its owner")
    func second() throws {
        let scratch = Scratch()
        let path = scratch.path + "/control"
        do {
            let listener = try LocalListener(path: path, mode: 0o600, groupID: nil)
            #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) {
                _ = try LocalListener(path: path, mode: 0o600, groupID: nil)
            }
            // Moved away, the file of the living is not found and another may come.
            rename(path, path + ".old")
            do {
                let other = try LocalListener(path: path, mode: 0o600, groupID: nil)
                _ = other.rawDescriptor
            }
            #expect(access(path, F_OK) != 0, "its own file is removed")
            rename(path + ".old", path)
            link(path, path + ".dead")
            _ = listener.rawDescriptor
        }
        #expect(access(path, F_OK) != 0)
        #expect(access(path + ".dead", F_OK) == 0)
        let replacing = try LocalListener(path: path + ".dead", mode: 0o600, groupID: nil)
        _ = try LocalConnection.connect(path: path + ".dead", timeout: .seconds(1))
        _ = replacing.rawDescriptor
    }

    @Test("what is not a socket is never removed")
    func notASocket() throws {
        let scratch = Scratch()
        let path = scratch.path + "/file"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) {
            _ = try LocalListener(path: path, mode: 0o600, groupID: nil)
        }
        #expect(access(path, F_OK) == 0)
        #expect(throws: SystemError(call: "connect", code: ENOENT)) {
            _ = try LocalConnection.connect(path: path + "x", timeout: .seconds(1))
        }
        let long = scratch.path + "/" + String(repeating: "x", count: 120)
        #expect(throws: SystemError(call: "bind", code: ENAMETOOLONG)) {
            _ = try LocalListener(path: long, mode: 0o600, groupID: nil)
        }
    }
}

@Suite("Files and the process")
struct ProcessTests {
    @Test("a directory has one holder, until it lets go")
    func lock() throws {
        let scratch = Scratch()
        let directory = scratch.path + "/state"
        do {
            let lock = try DirectoryLock(directory: directory)
            #expect(throws: DirectoryLock.Failure.heldBy(getpid())) {
                _ = try DirectoryLock(directory: directory)
            }
            withExtendedLifetime(lock) {}
        }
        _ = try DirectoryLock(directory: directory)
        #expect(
            throws: DirectoryLock.Failure.system(SystemError(call: "mkdir", code: ENOENT))
        ) {
            _ = try DirectoryLock(directory: scratch.path + "/no/such")
        }
    }

    @Test("files up to a limit, directories in order")
    func files() throws {
        let scratch = Scratch()
        let path = scratch.path + "/b"
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(write(file, "hello", 5) == 5)
        close(file)
        close(open(scratch.path + "/a", O_CREAT | O_WRONLY, 0o600))
        #expect(try readFile(path, limit: 5) == Array("hello".utf8))
        #expect(throws: SystemError(call: "read", code: EFBIG)) { try readFile(path, limit: 4) }
        #expect(throws: SystemError(call: "open", code: ENOENT)) {
            try readFile(path + "x", limit: 4)
        }
        #expect(try listDirectory(scratch.path) == ["a", "b"])
        #expect(throws: SystemError(call: "opendir", code: ENOENT)) {
            try listDirectory(path + "x")
        }
    }

    @Test("the process knows itself")
    func process() {
        #expect(effectiveUserID() == geteuid())
        #expect(!hostName().isEmpty)
        #expect(environment()["PATH"] != nil)
        #expect(groupID(named: "root") == 0)
        #expect(groupID(named: "no-such-group-here") == nil)
        #expect(supplementaryGroups(ofProcess: 0) == [])
        #expect(hasCapability(12) || effectiveUserID() != 0)
        #expect(!hasCapability(63))
        #expect(!ipv6Forwarding(interface: "../../x"))
        #expect(!ipv6Forwarding(interface: "nosuch"))
        #expect(Clock.boot() > .zero)
        #expect(Clock.wall() > .seconds(1_700_000_000))
    }
}

// Another network namespace: what is opened while a thread is in it stays there.

import CSys
import Glibc

/// A network namespace, kept from vanishing as long as this value lives.
package final class NetworkNamespace: Sendable {
    private let descriptor: FileDescriptor
    /// Equal for two values of one namespace, whatever they were opened by.
    package let identity: Identity

    /// Which one it is: another one of the same name has another.
    package struct Identity: Hashable, Sendable {
        fileprivate let device: UInt64
        fileprivate let inode: UInt64
    }

    /// Takes a name below /run/netns, as `ip netns` gives it, or an absolute path. Throws EINVAL when
    /// there is something else.
    package init(_ name: String) throws(SystemError) {
        var file = csys_file()
        let path = name.hasPrefix("/") ? name : "/run/netns/" + name
        descriptor = try FileDescriptor("open network namespace") {
            csys_open_network_namespace(path, &file)
        }
        identity = Identity(device: file.device, inode: file.inode)
    }

    /// Runs the body while the calling thread, and no other, is in the namespace. Needs CAP_SYS_ADMIN.
    package func run<Value: ~Copyable>(
        _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        // Not `self`: that is the process's first thread.
        let home = try NetworkNamespace("/proc/thread-self/ns/net")
        try enter()
        do throws(SystemError) {
            let value = try body()
            home.returnHome()
            return value
        } catch {
            home.returnHome()
            throw error
        }
    }

    /// Runs the body in a namespace; nil is the one that the thread is in.
    package static func run<Value: ~Copyable>(
        in namespace: NetworkNamespace?, _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        guard let namespace else { return try body() }
        return try namespace.run(body)
    }

    private func enter() throws(SystemError) {
        try systemCall("setns") { csys_enter_network_namespace(descriptor.rawValue) }
    }

    /// A thread that cannot return would go on in the wrong namespace, and take its addresses for
    /// ours: the whole process ends instead, and systemd starts it anew.
    private func returnHome() {
        if csys_enter_network_namespace(descriptor.rawValue) != 0 { csys_exit(70) }
    }
}

extension SystemError {
    /// Whether there is nothing of that name, or something else.
    package var isNoNamespace: Bool { code == ENOENT || code == ENOTDIR || code == EINVAL }
}

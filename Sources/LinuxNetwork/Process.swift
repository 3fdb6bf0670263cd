// What the system knows about this process, others, and itself.

import CSys
import Glibc

/// The supplementary groups of a process; none when it is gone.
package func supplementaryGroups(ofProcess pid: Int32) -> [UInt32] {
    guard let line = statusField("Groups", of: "\(pid)") else { return [] }
    return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { UInt32($0) }
}

/// Whether the calling thread has a capability in effect.
package func hasCapability(_ number: Int32) -> Bool {
    guard
        (0..<64).contains(number), let line = statusField("CapEff", of: "thread-self"),
        let set = UInt64(line.drop(while: { $0 == "\t" || $0 == " " }), radix: 16)
    else { return false }
    return set >> UInt64(number) & 1 == 1
}

private func statusField(_ name: String, of process: String) -> Substring? {
    guard let bytes = try? readFile("/proc/\(process)/status", limit: 1 << 16) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line?.dropFirst(name.count + 1)
}

package func groupID(named name: String) -> UInt32? {
    var group: UInt32 = 0
    return csys_group_id(name, &group) >= 0 ? group : nil
}

package func processID() -> Int { Int(getpid()) }

package func effectiveUserID() -> UInt32 { geteuid() }

/// Empty when the system does not tell.
package func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let start = buffer.baseAddress, gethostname(start, 255) == 0 else { return "" }
        start[255] = 0
        return String(cString: start)
    }
}

/// The environment as it was given. The first of two entries of one name counts.
package func environment() -> [String: String] {
    var result: [String: String] = [:]
    var index = 0
    while let entry = csys_environment_entry(index) {
        index += 1
        let text = String(cString: entry)
        guard let separator = text.firstIndex(of: "="), separator != text.startIndex else {
            continue
        }
        let name = String(text[..<separator])
        if result[name] == nil { result[name] = String(text[text.index(after: separator)...]) }
    }
    return result
}

/// Writes as much as goes, without waiting.
package func writeStandardError(_ text: String) { write(text, to: STDERR_FILENO) }

/// The same to standard output.
package func writeStandardOutput(_ text: String) { write(text, to: STDOUT_FILENO) }

private func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
        var rest = bytes[...]
        while let start = UnsafeBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let written = Glibc.write(descriptor, start, rest.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written == 0 || errno != EINTR {
                return
            }
        }
    }
}

/// Whether the interface forwards IPv6, that is, whether it is a router's. An interface of any
/// name the kernel allows: none has a slash.
package func ipv6Forwarding(interface name: String) -> Bool {
    guard !name.contains("/") else { return false }
    let bytes = try? readFile("/proc/sys/net/ipv6/conf/\(name)/forwarding", limit: 16)
    return bytes?.first == UInt8(ascii: "1") || bytes?.first == UInt8(ascii: "2")
}

/// Tells the service manager a state such as `READY=1` (sd_notify). Silent when there is none.
package func notifyServiceManager(_ state: String) {
    guard
        let path = environment()["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@"),
        let socket = try? FileDescriptor.socket(SocketFamily.local, SocketType.datagram, 0)
    else { return }
    let descriptor = socket.rawValue
    var state = state
    state.withUTF8 { bytes in
        guard let start = bytes.baseAddress else { return }
        _ = csys_local_send_to(descriptor, path, start, bytes.count)
    }
}

// The kernel's settings of one interface: those of /proc/sys/net/ipv4 and ipv6 in conf and in neigh,
// as the namespace of the calling thread has them.

import CSys
import Glibc
package import VRRPWire

/// A setting and the value it is to have. By path, for an interface's name may contain dots.
package struct SysctlSetting: Hashable, Sendable {
    package let path: String
    package let value: String

    /// Nil when the names are not such as the kernel has. `all` and `default` are interfaces here.
    package init?(
        _ family: AddressFamily, _ table: Sysctl.Table = .configuration, interface: String,
        key: String, value: String
    ) {
        guard let path = Sysctl.path(family, table, interface: interface, key: key) else {
            return nil
        }
        self.path = path
        self.value = value
    }
}

package enum Sysctl {
    /// Where a setting is: how packets are treated, or how neighbours are found.
    package enum Table: String, CaseIterable, Sendable {
        case configuration = "conf"
        case neighbours = "neigh"
    }

    package static func path(
        _ family: AddressFamily, _ table: Table = .configuration, interface: String, key: String
    ) -> String? {
        guard isName(interface), isKey(key) else { return nil }
        return "\(root(family, table))\(interface)/\(key)"
    }

    /// Whether it is a path that `path(_:interface:key:)` gives.
    package static func isSetting(_ path: String) -> Bool {
        for family in AddressFamily.allCases {
            for table in Table.allCases where path.hasPrefix(root(family, table)) {
                let parts = path.dropFirst(root(family, table).count).split(
                    separator: "/", omittingEmptySubsequences: false)
                return parts.count == 2 && isName(parts[0]) && isKey(parts[1])
            }
        }
        return false
    }

    /// Nil when there is no such setting: another kernel, no IPv6, the interface is gone.
    package static func read(_ path: String) throws(SystemError) -> String? {
        do throws(SystemError) {
            let bytes = try readFile(path, limit: 4096)
            return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        } catch {
            guard isMissing(error.code) else { throw error }
            return nil
        }
    }

    /// False when there is no such setting.
    @discardableResult
    package static func write(_ value: String, to path: String) throws(SystemError) -> Bool {
        var text = value + "\n"
        do throws(SystemError) {
            let file = try FileDescriptor("open \(path)") { csys_open(path, O_WRONLY, 0) }
            // A value is one call: the kernel takes each for a value of its own.
            try systemCall("write \(path)") {
                text.withUTF8 { bytes in
                    let count = Glibc.write(file.rawValue, bytes.baseAddress, bytes.count)
                    return count < 0 ? -Int(errno) : count
                }
            }
            return true
        } catch {
            guard isMissing(error.code) else { throw error }
            return false
        }
    }

    /// ENODEV: the interface went while the file was open.
    private static func isMissing(_ code: Int32) -> Bool {
        code == ENOENT || code == ENODEV || code == ENXIO
    }

    private static func root(_ family: AddressFamily, _ table: Table) -> String {
        "/proc/sys/net/\(family)/\(table.rawValue)/"
    }

    /// As the kernel has it: dev_valid_name.
    private static func isName(_ name: some StringProtocol) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
    }

    private static func isKey(_ key: some StringProtocol) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "_")
            }
    }
}

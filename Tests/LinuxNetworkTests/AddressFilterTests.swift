// The packet filter of addresses on the real kernel: what nft(8) sees of it, and who may touch it.
// What it does to packets is tested with hosts that send some, in Namespaces/test_accept.py.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

private let hasNFT = access("/usr/sbin/nft", X_OK) == 0
/// Before, a table ends with the socket that owns it.
private let lasts = kernelVersion() >= (6, 9)

private func kernelVersion() -> (Int, Int) {
    let text = (try? readFile("/proc/sys/kernel/osrelease", limit: 256)) ?? []
    let numbers = String(decoding: text, as: UTF8.self).split(whereSeparator: { !$0.isNumber })
    return (Int(numbers.first ?? "") ?? 0, Int(numbers.dropFirst().first ?? "") ?? 0)
}

private func filtered(
    _ text: String, _ entrance: FilteredAddress.Entrance = .anywhere
) throws -> FilteredAddress {
    FilteredAddress(try #require(IPAddress(text)), through: entrance)
}

extension Namespace {
    /// Whether what nft(8) lists of the table has these words.
    fileprivate func sees(_ words: String..., line: Int = #line) {
        for word in words {
            shell("nft list table inet guarded | grep -qF '\(word)'", line: line)
        }
    }

    fileprivate func misses(_ words: String..., line: Int = #line) {
        for word in words {
            shell("! nft list table inet guarded | grep -qF '\(word)'", line: line)
        }
    }

    fileprivate func seesNothing(line: Int = #line) {
        shell("test -z \"$(nft list ruleset)\"", line: line)
    }
}

@Suite(
    "Packet filter of addresses",
    .enabled(if: mayUseNamespaces && hasNFT, "needs root and nft(8)"))
struct AddressFilterTests {
    @Test("addresses of every kind come and go in one step; in the end nothing is left")
    func contents() throws {
        try inNamespace { namespace in
            var filter = try AddressFilter(table: "guarded")
            namespace.seesNothing()
            try filter.install([
                filtered("192.0.2.1"), filtered("2001:db8::1"),
                filtered("fe80::1", .interface(1)), filtered("fe80::2", .named("later0")),
            ])
            namespace.sees(
                "192.0.2.1", "2001:db8::1", "fe80::1 . \"lo\"", "fe80::2 . \"later0\"",
                "hook input", "counter name \"dropped\" drop")
            try filter.install([filtered("192.0.2.2"), filtered("2001:db8::1")])
            namespace.sees("192.0.2.2", "2001:db8::1")
            namespace.misses("192.0.2.1", "fe80::")
            try filter.install([])
            namespace.misses("192.0.2", "2001:db8")
            try filter.remove()
            try filter.remove()
            namespace.seesNothing()
            try filter.install([filtered("192.0.2.3")])
            namespace.sees("192.0.2.3")
            try filter.remove()
            namespace.seesNothing()
        }
    }

    @Test("as many addresses as a router can have, and thousands")
    func many() throws {
        try inNamespace { namespace in
            var filter = try AddressFilter(table: "guarded")
            for count: UInt32 in [255, 1000, 20000] {
                var addresses: [FilteredAddress] = []
                for number in 0..<count {
                    let low = IPv6Address(high: 0xfe80 << 48, low: UInt64(number) + 1)
                    addresses.append(
                        FilteredAddress(.v4(IPv4Address(rawValue: 0x0a00_0000 | number))))
                    addresses.append(FilteredAddress(.v6(low), through: .interface(7)))
                }
                try filter.install(addresses)
                namespace.shell(
                    "test $(nft list set inet guarded ipv4-addresses | grep -o '10\\.[0-9.]*'"
                        + " | wc -l) = \(count)")
                namespace.shell(
                    "test $(nft list set inet guarded ipv6-addresses-by-index | grep -o fe80"
                        + " | wc -l) = \(count)")
            }
            try filter.remove()
        }
    }

    @Test("nobody else can flush, change or delete it")
    func owned() throws {
        try inNamespace { namespace in
            var filter = try AddressFilter(table: "guarded")
            try filter.install([filtered("192.0.2.1")])
            namespace.shell(
                """
                nft add table inet other
                nft flush ruleset
                ! nft list table inet other 2> /dev/null
                ! nft delete table inet guarded 2> /dev/null
                ! nft flush table inet guarded 2> /dev/null
                ! nft flush set inet guarded ipv4-addresses 2> /dev/null
                """)
            namespace.sees("192.0.2.1")
            try filter.remove()
        }
    }

    @Test("what one that was killed left is taken over, or removed", .enabled(if: lasts))
    func leftover() throws {
        try inNamespace { namespace in
            // Closing its socket is all that the kernel sees of a process that is killed.
            func leave() throws {
                var filter = try AddressFilter(table: "guarded")
                try filter.install([filtered("192.0.2.1")])
            }
            try leave()
            namespace.sees("192.0.2.1")
            var next = try AddressFilter(table: "guarded")
            try next.install([filtered("192.0.2.2")])
            namespace.sees("192.0.2.2")
            namespace.misses("192.0.2.1")
            namespace.shell("nft flush ruleset")
            namespace.sees("192.0.2.2")
            try next.remove()
            namespace.seesNothing()

            try leave()
            var last = try AddressFilter(table: "guarded")
            try last.removeLeftover()
            namespace.seesNothing()
            try last.removeLeftover()
        }
    }

    @Test("a table of that name that is not ours stays as it is, and is an error of its own")
    func occupied() throws {
        try inNamespace { namespace in
            func isRefused(line: Int = #line) throws {
                var filter = try AddressFilter(table: "guarded")
                let address = try filtered("192.0.2.1")
                do throws(AddressFilterError) {
                    try filter.install([address])
                    namespace.expect(false, "installed", line: line)
                } catch {
                    namespace.expect(error == .occupied, "\(error)", line: line)
                }
                try filter.remove()
                try filter.removeLeftover()
            }
            namespace.shell("nft add table inet guarded\nnft add chain inet guarded theirs")
            try isRefused()
            namespace.sees("theirs")
            namespace.shell("nft delete table inet guarded")
            var owner = try AddressFilter(table: "guarded")
            try owner.install([filtered("192.0.2.9")])
            try isRefused()
            namespace.sees("192.0.2.9")
            try owner.remove()
        }
    }

    @Test("a change that the kernel refuses changes nothing")
    func refused() throws {
        try inNamespace { namespace in
            var filter = try AddressFilter(table: "guarded")
            try filter.install([filtered("192.0.2.1")])
            let name = String(repeating: "n", count: 300)
            var other = try AddressFilter(table: name)
            let address = try filtered("192.0.2.2")
            do throws(AddressFilterError) {
                try other.install([address])
                namespace.expect(false, "installed")
            } catch {
                guard case .system = error else { return namespace.expect(false, "\(error)") }
            }
            namespace.sees("192.0.2.1")
            try filter.remove()
            namespace.seesNothing()
        }
    }
}

// Settings of interfaces, remembered and restored, in namespaces of their own.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

private func setting(
    _ interface: String, _ key: String, _ value: String, _ family: AddressFamily = .ipv4
) throws -> SysctlSetting {
    try #require(SysctlSetting(family, interface: interface, key: key, value: value))
}

private func temporaryPath() -> String {
    "/tmp/linux-network-ledger-\(getpid())-\(UInt32.random(in: 0 ... .max))"
}

@Suite("Settings")
struct SysctlPathTests {
    @Test("names that lead elsewhere are refused")
    func names() {
        #expect(
            Sysctl.path(.ipv4, interface: "eth0.100", key: "arp_ignore")
                == "/proc/sys/net/ipv4/conf/eth0.100/arp_ignore")
        for name in ["", ".", "..", "a/b", "../lo", "a b", "sixteen_letters_", "a\u{0}b"] {
            #expect(Sysctl.path(.ipv6, interface: name, key: "mtu") == nil, "\(name)")
        }
        for key in ["", "..", "a/b", "a.b", "A"] {
            #expect(Sysctl.path(.ipv4, interface: "lo", key: key) == nil, "\(key)")
        }
        #expect(Sysctl.isSetting("/proc/sys/net/ipv6/conf/lo/mtu"))
        for path in [
            "/proc/sys/net/ipv6/conf/lo", "/proc/sys/net/ipv4/conf/../../x",
            "/proc/sys/net/ipv4/conf/lo/x/y", "/etc/passwd", "/proc/sys/kernel/panic",
        ] {
            #expect(!Sysctl.isSetting(path), "\(path)")
        }
    }
}

@Suite("Ledger of settings", .enabled(if: mayUseNamespaces, "needs root"))
struct SysctlLedgerTests {
    private func read(_ setting: SysctlSetting) throws -> String? { try Sysctl.read(setting.path) }

    @Test("set, remembered across a crash, restored; later changes of others are left alone")
    func restore() throws {
        try inNamespace { namespace in
            let file = temporaryPath()
            namespace.ip("link add va.1 type veth peer name vb")
            let ignore = try setting("va.1", "arp_ignore", "1")
            let announce = try setting("va.1", "arp_announce", "2")
            let local = try setting("va.1", "accept_local", "0")
            let missing = try setting("none0", "arp_ignore", "1")
            let unknown = try setting("va.1", "no_such_key", "1", .ipv6)
            var ledger = SysctlLedger(file: file)
            namespace.expect(ledger.apply([ignore, announce, local, missing, unknown]) == [])
            namespace.expect(try read(ignore) == "1")
            namespace.expect(try read(announce) == "2")
            namespace.expect(ledger.changedPaths == [ignore.path, announce.path])

            // Killed. Its successor wants the same, then less.
            var successor = SysctlLedger(file: file)
            namespace.expect(successor.changedPaths == [ignore.path, announce.path])
            namespace.expect(successor.apply([ignore, announce]) == [])
            namespace.expect(successor.apply([announce]) == [])
            namespace.expect(try read(ignore) == "0" && read(announce) == "2")
            namespace.expect(successor.changedPaths == [announce.path])

            // Somebody else has another opinion.
            namespace.shell("echo 1 > \(announce.path)")
            namespace.expect(successor.restore() == [])
            namespace.expect(try read(announce) == "1")
            namespace.expect(successor.changedPaths == [])
            namespace.expect(try FileKind(of: file) == .missing)

            // And is asked again, when we want it after all.
            namespace.expect(successor.apply([announce]) == [])
            namespace.expect(successor.restore() == [])
            namespace.expect(try read(announce) == "1")
        }
    }

    @Test("an interface that is gone, a file that is rubbish, a directory that is missing")
    func trouble() throws {
        try inNamespace { namespace in
            let file = temporaryPath()
            namespace.ip("link add va type veth peer name vb")
            let ignore = try setting("va", "arp_ignore", "1")
            var ledger = SysctlLedger(file: file)
            namespace.expect(ledger.apply([ignore]) == [])
            let text = try readFile(file, limit: 4096)
            namespace.ip("link del va")
            namespace.expect(ledger.restore() == [])
            namespace.expect(ledger.changedPaths == [])

            // Another start of the machine, a file of somebody else's, one that was cut off.
            namespace.ip("link add va type veth peer name vb")
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            for content in [
                "# another\n\(lines[1])", "rubbish", "",
                "\(lines[0])\n/etc/passwd\t0\t1\nx\n\t\t\n",
            ] {
                try OutputFile(creating: file).append(Array(content.utf8))
                namespace.expect(SysctlLedger(file: file).changedPaths == [], content)
                try removeFile(file)
            }
            // The settings count more than the note of them.
            var homeless = SysctlLedger(file: "/nowhere/ledger")
            let failures = homeless.apply([ignore])
            namespace.expect(failures.map(\.path).allSatisfy { $0 == "/nowhere/ledger" })
            namespace.expect(failures.first?.error.code == ENOENT, "\(failures)")
            namespace.expect(try read(ignore) == "1")
            // A value the kernel refuses.
            var refused = SysctlLedger(file: file)
            namespace.expect(try refused.apply([setting("va", "mtu", "5", .ipv6)]).count == 1)
            namespace.expect(refused.changedPaths == [])
            // One that was ours already stays to be restored.
            let fine = try setting("va", "mtu", "1400", .ipv6)
            namespace.expect(refused.apply([fine]) == [])
            namespace.expect(try refused.apply([setting("va", "mtu", "5", .ipv6)]).count == 1)
            namespace.expect(refused.restore() == [])
            namespace.expect(try read(fine) == "1500")
            namespace.expect(try FileKind(of: file) == .missing)
        }
    }
}

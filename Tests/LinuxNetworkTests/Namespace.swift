// A network namespace of its own for each test, on a thread of its own.

import Glibc
import LinuxNetwork
import Synchronization
import Testing
import VRRPWire

/// What the tests of the kernel need: root. `VRRP_REQUIRE_NAMESPACES=1` forbids to skip them.
let mayUseNamespaces =
    effectiveUserID() == 0 || environment()["VRRP_REQUIRE_NAMESPACES"] == "1"

/// Collects what went wrong, for the thread is not the test's.
final class Namespace: Sendable {
    private let found = Mutex<[String]>([])

    var failures: [String] { found.withLock { $0 } }

    func expect(_ isTrue: Bool, _ text: @autoclosure () -> String = "", line: Int = #line) {
        guard !isTrue else { return }
        let text = "line \(line): \(text())"
        found.withLock { if $0.count < 20 { $0.append(text) } }
    }

    /// Runs commands of the shell in the namespace, `ip` without its name: one a line.
    func ip(_ commands: String, line: Int = #line) {
        let script = commands.split(separator: "\n").map { "ip \($0)" }.joined(separator: "\n")
        shell(script, line: line)
    }

    func shell(_ script: String, line: Int = #line) {
        let words = ["/bin/sh", "-ec", script]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = [
            strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil,
        ]
        defer { (arguments + variables).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, "/bin/sh", nil, nil, &arguments, &variables)
        expect(code == 0, "posix_spawn: \(code)", line: line)
        var status: Int32 = 0
        if code == 0 { waitpid(process, &status, 0) }
        expect(status == 0, "\(script): status \(status)", line: line)
    }
}

func inNamespace(_ body: @escaping @Sendable (Namespace) throws -> Void) throws {
    let namespace = Namespace()
    let thread = try startThread(name: "namespace") {
        do {
            try enterNewNetworkNamespace()
            namespace.ip("link set lo up")
            try body(namespace)
        } catch {
            namespace.expect(false, "\(error)")
        }
    }
    thread.join()
    #expect(namespace.failures == [])
}

/// Waits for a descriptor. False when two seconds are over.
func waitUntilReadable(_ fd: Int32, milliseconds: Int32 = 2000) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
}

/// What the kernel said, as a table of its own.
struct Observed {
    var links: [Int32: LinkObservation] = [:]
    var addresses: [AddressObservation] = []
    var all: [NetworkObservation] = []

    mutating func take(_ observation: NetworkObservation) {
        all.append(observation)
        switch observation {
        case .link(let link): links[link.index] = link
        case .linkRemoved(let index, _): links[index] = nil
        case .address(let address):
            addresses.removeAll {
                $0.interface == address.interface && $0.address == address.address
            }
            addresses.append(address)
        case .addressRemoved(let interface, let address):
            addresses.removeAll { $0.interface == interface && $0.address == address }
        case .resynchronising:
            links = [:]
            addresses = []
        case .synchronised: break
        }
    }

    func link(_ name: String) -> LinkObservation? {
        links.values.first { $0.name == name }
    }

    func index(_ name: String) -> Int32 { link(name)?.index ?? 0 }

    func address(_ text: String) -> AddressObservation? {
        addresses.first { $0.address.description == text }
    }

    /// Reads until the condition holds. False when nothing comes for two seconds.
    mutating func read(
        _ monitor: inout NetworkMonitor, until condition: (Observed) -> Bool
    ) throws -> Bool {
        while !condition(self) {
            guard waitUntilReadable(monitor.rawDescriptor) else { return false }
            try monitor.read { take($0) }
        }
        return true
    }

    static func now() throws -> Observed {
        var monitor = try NetworkMonitor()
        var observed = Observed()
        try monitor.synchronise { observed.take($0) }
        return observed
    }
}

func change(
    _ operation: AddressChange.Operation, _ interface: Int32, _ text: String, tag: UInt8 = 0,
    hasPrefixRoute: Bool = true
) throws -> NetworkChange {
    .address(
        AddressChange(
            operation: operation, interface: interface,
            address: try #require(InterfaceAddress(text)), scope: 0, protocolTag: tag,
            hasPrefixRoute: hasPrefixRoute))
}

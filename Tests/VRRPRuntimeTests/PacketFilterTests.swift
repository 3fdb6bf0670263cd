// When the packet filter is there and when it goes, on the real kernel: by hand, without the threads
// that would hurry past what matters.

import Foundation
import LinuxNetwork
import Synchronization
import Testing
import VRRPConfiguration
import VRRPRuntime
import VRRPWire

/// A network namespace with one address of ours on its loopback interface, and a state directory.
private final class Place: Sendable {
    let directory: String
    private let found = Mutex<[String]>([])

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = url.path()
    }

    var failures: [String] { found.withLock { $0 } }
    var hasNote: Bool { FileManager.default.fileExists(atPath: directory + "/packet-filter") }

    func expect(_ isTrue: Bool, _ text: String = "", line: Int = #line) {
        if !isTrue { found.withLock { $0.append("line \(line): \(text)") } }
    }

    /// What nft(8) shows of all tables of the namespace of this thread.
    func ruleset() throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/sbin/nft")
        process.arguments = ["list", "ruleset"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }

    func change(_ operation: AddressChange.Operation, _ text: String, tag: UInt8 = 112) throws {
        var changer = try NetworkChanger()
        let change = NetworkChange.address(
            AddressChange(
                operation: operation, interface: 1, address: try #require(InterfaceAddress(text)),
                scope: 0, protocolTag: tag, hasPrefixRoute: false))
        try changer.apply([change]) { expect($1 == 0, "\($1)") }
    }
}

private func inPlace(_ body: @escaping @Sendable (Place) throws -> Void) throws {
    let place = try Place()
    let thread = try startThread(name: "namespace") {
        do {
            try enterNewNetworkNamespace()
            var changer = try NetworkChanger()
            try changer.apply([.linkUp(1)]) { place.expect($1 == 0, "\($1)") }
            try body(place)
        } catch {
            place.expect(false, "\(error)")
        }
    }
    thread.join()
    try FileManager.default.removeItem(atPath: place.directory)
    #expect(place.failures == [])
}

private func configuration(_ addresses: [String], accept: Bool = false) throws -> Configuration {
    let routers = try addresses.enumerated().map { number, text in
        let address = try #require(InterfaceAddress(text))
        return VirtualRouterConfiguration(
            name: "r\(number)", family: address.address.family, interface: "lo",
            vrid: try #require(VirtualRouterID(UInt8(number + 1))),
            addresses: [VirtualAddress(address: address)], acceptMode: accept)
    }
    return Configuration(node: "gw1", routers: routers)
}

private let mayFilter =
    (effectiveUserID() == 0 || environment()["VRRP_REQUIRE_NAMESPACES"] == "1")
    && FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft")

@Suite("The packet filter of the daemon", .enabled(if: mayFilter, "needs root and nft(8)"))
struct PacketFilterTests {
    @Test("an address that no configuration names any more stays filtered while it is there")
    func leaving() throws {
        try inPlace { place in
            let filter = PacketFilter(note: place.directory + "/packet-filter")
            let addresses = ["192.0.2.1/32", "192.0.2.2/32", "fe80::1/64", "fe80::2/64"]
            try filter.start(configuration(addresses))
            try filter.add(device: 1, of: "lo")
            for address in addresses { try place.change(.add, address) }
            place.expect(place.hasNote)
            let left = try configuration(["192.0.2.1/32", "fe80::1/64"])
            try filter.prepare(left, request: 1)
            try filter.settle(left, request: 1)
            place.expect(filter.isWaiting)
            try place.change(.remove, "192.0.2.2/32")
            try filter.tidy()
            var shown = try place.ruleset()
            place.expect(!shown.contains("192.0.2.2") && shown.contains("fe80::2 . \"lo\""), shown)
            try place.change(.remove, "fe80::2/64")
            try filter.tidy()
            shown = try place.ruleset()
            place.expect(!shown.contains("fe80::2") && shown.contains("fe80::1"), shown)
            place.expect(!filter.isWaiting)
            // The daemon ends without having removed the others.
            place.expect(try !filter.finish())
            place.expect(place.hasNote)
            try place.change(.remove, "192.0.2.1/32")
            try place.change(.remove, "fe80::1/64")
            place.expect(try filter.finish())
            shown = try place.ruleset()
            place.expect(shown.isEmpty && !place.hasNote, shown)
        }
    }

    @Test("somebody else's address does not stay filtered; nor does one that is accepted")
    func opening() throws {
        try inPlace { place in
            let filter = PacketFilter(note: place.directory + "/packet-filter")
            try filter.start(configuration(["192.0.2.1/32", "192.0.2.2/32"]))
            try place.change(.add, "192.0.2.1/32", tag: 0)
            try place.change(.add, "192.0.2.2/32")
            let accepting = try configuration(["192.0.2.2/32"], accept: true)
            try filter.prepare(accepting, request: 7)
            let shown = try place.ruleset()
            place.expect(shown.contains("192.0.2.1") && shown.contains("192.0.2.2"), shown)
            try filter.settle(accepting, request: 7)
            place.expect(try place.ruleset().isEmpty && !filter.isWaiting && !place.hasNote)
        }
    }

    @Test("reloads overlap; one that is given up leaves what the others ask for")
    func overlap() throws {
        try inPlace { place in
            let filter = PacketFilter(note: place.directory + "/packet-filter")
            try filter.start(configuration(["192.0.2.1/32"], accept: true))
            place.expect(try place.ruleset().isEmpty && !place.hasNote)
            try filter.prepare(configuration(["192.0.2.1/32"]), request: 1)
            try filter.prepare(configuration(["192.0.2.2/32"]), request: 2)
            try filter.prepare(configuration(["192.0.2.3/32"]), request: 3)
            try filter.abandon(request: 3)
            try filter.settle(configuration(["192.0.2.1/32"]), request: 1)
            var shown = try place.ruleset()
            place.expect(shown.contains("192.0.2.1") && shown.contains("192.0.2.2"), shown)
            place.expect(!shown.contains("192.0.2.3"), shown)
            try filter.settle(configuration(["192.0.2.2/32"]), request: 2)
            shown = try place.ruleset()
            place.expect(!shown.contains("192.0.2.1") && shown.contains("192.0.2.2"), shown)
            place.expect(try filter.finish())
            place.expect(try place.ruleset().isEmpty && !place.hasNote)
        }
    }

    @Test("without a note for a successor nothing is filtered, and the daemon does not start")
    func note() throws {
        try inPlace { place in
            let filter = PacketFilter(note: place.directory + "/missing/packet-filter")
            let closed = try configuration(["192.0.2.1/32"])
            do throws(PacketFilterError) {
                try filter.start(closed)
                place.expect(false, "started")
            } catch {
                place.expect("\(error)".contains("missing/packet-filter"), "\(error)")
            }
            place.expect(try place.ruleset().isEmpty)
        }
    }
}

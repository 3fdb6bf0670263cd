// Links and addresses as the real kernel tells them.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

@Suite("Network monitor", .enabled(if: mayUseNamespaces, "needs root"))
struct NetworkMonitorTests {
    @Test("synchronising shows links and addresses between its marks")
    func synchronise() throws {
        try inNamespace { namespace in
            namespace.ip(
                """
                link add va type veth peer name vb
                link set va address 02:00:00:00:00:0a mtu 1400 alias "to the other end"
                link set va up
                link add mv link va type macvlan mode bridge
                addr add 192.0.2.1/24 dev va
                addr add 192.0.2.2/24 dev va
                addr add 2001:db8::1/64 dev va nodad
                """)
            let observed = try Observed.now()
            namespace.expect(observed.all.first == .resynchronising)
            namespace.expect(observed.all.last == .synchronised)
            let a = observed.link("va")
            namespace.expect(a?.isUp == true)
            namespace.expect(a?.hasCarrier == false, "the other end is down")
            namespace.expect(a?.mtu == 1400)
            namespace.expect(a?.hardwareAddress == MACAddress("02:00:00:00:00:0a"))
            namespace.expect(a?.isLoopback == false)
            namespace.expect(a?.parentIndex == observed.index("vb"), "the other end")
            namespace.expect(a?.isMacvlan == false && a?.alias == "to the other end")
            namespace.expect(observed.link("mv")?.parentIndex == a?.index)
            namespace.expect(observed.link("mv")?.isMacvlan == true)
            namespace.expect(observed.link("mv")?.alias == nil)
            namespace.expect(observed.link("lo")?.isLoopback == true)
            namespace.expect(observed.link("lo")?.hasCarrier == true)
            namespace.expect(observed.address("192.0.2.1/24")?.isSecondary == false)
            namespace.expect(observed.address("192.0.2.2/24")?.isSecondary == true)
            namespace.expect(observed.address("2001:db8::1/64")?.interface == a?.index)
            namespace.expect(observed.address("127.0.0.1/8")?.scope == 254)
        }
    }

    @Test("changes arrive: carrier, addresses, a new name, the end")
    func changes() throws {
        try inNamespace { namespace in
            namespace.ip("link add va type veth peer name vb")
            var monitor = try NetworkMonitor()
            var observed = Observed()
            try monitor.synchronise { observed.take($0) }
            namespace.expect(observed.link("va")?.isUp == false)
            let index = observed.index("va")

            namespace.ip("link set va up\nlink set vb up")
            namespace.expect(
                try observed.read(&monitor) { $0.link("va")?.hasCarrier == true }, "carrier")
            namespace.ip("link set vb down")
            namespace.expect(
                try observed.read(&monitor) { $0.link("va")?.hasCarrier == false }, "no carrier")
            namespace.expect(observed.link("va")?.isUp == true)

            namespace.ip("addr add 198.51.100.1/25 dev va")
            namespace.expect(
                try observed.read(&monitor) { $0.address("198.51.100.1/25") != nil }, "added")
            namespace.ip("addr del 198.51.100.1/25 dev va")
            namespace.expect(
                try observed.read(&monitor) { $0.address("198.51.100.1/25") == nil }, "removed")

            namespace.ip("link set va name vc")
            namespace.expect(try observed.read(&monitor) { $0.link("vc") != nil }, "renamed")
            namespace.expect(observed.index("vc") == index)
            namespace.ip("link del vc")
            namespace.expect(try observed.read(&monitor) { $0.links[index] == nil }, "deleted")
            namespace.expect(observed.all.contains(.linkRemoved(index: index, name: "vc")))
            namespace.expect(monitor.malformedCount == 0)
            namespace.expect(monitor.overrunCount == 0)
        }
    }

    @Test("a port that leaves a bridge is not a link that is deleted")
    func bridgePort() throws {
        try inNamespace { namespace in
            namespace.ip("link add va type veth peer name vb")
            var monitor = try NetworkMonitor()
            var observed = Observed()
            try monitor.synchronise { observed.take($0) }
            namespace.ip(
                """
                link add br0 type bridge
                link set va master br0
                link set va nomaster
                link del br0
                """)
            namespace.expect(
                try observed.read(&monitor) { observed in
                    observed.all.contains { event in
                        if case .linkRemoved(_, "br0") = event { true } else { false }
                    }
                })
            namespace.expect(observed.link("va") != nil)
        }
    }

    @Test("an overrun leads to everything anew")
    func overrun() throws {
        try inNamespace { namespace in
            namespace.ip("link add va type veth peer name vb\nlink set va up")
            var monitor = try NetworkMonitor(receiveBufferBytes: 1)
            var observed = Observed()
            try monitor.synchronise { observed.take($0) }
            let index = observed.index("va")
            var changer = try NetworkChanger()
            let changes = try (1...200).map { try change(.add, index, "10.0.0.\($0)/32") }
            try changer.apply(changes) { _, code in namespace.expect(code == 0, "\(code)") }
            observed.all = []
            namespace.expect(
                try observed.read(&monitor) { $0.addresses.count { $0.interface == index } >= 200 })
            namespace.expect(observed.all.contains(.resynchronising))
            namespace.expect(observed.all.last == .synchronised)
            namespace.expect(monitor.overrunCount > 0)
            namespace.expect(monitor.malformedCount == 0)
        }
    }
}

@Suite("Network changer", .enabled(if: mayUseNamespaces, "needs root"))
struct NetworkChangerTests {
    @Test("a batch of mixed results: each change has its own")
    func mixed() throws {
        try inNamespace { namespace in
            namespace.ip(
                """
                link add va type veth peer name vb
                link set va up
                addr add 198.51.100.2/24 dev va
                """)
            let index = try Observed.now().index("va")
            var changer = try NetworkChanger()
            func results(_ changes: [NetworkChange]) throws -> [Int32] {
                var codes = [Int32](repeating: -1, count: changes.count)
                try changer.apply(changes) { codes[$0] = $1 }
                return codes
            }
            let added = try results([
                change(.add, index, "192.0.2.1/24", tag: 112),
                change(.add, index, "198.51.100.2/24"),
                change(.add, 9999, "192.0.2.3/24"),
                change(.add, index, "2001:db8::1/64", tag: 112),
                change(.remove, index, "192.0.2.77/24"),
                change(.add, index, "2001:db8::1/64"),
                change(.remove, index, "198.51.100.2/24"),
            ])
            namespace.expect(
                added == [0, EEXIST, ENODEV, 0, EADDRNOTAVAIL, EEXIST, 0], "\(added)")
            // The error may also be that of the last.
            namespace.expect(try results([change(.add, index, "192.0.2.1/24")]) == [EEXIST])
            namespace.expect(try results([]) == [])

            let observed = try Observed.now()
            namespace.expect(observed.address("192.0.2.1/24")?.protocolTag == 112)
            namespace.expect(observed.address("198.51.100.2/24") == nil)
            let six = observed.address("2001:db8::1/64")
            namespace.expect(six?.protocolTag == 112)
            namespace.expect(six?.isTentative == false, "no duplicate address detection")
        }
    }

    @Test("links and addresses in one batch, in their order")
    func links() throws {
        try inNamespace { namespace in
            namespace.ip("link add va type veth peer name vb\nlink set vb up")
            let index = try Observed.now().index("va")
            var changer = try NetworkChanger()
            var codes: [Int32] = [-1, -1, -1, -1]
            try changer.apply([
                .linkUp(index), change(.add, index, "192.0.2.1/24", hasPrefixRoute: false),
                .linkUp(9999), change(.add, index, "2001:db8::1/64", hasPrefixRoute: false),
            ]) { codes[$0] = $1 }
            namespace.expect(codes == [0, 0, ENODEV, 0], "\(codes)")
            let observed = try Observed.now()
            namespace.expect(observed.link("va")?.hasCarrier == true)
            namespace.expect(observed.address("192.0.2.1/24") != nil)
            namespace.expect(observed.address("2001:db8::1/64")?.isTentative == false)
            namespace.shell(
                "test -z \"$(ip route show 192.0.2.0/24; ip route show 2001:db8::/64)\"")
            // Up already.
            try changer.apply([.linkUp(index)]) { namespace.expect($1 == 0, "\($1)") }
        }
    }

    @Test("more changes than a batch takes")
    func many() throws {
        try inNamespace { namespace in
            namespace.ip("link add va type veth peer name vb\nlink set va up")
            let index = try Observed.now().index("va")
            var changer = try NetworkChanger()
            let texts = (0..<600).map { "10.1.\($0 / 250).\($0 % 250 + 1)/32" }
            var order: [Int] = []
            try changer.apply(try texts.map { try change(.add, index, $0) }) { position, code in
                order.append(position)
                namespace.expect(code == 0, "\(position): \(code)")
            }
            namespace.expect(order == Array(0..<600))
            var failed = 0
            try changer.apply(try texts.map { try change(.add, index, $0) }) { _, code in
                if code == EEXIST { failed += 1 }
            }
            namespace.expect(failed == 600, "\(failed)")
            try changer.apply(try texts.map { try change(.remove, index, $0) }) { _, code in
                namespace.expect(code == 0, "\(code)")
            }
            namespace.expect(try Observed.now().addresses.allSatisfy { $0.interface != index })
        }
    }
}

// Macvlans on the real kernel: what hosts on the cable are answered, and what they hear unasked.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

private func request(_ parent: Int32, _ address: String = "00:00:5e:00:01:07") throws
    -> VirtualLinkRequest
{
    VirtualLinkRequest(
        name: "vr.7", parentIndex: parent, hardwareAddress: try #require(MACAddress(address)),
        alias: "test: 7", aliasPrefix: "test: ")
}

/// A cable from `va`, which is ours, to `vb`. Answers with the index of `va` and the far end.
private func cable(_ namespace: Namespace) throws -> (parent: Int32, wire: Wire) {
    namespace.shell(
        """
        ip link add va type veth peer name vb
        for key in default va vb; do echo 0 > /proc/sys/net/ipv6/conf/$key/accept_dad; done
        echo 1 > /proc/sys/net/ipv6/conf/vb/disable_ipv6
        echo 1 > /proc/sys/net/ipv6/conf/va/forwarding
        ip link set va address 02:00:00:00:00:0a
        ip link set vb up
        ip link set va up
        ip addr add 192.0.2.2/24 dev va
        ip addr add 2001:db8::2/64 dev va nodad
        """)
    let observed = try Observed.now()
    return (observed.index("va"), try Wire(interface: observed.index("vb")))
}

private func apply(_ settings: [SysctlSetting], _ namespace: Namespace) throws {
    namespace.expect(!settings.isEmpty)
    for setting in settings { try Sysctl.write(setting.value, to: setting.path) }
}

@Suite("Virtual links", .enabled(if: mayUseNamespaces, "needs root"))
struct VirtualLinkTests {
    @Test("an IPv4 address moves: made, up and answered for once, down and silent, deleted")
    func ipv4() throws {
        let ours = try #require(MACAddress("00:00:5e:00:01:07"))
        let parents = try #require(MACAddress("02:00:00:00:00:0a"))
        let virtual = try #require(IPv4Address("192.0.2.1"))
        let own = try #require(IPv4Address("192.0.2.2"))
        // Filtering of sources: none, strict, loose.
        for filter in 0...2 {
            try inNamespace { namespace in
                let (parent, wire) = try cable(namespace)
                // A router for IPv6 too: its links would report that they hear all routers.
                namespace.shell(
                    """
                    echo \(filter) > /proc/sys/net/ipv4/conf/all/rp_filter
                    echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
                    """)
                var links = try VirtualLinks()
                let link = try links.create(request(parent))
                namespace.expect(!link.wasAdopted)
                try apply(VirtualLinkSettings.parent("va"), namespace)
                try apply(
                    VirtualLinkSettings.link("vr.7", parent: "va", family: .ipv4), namespace)
                namespace.expect(VirtualLinkSettings.obstacles() == [])
                let made = try Observed.now().link("vr.7")
                namespace.expect(made?.index == link.index && made?.isUp == false)
                namespace.expect(made?.isMacvlan == true && made?.parentIndex == parent)
                namespace.expect(made?.hardwareAddress == ours && made?.alias == "test: 7")
                namespace.expect(try wire.ask(virtual) == [], "down")

                var changer = try NetworkChanger()
                try changer.apply([
                    .linkUp(link.index),
                    change(.add, link.index, "192.0.2.1/24", tag: 112, hasPrefixRoute: false),
                ]) { namespace.expect($1 == 0, "\($1)") }
                namespace.expect(wire.hear(from: ours, quiet: 1200) == [], "nothing unasked")
                namespace.expect(try wire.ask(virtual) == [ours], "filter \(filter)")
                namespace.expect(try wire.ask(own) == [parents], "filter \(filter)")
                // What leaves with the virtual address leaves through the parent, and the question
                // for the way there does not say that the address is the parent's.
                namespace.shell("ping -c 1 -W 1 -q -I 192.0.2.1 192.0.2.50 > /dev/null || true")
                let senders = wire.hear().filter { $0[12...13] == [8, 6] }
                namespace.expect(!senders.isEmpty)
                namespace.expect(
                    senders.allSatisfy { $0[28..<32] == [192, 0, 2, 2] }, "\(senders)")
                namespace.shell("ping -c 1 -W 1 -q 192.0.2.1 > /dev/null")

                try changer.apply([change(.remove, link.index, "192.0.2.1/24")]) {
                    namespace.expect($1 == 0, "\($1)")
                }
                try links.setDown(link.index)
                namespace.expect(try wire.ask(virtual) == [], "down again")
                namespace.expect(wire.hear(from: ours, quiet: 300) == [], "silence")
                try links.delete(link.index)
                try links.delete(link.index)
                try links.setDown(link.index)
                namespace.expect(try Observed.now().link("vr.7") == nil)
            }
        }
    }

    @Test("an IPv6 address: answered for once, a router's; gone with the link, in silence")
    func ipv6() throws {
        let ours = try #require(MACAddress("00:00:5e:00:02:07"))
        let virtual = try #require(IPv6Address("2001:db8::1"))
        let local = try #require(IPv6Address("fe80::1"))
        try inNamespace { namespace in
            let (parent, wire) = try cable(namespace)
            var links = try VirtualLinks()
            let link = try links.create(request(parent, "00:00:5e:00:02:07"))
            try apply(VirtualLinkSettings.parent("va"), namespace)
            try apply(VirtualLinkSettings.link("vr.7", parent: "va", family: .ipv6), namespace)
            var changer = try NetworkChanger()
            try changer.apply([
                .linkUp(link.index), change(.add, link.index, "fe80::1/64", tag: 112),
                change(.add, link.index, "2001:db8::1/64", tag: 112, hasPrefixRoute: false),
            ]) { namespace.expect($1 == 0, "\($1)") }
            let addresses = try Observed.now().addresses.filter { $0.interface == link.index }
            namespace.expect(addresses.count == 2, "none of the kernel's: \(addresses)")
            // An Active Router may tell which groups it hears; nothing else comes unasked.
            let unasked = wire.hear(from: ours, quiet: 1500)
            namespace.expect(
                unasked.allSatisfy { $0[20] == 0 && $0[62] == 143 }, "reports only: \(unasked)")
            for target in [virtual, local] {
                let answers = try wire.solicit(target)
                namespace.expect(answers.map(\.sender) == [ours], "\(answers)")
                // Router, solicited, override.
                namespace.expect(answers.first?.flags == 7, "\(answers)")
            }
            namespace.expect(try wire.ask(try #require(IPv4Address("192.0.2.2"))).count == 1)

            try links.setDown(link.index)
            namespace.expect(wire.hear(from: ours, quiet: 1500) == [], "silence")
            namespace.expect(try wire.solicit(virtual).isEmpty)
            namespace.expect(
                try Observed.now().addresses.allSatisfy { $0.interface != link.index })
        }
    }

    @Test("what a killed predecessor left is adopted, and taken down")
    func adoption() throws {
        try inNamespace { namespace in
            let (parent, _) = try cable(namespace)
            var first = try VirtualLinks()
            let made = try first.create(request(parent))
            namespace.ip(
                """
                link set vr.7 up type macvlan mode private
                addr add 192.0.2.1/24 dev vr.7
                """)
            var second = try VirtualLinks()
            let adopted = try second.create(request(parent))
            namespace.expect(adopted == VirtualLink(index: made.index, wasAdopted: true))
            namespace.expect(try Observed.now().link("vr.7")?.isUp == false)
            namespace.expect(try Observed.now().address("192.0.2.1/24") != nil)
            namespace.shell("ip -d link show vr.7 | grep -q 'macvlan mode bridge'")
            namespace.shell("ip -d link show vr.7 | grep -q 'addrgenmode none'")

            // A macvlan on a macvlan lies beside it.
            namespace.ip("link add mv link va type macvlan mode bridge")
            let beside = try second.create(request(try Observed.now().index("mv")))
            namespace.expect(beside == adopted)

            // Killed between making it and writing on it.
            try second.delete(adopted.index)
            namespace.ip("link add vr.7 link va address 00:00:5e:00:01:07 type macvlan mode bridge")
            namespace.expect(try second.create(request(parent)).wasAdopted)
            namespace.expect(try Observed.now().link("vr.7")?.alias == "test: 7")
        }
    }

    @Test(
        "a link of the same name that is not ours stays as it is",
        arguments: [
            ("link va address 00:00:5e:00:01:07 type macvlan", "alias other", "alias"),
            ("link va address 00:00:5e:00:01:07 type macvlan", "up", "no alias"),
            ("link va address 00:00:5e:00:01:08 type macvlan", "up alias 'test: 7'", "Ethernet"),
            ("link vb address 00:00:5e:00:01:07 type macvlan", "alias 'test: 7'", "another"),
            ("type veth peer name vd", "address 00:00:5e:00:01:07 alias 'test: 7'", "no macvlan"),
        ])
    func foreign(kind: String, properties: String, words: String) throws {
        try inNamespace { namespace in
            let (parent, _) = try cable(namespace)
            namespace.ip("link add vr.7 \(kind)\nlink set vr.7 \(properties)")
            let before = try Observed.now().link("vr.7")
            var links = try VirtualLinks()
            let wanted = try request(parent)
            do throws(VirtualLinkError) {
                _ = try links.create(wanted)
                namespace.expect(false, "taken")
            } catch {
                namespace.expect("\(error)".contains(words), "\(error)")
            }
            namespace.expect(try Observed.now().link("vr.7") == before)
        }
    }

    @Test("what the kernel refuses is an error, and leaves nothing")
    func refused() throws {
        try inNamespace { namespace in
            let (parent, _) = try cable(namespace)
            var links = try VirtualLinks()
            for (index, name) in [(9999, "vr.7"), (parent, String(repeating: "n", count: 16))] {
                do throws(VirtualLinkError) {
                    _ = try links.create(
                        VirtualLinkRequest(
                            name: name, parentIndex: index, hardwareAddress: .zero, alias: "test: ",
                            aliasPrefix: "test: "))
                    namespace.expect(false, "made")
                } catch {
                    guard case .system = error else { return namespace.expect(false, "\(error)") }
                }
            }
            // Without IPv6 on the link below there is none on ours.
            namespace.ip("link set va mtu 1000")
            let link = try links.create(request(parent))
            namespace.expect(try Observed.now().links[link.index]?.alias == "test: 7")
        }
    }
}

// What is read, and what follows from it: defaults, nodes, drop-ins, expansions, aliases.

import Testing
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPWire

@Suite("Good files")
struct GoodFileTests {
    @Test("the smallest router has the documented defaults")
    func defaults() throws {
        let configuration = try load(pair())
        let router = try #require(configuration.routers.first)
        #expect(configuration.node == "gw1")
        #expect(configuration.control == ControlConfiguration())
        #expect(configuration.log == LogConfiguration())
        let address = try #require(InterfaceAddress("192.0.2.1/24"))
        let vrid = try #require(VirtualRouterID(51))
        #expect(
            router
                == VirtualRouterConfiguration(
                    name: "lan", family: .ipv4, interface: "eth1", vrid: vrid,
                    addresses: [VirtualAddress(address: address)], mac: .virtual))
    }

    /// Accept_Mode is the one default that is not the RFC's: ours is true, and `false` is refused.
    @Test("M24: without a word, priority 100, one second, preemption")
    func defaultsOfTheRFC() throws {
        let router = try #require(
            try load(
                """
                routers:
                  lan: {interface: eth1, vrid: 51, addresses: [192.0.2.1/24]}
                """
            ).routers.first)
        #expect(router.priority.rawValue == 100)
        #expect(router.advertisementInterval == .seconds(1))
        #expect(router.preemptMode)
        #expect(router.preemptDelay == .zero && router.startDelay == .zero)
        #expect(router.version == .v3)
    }

    @Test("every key arrives")
    func everyKey() throws {
        let router = try #require(
            try load(
                pair(
                    "version: 3", "priority: owner", "advertise: 1.5s", "preempt: false",
                    "preempt-delay: 2m", "start-delay: 1h", "accept: false", "mac: interface",
                    "checksum: rfc5798", "announce: {count: 3, spacing: 50ms, refresh: 60s}",
                    "track-interface: false")
            ).routers.first)
        #expect(router.priority == .owner)
        #expect(router.advertisementInterval == .milliseconds(1500))
        #expect(!router.preemptMode)
        #expect(router.preemptDelay == .seconds(120))
        #expect(router.startDelay == .seconds(3600))
        #expect(!router.acceptMode)
        #expect(router.checksum == .rfc5798)
        #expect(
            router.announce
                == AnnouncePolicy(count: 3, spacing: .milliseconds(50), refresh: .seconds(60)))
        #expect(!router.trackInterface)
    }

    @Test("mixed families make two virtual routers; scopes follow the address")
    func dualStack() throws {
        let configuration = try load(
            """
            routers:
              lan:
                interface: eth1
                vrid: 51
                addresses:
                  - 192.0.2.1/24
                  - fe80::1/64
                  - {address: "2001:db8::1/64", interface: eth2, scope: site}
            """)
        #expect(configuration.routers.map(\.name) == ["lan/ipv4", "lan/ipv6"])
        let six = configuration.routers[1]
        #expect(six.family == .ipv6)
        #expect(six.addresses.map(\.scope) == [.link, .site])
        #expect(six.addresses.map(\.interface) == [nil, "eth2"])
    }

    @Test("router advertisements: every key arrives, at the IPv6 half only")
    func routerAdvertisement() throws {
        let configuration = try load(
            """
            routers:
              lan:
                interface: eth1
                vrid: 51
                addresses: [192.0.2.1/24, fe80::1/64]
                router-advertisement:
                  lifetime: 2.5h
                  interval: 30s
                  managed: true
                  other: true
                  mtu: 1280
                  prefixes:
                    - 2001:db8:1::/64
                    - {prefix: 2001:db8:2::/48, on-link: false, autonomous: false,
                       valid-lifetime: infinite, preferred-lifetime: 1h}
                    - {prefix: 2001:db8:3::/64, valid-lifetime: 1h}
                  dns: {servers: [2001:db8::53, fe80::53], lifetime: 60s}
            """)
        #expect(configuration.routers[0].routerAdvertisement == nil)
        let settings = try #require(configuration.routers[1].routerAdvertisement)
        #expect(settings.lifetime == .seconds(9000) && settings.maximumInterval == .seconds(30))
        #expect(settings.minimumInterval == .milliseconds(9900))
        #expect(settings.isManaged && settings.hasOtherConfiguration && settings.mtu == 1280)
        #expect(settings.prefixes.map(\.isOnLink) == [true, false, true])
        #expect(settings.prefixes.map(\.isAutonomous) == [true, false, true])
        #expect(
            settings.prefixes.map(\.validLifetime)
                == [.limited(.seconds(2_592_000)), .infinite, .limited(.seconds(3600))])
        #expect(
            settings.prefixes.map(\.preferredLifetime)
                == [.limited(.seconds(604_800))]
                + Array(repeating: .limited(.seconds(3600)), count: 2))
        #expect(settings.resolvers.map(\.addresses.count) == [2])
        #expect(settings.resolvers.map(\.lifetime) == [.limited(.seconds(60))])
    }

    @Test("router advertisements: defaults, off, and no default router")
    func routerAdvertisementDefaults() throws {
        func settings(_ value: String) throws -> RouterAdvertisementSettings? {
            try load(
                pair("router-advertisement: \(value)").replacing("192.0.2.1/24", with: "fe80::1/64")
            ).routers[0].routerAdvertisement
        }
        #expect(try settings("{}") == RouterAdvertisementSettings())
        #expect(try settings("off") == nil)
        #expect(try settings("{lifetime: 0s, interval: 1800s}")?.lifetime == .zero)
        let resolvers = try settings("{dns: [2001:db8::53], interval: 5.5s}")?.resolvers
        #expect(resolvers?.map(\.lifetime) == [.limited(.seconds(17))])
    }

    @Test("each node reads its own value")
    func nodes() throws {
        let text = pair("priority: {gw1: 200, gw2: 100}", "advertise: {gw1: 1s, gw2: 100ms}")
        #expect(try load(text).routers[0].priority.rawValue == 200)
        let second = try load(text, node: "gw2").routers[0]
        #expect(second.priority.rawValue == 100)
        #expect(second.advertisementInterval == .milliseconds(100))
    }

    @Test("the file's node wins over the host name, --node over the file's")
    func override() throws {
        let text = "node: gw2\n" + pair("priority: {gw1: 200, gw2: 100}")
        #expect(try load(text, node: "host").routers[0].priority.rawValue == 100)
        #expect(try load(text, node: "gw1", override: true).routers[0].priority.rawValue == 200)
    }

    @Test("drop-ins add routers and keys of sections; defaults hold for all files")
    func dropIns() throws {
        let configuration = try load(
            pair() + "log: {level: debug}\n",
            "defaults: {priority: 7}\nlog: {target: stderr}\n",
            #"{"routers": {"a": {"interface": "e", "vrid": 1, "addresses": ["10.0.0.1/8"]}}}"#)
        #expect(configuration.routers.map(\.name) == ["a", "lan"])
        #expect(configuration.routers.map(\.priority.rawValue) == [7, 7])
        #expect(configuration.log == LogConfiguration(level: .debug, target: .stderr))
    }

    @Test("variables and credentials are expanded, and never printed")
    func expansions() throws {
        let text = pair("priority: \"${env:P}\"").replacing(
            "eth1", with: "\"${cred:lan}.${env:V}\"")
        let router = try load(
            text, environment: ["P": "42", "V": "9"], credentials: ["lan": "eth5\n"]
        ).routers[0]
        #expect(router.interface == "eth5.9")
        #expect(router.priority.rawValue == 42)
        let bad = #expect(throws: InvalidConfiguration.self) {
            try load(pair("priority: \"${cred:p}\""), credentials: ["p": "hunter2"])
        }
        #expect(bad?.rendered().contains("hunter2") == false)
    }

    @Test("aliases stand for earlier values")
    func aliases() throws {
        let configuration = try load(
            """
            routers:
              a: {interface: &i eth1, vrid: 1, priority: &p {gw1: 9}, addresses: [10.0.0.1/8]}
              b: {interface: *i, vrid: 2, priority: *p, addresses: [10.0.0.2/8]}
            """)
        #expect(configuration.routers.map(\.interface) == ["eth1", "eth1"])
        #expect(configuration.routers.map(\.priority.rawValue) == [9, 9])
    }

    @Test("a file of more than 4 MiB is refused unread")
    func size() {
        let text = pair() + "#" + String(repeating: "x", count: 4 << 20)
        #expect(throws: InvalidConfiguration.self) { try load(text) }
    }

    @Test("no truncation and no flipped bit of a file traps")
    func damage() {
        let bytes = Array(pair("priority: {gw1: 200}", "announce: {count: 3}").utf8)
        let loader = ConfigurationLoader(
            node: "gw1", nodeIsOverride: false, environment: [:], credential: { _ in nil })
        for index in bytes.indices {
            _ = try? loader.load([SourceFile(name: "a", text: Array(bytes[..<index]))])
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                _ = try? loader.load([SourceFile(name: "a", text: damaged)])
            }
        }
    }
}

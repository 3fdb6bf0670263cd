// `accept`: what is read, who accepts, and what the packet filter is to do.

import Testing
import VRRPConfiguration
import VRRPWire

private func addresses(_ texts: String...) throws -> Set<IPAddress> {
    Set(try texts.map { try #require(IPAddress($0)) })
}

@Suite("accept")
struct UnacceptedAddressesTests {
    @Test("the key arrives; an owner accepts whatever it says")
    func reading() throws {
        #expect(try load(pair()).routers[0].acceptMode)
        #expect(try load(pair("accept: true")).routers[0].acceptsPackets)
        let closed = try load(pair("accept: false")).routers[0]
        #expect(!closed.acceptMode && !closed.acceptsPackets)
        let owner = try load(pair("accept: false", "priority: owner")).routers[0]
        #expect(!owner.acceptMode && owner.acceptsPackets)
        let keyed = pair("accept: {gw1: true, gw2: false}")
        #expect(try load(keyed).routers[0].acceptMode)
        #expect(try !load(keyed, node: "gw2").routers[0].acceptMode)
        #expect(try !load("defaults: {accept: false}\n" + pair()).routers[0].acceptMode)
    }

    @Test("M47: addresses of routers that neither own nor accept them; link-local by interface")
    func plan() throws {
        let configuration = try load(
            """
            routers:
              lan:
                interface: eth1
                vrid: 51
                accept: false
                addresses:
                  - 192.0.2.1/24
                  - 169.254.0.1/16
                  - fe80::1/64
                  - 2001:db8::1/64
                  - {address: "fe80::2/64", interface: eth2}
              more: {interface: eth1, vrid: 52, accept: false, addresses: ["fe80::3/64"]}
              open: {interface: eth2, vrid: 51, addresses: [198.51.100.1/24, "fe80::1/64"]}
              owner:
                interface: eth3
                vrid: 51
                accept: false
                priority: owner
                addresses: [203.0.113.1/24]
            """)
        let plan = UnacceptedAddresses(configuration)
        #expect(!plan.isEmpty)
        #expect(
            try plan.everywhere == addresses("192.0.2.1", "169.254.0.1", "2001:db8::1"))
        #expect(
            try plan.onLink == [
                "eth1": addresses("fe80::1", "fe80::3"), "eth2": addresses("fe80::2"),
            ]
        )
        for (text, interface, accepts) in [
            ("192.0.2.1", "eth1", false), ("198.51.100.1", "elsewhere", true),
            ("203.0.113.1", "eth3", true), ("fe80::1", "eth1", false), ("fe80::1", "eth2", true),
            ("fe80::2", "eth2", false), ("10.0.0.1", "eth1", false),
        ] {
            let address = try #require(IPAddress(text))
            #expect(
                configuration.accepts(address, on: interface) == accepts, "\(text) \(interface)")
        }
    }

    @Test("where all accept, nothing is filtered")
    func nothing() throws {
        #expect(UnacceptedAddresses().isEmpty)
        #expect(try UnacceptedAddresses(load(pair())) == UnacceptedAddresses())
        #expect(try UnacceptedAddresses(load(pair("accept: false", "priority: owner"))).isEmpty)
    }

    @Test("each network namespace has its part, with the names that its interfaces have there")
    func parts() throws {
        let configuration = try load(
            """
            routers:
              home: {interface: eth1, vrid: 51, accept: false, addresses: [192.0.2.1/24]}
              blue:
                network-namespace: blue
                interface: eth1
                vrid: 51
                accept: false
                macvlan-name: gateway0
                addresses: [fe80::1/64, {address: "2001:db8::1/64", interface: eth2}]
              path:
                network-namespace: /proc/1/ns/net
                interface: eth1
                vrid: 51
                accept: false
                addresses: [fe80::2/64]
            """)
        #expect(
            configuration.routers.map(\.interface) == [
                "blue/eth1", "eth1", "/proc/1/ns/net/eth1",
            ])
        let blue = configuration.part(in: "blue")
        #expect(blue.routers.map(\.interface) == ["eth1"])
        #expect(blue.routers[0].macvlanName == "gateway0")
        #expect(blue.routers[0].addresses[1].interface == "eth2")
        #expect(try UnacceptedAddresses(blue).everywhere == addresses("2001:db8::1"))
        #expect(try UnacceptedAddresses(blue).onLink == ["eth1": addresses("fe80::1")])
        #expect(
            try UnacceptedAddresses(configuration.part(in: nil)).everywhere
                == addresses("192.0.2.1"))
        #expect(
            try UnacceptedAddresses(configuration.part(in: "/proc/1/ns/net")).onLink
                == ["eth1": addresses("fe80::2")])
    }
}

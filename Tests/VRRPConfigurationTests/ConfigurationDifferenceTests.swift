// What a reload touches.

import Testing
import VRRPConfiguration
import VRRPWire

@Suite("Difference of two configurations")
struct ConfigurationDifferenceTests {
    @Test("the same file twice changes nothing")
    func same() throws {
        #expect(ConfigurationDifference(from: try load(pair()), to: try load(pair())).isEmpty)
    }

    @Test(
        "a change disturbs as much as it must",
        arguments: [
            ("accept: true", Disturbance?.none), ("checksum: rfc5798", .some(.none)),
            ("track-interface: false", .some(.none)), ("advertise: 2s", .timersOnly),
            ("priority: 7", .timersOnly), ("version: 2", .reelection),
        ])
    func disturbance(key: String, expected: Disturbance?) throws {
        let difference = ConfigurationDifference(from: try load(pair()), to: try load(pair(key)))
        #expect(difference.changed.first?.disturbance == expected)
        #expect(difference.added.isEmpty && difference.removed.isEmpty)
    }

    @Test("another interface, VRID or family is another virtual router")
    func identity() throws {
        for (old, new) in [("eth1", "eth2"), ("51", "52"), ("192.0.2.1/24", "fe80::1/64")] {
            let difference = ConfigurationDifference(
                from: try load(pair()), to: try load(pair().replacing(old, with: new)))
            #expect(difference.disturbance == .reelection)
        }
    }

    @Test("each value by itself disturbs as much as it must")
    func values() throws {
        let old = try load(pair())
        func disturbance(_ change: (inout VirtualRouterConfiguration) -> Void) -> Disturbance? {
            var new = old
            change(&new.routers[0])
            return ConfigurationDifference(from: old, to: new).changed.first?.disturbance
        }
        let other = try load(pair("version: 2").replacing("51", with: "52")).routers[0]
        #expect(disturbance { $0.interface = "lan9" } == .reelection)
        #expect(disturbance { $0.vrid = other.vrid } == .reelection)
        #expect(disturbance { $0.version = other.version } == .reelection)
        #expect(disturbance { $0.family = .ipv6 } == .reelection)
        #expect(disturbance { $0.advertisementInterval = .seconds(9) } == .timersOnly)
        #expect(disturbance { $0.priority = .owner } == .timersOnly)
        #expect(disturbance { $0.preemptMode.toggle() } == .timersOnly)
        #expect(disturbance { $0.preemptDelay = .seconds(9) } == .timersOnly)
        #expect(disturbance { $0.startDelay = .seconds(9) } == .timersOnly)
        #expect(disturbance { $0.announce.count = 9 } == .timersOnly)
        #expect(disturbance { $0.acceptMode.toggle() } == Disturbance.none)
        #expect(disturbance { $0.checksum = .rfc5798 } == Disturbance.none)
        #expect(disturbance { $0.trackInterface.toggle() } == Disturbance.none)
        #expect(disturbance { $0.addresses = [] } == Disturbance.none)
        #expect(
            disturbance { $0.routerAdvertisement = RouterAdvertisementSettings() }
                == Disturbance.none)
    }

    @Test("one thing that differs is enough, and the worst of them counts")
    func isEmpty() throws {
        let old = try load(pair())
        let logged = ConfigurationDifference(
            from: old, to: try load(pair() + "log: {level: debug}\n"))
        #expect(logged.logChanged && !logged.controlChanged && !logged.isEmpty)
        var new = old
        new.control.socket = "/nowhere"
        let controlled = ConfigurationDifference(from: old, to: new)
        #expect(controlled.controlChanged && !controlled.logChanged && !controlled.isEmpty)
        new = old
        new.routers = []
        #expect(!ConfigurationDifference(from: old, to: new).isEmpty)
        #expect(!ConfigurationDifference(from: new, to: old).isEmpty)
        #expect(ConfigurationDifference(from: old, to: old).disturbance == Disturbance.none)
        var first = old.routers[0]
        var second = first
        second.name = "second"
        let before = Configuration(node: old.node, routers: [first, second])
        first.acceptMode.toggle()
        second.priority = .owner
        let after = Configuration(node: old.node, routers: [first, second])
        let difference = ConfigurationDifference(from: before, to: after)
        #expect(!difference.isEmpty && difference.disturbance == .timersOnly)
    }

    @Test("routers come and go by name")
    func names() throws {
        let old = try load(pair())
        let new = try load(pair().replacing("lan:", with: "wan:") + "log: {level: debug}\n")
        let difference = ConfigurationDifference(from: old, to: new)
        #expect(difference.added == ["wan"])
        #expect(difference.removed == ["lan"])
        #expect(difference.changed.isEmpty && difference.logChanged && !difference.controlChanged)
    }
}

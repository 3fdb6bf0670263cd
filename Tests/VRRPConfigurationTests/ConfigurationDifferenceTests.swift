// What a reload touches.

import Testing
import VRRPConfiguration

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

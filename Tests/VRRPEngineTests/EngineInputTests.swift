// Inputs as values: each does what the call it stands for does, and its text says all of it.

import Foundation
import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Inputs as values")
struct EngineInputTests {
    static let message: [UInt8] = [0x31, 51, 100, 1, 0, 100, 0x06, 0xcf, 192, 0, 2, 1]

    /// One of each case. The switch names the case that a new one must be added for.
    static let every: [EngineInput] = {
        guard let gateway else { return [] }
        let configuration = Configuration(
            node: "gw1",
            routers: [
                routerConfiguration(checksum: .rfc5798),
                routerConfiguration("v6", vrid: 52, addresses: ["fe80::1/64", "2001:db8::1/64"]),
            ].compactMap { $0 },
            log: LogConfiguration(level: .debug, target: .stderr))
        return [
            .apply(configuration: configuration),
            .beginResynchronisation(),
            .observeLink(
                link: Link(
                    index: 7, name: "lan0", isUp: true, hasCarrier: false,
                    hardwareAddress: MACAddress(rawValue: 0x0200_0000_0003))),
            .observeRemovedLink(interface: 7),
            .observeAddress(address: KernelAddress(interface: 7, address: gateway)),
            .observeRemovedAddress(interface: 7, address: gateway),
            .endResynchronisation,
            .receive(
                interface: 7, source: .v4(peerAddress), destination: .v4(.vrrpGroup),
                hopLimit: 255, message: HexadecimalBytes(message)),
            .receiveMalformed(interface: 7),
            .advance,
            .leave,
            .deviceChanged(name: "vrrp4-51-7", code: 17),
            .addressesChanged(token: 3, results: [0, 17, 99]),
            .sendFailed(router: 0, code: 100),
            .sendSucceeded(router: 0),
            .listenFailed(interface: 7, family: .ipv6, code: 19),
            .solicited(
                interface: 7, source: .v6(.any), destination: .v6(.allRouters), hopLimit: 255,
                message: HexadecimalBytes([133, 0, 0, 0])),
            .solicitationsFailed(interface: 7, code: 105),
        ]
    }()

    @Test("every case is the same after it was written and read", arguments: every)
    func roundTrip(input: EngineInput) throws {
        let text = try JSONEncoder().encode(input)
        #expect(try JSONDecoder().decode(EngineInput.self, from: text) == input)
        #expect(input.fault == nil)
    }

    @Test(
        "a verdict about a trailer is part of what was received",
        arguments: [Authenticity.verified(keyID: 7), .failed, .absent])
    func verdict(authenticity: Authenticity) throws {
        let input = EngineInput.receive(
            interface: 7, source: .v4(peerAddress), destination: .v4(.vrrpGroup), hopLimit: 255,
            message: HexadecimalBytes([0x31]), authenticity: authenticity)
        let text = try JSONEncoder().encode(input)
        #expect(try JSONDecoder().decode(EngineInput.self, from: text) == input)
    }

    @Test("there is one of every case")
    func complete() {
        let names = Self.every.map(name)
        #expect(Set(names).count == 18 && names.count == 18)
    }

    /// Made to fail to compile when a case is added: then `every` needs one more.
    private func name(_ input: EngineInput) -> String {
        switch input {
        case .apply: "apply"
        case .beginResynchronisation: "beginResynchronisation"
        case .observeLink: "observeLink"
        case .observeRemovedLink: "observeRemovedLink"
        case .observeAddress: "observeAddress"
        case .observeRemovedAddress: "observeRemovedAddress"
        case .endResynchronisation: "endResynchronisation"
        case .receive: "receive"
        case .receiveMalformed: "receiveMalformed"
        case .advance: "advance"
        case .leave: "leave"
        case .deviceChanged: "deviceChanged"
        case .addressesChanged: "addressesChanged"
        case .sendFailed: "sendFailed"
        case .sendSucceeded: "sendSucceeded"
        case .listenFailed: "listenFailed"
        case .solicited: "solicited"
        case .solicitationsFailed: "solicitationsFailed"
        }
    }

    @Test("the text is one that people can read")
    func text() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func text(_ input: EngineInput) throws -> String {
            String(decoding: try encoder.encode(input), as: UTF8.self)
        }
        #expect(
            try text(Self.every[7]) == """
                {"receive":{"destination":"224.0.0.18","hopLimit":255,"interface":7,\
                "message":"31336401006406cfc0000201","source":"192.0.2.2"}}
                """)
        #expect(
            try text(Self.every[2]) == """
                {"observeLink":{"link":{"hardwareAddress":"02:00:00:00:00:03",\
                "hasCarrier":false,"index":7,"isMarkedOurs":false,"isUp":true,"name":"lan0"}}}
                """)
        #expect(
            try text(Self.every[5]) == """
                {"observeRemovedAddress":{"address":"192.0.2.1/24","interface":7}}
                """)
        #expect(try text(.advance) == #"{"advance":{}}"#)
        #expect(
            try text(Self.every[0]).contains(#""advertisementInterval":1000000000,"#),
            "durations are nanoseconds")
    }

    @Test(
        "what no configuration or packet can say is refused",
        arguments: [
            #"{"receive":{"destination":"224.0.0.18","hopLimit":255,"interface":7,"#
                + #""message":"313","source":"192.0.2.2"}}"#,
            #"{"observeRemovedAddress":{"address":"192.0.2.1/33","interface":7}}"#,
            #"{"observeRemovedAddress":{"address":"192.0.2.1","interface":7}}"#,
            #"{"observeRemovedLink":{"interface":4294967296}}"#,
            #"{"receiveMalformed":{}}"#,
            #"{"somethingNew":{}}"#,
            #"{}"#,
        ])
    func refused(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(EngineInput.self, from: Data(text.utf8))
        }
    }

    @Test("a configuration that no engine can run has a fault")
    func fault() throws {
        let router = try #require(routerConfiguration())
        func fault(_ change: (inout VirtualRouterConfiguration) -> Void) -> String? {
            var changed = router
            change(&changed)
            return EngineInput.apply(
                configuration: Configuration(node: "gw1", routers: [router, changed])
            ).fault
        }
        for interval in [Duration.zero, .microseconds(9_999), .milliseconds(255_001)] {
            #expect(
                fault { $0.advertisementInterval = interval }
                    == "`lan` has an impossible advertisement interval")
        }
        for interval in [Duration.milliseconds(10), .seconds(255)] {
            #expect(fault { $0.advertisementInterval = interval } == nil)
        }
        let addresses = "`lan` has no addresses, or some of another family"
        #expect(fault { $0.addresses = [] } == addresses)
        #expect(fault { $0.family = .ipv6 } == addresses)
        let announce = "`lan` has an impossible `announce`"
        for count in [0, 101] { #expect(fault { $0.announce.count = count } == announce) }
        for count in [1, 100] { #expect(fault { $0.announce.count = count } == nil) }
        #expect(fault { $0.announce.spacing = .zero } == announce)
        #expect(fault { $0.announce.refresh = .zero } == announce)
        #expect(fault { $0.announce.refresh = .nanoseconds(1) } == nil)
        let delay = "`lan` has a negative delay"
        #expect(fault { $0.preemptDelay = .nanoseconds(-1) } == delay)
        #expect(fault { $0.startDelay = .nanoseconds(-1) } == delay)
    }

    @Test(
        "durations are exact",
        arguments: [
            .zero, .nanoseconds(39062) + Duration(secondsComponent: 0, attosecondsComponent: 5),
            .seconds(-1) - .nanoseconds(1), .milliseconds(10) * 1 / 256,
        ] as [Duration])
    func durations(duration: Duration) throws {
        let text = try JSONEncoder().encode([Nanoseconds(duration)])
        #expect(
            try JSONDecoder().decode([Nanoseconds].self, from: text) == [Nanoseconds(duration)])
    }
}

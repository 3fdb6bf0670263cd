// Interfaces of several network namespaces in one engine: numbers that do not collide, and tables that
// are read one namespace at a time.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Network namespaces")
struct NamespaceTests {
    @Test("handles hold a namespace and an index, and the daemon's own are the kernel's indexes")
    func handles() throws {
        #expect(InterfaceHandle.make(index: 7, namespace: 0) == 7)
        #expect(InterfaceHandle.make(index: .max, namespace: 0) == .max)
        #expect(InterfaceHandle.namespace(of: .max) == 0)
        for namespace in [1, 2, 77, InterfaceHandle.lastNamespace] {
            for index in [0, 1, 7, 1 << 20 - 1] as [Int32] {
                let handle = try #require(
                    InterfaceHandle.make(index: index, namespace: namespace))
                #expect(InterfaceHandle.namespace(of: handle) == namespace)
                #expect(InterfaceHandle.index(of: handle) == index)
                let anywhere = InterfaceHandle.anywhere(near: handle)
                #expect(InterfaceHandle.index(of: anywhere) == 0)
                #expect(InterfaceHandle.namespace(of: anywhere) == namespace)
            }
        }
        #expect(InterfaceHandle.make(index: 1 << 20, namespace: 1) == nil)
        #expect(InterfaceHandle.make(index: 1, namespace: 1 + InterfaceHandle.lastNamespace) == nil)
        #expect(InterfaceHandle.anywhere(near: 7) == 0)
    }

    private func blue(mac: MACPolicy = .interface) -> VirtualRouterConfiguration? {
        var configuration = routerConfiguration("blue", addresses: ["192.0.2.9/24"])
        configuration?.interface = "blue/lan0"
        configuration?.networkNamespace = "blue"
        configuration?.mac = mac
        return configuration
    }

    /// The tables of the namespace, as netlink tells them.
    private func tell(_ bench: Bench, _ index: Int32, at now: Instant) throws {
        bench.engine.beginResynchronisation(namespace: 1)
        bench.engine.observe(
            Link(
                index: index, name: "blue/lan0", isUp: true, hasCarrier: true,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0009)), at: now)
        let own = try #require(InterfaceAddress("192.0.2.33/24"))
        bench.engine.observe(KernelAddress(interface: index, address: own), at: now)
        bench.engine.endResynchronisation(at: now)
        bench.advance(to: now)
    }

    @Test("a namespace that is read anew leaves what is in others alone")
    func resynchronisation() throws {
        let bench = Bench([routerConfiguration(), blue()])
        let index = try #require(InterfaceHandle.make(index: lanIndex, namespace: 1))
        #expect(bench.router("blue")?.reason == .interfaceMissing)
        try tell(bench, index, at: at(1))
        bench.run(until: at(6))
        #expect(bench.router()?.state == .active)
        #expect(bench.router("blue")?.state == .active)
        bench.engine.beginResynchronisation(namespace: 1)
        bench.engine.endResynchronisation(at: at(6))
        bench.advance(to: at(6))
        #expect(bench.router("blue")?.reason == .interfaceMissing)
        #expect(bench.router()?.state == .active)
        #expect(bench.router()?.counters.becameActive == 1)
        try tell(bench, index, at: at(7))
        #expect(bench.router("blue")?.state == .backup)
    }

    @Test("a reading that breaks off holds nothing up once the namespace is given up")
    func brokenOff() throws {
        let bench = Bench([routerConfiguration(), blue()])
        bench.engine.beginResynchronisation(namespace: 1)
        bench.engine.beginResynchronisation(namespace: 1)
        bench.engine.endResynchronisation(at: at(1))
        bench.run(until: at(5))
        #expect(bench.router()?.state == .active)
        bench.setLink(isUp: false, at: at(5))
        #expect(bench.router()?.reason == .interfaceDown)
    }

    @Test("a macvlan's name holds the kernel's index, and the namespace in front")
    func macvlan() throws {
        let bench = Bench([blue(mac: .virtual)])
        let index = try #require(InterfaceHandle.make(index: lanIndex, namespace: 1))
        try tell(bench, index, at: at(1))
        let names = bench.log.compactMap { effect in
            if case .changeDevice(let name, _) = effect { name } else { nil as String? }
        }
        #expect(names == ["blue/vrrp4-51-7"])
    }
}

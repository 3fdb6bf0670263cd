// Everything that a run depends on, drawn from one seed: how many routers and what they are told,
// how good the LAN, the clocks and the kernels are, how often something fails.

package import VRRPConfiguration
import VRRPCore
package import VRRPWire

/// What one simulated machine is.
package struct NodeOptions: Sendable {
    package var configuration: Configuration
    /// The interface's own addresses, the primary first.
    package var ownAddresses: [InterfaceAddress]
    /// Millionths by which its clock is wrong.
    package var drift: Int
    package var clockOffset: Nanoseconds

    package init(
        configuration: Configuration, ownAddresses: [InterfaceAddress], drift: Int = 0,
        clockOffset: Nanoseconds = 1_000 * .second
    ) {
        self.configuration = configuration
        self.ownAddresses = ownAddresses
        self.drift = drift
        self.clockOffset = clockOffset
    }
}

package struct SimulationOptions: Sendable {
    package var seed: UInt64
    package var nodes: [NodeOptions]
    /// Virtual routers are named `r0`, `r1`, … on every node that has them.
    package var routerCount: Int
    /// The LAN while everything is whole.
    package var calm = LANConditions()
    /// The LAN during chaos.
    package var rough = LANConditions()
    /// How late a timer may wake the daemon.
    package var wakeLatency: Nanoseconds = 200_000
    /// How long the kernel takes for a request; nil: it answers at once, as Linux does.
    package var kernelLatency: Nanoseconds?
    /// The mean time between two faults during chaos; nil: nothing fails by itself.
    package var faultSpacing: Nanoseconds?
    package var duration: Nanoseconds = 600 * .second

    package init(seed: UInt64, nodes: [NodeOptions], routerCount: Int) {
        self.seed = seed
        self.nodes = nodes
        self.routerCount = routerCount
    }

    /// Everything from one number.
    package init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var draw = Draw(generator: generator.split())
        let nodeCount = [2, 2, 2, 3, 3, 4, 5][generator.below(7)]
        let routerCount = [1, 1, 2, 2, 3][generator.below(5)]
        let routers = (0..<routerCount).map { draw.routers(number: $0, nodeCount: nodeCount) }
        let isWild = generator.chance(percent: 10)
        self.init(
            seed: seed,
            nodes: (0..<nodeCount).map { node in
                NodeOptions(
                    configuration: Configuration(
                        node: "gw\(node)", routers: routers.map { $0[node] }),
                    ownAddresses: Draw.ownAddresses(node: node, routers: routers),
                    drift: generator.number(isWild ? -5000...5000 : -100...100),
                    clockOffset: Nanoseconds(generator.number(1...100_000)) * .millisecond)
            }, routerCount: routerCount)
        drawWorld(&generator)
    }

    /// One virtual router on as many machines as there are priorities, on a LAN and with kernels that
    /// do nothing wrong: for scenarios. `change` gets each machine's part before it starts.
    package init(
        priorities: [UInt8], change: (Int, inout VirtualRouterConfiguration) -> Void = { _, _ in }
    ) {
        let routers = priorities.enumerated().compactMap { node, priority in
            VirtualRouterID(Draw.firstVRID).map { vrid in
                var router = VirtualRouterConfiguration(
                    name: "r0", family: .ipv4, interface: Kernel.interfaceName, vrid: vrid,
                    priority: Priority(priority),
                    addresses: Draw.addresses(number: 0, family: .ipv4))
                change(node, &router)
                return router
            }
        }
        self.init(
            seed: 0,
            nodes: routers.enumerated().map { node, router in
                NodeOptions(
                    configuration: Configuration(node: "gw\(node)", routers: [router]),
                    ownAddresses: Draw.ownAddresses(node: node, routers: [routers]))
            }, routerCount: 1)
        calm.jitter = 0
        rough = calm
        wakeLatency = 1
    }

    private mutating func drawWorld(_ generator: inout SeededGenerator) {
        let shortest = shortestInterval
        calm.delay = Nanoseconds(generator.pick([5_000, 50_000, 300_000]) ?? 0)
        calm.jitter = Nanoseconds(generator.pick([0, 20_000, 500_000]) ?? 0)
        rough = calm
        rough.jitter += min(
            shortest / 8, Nanoseconds(generator.below(20)) * Nanoseconds.millisecond)
        rough.loss = generator.pick([0, 0, 1_000, 20_000, 100_000, 300_000]) ?? 0
        rough.duplication = generator.pick([0, 0, 10_000, 200_000]) ?? 0
        rough.damage = generator.pick([0, 0, 5_000, 50_000]) ?? 0
        rough.reordering = generator.pick([0, 0, 10_000, 200_000]) ?? 0
        rough.reorderingDelay = shortest / 4 + 1
        wakeLatency = generator.pick([1, 100_000, 1_000_000, 20_000_000]) ?? 1
        wakeLatency = min(wakeLatency, shortest / 8)
        kernelLatency = generator.pick([nil, nil, 20_000, 3_000_000, 200_000_000]) ?? nil
        faultSpacing = generator.pick([1, 3, 10, 30]).map { $0 * Nanoseconds.second }
    }

    private var shortestInterval: Nanoseconds {
        nodes.flatMap(\.configuration.routers)
            .map { $0.advertisementInterval.nanosecondsRoundedUp }.min() ?? .second
    }

    /// No turn of the loop comes later than this after what it waits for.
    package var slack: Nanoseconds { wakeLatency + .millisecond }
}

extension SimulationOptions: CustomStringConvertible {
    package var description: String {
        var lines = [
            "\(nodes.count) routers, \(routerCount) virtual routers, \(duration / .second) s",
            "LAN: \(rough), calm delay \(calm.delay) ns + \(calm.jitter) ns",
            "wake latency \(wakeLatency) ns, kernel latency \(kernelLatency ?? 0) ns,"
                + " a fault every \((faultSpacing ?? 0) / .second) s",
        ]
        for (index, node) in nodes.enumerated() {
            let addresses = node.ownAddresses.map(\.description).joined(separator: " ")
            lines.append("gw\(index): drift \(node.drift) ppm, \(addresses)")
            for router in node.configuration.routers { lines.append("  \(router.summary)") }
        }
        return lines.joined(separator: "\n")
    }
}

extension LANConditions: CustomStringConvertible {
    package var description: String {
        "delay \(delay) ns + \(jitter) ns; of a million \(loss) lost, \(duplication) doubled,"
            + " \(damage) damaged, \(reordering) reordered by \(reorderingDelay) ns"
    }
}

extension VirtualRouterConfiguration {
    package var summary: String {
        "\(name) \(version) \(family) vrid \(vrid.rawValue) priority \(priority.rawValue) every"
            + " \(advertisementInterval)\(preemptMode ? "" : ", no preempt")"
            + (preemptDelay > .zero ? ", preempt-delay \(preemptDelay)" : "")
            + (startDelay > .zero ? ", start-delay \(startDelay)" : "")
            + (trackInterface ? "" : ", interface not tracked")
            + (mac == .virtual ? ", virtual MAC" : "")
            + ", announce \(announce.count) × \(announce.spacing): "
            + addresses.map(\.address.description).joined(separator: " ")
    }
}

// Who is who, kept for the checkers: what every router was told and in which state it says it is,
// which machines run, and how slow things may be.

package import VRRPConfiguration
package import VRRPCore
package import VRRPWire

/// One virtual router on one machine.
package struct Seat: Sendable {
    /// Nil while the machine's configuration does not have it.
    package var configuration: VirtualRouterConfiguration?
    package var state = RouterState.initialize
    /// The longest interval anybody was ever told: a Backup may have learnt it.
    package var longestInterval: Nanoseconds = 0

    package var priority: Priority { configuration?.priority ?? .leaving }
    package var interval: Nanoseconds {
        configuration?.advertisementInterval.nanosecondsRoundedUp ?? 0
    }
    /// Whether it takes over from a lower priority.
    package var preempts: Bool {
        configuration.map { $0.preemptMode || $0.priority == .owner } ?? false
    }
}

package struct Machine: Sendable {
    package var isRunning = true
    package var isPaused = false
    /// Its interface exists, is up and has carrier.
    package var isConnected = true
    /// Its daemon is told what happens to the interface.
    package var isInformed = true

    package var isWell: Bool { isRunning && !isPaused && isConnected && isInformed }
}

package struct Roster: Sendable {
    package let nodeCount: Int
    package let routerCount: Int
    package var machines: [Machine]
    private var seats: [Seat]
    /// No frame takes longer.
    package var longestDelay: Nanoseconds
    /// No reaction takes longer.
    package var slack: Nanoseconds

    package init(
        nodeCount: Int, routerCount: Int, longestDelay: Nanoseconds, slack: Nanoseconds
    ) {
        self.nodeCount = nodeCount
        self.routerCount = routerCount
        self.longestDelay = longestDelay
        self.slack = slack
        machines = Array(repeating: Machine(), count: nodeCount)
        seats = Array(repeating: Seat(), count: nodeCount * routerCount)
    }

    package subscript(node: Int, router: Int) -> Seat {
        get { seats[node * routerCount + router] }
        set { seats[node * routerCount + router] = newValue }
    }

    package mutating func configure(_ node: Int, _ configuration: Configuration) {
        for router in 0..<routerCount {
            let own = configuration.routers.first { $0.name == "r\(router)" }
            self[node, router].configuration = own
            var longest = own?.advertisementInterval ?? .zero
            if own?.alsoVersion2 == true {
                longest = max(longest, Advertisement.version2Interval(for: longest))
            }
            let interval = longest.nanosecondsRoundedUp
            for other in 0..<nodeCount {
                let known = self[other, router].longestInterval
                self[other, router].longestInterval = max(known, interval)
            }
        }
    }

    /// Which virtual router of a machine has an address, and where in its list.
    package func place(of address: IPAddress, on node: Int) -> (router: Int, index: Int)? {
        for router in 0..<routerCount {
            let list = self[node, router].configuration?.addresses ?? []
            if let index = list.firstIndex(where: { $0.address.address == address }) {
                return (router, index)
            }
        }
        return nil
    }

    /// The machines on which a virtual router is Active.
    package func actives(_ router: Int) -> [Int] {
        (0..<nodeCount).filter { machines[$0].isRunning && self[$0, router].state == .active }
    }

    /// Those that could be Active.
    package func candidates(_ router: Int) -> [Int] {
        (0..<nodeCount).filter {
            machines[$0].isWell && self[$0, router].configuration != nil
        }
    }

    package func skewTime(_ node: Int, _ router: Int, interval: Nanoseconds) -> Nanoseconds {
        let seat = self[node, router]
        let unit: Nanoseconds = seat.configuration?.version == .v2 ? .second : interval
        // A nanosecond more, since the world's clock has no fractions.
        return unit * Nanoseconds(256 - Int(seat.priority.rawValue)) / 256 + 1
    }

    package func activeDownInterval(
        _ node: Int, _ router: Int, interval: Nanoseconds
    ) -> Nanoseconds {
        3 * interval + skewTime(node, router, interval: interval)
    }

    /// Clocks may be wrong by half a percent.
    package static func stretched(_ time: Nanoseconds) -> Nanoseconds { time + time / 180 }
}

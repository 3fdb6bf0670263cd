// One simulated machine: its clock, its kernel, and the daemon that may run on it, stand still or be
// gone.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// A running daemon: the production engine, and beside it the reference.
final class Daemon {
    var engine: Engine
    var shadow: Shadow
    /// Counted here, compared with the engine's counters.
    var heard: [Int]
    var sent: [Int]
    var becameActive: [Int]
    /// When each virtual router advertised itself to the hosts, on the node's own clock.
    var toldHosts: [Instant?]
    /// Virtual routers that advertised themselves in this turn before they were known to be Active.
    var earlyVoices: Set<Int> = []
    /// This turn began more than 10 ms after the deadline that the turn before left behind.
    var isLate = false
    /// How often it looked at its deadlines in such turns.
    var lateLooks = 0
    /// What it said in this turn.
    var observed: [Shadow.Expectation]
    var isLeaving = false
    /// A request that the kernel has not answered yet.
    var unanswered: AddressRequest?
    /// What stood on the interface under another name when it started.
    var leftovers: Set<InterfaceAddress> = []
    /// What was done to the kernel behind the daemon's back may still have to be put right.
    var excusedUntil: Nanoseconds = 0

    init(node: String, routerCount: Int) {
        engine = Engine(node: node)
        shadow = Shadow(routerCount: routerCount)
        heard = Array(repeating: 0, count: routerCount)
        sent = heard
        becameActive = heard
        toldHosts = Array(repeating: nil, count: routerCount)
        observed = Array(repeating: Shadow.Expectation(), count: routerCount)
    }

    /// A virtual router left the configuration: its counters went with it.
    func forget(_ router: Int) {
        heard[router] = 0
        sent[router] = 0
        becameActive[router] = 0
        toldHosts[router] = nil
    }
}

/// What waits for a daemon that stands still.
enum Waiting {
    case frame(slot: Int, damagedBit: Int)
    case notice(Notice)
    case answer(token: UInt64, [Int32])
}

final class Node {
    let index: Int
    let clock: VirtualClock
    var kernel: Kernel
    /// What its file says.
    var configuration: Configuration
    var daemon: Daemon?
    /// What a virtual router was when it last spoke.
    var former: [Int: VirtualRouterConfiguration] = [:]
    /// Tells a daemon's timers and requests from those of its predecessors.
    var incarnation = 0
    var isPaused = false
    var backlog: [Waiting] = []
    var waitingFrames = 0
    /// Plan or kernel changed since they were compared.
    var isUnchecked = true
    /// Netlink's buffer is full: notices are lost until the tables are read anew.
    var isOverrun = false
    /// When its timer goes off; nil when none is armed.
    var armed: Nanoseconds?
    /// The deadline that it is for, on the node's own clock.
    var armedFor = Instant.origin
    /// What the kernel has still to do, in order.
    var requests: [AddressRequest] = []
    var busyUntil: Nanoseconds = 0
    var deviceRequests: [(String, DeviceRequest.Operation)] = []
    var devicesBusyUntil: Nanoseconds = 0
    /// Which groups its sockets have joined, by interface.
    var listening: Set<Listening> = []
    /// On which interfaces it hears hosts that ask for a router.
    var soliciting: Set<Int32> = []

    struct Listening: Hashable {
        var interface: Int32
        var family: AddressFamily
    }

    /// Datagrams that the socket holds for a daemon that does not read.
    static let socketCapacity = 200

    init(index: Int, options: NodeOptions) {
        self.index = index
        clock = VirtualClock(offset: options.clockOffset, drift: Int64(options.drift))
        configuration = options.configuration
        kernel = Kernel(
            hardwareAddress: MACAddress(rawValue: 0x0200_0000_0010 + UInt64(index)),
            own: options.ownAddresses)
    }

    /// An address of ours where it should stand.
    struct Place: Hashable, Comparable, CustomStringConvertible {
        var interface: String
        var address: InterfaceAddress

        static func < (left: Place, right: Place) -> Bool { left.description < right.description }

        var description: String { "\(address) on \(interface)" }
    }

    /// What of ours should be in the kernel now, by what the daemon decided: addresses, and which
    /// macvlans are up.
    func planned(_ roster: Roster) -> (addresses: Set<Place>, raised: Set<String>) {
        var addresses: Set<Place> = []
        var raised: Set<String> = []
        let foreign = kernel.addresses.filter {
            !$0.isMarkedOurs && $0.interface == kernel.link?.index
        }.map(\.address)
        for router in 0..<roster.routerCount where roster[index, router].state == .active {
            guard let configuration = roster[index, router].configuration else { continue }
            let isVirtual = configuration.mac == .virtual
            let device =
                isVirtual
                ? configuration.expectedDevice(on: kernel.link?.index) : Kernel.interfaceName
            if isVirtual { raised.insert(device) }
            for virtual in configuration.addresses
            where isVirtual || !foreign.contains(virtual.address) {
                addresses.insert(Place(interface: device, address: virtual.address))
            }
        }
        return (addresses, raised)
    }

    /// What of ours is in the kernel.
    var installed: Set<Place> {
        var names: [Int32: String] = [:]
        for link in kernel.devices { names[link.index] = link.name }
        return Set(
            kernel.addresses.filter(\.isMarkedOurs).map {
                Place(interface: names[$0.interface] ?? Kernel.interfaceName, address: $0.address)
            })
    }
}

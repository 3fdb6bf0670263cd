// What hosts are told by a virtual router, and what they ask: RFC 9568 §8.2.3, RFC 4861 §6.2.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension Simulation {
    private static let property = "only an Active Router advertises itself to hosts, in measure"

    /// Whether a frame is a Router Advertisement; then it must be one that hosts may have.
    func advertisesToHosts(
        _ node: Node, _ daemon: Daemon, _ bytes: [UInt8], at local: Instant
    ) -> Bool {
        let start = FramePool.networkOffset + IPv6Header.byteCount
        guard bytes.count > start, bytes[12] == 0x86, bytes[13] == 0xdd, bytes[start] == 134 else {
            return false
        }
        let datagram = unsafe bytes.span.bytes.extracting(droppingFirst: FramePool.networkOffset)
        guard
            let header = try? IPv6Header(decoding: datagram),
            let said = try? RouterAdvertisement(
                decoding: datagram.extracting(droppingFirst: IPv6Header.byteCount),
                header: DatagramHeader(
                    source: .v6(header.source), destination: .v6(header.destination),
                    hopLimit: header.hopLimit)),
            let (router, index) = roster.place(of: .v6(header.source), on: node.index), index == 0,
            let configuration = roster[node.index, router].configuration
        else {
            fail(Self.property, "gw\(node.index) advertises what no host would believe")
            return true
        }
        let who = "gw\(node.index) r\(router)"
        // A takeover is told at the end of its turn.
        if roster[node.index, router].state != .active { daemon.earlyVoices.insert(router) }
        if said.lifetime == .zero { fail(Self.property, "\(who) takes hosts their router") }
        if configuration.routerAdvertisement == nil {
            fail(Self.property, "\(who) was not told to")
        }
        let own =
            configuration.mac == .virtual
            ? configuration.virtualMAC : node.kernel.hardwareAddress
        if said.sourceLinkLayerAddress != own { fail(Self.property, "\(who) names another's MAC") }
        if let last = daemon.toldHosts[router], local - last < .seconds(3) {
            fail(Self.property, "\(who) advertises again after \(local - last)")
        }
        daemon.toldHosts[router] = local
        return true
    }

    /// At the end of a turn: who spoke has become Active in it at the latest.
    func checkVoices(_ node: Node, _ daemon: Daemon) {
        for router in daemon.earlyVoices.sorted() {
            fail(Self.property, "gw\(node.index) r\(router) is not Active")
        }
        daemon.earlyVoices.removeAll(keepingCapacity: true)
    }

    /// Now and then a host asks, when a frame arrives anyway: no draw of its own is needed.
    func perhapsSolicit(_ node: Node, _ daemon: Daemon, on interface: Int32, at local: Instant) {
        guard now % 5 == 0, node.soliciting.contains(interface) else { return }
        let host = IPv6Address(high: 0xfe80 << 48, low: 0x99)
        var bytes: [UInt8] = []
        RouterSolicitation(sourceLinkLayerAddress: nil).append(to: &bytes, source: host)
        let message = unsafe bytes.span.bytes.extracting(droppingFirst: IPv6Header.byteCount)
        daemon.engine.solicited(
            message,
            header: DatagramHeader(
                source: .v6(host), destination: .v6(.allRouters), hopLimit: 255),
            interface: interface, at: local)
    }

    /// Groups are joined once, and left once.
    func solicit(_ node: Node, on interface: Int32, _ isWanted: Bool) {
        let changed =
            isWanted
            ? node.soliciting.insert(interface).inserted
            : node.soliciting.remove(interface) != nil
        if !changed { fail("groups", "gw\(node.index) joins or leaves all routers twice") }
    }
}

// Memberships of one group on many interfaces, kept by sockets that do nothing else.
// A socket may have 20 memberships (net.ipv4.igmp_max_memberships), and the kernel walks the whole
// list of the socket that receives for every packet: so that one has none.

import CSys
import Glibc
import VRRPWire

struct MulticastMemberships: ~Copyable {
    private final class Holder {
        let descriptor: FileDescriptor
        var interfaces: [Int32] = []

        init(_ family: AddressFamily) throws(SystemError) {
            descriptor = try .socket(family.socketFamily, SocketType.datagram, 0)
        }
    }

    private let group: IPAddress
    private var holders: [Holder] = []

    init(group: IPAddress) {
        self.group = group
    }

    /// Joins on an interface, which may be down. Nothing happens when it is joined already.
    mutating func join(interface: Int32) throws(SystemError) {
        if holders.contains(where: { $0.interfaces.contains(interface) }) { return }
        for holder in holders where holder.interfaces.count < Self.perHolder {
            do {
                try join(interface, with: holder)
                return
            } catch  where error.code == ENOBUFS {
                // The system allows fewer than we think. Try the next.
                continue
            }
        }
        let holder = try Holder(group.family)
        try join(interface, with: holder)
        holders.append(holder)
    }

    /// Leaves, also when the interface does not exist any more: the kernel keeps the place of a
    /// deleted interface until it is told.
    mutating func leave(interface: Int32) {
        for (position, holder) in holders.enumerated() {
            guard let index = holder.interfaces.firstIndex(of: interface) else { continue }
            holder.interfaces.remove(at: index)
            _ = csys_membership(holder.descriptor.rawValue, csys_address(group), interface, 0)
            if holder.interfaces.isEmpty { holders.remove(at: position) }
            return
        }
    }

    private func join(_ interface: Int32, with holder: Holder) throws(SystemError) {
        try systemCall("join group") {
            csys_membership(holder.descriptor.rawValue, csys_address(group), interface, 1)
        }
        holder.interfaces.append(interface)
    }

    private static let perHolder = 20
}

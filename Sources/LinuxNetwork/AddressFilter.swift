// Drops what the network sends to addresses of this machine, but for neighbour discovery: a table
// of nftables of our own. Every call waits for the kernel: not for the thread that keeps time.

import CNetlink
import Glibc
package import VRRPWire

/// An address of this machine that takes no packets from the network.
package struct FilteredAddress: Hashable, Sendable {
    /// Which packets to it are meant.
    package enum Entrance: Hashable, Sendable {
        case anywhere
        /// Those that come in through the interface that has this index.
        case interface(Int32)
        /// Those that come in through the interface that is called so at that moment.
        case named(String)
    }

    package let address: IPAddress
    package let entrance: Entrance

    package init(_ address: IPAddress, through entrance: Entrance = .anywhere) {
        self.address = address
        self.entrance = entrance
    }
}

package enum AddressFilterError: Error, Equatable, Sendable {
    /// There is a table of that name, and it is not ours.
    case occupied
    case system(SystemError)
}

/// Made and used by one thread at a time, in the namespace in which it was made.
///
/// The table belongs to our socket: others can look at it, and neither `nft flush ruleset` nor
/// `systemctl reload nftables` removes it. Since Linux 6.9 it stays when we are killed, and so do
/// the addresses that it guards; a successor takes it over. Before 6.9 it is gone then.
package struct AddressFilter: ~Copyable {
    private var socket: NetlinkSocket
    let table: String
    private var isInstalled = false

    package init(table: String) throws(SystemError) {
        socket = try NetlinkSocket(
            family: Netfilter.family, groups: 0, receiveBufferBytes: 1 << 18)
        // One transaction is one message to the socket: 44 to 60 bytes an address.
        socket.setSendBuffer(bytes: 1 << 24)
        self.table = table
    }

    /// From now on these are filtered and no others. The kernel changes over from one packet to the
    /// next; when this throws, everything is as it was.
    package mutating func install(
        _ addresses: some Sequence<FilteredAddress>
    ) throws(AddressFilterError) {
        let elements = FilterElements(addresses)
        if isInstalled {
            let code = try transact { [table] batch in
                for set in FilterSet.allCases { batch.clear(set, in: table) }
                batch.add(elements, to: table)
            }
            guard code == 0 else { throw .system(SystemError(call: "nftables", code: code)) }
        } else {
            try create(elements)
            isInstalled = true
        }
    }

    /// Nothing is filtered any more, and nothing is left of it.
    package mutating func remove() throws(AddressFilterError) {
        guard isInstalled else { return }
        let code = try transact { [table] batch in batch.deleteTable(table) }
        guard code == 0 || code == ENOENT else {
            throw .system(SystemError(call: "nftables", code: code))
        }
        isInstalled = false
    }

    /// Removes what a killed predecessor left. A table that is somebody else's stays.
    package mutating func removeLeftover() throws(AddressFilterError) {
        let code = try transact { [table] batch in
            batch.addTable(table, flags: Self.lasting)
            batch.deleteTable(table)
        }
        // A kernel that does not know tables that last has kept none.
        guard code == 0 || code == EOPNOTSUPP || code == EPERM else {
            throw .system(SystemError(call: "nftables", code: code))
        }
    }

    /// A new table; or the one that a predecessor left, replaced in the same instant.
    private mutating func create(_ elements: FilterElements) throws(AddressFilterError) {
        var code = try create(elements, flags: Self.lasting)
        if code == EEXIST {
            code = try transact { [table] batch in
                // Refused unless the table lasts and has no owner: then it was ours.
                batch.addTable(table, flags: Self.lasting)
                batch.deleteTable(table)
                batch.addTable(table, flags: Self.lasting)
                batch.addRules(to: table)
                batch.add(elements, to: table)
            }
            if code == EOPNOTSUPP { throw .occupied }
        } else if code == EOPNOTSUPP {
            code = try create(elements, flags: Netfilter.Table.owned)
        }
        switch code {
        case 0: return
        case EEXIST, EPERM: throw .occupied
        default: throw .system(SystemError(call: "nftables", code: code))
        }
    }

    private mutating func create(
        _ elements: FilterElements, flags: UInt32
    ) throws(AddressFilterError) -> Int32 {
        try transact { [table] batch in
            batch.addTable(table, flags: flags, mustBeNew: true)
            batch.addRules(to: table)
            batch.add(elements, to: table)
        }
    }

    /// Sends a transaction and reads the answers: the first errno, 0 when it took effect.
    private mutating func transact(
        _ build: (inout NetfilterBatch) -> Void
    ) throws(AddressFilterError) -> Int32 {
        do throws(SystemError) {
            var batch = NetfilterBatch(firstSequence: socket.nextSequence())
            build(&batch)
            batch.finish()
            guard !batch.isIncomplete else {
                throw SystemError(call: "nlmsg_append", code: ENOMEM)
            }
            try socket.send(batch.bytes.span.bytes)
            return try readAnswers()
        } catch {
            throw .system(error)
        }
    }

    /// The kernel has answered before the system call that sends returns; it says nothing about
    /// what succeeds.
    private mutating func readAnswers() throws(SystemError) -> Int32 {
        let port = socket.port
        var first: Int32 = 0
        var isTruncated = false
        while let bytes = try socket.receive(isTruncated: &isTruncated) {
            _ = forEachNetlinkMessage(bytes) { message in
                let header = message.header
                guard header.nlmsg_type == Netlink.error, header.nlmsg_pid == port else { return }
                let code = errorNumber(negated: message.body(Int32.self) ?? -EPROTO)
                if first == 0 { first = code }
            }
        }
        return first
    }

    private static let lasting = Netfilter.Table.owned | Netfilter.Table.persistent
}

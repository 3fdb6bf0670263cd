// Brings links up, adds and removes addresses: many changes in one system call, and one result for
// each.

import CNetlink
import Glibc
import VRRPWire

package struct NetworkChanger: ~Copyable {
    private var socket: NetlinkSocket
    private var requests: [UInt8] = []
    /// The errno of each change of the batch.
    private var codes: [Int32] = []

    package init() throws(SystemError) {
        socket = try NetlinkSocket(groups: 0, receiveBufferBytes: 2 << 20)
        socket.setSendBuffer(bytes: 1 << 20)
        requests.reserveCapacity(Self.batch * 88)
        codes.reserveCapacity(Self.batch)
    }

    package var rawDescriptor: Int32 { socket.rawDescriptor }

    /// Applies the changes in their order. The kernel has done so, and has queued what it has to
    /// say, when the system call returns. The body gets the position of each change and an errno,
    /// 0 when it is done; `EEXIST` and `EADDRNOTAVAIL` are for the caller to judge.
    package mutating func apply(
        _ changes: [NetworkChange], _ result: (_ index: Int, _ errno: Int32) -> Void
    ) throws(SystemError) {
        var start = 0
        while start < changes.count {
            let end = min(start + Self.batch, changes.count)
            try applyBatch(changes[start..<end])
            for (offset, code) in codes.enumerated() {
                result(start + offset, code)
            }
            start = end
        }
    }

    /// Leaves the results in `codes`.
    private mutating func applyBatch(_ changes: ArraySlice<NetworkChange>) throws(SystemError) {
        discardLeftovers()
        requests.removeAll(keepingCapacity: true)
        codes.removeAll(keepingCapacity: true)
        var firstSequence: UInt32 = 0
        for (position, change) in changes.enumerated() {
            let sequence = socket.nextSequence()
            if position == 0 { firstSequence = sequence }
            // Errors are reported for every message, success only where it is asked for.
            let isLast = position == changes.count - 1
            guard append(change, sequence: sequence, flags: isLast ? Netlink.acknowledge : 0)
            else { throw SystemError(call: "nlmsg_append", code: ENOMEM) }
            codes.append(0)
        }
        try socket.send(requests.span.bytes)
        try readResults(firstSequence: firstSequence)
    }

    private mutating func readResults(firstSequence: UInt32) throws(SystemError) {
        let port = socket.port
        var isAcknowledged = false
        while !isAcknowledged {
            var isTruncated = false
            var isLost = false
            do {
                if let bytes = try socket.receive(isTruncated: &isTruncated) {
                    isAcknowledged = read(bytes, firstSequence: firstSequence, port: port)
                } else {
                    isLost = true
                }
            } catch  where error.code == ENOBUFS {
                isLost = true
            }
            guard isLost else { continue }
            // Results are missing, so that silence does not mean success any more.
            for index in codes.indices where codes[index] == 0 { codes[index] = ENOBUFS }
            return
        }
    }

    /// True when the answer to the last change was among the messages.
    private mutating func read(
        _ bytes: UnsafeRawBufferPointer, firstSequence: UInt32, port: UInt32
    ) -> Bool {
        var isLast = false
        _ = forEachNetlinkMessage(bytes) { message in
            let header = message.header
            guard
                header.nlmsg_type == Netlink.error, header.nlmsg_pid == port,
                let code = message.body(Int32.self)
            else { return }
            let index = position(of: header.nlmsg_seq, firstSequence)
            guard codes.indices.contains(index) else { return }
            codes[index] = errorNumber(negated: code)
            if index == codes.count - 1 { isLast = true }
        }
        return isLast
    }

    /// Sequence numbers skip zero when they wrap.
    private func position(of sequence: UInt32, _ first: UInt32) -> Int {
        let distance = sequence &- first
        return Int(sequence < first ? distance &- 1 : distance)
    }

    /// Answers to a batch that was given up.
    private mutating func discardLeftovers() {
        for _ in 0..<Self.batch * 2 {
            var isTruncated = false
            let bytes = try? socket.receive(isTruncated: &isTruncated)
            guard bytes != nil else { return }
        }
    }

    /// False when there is no memory.
    private mutating func append(
        _ change: NetworkChange, sequence: UInt32, flags: UInt16
    ) -> Bool {
        switch change {
        case .address(let change): append(change, sequence: sequence, flags: flags)
        case .linkUp(let index): append(linkUp: index, sequence: sequence, flags: flags)
        }
    }

    private mutating func append(linkUp index: Int32, sequence: UInt32, flags: UInt16) -> Bool {
        guard
            let message = NetlinkRequest(
                type: Netlink.newLink, flags: flags, sequence: sequence),
            message.append(
                ifinfomsg(index: index, flags: LinkFlag.up, change: LinkFlag.up))
        else { return false }
        return append(message)
    }

    private mutating func append(
        _ change: AddressChange, sequence: UInt32, flags: UInt16
    ) -> Bool {
        let isAddition = change.operation == .add
        guard
            let message = NetlinkRequest(
                type: isAddition ? Netlink.newAddress : Netlink.deleteAddress,
                flags: flags | (isAddition ? Netlink.create | Netlink.exclusive : 0),
                sequence: sequence)
        else { return false }
        let family = change.address.address.family
        // An address of a virtual router is another router's until a moment ago: duplicate
        // address detection would find it, or lose a second.
        let noDetection = isAddition && family == .ipv6
        let fixed = ifaddrmsg(
            ifa_family: UInt8(family.socketFamily), ifa_prefixlen: change.address.prefixLength,
            ifa_flags: UInt8(noDetection ? AddressFlag.noDuplicateDetection : 0),
            ifa_scope: change.scope, ifa_index: UInt32(bitPattern: change.interface))
        guard message.append(fixed) else { return false }
        let isAppended =
            switch change.address.address {
            case .v4(let address): append(address.rawValue.bigEndian, to: message)
            case .v6(let address):
                append((address.high.bigEndian, address.low.bigEndian), to: message)
            }
        guard isAppended else { return false }
        if isAddition, change.protocolTag != 0 {
            guard message.append(attribute: Netlink.addressProtocol, change.protocolTag) else {
                return false
            }
        }
        if isAddition, !change.hasPrefixRoute {
            // This attribute takes the place of the flags above.
            let flags =
                AddressFlag.noPrefixRoute | (noDetection ? AddressFlag.noDuplicateDetection : 0)
            guard message.append(attribute: Netlink.addressFlags, flags) else { return false }
        }
        return append(message)
    }

    private mutating func append(_ message: borrowing NetlinkRequest) -> Bool {
        requests.append(contentsOf: message.bytes)
        // Messages begin at multiples of four.
        while requests.count % 4 != 0 { requests.append(0) }
        return true
    }

    private func append<Value: BitwiseCopyable>(
        _ address: Value, to message: borrowing NetlinkRequest
    ) -> Bool {
        message.append(attribute: Netlink.addressLocal, address)
            && message.append(attribute: Netlink.addressAddress, address)
    }

    package static let batch = 256
}

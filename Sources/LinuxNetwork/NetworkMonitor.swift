// Watches links and addresses. Losing messages is normal: then everything is asked for again.

import CNetlink
import Glibc

package struct NetworkMonitor: ~Copyable {
    private var socket: NetlinkSocket
    /// Messages that made no sense and were skipped.
    package private(set) var malformedCount = 0
    /// How often the kernel had to drop messages because we were slow.
    package private(set) var overrunCount = 0

    package init(receiveBufferBytes: Int32 = 4 << 20) throws(SystemError) {
        socket = try NetlinkSocket(
            groups: Netlink.linkGroup | Netlink.ipv4AddressGroup | Netlink.ipv6AddressGroup,
            receiveBufferBytes: receiveBufferBytes)
    }

    package var rawDescriptor: Int32 { socket.rawDescriptor }

    /// Asks for all links, then all addresses, and waits for the answers. The body sees
    /// `resynchronising`, everything, `synchronised`; changes that happen meanwhile lie where they
    /// happened. When the kernel's list changed under its reading, it starts again.
    package mutating func synchronise(
        _ body: (NetworkObservation) -> Void
    ) throws(SystemError) {
        for _ in 0..<Self.attemptLimit {
            // What was queued before is older than the answers and may miss its successor.
            drain()
            body(.resynchronising)
            guard
                try dump(Netlink.getLink, bodySize: MemoryLayout<ifinfomsg>.size, body),
                try dump(Netlink.getAddress, bodySize: MemoryLayout<ifaddrmsg>.size, body)
            else { continue }
            body(.synchronised)
            return
        }
        throw SystemError(call: "netlink dump", code: EBUSY)
    }

    /// Reads all that is there. After an overrun it synchronises, which waits.
    package mutating func read(_ body: (NetworkObservation) -> Void) throws(SystemError) {
        do {
            for _ in 0..<Self.datagramLimit {
                var isTruncated = false
                guard let bytes = try socket.receive(isTruncated: &isTruncated) else { return }
                malformedCount += parseObservations(bytes, body)
            }
        } catch  where error.code == ENOBUFS {
            overrunCount += 1
            try synchronise(body)
        }
    }

    /// False when the answer is not to be trusted.
    private mutating func dump(
        _ type: UInt16, bodySize: Int, _ body: (NetworkObservation) -> Void
    ) throws(SystemError) -> Bool {
        let sequence = socket.nextSequence()
        try request(type, bodySize: bodySize, sequence: sequence)
        var answer = Answer()
        while !answer.isComplete {
            guard try socket.wait(milliseconds: Self.patience) else {
                throw SystemError(call: "netlink dump", code: ETIMEDOUT)
            }
            do {
                var isTruncated = false
                guard let bytes = try socket.receive(isTruncated: &isTruncated) else { continue }
                if isTruncated { answer.isTrusted = false }
                read(bytes, sequence: sequence, &answer, body)
            } catch  where error.code == ENOBUFS {
                // Changes were lost; the answer itself is not. Read it to its end all the same,
                // for there can only be one at a time.
                overrunCount += 1
                answer.isTrusted = false
            }
        }
        if answer.code != 0 { throw SystemError(call: "netlink dump", code: answer.code) }
        return answer.isTrusted
    }

    private struct Answer {
        var isComplete = false
        var isTrusted = true
        var code: Int32 = 0
    }

    private mutating func read(
        _ bytes: UnsafeRawBufferPointer, sequence: UInt32, _ answer: inout Answer,
        _ body: (NetworkObservation) -> Void
    ) {
        let port = socket.port
        var malformed = 0
        let isWhole = forEachNetlinkMessage(bytes) { message in
            let header = message.header
            let isOurs = header.nlmsg_seq == sequence && header.nlmsg_pid == port
            if isOurs, header.nlmsg_flags & Netlink.dumpInterrupted != 0 {
                answer.isTrusted = false
            }
            switch header.nlmsg_type {
            case Netlink.done where isOurs:
                answer.isComplete = true
                answer.code = errorNumber(negated: message.body(Int32.self) ?? 0)
            case Netlink.error where isOurs:
                answer.isComplete = true
                answer.code = errorNumber(negated: message.body(Int32.self) ?? -EPROTO)
            default:
                if !parseObservation(message, body) { malformed += 1 }
            }
        }
        malformedCount += isWhole ? malformed : malformed + 1
        if answer.code == EINTR {
            answer.code = 0
            answer.isTrusted = false
        }
    }

    private func request(
        _ type: UInt16, bodySize: Int, sequence: UInt32
    ) throws(SystemError) {
        guard let message = NetlinkRequest(type: type, flags: Netlink.dump, sequence: sequence)
        else { throw SystemError(call: "nlmsg_alloc", code: ENOMEM) }
        guard message.reserve(bodySize) else {
            throw SystemError(call: "nlmsg_reserve", code: ENOMEM)
        }
        try socket.send(message.bytes.bytes)
    }

    private mutating func drain() {
        for _ in 0..<Self.datagramLimit {
            var isTruncated = false
            do {
                guard try socket.receive(isTruncated: &isTruncated) != nil else { return }
            } catch {
                // An overrun: what is lost is lost, and about to be asked for.
                continue
            }
        }
    }

    private static let attemptLimit = 16
    private static let datagramLimit = 4096
    private static let patience: Int32 = 2000
}

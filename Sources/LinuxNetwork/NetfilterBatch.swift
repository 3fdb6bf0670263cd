// A transaction of nftables being built: all of it takes effect in the kernel at once, or nothing.

import CNetlink

/// Numbers its messages itself. What is in it is in `bytes`.
struct NetfilterBatch: ~Copyable {
    private(set) var bytes: [UInt8] = []
    /// Of the first message; the others follow it.
    private let firstSequence: UInt32
    private var count: UInt32 = 0
    /// There was no memory for a part of it: it must not be sent.
    private(set) var isIncomplete = false

    init(firstSequence: UInt32) {
        self.firstSequence = firstSequence
        append(type: Netfilter.batchBegin, header: Self.batchHeader) { _ in true }
    }

    /// Ends it; the last message before the end is the one that the kernel answers if all is well.
    mutating func finish() {
        append(type: Netfilter.batchEnd, header: Self.batchHeader) { _ in true }
    }

    /// Appends a message about a table of both families of addresses.
    mutating func append(
        _ message: Netfilter.Message, flags: UInt16 = 0, size: Int = 1024,
        _ body: (borrowing NetlinkRequest) -> Bool
    ) {
        append(
            type: Netfilter.subsystem << 8 | message.rawValue,
            header: nfgenmsg(nfgen_family: Netfilter.inet, version: 0, res_id: 0),
            flags: flags, size: size, body)
    }

    private mutating func append(
        type: UInt16, header: nfgenmsg, flags: UInt16 = 0, size: Int = 64,
        _ body: (borrowing NetlinkRequest) -> Bool
    ) {
        guard
            let request = NetlinkRequest(
                type: type, flags: flags, sequence: firstSequence &+ count, size: size),
            request.append(header), body(request)
        else {
            isIncomplete = true
            return
        }
        count += 1
        bytes.append(contentsOf: request.bytes)
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    private static var batchHeader: nfgenmsg {
        nfgenmsg(nfgen_family: 0, version: 0, res_id: Netfilter.subsystem.bigEndian)
    }
}

extension NetlinkRequest {
    /// nftables has its numbers in the order of the network.
    func append(attribute: Int32, number: UInt32) -> Bool {
        append(attribute: attribute, number.bigEndian)
    }

    /// Appends an attribute of these bytes. False when there is no room.
    func append(attribute: Int32, bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard let data = reserve(attribute: attribute, bytes.count) else { return false }
            data.copyMemory(from: bytes)
            return true
        }
    }
}

// MARK: Expressions of a rule

/// What a packet must pass, one after the other: the first that does not match ends the rule.
enum PacketExpression {
    /// Puts what the kernel knows about the packet into a register.
    case load(Netfilter.Fact, register: UInt32)
    /// Puts bytes of the packet into the first register.
    case read(Netfilter.Header, offset: UInt32, length: UInt32)
    case compare(Netfilter.Comparison, [UInt8])
    /// What lies in the registers from the first on is in the set.
    case isMember(of: String)
    case count(String)
    case verdict(UInt32)

    private var name: String {
        switch self {
        case .load: "meta"
        case .read: "payload"
        case .compare: "cmp"
        case .isMember: "lookup"
        case .count: "objref"
        case .verdict: "immediate"
        }
    }

    func append(to request: borrowing NetlinkRequest) -> Bool {
        request.append(attribute: Netfilter.listElement) {
            request.append(attribute: Netfilter.expressionName, text: name)
                && request.append(attribute: Netfilter.expressionData) { appendData(to: request) }
        }
    }

    /// The numbers are those of NFTA_META_…, NFTA_PAYLOAD_…, NFTA_CMP_…, NFTA_LOOKUP_…,
    /// NFTA_OBJREF_… and NFTA_IMMEDIATE_….
    private func appendData(to request: borrowing NetlinkRequest) -> Bool {
        switch self {
        case .load(let fact, let register):
            request.append(attribute: 1, number: register)
                && request.append(attribute: 2, number: fact.rawValue)
        case .read(let header, let offset, let length):
            request.append(attribute: 1, number: Netfilter.register1)
                && request.append(attribute: 2, number: header.rawValue)
                && request.append(attribute: 3, number: offset)
                && request.append(attribute: 4, number: length)
        case .compare(let comparison, let value):
            request.append(attribute: 1, number: Netfilter.register1)
                && request.append(attribute: 2, number: comparison.rawValue)
                && request.append(attribute: 3) {
                    request.append(attribute: Netfilter.dataValue, bytes: value)
                }
        case .isMember(let name):
            request.append(attribute: 1, text: name)
                && request.append(attribute: 2, number: Netfilter.register1)
        case .count(let name):
            request.append(attribute: 1, number: Netfilter.Object.counter)
                && request.append(attribute: 2, text: name)
        case .verdict(let code):
            request.append(attribute: 1, number: Netfilter.verdictRegister)
                && request.append(attribute: 2) {
                    request.append(attribute: Netfilter.dataVerdict) {
                        request.append(attribute: Netfilter.verdictCode, number: code)
                    }
                }
        }
    }
}

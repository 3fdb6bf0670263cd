// Which virtual addresses are wanted where, which the kernel has, and what is being changed:
// wanted against observed, at any time, for any cause.

import VRRPCore
import VRRPWire

/// An address on an interface.
struct AddressKey: Codable, Comparable, Hashable {
    var interface: Int32
    var address: InterfaceAddress

    static func < (left: AddressKey, right: AddressKey) -> Bool {
        (left.interface, left.address.address, left.address.prefixLength)
            < (right.interface, right.address.address, right.address.prefixLength)
    }
}

/// The kernel's word about one address.
enum Presence: String, Codable {
    case absent
    case ours
    /// Somebody else's: used, announced, never removed.
    case foreign
}

struct AddressRecord: Codable {
    /// The router it belongs to; nil for a leftover of ours that no router wants.
    var router: Int?
    var scope: UInt8
    /// The scope it was last added with; nil for one that this engine did not add.
    var installedScope: UInt8?
    var wanted = false
    var presence = Presence.absent
    /// What was asked of the kernel and is unanswered.
    var inFlight: AddressEdit.Operation?
    /// It went away while a request was on its way: the acknowledgement says nothing any more.
    var removedInFlight = false
    var queued = false
    /// Not to be tried before the router's repair deadline.
    var held = false
    /// How often it is still to be announced.
    var roundsLeft = 0

    /// In the kernel, and not about to leave it.
    var isInstalled: Bool { presence != .absent && inFlight != .remove }
}

/// All records, and the queue of those that may differ from the kernel.
struct AddressBook: Codable {
    var records: [AddressKey: AddressRecord] = [:]
    private var queue: [AddressKey] = []
    private var head = 0
    private(set) var unanswered: AddressRequest?
    private var lastToken: UInt64 = 0
    /// Removals that were refused after their router had left: no router's deadline repeats them.
    private var refused: [AddressKey] = []
    private(set) var refusedDeadline: Instant?

    /// A takeover of a thousand addresses is cut into pieces, between which the loop looks at its
    /// deadlines: this many take the kernel well under a millisecond.
    static let requestLimit = 64

    mutating func enqueue(_ key: AddressKey) {
        guard records[key]?.queued == false else { return }
        records[key]?.queued = true
        queue.append(key)
    }

    /// The next request, if there is work and none is unanswered.
    mutating func nextRequest() -> AddressRequest? {
        guard hasWork else { return nil }
        var changes: [AddressEdit] = []
        while head < queue.count, changes.count < Self.requestLimit {
            let key = queue[head]
            head += 1
            guard var record = records[key] else { continue }
            record.queued = false
            if let operation = Self.operation(for: record) {
                record.inFlight = operation
                record.removedInFlight = false
                if operation == .add { record.installedScope = record.scope }
                changes.append(
                    AddressEdit(
                        operation: operation, interface: key.interface, address: key.address,
                        scope: record.scope))
            }
            records[key] = record
        }
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        }
        guard !changes.isEmpty else { return nil }
        lastToken += 1
        let request = AddressRequest(token: lastToken, changes: changes)
        unanswered = request
        return request
    }

    private static func operation(for record: AddressRecord) -> AddressEdit.Operation? {
        guard record.inFlight == nil, !record.held else { return nil }
        return switch (record.wanted, record.presence) {
        case (true, .absent): .add
        case (false, .ours): .remove
        // The kernel changes no scope in place: it goes, and comes back with the new one.
        case (true, .ours): record.installedScope ?? record.scope == record.scope ? nil : .remove
        case (true, .foreign), (false, .absent), (false, .foreign): nil
        }
    }

    mutating func retryRefused(_ key: AddressKey, at instant: Instant) {
        refused.append(key)
        refusedDeadline = min(refusedDeadline ?? instant, instant)
    }

    mutating func retryRefusedIfDue(at now: Instant) {
        guard let deadline = refusedDeadline, deadline <= now else { return }
        refusedDeadline = nil
        for key in refused where records[key]?.router == nil {
            records[key]?.held = false
            enqueue(key)
        }
        refused = []
    }

    /// The request that `token` names, now answered; nil for a token that is not expected.
    mutating func answer(_ token: UInt64) -> AddressRequest? {
        guard let request = unanswered, request.token == token else { return nil }
        unanswered = nil
        return request
    }

    /// What the kernel is believed to have, in an order that is the same in every run.
    var presentKeys: [AddressKey] {
        records.filter { $0.value.presence != .absent }.keys.sorted()
    }

    /// Nothing queued, nothing unanswered.
    var isSettled: Bool { unanswered == nil && head == queue.count }

    /// Whether `nextRequest` has something to look at.
    var hasWork: Bool { unanswered == nil && head < queue.count }

    /// Whether every record belongs to one of so many routers, and the queue to itself.
    func isConsistent(routerCount: Int) -> Bool {
        (0...queue.count).contains(head) && lastToken < .max
            && records.values.allSatisfy {
                ($0.router.map((0..<routerCount).contains) ?? true)
                    && (0...1000).contains($0.roundsLeft)
            }
    }
}

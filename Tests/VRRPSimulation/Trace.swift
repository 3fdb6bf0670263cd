// What happened in a run, one record after the other: hashed, so that two runs can be compared, and
// the last of them kept, so that a failure can be read.

package import VRRPCore

/// One thing that happened, at one router or on the LAN.
package struct Record: Sendable, BitwiseCopyable {
    package var time: Nanoseconds
    /// The router (machine) it happened at; -1 is the LAN.
    package var node: Int
    /// Which virtual router, -1 for none.
    package var router: Int
    package var kind: Kind

    package enum Kind: Sendable, BitwiseCopyable {
        case sent(priority: UInt8)
        case heard(from: Int, priority: UInt8)
        /// An advertisement did not arrive, or not as it was sent.
        case missed(from: Int, Cause)
        case changed(from: RouterState, to: RouterState)
        /// The kernel was asked for changes of addresses.
        case asked(add: Int, remove: Int)
        case answered(refused: Int)
        case announced(address: Int)
        /// A turn of the loop ended; everything of this node since the last one belongs together.
        case turned
        case fault(Fault)
        /// Another configuration was applied.
        case configured
        case phase(Phase)
    }

    package enum Cause: UInt8, Sendable, BitwiseCopyable {
        case lost, blocked, damaged, noCarrier, socketFull, notListening
    }

    package enum Phase: UInt8, Sendable, BitwiseCopyable {
        /// Everything may fail at any time.
        case chaos
        /// Everything is whole again.
        case healed
        /// One thing fails while all else is whole.
        case probe
    }

    package init(time: Nanoseconds, node: Int = -1, router: Int = -1, _ kind: Kind) {
        self.time = time
        self.node = node
        self.router = router
        self.kind = kind
    }
}

/// The hash of all records and the last few of them.
package struct Trace: Sendable {
    package private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    package private(set) var count = 0
    private var ring: [Record] = []
    private let capacity: Int

    /// `capacity` below 1 keeps all.
    package init(capacity: Int = 512) {
        self.capacity = capacity
        ring.reserveCapacity(max(capacity, 0))
    }

    mutating func append(_ record: Record) {
        mix(UInt64(bitPattern: record.time))
        mix(UInt64(bitPattern: Int64(record.node)) << 8 ^ UInt64(bitPattern: Int64(record.router)))
        mix(record.kind.fingerprint)
        if capacity < 1 || ring.count < capacity {
            ring.append(record)
        } else {
            ring[count % capacity] = record
        }
        count += 1
    }

    private mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
    }

    /// The records that are kept, oldest first.
    package var records: [Record] {
        guard capacity > 0, count > capacity else { return ring }
        let start = count % capacity
        return Array(ring[start...] + ring[..<start])
    }
}

extension Record.Kind {
    fileprivate var fingerprint: UInt64 {
        func pack(_ tag: UInt64, _ values: Int...) -> UInt64 {
            values.reduce(tag) { $0 &* 0x1_0001 &+ UInt64(bitPattern: Int64($1)) }
        }
        return switch self {
        case .sent(let priority): pack(1, Int(priority))
        case .heard(let from, let priority): pack(2, from, Int(priority))
        case .missed(let from, let cause): pack(3, from, Int(cause.rawValue))
        case .changed(let from, let to): pack(4, from.ordinal, to.ordinal)
        case .asked(let add, let remove): pack(5, add, remove)
        case .answered(let refused): pack(6, refused)
        case .announced(let address): pack(7, address)
        case .turned: 8
        case .fault(let fault): pack(9, fault.ordinal)
        case .configured: 10
        case .phase(let phase): pack(11, Int(phase.rawValue))
        }
    }
}

extension RouterState {
    fileprivate var ordinal: Int {
        switch self {
        case .initialize: 0
        case .backup: 1
        case .active: 2
        }
    }

    package var letter: Character {
        switch self {
        case .initialize: "I"
        case .backup: "B"
        case .active: "A"
        }
    }
}

// The earliest deadline of thousands of routers, without work on the receive path.

import HeapModule
import VRRPCore

/// A heap of at most one live entry per router. Deadlines that move into the future, as every
/// advertisement moves the Active_Down_Timer, do not touch the heap: the early entry fires, is
/// found stale, and is entered again. Waking early is harmless.
struct DeadlineQueue {
    private struct Entry: Codable, Comparable {
        var instant: Instant
        var router: Int

        static func < (left: Entry, right: Entry) -> Bool {
            (left.instant, left.router) < (right.instant, right.router)
        }
    }

    private var heap = Heap<Entry>()
    /// What each router's live entry says; nil without one.
    private var scheduled: [Instant?]

    init(routerCount: Int = 0) {
        scheduled = Array(repeating: nil, count: routerCount)
    }

    /// Makes sure that `router` is looked at no later than `deadline`.
    mutating func schedule(_ router: Int, at deadline: Instant?) {
        guard let deadline else { return }
        if let present = scheduled[router], present <= deadline { return }
        scheduled[router] = deadline
        heap.insert(Entry(instant: deadline, router: router))
    }

    /// The next router whose entry is due; it has no entry afterwards.
    mutating func popDue(at now: Instant) -> Int? {
        while let first = heap.min, first.instant <= now {
            heap.removeMin()
            if scheduled[first.router] == first.instant {
                scheduled[first.router] = nil
                return first.router
            }
        }
        return nil
    }

    /// Never later than the earliest deadline of any router.
    var next: Instant? { heap.min?.instant }

    /// Whether every entry names one of so many routers.
    func isConsistent(routerCount: Int) -> Bool {
        scheduled.count == routerCount
            && heap.unordered.allSatisfy { (0..<routerCount).contains($0.router) }
    }
}

/// Stale entries, too: they decide when the loop wakes.
extension DeadlineQueue: Codable {
    private enum CodingKeys: CodingKey { case entries, scheduled }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        heap = Heap(try container.decode([Entry].self, forKey: .entries))
        scheduled = try container.decode([Instant?].self, forKey: .scheduled)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(heap.unordered.sorted(), forKey: .entries)
        try container.encode(scheduled, forKey: .scheduled)
    }
}

// The segment between the routers: one queue for each direction between two stations, and what can
// happen to a frame on its way.

/// How the LAN treats frames; times in nanoseconds, shares in millionths.
package struct LANConditions: Equatable, Sendable {
    package var delay: Nanoseconds = 50_000
    /// Up to this much more, drawn for each frame.
    package var jitter: Nanoseconds = 20_000
    package var loss = 0
    package var duplication = 0
    package var damage = 0
    /// The share of frames that others may overtake, and by how much they are held back at most.
    package var reordering = 0
    package var reorderingDelay: Nanoseconds = 0

    package init() {}

    /// No frame takes longer, unless it is lost.
    package var longestDelay: Nanoseconds {
        delay + jitter + (reordering > 0 ? reorderingDelay : 0)
    }
}

/// What becomes of one frame on one way.
enum Fate {
    case missed(Record.Cause)
    /// `again`: a second copy, and when it arrives.
    case arrives(at: Nanoseconds, damaged: Bool, again: Nanoseconds?)
}

struct LAN {
    private struct Way {
        var isBlocked = false
        var lastArrival: Nanoseconds = 0
    }

    /// The routers and one host that only listens, the last.
    let stationCount: Int
    private var ways: [Way]
    var conditions: LANConditions

    init(stationCount: Int, conditions: LANConditions) {
        self.stationCount = stationCount
        self.conditions = conditions
        ways = Array(repeating: Way(), count: stationCount * stationCount)
    }

    mutating func setBlocked(_ isBlocked: Bool, from: Int, to: Int) {
        ways[from * stationCount + to].isBlocked = isBlocked
    }

    mutating func unblockAll() {
        for index in ways.indices { ways[index].isBlocked = false }
    }

    mutating func fate(
        from: Int, to: Int, at now: Nanoseconds, _ generator: inout SeededGenerator
    ) -> Fate {
        let index = from * stationCount + to
        if ways[index].isBlocked { return .missed(.blocked) }
        if generator.chance(perMillion: conditions.loss) { return .missed(.lost) }
        let jitter = conditions.jitter > 0 ? generator.below(Int(conditions.jitter)) : 0
        var arrival = now + conditions.delay + Nanoseconds(jitter)
        if generator.chance(perMillion: conditions.reordering) {
            arrival += Nanoseconds(generator.below(Int(conditions.reorderingDelay)))
        } else {
            // A queue: nothing overtakes but what was held back on purpose.
            arrival = max(arrival, ways[index].lastArrival)
            ways[index].lastArrival = arrival
        }
        let isDamaged = generator.chance(perMillion: conditions.damage)
        let isDoubled = generator.chance(perMillion: conditions.duplication)
        return .arrives(
            at: arrival, damaged: isDamaged, again: isDoubled ? arrival + conditions.delay : nil)
    }
}

// The protocol thread's end of a recording: values into a bounded queue, never waiting. What does
// not fit is counted, and recording begins anew with a checkpoint when there is room again.

package import LinuxNetwork
import Synchronization
package import VRRPCore
package import VRRPEngine

/// From the protocol thread to the one that writes the recording.
enum RecordingMessage: Sendable {
    /// Indirect: it is large and rare, and every slot of the queue is as large as the largest.
    indirect case checkpoint(EngineCheckpoint, at: Instant)
    case input(EngineInput, at: Instant)
    case told(EngineEvent)
    /// So many inputs had no room here; a checkpoint follows.
    case lost(UInt64)
    case stop
}

/// Used by the protocol thread; only `demand`, `stop` and the queue are the writer's, too.
package final class Recorder: @unchecked Sendable {
    let queue: Mailbox<RecordingMessage>
    private let capacity: Int
    /// The writer wants a checkpoint, to begin a new file with.
    private let isDemanded = Atomic(true)
    /// The writer has given up: nothing is recorded any more.
    private let isStopped = Atomic(false)
    /// Inputs that had no room since the last checkpoint.
    private var lost: UInt64 = 0

    package init(capacity: Int = 16384) throws(SystemError) {
        queue = try Mailbox(capacity: capacity)
        self.capacity = capacity
    }

    // MARK: The protocol thread

    /// Whether a checkpoint is due, and has room to be followed by something.
    package var needsCheckpoint: Bool {
        guard lost > 0 || isDemanded.load(ordering: .relaxed) else { return false }
        return !isStopped.load(ordering: .relaxed) && queue.count <= capacity / 2
    }

    package func begin(with checkpoint: EngineCheckpoint, at now: Instant) {
        if lost > 0, !queue.post(.lost(lost)) { return }
        isDemanded.store(false, ordering: .relaxed)
        // There is room, or `needsCheckpoint` would have said no.
        lost = queue.post(.checkpoint(checkpoint, at: now)) ? 0 : 1
    }

    package func record(_ input: EngineInput, at now: Instant) {
        guard !isStopped.load(ordering: .relaxed) else { return }
        if lost > 0 || !queue.post(.input(input, at: now)) { lost &+= 1 }
    }

    package func told(_ event: EngineEvent) {
        guard lost == 0, !isStopped.load(ordering: .relaxed) else { return }
        if !queue.post(.told(event)) { lost = 1 }
    }

    /// The protocol thread has ended: what is in the queue is written, and the writer returns.
    package func finish() {
        if lost > 0 { while !isOver, !queue.post(.lost(lost)) { pause(.milliseconds(10)) } }
        while !isOver, !queue.post(.stop) { pause(.milliseconds(10)) }
    }

    private var isOver: Bool { isStopped.load(ordering: .relaxed) }

    /// How many messages the writer has not taken yet.
    package var waitingCount: Int { queue.count }

    // MARK: The writer

    func demandCheckpoint() {
        isDemanded.store(true, ordering: .relaxed)
    }

    func giveUp() {
        isStopped.store(true, ordering: .relaxed)
    }
}

// A bounded queue of values from one thread to another, with a descriptor to wait on.

import Synchronization

package final class Mailbox<Element: Sendable>: Sendable {
    private struct Ring {
        var slots: [Element?]
        var first = 0
        var count = 0
        /// The descriptor has been, or is about to be, made readable.
        var isSignalled = false
    }

    private let ring: Mutex<Ring>
    private let wake: WakeDescriptor

    package init(capacity: Int) throws(SystemError) {
        ring = Mutex(Ring(slots: Array(repeating: nil, count: max(capacity, 1))))
        wake = try WakeDescriptor()
    }

    /// Readable while there may be something to take. Nobody else needs to acknowledge it.
    package var rawDescriptor: Int32 { wake.rawDescriptor }

    package var count: Int { ring.withLock { $0.count } }

    /// False when the box is full; the element is then lost, for the caller to count.
    package func post(_ element: Element) -> Bool {
        let (isPosted, mustSignal) = ring.withLock { ring in
            guard ring.count < ring.slots.count else { return (false, false) }
            ring.slots[(ring.first + ring.count) % ring.slots.count] = element
            ring.count += 1
            let mustSignal = !ring.isSignalled
            ring.isSignalled = true
            return (true, mustSignal)
        }
        if mustSignal { wake.signal() }
        return isPosted
    }

    /// The oldest element. Nil means that the box was empty, and that the descriptor is quiet
    /// until the next post; who stops taking earlier is woken again.
    package func take() -> Element? {
        ring.withLock { ring in
            guard ring.count > 0 else {
                ring.isSignalled = false
                // Under the lock: outside, it could swallow the signal of a post in between.
                wake.acknowledge()
                return nil
            }
            let element = ring.slots[ring.first].take()
            ring.first = (ring.first + 1) % ring.slots.count
            ring.count -= 1
            return element
        }
    }
}

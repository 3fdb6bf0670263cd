// Signals as something to read.

import CSys
import Glibc

/// The numbers of the signals that a daemon lives by.
package enum Signal {
    package static let hangUp = SIGHUP
    package static let interrupt = SIGINT
    package static let terminate = SIGTERM
}

package struct SignalDescriptor: ~Copyable {
    private let descriptor: FileDescriptor

    /// Blocks the signals in the calling thread and in those that it starts afterwards: to be
    /// called before there is any other thread, else that one takes them.
    package init(_ signals: [Int32]) throws(SystemError) {
        descriptor = try FileDescriptor("signalfd") {
            signals.withUnsafeBufferPointer { buffer in
                guard let first = buffer.baseAddress else {
                    var none: Int32 = 0
                    return csys_signals_create(&none, 0)
                }
                return csys_signals_create(first, buffer.count)
            }
        }
    }

    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// The next signal that has arrived.
    package func next() -> Int32? {
        let signal = try? systemCallUnlessEmpty("read") { csys_signal_next(descriptor.rawValue) }
        return signal.flatMap { $0 }.map { Int32($0) }
    }
}

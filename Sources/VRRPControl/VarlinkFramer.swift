// Bytes of a stream cut into Varlink messages: JSON texts that end with a NUL.

/// A message grew beyond the limit; nothing after it can be trusted.
package struct MessageTooLong: Error, Equatable {}

/// Collects what arrives and gives out whole messages.
package struct VarlinkFramer: Sendable {
    /// The beginning of a message whose NUL has not arrived.
    private var partial: [UInt8] = []

    private let limit: Int

    /// `limit` bytes are the longest message that is taken.
    package init(limit: Int = maximumMessageByteCount) {
        self.limit = limit
    }

    /// The messages that `bytes` completed, without their NULs, in order.
    package mutating func append(_ bytes: some Collection<UInt8>) throws(MessageTooLong)
        -> [[UInt8]]
    {
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0) {
            let message = rest[..<end]
            guard partial.count + message.count <= limit else {
                throw MessageTooLong()
            }
            messages.append(partial + message)
            partial = []
            rest = rest[rest.index(after: end)...]
        }
        guard partial.count + rest.count <= limit else {
            throw MessageTooLong()
        }
        partial += rest
        return messages
    }

    /// Whether the stream could end here without cutting a message in two.
    package var isAtBoundary: Bool { partial.isEmpty }

    /// The longest call that a daemon takes.
    package static let maximumMessageByteCount = 1 << 20
    /// The longest answer that a client takes: `show` of ten thousand virtual routers.
    package static let maximumReplyByteCount = 64 << 20
}

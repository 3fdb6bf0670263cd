// Bytes that nobody may read: not in a log, not in a recording, not in a debugger's dump of a
// configuration.

/// A key as it was configured, or as a recording remembers it: by a fingerprint.
package struct Secret: Sendable {
    private enum Content {
        case bytes([UInt8])
        case fingerprint(UInt32)
    }

    private let content: Content

    /// As it was configured; whoever reads the file checks how long it is.
    package init(_ bytes: [UInt8]) {
        content = .bytes(bytes)
    }

    /// Nil for one that comes from a recording.
    package var bytes: [UInt8]? {
        switch content {
        case .bytes(let bytes): bytes
        case .fingerprint: nil
        }
    }

    /// Tells secrets of one process apart, so that a replayed reload finds the differences that
    /// there were. Whoever has it learns nothing: the hash is seeded anew in every process, and the
    /// seed is written nowhere.
    private var fingerprint: UInt32 {
        switch content {
        case .bytes(let bytes):
            var hasher = Hasher()
            hasher.combine(bytes)
            return UInt32(truncatingIfNeeded: hasher.finalize())
        case .fingerprint(let value):
            return value
        }
    }
}

extension Secret: Hashable {
    /// By the bytes; one that was recorded, by its fingerprint.
    package static func == (left: Secret, right: Secret) -> Bool {
        switch (left.content, right.content) {
        case (.bytes(let left), .bytes(let right)): left == right
        case (.bytes, .fingerprint), (.fingerprint, .bytes), (.fingerprint, .fingerprint):
            left.fingerprint == right.fingerprint
        }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
    }
}

extension Secret: Codable {
    package init(from decoder: any Decoder) throws {
        content = .fingerprint(try decoder.singleValueContainer().decode(UInt32.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(fingerprint)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The same for all.
    package var description: String { "secret" }
    /// What a description of something that holds one takes.
    package var debugDescription: String { description }
    /// `dump` looks through descriptions.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

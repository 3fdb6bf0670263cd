// The targets of the fuzzer by name, and what they share: promises, and a reader of the input.
// The same functions run under libFuzzer (`Tests/fuzz`) and in `swift test`.

/// Something that is fed bytes and may be asked to keep promises. Raw values are the names of the
/// corpora.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames, datagrams, messages and the text of addresses.
    case packet
    /// The whole engine: packets, and what kernel and operator do meanwhile.
    case engine
    /// Configuration files.
    case configuration
    /// The control socket, as the daemon and as `vrrpctl` read it.
    case control
    /// What the kernel says, and the IPv4 headers that it leaves in front of datagrams.
    case netlink

    /// Runs one input. A trap is a find, too.
    package func run(_ input: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .packet: try fuzzPacket(input)
        case .engine: try fuzzEngine(input)
        case .configuration: try fuzzConfiguration(input)
        case .control: try fuzzControl(input)
        case .netlink: try fuzzNetlink(input)
        }
    }
}

/// What the code under test did not keep.
package struct BrokenPromise: Error, CustomStringConvertible {
    package var description: String
}

func promise(_ isKept: Bool, _ text: @autoclosure () -> String) throws(BrokenPromise) {
    guard isKept else { throw BrokenPromise(description: text()) }
}

/// Takes an input apart. Behind its end there are zeros.
struct InputReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint16() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    mutating func uint32() -> UInt32 { UInt32(uint16()) << 16 | UInt32(uint16()) }

    mutating func uint64() -> UInt64 { UInt64(uint32()) << 32 | UInt64(uint32()) }

    /// At most `count` bytes.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}

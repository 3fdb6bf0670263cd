// Frames on their way, as bytes: every advertisement is encoded by its sender and decoded by each
// receiver. Slots are used again, so that a run of hours does not allocate for each frame.

import VRRPWire

struct FramePool {
    private struct Slot {
        var bytes: [UInt8] = []
        var copies = 0
        var router = 0
        var sender = 0
    }

    private var slots: [Slot] = []
    private var free: [Int] = []

    /// Where the IP header begins: behind an Ethernet header without a tag.
    static let networkOffset = 14

    /// Takes a slot and fills it with a datagram around `message`.
    mutating func encapsulate(
        _ message: ArraySlice<UInt8>, from source: IPAddress, to destination: IPAddress,
        hardwareAddress: MACAddress, router: Int
    ) -> Int {
        let index = take()
        slots[index].router = router
        let isIPv4 = source.family == .ipv4
        EthernetHeader(
            destination: MACAddress(rawValue: isIPv4 ? 0x0100_5e00_0012 : 0x3333_0000_0012),
            source: hardwareAddress, etherType: isIPv4 ? EtherType.ipv4 : EtherType.ipv6
        ).append(to: &slots[index].bytes)
        switch (source, destination) {
        case (.v4(let source), .v4(let destination)):
            IPv4Header(
                source: source, destination: destination, payloadByteCount: message.count
            ).append(to: &slots[index].bytes)
        case (.v6(let source), .v6(let destination)):
            IPv6Header(
                source: source, destination: destination, payloadByteCount: message.count
            ).append(to: &slots[index].bytes)
        case (.v4, .v6), (.v6, .v4):
            break  // Such a datagram does not exist; nobody will be able to read it.
        }
        slots[index].bytes.append(contentsOf: message)
        return index
    }

    /// Takes a slot for a frame that is complete.
    mutating func store(_ frame: [UInt8], router: Int, sender: Int) -> Int {
        let index = take()
        slots[index].router = router
        slots[index].sender = sender
        slots[index].bytes.append(contentsOf: frame)
        return index
    }

    private mutating func take() -> Int {
        if let index = free.popLast() {
            slots[index].bytes.removeAll(keepingCapacity: true)
            return index
        }
        slots.append(Slot())
        return slots.count - 1
    }

    /// One more receiver will read it.
    mutating func retain(_ index: Int) { slots[index].copies += 1 }

    /// A receiver has read it, or it was sent to nobody.
    mutating func release(_ index: Int) {
        slots[index].copies = max(0, slots[index].copies - 1)
        if slots[index].copies == 0 { free.append(index) }
    }

    func bytes(_ index: Int) -> [UInt8] { slots[index].bytes }
    func router(_ index: Int) -> Int { slots[index].router }
    func sender(_ index: Int) -> Int { slots[index].sender }

    /// A bit whose change a receiver must notice: of the IP header or the message, but not of the
    /// IPv6 traffic class and flow label, which nothing protects.
    static func protectedBit(of bytes: [UInt8], _ generator: inout SeededGenerator) -> Int {
        let isIPv6 = bytes.count > networkOffset && bytes[networkOffset] >> 4 == 6
        let start = isIPv6 ? networkOffset + 4 : networkOffset
        return start * 8 + generator.below((end(of: bytes) - start) * 8)
    }

    /// Where a datagram ends in its frame: padding follows.
    private static func end(of bytes: [UInt8]) -> Int {
        guard bytes.count > networkOffset + 6 else { return bytes.count }
        let isIPv6 = bytes[networkOffset] >> 4 == 6
        let field = networkOffset + (isIPv6 ? 4 : 2)
        let length = Int(bytes[field]) << 8 | Int(bytes[field + 1])
        return min(bytes.count, networkOffset + (isIPv6 ? 40 : 0) + length)
    }
}

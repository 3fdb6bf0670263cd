// Whole Ethernet frames, out only.

import CSys
import Glibc

package struct FrameSocket: ~Copyable {
    private let descriptor: FileDescriptor

    /// A packet socket of protocol 0 receives nothing.
    package init() throws(SystemError) {
        descriptor = try .socket(SocketFamily.packet, SocketType.raw, 0)
    }

    package func send(_ frame: RawSpan, interface: Int32) throws(SystemError) {
        try systemCall("sendto") {
            frame.withUnsafeBytes { bytes in
                csys_send_frame(descriptor.rawValue, bytes.baseAddress, bytes.count, interface)
            }
        }
    }

    /// Sends the frames that lie at these ranges of the bytes, with as few system calls as the
    /// kernel allows. One that fails does not keep the others back. Returns how many failed.
    package func sendAll(_ bytes: [UInt8], ranges: [Range<Int>], interface: Int32) -> Int {
        bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: csys_slice.self, capacity: Self.batch) { slices in
                var failedCount = 0
                var next = 0
                while next < ranges.count {
                    var count = 0
                    while count < Self.batch, next + count < ranges.count {
                        let range = ranges[next + count].clamped(to: 0..<bytes.count)
                        slices[count] = csys_slice(
                            bytes: bytes.baseAddress.map { $0 + range.lowerBound },
                            length: range.count)
                        count += 1
                    }
                    let sent = sendBatch(slices, count: count, interface: interface)
                    failedCount += sent == 0 ? 1 : 0
                    next += max(sent, 1)
                }
                return failedCount
            }
        }
    }

    /// How many of the first frames went out. Zero means that the first one failed.
    private func sendBatch(
        _ slices: UnsafeMutableBufferPointer<csys_slice>, count: Int, interface: Int32
    ) -> Int {
        guard let first = slices.baseAddress else { return 0 }
        while true {
            let sent = csys_send_frames(descriptor.rawValue, first, count, interface)
            if sent != -Int(EINTR) { return max(sent, 0) }
        }
    }

    private static let batch = 64
}

// One netlink message being built; libnl computes the lengths.

import CNetlink

struct NetlinkRequest: ~Copyable {
    private let message: OpaquePointer
    private let header: UnsafeMutablePointer<nlmsghdr>

    /// Nil when there is no memory.
    init?(type: UInt16, flags: UInt16, sequence: UInt32, size: Int = 256) {
        guard let message = nlmsg_alloc_size(size) else { return nil }
        let all = Int32(Netlink.request | flags)
        guard let header = nlmsg_put(message, 0, sequence, Int32(type), 0, all) else {
            nlmsg_free(message)
            return nil
        }
        self.message = message
        self.header = header
    }

    deinit {
        nlmsg_free(message)
    }

    /// Appends zeros, at most as many as fit. False when there is no room.
    func reserve(_ size: Int) -> Bool {
        guard let space = nlmsg_reserve(message, size, 4) else { return false }
        space.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        return true
    }

    /// Appends the fixed part. False when there is no room.
    func append<Value: BitwiseCopyable>(_ value: Value) -> Bool {
        var value = value
        return nlmsg_append(message, &value, MemoryLayout<Value>.size, 4) == 0
    }

    /// Appends an attribute. False when there is no room.
    func append<Value: BitwiseCopyable>(attribute: Int32, _ value: Value) -> Bool {
        var value = value
        return nla_put(message, attribute, Int32(MemoryLayout<Value>.size), &value) == 0
    }

    /// Appends an attribute that is text, ended by a zero. False when there is no room.
    func append(attribute: Int32, text: String) -> Bool {
        nla_put_string(message, attribute, text) == 0
    }

    /// Appends an attribute of `size` bytes, which are the caller's to fill. Nil when there is no
    /// room.
    func reserve(attribute: Int32, _ size: Int) -> UnsafeMutableRawBufferPointer? {
        guard let attribute = nla_reserve(message, attribute, Int32(clamping: size)) else {
            return nil
        }
        return UnsafeMutableRawBufferPointer(start: nla_data(attribute), count: size)
    }

    /// Appends an attribute that holds what the body appends. False when there is no room.
    func append(attribute: Int32, containing body: () -> Bool) -> Bool {
        guard let start = nla_nest_start(message, attribute), body() else { return false }
        return nla_nest_end(message, start) == 0
    }

    /// The message so far. Lives as long as this.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len))
    }
}

extension ifinfomsg {
    /// `change` tells which of the flags count.
    init(index: Int32 = 0, flags: UInt32 = 0, change: UInt32 = 0) {
        self.init(
            ifi_family: 0, __ifi_pad: 0, ifi_type: 0, ifi_index: index, ifi_flags: flags,
            ifi_change: change)
    }
}

// Netlink messages to observations. Total: any bytes are observations, silence, or malformed.

import CNetlink
import VRRPWire

/// Reads all messages in the bytes and returns how many were malformed. Others than those about
/// links and addresses are skipped.
@discardableResult
package func parseObservations(
    _ bytes: UnsafeRawBufferPointer, _ body: (NetworkObservation) -> Void
) -> Int {
    var malformedCount = 0
    let complete = forEachNetlinkMessage(bytes) { message in
        if !parseObservation(message, body) { malformedCount += 1 }
    }
    return complete ? malformedCount : malformedCount + 1
}

/// One netlink message within its buffer: `header.nlmsg_len` bytes are there.
struct NetlinkMessage {
    let header: nlmsghdr
    let pointer: UnsafeMutablePointer<nlmsghdr>

    /// The fixed part behind the header, nil when the message is too short for it.
    func body<Value: BitwiseCopyable>(_: Value.Type) -> Value? {
        guard nlmsg_valid_hdr(pointer, Int32(MemoryLayout<Value>.size)) != 0,
            let data = nlmsg_data(pointer)
        else { return nil }
        return data.loadUnaligned(as: Value.self)
    }

    /// The attributes behind a fixed part of this size. False when they end in rubbish.
    func forEachAttribute(
        after size: Int, _ body: (_ type: Int32, _ data: UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        let length = nlmsg_attrlen(pointer, Int32(size))
        guard length >= 0, let start = nlmsg_attrdata(pointer, Int32(size)) else { return false }
        return forEach(from: start, length: length, body)
    }
}

/// The attributes within an attribute. False when they end in rubbish.
func forEachAttribute(
    in data: UnsafeRawBufferPointer,
    _ body: (_ type: Int32, _ data: UnsafeRawBufferPointer) -> Void
) -> Bool {
    guard let start = data.baseAddress, let length = Int32(exactly: data.count) else {
        return data.isEmpty
    }
    // libnl only reads.
    let first = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: nlattr.self)
    return forEach(from: first, length: length, body)
}

private func forEach(
    from start: UnsafeMutablePointer<nlattr>, length: Int32,
    _ body: (_ type: Int32, _ data: UnsafeRawBufferPointer) -> Void
) -> Bool {
    var attribute = start
    var remaining = length
    // libnl takes a negative remainder, left by the padding of the last one, for a huge one.
    while remaining >= Int32(MemoryLayout<nlattr>.size) {
        guard nla_ok(attribute, remaining) != 0 else { return false }
        body(
            nla_type(attribute),
            UnsafeRawBufferPointer(start: nla_data(attribute), count: Int(nla_len(attribute))))
        guard let next = nla_next(attribute, &remaining) else { return false }
        attribute = next
    }
    return remaining <= 0
}

/// False when bytes are left over that are no message.
func forEachNetlinkMessage(
    _ bytes: UnsafeRawBufferPointer, _ body: (NetlinkMessage) -> Void
) -> Bool {
    guard let start = bytes.baseAddress, bytes.count <= Int(Int32.max) else {
        return bytes.isEmpty
    }
    var remaining = Int32(bytes.count)
    // libnl only reads.
    var pointer = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: nlmsghdr.self)
    while remaining >= Int32(MemoryLayout<nlmsghdr>.size) {
        guard nlmsg_ok(pointer, remaining) != 0 else { return false }
        let header = UnsafeRawPointer(pointer).loadUnaligned(as: nlmsghdr.self)
        body(NetlinkMessage(header: header, pointer: pointer))
        guard let next = nlmsg_next(pointer, &remaining) else { return false }
        pointer = next
    }
    return remaining <= 0
}

/// The errno in an answer, which carries it negated; 0 when it reports success. The least number has
/// no opposite and stands for itself.
package func errorNumber(negated code: Int32) -> Int32 { code < 0 ? 0 &- code : 0 }

/// False when the message is malformed.
func parseObservation(_ message: NetlinkMessage, _ body: (NetworkObservation) -> Void) -> Bool {
    switch message.header.nlmsg_type {
    case Netlink.newLink, Netlink.deleteLink: parseLink(message, body)
    case Netlink.newAddress, Netlink.deleteAddress: parseAddress(message, body)
    default: true
    }
}

private func parseLink(_ message: NetlinkMessage, _ body: (NetworkObservation) -> Void) -> Bool {
    guard let fixed = message.body(ifinfomsg.self) else { return false }
    // A bridge tells about its ports in messages of its own family, also when a port leaves it.
    guard fixed.ifi_family == 0 else { return true }
    var name: String?
    var hardwareAddress: MACAddress?
    var mtu: UInt32 = 0
    var parent: Int32?
    var isParentElsewhere = false
    var isMacvlan = false
    var isInformationWhole = true
    var alias: String?
    let complete = message.forEachAttribute(after: MemoryLayout<ifinfomsg>.size) { type, data in
        switch type {
        case Netlink.linkName: name = linkName(data)
        case Netlink.linkAddress: hardwareAddress = macAddress(data)
        case Netlink.linkMTU: mtu = data.number(UInt32.self) ?? 0
        case Netlink.linkParent: parent = data.number(Int32.self)
        case Netlink.linkParentNamespace: isParentElsewhere = true
        case Netlink.linkAlias: alias = text(data)
        case Netlink.linkInformation:
            isInformationWhole = forEachAttribute(in: data) { type, data in
                guard type == Netlink.linkKind else { return }
                isMacvlan = data.prefix { $0 != 0 }.elementsEqual(macvlanKind.utf8)
            }
        default: break
        }
    }
    guard complete, isInformationWhole, fixed.ifi_index > 0 else { return false }
    // Events of wireless drivers come without a name and say nothing about the link.
    guard let name else { return true }
    if message.header.nlmsg_type == Netlink.deleteLink {
        body(.linkRemoved(index: fixed.ifi_index, name: name))
        return true
    }
    let flags = fixed.ifi_flags
    body(
        .link(
            LinkObservation(
                index: fixed.ifi_index, name: name, isUp: flags & LinkFlag.up != 0,
                hasCarrier: flags & LinkFlag.lowerUp != 0 && flags & LinkFlag.running != 0,
                hardwareAddress: hardwareAddress, mtu: Int(mtu),
                isLoopback: flags & LinkFlag.loopback != 0,
                parentIndex: isParentElsewhere ? nil : parent.flatMap { $0 > 0 ? $0 : nil },
                isMacvlan: isMacvlan, alias: alias)))
    return true
}

private func parseAddress(_ message: NetlinkMessage, _ body: (NetworkObservation) -> Void) -> Bool {
    guard let fixed = message.body(ifaddrmsg.self) else { return false }
    let family = Int32(fixed.ifa_family)
    guard family == SocketFamily.ipv4 || family == SocketFamily.ipv6 else { return true }
    var local: IPAddress?
    var peer: IPAddress?
    var flags = UInt32(fixed.ifa_flags)
    var tag: UInt8 = 0
    let complete = message.forEachAttribute(after: MemoryLayout<ifaddrmsg>.size) { type, data in
        switch type {
        case Netlink.addressLocal: local = ipAddress(data, family)
        case Netlink.addressAddress: peer = ipAddress(data, family)
        case Netlink.addressFlags: flags = data.number(UInt32.self) ?? flags
        case Netlink.addressProtocol: tag = data.first ?? 0
        default: break
        }
    }
    // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, if there is one, is ours.
    guard
        complete, let ours = local ?? peer,
        let address = InterfaceAddress(ours, prefixLength: Int(fixed.ifa_prefixlen)),
        let interface = Int32(exactly: fixed.ifa_index), interface > 0
    else { return false }
    if message.header.nlmsg_type == Netlink.deleteAddress {
        body(.addressRemoved(interface: interface, address: address))
        return true
    }
    // The same bit means a secondary address to IPv4 and a temporary one to IPv6.
    let isSecondary = family == SocketFamily.ipv4 && flags & AddressFlag.secondary != 0
    body(
        .address(
            AddressObservation(
                interface: interface, address: address, isSecondary: isSecondary,
                isTentative: flags & AddressFlag.tentative != 0,
                isDadFailed: flags & AddressFlag.duplicateDetectionFailed != 0,
                isDeprecated: flags & AddressFlag.deprecated != 0,
                protocolTag: tag, scope: fixed.ifa_scope, flags: flags)))
    return true
}

/// IFLA_INFO_KIND of a macvlan.
let macvlanKind = "macvlan"

/// Up to the first zero; nil when there is nothing before it.
private func text(_ data: UnsafeRawBufferPointer) -> String? {
    let text = data.prefix { $0 != 0 }
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
}

private func linkName(_ data: UnsafeRawBufferPointer) -> String? {
    let name = data.prefix { $0 != 0 }
    guard (1...15).contains(name.count) else { return nil }
    return String(decoding: name, as: UTF8.self)
}

private func macAddress(_ data: UnsafeRawBufferPointer) -> MACAddress? {
    guard data.count == 6 else { return nil }
    return MACAddress(rawValue: data.reduce(0) { $0 << 8 | UInt64($1) })
}

private func ipAddress(_ data: UnsafeRawBufferPointer, _ family: Int32) -> IPAddress? {
    if family == SocketFamily.ipv4 {
        guard data.count == 4, let value = data.number(UInt32.self) else { return nil }
        return .v4(IPv4Address(rawValue: UInt32(bigEndian: value)))
    }
    guard data.count == 16 else { return nil }
    return .v6(
        IPv6Address(
            high: UInt64(bigEndian: data.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: data.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
}

extension UnsafeRawBufferPointer {
    /// A number in the order of the machine; nil when there are too few bytes.
    fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type
    ) -> Number? {
        count >= MemoryLayout<Number>.size ? loadUnaligned(as: Number.self) : nil
    }
}

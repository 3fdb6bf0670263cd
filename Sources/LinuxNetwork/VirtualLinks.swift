// Links of our own on top of others: macvlans, each with an Ethernet address of its own. Every call
// waits for the kernel, one that takes a link down or deletes it 8 to 16 ms: not for the thread that
// keeps time.

import CNetlink
import Glibc
package import VRRPWire

/// A macvlan that is wanted.
package struct VirtualLinkRequest: Equatable, Sendable {
    package let name: String
    package let parentIndex: Int32
    package let hardwareAddress: MACAddress
    /// What is written on the link (IFLA_IFALIAS): it outlives us, and tells our successor.
    package let alias: String
    /// A link whose alias begins so is ours.
    package let aliasPrefix: String

    package init(
        name: String, parentIndex: Int32, hardwareAddress: MACAddress, alias: String,
        aliasPrefix: String
    ) {
        self.name = name
        self.parentIndex = parentIndex
        self.hardwareAddress = hardwareAddress
        self.alias = alias
        self.aliasPrefix = aliasPrefix
    }
}

package struct VirtualLink: Equatable, Sendable {
    package let index: Int32
    /// It was there, and ours: addresses may be on it.
    package let wasAdopted: Bool

    package init(index: Int32, wasAdopted: Bool) {
        self.index = index
        self.wasAdopted = wasAdopted
    }
}

package enum VirtualLinkError: Error, Equatable, Sendable {
    /// A link of that name is not ours to use.
    case occupied(name: String, by: String)
    case system(SystemError)
}

extension VirtualLinkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .occupied(let name, let obstacle):
            "there is an interface \(name) already, and it is not ours: \(obstacle)"
        case .system(let error): error.description
        }
    }
}

/// Made and used by one thread, in the namespace that thread is in.
package struct VirtualLinks: ~Copyable {
    private var socket: NetlinkSocket

    package init() throws(SystemError) {
        socket = try NetlinkSocket(groups: 0, receiveBufferBytes: 1 << 18)
    }

    /// Makes the link, down and without an address, or adopts one that a predecessor of ours left,
    /// and takes that down. Mode bridge: in the others a frame from a peer with the same virtual
    /// address never reaches the parent, and two would be Active without hearing each other.
    ///
    /// Two requests, for the kernel ignores an alias in a request that creates and refuses to be
    /// told about IPv6; and in one batch the second would go to the link that made the first fail.
    package mutating func create(
        _ request: VirtualLinkRequest
    ) throws(VirtualLinkError) -> VirtualLink {
        let isNew: Bool
        do throws(SystemError) {
            let code = try add(request)
            guard code == 0 || code == EEXIST else {
                throw SystemError(call: "create \(request.name)", code: code)
            }
            isNew = code == 0
        } catch {
            throw .system(error)
        }
        do throws(VirtualLinkError) {
            guard let link = try find(.named(request.name)) else {
                throw .system(SystemError(call: "find link", code: ENODEV))
            }
            if !isNew, let obstacle = try obstacle(link, to: request) {
                throw .occupied(name: request.name, by: obstacle)
            }
            try configure(link.index, request)
            return VirtualLink(index: link.index, wasAdopted: !isNew)
        } catch {
            if isNew { removeUnfinished(request) }
            throw error
        }
    }

    /// A link that is gone is down. The kernel removes IPv6 addresses with it, in silence: where
    /// they are removed 10 ms before, it multicasts that it leaves their groups, and the virtual
    /// address is ours again to the switches. IPv4 addresses stay, and are removed by themselves.
    package mutating func setDown(_ index: Int32) throws(SystemError) {
        let code = try ask(Netlink.newLink, size: 64) {
            $0.append(ifinfomsg(index: index, flags: 0, change: LinkFlag.up))
        }
        guard code == 0 || code == ENODEV else { throw SystemError(call: "link down", code: code) }
    }

    /// A link that is gone is deleted.
    package mutating func delete(_ index: Int32) throws(SystemError) {
        let code = try ask(Netlink.deleteLink, size: 64) { $0.append(ifinfomsg(index: index)) }
        guard code == 0 || code == ENODEV else {
            throw SystemError(call: "delete link", code: code)
        }
    }

    /// The same for one whose name is known; one that is no macvlan stays.
    package mutating func delete(named name: String) throws(VirtualLinkError) {
        guard let link = try find(.named(name)), link.isMacvlan else { return }
        do throws(SystemError) {
            try delete(link.index)
        } catch {
            throw .system(error)
        }
    }

    /// Why a link is not ours, in words; nil when it is.
    private mutating func obstacle(
        _ link: LinkObservation, to request: VirtualLinkRequest
    ) throws(VirtualLinkError) -> String? {
        guard link.isMacvlan else { return "it is no macvlan" }
        // The kernel puts a macvlan on a macvlan beside it.
        let parent = try find(.at(request.parentIndex))
        let below = parent?.isMacvlan == true ? parent?.parentIndex : request.parentIndex
        guard link.parentIndex == below else {
            return "it is a macvlan on another interface"
        }
        guard link.hardwareAddress == request.hardwareAddress else {
            let address = link.hardwareAddress.map(\.description) ?? "unknown"
            return "its Ethernet address is \(address), not \(request.hardwareAddress)"
        }
        switch link.alias {
        case nil:
            // Whoever was killed between the two requests of `create` left one like this.
            return link.isUp ? "it is up and has no alias" : nil
        case let alias?:
            return alias.hasPrefix(request.aliasPrefix)
                ? nil : "its alias \"\(alias)\" does not begin with \"\(request.aliasPrefix)\""
        }
    }
}

// MARK: Requests

extension VirtualLinks {
    private mutating func add(_ request: VirtualLinkRequest) throws(SystemError) -> Int32 {
        try ask(Netlink.newLink, flags: Netlink.create | Netlink.exclusive, size: 256) { message in
            message.append(ifinfomsg())
                && message.append(attribute: Netlink.linkName, text: request.name)
                && message.append(attribute: Netlink.linkParent, request.parentIndex)
                && message.append(attribute: Netlink.linkAddress, request.hardwareAddress.octets)
                && Self.appendMode(to: message)
        }
    }

    /// Down, mode bridge, our alias, no IPv6 address of its own making.
    private mutating func configure(
        _ index: Int32, _ request: VirtualLinkRequest
    ) throws(VirtualLinkError) {
        do throws(SystemError) {
            var code = try configure(index, request, withIPv6: true)
            // There is no IPv6 on this link, or none at all.
            if code == EAFNOSUPPORT { code = try configure(index, request, withIPv6: false) }
            guard code == 0 else {
                throw SystemError(call: "configure \(request.name)", code: code)
            }
        } catch {
            throw .system(error)
        }
    }

    private mutating func configure(
        _ index: Int32, _ request: VirtualLinkRequest, withIPv6: Bool
    ) throws(SystemError) -> Int32 {
        try ask(Netlink.newLink, size: 512) { message in
            guard
                message.append(ifinfomsg(index: index, flags: 0, change: LinkFlag.up)),
                message.append(attribute: Netlink.linkAlias, text: request.alias),
                Self.appendMode(to: message)
            else { return false }
            guard withIPv6 else { return true }
            return message.append(attribute: Netlink.linkFamilies) {
                message.append(attribute: SocketFamily.ipv6) {
                    message.append(
                        attribute: Netlink.linkAddressGeneration, Netlink.noAddressGeneration)
                }
            }
        }
    }

    private static func appendMode(to message: borrowing NetlinkRequest) -> Bool {
        message.append(attribute: Netlink.linkInformation) {
            message.append(attribute: Netlink.linkKind, text: macvlanKind)
                && message.append(attribute: Netlink.linkData) {
                    message.append(attribute: Netlink.macvlanMode, Netlink.macvlanBridge)
                }
        }
    }

    /// Nobody else has seen it for long enough to use it.
    private mutating func removeUnfinished(_ request: VirtualLinkRequest) {
        guard
            let link = try? find(.named(request.name)),
            (try? obstacle(link, to: request)) == .some(nil)
        else { return }
        try? delete(link.index)
    }

    private enum Key {
        case named(String)
        case at(Int32)
    }

    private mutating func find(_ key: Key) throws(VirtualLinkError) -> LinkObservation? {
        var found: LinkObservation?
        do throws(SystemError) {
            let code = try ask(
                Netlink.getLink, size: 256,
                build: { message in
                    switch key {
                    case .named(let name):
                        message.append(ifinfomsg())
                            && message.append(attribute: Netlink.linkName, text: name)
                    case .at(let index): message.append(ifinfomsg(index: index))
                    }
                },
                onMessage: { message in
                    _ = parseObservation(message) { observation in
                        if case .link(let link) = observation { found = link }
                    }
                })
            guard code == 0 || code == ENODEV else {
                throw SystemError(call: "find link", code: code)
            }
        } catch {
            throw .system(error)
        }
        return found
    }

    /// Sends one request and waits for the answer: an errno, 0 when it is done.
    private mutating func ask(
        _ type: UInt16, flags: UInt16 = 0, size: Int,
        build: (borrowing NetlinkRequest) -> Bool,
        onMessage: (NetlinkMessage) -> Void = { _ in }
    ) throws(SystemError) -> Int32 {
        let sequence = socket.nextSequence()
        guard
            let request = NetlinkRequest(
                type: type, flags: flags | Netlink.acknowledge, sequence: sequence, size: size),
            build(request)
        else { throw SystemError(call: "nlmsg_append", code: ENOMEM) }
        try socket.send(request.bytes.bytes)
        let port = socket.port
        var answer: Int32?
        while answer == nil {
            guard try socket.wait(milliseconds: Self.patience) else {
                throw SystemError(call: "netlink answer", code: ETIMEDOUT)
            }
            var isTruncated = false
            guard let bytes = try socket.receive(isTruncated: &isTruncated) else { continue }
            _ = forEachNetlinkMessage(bytes) { message in
                let header = message.header
                guard header.nlmsg_seq == sequence, header.nlmsg_pid == port else { return }
                if header.nlmsg_type == Netlink.error {
                    answer = errorNumber(negated: message.body(Int32.self) ?? -EPROTO)
                } else {
                    onMessage(message)
                }
            }
        }
        return answer ?? 0
    }

    private static let patience: Int32 = 5000
}

// The kernel of one simulated router: one interface with its addresses, what it does when asked, and
// what it tells. Its habits are Linux's: an IPv4 address of a known subnet is secondary,
// IPv6 addresses go when the interface goes down.

import VRRPEngine
import VRRPWire

/// What netlink tells.
enum Notice: Sendable {
    case link(Link)
    case linkRemoved(Int32)
    case address(KernelAddress)
    case addressRemoved(InterfaceAddress, Int32)
}

struct Kernel: Sendable {
    static let interfaceName = "lan0"

    let hardwareAddress: MACAddress
    /// The addresses an administrator gave it.
    let own: [InterfaceAddress]
    private(set) var link: Link?
    private(set) var addresses: [KernelAddress] = []
    private var lastIndex: Int32 = 2
    /// An errno that every change of addresses gets; 0 while it works.
    var refusal: Int32 = 0
    /// Somebody removed an address that was not ours to remove: kept for the checkers.
    private var removedForeign: InterfaceAddress?

    init(hardwareAddress: MACAddress, own: [InterfaceAddress]) {
        self.hardwareAddress = hardwareAddress
        self.own = own
        _ = makeInterface()
    }

    /// Everything, as a dump tells it.
    var tables: [Notice] {
        (link.map { [.link($0)] } ?? []) + addresses.map { .address($0) }
    }

    var isUsable: Bool { link?.isUsable == true }

    // MARK: What the daemon asks

    /// Carries out one change; the errno, 0 for done, and what is told about it.
    mutating func apply(_ edit: AddressEdit, notices: inout [Notice]) -> Int32 {
        guard let link, link.index == edit.interface else { return Number.noDevice }
        if refusal != 0 { return refusal }
        let place = addresses.firstIndex { $0.address == edit.address }
        switch (edit.operation, place) {
        case (.add, .some):
            return Number.exists
        case (.add, nil):
            notices.append(add(edit.address, isMarkedOurs: true))
            return 0
        case (.remove, .some(let place)):
            if !addresses[place].isMarkedOurs { removedForeign = edit.address }
            notices += remove(edit.address)
            return 0
        case (.remove, nil):
            return Number.addressNotAvailable
        }
    }

    mutating func takeRemovedForeign() -> InterfaceAddress? {
        defer { removedForeign = nil }
        return removedForeign
    }

    // MARK: What others do

    mutating func makeInterface() -> [Notice] {
        guard link == nil else { return [] }
        lastIndex += 1
        let made = Link(
            index: lastIndex, name: Self.interfaceName, isUp: true, hasCarrier: true,
            hardwareAddress: hardwareAddress)
        link = made
        return [.link(made)] + restoreOwn()
    }

    mutating func removeInterface() -> [Notice] {
        guard let link else { return [] }
        let gone = addresses.map { Notice.addressRemoved($0.address, link.index) }
        addresses = []
        self.link = nil
        return gone + [.linkRemoved(link.index)]
    }

    mutating func setLink(isUp: Bool? = nil, hasCarrier: Bool? = nil, name: String? = nil)
        -> [Notice]
    {
        guard var link else { return [] }
        link.isUp = isUp ?? link.isUp
        link.hasCarrier = hasCarrier ?? link.hasCarrier
        link.name = name ?? link.name
        guard link != self.link else { return [] }
        self.link = link
        var notices = [Notice.link(link)]
        if isUp == false {
            for address in addresses where address.address.address.family == .ipv6 {
                notices += remove(address.address)
            }
        } else if isUp == true {
            notices += restoreOwn()
        }
        return notices
    }

    /// An administrator's addresses come back.
    mutating func restoreOwn() -> [Notice] {
        guard link != nil else { return [] }
        return own.filter { address in !addresses.contains { $0.address == address } }
            .map { add($0, isMarkedOurs: false) }
    }

    mutating func addForeign(_ address: InterfaceAddress) -> [Notice] {
        guard link != nil, !addresses.contains(where: { $0.address == address }) else { return [] }
        return [add(address, isMarkedOurs: false)]
    }

    /// Takes back what `addForeign` added, if it is still that.
    mutating func removeForeign(_ address: InterfaceAddress) -> [Notice] {
        let isForeign = addresses.contains { $0.address == address && !$0.isMarkedOurs }
        return isForeign ? remove(address) : []
    }

    mutating func removeByHand(_ address: InterfaceAddress) -> [Notice] {
        addresses.contains { $0.address == address } ? remove(address) : []
    }

    /// Power was lost: what is not written down is gone.
    mutating func forget() {
        addresses = []
        link = nil
        refusal = 0
        _ = makeInterface()
    }

    // MARK: Addresses

    private mutating func add(_ address: InterfaceAddress, isMarkedOurs: Bool) -> Notice {
        let isSecondary =
            address.address.family == .ipv4
            && addresses.contains { $0.address.sharesSubnet(with: address) }
        let added = KernelAddress(
            interface: link?.index ?? 0, address: address, isSecondary: isSecondary,
            isMarkedOurs: isMarkedOurs)
        addresses.append(added)
        return .address(added)
    }

    /// With `promote_secondaries`, which the daemon sets: without it, the secondary addresses of a
    /// subnet go with its primary, an administrator's with ours.
    private mutating func remove(_ address: InterfaceAddress) -> [Notice] {
        guard let place = addresses.firstIndex(where: { $0.address == address }) else { return [] }
        let removed = addresses.remove(at: place)
        var notices = [Notice.addressRemoved(removed.address, removed.interface)]
        let heir = addresses.firstIndex {
            $0.isSecondary && $0.address.sharesSubnet(with: address)
        }
        if !removed.isSecondary, let heir {
            addresses[heir].isSecondary = false
            notices.append(.address(addresses[heir]))
        }
        return notices
    }

    private enum Number {
        static let exists: Int32 = 17
        static let noDevice: Int32 = 19
        static let addressNotAvailable: Int32 = 99
    }
}

extension InterfaceAddress {
    fileprivate func sharesSubnet(with other: InterfaceAddress) -> Bool {
        guard prefixLength == other.prefixLength, prefixLength > 0 else { return false }
        guard case .v4(let one) = address, case .v4(let two) = other.address else { return false }
        return (one.rawValue ^ two.rawValue) >> (32 - UInt32(prefixLength)) == 0
    }
}

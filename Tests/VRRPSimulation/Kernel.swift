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
    /// The interface; its name may be another for a while.
    private(set) var link: Link?
    /// Macvlans on it.
    private(set) var devices: [Link] = []
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
        ([link].compactMap { $0 } + devices).map { .link($0) } + addresses.map { .address($0) }
    }

    var isUsable: Bool { link?.isUsable == true }

    // MARK: What the daemon asks

    /// Carries out one change; the errno, 0 for done, and what is told about it.
    mutating func apply(_ edit: AddressEdit, notices: inout [Notice]) -> Int32 {
        guard hasLink(edit.interface) else { return Number.noDevice }
        if refusal != 0 { return refusal }
        let place = addresses.firstIndex {
            $0.address == edit.address && $0.interface == edit.interface
        }
        switch (edit.operation, place) {
        case (.add, .some):
            return Number.exists
        case (.add, nil):
            notices.append(add(edit.address, on: edit.interface, isMarkedOurs: true))
            return 0
        case (.remove, .some(let place)):
            if !addresses[place].isMarkedOurs { removedForeign = edit.address }
            notices += remove(edit.address, on: edit.interface)
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
        var notices: [Notice] = []
        for device in devices { notices += removeDevice(device.index) }
        notices += addresses.map { Notice.addressRemoved($0.address, link.index) }
        addresses = []
        self.link = nil
        return notices + [.linkRemoved(link.index)]
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
            notices += dropIPv6(on: link.index)
        } else if isUp == true {
            notices += restoreOwn()
        }
        return notices
    }

    /// An administrator's addresses come back.
    mutating func restoreOwn() -> [Notice] {
        guard let link else { return [] }
        return own.filter { address in
            !addresses.contains { $0.address == address && $0.interface == link.index }
        }.map { add($0, on: link.index, isMarkedOurs: false) }
    }

    mutating func addForeign(_ address: InterfaceAddress) -> [Notice] {
        guard
            let link,
            !addresses.contains(where: { $0.address == address && $0.interface == link.index })
        else { return [] }
        return [add(address, on: link.index, isMarkedOurs: false)]
    }

    /// Takes back what `addForeign` added, if it is still that.
    mutating func removeForeign(_ address: InterfaceAddress) -> [Notice] {
        guard let link else { return [] }
        let isForeign = addresses.contains {
            $0.address == address && $0.interface == link.index && !$0.isMarkedOurs
        }
        return isForeign ? remove(address, on: link.index) : []
    }

    /// Wherever it stands.
    mutating func removeByHand(_ address: InterfaceAddress) -> [Notice] {
        addresses.filter { $0.address == address }.flatMap { remove(address, on: $0.interface) }
    }

    /// Power was lost: what is not written down is gone.
    mutating func forget() {
        addresses = []
        devices = []
        link = nil
        refusal = 0
        _ = makeInterface()
    }

    // MARK: Addresses

    private mutating func add(
        _ address: InterfaceAddress, on interface: Int32, isMarkedOurs: Bool
    ) -> Notice {
        let isSecondary =
            address.address.family == .ipv4
            && addresses.contains {
                $0.interface == interface && $0.address.sharesSubnet(with: address)
            }
        let added = KernelAddress(
            interface: interface, address: address, isSecondary: isSecondary,
            isMarkedOurs: isMarkedOurs)
        addresses.append(added)
        return .address(added)
    }

    /// With `promote_secondaries`, which the daemon sets: without it, the secondary addresses of a
    /// subnet go with its primary, an administrator's with ours.
    private mutating func remove(_ address: InterfaceAddress, on interface: Int32) -> [Notice] {
        let place = addresses.firstIndex { $0.address == address && $0.interface == interface }
        guard let place else { return [] }
        let removed = addresses.remove(at: place)
        var notices = [Notice.addressRemoved(removed.address, interface)]
        let heir = addresses.firstIndex {
            $0.isSecondary && $0.interface == interface && $0.address.sharesSubnet(with: address)
        }
        if !removed.isSecondary, let heir {
            addresses[heir].isSecondary = false
            notices.append(.address(addresses[heir]))
        }
        return notices
    }

    private mutating func dropIPv6(on interface: Int32) -> [Notice] {
        addresses.filter { $0.interface == interface && $0.address.address.family == .ipv6 }
            .flatMap { remove($0.address, on: interface) }
    }

    private enum Number {
        static let exists: Int32 = 17
        static let noDevice: Int32 = 19
        static let addressInUse: Int32 = 98
        static let addressNotAvailable: Int32 = 99
    }
}

// MARK: Macvlans

extension Kernel {
    func hasLink(_ index: Int32) -> Bool {
        link?.index == index || devices.contains { $0.index == index }
    }

    /// What the thread beside the protocol is asked to do; an errno.
    mutating func change(
        _ name: String, _ operation: DeviceRequest.Operation, notices: inout [Notice]
    ) -> Int32 {
        switch operation {
        case .make(let parent, _, let hardwareAddress):
            guard link?.index == parent else { return Number.noDevice }
            if refusal != 0 { return refusal }
            if let old = devices.first(where: { $0.name == name }) {
                // One that an earlier daemon left is taken over, and set down.
                notices += setDevice(old.index, isUp: false)
                return old.hardwareAddress == hardwareAddress ? 0 : Number.exists
            }
            lastIndex += 1
            let made = Link(
                index: lastIndex, name: name, isUp: false, hasCarrier: true,
                hardwareAddress: hardwareAddress, parent: parent, isMarkedOurs: true)
            devices.append(made)
            notices.append(.link(made))
        case .lower(let index):
            notices += setDevice(index, isUp: false)
        case .remove(let index):
            notices += removeDevice(index)
        }
        return 0
    }

    /// An errno: two macvlans of one hardware address cannot both be up.
    mutating func raise(_ index: Int32, notices: inout [Notice]) -> Int32 {
        guard let device = devices.first(where: { $0.index == index }) else {
            return hasLink(index) ? 0 : Number.noDevice
        }
        let hasTwin = devices.contains {
            $0.index != index && $0.isUp && $0.hardwareAddress == device.hardwareAddress
        }
        if hasTwin { return Number.addressInUse }
        notices += setDevice(index, isUp: true)
        return 0
    }

    mutating func raiseByHand(_ index: Int32) -> [Notice] {
        var notices: [Notice] = []
        _ = raise(index, notices: &notices)
        return notices
    }

    mutating func setDevice(
        _ index: Int32, isUp: Bool? = nil, name: String? = nil
    ) -> [Notice] {
        guard let place = devices.firstIndex(where: { $0.index == index }) else { return [] }
        let old = devices[place]
        devices[place].isUp = isUp ?? old.isUp
        devices[place].name = name ?? old.name
        guard devices[place] != old else { return [] }
        let notices = [Notice.link(devices[place])]
        return devices[place].isUp ? notices : notices + dropIPv6(on: index)
    }

    mutating func removeDevice(_ index: Int32) -> [Notice] {
        guard let place = devices.firstIndex(where: { $0.index == index }) else { return [] }
        let gone = addresses.filter { $0.interface == index }
        addresses.removeAll { $0.interface == index }
        devices.remove(at: place)
        return gone.map { .addressRemoved($0.address, index) } + [.linkRemoved(index)]
    }
}

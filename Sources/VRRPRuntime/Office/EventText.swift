// Events and reasons in plain words, with their numbers: the log line, and `why` in `show`.

import LinuxNetwork
import VRRPControl
import VRRPCore
import VRRPEngine
import VRRPWire

extension Reason {
    /// For people; the code is for scripts.
    var text: String {
        switch self {
        case .startup:
            "started, listening for an Active Router"
        case .owner:
            "owner of the addresses (priority 255)"
        case .noAdvertisement(let silence):
            "no advertisement for \(VRRPControl.text(of: silence))"
        case .priorityZero(let source):
            "\(source) left with priority 0"
        case .lowerPriorityPeer(let address, let priority, let own):
            "preempted \(address) with priority \(priority), own \(own)"
        case .higherPriority(let address, let priority, let own):
            "advertisement from \(address) with priority \(priority), own \(own)"
        case .higherAddress(let address, let priority, let own):
            "advertisement from \(address), higher than own \(own), at equal priority \(priority)"
        case .interfaceDown:
            "the interface is down or has no carrier"
        case .interfaceMissing:
            "there is no such interface"
        case .macvlanMissing:
            "its macvlan could not be made yet"
        case .noSourceAddress(nil):
            "the interface has no address of its own to send from"
        case .noSourceAddress(let configured?):
            "the configured source \(configured) is not an address of this router"
        case .configuration:
            "removed or replaced by the configuration"
        case .shutdown:
            "vrrpd stops"
        case .overslept(let late):
            "was not running for \(VRRPControl.text(of: late)); its peers must have taken over"
        }
    }
}

extension RouterState {
    /// As RFC 9568 writes it.
    var title: String {
        switch self {
        case .initialize: "Initialize"
        case .backup: "Backup"
        case .active: "Active"
        }
    }
}

extension EngineEvent.Kind {
    /// One line.
    var text: String {
        switch self {
        case .transition(let router, let transition, let priority):
            "\(router): \(transition.from.title) → \(transition.to.title):"
                + " \(transition.reason.text) (priority \(priority))"
        case .unable(let router, let reason):
            "\(router): stays in Initialize: \(reason.text)"
        case .discarded(let interface, let router, let source, let reason, let suppressed):
            "\(router ?? interface): discarded a packet from \(source) on \(interface): \(reason)"
                + (suppressed > 0 ? " (and \(suppressed) more since this was last told)" : "")
        case .intervalMismatch(let router, let source, let theirs, let own):
            "\(router): \(source) advertises every \(VRRPControl.text(of: theirs)), this router is"
                + " configured with \(VRRPControl.text(of: own)): set both to the same"
        case .addressListMismatch(let router, let source):
            "\(router): \(source) advertises other addresses than this router is configured with"
        case .ownerConflict(let router, let source):
            "\(router): \(source) claims to own the addresses, too: only one router may be `owner`"
        case .equalPriority(let router, let source, let priority):
            "\(router): \(source) has the same priority \(priority): only the higher address"
                + " decides between the two"
        case .noVersion2(let router, let source):
            "\(router): \(source) advertises in version 3 only, this router in versions 2 and 3:"
                + " routers of version 2 do not hear it"
        case .checksumForm(let router, let source, let form):
            "\(router): sends checksums as \(form.name) from now on, like \(source)"
        case .addressRestored(let router, let address, let device):
            "\(router): somebody removed \(address) from \(device); put back"
        case .addressCleared(let address, let device):
            "removed \(address) from \(device): it was left there by a vrrpd that did not stop"
                + " properly"
        case .addressForeign(let router, let address, let device):
            "\(router): \(address) is on \(device) already and was not put there by vrrpd: used,"
                + " never removed"
        case .addressTwice(let router, let address, let device):
            "\(router): \(address) is on \(device), too, which answers for it with its own MAC address,"
                + " whoever is Active: remove it there, or write `mac: interface`"
        case .addressFailed(let router, let address, let device, let code):
            "\(router): the kernel refused to change \(address) on \(device):"
                + " \(describe(errno: code)); trying again"
        case .deviceRestored(let router, let device):
            "\(router): somebody removed \(device) or set it down; put right"
        case .deviceFailed(let router, let device, let code):
            "\(router): the kernel refused to change \(device): \(describe(errno: code)); trying again"
        case .deviceCleared(let device):
            "removed \(device): it was left there by a vrrpd that did not stop properly"
        case .listenFailed(let interface, let family, let code):
            "\(interface): cannot receive \(family) advertisements: \(describe(errno: code))"
        case .solicitationsFailed(let interface, let code):
            "\(interface): cannot receive router solicitations: \(describe(errno: code))"
        case .transmitFailed(let router, let code):
            "\(router): cannot send: \(describe(errno: code))"
        case .configured(let added, let changed, let removed):
            "configuration applied: " + Self.list(added, changed, removed)
        }
    }

    private static func list(_ added: [String], _ changed: [String], _ removed: [String]) -> String
    {
        let parts = [("added", added), ("changed", changed), ("removed", removed)]
            .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
        return parts.isEmpty ? "nothing changed" : parts.joined(separator: "; ")
    }
}

extension ChecksumForm {
    /// As the configuration writes it.
    var name: String { self == .rfc9568 ? "rfc9568" : "rfc5798" }
}

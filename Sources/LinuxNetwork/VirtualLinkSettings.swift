// What the kernel must be told so that a virtual address on a macvlan is answered for once, by the
// macvlan, and the interface below stays as it was to everybody else. Found with
// requests put on a wire, but for `keep_addr_on_down`, which is a precaution.

package import VRRPWire

package enum VirtualLinkSettings {
    /// For a macvlan, given while it is down. They go with it, and need not be remembered.
    package static func link(
        _ name: String, parent: String, family: AddressFamily
    ) -> [SysctlSetting] {
        var values =
            switch family {
            case .ipv4: ipv4Link + followed(from: parent, .ipv4)
            case .ipv6: ipv6Link + followed(from: parent, .ipv6)
            }
        if family == .ipv4 {
            // Strict filtering drops all that comes in here: routes lead out through the parent.
            // The greater of `all` and our own counts, so that 2, loose, undoes even an `all` of 1.
            // It refuses sources without any route; we do so only where the parent filters too.
            let isFiltering = effectiveFilter(parent) != 0
            values.append(Value(.ipv4, "rp_filter", isFiltering ? "2" : "0"))
            // A parent that answers for others (proxy ARP) leaves that to the macvlan, so that hosts
            // learn the virtual address for them (RFC 9568 §8.1.3).
            values.append(Value(.ipv4, "proxy_arp", answersForOthers(parent) ? "1" : "0"))
        }
        return settings(values, name)
    }

    /// For the interface below, as long as there is a macvlan on it: to be remembered and restored.
    package static func parent(_ name: String) -> [SysctlSetting] {
        var values = ipv4Parent
        // Strict filtering drops an advertisement whose source is an address on the macvlan, in
        // spite of accept_local: the owner who returns would not be heard. The same is wanted where
        // filtering is loose, for it may be loose because of us.
        if effectiveFilter(name) != 0 { values.append(Value(.ipv4, "rp_filter", "2")) }
        // Answers for nobody else, and nobody is answered for on its cable; `proxy_arp` stays as it
        // is, to be read again for the next macvlan.
        if answersForOthers(name) { values.append(Value(.ipv4, "medium_id", "-1")) }
        return settings(values, name)
    }

    /// Settings of the whole system under which virtual links do not work: sentences for the log.
    package static func obstacles() -> [String] {
        var sentences: [String] = []
        if number(.ipv4, "all", "arp_filter") != 0 {
            sentences.append(
                "net.ipv4.conf.all.arp_filter is on: no ARP request for a virtual address is"
                    + " answered, because the way back is through another interface")
        }
        if number(.ipv4, "all", "arp_ignore") > 2 {
            sentences.append(
                "net.ipv4.conf.all.arp_ignore is greater than 2: ARP requests for virtual addresses"
                    + " may not be answered")
        }
        if number(.ipv6, "all", "keep_addr_on_down") > 0 {
            sentences.append(
                "net.ipv6.conf.all.keep_addr_on_down is on: virtual addresses stay on an interface"
                    + " that is taken down")
        }
        return sentences
    }

    private struct Value {
        let family: AddressFamily
        let table: Sysctl.Table
        let key: String
        let value: String

        init(
            _ family: AddressFamily, _ key: String, _ value: String,
            in table: Sysctl.Table = .configuration
        ) {
            self.family = family
            self.table = table
            self.key = key
            self.value = value
        }
    }

    private static let ipv4Parent = [
        // Answers only for addresses of its own: else there are two answers for a virtual address,
        // and the parent's is the first.
        Value(.ipv4, "arp_ignore", "1"),
        // Asks with an address of its own as sender: what leaves with a virtual address as its
        // source goes out here, and the question would teach all hosts the parent's Ethernet address
        // for it. 1 does not help, for both addresses are of one subnet.
        Value(.ipv4, "arp_announce", "2"),
        // Hears a router that owns the virtual address, while we have it.
        Value(.ipv4, "accept_local", "1"),
    ]

    private static let ipv4Link = [
        // Answers for virtual addresses only, not for those of the parent.
        Value(.ipv4, "arp_ignore", "1"),
        // The way to hosts of this very LAN is through the parent, which makes it look like another
        // cable: with proxy ARP, be it that of `all`, each of them would be answered for. The parent's
        // medium is -1 then, which is never answered for; another macvlan's is the same as ours.
        Value(.ipv4, "medium_id", "112"),
        // The first address of a subnet may go without the others.
        Value(.ipv4, "promote_secondaries", "1"),
        // Else it reports its multicast groups when it comes up, from an Ethernet address that is
        // for IPv4 only. With this, an IPv4 link that comes up sends nothing at all.
        Value(.ipv6, "disable_ipv6", "1"),
    ]

    private static let ipv6Link = [
        // Nothing is learnt from other routers, and none is solicited: a virtual link-local address
        // would send Router Solicitations.
        Value(.ipv6, "accept_ra", "0"),
        Value(.ipv6, "autoconf", "0"),
        Value(.ipv6, "router_solicitations", "0"),
        // Our addresses are added without duplicate detection; others shall not be looked for
        // in the virtual router's name either.
        Value(.ipv6, "accept_dad", "0"),
        Value(.ipv6, "dad_transmits", "0"),
        // Taking the link down is what removes the addresses.
        Value(.ipv6, "keep_addr_on_down", "0"),
        // A question to a host that is asked before the kernel has finished with the new link-local
        // address gets no answer, for that comes too early. The next one is due after a second: a
        // router without an address of its own in the virtual subnet would forward nothing for so
        // long. Asked ten times as often, and as long.
        Value(.ipv6, "retrans_time_ms", "100", in: .neighbours),
        Value(.ipv6, "mcast_solicit", "30", in: .neighbours),
        Value(.ipv6, "ucast_solicit", "30", in: .neighbours),
        // Its Ethernet address is for IPv6: it answers no ARP request.
        Value(.ipv4, "arp_ignore", "8"),
        Value(.ipv4, "proxy_arp", "0"),
        // Not for others either, where `all` has proxy ARP.
        Value(.ipv4, "medium_id", "-1"),
    ]

    /// What comes in through the macvlan is forwarded as what comes in through the parent; for IPv6
    /// it is also the router flag of Neighbor Advertisements.
    private static func followed(from parent: String, _ family: AddressFamily) -> [Value] {
        let path = Sysctl.path(family, interface: parent, key: "forwarding")
        guard let path, let value = try? Sysctl.read(path) else { return [] }
        return [Value(family, "forwarding", value)]
    }

    private static func answersForOthers(_ interface: String) -> Bool {
        number(.ipv4, "all", "proxy_arp") != 0 || number(.ipv4, interface, "proxy_arp") != 0
    }

    private static func effectiveFilter(_ interface: String) -> Int {
        max(number(.ipv4, "all", "rp_filter"), number(.ipv4, interface, "rp_filter"))
    }

    private static func number(_ family: AddressFamily, _ interface: String, _ key: String) -> Int {
        guard let path = Sysctl.path(family, interface: interface, key: key),
            let text = try? Sysctl.read(path)
        else { return 0 }
        return Int(text) ?? 0
    }

    private static func settings(_ values: [Value], _ interface: String) -> [SysctlSetting] {
        values.compactMap {
            SysctlSetting(
                $0.family, $0.table, interface: interface, key: $0.key, value: $0.value)
        }
    }
}

// Addresses as the wrappers of C take them.

import CSys
import VRRPWire

extension csys_address {
    init(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            self.init(family: SocketFamily.ipv4, high: 0, low: UInt64(address.rawValue))
        case .v6(let address):
            self.init(family: SocketFamily.ipv6, high: address.high, low: address.low)
        }
    }

    var address: IPAddress {
        if family == SocketFamily.ipv6 {
            .v6(IPv6Address(high: high, low: low))
        } else {
            .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))
        }
    }
}

extension AddressFamily {
    var socketFamily: Int32 {
        self == .ipv4 ? SocketFamily.ipv4 : SocketFamily.ipv6
    }
}

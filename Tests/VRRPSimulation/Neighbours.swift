// A host on the LAN that only listens, and the switch it is connected to: which hardware address the
// one has learnt for each virtual address, and the other at which port for each hardware address.

import VRRPWire

struct Neighbours {
    private(set) var learnt: [IPAddress: MACAddress] = [:]
    /// The machine whose frames came last from a hardware address.
    private(set) var ports: [MACAddress: Int] = [:]

    mutating func receive(_ bytes: [UInt8], from node: Int) {
        guard bytes.count > FramePool.networkOffset else { return }
        ports[MACAddress(rawValue: Self.number(bytes[6..<12]))] = node
        if let announced = Self.announcement(in: bytes) {
            learnt[announced.address] = announced.hardwareAddress
        }
    }

    /// Which address at which hardware address a gratuitous ARP or an unsolicited neighbour
    /// advertisement announces; nil for any other frame, and for a damaged one.
    static func announcement(
        in bytes: [UInt8]
    ) -> (address: IPAddress, hardwareAddress: MACAddress)? {
        guard bytes.count > FramePool.networkOffset else { return nil }
        let type = UInt16(bytes[12]) << 8 | UInt16(bytes[13])
        return switch type {
        case EtherType.arp: gratuitousARP(bytes)
        case EtherType.ipv6: neighborAdvertisement(bytes)
        default: nil
        }
    }

    /// RFC 826: sender hardware address at 8, sender address at 14, target address at 24.
    private static func gratuitousARP(
        _ bytes: [UInt8]
    ) -> (address: IPAddress, hardwareAddress: MACAddress)? {
        let packet = Array(bytes[FramePool.networkOffset...])
        guard packet.count >= 28, packet[14..<18] == packet[24..<28] else { return nil }
        return (
            .v4(IPv4Address(rawValue: UInt32(number(packet[14..<18])))),
            MACAddress(rawValue: number(packet[8..<14]))
        )
    }

    /// RFC 4861 §4.4: type 136, target at 8, then the option Target Link-Layer Address (2).
    private static func neighborAdvertisement(
        _ bytes: [UInt8]
    ) -> (address: IPAddress, hardwareAddress: MACAddress)? {
        let message = Array(bytes.dropFirst(FramePool.networkOffset + 40))
        guard message.count >= 32, message[0] == 136, message[24] == 2 else { return nil }
        return (
            .v6(IPv6Address(high: number(message[8..<16]), low: number(message[16..<24]))),
            MACAddress(rawValue: number(message[26..<32]))
        )
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

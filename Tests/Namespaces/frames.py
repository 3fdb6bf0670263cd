"""Frames of the LAN: VRRP of both versions and families, ARP and neighbour discovery.

Building takes every field apart, so that a test can tell any lie on the wire; parsing never raises.
"""

import ipaddress
import struct
from dataclasses import dataclass, field

GROUP = {4: "224.0.0.18", 6: "ff02::12"}
VRRP = 112


def internet_checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return ":".join(f"{octet:02x}" for octet in data)


def packed(address):
    return ipaddress.ip_address(address).packed


def virtual_mac(vrid, family=4):
    return f"00:00:5e:00:{1 if family == 4 else 2:02x}:{vrid:02x}"


def multicast_mac(address):
    data = packed(address)
    if len(data) == 4:
        return bytes([1, 0, 0x5E, data[1] & 0x7F, data[2], data[3]])
    return b"\x33\x33" + data[-4:]


def pseudo_header(source, destination, length):
    """RFC 8200 8.1, and the shape IPv4 senders made of it under RFC 5798."""
    head = packed(source) + packed(destination)
    if len(head) == 8:
        return head + struct.pack("!BBH", 0, VRRP, length)
    return head + struct.pack("!IHBB", length, 0, 0, VRRP)


def ipv4(payload, source, destination, *, ttl=255, tos=0xC0, protocol=VRRP, options=b""):
    assert len(options) % 4 == 0
    first = 0x45 + len(options) // 4
    header = struct.pack(
        "!BBHHHBBH4s4s", first, tos, 20 + len(options) + len(payload), 0, 0, ttl, protocol, 0,
        packed(source), packed(destination)) + options
    return header[:10] + struct.pack("!H", internet_checksum(header)) + header[12:] + payload


def ipv6(payload, source, destination, *, hop_limit=255, next_header=VRRP, traffic_class=0xC0):
    return struct.pack(
        "!IHBB16s16s", 6 << 28 | traffic_class << 20, len(payload), next_header, hop_limit,
        packed(source), packed(destination)) + payload


def ethernet(payload, destination, source, kind):
    frame = destination + source + struct.pack("!H", kind) + payload
    return frame + bytes(max(0, 60 - len(frame)))


def message(*, version=3, kind=1, vrid=51, priority=100, addresses=("192.0.2.1",), count=None,
            interval=10, reserve=0, auth_type=0, auth_data=bytes(8), trailing=b""):
    """A VRRP message with checksum zero. `interval` is centiseconds in v3 and seconds in v2."""
    head = struct.pack(
        "!BBBB", version << 4 | kind, vrid, priority, len(addresses) if count is None else count)
    if version == 2:
        head += struct.pack("!BBH", auth_type, interval, 0)
    else:
        head += struct.pack("!HH", reserve << 12 | interval, 0)
    body = b"".join(packed(address) for address in addresses)
    return head + body + (auth_data if version == 2 else b"") + trailing


def advertisement(*, source="192.0.2.2", destination=None, checksum=None, ttl=255, options=b"",
                  keep=None, ethernet_source=None, ethernet_destination=None, flip=None, **fields):
    """A whole Ethernet frame. `checksum`: a flavour's name, a number, or the version's own.
    `keep`: bytes of the message left over; `flip`: a bit turned after the checksum was made."""
    family = ipaddress.ip_address(source).version
    destination = destination or GROUP[family]
    data = bytearray(message(**fields))
    if checksum is None:
        checksum = "rfc3768" if fields.get("version", 3) == 2 else "rfc9568"
    if isinstance(checksum, int):
        value = checksum
    elif checksum == "rfc5798" or (family == 6 and checksum == "rfc9568"):
        value = internet_checksum(pseudo_header(source, destination, len(data)) + bytes(data))
    else:
        value = internet_checksum(bytes(data))
    struct.pack_into("!H", data, 6, value)
    if flip is not None:
        data[flip // 8] ^= 0x80 >> flip % 8
    data = bytes(data[:keep])
    if family == 4:
        packet, kind = ipv4(data, source, destination, ttl=ttl, options=options), 0x0800
    else:
        packet, kind = ipv6(data, source, destination, hop_limit=ttl), 0x86DD
    return ethernet(
        packet,
        mac(ethernet_destination) if ethernet_destination else multicast_mac(destination),
        mac(ethernet_source or virtual_mac(fields.get("vrid", 51), family)), kind)


def arp_request(target, *, source="192.0.2.99", source_mac="02:00:00:00:00:99"):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    body += mac(source_mac) + packed(source) + bytes(6) + packed(target)
    return ethernet(body, b"\xff" * 6, mac(source_mac), 0x0806)


def neighbour_solicitation(target, *, source="fe80::99", source_mac="02:00:00:00:00:99"):
    group = "ff02::1:ff" + packed(target)[-3:].hex()[:2] + ":" + packed(target)[-2:].hex()
    body = struct.pack("!BBHI", 135, 0, 0, 0) + packed(target) + b"\x01\x01" + mac(source_mac)
    head = packed(source) + packed(group) + struct.pack("!IHBB", len(body), 0, 0, 58)
    body = body[:2] + struct.pack("!H", internet_checksum(head + body)) + body[4:]
    packet = ipv6(body, source, group, next_header=58, traffic_class=0)
    return ethernet(packet, multicast_mac(group), mac(source_mac), 0x86DD)


@dataclass
class Advertisement:
    """What a VRRP message says; `checksum` names the flavours under which it is right."""

    family: int
    source: str
    destination: str
    ttl: int
    tos: int
    version: int
    kind: int
    vrid: int
    priority: int
    count: int
    reserve: int
    interval: int
    auth_type: int
    addresses: list
    checksum: set
    message: bytes


@dataclass
class Announcement:
    """A gratuitous ARP or an unsolicited neighbour advertisement."""

    family: int
    address: str
    mac: str
    flags: int = 0
    operation: int = 0
    target_mac: str = ""


@dataclass
class Frame:
    """One frame as the LAN saw it. `port` is the bridge port; `sent` if the bridge gave it out."""

    time: float
    port: str
    sent: bool
    data: bytes
    vrrp: Advertisement | None = field(init=False, default=None)
    announcement: Announcement | None = field(init=False, default=None)
    arp: tuple | None = field(init=False, default=None)
    neighbour: tuple | None = field(init=False, default=None)

    def __post_init__(self):
        try:
            self._parse()
        except (struct.error, IndexError, ValueError):
            pass

    @property
    def source_mac(self):
        return mac_text(self.data[6:12])

    @property
    def destination_mac(self):
        return mac_text(self.data[0:6])

    def _parse(self):
        kind = struct.unpack_from("!H", self.data, 12)[0]
        packet = self.data[14:]
        if kind == 0x0806:
            self._parse_arp(packet)
        elif kind == 0x0800 and packet[9] == VRRP:
            head, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
            self.vrrp = parse_message(
                packet[head:total], 4, packet[12:16], packet[16:20], packet[8], packet[1])
        elif kind == 0x86DD:
            length = struct.unpack_from("!H", packet, 4)[0]
            body = packet[40:40 + length]
            if packet[6] == VRRP:
                tos = struct.unpack_from("!I", packet)[0] >> 20 & 0xFF
                self.vrrp = parse_message(body, 6, packet[8:24], packet[24:40], packet[7], tos)
            elif packet[6] == 58 and body[0] in (135, 136):
                self._parse_neighbour(packet, body)

    def _parse_arp(self, packet):
        operation = struct.unpack_from("!H", packet, 6)[0]
        sender_mac, sender = mac_text(packet[8:14]), str(ipaddress.ip_address(packet[14:18]))
        target_mac, target = mac_text(packet[18:24]), str(ipaddress.ip_address(packet[24:28]))
        self.arp = (operation, sender_mac, sender, target_mac, target)
        if sender == target:
            self.announcement = Announcement(
                4, sender, sender_mac, operation=operation, target_mac=target_mac)

    def _parse_neighbour(self, packet, body):
        target = str(ipaddress.ip_address(body[8:24]))
        option = mac_text(body[26:32]) if len(body) >= 32 else ""
        flags = body[4] >> 5
        self.neighbour = (body[0], flags, target, option)
        if body[0] == 136 and packet[24:40] == packed("ff02::1") and not flags & 2:
            self.announcement = Announcement(6, target, option, flags=flags)


def parse_message(data, family, source, destination, ttl, tos):
    first, vrid, priority, count, fifth, interval = struct.unpack_from("!BBBBBB", data)
    version, size = first >> 4, 4 if family == 4 else 16
    reserve = auth_type = 0
    if version == 2:
        auth_type = fifth
    else:
        reserve, interval = fifth >> 4, (fifth & 15) << 8 | interval
    addresses = [
        str(ipaddress.ip_address(data[at:at + size])) for at in range(8, 8 + count * size, size)]
    source, destination = (str(ipaddress.ip_address(a)) for a in (source, destination))
    good = set()
    if internet_checksum(data) == 0:
        good.add("rfc3768" if version == 2 else "plain")
    if internet_checksum(pseudo_header(source, destination, len(data)) + data) == 0:
        good.add("pseudo")
    return Advertisement(
        family, source, destination, ttl, tos, version, first & 15, vrid, priority, count,
        reserve, interval, auth_type, addresses, good, data)

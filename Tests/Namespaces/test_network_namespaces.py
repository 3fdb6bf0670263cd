"""`network-namespace`: virtual routers of one daemon in other namespaces than its own, which appear,
disappear and come back."""

import json
import time

import pytest

from frames import advertisement, virtual_mac
from lab import Node, eventually, ip, run
from settings import IPV4, IPV6, configuration, entry

macs = pytest.mark.parametrize("mac", ["interface", "virtual"])


class Outside:
    """A daemon in a namespace of its own; its router's interface is in another one."""

    def __init__(self, lab, node="gw2", host=3):
        self.one = lab.router(node, host, attach=False)
        self.lab, self.node, self.host = lab, node, host
        self.name = f"{lab.prefix}-blue-{node}"

    def appear(self):
        ip("netns", "add", self.name)
        self.lab.namespaces.append(self.name)
        self.lab.sysctl(self.name, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                        "net.ipv6.conf.default.accept_dad=0")
        self.lab.attach(self.name, self.node, addresses=[
            f"192.0.2.{self.host}/24", f"fe80::{self.host}/64"])
        return self

    def vanish(self):
        ip("netns", "del", self.name)
        self.lab.namespaces.remove(self.name)

    def start(self, **keys):
        self.one.start(configuration(network_namespace=self.name, **keys))
        return self.one

    def installed(self):
        found = json.loads(ip("-j", "addr", "show", namespace=self.name).stdout)
        return [address["local"] for link in found for address in link.get("addr_info", [])
                if "local" in address]

    def macvlans(self):
        return json.loads(
            ip("-j", "link", "show", "type", "macvlan", namespace=self.name).stdout or "[]")


@macs
@pytest.mark.parametrize("addresses", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_a_router_in_another_namespace(lab, mac, addresses):
    blue = Outside(lab).appear()
    one = blue.start(mac=mac, addresses=list(addresses))
    shown = one.await_state("active")
    first = addresses[0].split("/")[0]
    eventually(lambda: first in blue.installed(), 2, "the address is there")
    assert one.installed() == ["127.0.0.1/8", "::1/128"]
    assert shown["network_namespace"] == blue.name and shown["interface"] == "lan0"
    announced = lab.tap.announcement("gw2", address=first)
    if mac == "virtual":
        assert announced.announcement.mac == virtual_mac(51, 6 if ":" in first else 4)
        assert len([link for link in blue.macvlans() if link["operstate"] != "DOWN"]) == 1
    packet = one.advertisements()[-1].vrrp
    assert packet.source == ("fe80::3" if ":" in first else "192.0.2.3")
    source = {"source": "fe80::2", "addresses": [one.split("/")[0] for one in addresses]}
    frame = advertisement(priority=200, **(source if ":" in first else {}))
    with lab.inject.stream(frame, 0.1):
        one.await_state("backup")
        eventually(lambda: first not in blue.installed(), 2, "the address is gone")
    one.await_state("active")
    assert one.stop() == 0
    assert first not in blue.installed() and not blue.macvlans()
    with open(one.log) as log:
        assert "error" not in log.read()


def test_settings_are_put_back_in_their_namespace(lab):
    blue = Outside(lab).appear()
    path = "/proc/sys/net/ipv4/conf/lan0/arp_ignore"
    one = blue.start(mac="virtual")
    one.await_state("active")
    read = lambda: run("ip", "netns", "exec", blue.name, "cat", path).stdout.strip()
    assert read() == "1"
    one.kill()
    one.start()
    one.await_state("active")
    assert one.stop() == 0
    assert read() == "0"


@macs
def test_a_namespace_that_appears_disappears_and_comes_back(lab, mac):
    blue = Outside(lab)
    one = blue.start(mac=mac)
    assert one.show()["reason"]["code"] == "interface-missing"
    blue.appear()
    one.await_state("active")
    blue.vanish()
    one.await_state("initialize")
    assert one.show()["reason"]["code"] == "interface-missing"
    eventually(lambda: "p-gw2" not in ip("link", namespace=lab.lan).stdout, 3, "it is let go")
    blue.appear()
    one.await_state("active")
    eventually(lambda: "192.0.2.1" in blue.installed(), 2, "the address is there")
    assert one.stop() == 0
    assert "192.0.2.1" not in blue.installed()


def test_the_same_interface_and_vrid_in_three_namespaces(lab):
    blue, red = Outside(lab, "gw2", 3).appear(), Outside(lab, "gw3", 4).appear()
    one = blue.one
    lab.attach(one.namespace, "gw4", addresses=["192.0.2.5/24"])
    others = {
        "red": entry(network_namespace=red.name, addresses=["192.0.2.9/24"], mac="virtual"),
        "home": entry(addresses=["192.0.2.10/24"], vrid=52, mac="virtual")}
    one.start(configuration(network_namespace=blue.name, mac="virtual", vrid=53, others=others))
    for name in ("lan", "red", "home"):
        one.await_state("active", name=name)
    eventually(lambda: "192.0.2.9" in red.installed() and "192.0.2.1" in blue.installed(), 2)
    assert "192.0.2.9" not in blue.installed() and one.has("192.0.2.10")
    sources = {frame.vrrp.vrid: frame.vrrp.source for frame in lab.tap.advertisements()}
    assert sources == {53: "192.0.2.3", 51: "192.0.2.4", 52: "192.0.2.5"}
    # A reload that takes one away leaves the others alone.
    one.write(configuration(network_namespace=blue.name, mac="virtual", vrid=53,
                            others={"home": others["home"]}))
    one.ctl("reload")
    eventually(lambda: "192.0.2.9" not in red.installed() and not red.macvlans(), 3, "it is gone")
    assert one.show()["state"] == "active" and one.show("home")["state"] == "active"
    assert one.stop() == 0


def test_two_routers_of_one_daemon_elect_across_namespaces(lab):
    """A rehearsal of a pair on one machine: the better one goes, the other takes over."""
    blue, red = Outside(lab, "gw2", 3).appear(), Outside(lab, "gw3", 4).appear()
    others = {"red": entry(network_namespace=red.name, priority=200, mac="virtual")}
    one = blue.start(mac="virtual", others=others)
    one.await_state("active", name="red")
    one.await_state("backup", name="lan")
    ip("link", "set", "lan0", "down", namespace=red.name)
    one.await_state("active", name="lan")
    ip("link", "set", "lan0", "up", namespace=red.name)
    one.await_state("active", name="red")
    one.await_state("backup", name="lan")


def test_unicast_stays_in_its_namespace(lab):
    blue = Outside(lab).appear()
    one = blue.start(unicast={"gw1": "192.0.2.2", "gw2": "192.0.2.3"})
    one.await_state("active")
    ip("neigh", "replace", "192.0.2.2", "lladdr", "02:00:00:00:00:77", "dev", "lan0",
       namespace=blue.name)
    frame = lab.tap.wait(
        lambda frame: frame.vrrp and frame.vrrp.destination == "192.0.2.2", 3, port="gw2")
    assert frame.vrrp.source == "192.0.2.3"
    mac = json.loads(ip("-j", "link", "show", "lan0", namespace=blue.name).stdout)[0]["address"]
    lab.inject(advertisement(
        priority=200, source="192.0.2.2", destination="192.0.2.3", ethernet_destination=mac,
        ethernet_source="02:00:00:00:00:77"))
    one.await_state("backup", 1)
    time.sleep(0.1)


@macs
def test_a_namespace_whose_name_goes_while_it_lives(lab, mac):
    """A process keeps it alive: nothing of ours stays in it, and nobody is blamed."""
    blue = Outside(lab).appear()
    one = blue.start(mac=mac)
    one.await_state("active")
    eventually(lambda: "192.0.2.1" in blue.installed(), 2, "the address is there")
    sleeper = lab.start(blue.name, "sleep", "60", log=one.log)
    eventually(lambda: sleeper.poll() is None, 1)
    time.sleep(0.2)
    look = ["nsenter", f"--net=/proc/{sleeper.pid}/ns/net", "ip", "-o"]
    assert "192.0.2.1" in run(*look, "addr").stdout
    blue.vanish()
    one.await_state("initialize")
    eventually(lambda: "192.0.2.1" not in run(*look, "addr").stdout, 2, "the address is gone")
    eventually(lambda: "macvlan" not in run(*look, "-d", "link").stdout, 2, "the macvlan is gone")
    assert "somebody removed" not in one.log.read_text()
    shown = one.show()["reason"]
    assert shown["code"] == "interface-missing" and blue.name in shown["text"]


def test_one_namespace_has_one_name(lab):
    blue = Outside(lab).appear()
    settings = configuration(network_namespace=blue.name, others={
        "twin": entry(network_namespace=f"/run/netns/{blue.name}", addresses=["192.0.2.9/24"])})
    blue.one.write(settings)
    result = run(*blue.one.command("--check"), check=False)
    assert result.returncode == 6 and "`vrid` 51 is on" in result.stderr


@macs
def test_accept_false_is_enforced_in_the_namespace(lab, mac):
    blue = Outside(lab).appear()
    one = blue.start(accept=False, mac=mac, addresses=[*IPV4, *IPV6])
    host = Node(lab, "host", 99, addresses=["192.0.2.99/24", "fe80::99/64", "2001:db8:1::99/64"])

    def ping(address):
        return run("ip", "netns", "exec", host.namespace, "ping", "-n", "-c", "1", "-W", "1",
                   address, check=False).returncode == 0

    def table():
        return run("ip", "netns", "exec", blue.name, "nft", "list", "ruleset").stdout

    for family in ("ipv4", "ipv6"):
        one.await_state("active", family=family)
    eventually(lambda: "192.0.2.1" in blue.installed(), 2)
    assert ping("192.0.2.3"), "its own address"
    closed = ["192.0.2.1", "2001:db8:1::1", "fe80::1:1%lan0"]
    assert not any(ping(address) for address in closed)
    assert "vrrpd" in table()
    assert not run("ip", "netns", "exec", one.namespace, "nft", "list", "ruleset").stdout
    settings = configuration(network_namespace=blue.name, mac=mac, addresses=[*IPV4, *IPV6])
    one.write(settings)
    one.ctl("reload")
    eventually(lambda: all(ping(address) for address in closed), 5, "open after a reload")
    assert not table()
    settings["routers"]["lan"]["accept"] = False
    one.write(settings)
    one.ctl("reload")
    eventually(lambda: not any(ping(address) for address in closed), 5, "closed again")
    assert one.stop() == 0 and not table()


def test_a_namespace_whose_filter_is_somebody_elses_is_not_used(lab):
    blue = Outside(lab).appear()
    run("ip", "netns", "exec", blue.name, "nft", "add", "table", "inet", "vrrpd")
    one = blue.start(accept=False)
    time.sleep(1)
    assert one.show()["state"] == "initialize" and "192.0.2.1" not in blue.installed()
    assert "belongs to somebody else" in one.log.read_text()
    run("ip", "netns", "exec", blue.name, "nft", "delete", "table", "inet", "vrrpd")
    one.await_state("active")

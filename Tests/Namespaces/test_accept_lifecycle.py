"""`accept: false` when things change: reloads, kills, renames, other owners of tables."""

import contextlib
import json
import subprocess
import time

import pytest

from accepting import (
    KERNEL, closed, dropped, echo_replies, echo_request, host, known_stranger, nft, ping, reaches,
    router, ruleset)
from frames import virtual_mac
from lab import eventually, run
from settings import IPV6, bare_address


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_accept_is_toggled_by_reload(lab, mac):
    one, other = router(lab, "gw1", 2, closed("v6", mac=mac, accept=True)), host(lab)
    since = one.await_state("active")["since"]
    addresses = list(map(bare_address, IPV6))
    for accept in (False, True, False, True):
        one.write(closed("v6", mac=mac, accept=accept))
        one.ctl("reload")
        assert [reaches(other, address) for address in addresses] == [accept, accept]
        assert one.show()["accept"] is accept
        assert ("vrrpd" in ruleset(one)) is not accept
    assert one.show()["since"] == since


def test_a_removed_router_takes_its_filter_along(lab):
    more = {"second": {"interface": "lan0", "vrid": 52, "addresses": ["192.0.2.60/24"],
                       "accept": False, "mac": "interface", "advertise": "100ms"}}
    one = router(lab, "gw1", 2, closed(others=more))
    one.await_state("active", name="second")
    eventually(lambda: one.has("192.0.2.60"), 2)
    one.write(closed())
    one.ctl("reload")
    eventually(lambda: "192.0.2.60" not in ruleset(one), 3, "not filtered any more")
    assert not one.has("192.0.2.60") and "192.0.2.1" in ruleset(one)
    one.write({"routers": {"second": {**more["second"], "accept": True}}})
    one.ctl("reload")
    eventually(lambda: ruleset(one) == "", 3, "nothing left")


def test_a_link_local_address_elsewhere_is_somebody_elses(lab):
    """An administrator's own fe80::1:1 on another interface, and another router's on a third."""
    one, other = router(lab, "gw1", 2), host(lab)
    for device in ("lan1", "lan2"):
        lab.attach(one.namespace, f"{device}-gw", device, [f"fe80::{device[-1]}2/64"])
    one.ip("addr", "add", "fe80::1:1/64", "dev", "lan1", "nodad")
    open_one = {"third": {"interface": "lan2", "vrid": 53, "addresses": ["fe80::1:1/64"],
                          "advertise": "100ms"}}
    one.start(closed("v6", others=open_one))
    one.await_state("active")
    one.await_state("active", name="third")
    # One LAN carries all three: whose answer is meant, the neighbour's entry says.
    device = json.loads(one.ip("-j", "link", "show", "lan1").stdout)[0]["address"]

    def at(mac):
        other.ip("neigh", "replace", "fe80::1:1", "lladdr", mac, "dev", "lan0", "nud", "permanent")
        return ping(other, "fe80::1:1")

    assert at(device)
    assert not at(virtual_mac(51, 6))
    assert at("00:00:5e:00:02:35")


def test_flushing_nftables_opens_nothing(lab):
    one, other = router(lab, "gw1", 2, closed("v6")), host(lab)
    one.await_state("active")
    mine = "table inet mine {\n chain input {\n type filter hook input priority 0\n }\n}\n"
    nft(one, "-f", "-", text=mine)
    before = nft(one, "list", "table", "inet", "vrrpd").stdout
    assert "fe80::1:1" in before and "dropped" in before
    # What `systemctl reload nftables` does, and what somebody in despair does.
    nft(one, "-f", "-", text="flush ruleset\n" + mine)
    nft(one, "flush", "ruleset")
    assert nft(one, "delete", "table", "inet", "vrrpd", check=False).returncode != 0
    assert nft(one, "flush", "set", "inet", "vrrpd", "ipv6-addresses", check=False).returncode != 0
    assert "mine" not in ruleset(one)
    assert nft(one, "list", "table", "inet", "vrrpd").stdout == before
    assert not any(ping(other, bare_address(address)) for address in IPV6)


def test_a_killed_daemon_leaves_its_addresses_filtered(lab):
    one, other = router(lab, "gw1", 2, closed("v6")), host(lab)
    one.await_state("active")
    addresses = list(map(bare_address, IPV6))
    eventually(lambda: all(map(one.has, addresses)), 2)
    known_stranger(one)
    one.kill()
    assert all(map(one.has, addresses))
    if KERNEL < (6, 9):
        # Before, the table goes with its owner, as the manual says: until the next start.
        assert ruleset(one) == ""
        one.start()
        one.await_state("active")
        assert not any(reaches(other, address) for address in addresses)
        return
    assert not any(reaches(other, address) for address in addresses)
    # Its successor replaces the table in one step.
    mark = lab.tap.mark()
    frames = [echo_request(address, virtual_mac(51, 6)) for address in addresses]
    with contextlib.ExitStack() as streams:
        for frame in frames:
            streams.enter_context(lab.inject.stream(frame, 0.002))
        one.start()
        one.await_state("active")
        time.sleep(0.3)
    assert [echo_replies(lab, one, address, mark) for address in addresses] == [[], []]
    assert one.stop() == 0
    assert ruleset(one) == ""
    # One that accepts removes what a killed one left.
    one.start()
    one.await_state("active")
    one.kill()
    assert "vrrpd" in ruleset(one)
    one.start(closed("v6", accept=True))
    assert ruleset(one) == ""
    one.await_state("active")
    assert all(reaches(other, address) for address in addresses)


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_no_packet_slips_through(lab, mac):
    """While a router starts, takes over, loses its macvlan, is reloaded, and leaves."""
    one = router(lab, "gw1", 2)
    known_stranger(one)
    addresses = list(map(bare_address, IPV6))
    where = virtual_mac(51, 6) if mac == "virtual" else one.mac()
    mark = lab.tap.mark()
    with contextlib.ExitStack() as streams:
        for address in addresses:
            streams.enter_context(lab.inject.stream(echo_request(address, where), 0.001))
        one.start(closed("v6", mac=mac))
        one.await_state("active")
        eventually(lambda: all(map(one.has, addresses)), 2)
        for round in range(5):
            if mac == "virtual":
                links = json.loads(one.ip("-j", "-d", "link", "show").stdout)
                for link in links:
                    if link.get("linkinfo", {}).get("info_kind") == "macvlan":
                        one.ip("link", "delete", link["ifname"])
                eventually(lambda: all(map(one.has, addresses)), 5, "made again")
            one.write(closed("v6", mac=mac, priority=100 + round % 2))
            one.ctl("reload")
        assert dropped(one) > 50
        # The address goes away, and another one, accepting, stays.
        one.write({"routers": {"other": {"interface": "lan0", "vrid": 52,
                                         "addresses": ["192.0.2.60/24"]}}})
        one.ctl("reload")
        eventually(lambda: not any(map(one.has, addresses)), 3)
        one.write(closed("v6", mac=mac))
        one.ctl("reload")
        one.await_state("active")
        eventually(lambda: all(map(one.has, addresses)), 2)
        assert one.stop() == 0
    time.sleep(0.2)
    assert [echo_replies(lab, one, address, mark) for address in addresses] == [[], []]


def test_an_interface_that_is_renamed_stays_filtered(lab):
    """The kernel renames interfaces that are up; the addresses go when the daemon has heard of it.
    Then the same address there is somebody else's."""
    one, other = router(lab, "gw1", 2), host(lab)
    known_stranger(one)
    address, where, mark = "fe80::1:1", one.mac(), lab.tap.mark()
    with lab.inject.stream(echo_request(address, where), 0.0005):
        one.start(closed("v6", mac="interface"))
        for _ in range(5):
            one.await_state("active")
            eventually(lambda: one.has(address), 2)
            one.ip("link", "set", "lan0", "name", "other0")
            eventually(lambda: not one.has(address), 2)
            one.ip("link", "set", "other0", "name", "lan0")
        one.await_state("active")
        assert echo_replies(lab, one, address, mark) == []
    one.ip("link", "set", "lan0", "name", "other0")
    eventually(lambda: not one.has(address), 2)
    one.ip("addr", "add", f"{address}/64", "dev", "other0", "nodad")
    eventually(lambda: ping(other, address), 5, "the administrator's answers")


def refused(one):
    result = run("ip", "netns", "exec", one.namespace, *one.command(), check=False, timeout=10)
    assert result.returncode == 1, result
    said = result.stderr.strip()
    assert len(said.splitlines()) == 1, said
    for words in ("accept: false", "inet vrrpd", "accept: true"):
        assert words in said, said
    return said


@contextlib.contextmanager
def occupied(one, how):
    """Somebody else has a table of our name: for all to change, or for as long as it runs."""
    if how == "table":
        nft(one, "add", "table", "inet", "vrrpd")
        yield
        nft(one, "delete", "table", "inet", "vrrpd")
        return
    shell = subprocess.Popen(
        ["ip", "netns", "exec", one.namespace, "nft", "-i"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True)
    try:
        shell.stdin.write("add table inet vrrpd { flags owner; }\n")
        shell.stdin.flush()
        eventually(lambda: "vrrpd" in ruleset(one), 3, "there")
        yield
    finally:
        shell.kill()
        shell.wait(5)


@pytest.mark.parametrize("how", ["table", "owned table"])
def test_a_table_that_is_somebody_elses(lab, how):
    one, other = router(lab, "gw1", 2), host(lab)
    one.write(closed())
    with occupied(one, how):
        assert "belongs to somebody else" in refused(one)
        assert not one.has("192.0.2.1") and "vrrpd" in ruleset(one)
        # Without `accept: false` it is no concern of ours.
        one.start(closed(accept=True))
        since = one.await_state("active")["since"]
        one.write(closed(priority=150))
        answer = one.ctl("reload", code=6)
        assert "accept: false" in answer.stderr + answer.stdout
        shown = one.show()
        assert shown["accept"] is True and shown["priority"]["base"] == 100
        assert shown["since"] == since and ping(other, "192.0.2.1")
        assert "accept: false" in one.tail() and "stays in force" in one.tail()
    eventually(lambda: ruleset(one) == "", 3, "gone")
    one.ctl("reload")
    assert one.show()["priority"]["base"] == 150 and not ping(other, "192.0.2.1")
    assert one.stop() == 0
    assert ruleset(one) == ""


def test_without_it_nftables_is_not_touched(lab):
    one = router(lab, "gw1", 2, closed(accept=True))
    one.await_state("active")
    one.ctl("reload")
    sockets = run("ip", "netns", "exec", one.namespace, "cat", "/proc/net/netlink").stdout
    # The second column is the family, 12 is netfilter; the third one's 0 is the kernel.
    ours = [line.split()[1:3] for line in sockets.splitlines()[1:]]
    assert [line for line in ours if line[0] == "12" and line[1] != "0"] == []
    assert not (one.state / "packet-filter").exists()


def test_two_daemons_and_what_they_leave(lab):
    """Tables belong to network namespaces."""
    one = router(lab, "gw1", 2, closed(priority=200))
    two = router(lab, "gw2", 3, closed(priority=100))
    other = host(lab)
    one.await_state("active")
    two.await_state("backup")
    assert one.stop() == 0
    assert ruleset(one) == "" and "192.0.2.1" in ruleset(two)
    assert not (one.state / "packet-filter").exists()
    two.await_state("active")
    assert not reaches(other, "192.0.2.1")
    assert two.stop() == 0
    assert ruleset(two) == ""

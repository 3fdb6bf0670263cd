"""The kernel's side: addresses, links that come and go, reload, stopping, pausing."""

import os
import signal
import time

import pytest

from frames import advertisement
from lab import active_down_interval, eventually, run
from settings import IPV6, configuration


def alone(lab, **keys):
    one = lab.router("gw2", 3).start(configuration(**keys))
    one.await_state("active")
    eventually(lambda: one.has("192.0.2.1"), 2, "address")
    return one


class Monitor:
    """`ip monitor` in a namespace: every change the kernel told about."""

    def __init__(self, router):
        self.file = router.directory / "monitor"
        self.process = router.lab.start(
            router.namespace, "ip", "-o", "monitor", "link", "address", "route", "neigh",
            log=self.file)
        time.sleep(0.3)

    def lines(self, *words):
        return [
            line for line in self.file.read_text().splitlines()
            if not words or any(word in line for word in words)]

    def stop(self):
        self.process.terminate()
        self.process.wait(5)


def test_the_address_is_there_before_it_is_announced(lab):
    one = lab.router("gw2", 3)
    monitor = Monitor(one)
    one.start(configuration())
    told = lab.tap.announcement("gw2", 3, address="192.0.2.1")
    assert one.has("192.0.2.1")
    first = lab.tap.advertisements("gw2")[0]
    assert first.time <= told.time <= first.time + 0.05
    eventually(lambda: monitor.lines("192.0.2.1/24"), 2, "told by the kernel")
    assert "192.0.2.1/24" in one.installed("lan0")
    shown = one.show()
    assert shown["addresses"][0]["wanted"] and shown["addresses"][0]["installed"]


def test_five_announcements_200_ms_apart(lab):
    alone(lab)
    time.sleep(1.2)
    told = lab.tap.announcements("gw2", address="192.0.2.1")
    assert len(told) == 5
    for before, after in zip(told, told[1:]):
        assert after.time - before.time == pytest.approx(0.2, abs=0.06)


def test_a_deleted_address_comes_back(lab):
    one = alone(lab)
    one.ip("addr", "del", "192.0.2.1/24", "dev", "lan0")
    eventually(lambda: one.has("192.0.2.1"), 2, "address put back")
    assert one.show()["state"] == "active"
    assert one.show()["statistics"].get("addresses_restored", 1) >= 1


def test_a_deleted_IPv6_address_comes_back(lab):
    one = lab.router("gw2", 3).start(configuration(addresses=list(IPV6)))
    one.await_state("active")
    eventually(lambda: one.has("2001:db8:1::1"), 2)
    one.ip("addr", "del", "2001:db8:1::1/64", "dev", "lan0")
    eventually(lambda: one.has("2001:db8:1::1"), 2, "address put back")


def test_an_address_that_was_there_before_stays(lab):
    one = lab.router("gw2", 3)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration())
    one.await_state("active")
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.await_state("backup")
        time.sleep(0.3)
        assert one.has("192.0.2.1")
    one.stop()
    assert one.has("192.0.2.1")


def test_what_a_killed_daemon_left_is_cleaned_at_the_next_start(lab):
    one = alone(lab)
    one.kill()
    assert one.has("192.0.2.1")
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.start()
        one.await_state("backup")
        eventually(lambda: not one.has("192.0.2.1"), 2, "leftover removed")
    assert one.has("192.0.2.3")


def test_many_addresses(lab):
    wanted = [f"192.0.2.{last}/24" for last in range(100, 160)]
    one = alone(lab, addresses=["192.0.2.1/24", *wanted])
    eventually(lambda: set(wanted) <= set(one.installed()), 2, "all addresses")
    for address in wanted:
        lab.tap.announcement("gw2", 2, address=address.split("/")[0])
    assert lab.tap.advertisements("gw2")[-1].vrrp.count == 61
    one.stop()
    assert not set(wanted) & set(one.installed())


def test_the_interface_appears_later(lab):
    one = lab.router("gw2", 3, attach=False)
    one.start(configuration())
    shown = one.show()
    assert shown["state"] == "initialize" and shown["reason"]["code"] == "interface-missing"
    one.attach()
    one.await_state("active")
    lab.tap.advertisement("gw2", 2)


def test_carrier_loss_and_return(lab):
    one = alone(lab)
    lab.carrier("gw2", False)
    shown = one.await_state("initialize")
    assert shown["reason"]["code"] == "interface-down"
    eventually(lambda: not one.has("192.0.2.1"), 2, "address removed")
    lab.carrier("gw2", True)
    mark = lab.tap.mark()
    one.await_state("active")
    eventually(lambda: one.has("192.0.2.1"), 2, "address back")
    lab.tap.announcement("gw2", 2, address="192.0.2.1", since=mark)


def test_administratively_down_and_up(lab):
    one = alone(lab)
    one.ip("link", "set", "lan0", "down")
    one.await_state("initialize")
    one.ip("link", "set", "lan0", "up")
    one.await_state("active")
    eventually(lambda: one.has("192.0.2.1"), 2, "address back")


def test_the_interface_is_renamed_and_named_back(lab):
    one = alone(lab)
    for name in ("other0", "lan0"):
        current = "lan0" if name == "other0" else "other0"
        one.ip("link", "set", current, "down")
        one.ip("link", "set", current, "name", name)
        one.ip("link", "set", name, "up")
        if name == "other0":
            assert one.await_state("initialize")["reason"]["code"] == "interface-missing"
    one.await_state("active")


def test_the_interface_is_deleted_and_made_again(lab):
    one = alone(lab)
    one.ip("link", "del", "lan0")
    assert one.await_state("initialize")["reason"]["code"] == "interface-missing"
    one.attach()
    mark = lab.tap.mark()
    one.await_state("active")
    lab.tap.advertisement("gw2", 2, since=mark)
    eventually(lambda: one.has("192.0.2.1"), 2)


def test_M1_the_primary_address_changes_and_goes(lab):
    one = alone(lab)
    one.ip("addr", "add", "192.0.2.33/24", "dev", "lan0")
    one.ip("addr", "del", "192.0.2.3/24", "dev", "lan0", check=False)
    eventually(lambda: one.show()["state"] != "backup", 3)

    def sources():
        mark = lab.tap.mark()
        time.sleep(0.35)
        return {frame.vrrp.source for frame in lab.tap.advertisements("gw2", since=mark)}

    # Without promote_secondaries the kernel drops the whole subnet with its first address.
    one.ip("addr", "replace", "192.0.2.33/24", "dev", "lan0")
    eventually(lambda: sources() == {"192.0.2.33"}, 5, "source follows the primary address")
    one.ip("addr", "flush", "dev", "lan0")
    shown = one.await_state("initialize")
    assert shown["reason"]["code"] == "no-source-address"


def test_sighup_with_an_unchanged_file_changes_nothing(lab):
    one = alone(lab)
    time.sleep(1.2)  # The announcements are over.
    monitor, mark, since = Monitor(one), lab.tap.mark(), one.show()["since"]
    one.signal(signal.SIGHUP)
    one.ctl("reload")
    time.sleep(1)
    sent = lab.tap.advertisements("gw2", since=mark)
    gaps = [after.time - before.time for before, after in zip(sent, sent[1:])]
    assert 0.05 < min(gaps) and max(gaps) < 0.19, gaps
    assert lab.tap.announcements("gw2", since=mark) == []
    assert monitor.lines("192.0.2.1", "lan0:") == []
    assert one.show()["since"] == since


def test_reload_with_another_priority(lab):
    one = lab.router("gw1", 2).start(configuration(priority=200))
    two = lab.router("gw2", 3).start(configuration(priority=100))
    one.await_state("active")
    two.await_state("backup")
    two.write(configuration(priority=220))
    two.ctl("reload")
    two.await_state("active")
    one.await_state("backup")
    assert lab.tap.advertisements("gw2")[-1].vrrp.priority == 220


def test_reload_with_another_address_leaves_the_state_alone(lab):
    one = alone(lab)
    since = one.show()["since"]
    one.write(configuration(addresses=["192.0.2.1/24", "192.0.2.50/24"]))
    one.ctl("reload")
    eventually(lambda: one.has("192.0.2.50"), 2, "new address")
    lab.tap.announcement("gw2", 2, address="192.0.2.50")
    assert one.show()["since"] == since
    one.write(configuration())
    one.ctl("reload")
    eventually(lambda: not one.has("192.0.2.50"), 2, "old address gone")
    assert one.has("192.0.2.1") and one.show()["since"] == since
    assert lab.tap.advertisements("gw2", priority=0) == []


def test_reload_adds_and_removes_a_router(lab):
    one = alone(lab)
    more = configuration()
    more["routers"]["second"] = {
        **more["routers"]["lan"], "vrid": 52, "addresses": ["192.0.2.60/24"]}
    one.write(more)
    one.ctl("reload")
    one.await_state("active", name="second")
    one.write(configuration())
    mark = lab.tap.mark()
    one.ctl("reload")
    farewell = lab.tap.advertisement("gw2", 2, since=mark, priority=0)
    assert farewell.vrrp.vrid == 52
    eventually(lambda: not one.has("192.0.2.60"), 2)
    assert one.show()["state"] == "active"


@pytest.mark.parametrize("how", ["reload", "sighup"])
def test_an_invalid_file_leaves_everything_as_it_is(lab, how):
    one = alone(lab)
    since = one.show()["since"]
    one.write(configuration(priority=900, vird=3))
    if how == "reload":
        answer = one.ctl("reload", code=6)
        said = answer.stdout + answer.stderr
    else:
        one.signal(signal.SIGHUP)
        said = eventually(lambda: "vird" in one.tail() and one.tail(), 3, "told in the log")
    assert "vird" in said and "priority" in said
    assert one.show()["since"] == since
    time.sleep(0.3)
    assert lab.tap.advertisements("gw2")[-1].vrrp.priority == 100


def test_the_active_is_paused_and_does_not_fight_on_waking(lab):
    one = lab.router("gw1", 2).start(configuration(priority=100))
    two = lab.router("gw2", 3).start(configuration(priority=100, preempt=False))
    for _ in range(2):
        eventually(lambda: {one.show()["state"], two.show()["state"]} == {"active", "backup"}, 5)
        active, other = (one, two) if one.show()["state"] == "active" else (two, one)
        limit = active_down_interval(100, 0.1)
        active.signal(signal.SIGSTOP)
        time.sleep(3 * limit)
        assert other.show()["state"] == "active"
        woken = time.time()
        active.signal(signal.SIGCONT)
        time.sleep(limit + 0.1)
        last = {
            frame.port for frame in lab.tap.advertisements(after=woken + limit + 0.1 - 0.25)}
        assert len(last) == 1, lab.tap.story()
        fought = [
            frame for frame in lab.tap.advertisements(active.node, after=woken)
            if frame.time < woken + limit]
        if last == {other.node}:
            assert len(fought) <= 1, lab.tap.story()


def refused(router, *, extra=(), prefix=(), code=None, says=()):
    """A start that must fail: an exit code and one clear line."""
    result = run(
        "ip", "netns", "exec", router.namespace, *prefix, *router.command(*extra), check=False,
        timeout=10)
    assert result.returncode != 0 if code is None else result.returncode == code, result
    said = result.stderr.strip()
    assert said and "Fatal error" not in said, result
    for word in says:
        assert word in said, said
    return said


def test_start_without_rights(lab):
    one = lab.router("gw2", 3)
    one.write(configuration())
    for path in (one.directory, one.state, one.file):
        os.chown(path, 65534, 65534)
    said = refused(
        one, prefix=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
    assert len(said.splitlines()) == 1, said


def test_start_with_an_invalid_file(lab):
    one = lab.router("gw2", 3)
    one.write("routers:\n  lan:\n    interface: lan0\n    vrid: 300\n    addresses: [192.0.2.1/24]\n")
    said = refused(one, code=6, says=["vrrpd.yaml", "300"])
    assert ":4:" in said
    assert "300" in refused(one, extra=["--check"], code=6)
    one.write(configuration())
    assert run(*one.command("--check")).returncode == 0


def test_start_without_a_file(lab):
    one = lab.router("gw2", 3)
    assert "vrrpd.yaml" in refused(one)


def test_a_second_daemon_on_the_same_state_directory_is_refused(lab):
    one = alone(lab)
    said = refused(one)
    assert len(said.splitlines()) == 1 and str(one.state) in said, said
    assert one.show()["state"] == "active"


def test_a_control_socket_in_use_is_refused(lab):
    one, other = alone(lab), lab.router("gw3", 4)
    other.write(configuration())
    other.socket = one.socket
    said = refused(other)
    assert len(said.splitlines()) == 1 and str(one.socket) in said, said
    assert one.show()["state"] == "active"


def test_bad_usage_is_exit_2(lab):
    one = lab.router("gw2", 3)
    assert run(*one.command("--nonsense"), check=False).returncode == 2


def test_sigint_stops_like_sigterm(lab):
    one = alone(lab)
    mark = lab.tap.mark()
    one.signal(signal.SIGINT)
    assert one.process.wait(5) == 0
    lab.tap.advertisement("gw2", 1, since=mark, priority=0)
    assert not one.has("192.0.2.1")
    assert not one.socket.exists()

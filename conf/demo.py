"""A failover and a failback, watched from a client: what was lost, against what VRRP allows."""

import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Namespaces"))

from lab import SO_TIMESTAMPNS, VRRPCTL, VRRPD, Lab, Node, active_down_interval, inside, ip  # noqa: E402

PAIR = ROOT / "conf/examples/pair.yaml"
INTERVAL, BACKUP_PRIORITY, PREEMPTING_PRIORITY = 0.1, 100, 200  # As in PAIR.
EVERY = 0.0005
NOISE = 0.05  # Seconds beyond the limit that a busy machine may add.
GATEWAY, BEHIND, PORT = "192.0.2.1", "198.51.100.10", 9999


class Failure(Exception):
    pass


def say(text=""):
    print(text, flush=True)


class Gateway(Node):
    """A router of the pair: lan0 towards the client, wan0 towards the host behind."""

    def __init__(self, lab, node, host):
        super().__init__(lab, node, host)
        wire_wan(lab, self.namespace, node, f"198.51.100.{host}/24")
        self.socket = self.directory / "vrrpd.sock"

    def start(self):
        self.process = self.lab.start(
            self.namespace, VRRPD, "--config", PAIR, "--node", self.node,
            "--control-socket", self.socket, "--state-directory", self.directory / "state",
            log=self.log)

    def ctl(self, *words):
        return subprocess.run(
            [VRRPCTL, "--socket", self.socket, *words], capture_output=True, text=True, timeout=10)

    def await_active(self, timeout=10):
        deadline = time.monotonic() + timeout
        while self.ctl("is-active", "lan").returncode != 0:
            if self.process.poll() is not None:
                raise Failure(f"vrrpd on {self.node} ended with code {self.process.returncode}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.node} did not become Active within {timeout} s")
            time.sleep(0.02)

    def show(self):
        answer = self.ctl("show")
        if answer.returncode != 0:
            raise Failure(f"vrrpctl show on {self.node}: {answer.stderr.strip()}")
        say(f"{self.node}$ vrrpctl show")
        say("".join(f"    {line}\n" for line in answer.stdout.rstrip().splitlines()))


def wire_wan(lab, namespace, node, address):
    ip("link", "add", "wan0", "netns", namespace, "type", "veth", "peer", "name", f"w-{node}",
       "netns", lab.lan)
    lab.sysctl(lab.lan, f"net.ipv6.conf.w-{node}.disable_ipv6=1")
    ip("link", "set", f"w-{node}", "master", "br1", "up", namespace=lab.lan)
    ip("addr", "add", address, "dev", "wan0", namespace=namespace)
    ip("link", "set", "wan0", "up", namespace=namespace)
    lab.sysctl(namespace, "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.wan0.rp_filter=0",
               "net.ipv4.conf.lan0.rp_filter=0" if node.startswith("gw")
               else "net.ipv4.conf.default.rp_filter=0")


class Stream:
    """Numbered packets from the client through the gateway address to the host behind.

    One way only: what comes back would take its own path and tell nothing about the gateway.
    """

    def __init__(self, client, host):
        with inside(host):
            self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.receiver.bind((BEHIND, PORT))
        self.receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.receiver.settimeout(0.2)
        with inside(client):
            self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.connect((BEHIND, PORT))
        self.sent, self.arrived, self.ending = {}, set(), False
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def send(self):
        number, due = 0, time.monotonic()
        while not self.ending:
            self.sent[number] = time.time()
            try:
                self.sender.send(struct.pack("!I", number))
            except OSError:
                pass  # No neighbour: the packet counts as sent and lost, as it is.
            number += 1
            due = max(due + EVERY, time.monotonic() - 0.01)
            time.sleep(max(0.0, due - time.monotonic()))

    def receive(self):
        while True:
            try:
                data = self.receiver.recv(64)
            except TimeoutError:
                if self.ending:
                    return
                continue
            self.arrived.add(struct.unpack("!I", data)[0])

    def stop(self):
        self.ending = True
        for thread in self.threads:
            thread.join(5)

    def flowing(self, timeout=5):
        """Packets sent from now on arrive."""
        first, deadline = len(self.sent), time.monotonic() + timeout
        while not any(number >= first for number in list(self.arrived)[-50:]):
            if time.monotonic() > deadline:
                raise Failure("no packet of the client reaches the host behind the routers")
            time.sleep(0.01)

    def loss(self, since, until):
        """(packets sent, packets lost, longest outage in seconds) of those sent in that time."""
        numbers = [n for n, at in sorted(self.sent.items()) if since <= at < until]
        lost = [n for n in numbers if n not in self.arrived]
        longest, begun = 0.0, None
        for number in numbers:
            if number in self.arrived:
                begun = None
            else:
                begun = self.sent[number] if begun is None else begun
                end = self.sent.get(number + 1, self.sent[number] + EVERY)
                longest = max(longest, end - begun)
        if begun is not None:
            raise Failure("the stream did not come back")
        return len(numbers), len(lost), longest


def demonstrate(lab, gateways):
    ip("link", "add", "br1", "type", "bridge", "mcast_snooping", "0", "forward_delay", "0",
       namespace=lab.lan)
    lab.sysctl(lab.lan, "net.ipv6.conf.br1.disable_ipv6=1")
    ip("link", "set", "br1", "up", namespace=lab.lan)
    one, two = Gateway(lab, "gw1", 2), Gateway(lab, "gw2", 3)
    gateways += [one, two]
    client = Node(lab, "client", 10)
    client.ip("route", "add", "default", "via", GATEWAY)
    host = lab.namespace("host")
    wire_wan(lab, host, "host", f"{BEHIND}/24")

    say(f"""
  client 192.0.2.10 ──┬── lan0 gw1 wan0 ──┬── host {BEHIND}
  default via         └── lan0 gw2 wan0 ──┘
  {GATEWAY}           Both run vrrpd with {PAIR.relative_to(ROOT)}
""")
    one.start()
    two.start()
    one.await_active()
    stream = Stream(client.namespace, host)
    stream.flowing()
    one.show()
    two.show()

    limit = active_down_interval(BACKUP_PRIORITY, INTERVAL)
    say(f"The client sends a packet every {EVERY * 1000} ms through {GATEWAY}.")
    say("Now gw1's vrrpd is killed (SIGKILL) and gw1 is cut off from the LAN.\n")
    time.sleep(0.5)
    since = time.time() - 0.2
    one.kill()
    lab.carrier("gw1", False)
    two.await_active()
    stream.flowing()
    time.sleep(0.5)
    until = time.time() - 0.25
    sent, lost, outage = stream.loss(since, until)
    last = one.lab.tap.advertisements("gw1")[-1].time
    told = lab.tap.announcement("gw2", 1, address=GATEWAY, after=last).time - last
    say(f"  gw2 announced {GATEWAY} {told * 1000:.2f} ms after gw1's last advertisement.")
    say(f"  VRRP makes gw2 wait 3 x {INTERVAL * 1000:.0f} ms + Skew_Time = {limit * 1000:.2f} ms"
        " (Active_Down_Interval at priority 100).")
    say(f"  So vrrpd and the kernel took {(told - limit) * 1000:.2f} ms of their own.")
    say(f"  The client lost {lost} of {sent} packets: an outage of {outage * 1000:.1f} ms.\n")
    if lost == 0:
        raise Failure("nothing was lost although the Active Router was cut off: no real failover")
    if max(outage, told) > limit + NOISE:
        raise Failure(f"slower than the limit of {limit * 1000:.1f} ms by more than"
                      f" {NOISE * 1000:.0f} ms")
    two.show()

    say("gw1 comes back: vrrpd is started, then the LAN is plugged in. It preempts gw2.\n")
    since = time.time()
    one.start()
    time.sleep(0.3)
    plugged = time.time()
    lab.carrier("gw1", True)
    one.await_active()
    back = lab.tap.advertisement("gw1", 1, after=plugged).time - plugged
    time.sleep(0.5)
    stream.flowing()
    until = time.time() - 0.25
    sent, lost, outage = stream.loss(since, until)
    say(f"  gw1 was Active {back * 1000:.0f} ms after it was plugged in; it listens for"
        f" {active_down_interval(PREEMPTING_PRIORITY, INTERVAL) * 1000:.0f} ms first.")
    say(f"  The client lost {lost} of {sent} packets: an outage of {outage * 1000:.1f} ms.\n")
    if outage > limit + NOISE:
        raise Failure("the way back took longer than a failover")
    one.show()
    two.show()
    stream.stop()


def main():
    def stop(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    for path in (VRRPD, VRRPCTL, PAIR):
        if not path.exists():
            sys.exit(f"conf/demo: {path} is missing")
    gateways, lab = [], None
    try:
        lab = Lab()
        demonstrate(lab, gateways)
        say("Done; the namespaces are removed.")
        return 0
    except (Failure, AssertionError, OSError, subprocess.SubprocessError,
            json.JSONDecodeError) as problem:
        print(f"\nconf/demo FAILED: {problem}", file=sys.stderr)
        for gateway in gateways:
            tail = gateway.log.read_text(errors="replace").splitlines()[-20:]
            print(f"\nLast lines of vrrpd on {gateway.node}:", file=sys.stderr)
            print("\n".join(f"    {line}" for line in tail) or "    (none)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nconf/demo: interrupted; the namespaces are removed.", file=sys.stderr)
        return 130
    finally:
        if lab:
            lab.close()


if __name__ == "__main__":
    sys.exit(main())

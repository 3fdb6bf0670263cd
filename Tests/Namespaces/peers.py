"""The other implementations a router meets: keepalived and FRR as Debian ships them."""

import os
import pathlib
import signal
import subprocess

from frames import virtual_mac
from lab import Node, eventually

KEEPALIVED = pathlib.Path("/usr/sbin/keepalived")
FRR = pathlib.Path("/usr/lib/frr")


class Keepalived(Node):
    def start(self, *, priority=100, interval=0.1, version=3, vrid=51, addresses=("192.0.2.1/24",),
              preempt=True, vmac=False):
        lines = [
            "global_defs {", f"  vrrp_version {version}", "  router_id test", "}",
            "vrrp_instance lan {", f"  interface {self.interface}", "  state BACKUP",
            f"  virtual_router_id {vrid}", f"  priority {priority}", f"  advert_int {interval}"]
        if not preempt:
            lines.append("  nopreempt")
        if vmac:
            lines.append("  use_vmac")
        lines += ["  virtual_ipaddress {", *(f"    {one}" for one in addresses), "  }", "}", ""]
        # Left by a killed one; it would take its own zombie for a running daemon.
        for name in ("pid", "vrrp.pid"):
            (self.directory / name).unlink(missing_ok=True)
        configuration = self.directory / "keepalived.conf"
        configuration.write_text("\n".join(lines))
        self.process = self.lab.start(
            self.namespace, KEEPALIVED, "--vrrp", "-n", "-l", "-f", configuration,
            "-p", self.directory / "pid", "-r", self.directory / "vrrp.pid", log=self.log)
        eventually(lambda: self._children() or self.process.poll() is not None, 5, "keepalived")
        assert self.process.poll() is None, self.log.read_text()
        return self

    def _children(self):
        pid = self.process.pid
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]

    def kill(self):
        """Leaf first with the parent frozen: the child would say good-bye when its parent dies."""
        self.process.send_signal(signal.SIGSTOP)
        for child in self._children():
            os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.wait(5)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class FRR8(Node):
    """zebra and vrrpd on macvlans made beforehand, as FRR wants them."""

    def start(self, *, priority=100, interval=0.1, vrid=51, addresses=("192.0.2.1/24",),
              preempt=True):
        family = 6 if ":" in addresses[0] else 4
        device = f"vrrp{family}-{vrid}"
        self.ip("link", "add", device, "link", self.interface, "type", "macvlan", "mode", "bridge")
        self.ip("link", "set", device, "addrgenmode", "random" if family == 6 else "none")
        self.lab.sysctl(self.namespace, f"net.ipv6.conf.{device}.accept_dad=0")
        self.ip("link", "set", device, "address", virtual_mac(vrid, family))
        for address in addresses:
            self.ip("addr", "add", address, "dev", device, *(["nodad"] if family == 6 else []))
        self.ip("link", "set", device, "up")
        word = "ipv6" if family == 6 else "ip"
        lines = [
            f"interface {self.interface}", f" vrrp {vrid} version 3",
            f" vrrp {vrid} priority {priority}",
            f" vrrp {vrid} advertisement-interval {round(interval * 1000)}"]
        if not preempt:
            lines.append(f" no vrrp {vrid} preempt")
        lines += [f" vrrp {vrid} {word} {address.split('/')[0]}" for address in addresses]
        self.directory.chmod(0o777)
        (self.directory / "zebra.conf").write_text("hostname test\n")
        (self.directory / "vrrpd.conf").write_text("\n".join([*lines, "exit", ""]))
        self.zebra = self._run("zebra")
        api = self.directory / "zserv.api"
        eventually(api.exists, 5, "zebra")
        self.process = self._run("vrrpd")
        return self

    def _run(self, name):
        directory = self.directory
        return self.lab.start(
            self.namespace, FRR / name, "-f", directory / f"{name}.conf",
            "-i", directory / f"{name}.pid", "-z", directory / "zserv.api",
            "--vty_socket", directory, "-P", "0", "-u", "frr", "-g", "frr",
            "--log", "stdout", log=self.log)

    def kill(self):
        for process in (self.process, self.zebra):
            process.kill()
            process.wait(5)

    def stop(self):
        for process in (self.process, self.zebra):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

"""A real sshd on loopback for tests: own host key, own user key, own client configuration; nothing of the machine's is used."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from repoops.remote.ssh import Host


def _program() -> str | None:
    return shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def why_not() -> str | None:
    """Why no sshd can be started here; None where one can."""
    if _program() is None:
        return "sshd is not installed (Debian: openssh-server)"
    if shutil.which("ssh") is None:
        return "ssh is not installed (Debian: openssh-client)"
    if os.geteuid() == 0:
        # sshd started by root drops its privileges into this folder, which only its service makes.
        try:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        except OSError as error:
            return f"/run/sshd cannot be made, which sshd needs when root starts it: {error.strerror}"
    return None


@dataclass
class Sshd:
    """`folder` is private to it; `remote` is what a `Host` keeps on the machine; `bin` comes first on PATH there."""

    folder: Path
    port: int
    namespace: bool
    disk: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def remote(self) -> Path:
        return self.folder / "there"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def boot_id(self) -> Path:
        """What the machine behind this sshd takes for its kernel's boot id (only with `namespace`)."""
        return self.folder / "boot_id"

    def host(self, port: int | None = None, name: str = "loopback", folder: str | None = None) -> Host:
        """The host, reached directly or through a proxy's port."""
        options = ("-F", str(self.folder / "ssh_config"), "-p", str(port or self.port))
        return Host(name, "loopback", options, folder or str(self.remote), sys.executable)

    def start(self) -> None:
        line = [str(_program()), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        if self.namespace:
            mount = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && '
            if self.disk:
                mount += f'mount -t tmpfs -o size={self.disk} none "$1" && '
            mount += 'shift && exec "$@"'
            line = ["unshare", "-m", "sh", "-c", mount, "sh", str(self.boot_id), str(self.remote), *line]
        with open(self.folder / "sshd.log", "ab") as log:
            self.process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self.process.poll() is None, (self.folder / "sshd.log").read_text()
            time.sleep(0.02)
        raise AssertionError((self.folder / "sshd.log").read_text())

    def kill(self) -> None:
        """`kill -9` for the listener and for every connection's process; what they started lives on."""
        if self.process is None:
            return
        doomed = [self.process.pid, *(p for p in _below(self.process.pid) if _name(p).startswith("sshd"))]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def reboot(self) -> None:
        """What a power cut does: every process of the machine is gone at once, and the kernel has another boot id."""
        assert self.namespace
        self.kill()
        kill_all(self.processes())
        self.boot_id.write_text(os.urandom(16).hex() + "\n")
        self.start()

    def settled(self, seconds: float = 5.0) -> list[int]:
        """What still runs after a while in which calls that were cut off may end by themselves."""
        until = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    def processes(self) -> list[int]:
        """Processes that were started over this sshd, wherever they went: its folder is in their environment."""
        mark = b"REPOOPS_TEST_SSHD=" + os.fsencode(self.folder) + b"\0"
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in Path("/proc", entry, "environ").read_bytes() + b"\0":
                        found.append(int(entry))
        return found


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _below(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def can_fake_boots() -> str | None:
    """Why a mount over the kernel's boot id is not possible here; None where it is."""
    done = subprocess.run(
        ["unshare", "-m", "mount", "--bind", os.devnull, "/proc/sys/kernel/random/boot_id"],
        capture_output=True,
    )
    return None if done.returncode == 0 else f"no mount namespace: {done.stderr.decode().strip()}"


@contextmanager
def sshd(folder: Path, *, own_boot_id: bool = False, disk: int = 0) -> Iterator[Sshd]:
    """Starts an sshd as this user; kills it and everything started over it afterwards.

    Args:
        folder: an empty folder of its own.
        own_boot_id: run it in a mount namespace where `Sshd.boot_id` lies over the kernel's, so that `reboot` works.
        disk: give `Sshd.remote` a file system of its own with so many bytes; needs `own_boot_id`.
    """
    reason = why_not() or (can_fake_boots() if own_boot_id else None)
    if reason:
        pytest.skip(reason)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    made = Sshd(folder, port, own_boot_id, disk)
    made.bin.mkdir()
    made.remote.mkdir(mode=0o700)
    made.boot_id.write_text(os.urandom(16).hex() + "\n")
    for key in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    (folder / "authorized_keys").write_bytes((folder / "user_key.pub").read_bytes())
    public = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"loopback-test {public[0]} {public[1]}\n")
    path = f"{made.bin}:{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    (folder / "sshd_config").write_text(f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
LoginGraceTime 30
UseDNS no
Subsystem sftp internal-sftp
SetEnv REPOOPS_TEST_SSHD={folder} "PATH={path}"
""")
    # The default exchange of keys, post-quantum, costs the client five times the processor time of this one.
    (folder / "ssh_config").write_text(f"""\
Host loopback
  HostName 127.0.0.1
  HostKeyAlias loopback-test
  User {getpass.getuser()}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  KexAlgorithms curve25519-sha256
""")
    try:
        made.start()
        yield made
    finally:
        made.kill()
        kill_all(made.processes())

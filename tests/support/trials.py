"""One run over a connection that breaks at random, by seed; with the protocol, and in the ways people know."""

from __future__ import annotations

import contextlib
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.proxy import Proxy, proxy
from tests.support.repo import Repo
from tests.support.sshd import Sshd, sshd

HOUSE = Path(__file__).resolve().parents[2]
RESULT = "".join(f"{n}\n" for n in range(1, 3001))
DEADLINE_S = 300.0


@dataclass(frozen=True)
class Trial:
    """What came of one: `whole` is log and result byte by byte."""

    whole: bool
    runs: int
    orphans: int
    faults: int
    seconds: float


@dataclass(frozen=True)
class Stage:
    """One trial's machine, link and job."""

    folder: Path
    server: Sshd
    between: Proxy
    ticks: int
    seed: int
    mean_s: float
    most_kills: int

    @property
    def counter(self) -> Path:
        return self.folder / "counter"

    @property
    def log(self) -> str:
        return "".join(f"tick {n}\n" for n in range(self.ticks))

    def script(self, out: str) -> str:
        return (
            f"echo run >> {shlex.quote(str(self.counter))}\n"
            f"i=0; while [ $i -lt {self.ticks} ]; do echo tick $i; sleep 0.1; i=$((i+1)); done\n"
            f"seq 1 3000 > {out}/r\n"
        )

    def ssh(
        self, *command: str, stdin: str | None = None, timeout_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        line = ["ssh", *self.options(), "loopback", *command]
        try:
            return subprocess.run(
                line, input=stdin or "", capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(line, 255, "", "")

    def options(self) -> list[str]:
        return [
            "-F", str(self.server.folder / "ssh_config"), "-o", f"Port={self.between.port}", "-o", "BatchMode=yes",
            "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", "-o", "ConnectTimeout=10",
        ]  # fmt: skip


def by_protocol(stage: Stage) -> bool:
    repo = Repo.create(stage.folder / "repo")
    repo.commit("x", {"a.txt": "a\n"})
    repo.write("b.txt", "not committed\n")
    line = [
        sys.executable, "-m", "tests.support.remote_client", str(repo.root), str(stage.server.folder / "ssh_config"),
        str(stage.between.port), str(stage.server.remote), sys.executable, "sh", "-c", stage.script("$REPOOPS_OUT"),
    ]  # fmt: skip
    draw = random.Random(stage.seed + 1)  # noqa: S311 - the same each time
    until = time.monotonic() + DEADLINE_S
    kills = 0
    while time.monotonic() < until:
        client = subprocess.Popen(
            line, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            life = draw.expovariate(1 / (2 * stage.mean_s)) if kills < stage.most_kills else DEADLINE_S
            said, _ = client.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            kills += 1
            client.kill()
            client.communicate()
            continue
        if client.returncode == 0:
            folder = Path(said.splitlines()[0])
            return (folder / "r").read_text() == RESULT and (folder.parent / "log").read_text() == stage.log
    return False


def by_heredoc(stage: Stage, tries: int = 1) -> bool:
    out = stage.folder / "out"
    out.mkdir()
    until = time.monotonic() + DEADLINE_S
    while tries > 0 and time.monotonic() < until:
        tries -= 1
        done = stage.ssh("bash -s", stdin=stage.script(str(out)) + f"echo RESULT; cat {out}/r\n")
        if done.returncode == 0:
            return done.stdout == stage.log + "RESULT\n" + RESULT
        time.sleep(0.5)
    return False


def by_heredoc_again(stage: Stage) -> bool:
    return by_heredoc(stage, 10)


def by_nohup(stage: Stage) -> bool:
    there, here = stage.folder / "there", stage.folder / "here"
    there.mkdir()
    here.mkdir()
    script = shlex.quote(stage.script(str(there)))
    scp = ["scp", "-q", *stage.options(), f"loopback:{there}/r", f"loopback:{there}/log", str(here)]

    def bring() -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(scp, capture_output=True, timeout=60, check=False).returncode == 0
        return False

    steps: list[Callable[[], bool]] = [
        lambda: stage.ssh(f"nohup sh -c {script} > {there}/log 2>&1 < /dev/null &").returncode == 0,
        lambda: stage.ssh(f"test -e {there}/r && test $(wc -l < {there}/r) = 3000").returncode == 0,
        bring,
    ]
    until = time.monotonic() + DEADLINE_S
    for step in steps:
        while not step():
            if time.monotonic() > until:
                return False
            time.sleep(0.5)
    return (here / "r").read_text() == RESULT and (here / "log").read_text() == stage.log


WAYS: dict[str, Callable[[Stage], bool]] = {
    "the protocol, with client kills": by_protocol,
    "bash -s, once": by_heredoc,
    "bash -s, at most ten times": by_heredoc_again,
    "nohup + poll + scp": by_nohup,
}


def trial(
    way: str,
    seed: int,
    ticks: int,
    mean_s: float,
    most_faults: int = sys.maxsize,
    most_kills: int = sys.maxsize,
) -> Trial:
    """One trial; the limits keep one on a busy machine from never coming to its end."""
    with tempfile.TemporaryDirectory(prefix="remote-") as name, sshd(Path(name, "sshd")) as server:
        with proxy(server.port) as between:
            stage = Stage(Path(name), server, between, ticks, seed, mean_s, most_kills)
            began = time.monotonic()
            between.storm(seed, mean_s, most_faults)
            try:
                whole = WAYS[way](stage)
            except (OSError, IndexError):
                whole = False
            seconds, faults = time.monotonic() - began, between.faults
        own = {server.process.pid} if server.process else set()
        until = time.monotonic() + 3
        while (left := jobs_left(server) - own) and time.monotonic() < until:
            time.sleep(0.1)
        runs = len(stage.counter.read_text().split()) if stage.counter.exists() else 0
        return Trial(whole, runs, len(left), faults, seconds)


def jobs_left(server: Sshd) -> set[int]:
    """What still runs over an sshd, apart from sshd's own processes."""
    found = set()
    for pid in server.processes():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() != "sshd":
                found.add(pid)
    return found

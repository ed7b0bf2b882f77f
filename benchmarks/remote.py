"""Remote runs over a connection that breaks: whole results, one run, nothing left over; and what it costs without faults.

    python benchmarks/remote.py [--trials N] [--others N] [--job-s S] [--mean-s S] [--at-once N] [--costs-only] [--json]

A trial has a real sshd of its own and a proxy that strikes with one of seven kinds of fault at random
(seeded) moments, `--mean-s` seconds apart on average. The job says a line ten times a second and leaves a result.
With the protocol the client is killed (-9) every `2 * mean` seconds on average, too, and started again.
The other ways meet the same schedule without kills: a script piped to `bash -s` (once, and up to ten
times until it succeeds), and nohup + poll + scp, each step repeated until it succeeds.
Goals: all whole, all once, no orphan; overhead at most 1.25 x plain ssh; at most 4 calls warm; at most
5 % sent again; reboot and death told within 10 s of contact; cancelled within 5 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOUSE))

from repoops.remote import ssh  # noqa: E402
from repoops.remote.job import JobSpec, cancel, submit  # noqa: E402
from repoops.remote.link import Link  # noqa: E402
from repoops.remote.transfer import send_file  # noqa: E402
from repoops.remote.watch import collect, follow  # noqa: E402
from repoops.vcs.read import open_repository  # noqa: E402
from repoops.vcs.side import carry  # noqa: E402
from tests.support.proxy import Fault, proxy  # noqa: E402
from tests.support.repo import Repo  # noqa: E402
from tests.support.sshd import can_fake_boots, sshd  # noqa: E402
from tests.support.trials import WAYS, trial  # noqa: E402


def trials(way: str, number: int, args: argparse.Namespace) -> dict[str, object]:
    """So many trials, some at once; progress on standard error."""
    ticks = round(args.job_s * 10)
    with ThreadPoolExecutor(args.at_once) as pool:
        done = []
        for one in pool.map(lambda seed: trial(way, seed, ticks, args.mean_s), range(number)):
            done.append(one)
            print(f"{way}: {len(done)}/{number}: {one}", file=sys.stderr, flush=True)
    return {
        "way": way,
        "trials": number,
        "whole": sum(t.whole for t in done),
        "once": sum(t.runs == 1 for t in done),
        "most_runs": max(t.runs for t in done),
        "with_orphans": sum(t.orphans > 0 for t in done),
        "faults": sum(t.faults for t in done),
        "median_s": round(statistics.median(t.seconds for t in done), 1),
        "not_whole_or_not_once": [n for n, t in enumerate(done) if not t.whole or t.runs != 1][:20],
    }


def costs(args: argparse.Namespace) -> dict[str, object]:
    """Without faults, alternated with plain ssh in the same minutes; medians."""
    with tempfile.TemporaryDirectory(prefix="remote-") as name, sshd(Path(name, "sshd")) as server:
        repo = Repo.create(Path(name, "repo"))
        repo.commit("x", {"a.txt": "a\n"})
        work, link = open_repository(repo.root), Link(server.host())
        script = f"sleep {args.job_s:g}; seq 1 3000"
        plain, ours, calls = [], [], []
        for _ in range(args.runs + 1):
            began = time.perf_counter()
            ssh.run(server.host(), ["sh", "-c", script], timeout_s=120)
            plain.append(time.perf_counter() - began)
            began, before = time.perf_counter(), link.attempts
            job = submit(link, work, JobSpec(("sh", "-c", script + " > $REPOOPS_OUT/r"), carry(work)))
            follow(link, job, lambda _: None)
            collect(link, job)
            ours.append(time.perf_counter() - began)
            calls.append(link.attempts - before)
        job = submit(link, work, JobSpec(("sleep", "100"), carry(work)))
        began = time.perf_counter()
        cancel(link, job.id)
        cancel_s = time.perf_counter() - began
        job = submit(link, work, JobSpec(("sleep", "100"), carry(work)))
        owner = json.loads((server.remote / "jobs" / job.id / "owner.json").read_text())["pid"]
        os.kill(owner, signal.SIGKILL)
        began = time.perf_counter()
        died = follow(link, job, lambda _: None).kind
        death_s = time.perf_counter() - began
    return {
        "job_s": args.job_s,
        "plain_ssh_s": round(statistics.median(plain[1:]), 3),
        "protocol_s": round(statistics.median(ours[1:]), 3),
        "ratio": round(statistics.median(ours[1:]) / statistics.median(plain[1:]), 3),
        "calls_warm": max(calls[1:]),
        "cancel_s": round(cancel_s, 2),
        f"told_{died}_s": round(death_s, 2),
        **reboot(),
        **resent(),
    }


def reboot() -> dict[str, object]:
    """From the moment the machine answers again to the moment the client says that it was rebooted."""
    if reason := can_fake_boots():
        return {"told_lost_s": f"not measured: {reason}"}
    with (
        tempfile.TemporaryDirectory(prefix="remote-") as name,
        sshd(Path(name, "sshd"), own_boot_id=True) as server,
    ):
        repo = Repo.create(Path(name, "repo"))
        repo.write("a.txt", "a\n")
        work, link = open_repository(repo.root), Link(server.host())
        job = submit(link, work, JobSpec(("sleep", "100"), carry(work)))
        server.reboot()
        began = time.perf_counter()
        ending = follow(link, job, lambda _: None)
        return {f"told_{ending.kind}_s": round(time.perf_counter() - began, 2)}


def resent(size: int = 32 << 20) -> dict[str, object]:
    """What is sent over the size of a file when each connection dies after 1 to 7 MB."""
    draw = random.Random(7)  # noqa: S311 - the same each time
    with tempfile.TemporaryDirectory(prefix="remote-") as name, sshd(Path(name, "sshd")) as server:
        file = Path(name, "blob")
        file.write_bytes(draw.randbytes(size))
        Link(server.host()).call("hello")
        with proxy(server.port, lambda _: Fault("close", draw.randrange(1_000_000, 7_000_000))) as between:
            began = time.perf_counter()
            send_file(Link(server.host(between.port)), file)
            seconds = time.perf_counter() - began
            return {
                "resent_percent": round(100 * (between.sent_up / size - 1), 1),
                "connections_broken": between.faults,
                "transfer_mb_s": round(size / 1e6 / seconds, 1),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10, help="of the protocol")
    parser.add_argument("--others", type=int, default=10, help="of each other way")
    parser.add_argument("--job-s", type=float, default=10.0)
    parser.add_argument("--mean-s", type=float, default=3.0)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--runs", type=int, default=5, help="of the comparison with plain ssh")
    parser.add_argument("--costs-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found: dict[str, object] = {"costs": costs(args)}
    if not args.costs_only:
        numbers = {way: args.trials if n == 0 else args.others for n, way in enumerate(WAYS)}
        found["trials"] = [trials(way, number, args) for way, number in numbers.items() if number]
    if args.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found["costs"].items():  # type: ignore[attr-defined]
        print(f"{name:<22}{value}")
    for row in found.get("trials", ()):  # type: ignore[attr-defined]
        print(
            f"{row['way']:<34}{row['whole']:>4}/{row['trials']} whole {row['once']:>4} once, at most {row['most_runs']} runs, "
            f"orphans in {row['with_orphans']}, {row['faults']} faults, {row['median_s']} s"
        )
        if row["not_whole_or_not_once"]:
            print(f"{'':<34}seeds: {row['not_whole_or_not_once']}")


if __name__ == "__main__":
    main()

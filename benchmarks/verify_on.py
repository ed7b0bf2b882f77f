"""`repoops verify --on` over a connection that breaks, against the same verify here, in one run.

    python benchmarks/verify_on.py [--breaks 10] [--mean 4] [--seed 1] [-k EXPRESSION] [--here FILE] [--json]

A clone of this repository, a real sshd on loopback, a proxy between. `verify --quick --backend cpu` runs
here first, then there; meanwhile the proxy breaks whatever connection is open, at exponential intervals of
`--mean` seconds, until it has done so `--breaks` times; every second time nobody gets in for a second either. The two reports are compared as a whole, but for times and the host's name; exit 1 if they differ or
the suite ran more than once. `--here` takes the report of a run of the same commit with the same options
(`repoops verify --quick --backend cpu --report FILE`) in place of the first half.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parent.parent
sys.path.insert(0, str(HOUSE))

from tests.support.loopback import name_hosts  # noqa: E402 - the path above
from tests.support.proxy import Proxy, proxy  # noqa: E402
from tests.support.repo import Repo  # noqa: E402
from tests.support.sshd import sshd  # noqa: E402


def breaking(
    between: Proxy, breaks: int, mean_s: float, draw: random.Random, over: threading.Event, done: list[float]
) -> None:
    while len(done) < breaks and not over.wait(draw.expovariate(1 / mean_s)):
        while not over.is_set() and not between.cut_all():
            time.sleep(0.01)
        done.append(time.perf_counter())
        if len(done) % 2:
            between.outage(1.0)


def but_times(report: dict[str, Any]) -> dict[str, Any]:
    facts = {name: said for name, said in report["environment"].items() if name != "host"}
    rows = [{**row, "duration_s": 0.0} for row in report["results"]]
    return {**report, "environment": facts, "results": rows, "started": "", "duration_s": 0.0}


def timed(repo: Repo, *args: str) -> tuple[float, dict[str, Any], str]:
    start = time.perf_counter()
    said = repo.repoops("verify", *args, "--json")
    took = time.perf_counter() - start
    if said.code == 2:
        raise SystemExit(said.stderr)
    return took, json.loads(said.stdout), said.stderr


def load() -> float:
    """Mean of the last five minutes: what else ran beside the half that has just ended."""
    return round(os.getloadavg()[1], 1)


def compared(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    chosen = ["--quick", "--backend", "cpu", *(["-k", options.k] if options.k else [])]
    subprocess.run(["git", "clone", "-q", str(HOUSE), str(folder / "work")], check=True)
    (folder / "work/.git/info/exclude").write_text(
        "/repoops.yaml\n"
    )  # the host's name and port are no part of the tree
    repo, over = Repo(folder / "work"), threading.Event()
    with sshd(folder / "sshd") as there, proxy(there.port) as between:
        name_hosts(repo, there, {"box": between.port})
        if options.here:
            here = json.loads(options.here.read_bytes())
            here_s = here["duration_s"]
        else:
            here_s, here, _ = timed(repo, *chosen)
        here_load = load()
        breaks: list[float] = []
        draw = random.Random(options.seed)  # noqa: S311 - to be the same again
        args = (between, options.breaks, options.mean, draw, over, breaks)
        thread = threading.Thread(target=breaking, args=args, daemon=True)
        thread.start()
        there_s, there_said, told = timed(repo, *chosen, "--on", "box", "--no-local")
        over.set()
        jobs = len(list((there.folder / "there-box/jobs").iterdir()))
        return {
            "checks": len(here["results"]), "here_s": round(here_s, 1), "there_s": round(there_s, 1), "ratio": round(there_s / here_s, 2),
            "here_load": here_load, "there_load": load(),
            "breaks": len(breaks), "connections": between.connections, "reconnecting": told.count("reconnecting"), "jobs": jobs,
            "same": but_times(here) == but_times(there_said),
        }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--breaks", type=int, default=10)
    parser.add_argument("--mean", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-k", default=None)
    parser.add_argument("--here", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no sshd is left behind
    with tempfile.TemporaryDirectory(prefix="repoops-bench-") as folder:
        found = compared(Path(folder), options)
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{found['checks']} checks: here {found['here_s']} s, on the host {found['there_s']} s ({found['ratio']} x; "
              f"load {found['here_load']} and {found['there_load']}) with "
              f"{found['breaks']} breaks in {found['connections']} connections; jobs run: {found['jobs']}; "
              f"reports {'the same' if found['same'] else 'DIFFER'}")  # fmt: skip
    return 0 if found["same"] and found["jobs"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())

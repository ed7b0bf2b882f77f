"""How long RepoOps takes before it does anything, against bare Python, in one run.

    python benchmarks/start_up.py [--json] [--runs N]

Whole processes, alternated so that a drift of the machine's speed meets all alike; medians.
Goals: `--help` at most 20 ms over bare Python, a command at most 100 ms over it before its work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

WAYS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "repoops --help": [sys.executable, "-m", "repoops", "--help"],
    "repoops archive --help": [sys.executable, "-m", "repoops", "archive", "--help"],
    "repoops history (empty repository)": [sys.executable, "-m", "repoops", "history"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    args = parser.parse_args()
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        for _ in range(args.runs + 1):
            for way, command in WAYS.items():
                start = time.perf_counter()
                subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
                times[way].append((time.perf_counter() - start) * 1e3)
    medians = {way: statistics.median(spent[1:]) for way, spent in times.items()}
    bare = medians["python -c pass"]
    rows = [{"way": w, "ms": round(m, 1), "over_bare_ms": round(m - bare, 1), "ratio": round(m / bare, 2)} for w, m in medians.items()]  # fmt: skip
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['way']:<38}{row['ms']:>8} ms {row['over_bare_ms']:>8} ms over bare {row['ratio']:>7} x")


if __name__ == "__main__":
    main()

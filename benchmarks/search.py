"""How long `repoops search` takes over many logs, against `git grep` on the same words in the same run.

    python benchmarks/search.py [--logs 10000] [--lines 120] [--runs 7] [--json]

Logs are generated in the form that 248 real ones were measured to have (title, status, date, marks, fences, tables,
a root cause, lessons, options), committed in batches. Whole processes, alternated; medians. `git grep` neither
ranks nor knows what a passage is about: it is the baseline for time alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1",
       **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.invalid"))}}  # fmt: skip
WORDS = ["kernel", "warp", "lane", "tile", "shared", "memory", "bank", "conflict", "pitch", "barrier", "online", "softmax", "accumulator", "fragment", "register", "spill", "occupancy", "stage", "pipeline", "prefetch", "epilogue", "baseline", "profile", "sector", "request", "commit", "branch", "workflow", "runner", "deploy", "pod", "region", "instance", "quota", "wheel", "build", "cache", "graph", "launch", "stream", "event", "driver", "toolkit", "compile", "link", "header", "template", "macro", "scale", "mask", "causal", "window", "head", "batch", "sequence", "length", "gradient", "backward", "forward", "optimiser", "norm", "residual", "rotary", "paged", "block", "table"]  # fmt: skip
SYMPTOMS = (
    "misaligned address",
    "illegal memory access",
    "out of memory",
    "NaN in row 7",
    "bank conflicts",
    "unspecified launch failure",
)


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(6, 16)))


def log(chance: random.Random, number: int, lines: int) -> str:
    symptom = chance.choice(SYMPTOMS)
    rows = [f"# Session {number}: {sentence(chance)}", "", f"**Date**: October {chance.randint(1, 28)}, 2025",
            f"**Status**: {chance.choice(('✅ COMPLETE', '⚠️ PARTIAL', '❌ BLOCKED'))}", "", "## What was done", ""]  # fmt: skip
    while len(rows) < lines - 30:
        kind = chance.random()
        if kind < 0.5:
            rows += [
                f"- {chance.choice(('✅ ', '', '', '⚠️ '))}{sentence(chance)}"
                for _ in range(chance.randint(2, 6))
            ]
        elif kind < 0.7:
            rows += ["```bash", *(f"$ {sentence(chance)}" for _ in range(chance.randint(2, 8))), "```"]
        elif kind < 0.8:
            rows += [
                "| what | value |",
                "|---|---:|",
                *(f"| {chance.choice(WORDS)} | {chance.randint(1, 999)} |" for _ in range(4)),
            ]
        else:
            rows += [f"### {sentence(chance)}", "", sentence(chance), sentence(chance)]
        rows.append("")
    rows += ["## Root cause", "", f"The launch ended with {symptom}: {sentence(chance)}.", "", "## Fix", "", sentence(chance), "",
             "## Lessons", "", f"- {sentence(chance)}", "", "## Next steps", "", f"1. Option A: {sentence(chance)}", f"2. Option B: {sentence(chance)}", ""]  # fmt: skip
    return "\n".join(rows)


def run(folder: str, *command: str, ok: tuple[int, ...] = (0,)) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, check=False)
    assert done.returncode in ok, done.stderr.decode()
    return time.perf_counter() - start


def generate(folder: str, logs: int, lines: int) -> int:
    chance = random.Random(7)  # noqa: S311 - the same logs every time
    run(folder, "git", "init", "-q", "-b", "main")
    size = 0
    for number in range(logs):
        text = log(chance, number, chance.randint(lines // 2, lines * 3 // 2))
        path = Path(folder, f"docs/archive/session_logs/{number // 500:03}/SESSION_{number:05}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        size += path.write_bytes(text.encode())
        if number % 500 == 499 or number == logs - 1:
            run(folder, "git", "add", "-A")
            run(folder, "git", "commit", "-q", "-m", f"session logs up to {number}")
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=120)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ours = (sys.executable, "-m", "repoops", "search")
    with tempfile.TemporaryDirectory() as folder:
        size = generate(folder, args.logs, args.lines)
        rows = {
            "logs": args.logs,
            "MB": round(size / 1e6, 1),
            "build_s": round(run(folder, *ours, "misaligned address"), 2),
        }
        queries = {
            "rare phrase, --failed": ("unspecified launch failure", "--failed"),
            "two words": ("pitch", "barrier"),
            "a word that is everywhere": ("kernel",),
        }
        times: dict[str, list[float]] = {
            name: [] for name in ("git grep", "python -c pass", "ten logs changed", *queries)
        }
        for turn in range(args.runs):
            times["git grep"].append(run(folder, "git", "grep", "-n", "-i", "unspecified launch failure"))
            times["python -c pass"].append(run(folder, sys.executable, "-c", "pass"))
            for name, query in queries.items():
                times[name].append(run(folder, *ours, *query))
            for number in range(10):
                with open(Path(folder, f"docs/archive/session_logs/000/SESSION_{number:05}.md"), "a") as file:
                    file.write(f"\nturn {turn} met a wandering pitch\n")
            times["ten logs changed"].append(run(folder, *ours, "wandering pitch"))
        database = Path(folder, ".git/repoops/search/index.sqlite")
        rows |= {
            "index_MB": round(database.stat().st_size / 1e6, 1),
            **{f"{name}, ms": round(statistics.median(spent) * 1e3, 1) for name, spent in times.items()},
        }
        rows["query / git grep"] = round(
            statistics.median(times["rare phrase, --failed"]) / statistics.median(times["git grep"]), 2
        )
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    for name, value in rows.items():
        print(f"{name:<40}{value:>10}")


if __name__ == "__main__":
    main()

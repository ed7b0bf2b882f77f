"""clean-slate against git's own way, whole processes, in one run.

    python benchmarks/clean_slate.py [--files 100000] [--runs 3] [--json]

Three trees: all ignored files in a few folders with the names in the page cache, the same after the
caches were dropped ("on disk"; needs root, else not measured), and files scattered over 1,000 folders
that hold one tracked file each. `git clean -fdx && git reset --hard` and `repoops clean-slate --yes`
take turns on trees made alike. Undo is held against `git stash pop` after `git stash -a`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

OURS = [sys.executable, "-m", "repoops"]
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b",
       "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b"}  # fmt: skip


def run(folder: Path, *command: str) -> float:
    start = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=ENV, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def begin(folder: Path) -> None:
    folder.mkdir()
    run(folder, "git", "init", "-q")
    (folder / ".gitignore").write_text("*.o\nbuild/\n")


def gathered(folder: Path, files: int) -> None:
    begin(folder)
    (folder / "tracked").write_text("x\n")
    commit(folder)
    for n in range(files // 1000):
        place = folder / "build" / str(n)
        place.mkdir(parents=True)
        for m in range(1000):
            (place / f"{m}.o").write_bytes(b"x" * 64)


def scattered(folder: Path, files: int) -> None:
    begin(folder)
    for n in range(1000):
        (folder / f"d{n}").mkdir()
        (folder / f"d{n}" / "tracked").write_text("x\n")
    commit(folder)
    for n in range(1000):
        for m in range(files // 1000):
            (folder / f"d{n}" / f"{m}.o").write_bytes(b"x" * 64)


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "x")


def drop_caches() -> bool:
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return False
    return True


def git_way(folder: Path) -> float:
    return run(folder, "sh", "-c", "git clean -qfdx && git reset -q --hard HEAD")


def our_way(folder: Path) -> float:
    return run(folder, *OURS, "clean-slate", "--yes")


def turn(
    place: Path, make: Callable[[Path, int], None], files: int, way: Callable[[Path], float], *, cold: bool
) -> float | None:
    tree = place / "tree"
    make(tree, files)
    os.sync()
    if cold and not drop_caches():
        shutil.rmtree(tree)
        return None
    spent = way(tree)
    shutil.rmtree(tree)
    os.sync()
    return spent


def undo_and_stash(place: Path, files: int) -> tuple[float, float]:
    tree = place / "tree"
    gathered(tree, files)
    before = sum(len(names) for _, _, names in os.walk(tree / "build"))
    our_way(tree)
    ours = run(tree, *OURS, "undo")
    assert sum(len(names) for _, _, names in os.walk(tree / "build")) == before == files
    run(tree, "git", "stash", "-a", "-q")
    stash = run(tree, "git", "stash", "pop", "-q")
    shutil.rmtree(tree)
    return ours, stash


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="repoops-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        place = Path(folder)
        for name, make, cold in (("gathered, page cache", gathered, False), ("gathered, on disk", gathered, True),
                                 ("1,000 folders, page cache", scattered, False)):  # fmt: skip
            pairs = [
                [turn(place, make, args.files, way, cold=cold) for way in (git_way, our_way)]
                for _ in range(args.runs)
            ]
            theirs, ours = ([p[i] for p in pairs if p[i] is not None] for i in (0, 1))
            rows.append((name, "git clean && git reset", theirs, "repoops clean-slate", ours))
        pairs2 = [undo_and_stash(place, args.files) for _ in range(max(1, args.runs - 2))]
        rows.append(
            (
                "undo, page cache",
                "git stash pop",
                [p[1] for p in pairs2],
                "repoops undo",
                [p[0] for p in pairs2],
            )
        )
    told = []
    for name, other, theirs, own, ours in rows:
        if not ours:
            told.append({"tree": name, "measured": False})
            continue
        a, b = statistics.median(theirs), statistics.median(ours)
        told.append({"tree": name, other: round(a, 3), own: round(b, 3), "times faster": round(a / b, 1)})
    if args.json:
        print(json.dumps({"files": args.files, "runs": args.runs, "rows": told}, indent=2))
        return
    for row in told:
        print(
            row["tree"]
            + ": "
            + (
                ", ".join(f"{k} {v}" for k, v in row.items() if k != "tree")
                if len(row) > 2
                else "not measured: needs root"
            )
        )


if __name__ == "__main__":
    main()

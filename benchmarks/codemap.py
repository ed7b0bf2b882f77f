"""How long `repoops codemap` takes, cold, warm and after one edit, against other maps in the same run.

    python benchmarks/codemap.py [REPOSITORY...] [--peers FOLDER] [--runs N] [--files N] [--json] [--skip WAY...]

Without repositories one of N files (1,500 by default: Python with imports between modules, CUDA, markdown)
is generated. The peers are run where they are installed: FOLDER/aider/bin/python with aider-chat,
FOLDER/cma/bin/codemap (codemap-agents), FOLDER/npm/node_modules/.bin/repomix, `ctags` on PATH; what is not
there is `not measured`. FOLDER/ours/bin/repoops is taken for ours where it is there, else
`python -m repoops`. Whole processes, alternated; medians of wall and of CPU seconds (user and system). Cold is
without the way's own store, files in the page cache. For aider and for us the map alone is timed inside a
running Python, too, since loading either takes a part of the whole; `bare python` is what any Python program
takes. Ratios are how many times as long as ours a way takes, cold to cold and warm to warm.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
INSIDE = """\
import json, time
from repoops.codemap.answers import keep, known, state
from repoops.codemap.draw import draw
from repoops.config import load
from repoops.vcs.read import open_repository
def timed(work):
    start = time.perf_counter(); work(); return time.perf_counter() - start
repo = open_repository(); config = load(repo.root)
map_s = timed(lambda: draw(repo, config))
keep(["inside"], state(), "said", 0)
print(json.dumps({"map_s": map_s, "again_s": timed(lambda: known(["inside"]))}))
"""
LONGEST = 500
"""Seconds after which a way is given up."""


@dataclass(frozen=True)
class Way:
    """What is run, what is removed beforehand to make it cold, and what it is compared with."""

    name: str
    command: list[str]
    cold: tuple[str, ...] = ()
    against: str = ""
    inside: str = ""
    edit: bool = False


def ways(peers: Path) -> list[Way]:
    installed = peers / "ours/bin/repoops"
    ours = [str(installed)] if installed.exists() else [sys.executable, "-m", "repoops"]
    python = str(peers / "ours/bin/python") if installed.exists() else sys.executable
    store = ".git/repoops/codemap"
    found = [
        Way("bare python", [python, "-c", "pass"]),
        Way("repoops cold", [*ours, "codemap", "--dry-run"], (store,)),
        Way("repoops warm", [*ours, "codemap", "--dry-run"]),
        Way("repoops after an edit", [*ours, "codemap", "--dry-run"], edit=True),
        Way("repoops cold, inside", [python, "-c", INSIDE], (store,), inside="map_s"),
        Way("repoops warm, inside", [python, "-c", INSIDE], inside="again_s"),
    ]
    codemap, aider, repomix = (
        peers / "cma/bin/codemap",
        peers / "aider/bin/python",
        peers / "npm/node_modules/.bin/repomix",
    )
    kept = (".codemap-cache.json", "AGENTS.md")
    script = str(HERE / "others/aider_repo_map.py")
    if codemap.exists():
        found += [Way("codemap-agents cold", [str(codemap), "update"], kept, "repoops cold"),
                  Way("codemap-agents warm", [str(codemap), "update"], (), "repoops warm")]  # fmt: skip
    if aider.exists():
        found += [Way("aider cold", [str(aider), script], (".aider.tags.cache.v4",), "repoops cold"),
                  Way("aider warm", [str(aider), script], (), "repoops warm"),
                  Way("aider cold, inside", [str(aider), script], (".aider.tags.cache.v4",), "repoops cold, inside", "map_s"),
                  Way("aider warm, inside", [str(aider), script], (), "repoops warm, inside", "map_s")]  # fmt: skip
    if repomix.exists():
        found.append(Way("repomix", [str(repomix), "--quiet", "-o", os.devnull], (), "repoops cold"))
    if shutil.which("ctags"):
        found.append(Way("ctags -R", ["ctags", "-R", "-f", "-", "."], (), "repoops cold"))
    return found


def measured(root: Path, way: Way, number: int) -> tuple[float, float] | None:
    """Wall and CPU seconds of one run; None where it fails or takes too long."""
    for name in way.cold:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).unlink(missing_ok=True)
    edited = (
        next(iter(sorted(root.glob("**/*.py")) or sorted(root.glob("**/*.h"))), None) if way.edit else None
    )
    before = edited.read_bytes() if edited else b""
    if edited:
        edited.write_bytes(before + f"\n# {number}\n".encode())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    try:
        done = subprocess.run(way.command, cwd=root, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if edited:
            edited.write_bytes(before)
    wall = time.perf_counter() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        return None
    if way.inside:
        wall = json.loads(done.stdout.splitlines()[-1])[way.inside]
        return wall, wall
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def compare(root: Path, found: list[Way], runs: int) -> list[dict[str, object]]:
    times: dict[str, list[tuple[float, float] | None]] = {way.name: [] for way in found}
    for number in range(runs):
        for way in found:
            times[way.name].append(measured(root, way, number))
    for way in found:
        for name in way.cold if "repoops" not in way.name else ():
            shutil.rmtree(root / name, ignore_errors=True)
            (root / name).unlink(missing_ok=True)
    medians = {}
    for name, rows in times.items():
        good = [row for row in rows if row is not None]
        medians[name] = (
            tuple(statistics.median(column) for column in zip(*good, strict=True)) if good else None
        )
    rows = []
    for way in found:
        mine, base = medians[way.name], medians.get(way.against)
        rows.append({
            "way": way.name, "wall_s": mine and round(mine[0], 4), "cpu_s": (mine and not way.inside and round(mine[1], 4)) or None,
            "against": way.against, "times_ours_wall": mine and base and round(mine[0] / base[0], 1),
            "times_ours_cpu": (mine and base and not way.inside and round(mine[1] / base[1], 1)) or None,
        })  # fmt: skip
    return rows


def generate(root: Path, files: int) -> None:
    """Four fifths Python modules of 150 lines, a tenth CUDA with three kernels each, the rest markdown."""
    for n in range(files):
        folder = root / f"pkg{n % 40:02}"
        folder.mkdir(exist_ok=True)
        if n < 40:
            (folder / "__init__.py").write_text(f'"""Package {n}: one of forty."""\n')
        elif n % 10 == 0:
            (folder / f"k{n}.cu").write_text("".join(cuda(n, k) for k in range(3)))
        elif n % 10 == 1:
            (folder / f"note{n}.md").write_text(f"# Note {n}\n\n" + "Words of a note.\n" * 60)
        else:
            (folder / f"mod{n}.py").write_text(module(n))
    git: Callable[..., object] = lambda *args: subprocess.run(["git", "-C", str(root), *args], check=True)  # noqa: E731
    git("init", "-q")
    git("add", "-A")
    git("-c", "user.name=x", "-c", "user.email=x@example.invalid", "commit", "-qm", "all")


def cuda(n: int, k: int) -> str:
    body = "".join(f"    x[{i}] = x[{i}] * {i}.0f; // step {i}\n" for i in range(40))
    return (
        f"template <typename T, int N = {k + 1}>\n__global__ void __launch_bounds__(256, 2) kernel_{n}_{k}(T* x) {{\n{body}}}\n"
        f"void run_{n}_{k}(float* x) {{ kernel_{n}_{k}<float><<<1, 256>>>(x); }}\n"
    )


def module(n: int) -> str:
    imports = "".join(
        f"from pkg{(n * 7 + i) % 40:02} import mod{(n * 13 + i * 31) % 1500}\n" for i in range(4)
    )
    body = "".join(
        f'def fn_{n}_{i}(x):\n    """Adds {i}."""\n    y = x + {i}\n    return [y, "{n}"]\n\n\n'
        for i in range(20)
    )
    return f'"""Module {n} does one thing. And more."""\n{imports}\n\n{body}class Thing{n}:\n    def go(self):\n        return 1\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--peers", type=Path, default=Path("peers"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--skip", nargs="*", default=[], help="names of ways, or their beginnings, that are left out"
    )
    args = parser.parse_args()
    found = [way for way in ways(args.peers.absolute()) if not way.name.startswith(tuple(args.skip))]
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        if not args.repositories:
            generate(Path(folder), args.files)
        for root in args.repositories or [Path(folder)]:
            count = subprocess.run(
                ["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True
            ).stdout.count(b"\0")
            name = root.name if args.repositories else "generated"
            told[f"{name}, {count} files"] = compare(root.absolute(), found, args.runs)
    if args.json:
        print(json.dumps(told, indent=2))
        return
    for name, rows in told.items():
        print(f"{name}\n{'':<26}{'wall s':>10}{'CPU s':>10}{'x ours, wall':>14}{'x ours, CPU':>13}")
        for row in rows:
            shown = [row[key] for key in ("wall_s", "cpu_s", "times_ours_wall", "times_ours_cpu")]
            print(
                f"{row['way']:<26}"
                + "".join(
                    f"{'' if v is None else v:>{w}}" for v, w in zip(shown, (10, 10, 14, 13), strict=True)
                )
            )


if __name__ == "__main__":
    main()

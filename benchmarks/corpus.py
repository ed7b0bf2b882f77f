"""The kernels of a public CUDA repository through RepoOps' own path: compiled, translated, run, and counted by outcome.

    python benchmarks/corpus.py CHECKOUT [--under kernels] [-I DIR] [--most 300] [--json out.json]

Every `.cu` is compiled as `repoops` does it (NVRTC first, nvcc where host code asks for it); each kernel
of its PTX is run with made-up arguments on a small grid, watched by memcheck and then with checks off,
in a process of its own. Nothing of the checkout is run on the host, and none of it is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpus import find, shape

from repoops import cache

HERE = Path(__file__).resolve().parent


def sample(entries: Iterable[find.Entry], most: int) -> list[find.Entry]:
    """One instantiation of every function, then others until there are enough; in the order of their names' digests."""
    distinct = {
        entry.digest: entry for entry in sorted(entries, key=lambda e: (e.file, e.mangled), reverse=True)
    }
    order = sorted(
        distinct.values(), key=lambda e: hashlib.sha256(f"{e.file} {e.mangled}".encode()).hexdigest()
    )
    first: dict[tuple[str, str], find.Entry] = {}
    for entry in order:
        first.setdefault((entry.file, entry.function), entry)
    rest = [entry for entry in order if entry not in first.values()]
    return [*first.values(), *rest][:most]


def run_one(entry: find.Entry, text: str, seconds: int) -> dict[str, Any]:
    """Both modes of a kernel: what the process said last of each, or how it ended."""
    ptx = Path(entry.ptx).read_text(encoding="utf-8")
    job = {
        "ptx": entry.ptx, "entry": entry.mangled, "shown": entry.shown,
        "launches": shape.launches(ptx, entry.mangled, entry.function, text), "grid": shape.grid(ptx, entry.mangled),
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        command = [sys.executable, str(HERE / "corpus" / "one.py"), file.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
            said, end = (
                done.stdout,
                f"ended by signal {-done.returncode}" if done.returncode < 0 else done.stderr[-300:],
            )
        except subprocess.TimeoutExpired as late:
            said, end = (late.stdout or b"").decode(), f"not done after {seconds} s"
    modes: dict[str, Any] = {}
    for line in said.splitlines():
        if line.startswith("{"):
            step = json.loads(line)
            former = modes.get(step["mode"])
            if former is None or former["state"] != "done" or rank(step) <= rank(former):
                modes[step["mode"]] = step
    for step in modes.values():
        if step["state"] in ("begun", "running"):
            step.update(was=step["state"], state="crash", why=end)
    instructions = find.body(ptx, entry.mangled).count(";")
    return {"entry": entry.shown, "file": entry.file, "function": entry.function, "mangled": entry.mangled,
            "ptx": entry.ptx, "grid": job["grid"], "instructions": instructions, **modes}  # fmt: skip


def rank(step: dict[str, Any]) -> int:
    """How far from a run without findings: of several launches the nearest is told."""
    if step["state"] != "done":
        return 4
    return 3 if any(found.startswith("run ") for found in step["findings"]) else 2 if step["findings"] else 1


def verdict(row: dict[str, Any], mode: str) -> str:
    """In one word what came of a kernel."""
    step = row.get(mode, {"state": "not reached"})
    if step["state"] == "done":
        if any(found.startswith("run ") for found in step["findings"]):
            return "ended"
        return "findings" if step["findings"] else "ran"
    return str(step["state"])


def report(
    name: str, rows: list[dict[str, Any]], lost: list[tuple[str, str, str]], compiled: list[find.Compiled]
) -> list[str]:
    """The table of a repository."""
    off = [function for _, function, why in lost if "there is no kernel" in why]
    lost = [one for one in lost if "there is no kernel" not in one[2]]
    total = len(rows) + len(lost)
    lines = [f"{name}: {total} kernels"]
    partly = [one for one in compiled if "left out" in one.compiler]
    if partly:
        lines.append(
            f"  {sum(len(one.entries) for one in partly)} of {len(partly)} files are compiled without host functions that nvcc refuses"
        )
    for mode in ("memcheck", "unchecked"):
        count = Counter(verdict(row, mode) for row in rows)
        ran = count["ran"] + count["findings"]
        lines.append(f"  {mode}: {ran} of {total} ran to the end ({100 * ran / max(total, 1):.1f} %); "
                     + ", ".join(f"{n} {what}" for what, n in count.most_common()) + f", {len(lost)} not compiled")  # fmt: skip
        why = Counter(_why(row, mode) for row in rows if verdict(row, mode) not in ("ran", "findings"))
        lines += [f"    {n:4} {reason}" for reason, n in why.most_common()]
    lines += [f"  {len(off)} more are switched off by the preprocessor: {', '.join(off)}"] if off else []
    lines += [
        f"    {n:4} not compiled: {reason}"
        for reason, n in Counter(why.split(": ", 1)[-1][:150] for _, _, why in lost).most_common()
    ]
    lines.append(
        "  slowest from PTX to machine code (checks off): instructions, seconds of translation and of LLVM"
    )
    timed = [(r["unchecked"]["took"], r) for r in rows if "llvm" in r.get("unchecked", {}).get("took", {})]
    for took, row in sorted(timed, key=lambda pair: -pair[0]["llvm"] - pair[0]["translate"])[:10]:
        lines.append(
            f"    {row['instructions']:6} {took['translate']:7.1f} {took['llvm']:7.1f}  {row['file']} {row['function']}"
        )
    return lines


def _why(row: dict[str, Any], mode: str) -> str:
    step = row.get(mode, {"state": "not reached"})
    return f"{step['state']}: {step.get('why') or ', '.join(step.get('findings', []))}"[:160]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, nargs="?")
    parser.add_argument("--under", help="a folder of it, or a pattern of folders: 'src/*-cuda'")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        help="of the folders that --under names, by name: the 1st, the one N later, and so on",
    )
    parser.add_argument(
        "-I", dest="include", type=Path, action="append", default=[], help="a folder of headers"
    )
    parser.add_argument("--most", type=int, default=300, help="kernels to run; a sample is taken beyond that")
    parser.add_argument("--seconds", type=int, default=180, help="for each kernel")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--skip", default="^$", help="leave out files whose path this regular expression finds"
    )
    parser.add_argument("--before", type=Path, help="declarations put before every file")
    parser.add_argument("--only", default="", help="only files whose path has this in it")
    asked = parser.parse_args()
    if asked.checkout is None:
        print("not measured: name a checkout of a CUDA repository")
        return
    checkout = asked.checkout.resolve()
    out = Path(tempfile.gettempdir()) / "repoops-corpus"
    out.mkdir(exist_ok=True)
    keep = cache.default_folder() or out
    own = find.functions(checkout)
    named = sorted(p for p in checkout.glob(asked.under) if p.is_dir()) if asked.under else [checkout]
    folders = named[:: asked.every]
    sys.stderr.write(f"{len(folders)} folders\n")
    paths = [
        p for p in find.files(checkout, folders) if asked.only in str(p) and not re.search(asked.skip, str(p))
    ]
    include = tuple(folder.resolve() for folder in asked.include)
    before = asked.before.read_text(encoding="utf-8") if asked.before else ""
    compiled = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for one in pool.map(
            find.compile_file,
            *zip(
                *(
                    (checkout, p, (*include, *find.beside(checkout, p)), keep, out, own, before)
                    for p in paths
                ),
                strict=True,
            ),
        ):
            compiled.append(one)
            sys.stderr.write(
                f"{one.file}: {len(one.entries)} kernels; {one.compiler[:12]} {'; '.join(map(' '.join, one.lost))[:300]}\n"
            )
            sys.stderr.flush()
    chosen = sample((entry for one in compiled for entry in one.entries), asked.most)
    given = {(Path(entry.file).parent, entry.function) for one in compiled for entry in one.entries}
    lost = [
        (one.file, function, why) for one in compiled for function, why in one.lost
        if (Path(one.file).parent, function) not in given
    ]  # fmt: skip
    texts = {
        one.file: "\n".join(
            (checkout / name).read_text(encoding="utf-8", errors="replace")
            for name in (*find.included(checkout / one.file), one.file)
        )
        for one in compiled
    }
    with ThreadPoolExecutor(asked.jobs) as threads:
        rows = []
        for row in threads.map(lambda e: run_one(e, texts[e.file], asked.seconds), chosen):
            rows.append(row)
            said = ", ".join(f"{mode} {_why(row, mode)}" for mode in ("memcheck", "unchecked"))
            sys.stderr.write(f"{len(rows)} of {len(chosen)}: {row['file']} {row['function']}: {said}\n")
            sys.stderr.flush()
    print("\n".join(report(checkout.name, rows, lost, compiled)))
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "lost": lost}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

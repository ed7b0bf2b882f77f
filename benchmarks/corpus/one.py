"""Runs one kernel in a process of its own, watched by memcheck and then with checks off; a line of JSON after each step.

python benchmarks/corpus/one.py JOB.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from corpus import shape
from repoops import cache
from repoops.engine import jit, run
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch


def timed(took: dict[str, float], name: str, work: Any) -> Any:
    """A function that adds to `took` the seconds it takes."""

    def call(*args: Any, **more: Any) -> Any:
        begun = time.process_time()
        try:
            return work(*args, **more)
        finally:
            took[name] = took.get(name, 0.0) + time.process_time() - begun

    return call


def say(**fields: object) -> None:
    """One step's outcome."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def main(job: dict[str, Any]) -> None:
    """Watched by memcheck, with one made-up launch after another until one has no findings; then that one with checks off.

    Once one has run to the end, other shapes of the block are not tried: each is compiled anew.
    """
    ptx = Path(job["ptx"]).read_text(encoding="utf-8")
    best: tuple[tuple[int, int, int], int] | None = None
    ended = True
    for block, number in job["launches"]:
        if best is not None and not ended and tuple(block) != best[0]:
            break
        found = step(ptx, job, ("memcheck",), tuple(block), number)
        if found is None:
            best = None
            break
        now = any(one.startswith("run ") for one in found)
        if best is None or not found or (ended and not now):
            best, ended = (tuple(block), number), now
        if not found:
            break
    first, number = job["launches"][0]
    step(ptx, job, (), *(best or (tuple(first), number)))


def step(
    ptx: str, job: dict[str, Any], checks: tuple[str, ...], block: tuple[int, int, int], number: int
) -> list[str] | None:
    """One run; the findings' kinds, or None where the engine did not run it."""
    took: dict[str, float] = {}
    jit.translate, jit.emit = timed(took, "translate", TRANSLATE), timed(took, "llvm", EMIT)
    row: dict[str, Any] = {
        "mode": "memcheck" if checks else "unchecked",
        "block": block,
        "number": number,
        "took": took,
    }
    say(**row, state="begun")
    try:
        loaded = jit.load(ptx, job["entry"], block, frozenset(checks), keep=cache.default_folder())
        static = sum(size for _, _, size in loaded.program.shared)
        args, kept = shape.values(ptx, job["entry"], job["shown"], number)
        launch = Launch(tuple(job["grid"]), block, tuple(args), shape.dynamic(ptx, static))
        say(**row, state="running")
        begun = time.process_time()
        done = run(
            ptx, job["entry"], launch, checks=checks, jobs=1, limit=1 << 24, keep=cache.default_folder()
        )
        took["run"] = time.process_time() - begun
        found = sorted({f"{f.check} {f.rule}" for f in done.findings})
        say(
            **row,
            state="done",
            findings=found,
            first=f"{done.findings[0].file}:{done.findings[0].line}: {done.findings[0].message}"
            if found
            else "",
        )
        del kept
    except RepoOpsError as error:
        say(**row, state="refused", why=error.what, where=error.where or "", kind=type(error).__name__)
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the engine's mistake and is told
        say(**row, state="error", why=f"{type(error).__name__}: {error}"[:400])
        return None
    return found


TRANSLATE, EMIT = jit.translate, jit.emit

if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))

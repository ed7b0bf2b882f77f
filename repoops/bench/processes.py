"""Starts the fresh processes of a measurement, one after the other, and puts together what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repoops.bench import statistics
from repoops.bench.protocol import Process
from repoops.bench.statistics import Samples
from repoops.errors import RepoOpsError
from repoops.progress import Progress, silent

_PATIENCE_S = 1800
"""Of one process, its checks in float64 included."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is timed, found again by name in every process.

    Attributes:
        factory: `module:function`, which returns a `Contest`.
        arguments: its keyword arguments, as plain data.
        timer: `cuda` or `host`.
        name: for the progress bar.
    """

    factory: str
    arguments: Mapping[str, Any]
    timer: str
    name: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """All processes together; the fields are those of `Process`, `series` joined.

    A contender that one process could not time, or found wrong, is lacking altogether.
    """

    where: str
    method: str
    series: Mapping[tuple[str, str], Samples]
    lacking: Mapping[str, str]
    versions: Mapping[str, str]
    clocks: tuple[int, int] | None
    notes: tuple[str, ...]


def measure(
    task: Task,
    root: Path,
    *,
    processes: int = statistics.PROCESSES,
    samples: int = statistics.SAMPLES,
    seed: int = 0,
    progress: Progress = silent,
) -> Measurement:
    """Times a task in fresh processes, each with a seed of its own.

    Args:
        task: what.
        root: their current folder, and the first place they import from.
        processes: how many.
        samples: of each contender in each, cold and warm each.
        seed: of the first; the others' follow from it.
        progress: told of each process.

    Raises:
        RepoOpsError: one could not do its work.
    """
    found = []
    for number in range(processes):
        progress(number, processes, f"{task.name}: process {number + 1} of {processes}")
        found.append(_one(task, root, samples=samples, seed=seed * 1000 + number))
    return together(found)


def together(found: list[Process]) -> Measurement:
    """Puts processes together.

    Raises:
        RepoOpsError: they ran in different places or were timed in different ways, so that their samples do not mix.
    """
    ways = {(one.where, one.method) for one in found}
    if len(ways) != 1:
        said = "; ".join(sorted(" by ".join(way) for way in ways))
        raise RepoOpsError(
            f"the processes of one measurement were timed in different ways: {said}",
            remedy="measure again",
            code=1,
        )
    where, method = ways.pop()
    lacking = {name: why for one in found for name, why in one.lacking.items()}
    keys = {key: None for one in found for key in one.series if key[0] not in lacking}
    series = {
        key: Samples(
            tuple(tuple(one.series[key].samples) for one in found),
            sum(one.series[key].dropped for one in found),
        )
        for key in keys
    }
    clocks = [one.clocks for one in found if one.clocks]
    return Measurement(
        where, method, series, lacking, found[0].versions,
        (min(low for low, _ in clocks), max(high for _, high in clocks)) if clocks else None,
        tuple(dict.fromkeys(note for one in found for note in one.notes)),
    )  # fmt: skip


def _one(task: Task, root: Path, *, samples: int, seed: int) -> Process:
    request = {
        "factory": task.factory,
        "arguments": task.arguments,
        "timer": task.timer,
        "samples": samples,
        "seed": seed,
    }
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    # A file, not a pipe: nobody reads while it is written.
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as answer:
        command = [sys.executable, "-m", "repoops.bench.worker", str(answer.fileno())]
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=words, stderr=words, pass_fds=(answer.fileno(),), env=environment,
        )  # fmt: skip
        try:
            process.communicate(json.dumps(request).encode(), timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise RepoOpsError(f"{task.name} was not timed in {_PATIENCE_S} s", code=1) from None
        finally:
            process.kill()
            process.wait()
        words.seek(0)
        answer.seek(0)
        return _understood(task, answer.read(), process.returncode, words.read().decode("utf-8", "replace"))


def _understood(task: Task, raw: bytes, status: int, words: str) -> Process:
    try:
        answer = json.loads(raw)
    except ValueError:
        said = [line.strip() for line in words.splitlines() if line.strip()] or ["it said nothing"]
        raise RepoOpsError(
            f"a process that timed {task.name} ended with status {status}: {said[-1]}", code=1
        ) from None
    if "refused" in answer:
        raise RepoOpsError(f"{task.name} was not timed: {answer['refused']}", code=1)
    return Process.from_json(answer)

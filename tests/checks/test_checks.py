"""Small kernels, broken and repaired, each under three orders of warps: exactly what is wrong is found, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from repoops.backends import cpu
from repoops.backends.interface import Options
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.nvidia import sources
from repoops.suite.arguments import Argument, make, parse
from repoops.suite.inputs import Buffer
from repoops.suite.judge import together

HERE = Path(__file__).parent
ORDERS = ("forward", "reverse", "seed:7")
FILES = sorted(HERE.glob("*/*.cu"))
_SAID = re.compile(r"// (?P<how>expect|or): (?P<all>.+)")
_ONE = re.compile(r"(?P<check>\w+) (?P<rule>[\w-]+)(?P<warning> warning)?")
_LAUNCH = re.compile(r"// launch: (?P<words>.+)")

Expected = tuple[str, str, int, str]
"""Check, rule, line, severity."""


@dataclass(frozen=True)
class Trial:
    """A kernel with the launch and the findings that its comments give."""

    kernel: Kernel
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int
    arch: str
    arguments: tuple[Argument, ...]
    expected: frozenset[Expected]
    allowed: frozenset[Expected]


def read(file: Path) -> Trial:
    """Understands the comments described in README.md."""
    lines = file.read_text(encoding="utf-8").splitlines()
    head = _LAUNCH.fullmatch(lines[0])
    assert head, f"{file.name} does not begin with its launch"
    words = dict(word.split("=", 1) for word in head["words"].split(" "))
    arguments = tuple(parse(argument) for argument in re.split(r",(?![^\[]*\])", words.pop("args")))
    trial = Trial(
        Kernel(file, sources.kernels(file)[0].name),
        _extent(words.pop("grid")),
        _extent(words.pop("block")),
        int(words.pop("shared", "0")),
        words.pop("arch", "sm_89"),
        arguments,
        frozenset(_expected(lines, "expect")),
        frozenset(_expected(lines, "or")),
    )
    assert not words, f"{file.name}: what is {words}?"
    return trial


def _extent(words: str) -> tuple[int, int, int]:
    x, y, z = (*map(int, words.split(",")), 1, 1)[:3]
    return x, y, z


def _expected(lines: list[str], how: str) -> Iterator[Expected]:
    for number, line in enumerate(lines, 1):
        hit = _SAID.search(line)
        if hit and hit["how"] == how:
            for words in hit["all"].split(", "):
                one = _ONE.fullmatch(words)
                assert one, f"line {number}: what is {words!r}?"
                yield one["check"], one["rule"], number, "warning" if one["warning"] else "error"


def run(trial: Trial, order: str) -> tuple[Outcome, list[Any]]:
    """One run on fresh arguments, and the tensors after it."""
    made = [make(argument, n, seed=1, device="cpu") for n, argument in enumerate(trial.arguments)]
    values = tuple(m.view if isinstance(m, Buffer) else m for m in made)
    outputs = tuple(n for n, argument in enumerate(trial.arguments) if argument.out)
    launch = Launch(trial.grid, trial.block, values, trial.shared_bytes, outputs)
    # What runs for a few microseconds is over sooner than LLVM has optimised it; some do go that way, too.
    optimise = trial.kernel.source.parent.name == "clean"
    options = Options(archs=(trial.arch,), order=order, jobs=1, counters=False, optimise=optimise)
    outcome = cpu.run(trial.kernel, launch, options)
    return outcome, [m.bits for m in made if isinstance(m, Buffer)]


def found(outcomes: list[Outcome]) -> set[Expected]:
    """What the runs found, all of it in the file itself."""
    findings = together(outcome.findings for outcome in outcomes)
    return {(f.check, f.rule, f.line or 0, f.severity) for f in findings}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_exactly_what_is_wrong_is_found(file: Path) -> None:
    trial = read(file)
    runs = [run(trial, order) for order in ORDERS]
    outcomes = [outcome for outcome, _ in runs]
    assert found(outcomes) - trial.allowed == trial.expected
    for order, outcome in zip(ORDERS, outcomes, strict=True):
        seen = {f.check for f in outcome.findings}
        assert seen == {check for check, *_ in trial.expected}, f"not in the order {order}"
        for finding in outcome.findings:
            assert finding.file is not None
            assert finding.file.endswith(file.name)
            assert finding.count >= 1
    if not trial.expected:
        for _, tensors in runs[1:]:
            assert all(bool((a == b).all()) for a, b in zip(runs[0][1], tensors, strict=True))


def test_every_broken_kernel_names_what_is_wrong_and_has_a_repaired_twin() -> None:
    for file in FILES:
        trial, broken = read(file), file.parent.name != "clean" and not file.stem.endswith("_ok")
        assert bool(trial.expected) == broken, file
        if broken:
            assert file.with_name(f"{file.stem}_ok.cu") in FILES


def test_there_is_a_broken_kernel_for_every_check() -> None:
    named = {check for file in FILES for check, *_ in read(file).expected}
    assert named == {"memcheck", "racecheck", "initcheck", "synccheck", "coverage"}

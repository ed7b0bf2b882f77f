"""A mutant as a pytest item: the kernel with a bug put into it, run until something finds the bug."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from repoops import backends
from repoops.backends.compile import check_launch, compile_kernel
from repoops.backends.interface import CHECKS, Options
from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.nvidia.nvrtc import near
from repoops.report import verification
from repoops.suite import mutants, settings
from repoops.suite.gates import Counted
from repoops.suite.items import KernelItem, allotted, coded, counts
from repoops.suite.judge import Fault, judge
from repoops.suite.problem import planned, problem
from repoops.suite.spec import Case, KernelSpec, Step, Version
from repoops.words import many

_BY_COMPILING = {"compile", "gates"}
_LIMIT = 1 << 24
"""Turns of loops that a mutant is given: one that never ends costs seconds, where a kernel may take minutes."""


class MutantItem(KernelItem):
    """Passes if something kills the mutant, and what does is among what the patch expects.

    The mutant runs on the CPU whatever back end is chosen: only there the checks watch, and a write
    outside all buffers takes nothing down. It meets the version's cases with all checks and in every
    order, up to the first on which one of the expected checks sees it. That others saw it before is
    told, and no end: what a gate on counts sees on the smallest case says nothing of racecheck.
    """

    def __init__(self, *, what: str, patch: Path, **rest: Any) -> None:
        super().__init__(**rest)
        self.patch, self.check = patch, f"mutant[{what}]"

    def verify(self) -> None:
        """Tries the compilers first where they are to refuse it, then the cases."""
        mutant = mutants.read(self.patch)
        self._say(mutant)
        texts = mutants.applied(mutant, self.path.parent)
        options = replace(self.options(), checks=CHECKS, limit=_LIMIT, optimise=False)
        with _room(options.keep, texts) as room:
            spoil = cache(partial(mutants.planted, texts=texts, room=room))
            version = _spoilt(self.version, spoil)
            met = [case for case, kernels in _in_order(self.spec, self.version) if any(map(spoil, kernels))]
            if not met:
                files = ", ".join(name for name, _ in mutant.changes)
                pytest.fail(f"{near(str(self.patch))} changes {files}, of which no case's kernel is made", pytrace=False)  # fmt: skip
            seen: list[Fault] = []
            why = _not_executed(self.config)
            compiles = bool(_BY_COMPILING.intersection(mutant.expect))
            # A run of the smallest case asks more than a compilation of all the others: those come last.
            first, others = (met, []) if why else (met[:1], met[1:])
            if compiles and self._by_compiling(mutant, seen, version, first, options, room):
                return
            if why and not self._all_asked(mutant):
                pytest.skip(why)
            for case in [] if why else met:
                seen += self._run(version, case, options)
                if self._killed(mutant, seen, case, room):
                    return
            if compiles and self._by_compiling(mutant, seen, version, others, options, room):
                return
            pytest.fail(
                _survived(mutant, len(met)) if not seen else _otherwise(mutant, seen, room), pytrace=False
            )

    def _say(self, mutant: mutants.Mutant, **found: Any) -> None:
        rule = self.spec.tolerance.rule
        told = verification.Mutant(near(str(self.patch)), mutant.bug, mutant.expect, rule, **found)
        self.say(mutant=asdict(told))

    def _all_asked(self, mutant: mutants.Mutant) -> bool:
        """Whether compiling has already asked everything that was to kill it."""
        counted = any(isinstance(gate, Counted) for gate in self.version.gates)
        return set(mutant.expect) <= (_BY_COMPILING - {"gates"} if counted else _BY_COMPILING)

    def _killed(self, mutant: mutants.Mutant, seen: list[Fault], case: Case | None, room: Path) -> bool:
        """Whether one of the checks that are expected has seen it; says by what it was killed so far."""
        meant = next((fault for fault in seen if fault.by in mutant.expect), None)
        if seen:
            evidence = mutants.outside((meant or seen[0]).what, room)
            self._say(mutant, killed_by=_by(seen), case=case.id if case else None, evidence=evidence)
        return meant is not None

    def _by_compiling(
        self, mutant: mutants.Mutant, seen: list[Fault], version: Version, cases: list[Case], options: Options, room: Path
    ) -> bool:  # fmt: skip
        """Whether a compilation for one of the architectures kills it; what it says is added to what was seen."""
        said, arch = self._compiled(version, cases, options)
        if said:
            self.say(ran_on=f"compile: {arch}")
        seen += said
        return self._killed(mutant, seen, None, room)

    def _compiled(
        self, version: Version, cases: list[Case], options: Options
    ) -> tuple[list[Fault], str | None]:
        """What the compilers, the architectures' limits and the gates on what is allotted say of it; the first that says something."""
        for arch in options.archs:
            for case in cases:
                for kernel, launch in planned(self.spec, version, case):
                    try:
                        compiled = compile_kernel(kernel, arch, options.keep)
                        check_launch(kernel, compiled, launch)
                    except RepoOpsError as error:
                        return [_refused(error)], arch
                    said = allotted(version, compiled.resources, launch) + coded(
                        version, compiled, options.keep
                    )
                    if said:
                        return [Fault("gates", f"{kernel.name} {fault}") for fault in said], arch
        return [], None

    def _run(self, version: Version, case: Case, options: Options) -> list[Fault]:
        orders = settings.orders(self.config)
        runs = [partial(self._once, replace(options, order=order)) for order in orders]
        try:
            found = judge(self.spec, version, case, runs, "cpu")
        except RepoOpsError as error:
            return [_refused(error)]
        steps = planned(self.spec, version, case)
        said = [
            f"{kernel.name} {fault}"
            for one, (kernel, launch) in zip(found.outcome.resources, steps, strict=False)
            for fault in allotted(version, replace(one, kernel=kernel.name), launch)
        ]
        said += counts(version, found.outcome, case)
        return [*found.accused, *(Fault("gates", fault) for fault in said)]

    def _once(self, options: Options, kernel: Kernel, launch: Launch) -> Outcome:
        outcome = backends.BACKENDS["cpu"].run(kernel, launch, options)
        self.say(ran_on=outcome.ran_on)
        return outcome


def _refused(error: RepoOpsError) -> Fault:
    """A refusal of the source or the launch; what the machine or the engine lacks is raised on."""
    if error.code == 2:
        raise error
    return Fault("compile", str(error))


LARGE = 2**16
"""Elements of a case's inputs from which on running it takes longer than compiling another kernel."""


@cache
def _in_order(spec: KernelSpec, version: Version) -> tuple[tuple[Case, tuple[Kernel, ...]], ...]:
    """A version's cases and their kernels: the small ones of one kernel after those of another, then the large ones; each from the smallest on."""
    made: dict[Case, tuple[tuple[Kernel, ...], int]] = {}
    for case in filter(version.takes, spec.cases):
        size = sum(tensor.numel() for tensor in problem(spec, case).inputs)
        made[case] = tuple(kernel for kernel, _ in planned(spec, version, case)), size
    rank = {kernels: number for number, (kernels, _) in reversed([*enumerate(made.values())])}

    def place(case: Case) -> tuple[bool, int, int]:
        kernels, size = made[case]
        return size >= LARGE, rank[kernels], size

    return tuple((case, made[case][0]) for case in sorted(made, key=place))


def _spoilt(version: Version, spoil: Callable[[Kernel], Kernel | None]) -> Version:
    """The version with the bug in every kernel of it that is made of a changed file."""

    def plan(case: Case, inputs: tuple[Any, ...], out: Any) -> tuple[Step, ...]:
        return tuple(
            (spoil(kernel) or kernel, launch) for kernel, launch in version.launches(case, inputs, out)
        )

    return replace(version, plan=plan)


@contextmanager
def _room(keep: Path | None, texts: dict[Path, str]) -> Iterator[Path]:
    """A folder for changed headers; in the compilers' cache, where there is one, so that its name stays and what was compiled is found again."""
    if keep is not None:
        yield keep / "mutants" / sha256(repr(sorted(texts.items())).encode())[:16]
        return
    with tempfile.TemporaryDirectory(prefix="repoops-mutant-") as folder:
        yield Path(folder)


def _not_executed(config: pytest.Config) -> str | None:
    """Why no mutant runs here, or None."""
    if settings.backend(config) == "compile":
        return settings.why_not_run(config)
    state = backends.BACKENDS["cpu"].available()
    return None if state.ok else f"mutants run on the CPU: {state.why}"


def _by(seen: list[Fault]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fault.by for fault in seen))


def _otherwise(mutant: mutants.Mutant, seen: list[Fault], room: Path) -> str:
    """That it was killed, but by nothing that was to kill it."""
    said = mutants.outside(seen[0].what, room)
    return f"killed by {', '.join(_by(seen))}, expected {', '.join(mutant.expect)}: {said}"


def _survived(mutant: mutants.Mutant, cases: int) -> str:
    """That nothing killed it, and what it changes."""
    hunks = mutant.changes[0][1]
    head = f"{near(str(mutant.path))} survives {many(cases, 'case')}: {mutant.bug} ({mutants.CLASSES[mutant.bug]}), expected {', '.join(mutant.expect)}"
    taken = [line for line in hunks[0].before if line not in hunks[0].after]
    given = [line for line in hunks[0].after if line not in hunks[0].before]
    return "\n".join(
        [head, mutant.place, *(f"- {line.rstrip()}" for line in taken), *(f"+ {line.rstrip()}" for line in given)]
    )  # fmt: skip

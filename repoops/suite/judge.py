"""One case of one version, run and judged: the oracle, and who wrote what; whatever does the running."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.report.verification import SEVERITIES, Error, Finding
from repoops.suite.inputs import Buffer, blank, fenced
from repoops.suite.problem import problem
from repoops.suite.spec import Case, KernelSpec, Version

Run = Callable[[Kernel, Launch], Outcome]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a case, in words, and who says so: a check, `numerics`, `determinism`, `fences` (writes around buffers), `gates`, `compile`."""

    by: str
    what: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the runs of a case came to: nothing wrong if there are no faults; `outcome` is the first run's."""

    outcome: Outcome
    error: Error
    findings: tuple[Finding, ...]
    accused: tuple[Fault, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """In words alone."""
        return tuple(fault.what for fault in self.accused)


def judge(spec: KernelSpec, version: Version, case: Case, runs: Sequence[Run], device: str) -> Judgement:
    """Runs a case several times, each time on fresh copies, and holds it against the oracle.

    Further runs find what never was written although it looks like a value, and, unless the version
    says otherwise, that the same input gives the same bits: on the CPU in another order of warps,
    which shows a barrier that is missing.

    Args:
        spec: the kernel's.
        version: which one of it.
        case: the problem.
        runs: two or more; each a back end's `run`, with what it is told.
        device: where its tensors lie, as torch names it.
    """
    asked = problem(spec, case)
    done = [_once(spec, version, case, run, device, number) for number, run in enumerate(runs)]
    first, outs, _ = done[0]
    untouched = outs.unwritten()
    for _, other, _ in done[1:]:
        untouched &= other.unwritten()
    wanted = spec.writes(case, *asked.inputs) if spec.writes else None
    unwritten = untouched if wanted is None else untouched & wanted
    held = ~unwritten if wanted is None else wanted & ~unwritten
    out = outs.view.cpu()
    truth = asked.truth
    # What was not written is told as such; the rest is still held to the oracle.
    error, fault = spec.tolerance.hold(out if held.all() else _filled(out, ~held, truth), truth, asked.bounds)
    accused = [Fault("fences", said) for said in dict.fromkeys(s for _, _, around in done for s in around)]
    if wanted is not None and (stray := ~untouched & ~wanted).any():
        accused.append(Fault("fences", _must_stay(stray)))
    if unwritten.any():
        accused.insert(0, Fault("coverage", _never_written(unwritten)))
    if fault:
        accused.append(Fault("numerics", fault))
    if version.deterministic and not all(_same_bits(outs, other, untouched) for _, other, _ in done[1:]):
        accused.append(Fault("determinism", "two runs on the same input differ"))
    # Of an output that is to be written in part, the check cannot tell what is missing.
    findings = together(
        [found for found in outcome.findings if wanted is None or found.check != "coverage"]
        for outcome, _, _ in done
    )
    accused += [
        Fault(found.check, said(found)) for found in findings
        if found.severity == "error" and not (found.check == "coverage" and unwritten.any())
    ]  # fmt: skip
    return Judgement(first, error, findings, tuple(accused))


def together(runs: Iterable[Sequence[Finding]]) -> tuple[Finding, ...]:
    """The findings of several runs: what each of them saw, once, with the largest count; errors first."""
    seen: dict[tuple[object, ...], Finding] = {}
    for findings in runs:
        for found in findings:
            key = (found.kernel, found.check, found.rule, found.file, found.line)
            known = seen.get(key)
            seen[key] = known if known and known.count >= found.count else found
    return tuple(sorted(seen.values(), key=lambda found: (SEVERITIES.index(found.severity), -found.count)))


def joined(steps: Sequence[Outcome]) -> Outcome:
    """What launches that follow each other came to as one: findings and lines side by side, counts and times added."""
    first, *rest = steps
    if not rest:
        return first
    times = [step.elapsed_us for step in steps if step.elapsed_us is not None]
    return replace(
        first,
        elapsed_us=sum(times) if len(times) == len(steps) else None,
        findings=tuple(found for step in steps for found in step.findings),
        counters=_added([step.counters for step in steps]),
        line_counters=tuple(line for step in steps for line in step.line_counters),
        coverage=None,  # by argument number, and those differ between launches
        resources=tuple(found for step in steps for found in step.resources),
        printed="".join(step.printed for step in steps),
    )


def _added(counts: Sequence[Mapping[str, int] | None]) -> dict[str, int] | None:
    """Counts of the same names, added up; None if one step was not counted."""
    known = [each for each in counts if each is not None]
    return (
        {name: sum(each[name] for each in known) for name in known[0]} if len(known) == len(counts) else None
    )


def said(found: Finding) -> str:
    """A finding in one line: what, and where."""
    where = f" at {found.file}:{found.line}" if found.file else ""
    return f"{found.check}: {found.message}{where}"


def _once(
    spec: KernelSpec, version: Version, case: Case, run: Run, device: str, number: int
) -> tuple[Outcome, Buffer, list[str]]:
    inputs = problem(spec, case).inputs
    given = [fenced(tensor, device) for tensor in inputs]
    before = [buffer.bits.clone() for buffer in given]
    out = blank(spec.empty(case, *inputs), device, number)
    steps = version.launches(case, tuple(buffer.view for buffer in given), out.view)
    for _, launch in steps:
        _poison([launch.args[i] for i in launch.outputs if _memory(launch.args[i]) != _memory(out.view)])
    outcome = joined([run(kernel, launch) for kernel, launch in steps])
    faults = []
    for index, (buffer, former) in enumerate(zip(given, before, strict=True)):
        changed = int((buffer.bits != former).sum())
        if changed:
            faults.append(f"wrote {changed} elements in or around input {index}")
    outside = out.outside()
    if outside:
        faults.append(
            f"wrote {len(outside)} elements outside its output, the first at offset {outside[0]} "
            f"of {out.view.numel()} elements"
        )
    return outcome, out, faults


def _memory(tensor: Any) -> int:
    """Where it lies; the same for all parts of an output that a launch takes as several arguments."""
    return int(tensor.untyped_storage().data_ptr())


def _poison(workspace: Sequence[Any]) -> None:
    """NaN into what holds nothing yet, so that it shows in the output where it is read before it is written."""
    for tensor in workspace:
        if tensor.is_floating_point():
            tensor.fill_(float("nan"))


def _never_written(unwritten: Any) -> str:
    """How much, where it begins, and whether whole rows are missing."""
    count, total = int(unwritten.sum()), unwritten.numel()
    first = tuple(int(i) for i in unwritten.nonzero()[0])
    rows = unwritten.reshape(-1, unwritten.shape[-1]) if unwritten.ndim else unwritten.reshape(1, 1)
    whole = int(rows.all(dim=1).sum())
    said = (
        f"{count} of {total} elements ({100 * count / total:.3g} %) were never written, the first at {first}"
    )
    return f"{said}; {whole} of {rows.shape[0]} rows wholly" if whole and rows.shape[0] > 1 else said


def _must_stay(stray: Any) -> str:
    """How much was written of what is to be left alone, and where it begins."""
    first = tuple(int(i) for i in stray.nonzero()[0])
    return f"wrote {int(stray.sum())} elements of its output that must stay as they are, the first at {first}"


def _filled(out: Any, unwritten: Any, truth: Any) -> Any:
    import torch

    return torch.where(unwritten, truth.to(out.dtype), out)


def _same_bits(one: Buffer, other: Buffer, but: Any) -> bool:
    return bool(((one.view_bits() == other.view_bits()) | but).all())

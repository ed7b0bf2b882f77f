"""One case of one version, run and judged: the oracle, and who wrote what; whatever does the running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.report.verification import Error
from repoops.suite.inputs import Buffer, blank, fenced
from repoops.suite.spec import Case, KernelSpec, Version

Run = Callable[[Kernel, Launch], Outcome]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What two runs of a case came to: nothing wrong if `faults` is empty."""

    outcome: Outcome
    error: Error
    faults: tuple[str, ...]


def judge(spec: KernelSpec, version: Version, case: Case, run: Run, device: str) -> Judgement:
    """Runs a case twice, each time on fresh copies, and holds it against the oracle.

    The second run finds what never was written although it looks like a value, and, unless the
    version says otherwise, that the same input gives the same bits.

    Args:
        spec: the kernel's.
        version: which one of it.
        case: the problem.
        run: a back end's `run`.
        device: where its tensors lie, as torch names it.
    """
    inputs = spec.make(case)
    first, outs, around = _once(spec, version, case, run, device, 0)
    again, twice, beside = _once(spec, version, case, run, device, 1)
    unwritten = outs.unwritten() & twice.unwritten()
    out = outs.view.cpu()
    truth = spec.oracle(case, *inputs)
    # What was not written is told as such; the rest is still held to the oracle.
    error, fault = spec.tolerance.compare(
        out if not unwritten.any() else _filled(out, unwritten, truth), truth, spec.peer(case, *inputs)
    )
    faults = [*around, *(said for said in beside if said not in around)]
    if unwritten.any():
        faults.insert(0, _never_written(unwritten))
    if fault:
        faults.append(fault)
    if version.deterministic and not _same_bits(outs, twice, unwritten):
        faults.append("two runs on the same input differ")
    for found in (*first.findings, *again.findings):
        said = f"{found.check}: {found.message}"
        if said not in faults:
            faults.append(said)
    return Judgement(first, error, tuple(faults))


def _once(
    spec: KernelSpec, version: Version, case: Case, run: Run, device: str, number: int
) -> tuple[Outcome, Buffer, list[str]]:
    inputs = spec.make(case)
    given = [fenced(tensor, device) for tensor in inputs]
    before = [buffer.bits.clone() for buffer in given]
    out = blank(spec.empty(case, *inputs), device, number)
    outcome = run(*version.plan(case, tuple(buffer.view for buffer in given), out.view))
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


def _filled(out: Any, unwritten: Any, truth: Any) -> Any:
    import torch

    return torch.where(unwritten, truth.to(out.dtype), out)


def _same_bits(one: Buffer, other: Buffer, but: Any) -> bool:
    return bool(((one.view_bits() == other.view_bits()) | but).all())

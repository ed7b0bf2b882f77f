"""A quick look at one kernel outside any test: launched with given arguments, watched, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from repoops import backends
from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Extent, Kernel, Launch, Outcome
from repoops.report.failures import finding
from repoops.report.verification import Finding
from repoops.suite.arguments import Argument, make, statistic
from repoops.suite.inputs import Buffer
from repoops.suite.judge import together
from repoops.words import many

SCHEMA = "repoops/run-kernel/1"


@dataclass(frozen=True, slots=True)
class Look:
    """What the runs of a kernel came to.

    Attributes:
        kernel: which.
        launch: the first run's.
        options: the first run's.
        orders: of the warps, one for each run.
        outcome: the first run's.
        findings: of all runs together.
        outputs: (argument number from 1, its words, statistic) of each tensor that was written to, or was to be.
        differing: (argument number, order) where an order gave other bits than the first.
    """

    kernel: Kernel
    launch: Launch
    options: Options
    orders: tuple[str, ...]
    outcome: Outcome
    findings: tuple[Finding, ...]
    outputs: tuple[tuple[int, str, dict[str, Any]], ...]
    differing: tuple[tuple[int, str], ...]

    @property
    def ok(self) -> bool:
        """No error was found, and all orders gave the same."""
        return not self.differing and all(found.severity != "error" for found in self.findings)


def look(
    kernel: Kernel,
    *,
    grid: Extent,
    block: Extent,
    shared_bytes: int,
    arguments: Sequence[Argument],
    options: Options,
    orders: Sequence[str],
    backend: str = "cpu",
    seed: int = 0,
) -> Look:
    """Runs a kernel once for each order, each time on fresh arguments.

    Args:
        kernel: which.
        grid: thread blocks.
        block: threads.
        shared_bytes: dynamic shared memory of a block.
        arguments: what it is handed.
        options: what the back end is told.
        orders: of the warps, on the CPU.
        backend: `cpu` or `cuda`.
        seed: of random arguments.

    Raises:
        RepoOpsError: it does not compile, or its launch is refused.
    """
    device = "cuda" if backend == "cuda" else "cpu"
    outputs = tuple(i for i, argument in enumerate(arguments) if argument.out)
    done = []
    for order in orders:
        made = [make(argument, i, seed=seed, device=device) for i, argument in enumerate(arguments)]
        before = [m.bits.clone() if isinstance(m, Buffer) else None for m in made]
        values = tuple(m.view if isinstance(m, Buffer) else m for m in made)
        launch = Launch(grid, block, values, shared_bytes, outputs)
        outcome = backends.BACKENDS[backend].run(kernel, launch, replace(options, order=order))
        if not outcome.executed:
            raise RepoOpsError(f"the back end {backend} runs nothing")
        done.append((launch, outcome, made, before))
    launch, outcome, made, before = done[0]
    touched = [
        i for i, (m, former) in enumerate(zip(made, before, strict=True))
        if isinstance(m, Buffer) and (i in outputs or bool((m.bits != former).any()))
    ]  # fmt: skip
    differing = [
        (i + 1, order) for order, (_, _, other, _) in zip(orders, done, strict=True)
        for i in touched if bool((other[i].bits != made[i].bits).any())
    ]  # fmt: skip
    return Look(
        kernel, launch, replace(options, order=orders[0]), tuple(orders), outcome,
        together(run.findings for _, run, _, _ in done),
        tuple((i + 1, arguments[i].words, statistic(made[i])) for i in touched), tuple(differing),
    )  # fmt: skip


def to_json(seen: Look) -> dict[str, Any]:
    """Plain data under the schema `repoops/run-kernel/1`."""
    outcome = seen.outcome
    return {
        "schema": SCHEMA,
        "file": str(seen.kernel.source),
        "kernel": seen.kernel.name,
        "ran_on": outcome.ran_on,
        "compiler": outcome.compiler,
        "resources": [asdict(found) for found in outcome.resources],
        "grid": list(seen.launch.grid),
        "block": list(seen.launch.block),
        "shared_bytes": seen.launch.shared_bytes,
        "checks": list(seen.options.checks),
        "orders": list(seen.orders),
        "findings": [asdict(found) for found in seen.findings],
        "differing": [{"argument": number, "order": order} for number, order in seen.differing],
        "counters": dict(outcome.counters or {}),
        "lines": [{"file": f, "line": n, "counters": dict(c)} for f, n, c in outcome.line_counters],
        "coverage": {str(number + 1): share for number, share in (outcome.coverage or {}).items()},
        "outputs": [{"argument": number, "words": words, **held} for number, words, held in seen.outputs],
        "printed": outcome.printed,
        "elapsed_us": outcome.elapsed_us,
        "ok": seen.ok,
    }


def lines(seen: Look, *, by_line: bool = False) -> list[str]:
    """For a terminal: what the kernel printed, findings, what its outputs hold, counters."""
    outcome, launch = seen.outcome, seen.launch
    said = outcome.printed.splitlines()
    said += [line for found in seen.findings for line in finding(found)]
    said += [
        f"ERROR   argument {number} differs where the warps take turns in the order {order}: a barrier is missing, or the result depends on chance"
        for number, order in seen.differing
    ]
    said += [_output(*output, coverage=outcome.coverage or {}) for output in seen.outputs]
    if outcome.counters:
        said += _counters(outcome)
        said += _by_line(outcome) if by_line else []
    found = outcome.resources[0]
    grid, block = ("x".join(map(str, extent)) for extent in (launch.grid, launch.block))
    said.append(
        f"{seen.kernel.name}: grid {grid}, block {block}, {launch.shared_bytes} bytes of dynamic shared memory; "
        f"{found.arch}: {found.registers} registers, {found.spill_stores + found.spill_loads} bytes of spills, "
        f"{found.shared_static} of static shared memory; {outcome.compiler}"
    )
    errors = sum(f.severity == "error" for f in seen.findings) + len(seen.differing)
    warnings = len(seen.findings) + len(seen.differing) - errors
    watched = ", ".join(seen.options.checks) or "no checks"
    where = outcome.ran_on.removeprefix("cpu: ")
    ran = (
        f"executed on the CPU ({where}), not on a GPU"
        if outcome.ran_on.startswith("cpu: ")
        else f"ran on {outcome.ran_on}"
    )
    said.append(
        f"{many(errors, 'error')}, {many(warnings, 'warning')} ({watched}; warps {', '.join(seen.orders)}); {ran}"
    )
    return said


def _output(number: int, words: str, held: dict[str, Any], *, coverage: Any) -> str:
    share = coverage.get(number - 1)
    written = "" if share is None else f", {100 * share:.4g} % written"
    spread = (
        "nothing finite"
        if held["min"] is None
        else f"min {held['min']:.6g}, max {held['max']:.6g}, mean {held['mean']:.6g}"
    )
    odd = "".join(f", {held[kind]} {kind}" for kind in ("nan", "inf") if held[kind])
    first = ", ".join(value if isinstance(value, str) else f"{value:.6g}" for value in held["first"])
    return f"argument {number} ({words}): {spread}{odd}{written}; begins {first}"


def _counters(outcome: Outcome) -> list[str]:
    counts = dict(outcome.counters or {})
    shown = {name.replace("_", " "): f"{count:,}" for name, count in counts.items() if count}
    if counts.get("global_requests") and "global_sectors" in counts:
        shown["sectors a global request"] = f"{counts['global_sectors'] / counts['global_requests']:.2f}"
    if counts.get("instructions") and "active_lanes" in counts:
        shown["lanes an instruction"] = f"{counts['active_lanes'] / counts['instructions']:.1f} of 32"
    width = max(map(len, shown), default=0)
    return [f"  {name:<{width}}  {count:>14}" for name, count in shown.items()]


def _by_line(outcome: Outcome) -> list[str]:
    return [
        f"  {file}:{line}: "
        + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items() if count)
        for file, line, counts in outcome.line_counters
    ]

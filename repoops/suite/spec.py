"""What a kernel author writes: cases, an oracle, versions with their launches and gates, a tolerance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from repoops.kernel.model import Kernel, Launch
from repoops.report.speed import Work
from repoops.report.verification import Resources
from repoops.suite.gates import Counted, MachineCode
from repoops.suite.tolerance import FromError

Gate = Callable[[Resources, Launch], "str | None"] | MachineCode | Counted
"""Says what is wrong with what ptxas allots a kernel, with its machine code, or with what a run of it counted, or None."""

Step = tuple[Kernel, Launch]

_SHORT = {"float64": "fp64", "float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


@dataclass(frozen=True, slots=True)
class Case:
    """One problem: named sizes and flags, a dtype by torch's name, a family of inputs, a seed."""

    params: tuple[tuple[str, Any], ...]
    dtype: str
    inputs: str = "normal"
    seed: int = 0

    def __getitem__(self, name: str) -> Any:
        """A size or flag by its name."""
        return dict(self.params)[name]

    @property
    def id(self) -> str:
        """`rows7-cols127-fp16-spread`, part of the test's name; a flag shows where it is set, a family unless it is normal."""
        parts = [
            name if value is True else f"{name}{value}" for name, value in self.params if value is not False
        ]
        parts.append(_SHORT.get(self.dtype, self.dtype))
        parts += [self.inputs] if self.inputs != "normal" else []
        return "-".join([*parts, f"seed{self.seed}"] if self.seed else parts)


def grid(
    *, dtype: Iterable[str], inputs: Iterable[str] = ("normal",), **params: Iterable[Any]
) -> Iterator[Case]:
    """Every combination of the values given, in order."""
    for values in product(*params.values(), dtype, inputs):
        *sizes, kind, family = values
        yield Case(tuple(zip(params, sizes, strict=True)), kind, family)


@dataclass(frozen=True, slots=True)
class Version:
    """One way to write the kernel: a `.cu`, its launch, where it compiles, what it is held to.

    Attributes:
        name: part of the test's name.
        plan: (case, inputs, output) -> the kernel and its launch, or several to be done in this order. A launch
            that is the first to write workspace names all that it writes in its `outputs`. Nothing but such
            workspace is allocated on a device.
        archs: compiled for each of those that are also asked for; where none is, that is told as not run.
        gates: held against what ptxas allots, and those on counts against each run on the CPU.
        takes: whether a case is within its contract.
        deterministic: whether the same input must give the same bits; not so with floating-point atomics.
        optimise: whether LLVM optimises what the CPU executes; not where that takes longer than all cases run.
    """

    name: str
    plan: Callable[[Case, tuple[Any, ...], Any], Step | Sequence[Step]]
    archs: tuple[str, ...] = ("sm_80", "sm_89", "sm_90")
    gates: tuple[Gate, ...] = ()
    takes: Callable[[Case], bool] = lambda case: True  # noqa: ARG005 - every case by default
    deterministic: bool = True
    optimise: bool = True

    def launches(self, case: Case, inputs: tuple[Any, ...], out: Any) -> tuple[Step, ...]:
        """The plan as what it is made of, in order, each launch saying which of its arguments holds nothing yet."""
        match self.plan(case, inputs, out):
            case (Kernel() as kernel, Launch() as launch):
                return ((kernel, _with_output(launch, out)),)
            case several:
                return tuple((kernel, _with_output(launch, out)) for kernel, launch in several)


def _with_output(launch: Launch, out: Any) -> Launch:
    """A launch whose `outputs` name the specification's output, if the plan left them open."""
    if launch.outputs:
        return launch
    return replace(launch, outputs=tuple(i for i, argument in enumerate(launch.args) if argument is out))


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a kernel's speed is held against: somebody else's way to the same output.

    Attributes:
        name: `SDPA (flash)`.
        package: the distribution it comes with; where that is not installed it is not measured.
        call: (case, *inputs) -> the output, where the inputs lie; raises where it does not take the case.
    """

    name: str
    package: str
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """A kernel's contract.

    Attributes:
        name: of the operation; the folder's.
        make: case -> input tensors on the CPU, seeded.
        empty: (case, inputs) -> an output tensor of the right shape and dtype, contents of no account.
        oracle: (case, *inputs) -> the true output in float64.
        peer: (case, *inputs) -> torch's own output in the case's dtype, for the tolerance.
        cases: what numerics are run on; no two may have the same id.
        versions: the ladder, simplest first; no two may have the same name.
        source: the paper or standard it follows.
        writes: (case, *inputs) -> bool, of the output's shape: what is to be written, where that is not all of
            it; the rest must stay as it is, and is held to no truth.
        work: case -> what the algorithm must do for it at least; None: no floor can be told.
        headline: the cases whose speed is looked at, by `repoops verify --bench`.
        baselines: what they are timed against, beside `peer`.
    """

    name: str
    make: Callable[[Case], tuple[Any, ...]]
    empty: Callable[..., Any]
    oracle: Callable[..., Any]
    peer: Callable[..., Any]
    cases: tuple[Case, ...]
    versions: tuple[Version, ...]
    source: str
    tolerance: FromError = field(default_factory=FromError)
    writes: Callable[..., Any] | None = None
    work: Callable[[Case], Work] | None = None
    headline: tuple[Case, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError where two cases or two versions could not be told apart in a report."""
        for what, names in (
            ("cases", [c.id for c in self.cases]),
            ("versions", [v.name for v in self.versions]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice or not names:
                raise ValueError(
                    f"{self.name}: {what} need names of their own: {', '.join(twice) or 'there are none'}"
                )

    def is_headline(self, case: Case) -> bool:
        """Whether a case is one whose speed is looked at."""
        return case.id in {each.id for each in self.headline}

"""The judge accepts what is right in the kernel's dtype and names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.report.verification import Finding
from repoops.suite.judge import Judgement, judge
from repoops.suite.spec import Case, Version
from tests.suite.ops import KERNEL, SCALE, Write, judged, reference, specification

Tensor = torch.Tensor


def right(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
    """As a kernel does it: sums in float32, one rounding at the end."""
    out.copy_(reference(q.float(), k.float(), v.float()))


def like_torch(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
    out.copy_(reference(q, k, v))


@pytest.mark.parametrize("write", [right, like_torch])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("s", [1, 65])
def test_a_right_kernel_is_accepted(write: Write, dtype: str, s: int) -> None:
    found = judged(write, s=s, dtype=dtype)
    assert found.faults == ()
    assert 0 <= found.error.max <= found.error.bound
    assert found.error.row_l2 <= found.error.row_l2_bound
    assert found.outcome.ran_on == "cpu: a function of the test's"


def spoilt(change: Callable[[Tensor], object]) -> Write:
    """A right result that is then changed."""

    def write(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        right(q, k, v, out)
        change(out)

    return write


def instead(result: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Write:
    """Another function of the inputs, in float32."""

    def write(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        out.copy_(result(q.float(), k.float(), v.float()))

    return write


def causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    seen = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril()
    return torch.softmax((q @ k.mT * SCALE).masked_fill(~seen, float("-inf")), -1) @ v


WRONG: dict[str, Write] = {
    "zeros": spoilt(lambda out: out.zero_()),
    "ones": spoilt(lambda out: out.fill_(1.0)),
    "the values' mean": instead(lambda q, _, v: v.mean(1, keepdim=True).expand_as(q)),
    "no softmax scale": instead(lambda q, k, v: torch.softmax(q @ k.mT, -1) @ v),
    "half of each dot product": instead(lambda q, k, v: reference(q[..., :32], k[..., :32], v)),
    "a tile of keys dropped": instead(lambda q, k, v: reference(q, k[:, :64], v[:, :64])),
    "causal where it is not": instead(causal),
    "keys and values swapped": instead(lambda q, k, v: reference(q, v, k)),
    "one wrong row": spoilt(lambda out: out[1, 7].mul_(1.05)),
    "one wrong element": spoilt(lambda out: out[0, 3, 5].add_(0.02)),
    "rows permuted": spoilt(lambda out: out.copy_(out.roll(1, 1).clone())),
    "heads swapped": spoilt(lambda out: out.copy_(out.flip(0).clone())),
    "columns reversed": spoilt(lambda out: out.copy_(out.flip(-1).clone())),
    "twice as large": spoilt(lambda out: out.mul_(2)),
    "2 % too large": spoilt(lambda out: out.mul_(1.02)),
    "a NaN": spoilt(lambda out: out[1, 2, 3].fill_(float("nan"))),
    "an infinity": spoilt(lambda out: out[1, 2, 3].fill_(float("inf"))),
}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_kernel_is_killed(name: str, dtype: str) -> None:
    assert judged(WRONG[name], dtype=dtype).faults != ()


def test_a_missing_part_is_told_by_elements_and_rows() -> None:
    def half(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        out[:, :30] = reference(q.float(), k.float(), v.float())[:, :30].half()

    found = judged(half)
    assert found.faults == (
        "4480 of 8320 elements (53.8 %) were never written, the first at (0, 30, 0); 70 of 130 rows wholly",
    )
    assert (
        found.error.max <= found.error.bound
    )  # what was written is right, and is held to the oracle all the same


def test_what_was_written_is_judged_even_where_a_part_is_missing() -> None:
    def wrong_half(_q: Tensor, _k: Tensor, _v: Tensor, out: Tensor) -> None:
        out[:, :30] = 0

    missing, deviates = judged(wrong_half).faults
    assert missing.startswith("4480 of 8320 elements")
    assert deviates.startswith("deviates by ")


def test_one_element_never_written_is_seen() -> None:
    def all_but_one(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        former = out[1, 64, 63].clone()
        right(q, k, v, out)
        out[1, 64, 63] = former

    (said,) = judged(all_but_one).faults
    assert said == "1 of 8320 elements (0.012 %) were never written, the first at (1, 64, 63)"


@pytest.mark.parametrize(("at", "offset"), [(-1, -1), (8320, 8320), (-64, -64), (8383, 8383)])
def test_a_write_outside_the_output_is_seen(at: int, offset: int) -> None:
    def outside(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        right(q, k, v, out)
        out.as_strided((1,), (1,), out.storage_offset() + at).fill_(0.5)

    assert judged(outside).faults == (
        f"wrote 1 elements outside its output, the first at offset {offset} of 8320 elements",
    )


def test_a_read_outside_an_input_shows_in_the_result() -> None:
    def one_key_too_many(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        longer = [t.as_strided((1, 66, 64), t.stride(), t.storage_offset() + 65 * 64).float() for t in (k, v)]
        right(q, k, v, out)
        out[1] = reference(q[1:].float(), *longer)[0].to(out.dtype)

    (said,) = judged(one_key_too_many).faults
    assert said.startswith("4160 of 8320 elements are NaN or infinite")


def test_an_input_that_is_written_to_is_seen() -> None:
    def spoils(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        right(q, k, v, out)
        k[0, 0, 0] += 1
        v.as_strided((2,), (1,), v.storage_offset() + v.numel()).fill_(0)

    assert judged(spoils).faults == (
        "wrote 1 elements in or around input 1",
        "wrote 2 elements in or around input 2",
    )


def test_two_runs_must_agree_to_the_bit_unless_the_version_says_otherwise() -> None:
    def alternating() -> Write:
        calls: list[int] = []

        def write(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
            right(q, k, v, out)
            calls.append(1)
            if len(calls) == 2:
                out[0, 0, 0] = torch.nextafter(out[0, 0, 0].float(), torch.tensor(9.0))

        return write

    assert judged(alternating(), dtype="float32").faults == ("two runs on the same input differ",)
    assert judged(alternating(), dtype="float32", deterministic=False).faults == ()


def test_findings_of_a_checker_fail_a_case_whose_numbers_are_right() -> None:
    race = Finding("racecheck", "read-after-write", "missing barrier")
    assert judged(right, findings=(race,)).faults == ("racecheck: missing barrier",)


def test_both_families_of_inputs_are_judged() -> None:
    spec = specification()
    for case in spec.cases:

        def run(kernel: Kernel, launch: Launch) -> Outcome:
            right(*launch.args)
            return Outcome(ran_on=f"cpu: for {kernel.name}")

        assert judge(spec, spec.versions[0], case, (run, run), "cpu").faults == (), case.id


def in_two_steps(first: Write, second: Write) -> Judgement:
    """What the judge says of a version that computes its weights by one launch and its output by another."""
    weights = Kernel(KERNEL.source, "weights")

    def plan(_: Case, inputs: tuple[Tensor, ...], out: Tensor) -> tuple[tuple[Kernel, Launch], ...]:
        q, k, v = inputs
        workspace = torch.zeros(q.shape[0], q.shape[1], k.shape[1])
        return (
            (weights, Launch((1, 1, 1), (32, 1, 1), (q, k, v, workspace), outputs=(3,))),
            (KERNEL, Launch((1, 1, 1), (64, 1, 1), (workspace, k, v, out))),
        )

    def run(kernel: Kernel, launch: Launch) -> Outcome:
        assert launch.outputs == (3,)  # named by the plan in the first, the specification's in the second
        (first if kernel == weights else second)(*launch.args)
        race = Finding("racecheck", "read-after-write", "missing barrier", kernel=kernel.name)
        counters = {"barriers": launch.threads, "tensor_ops": 0}
        return Outcome("cpu: two functions", findings=(race,), counters=counters, printed=kernel.name)

    spec = replace(specification(), versions=(Version("two_steps", plan),))
    return judge(spec, spec.versions[0], spec.cases[-1], (run, run), "cpu")


def weigh(q: Tensor, k: Tensor, _v: Tensor, workspace: Tensor) -> None:
    workspace.copy_(torch.softmax(q.float() @ k.float().mT * SCALE, -1))


def add_up(weights: Tensor, _k: Tensor, v: Tensor, out: Tensor) -> None:
    out.copy_(weights @ v.float())


def test_launches_that_follow_each_other_are_judged_as_one() -> None:
    found = in_two_steps(weigh, add_up)
    assert found.error.max <= found.error.bound
    assert found.outcome.counters == {"barriers": 96, "tensor_ops": 0}
    assert found.outcome.printed == "weightsattention"
    assert found.outcome.elapsed_us is None
    assert [finding.kernel for finding in found.findings] == ["weights", "attention"]
    assert found.faults == ("racecheck: missing barrier", "racecheck: missing barrier")


def test_workspace_holds_nothing_before_the_launch_that_writes_it() -> None:
    def all_but_a_row(q: Tensor, k: Tensor, v: Tensor, workspace: Tensor) -> None:
        kept = workspace[0, 1].clone()
        weigh(q, k, v, workspace)
        workspace[0, 1] = kept

    strange, *races = in_two_steps(all_but_a_row, add_up).faults
    assert strange.startswith("64 of 8320 elements are NaN or infinite where the truth is not")
    assert len(races) == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (30, ()),
        (
            32,
            ("wrote 256 elements of its output that must stay as they are, the first at (0, 30, 0)",),
        ),
        (
            29,
            (
                "128 of 8320 elements (1.54 %) were never written, the first at (0, 29, 0); 2 of 130 rows wholly",
            ),
        ),
    ],
)
def test_what_is_not_to_be_written_must_stay(rows: int, said: tuple[str, ...]) -> None:
    """As of a cache that new rows are put into: the first 30 of 65 are to be written."""

    def write(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
        out[:, :rows] = reference(q.float(), k.float(), v.float())[:, :rows].half()

    def run(_: Kernel, launch: Launch) -> Outcome:
        write(*launch.args)
        unseen = Finding("coverage", "unwritten", "rows were never written")
        return Outcome(ran_on="cpu: a function of the test's", findings=(unseen,))

    spec = replace(
        specification(), writes=lambda _, q, *__: torch.zeros(q.shape, dtype=torch.bool).index_fill_(1, torch.arange(30), True)
    )  # fmt: skip
    (case,) = (c for c in spec.cases if c.id == "H2-S65-fp16")
    found = judge(spec, spec.versions[0], case, (run, run), "cpu")
    assert found.faults == said
    assert found.findings == ()  # the check knows nothing of parts


def test_an_output_that_a_launch_takes_in_parts_is_no_workspace() -> None:
    """Workspace is filled with NaN before; of an output it must show what was never written."""
    plan = replace(
        specification().versions[0],
        plan=lambda _, inputs, out: (
            KERNEL,
            Launch((1, 1, 1), (32, 1, 1), (*inputs, out[0], out[1]), outputs=(3, 4)),
        ),
    )

    def run(_: Kernel, launch: Launch) -> Outcome:
        q, k, v, first, _second = launch.args
        first.copy_(reference(q.float(), k.float(), v.float())[0])
        return Outcome(ran_on="cpu: a function of the test's")

    spec = specification()
    (case,) = (c for c in spec.cases if c.id == "H2-S65-fp16")
    assert judge(spec, plan, case, (run, run), "cpu").faults == (
        "4160 of 8320 elements (50 %) were never written, the first at (1, 0, 0); 65 of 130 rows wholly",
    )

"""Gates on what a run counted: what they let pass, what they say, and that they are held where a kernel runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from repoops.kernel.model import COUNTERS, Outcome
from repoops.nvidia.sass import COUNTED
from repoops.report.verification import Resources, VerificationReport
from repoops.suite import gates
from repoops.suite.gates import Counted
from repoops.suite.spec import Case
from tests.suite.project import SCALE_CU, add_kernel, project, pytest_in

CASE = Case((("n", 8),), "float32")


def outcome(**counts: int) -> Outcome:
    line = ("kernels/k.cu", 7, {name: count for name, count in counts.items() if count})
    return Outcome("cpu: a stand-in", counters=dict.fromkeys(COUNTERS, 0) | counts, line_counters=(line,))


@pytest.mark.parametrize(
    ("gate", "counts", "said"),
    [
        (gates.bank_conflicts(0), {}, None),
        (gates.bank_conflicts(2), {"bank_conflicts": 2}, None),
        (gates.bank_conflicts(), {"bank_conflicts": 3}, "has 3 bank conflicts, at most 0, most of them at k.cu:7 (3)"),
        (gates.sectors_per_request(4), {}, None),  # no request at all
        (gates.sectors_per_request(4), {"global_requests": 2, "global_sectors": 8}, None),
        (gates.sectors_per_request(4), {"global_requests": 2, "global_sectors": 9},
         "takes 4.50 sectors a request to global memory, at most 4, most of them at k.cu:7 (9)"),
        (gates.requires_tensor_cores, {"tensor_ops": 1}, None),
        (gates.requires("HMMA", "LDGSTS", "barriers"), {"barriers": 1}, "executes no HMMA, no LDGSTS"),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_wrong_and_where_most_of_it_is(
    gate: Counted, counts: dict[str, int], said: str | None
) -> None:
    assert gate.fault(outcome(**counts), CASE) == said


@pytest.mark.parametrize(
    "gate",
    [
        gates.bank_conflicts(),
        gates.sectors_per_request(4),
        gates.requires_async_copy,
        gates.traffic(lambda case: gates.Bytes(case["n"], 0)),
    ],
)
def test_what_nobody_counted_is_no_zero(gate: Counted) -> None:
    said = gate.fault(Outcome("cpu: a stand-in", counters={"instructions": 1}), CASE)
    assert said is not None
    assert said.startswith("cannot be held to its gates: ")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"bytes_global_read": 80, "bytes_shared_written": 40}, None),
        ({"bytes_global_read": 88, "bytes_shared_written": 36}, None),
        ({"bytes_global_read": 89, "bytes_shared_written": 40}, "89 bytes of global memory read, by the algorithm 80, most of them at k.cu:7 (89)"),
        ({"bytes_global_read": 80, "bytes_shared_written": 35}, "35 bytes of shared memory written, by the algorithm 40, most of them at k.cu:7 (35)"),
        ({"bytes_global_read": 80, "bytes_shared_written": 40, "bytes_shared_read": 4}, "4 bytes of shared memory read, by the algorithm 0, most of them at k.cu:7 (4)"),
    ],
)  # fmt: skip
def test_bytes_are_held_to_the_count_of_the_algorithm_for_the_case(
    counts: dict[str, int], said: str | None
) -> None:
    gate = gates.traffic(lambda case: gates.Bytes(10 * case["n"], 0, 0, 5 * case["n"]))
    wanted = said and f"moves other bytes than its algorithm: {said}"
    assert gate.fault(outcome(**counts), CASE) == wanted
    assert (gate.name, gate.limit) == ("traffic", "within 10% of the algorithm's bytes")


def test_a_gate_on_what_nothing_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing counts HMNA; there are HMMA"):
        gates.requires("HMNA")


def test_gates_are_held_where_the_kernel_runs(tmp_path) -> None:
    repo = project(tmp_path / "r")
    strided = SCALE_CU.replace("scale", "strided").replace(
        "blockIdx.x * blockDim.x + threadIdx.x", "threadIdx.x * 8 % 257"
    )
    add_kernel(repo, "strided", strided.replace("i < n", "threadIdx.x < 257 && i < n"))
    spec = repo.read("kernels/strided/spec.py").decode()
    repo.write(
        "kernels/strided/spec.py",
        spec.replace("gates.no_stack", "gates.sectors_per_request(4), gates.requires('HMMA')"),
    )
    said = pytest_in(repo, "--repoops-backend=cpu", "kernels/strided", "-k", "n257").stdout
    assert (
        "takes 25.75 sectors a request" in said or "sectors a request to global memory, at most 4" in said
    ), said
    assert "most of them at strided.cu:4" in said
    assert "executes no HMMA" in said


def with_instructions(**counts: int) -> Resources:
    found = dict.fromkeys(COUNTED, 0) | {name.replace("_", "."): count for name, count in counts.items()}
    return Resources("sm_89", 40, 0, 0, 0, 0, 0, instructions=tuple(found.items()))


@pytest.mark.parametrize(
    ("least", "counts", "said"),
    [
        ({"HMMA": 1}, {"HMMA": 1}, None),
        ({"HMMA": 2, "LDG_128": 1}, {"HMMA": 1, "LDG_128": 4}, "has 1 HMMA, at least 2 in its machine code"),
        ({"LDL": 0}, {}, None),
        (
            {"LDL": 0, "LDSM": 1},
            {"LDL": 3},
            "has 3 LDL, none allowed; 0 LDSM, at least 1 in its machine code",
        ),
    ],
)
def test_a_gate_on_machine_code_says_how_many_there_are(
    least: dict[str, int], counts: dict[str, int], said: str | None
) -> None:
    assert gates.machine_code(**least).fault(with_instructions(**counts)) == said


def test_a_gate_on_an_instruction_that_nothing_counts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nothing counts HMNA; there are HMMA, .*LDG\.128"):
        gates.machine_code(HMNA=1)


def test_machine_code_is_looked_at_on_every_architecture(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    spec = repo.read("kernels/scale/spec.py").decode()
    repo.write("kernels/scale/spec.py", spec.replace("gates.no_stack", "gates.machine_code(HMMA=1, FFMA=0)"))
    pytest_in(repo, "--repoops-backend=compile", "kernels", "--repoops-report=r.json")
    report = VerificationReport.from_json(json.loads(repo.read("r.json")))
    failed = {r.check: getattr(r.result, "why", "") for r in report.results if r.outcome == "failed"}
    assert failed == dict.fromkeys(
        ("compile[sm_80]", "compile[sm_90]"), "scale has 0 HMMA, at least 1 in its machine code"
    )
    (first, second) = (r.resources for r in report.results if r.outcome == "failed")
    assert first is not None
    assert second is not None
    assert dict(first.instructions)["LDG.128"] == 0
    assert dict(first.instructions)["instructions"] > 5
    assert first.sass_sha256 != second.sass_sha256

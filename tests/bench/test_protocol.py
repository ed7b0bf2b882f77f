from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from repoops.bench import measure, processes, protocol, statistics, timers
from repoops.bench.processes import Measurement, Task
from repoops.bench.statistics import Samples
from repoops.errors import RepoOpsError
from repoops.kernel.contest import Call, Contender, Contest
from repoops.nvidia.clocks import State
from repoops.report.speed import Floor
from repoops.report.verification import CaseResult, Failed, NotRun, Passed

ROOT = Path(__file__).parent.parent.parent
FINE, CAPPED = State(2040, 0x1), State(900, 0x4)


class Scripted:
    """A clock that gives every call its own number as time, and a card that throttles when it is told to."""

    where = "cuda: NVIDIA L4"
    method = "graph replay"
    l2_bytes = 1000

    def __init__(self, states: Sequence[State | str] = (FINE,)) -> None:
        self.states, self.asked, self.turns, self.sizes = states, 0, [], []

    def prepare(self, calls: Sequence[Call], *, short: bool) -> timers.Take:  # noqa: ARG002 - a timer has it
        which = calls[0]()
        self.sizes.append(len(calls))

        def take(samples: int) -> list[float]:
            self.turns.append(which)
            return [10.0] * samples

        return take

    def state(self) -> State | str:
        self.asked += 1
        return self.states[self.asked % len(self.states)]


def contender(name: str, *faults: str | None, lacking: str = "") -> Contender:
    """Says one fault after the other, and then the last again."""
    left = list(faults or (None,))
    return Contender(
        name,
        "1.0",
        lambda _: lambda: name,
        lambda _: left.pop(0) if len(left) > 1 else left[0],
        lacking,
    )


def played(timer: Scripted, *baselines: Contender, candidate: Contender | None = None) -> protocol.Process:
    return protocol.run(Contest(candidate or contender("ours"), baselines, 300), timer, samples=100, seed=1)


def test_contenders_take_turns_in_an_order_that_changes() -> None:
    timer = Scripted()
    found = played(timer, contender("theirs"))
    assert {key: len(series.samples) for key, series in found.series.items()} == {
        (name, l2): 100 for name in ("ours", "theirs", protocol.CONTROL) for l2 in ("cold", "warm")
    }
    rounds = [timer.turns[1 + 3 + n : 1 + 3 + n + 3] for n in range(0, 30, 3)]
    assert all(sorted(turn) == ["ours", "ours", "theirs"] for turn in rounds)
    assert len({tuple(turn) for turn in rounds}) > 1
    assert found.method == "graph replay"


def test_cold_buffers_are_twice_the_cache_together_and_warm_ones_are_the_same() -> None:
    timer = Scripted()
    played(timer)
    assert timer.sizes == [1, 7, 7, 1, 1]  # 7 x 300 bytes against a cache of 1000
    assert protocol.copies_for(10**9, 10**6) == 2


def test_blocks_beside_a_throttled_state_are_dropped_and_counted() -> None:
    found = played(Scripted((FINE, FINE, FINE, CAPPED)))
    assert sum(series.dropped for series in found.series.values()) == sum(
        len(series.samples) for series in found.series.values()
    )
    assert found.clocks == (900, 2040)
    assert found.notes == ("throttled: power cap",)


def test_a_card_that_cannot_be_read_is_noted() -> None:
    assert played(Scripted(("NVML cannot be asked: no driver",))).notes == (
        "NVML cannot be asked: no driver",
    )


@pytest.mark.parametrize(("faults", "when"), [(("bad",), "before"), ((None, "bad"), "after")])
def test_times_of_a_wrong_contender_do_not_count(faults: tuple[str | None, ...], when: str) -> None:
    found = played(Scripted(), contender("theirs", *faults))
    assert found.lacking == {"theirs": f"wrong {when} it was timed: bad"}
    assert ("theirs", "cold") not in found.series
    assert ("ours", "cold") in found.series


def test_nothing_is_timed_beside_a_wrong_candidate() -> None:
    timer = Scripted()
    found = played(timer, contender("theirs"), candidate=contender("ours", "bad"))
    assert (found.series, timer.turns) == ({}, [])
    assert found.lacking["ours"] == "wrong before it was timed: bad"


def test_a_process_survives_json() -> None:
    found = played(Scripted((FINE, CAPPED)), contender("theirs", lacking="xformers is not installed"))
    assert protocol.Process.from_json(json.loads(json.dumps(found.to_json()))) == found


# ---- real processes, real operations, this machine's clock


@pytest.fixture(scope="module")
def on_host() -> Measurement:
    return processes.measure(Task("tests.bench.contests:sums", {}, "host", "sums"), ROOT, seed=7)


def test_the_same_protocol_times_torch_on_the_cpu(on_host: Measurement) -> None:
    assert (on_host.where, on_host.method) == ("host clock, CPU", "host clock")
    assert on_host.lacking.keys() == {"wrong", "absent", "picky"}
    assert on_host.lacking["wrong"].startswith("wrong before it was timed: gives ")
    assert on_host.lacking["absent"] == "flash-attn is not installed"
    assert on_host.lacking["picky"] == "does not take this case: No available kernel. Aborting execution."
    assert all(s.lacking is None for s in on_host.series.values())
    assert on_host.notes == ("the host clock knows nothing of throttling",)


def test_twelve_times_the_work_is_never_told_to_be_as_fast(on_host: Measurement) -> None:
    said = measure.judged(on_host, "once", l2="warm", floor_us=0.0, seed=0)
    assert isinstance(said, measure.Judged)
    often = said.rivals[0]
    assert often.ratio is not None
    assert often.ratio < 0.5
    fault = statistics.control_fault(said.control)  # a busy machine may not tell a thing from itself
    assert (often.verdict, often.why) == (("AMBIGUOUS", fault) if fault else ("FASTER", ""))
    assert [rival.verdict for rival in said.rivals[1:]] == ["NOT MEASURED"] * 3


def test_the_host_clock_gives_no_gpu_time(on_host: Measurement) -> None:
    said = measure.judged(on_host, "once", l2="cold", floor_us=0.0, seed=0)
    assert isinstance(said, measure.Judged)
    with pytest.raises(ValueError, match="GPU time from host clock, CPU"):
        measure.timing(said, on_host, None)


def test_what_a_process_cannot_do_is_one_line() -> None:
    for factory, said in (
        ("refused", "sums was not timed: k.cu:1: the kernel does not compile"),
        ("dies", "a process that timed sums ended with status 1: the card has fallen off the bus"),
    ):
        with pytest.raises(RepoOpsError) as caught:
            processes.measure(Task(f"tests.bench.contests:{factory}", {}, "host", "sums"), ROOT)
        assert str(caught.value) == said


def test_without_a_card_the_cuda_timer_says_so() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RepoOpsError, match="torch has no GPU"):
        timers.timer("cuda")


# ---- from samples to a report


def measurement(**medians: float) -> Measurement:
    series = {
        (protocol.CONTROL if name == "control" else name, l2): Samples(tuple((us * 0.999, us, us * 1.001) * 40 for _ in range(5)))
        for name, us in medians.items()
        for l2 in protocol.CACHES
    }  # fmt: skip
    versions = dict.fromkeys([*(key[0] for key in series), "xformers"], "2.13")
    lacking = {"xformers": "xformers is not installed"}
    return Measurement("cuda: NVIDIA L4", "graph replay", series, lacking, versions, (1900, 2040), ())


ROW = CaseResult(
    "kernels/attention/spec.py::tiled::bench[sm_89, S512]",
    "attention",
    "tiled",
    "bench[sm_89, S512]",
    "",
    NotRun("listed"),
    0.0,
)


def test_a_measurement_becomes_a_cold_and_a_warm_row() -> None:
    found = measurement(ours=20.0, control=20.0, flash=25.0)
    cold, warm = measure.rows(ROW, found, "ours", Floor("L4", 4.4, 7.0), 0)
    assert [row.test.rsplit("::", 1)[1] for row in (cold, warm)] == ["cold", "warm"]
    assert (cold.result, cold.ran_on) == (Passed(), "cuda: NVIDIA L4")
    assert cold.timing is not None
    assert warm.timing is not None
    assert (cold.timing.floor_us, warm.timing.floor_us) == (7.0, 4.4)
    assert (cold.timing.p50_us, cold.timing.samples, cold.timing.processes) == (20.0, 600, 5)
    assert (cold.timing.baseline, cold.timing.baseline_p50_us) == ("flash", 25.0)
    assert [(r.name, r.verdict, r.why) for r in cold.timing.rivals] == [
        ("flash", "FASTER", ""),
        ("xformers", "NOT MEASURED", "xformers is not installed"),
    ]


def test_a_time_below_the_floor_fails() -> None:
    cold, warm = measure.rows(ROW, measurement(ours=5.0, control=5.0), "ours", Floor("L4", 4.4, 7.0), 0)
    assert cold.result == Failed("IMPLAUSIBLE: 5 µs is below the floor of 7 µs")
    assert warm.result == Passed()


def test_too_few_samples_are_not_measured() -> None:
    found = measurement(ours=5.0, control=5.0)
    few = {key: Samples(series.processes[:4], 100) for key, series in found.series.items()}
    cold, _ = measure.rows(
        ROW, Measurement(found.where, "", few, {}, found.versions, None, ()), "ours", None, 0
    )
    assert cold.timing is None
    assert isinstance(cold.result, NotRun)
    assert (
        "4 processes have 100 valid samples, 5 must; 100 samples were dropped as throttled" in cold.result.why
    )


def test_processes_timed_in_different_ways_do_not_mix() -> None:
    one = protocol.Process("cuda: NVIDIA L4", "graph replay", {}, {}, {}, None, ())
    other = protocol.Process("cuda: NVIDIA L4", "CUDA events", {}, {}, {}, None, ())
    with pytest.raises(RepoOpsError, match="timed in different ways"):
        processes.together([one, other])


def test_the_task_of_a_row_names_specification_version_and_case() -> None:
    assert measure.task(ROW, "f").arguments == {
        "device": "cuda", "spec": "kernels/attention/spec.py", "version": "tiled", "case": "S512",
    }  # fmt: skip

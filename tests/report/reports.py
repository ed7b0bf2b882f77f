"""Any report that the types allow, for property tests; and one of each kind of result, written out."""

from __future__ import annotations

from hypothesis import strategies as st

from repoops.report.evidence import Subject
from repoops.report.held import HELD_TO, NO_CHANGE, Change, Held
from repoops.report.shards import Shard
from repoops.report.speed import Floor, Rival, Timing, Work
from repoops.report.verification import (
    SEVERITIES,
    CaseResult,
    Error,
    Failed,
    Finding,
    LineCounts,
    Mutant,
    NotRun,
    Passed,
    Resources,
    VerificationReport,
)

TREE = "0123456789abcdef0123456789abcdef01234567"
TEXT = st.text(max_size=30)
WORDS = st.text(min_size=1, max_size=30)
COUNT = st.integers(0, 2**31)
SECONDS = st.floats(0, 1e6)
PLACE = st.none() | st.tuples(COUNT, COUNT, COUNT)
DEVIATION = st.floats(allow_nan=False)
OIDS = st.text("0123456789abcdef", min_size=40, max_size=40)

SUBJECTS = st.builds(Subject, st.none() | OIDS, OIDS, st.booleans(), st.lists(TEXT, max_size=2).map(tuple))
ERRORS = st.builds(
    Error, DEVIATION, DEVIATION, DEVIATION, DEVIATION, st.lists(COUNT, max_size=4).map(tuple), TEXT
)
RESOURCES = st.builds(
    Resources, st.sampled_from(["sm_80", "sm_90a"]), COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, st.none() | COUNT, COUNT,
    st.none() | COUNT, st.none() | st.floats(0, 1), st.none() | TEXT, st.none() | TEXT,
    st.none() | st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:".__add__),
    st.dictionaries(TEXT, COUNT, max_size=3).map(lambda d: tuple(d.items())), st.none() | TEXT,
)  # fmt: skip
FINDINGS = st.builds(
    Finding, TEXT, TEXT, TEXT, st.none() | TEXT, st.none() | st.integers(1, 10**6), PLACE, PLACE, st.none() | COUNT,
    st.none() | TEXT, st.integers(1, 2**40), st.sampled_from(SEVERITIES), st.none() | st.integers(1, 10**4),
    st.none() | TEXT, st.none() | TEXT,
)  # fmt: skip
POSITIVE = st.floats(1e-9, 1e9)
INTERVAL = st.none() | st.tuples(POSITIVE, POSITIVE)
RIVALS = st.builds(
    Rival, TEXT, TEXT, st.sampled_from(["FASTER", "NOT MEASURED"]), TEXT, st.none() | POSITIVE, INTERVAL, st.none() | POSITIVE,
    INTERVAL,
)  # fmt: skip
TIMINGS = st.builds(
    Timing, TEXT, st.integers(1, 10**6), POSITIVE, POSITIVE, POSITIVE, st.none() | TEXT, st.none() | POSITIVE, INTERVAL,
    st.none() | st.integers(1, 9), COUNT, st.sampled_from([None, "cold", "warm"]), st.none() | POSITIVE, INTERVAL,
    st.none() | POSITIVE, st.lists(RIVALS, max_size=2).map(tuple), st.none() | st.tuples(COUNT, COUNT),
)  # fmt: skip
WORKS = st.builds(Work, COUNT, COUNT, st.sampled_from(["tensor16", "fp32"]))
FLOORS = st.builds(Floor, TEXT, POSITIVE, POSITIVE)
COUNTS = st.dictionaries(TEXT, COUNT, max_size=3).map(lambda d: tuple(d.items()))
ON_CARD = st.builds(
    CaseResult, TEXT, TEXT, TEXT, WORDS, WORDS.map("cuda: ".__add__),
    st.just(Passed()) | WORDS.map(Failed) | WORDS.map(NotRun), SECONDS, st.none() | ERRORS, st.none() | RESOURCES,
    st.lists(FINDINGS, max_size=2).map(tuple), st.none() | TIMINGS, COUNTS,
    st.lists(st.builds(LineCounts, TEXT, COUNT, COUNTS), max_size=2).map(tuple), st.lists(TEXT, max_size=2).map(tuple),
    st.none() | WORKS, st.none() | st.tuples(COUNT, COUNT, COUNT), st.lists(FLOORS, max_size=2).map(tuple),
)  # fmt: skip
MUTANTS = st.builds(
    Mutant, TEXT, WORDS, st.lists(WORDS, min_size=1, max_size=2).map(tuple), TEXT,
    st.lists(st.sampled_from(["numerics", "racecheck"]), min_size=1, max_size=2, unique=True).map(tuple), st.none() | TEXT,
    st.none() | TEXT,
)  # fmt: skip
TRIED = st.builds(
    CaseResult, TEXT, TEXT, TEXT, TEXT.map("mutant[{}]".format), st.just("cpu: x86_64"),
    st.just(Passed()) | WORDS.map(Failed) | WORDS.map(NotRun), SECONDS, mutant=MUTANTS,
)  # fmt: skip
COMPILED = st.builds(
    CaseResult, TEXT, TEXT, TEXT, st.sampled_from(["compile[sm_80]", "test"]), st.sampled_from(["compile: sm_80", ""]),
    st.just(Passed()) | WORDS.map(Failed) | WORDS.map(NotRun), SECONDS, st.none(), st.none() | RESOURCES,
)  # fmt: skip
PAIRS = st.dictionaries(WORDS, TEXT, max_size=4).map(lambda d: tuple(d.items()))
HELD = st.builds(
    Held, WORDS, WORDS, PAIRS, st.lists(WORDS, max_size=3, unique=True).map(tuple),
    st.lists(WORDS, max_size=3, unique=True).map(tuple), TEXT, PAIRS,
    st.dictionaries(WORDS, st.tuples(COUNT, COUNT, COUNT, COUNT), max_size=3).map(lambda d: tuple(d.items())),
)  # fmt: skip
REPORTS = st.builds(
    VerificationReport,
    st.none() | SUBJECTS,
    st.sampled_from(["cuda", "cpu", "compile", "none"]),
    st.dictionaries(TEXT, TEXT, max_size=3).map(lambda d: tuple(d.items())),
    st.lists(ON_CARD | COMPILED | TRIED, max_size=4).map(tuple),
    st.lists(st.tuples(TEXT, WORDS), max_size=2).map(tuple),
    st.datetimes().map(lambda d: d.isoformat() + "+02:00"),
    SECONDS,
    st.lists(TEXT, max_size=3).map(tuple),
    st.integers(-15, 5),
    st.lists(HELD, max_size=2).map(tuple),
    st.none() | OIDS,
    st.lists(st.builds(Change, st.sampled_from([NO_CHANGE, HELD_TO]), TEXT, TEXT, TEXT), max_size=2).map(
        tuple
    ),
    st.none() | st.builds(Shard, st.just(1), st.integers(1, 9), st.lists(TEXT, max_size=2).map(tuple)),
)

RESOURCE = Resources("sm_89", 40, 0, 0, 0, 9344, 0, 128, 0, 10, 0.8333, "shared memory", "attention")


def written_out() -> VerificationReport:
    """A failure, a pass, what did not run, a finding, and something that could not begin."""
    hazard = Finding(
        "racecheck",
        "read-after-write",
        "missing barrier",
        "kernels/attention/tiled.cu",
        40,
        buffer="tile_k",
        count=3,
        thread=(32, 0, 0),
        block=(0, 1, 0),
        address=16,
        column=13,
        source="    total = partial[lane];",
        kernel="attention_tiled",
    )
    benign = Finding("racecheck", "same-value-write", "all write 1", count=100, severity="warning")
    return VerificationReport(
        subject=Subject("a" * 40, TREE, dirty=True),
        backend="cuda",
        environment=(("cuda", "NVIDIA L4, sm_89"), ("torch", "2.13.0")),
        results=(
            CaseResult("spec.py::tiled::compile[sm_89]", "attention", "tiled", "compile[sm_89]", "compile: sm_89", Passed(), 0.5,
                       resources=RESOURCE),
            CaseResult("spec.py::tiled[S1-fp16]", "attention", "tiled", "numerics[S1-fp16]", "cuda: NVIDIA L4", Passed(), 0.1,
                       error=Error(0.001, 0.004, 1e-3, 4e-3, (0, 0, 1, 2), "2 x torch")),
            CaseResult("spec.py::tiled[S65-fp16]", "attention", "tiled", "numerics[S65-fp16]", "cuda: NVIDIA L4",
                       Failed("deviates by 0.5\nsecond line"), 0.1, error=Error(0.5, 0.004, 1.0, 4e-3, (0, 0, 64, 0), "2 x torch"),
                       findings=(benign, hazard, hazard), counters=(("global_requests", 10), ("global_sectors", 41)),
                       notes=("compiled by nvcc 13.5: host code",)),
            CaseResult("spec.py::tiled[S9-fp8]", "attention", "tiled", "numerics[S9-fp8]", "", NotRun("needs sm_90"), 0.0),
        ),
        not_run=(("kernels/gemm/spec.py", "ImportError: no module named numpy"),),
        started="2025-10-14T15:10:00-03:00",
        duration_s=12.345,
        command=("python", "-m", "pytest"),
        pytest_exit=1,
    )  # fmt: skip

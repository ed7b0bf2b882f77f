"""Two reports side by side: what is told of an edit, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.report.compare import changes
from repoops.report.held import Change, Held, gathered
from repoops.report.verification import CaseResult, Error, Passed, VerificationReport
from tests.report.reports import HELD, written_out

TILED = Held(
    "attention", "tiled", limits=(("tolerance", "k = 2"), ("registers", "at most 48"), ("spills", "none")),
    cases=("S1-fp16", "S65-fp16"), mutants=("missing-barrier",), source="sha256:a",
    machine_code=(("sm_80", "sha256:80"), ("sm_89", "sha256:89")),
    traffic=(("S1-fp16", (640, 128, 512, 0)), ("S65-fp16", (9000, 8320, 70000, 0))),
)  # fmt: skip


def report(*held: Held) -> VerificationReport:
    return replace(written_out(), held=held)


def told(after: Held, before: Held = TILED) -> list[str]:
    return [f"{change.kind}  {change.what}" for change in changes(report(before), report(after))]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (TILED, []),
        (replace(TILED, limits=(("registers", "at most 64"), *TILED.limits[::2])), ["HELD TO  registers at most 64, was 48"]),
        (replace(TILED, limits=(("tolerance", "k = 3"), *TILED.limits[1:])), ["HELD TO  tolerance k = 3, was 2"]),
        (replace(TILED, limits=(*TILED.limits[:2], ("spills", "at most 16"))), ["HELD TO  spills at most 16, was none"]),
        (replace(TILED, limits=TILED.limits[:2]), ["HELD TO  spills no longer (none)"]),
        (replace(TILED, cases=("S1-fp16",)), ["HELD TO  1 case fewer: S65-fp16"]),
        (replace(TILED, cases=(), mutants=()), ["HELD TO  2 cases fewer: S1-fp16, S65-fp16", "HELD TO  1 mutant fewer: missing-barrier"]),
        (replace(TILED, traffic=(TILED.traffic[0], ("S65-fp16", (9000, 8320, 140000, 8)))),
         ["HELD TO  traffic is counted otherwise in 1 case, first S65-fp16: 140000 bytes of shared memory read, was 70000, 8 bytes of shared memory written, was 0"]),
        (replace(TILED, traffic=(("S1-fp16", (0, 0, 0, 0)), ("S2-fp16", (1, 1, 1, 1)))),
         ["HELD TO  traffic is counted otherwise in 1 case, first S1-fp16: 0 bytes of global memory read, was 640, 0 bytes of global memory written, was 128, 0 bytes of shared memory read, was 512"]),
        (replace(TILED, traffic=()), []),  # of a report that is older
        (replace(TILED, source="sha256:b"), ["NO CHANGE  the source changed, its machine code for sm_80, sm_89 did not"]),
        (replace(TILED, source="sha256:b", machine_code=(("sm_89", "sha256:89"), ("sm_80", "sha256:other"))),
         ["NO CHANGE  the source changed, its machine code for sm_89 did not"]),
        (replace(TILED, source="sha256:b", machine_code=(("sm_80", "x"), ("sm_89", "y"))), []),
        (replace(TILED, source="sha256:b", machine_code=()), []),
        (replace(TILED, machine_code=(("sm_80", "x"),)), []),  # a compiler's doing
    ],
)  # fmt: skip
def test_an_edit_is_told_in_plain_words(after: Held, said: list[str]) -> None:
    assert told(after) == said


def test_many_cases_that_are_gone_are_not_all_named() -> None:
    before = replace(TILED, cases=tuple(f"S{n}" for n in range(9)))
    assert told(replace(TILED, cases=("S0",)), before) == [
        "HELD TO  8 cases fewer: S1, S2, S3, S4, S5 and 3 more"
    ]


def test_a_version_that_is_gone_is_told_of_the_whole_suite_alone() -> None:
    gone = replace(TILED, version="former")
    before, after = report(TILED, gone), report(TILED)
    assert changes(before, after) == (
        Change("HELD TO", "attention", "former", "nothing any more: it is gone"),
    )
    assert changes(before, after, whole=False) == ()
    # What no longer compiles is there all the same: its failure is told, not that it is gone.
    assert changes(before, report(gone)) == ()


def bound(case: str, most: float, ran_on: str = "cpu: x", version: str = "tiled") -> CaseResult:
    error = Error(1e-4, most, 1e-4, most, (0,), "2 x torch")
    return CaseResult(
        f"t::{case}", "attention", version, f"numerics[{case}]", ran_on, Passed(), 0.1, error=error
    )


def test_a_bound_that_grew_is_told_whatever_was_edited_for_it() -> None:
    """A coarser `peer` widens every bound and changes no word of the contract."""
    before = replace(
        written_out(), results=(bound("S1", 1e-3), bound("S2", 1e-3), bound("S3", 1e-3), bound("S9", 1.0))
    )
    after = replace(
        written_out(),
        results=(
            bound("S1", 3.9e-3), bound("S2", 0.5), bound("S3", float("inf")), bound("S9", 1e-3),
            bound("S4", 1.0), bound("S1", 1.0, "cuda: NVIDIA L4"), bound("S1", 1.0, version="naive"),
        ),
    )  # fmt: skip
    said = "errors may be over 4 times larger in 2 cases, first S2: 0.5, was 0.001"
    assert changes(before, after) == (Change("HELD TO", "attention", "tiled", said),)
    assert changes(before, before) == ()


@given(st.lists(HELD, max_size=4, unique_by=lambda held: (held.kernel, held.version)))
def test_a_report_beside_itself_shows_nothing(held: list[Held]) -> None:
    assert changes(report(*held), report(*held), whole=False) == ()


@given(
    HELD,
    st.lists(st.text(min_size=1), max_size=3),
    st.dictionaries(st.text(min_size=1), st.text(), max_size=3),
)
def test_what_is_only_added_is_not_told(held: Held, names: list[str], limits: dict[str, str]) -> None:
    more = tuple((name, words) for name, words in limits.items() if name not in dict(held.limits))
    after = replace(
        held, cases=(*names, *held.cases), mutants=(*held.mutants, *names), limits=(*more, *held.limits)
    )
    assert changes(report(held), report(after), whole=False) == ()


@given(HELD, st.data())
def test_every_limit_that_goes_or_changes_is_told_once(held: Held, data: st.DataObject) -> None:
    kept = [pair for pair in held.limits if data.draw(st.booleans())]
    changed = [(name, words + "!") if data.draw(st.booleans()) else (name, words) for name, words in kept]
    found = changes(report(held), report(replace(held, limits=tuple(changed))), whole=False)
    edited = sum(pair not in held.limits for pair in changed)
    assert len(found) == len(held.limits) - len(kept) + edited
    assert {change.kind for change in found} <= {"HELD TO"}


@given(
    HELD,
    st.lists(st.sampled_from(["sm_80", "sm_89", "sm_90"]), unique=True),
    st.sets(st.sampled_from(["sm_80", "sm_89", "sm_90"])),
)
def test_no_change_names_the_architectures_that_did_not(
    held: Held, archs: list[str], moved: set[str]
) -> None:
    before = replace(held, machine_code=tuple((arch, "a") for arch in archs))
    after = replace(
        before,
        source=held.source + "!",
        machine_code=tuple((arch, "b" if arch in moved else "a") for arch in archs),
    )
    same = [arch for arch in archs if arch not in moved]
    found = [change.what for change in changes(report(before), report(after), whole=False)]
    assert found == ([f"the source changed, its machine code for {', '.join(same)} did not"] if same else [])


def test_a_version_is_gathered_from_its_architectures() -> None:
    parts = [replace(TILED, machine_code=(pair,)) for pair in TILED.machine_code]
    assert gathered(parts) == (TILED,)
    assert gathered([parts[1], replace(TILED, version="naive")])[1].version == "naive"

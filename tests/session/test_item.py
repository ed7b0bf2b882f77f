"""No ✅ without evidence: the mark is a function of the state, and the state of the run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.report.evidence import Evidence, Subject
from repoops.session.item import Failed, Item, Measured, Partial, Stated, judged, outcome

TREES = st.sampled_from(["a" * 40, "b" * 40])
EVIDENCE = st.builds(
    Evidence,
    id=st.just("run-1"),
    subject=st.builds(Subject, st.none(), TREES, st.booleans()),
    command=st.just(("true",)),
    exit=st.sampled_from([0, 0, 0, 1, 2, -9]),
    started=st.just("2025-10-14T12:00:00+00:00"),
    duration_s=st.floats(0, 9),
    log=st.just("sha256:" + "0" * 64),
    log_name=st.just("run-1.txt"),
    passed=st.lists(st.text("ab", min_size=1), max_size=2).map(tuple),
    failed=st.sampled_from([(), (), ("t.a",), ("t.a", "t.b")]),
)


@given(EVIDENCE, TREES, st.sampled_from(["", "3 checks were not run"]))
def test_a_check_mark_means_exit_0_no_failed_test_this_very_tree_and_nothing_open(
    evidence: Evidence, tree: str, but: str
) -> None:
    mark = judged("x", evidence, tree=tree, but=but).mark
    good = evidence.exit == 0 and not evidence.failed
    assert (mark == "✅") == (good and evidence.subject.tree == tree and not but)
    assert (mark == "❌") == (not good)
    assert mark in ("✅", "❌", "⚠️")


@given(EVIDENCE)
def test_statements_survive_json(evidence: Evidence) -> None:
    assert Evidence.from_json(evidence.to_json()) == evidence
    assert evidence.to_json()["predicate"]["result"] == ("PASSED" if evidence.ok else "FAILED")


@given(st.lists(EVIDENCE, max_size=4), TREES)
def test_the_outcome_is_the_worst_mark(runs: list[Evidence], tree: str) -> None:
    items = tuple(judged("x", run, tree=tree) for run in runs)
    marks = {item.mark for item in items}
    wanted = "failed" if "❌" in marks else "partial" if "⚠️" in marks else "done" if marks else "not measured"
    assert outcome((*items, Item("all done", Stated("me")))) == wanted


def test_each_state_has_its_mark() -> None:
    run = judged("x", Evidence("r", Subject(None, "t", dirty=False), ("true",), 0, "", 0.0, "", ""), tree="t")
    assert isinstance(run.state, Measured)
    states = (run.state, Failed(run.state.evidence), Partial(run.state.evidence, "but"), Stated("me"))
    assert [Item("x", state).mark for state in states] == ["✅", "❌", "⚠️", "stated"]

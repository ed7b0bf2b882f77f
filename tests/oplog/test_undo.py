"""`undo(apply(plan)) == before` for any plan, and the refusals that keep what was made since."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_from_json, plan_to_json
from repoops.oplog.journal import content_name, operations
from repoops.oplog.lock import hold
from repoops.oplog.observe import base, file_state, steps_to_write
from repoops.oplog.plan import (
    ABSENT,
    FileState,
    IndexChange,
    MakeFolder,
    Move,
    Plan,
    Remove,
    SetIndex,
    Step,
    Write,
)
from repoops.oplog.undo import undo
from repoops.vcs.read import index, open_repository
from tests.oplog import plans
from tests.support.repo import Output, Repo

NAMES = ["a", "b c", "é", os.fsdecode(b"raw-\xff"), "new\nline", "d/e", "d/f", "g/h/i"]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, tuple[bytes, int, bool]]:
    """Path → content, mode, tracked."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    return {
        n: (
            draw(st.binary(max_size=8)),
            draw(st.sampled_from([0o644, 0o755, 0o600, 0o444])),
            draw(st.booleans()),
        )
        for n in chosen
    }


def steps_for(draw: st.DrawFn, repo: Repo) -> list[Step]:
    """Any sequence of steps that fits the tree, each on the state that those before it leave."""
    at = open_repository(repo.root)
    state: dict[str, FileState] = {n: file_state(at, n) for n in NAMES if file_state(at, n).kind == "file"}
    rows = {e.path: (e.mode, e.oid) for e in index(at)}
    new_rows = dict(rows)
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["move", "write", "fresh", "remove"]))
        if kind == "fresh" or not state:
            path = f"made {number}"
            steps.append(Write(path, draw(st.binary(max_size=8)), ABSENT, 0o640))
            state[path] = FileState("file", 0o640, sha256(steps[-1].content))  # type: ignore[union-attr]
            continue
        path = draw(st.sampled_from(sorted(state)))
        if kind == "move":
            folder = f"to {number}"
            steps += [MakeFolder(folder), Move(path, f"{folder}/x", state[path])]
            state[f"{folder}/x"] = state.pop(path)
            if path in new_rows:
                new_rows[f"{folder}/x"] = new_rows.pop(path)
        elif kind == "write":
            steps.append(Write(path, draw(st.binary(max_size=8)), state[path], 0o644))
            state[path] = FileState("file", 0o644, sha256(steps[-1].content))  # type: ignore[union-attr]
        else:
            steps.append(Remove(path, state.pop(path)))
            new_rows.pop(path, None)
    changed = sorted(p for p in {*rows, *new_rows} if rows.get(p) != new_rows.get(p))
    if changed:
        steps.append(SetIndex(tuple(IndexChange(p, rows.get(p), new_rows.get(p)) for p in changed)))
    return steps


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees(), st.data())
def test_undo_gives_back_everything(
    tmp_path: Path, tree: dict[str, tuple[bytes, int, bool]], data: st.DataObject
) -> None:
    repo = Repo.create(tmp_path / f"r{len(os.listdir(tmp_path))}")
    for path, (content, mode, tracked) in tree.items():
        repo.write(path, content, mode)
        if tracked:
            repo.git("add", "--", f":(literal){path}")
    before = repo.picture()
    at = open_repository(repo.root)
    steps = data.draw(st.composite(lambda draw: steps_for(draw, repo))())
    receipt = apply(at, Plan("test", base(at), tuple(steps)))
    assert receipt.agrees, receipt.problems
    assert receipt.counts["moved"] == sum(isinstance(s, Move) for s in steps)
    assert undo(at).agrees
    assert repo.picture() == before


def test_plans_survive_json(tmp_path: Path) -> None:
    at = open_repository(plans.make(tmp_path / "r").root)
    plan = plans.everything(at)
    contents = {content_name(s.content): s.content for s in plan.steps if isinstance(s, Write)}
    back = plan_from_json(plan_to_json(plan), contents.__getitem__)
    assert [s for s in back.steps if not isinstance(s, SetIndex)] == [
        s for s in plan.steps if not isinstance(s, SetIndex)
    ]
    assert plan_to_json(back) == plan_to_json(plan)


@pytest.fixture
def moved(repo: Repo) -> Repo:
    """`log.md` moved to `docs/log.md` and rewritten there."""
    repo.commit(files={"log.md": "old\n", "other": "o"})
    at = open_repository(repo.root)
    before = file_state(at, "log.md")
    steps = (
        MakeFolder("docs"),
        Move("log.md", "docs/log.md", before),
        Write("docs/log.md", b"new\n", before),
    )
    assert apply(at, Plan("archive", base(at), steps)).agrees
    return repo


def test_a_refusal_names_each_obstacle_once(moved: Repo) -> None:
    moved.write("docs/log.md", "new, and a day's work\n")
    moved.write("log.md", "a new log\n")
    (operation,) = operations(open_repository(moved.root))
    assert moved.repoops("undo", "--dry-run") == Output(
        "",
        f"repoops undo: cannot undo {operation.id}: log.md is there again; docs/log.md was changed since\n"
        "  that would be lost: set it aside as it is now, put back what the operation left, and undo again\n",
        1,
    )


def test_commits_made_since_are_told_of_and_stay(moved: Repo) -> None:
    for number in (1, 2):
        moved.commit(files={"other": f"{number}"})
    (operation,) = operations(open_repository(moved.root))
    assert moved.repoops("undo", "--dry-run") == Output(
        f"can undo: {operation.id} (1 folder, 1 moved, 1 written)\n",
        "since then: 2 commits; they stay, and what is undone is a change against that\n",
        0,
    )
    head = moved.git("rev-parse", "HEAD")
    assert json.loads(moved.repoops("undo", "--json").stdout)["commits_since"] == 2
    assert moved.git("rev-parse", "HEAD") == head


def refused(repo: Repo) -> str:
    before = repo.picture()
    with pytest.raises(RepoOpsError) as caught:
        undo(open_repository(repo.root))
    assert repo.picture() == before
    return caught.value.what


def test_what_was_edited_since_is_not_overwritten(moved: Repo) -> None:
    moved.write("docs/log.md", "new, and a day's work\n")
    assert "docs/log.md was changed since" in refused(moved)


def test_what_was_made_in_the_old_place_is_not_overwritten(moved: Repo) -> None:
    moved.write("log.md", "a new log\n")
    assert "log.md is there again" in refused(moved)


def test_what_was_staged_since_stays_staged(repo: Repo) -> None:
    repo.commit(files={"a": "a", "b": "b"})
    at = open_repository(repo.root)
    (row,) = [e for e in index(at) if e.path == "a"]
    apply(at, Plan("test", base(at), (SetIndex((IndexChange("a", (row.mode, row.oid), None),)),)))
    repo.write("b", "staged since")
    repo.git("add", "b")
    assert undo(at).agrees
    assert repo.git("status", "--porcelain") == "M  b\n"


def test_undoing_twice_is_refused(moved: Repo) -> None:
    at = open_repository(moved.root)
    first = undo(at)
    with pytest.raises(RepoOpsError, match="nothing to undo"):
        undo(at)
    with pytest.raises(RepoOpsError, match="is undone already"):
        undo(at, first.operation[:4])


def test_two_operations_are_undone_latest_first(repo: Repo) -> None:
    repo.commit(files={"a": "1"})
    at = open_repository(repo.root)
    for content in (b"2", b"3"):
        apply(at, Plan("test", base(at), tuple(steps_to_write(at, "a", content))))
    undo(at)
    assert repo.read("a") == b"2"
    undo(at)
    assert repo.read("a") == b"1"
    assert [o.state for o in operations(at)] == ["undone", "undone"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda repo: repo.write("a", "edited"), "changed since the plan was made"),
        (lambda repo: repo.write("a", "1", mode=0o755), "changed since the plan was made"),
        (lambda repo: (repo.root / "a").unlink(), "changed since the plan was made"),
        (lambda repo: repo.write("b", ""), "is in the way"),
        (lambda repo: (repo.root / "b").symlink_to("nowhere"), "is in the way"),
        (lambda repo: repo.commit(), "HEAD changed since the plan was made"),
        (lambda repo: repo.git("switch", "-q", "-c", "x"), "the branch changed since the plan was made"),
        (
            lambda repo: repo.git("update-index", "--chmod=+x", "a"),
            "the index changed since the plan was made",
        ),
        (lambda repo: repo.write(".git/MERGE_HEAD", "0" * 40), "test cannot be done during a merge"),
        (lambda repo: repo.write(".git/index.lock", ""), "another git process holds the index"),
    ],
)
def test_a_plan_made_for_another_state_is_refused(repo: Repo, change: object, what: str) -> None:
    repo.commit(files={"a": "1"})
    at = open_repository(repo.root)
    plan = Plan("test", base(at), (Move("a", "b", file_state(at, "a")),))
    change(repo)  # type: ignore[operator]
    before = sorted(os.listdir(repo.root))
    with pytest.raises(RepoOpsError, match=what):
        apply(at, plan)
    assert sorted(os.listdir(repo.root)) == before
    assert operations(at) == []


def test_a_second_process_is_refused_with_the_firsts_number(moved: Repo) -> None:
    with hold(open_repository(moved.root)):
        said = moved.repoops("undo")
    assert (said.stdout, said.code) == ("", 2)
    assert f"another repoops works on this repository (process {os.getpid()})" in said.stderr


def test_a_linked_worktree_has_operations_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.commit(files={"a": "1"})
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    at = open_repository(tmp_path / "linked")
    (row,) = index(at)
    steps = (Move("a", "b", file_state(at, "a")),
             SetIndex((IndexChange("a", (row.mode, row.oid), None), IndexChange("b", None, (row.mode, row.oid)))))  # fmt: skip
    assert apply(at, Plan("test", base(at), steps)).agrees
    linked = Repo(tmp_path / "linked")
    assert linked.git("status", "--porcelain") == "R  a -> b\n"
    assert repo.git("status", "--porcelain") == ""
    assert operations(open_repository(repo.root)) == []
    assert undo(at).agrees
    assert linked.git("status", "--porcelain") == ""


def test_history_and_undo_as_a_user_sees_them(moved: Repo) -> None:
    (operation,) = operations(open_repository(moved.root))
    counts = "1 folder, 1 moved, 1 written"
    when = operation.started[:16].replace("T", " ")
    assert moved.repoops("history").stdout == f"{operation.id}  {when}  applied  {counts}\n"
    assert moved.repoops("undo", "--dry-run").stdout == f"can undo: {operation.id} ({counts})\n"
    assert moved.repoops("undo").stdout == f"undone: {operation.id} ({counts})\n"
    assert moved.repoops("history").stdout == f"{operation.id}  {when}  undone  {counts}\n"
    again = moved.repoops("undo")
    assert (again.code, again.stderr) == (
        2,
        "repoops undo: nothing to undo: no operation stands applied\n  see: repoops history\n",
    )

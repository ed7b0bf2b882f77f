"""A session as its user lives it: real processes, a real repository, and an audit that cannot be talked round."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.session.recheck import audit
from repoops.vcs.read import open_repository
from tests.support.crash import crash_loop
from tests.support.repo import Repo

FAILING = "import sys\nsys.exit(3)\n"
LOG = "# Fix summary\n\n**Status**: ✅ COMPLETE\n**Date**: 2025-10-14\n\n## Root cause\n\n## Files modified\n\n- ✅ done\n"


def started(folder: Path) -> Repo:
    repo = Repo.create(folder)
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.invalid")
    repo.commit(files={"README.md": "# x\n", "ok.py": "print('fine')\n", "bad.py": FAILING})
    assert repo.repoops("session-start").code == 0
    return repo


def page(repo: Repo) -> str:
    return repo.read("SESSION_SUMMARY.md").decode()


def matter(repo: Repo) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(page(repo).split("---\n")[1])
    return found


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """One failing test, one statement nobody measured, one measured success."""
    repo = started(tmp_path_factory.mktemp("session") / "repo")
    assert repo.repoops("run", "--", "python", "ok.py").code == 0
    assert repo.repoops("run", "--", "python", "bad.py").code == 3
    assert repo.repoops("note", "21 % faster than SDPA ✅ SUCCESS").code == 0
    said = repo.repoops("session-end", "--no-verify")
    assert said.code == 1, said.stderr
    return repo


@pytest.fixture
def copy(ended: Repo, tmp_path: Path) -> Repo:
    shutil.copytree(ended.root, tmp_path / "copy", symlinks=True)
    return Repo(tmp_path / "copy")


def test_what_was_measured_what_failed_and_what_was_only_said(ended: Repo) -> None:
    happened = page(ended).split("## What happened\n")[1].split("\n## ")[0]
    lines = [
        re.sub(r"\d+\.\d s", "N s", re.sub(r"\(\[evidence\].*", "…", line))
        for line in happened.strip().splitlines()
    ]
    assert lines == [
        "- ✅ `python ok.py`: exit 0 after N s …",
        "- ❌ `python bad.py`: exit 3 after N s …",
        "- stated, not measured: 21 % faster than SDPA SUCCESS",
    ]
    assert matter(ended)["outcome"] == "failed"
    assert matter(ended)["marks"] == {"stated": 1, "✅": 1, "❌": 1}
    assert "Not run: verification was switched off with --no-verify" in page(ended)
    assert "Not measured: no GPU ran a kernel" in page(ended)


def test_the_audit_of_it_is_clean(ended: Repo) -> None:
    said = ended.repoops("audit", "SESSION_SUMMARY.md")
    assert (said.code, said.stderr) == (0, "")
    assert re.fullmatch(r"SESSION_SUMMARY.md: \d+ true\n", said.stdout)


def replace(repo: Repo, path: str, old: str, new: str) -> None:
    data = repo.read(path).decode()
    assert old in data
    repo.write(path, data.replace(old, new, 1))


def evidence(repo: Repo, name: str) -> str:
    return f"{matter(repo)['evidence']['folder']}/{name}"  # type: ignore[index]


def test_a_figure_changed_in_the_page_is_named(copy: Repo) -> None:
    replace(copy, "SESSION_SUMMARY.md", "exit 3 after", "exit 0 after")
    said = copy.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 1
    assert "contradicted: - ❌ `python bad.py`: exit 0 after" in said.stdout
    assert "the evidence says: - ❌ `python bad.py`: exit 3 after" in said.stdout
    line = (
        page(copy).splitlines().index(next(x for x in page(copy).splitlines() if "bad.py`: exit 0" in x)) + 1
    )
    assert f"SESSION_SUMMARY.md:{line}: contradicted" in said.stdout


def test_a_mark_turned_round_is_named(copy: Repo) -> None:
    replace(copy, "SESSION_SUMMARY.md", "❌ `python bad.py`", "✅ `python bad.py`")
    assert "contradicted: - ✅ `python bad.py`" in copy.repoops("audit", "SESSION_SUMMARY.md").stdout


def test_a_claim_slipped_in_is_unsupported(copy: Repo) -> None:
    replace(
        copy,
        "SESSION_SUMMARY.md",
        "## Cleaned up\n",
        "- ✅ all kernels validated at 38 µs\n\n## Cleaned up\n",
    )
    said = copy.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 1
    assert "unsupported: - ✅ all kernels validated at 38 µs" in said.stdout


def test_a_statement_edited_afterwards_is_named_with_what_it_changes(copy: Repo) -> None:
    path = evidence(copy, "run-2.json")
    replace(copy, path, '"exit": 3', '"exit": 0')
    said = copy.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 1
    assert f"contradicted: evidence {path} has digest" in said.stdout
    assert "the evidence says: - ✅ `python bad.py`: exit 0" in said.stdout


def test_a_statement_edited_together_with_the_page_is_still_named(copy: Repo) -> None:
    path = evidence(copy, "run-2.json")
    replace(copy, path, '"exit": 3', '"exit": 0')
    replace(copy, "SESSION_SUMMARY.md", "❌ `python bad.py`: exit 3", "✅ `python bad.py`: exit 0")
    assert f"contradicted: evidence {path}" in copy.repoops("audit", "SESSION_SUMMARY.md").stdout


def test_a_log_edited_or_lost_is_named(copy: Repo) -> None:
    path = evidence(copy, "run-1.txt")
    copy.write(path, "all 100 tests passed\n")
    assert f"contradicted: evidence {path}" in copy.repoops("audit", "SESSION_SUMMARY.md").stdout
    (copy.root / path).unlink()
    assert f"unsupported: evidence {path}" in copy.repoops("audit", "SESSION_SUMMARY.md").stdout


def test_evidence_that_is_no_json_is_one_line(copy: Repo) -> None:
    copy.write(evidence(copy, "session.json"), "{")
    said = copy.repoops("audit", "SESSION_SUMMARY.md")
    assert (said.code, said.stderr) == (1, "")
    assert "unsupported: what rests on" in said.stdout


def test_what_is_written_by_hand_is_no_claim_of_ours(copy: Repo) -> None:
    mark = "between these two lines -->\n"
    replace(copy, "SESSION_SUMMARY.md", mark, mark + "I am rather pleased.\n")
    said = copy.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 0
    assert "unverifiable: 1 line by hand" in said.stdout


def sound(repo: Repo) -> bool:
    """Whether audit has nothing against the summary; a front matter that is none is an error, and that is found too."""
    try:
        return all(v.fine for v in audit(open_repository(repo.root), "SESSION_SUMMARY.md"))
    except RepoOpsError:
        return False


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_digit_that_is_changed_is_found(copy: Repo, data: st.DataObject) -> None:
    original = page(copy)
    try:
        at = data.draw(st.sampled_from([m.start() for m in re.finditer(r"\d", original)]))
        digit = data.draw(st.sampled_from([d for d in "0123456789" if d != original[at]]))
        copy.write("SESSION_SUMMARY.md", original[:at] + digit + original[at + 1 :])
        assert not sound(copy)
    finally:
        copy.write("SESSION_SUMMARY.md", original)


def test_a_file_that_is_not_there_is_refused(copy: Repo) -> None:
    assert copy.repoops("audit", "absent.md").code == 2
    assert "lies outside this repository" in copy.repoops("audit", "../x.md").stderr


def test_the_tree_is_found_again_in_a_later_commit(copy: Repo) -> None:
    copy.commit("the session")
    copy.commit("more", {"ok.py": "print('changed')\n"})
    said = copy.repoops("audit", "--json", "SESSION_SUMMARY.md")
    (tree,) = [v for v in json.loads(said.stdout)["verdicts"] if v["claim"].startswith("the tree was")]
    assert (said.code, tree["word"]) == (0, "true")
    assert tree["why"].endswith("has it")


def test_the_next_summary_moves_the_earlier_one_to_the_archive_with_its_links(copy: Repo) -> None:
    before = copy.picture()["files"]
    copy.repoops("session-start")
    assert copy.repoops("session-end", "--no-verify").code == 0
    (moved,) = (copy.root / "docs/archive/session_logs").glob("SESSION_*.md")
    at = moved.relative_to(copy.root).as_posix()
    assert copy.repoops("audit", at).code == 0
    assert copy.repoops("audit", "SESSION_SUMMARY.md").code == 0
    assert "](evidence/" in moved.read_text()
    assert copy.repoops("undo").code == 0
    assert copy.picture()["files"] == before


def test_what_will_be_refused_is_refused_before_the_suite_runs(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    (repo.root / "notes").mkdir()
    said = repo.repoops("session-end", "--output", "notes")
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr == "repoops session-end: notes: is a folder, where the summary should be written\n"
    repo.write(".git/MERGE_HEAD", repo.git("rev-parse", "HEAD"))
    said = repo.repoops("session-end")
    assert said.stderr.splitlines()[1:] == ["  finish it, or: git merge --abort"]


def test_links_may_follow_what_archive_moved_and_nothing_else(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.commit("logs", {"FIX_SUMMARY.md": LOG, "FIX_REPORT.md": LOG})
    assert repo.repoops("note", "see `FIX_SUMMARY.md` and [it](FIX_SUMMARY.md)").code == 0
    assert repo.repoops("session-end", "--no-verify").code == 0
    assert repo.repoops("archive").code == 0
    moved = "docs/archive/session_logs/FIX_SUMMARY.md"
    assert f"[FIX_SUMMARY.md]({moved})" in page(repo)
    assert "see `FIX_SUMMARY.md`" in page(repo)  # a note's words are evidence, and stay as they were written
    assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0
    for wrong in (moved.replace("SUMMARY", "REPORT"), moved.replace(".md", "_2.md"), "README.md"):
        repo.write(
            "SESSION_SUMMARY.md",
            page(repo).replace(f"[FIX_SUMMARY.md]({moved})", f"[FIX_SUMMARY.md]({wrong})"),
        )
        assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 1, wrong
        repo.write(
            "SESSION_SUMMARY.md",
            page(repo).replace(f"[FIX_SUMMARY.md]({wrong})", f"[FIX_SUMMARY.md]({moved})"),
        )


def test_output_and_exit_code_pass_through_unchanged(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    script = "import sys; sys.stdout.buffer.write(b'out\\xff\\n'); sys.stderr.write('err\\n'); sys.exit(7)"
    said = repo.repoops("run", "--", "python", "-c", script)
    assert (said.stdout, said.code) == ("out�\n", 7)
    assert said.stderr.startswith("err\n")
    log = repo.root / ".git/repoops/session/evidence/run-1.txt"
    assert sorted(log.read_bytes().splitlines()) == [b"err", b"out\xff"]
    assert repo.repoops("run", "sh", "-c", "kill -TERM $$").code == 128 + 15
    assert (
        "cannot be started: No such file or directory" in repo.repoops("run", "--", "no-such-program").stderr
    )


def test_secrets_on_the_command_line_are_not_stored(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops(
        "run", "--", "echo", "--token=abc123", "--password", "hunter2", "https://u:s3cret@example.invalid/x"
    )
    stored = (repo.root / ".git/repoops/session/evidence/run-1.json").read_text()
    assert not any(secret in stored for secret in ("abc123", "hunter2", "s3cret"))
    assert json.loads(stored)["predicate"]["repoops"]["command"] == [
        "echo", "--token=***", "--password", "***", "https://u:***@example.invalid/x",
    ]  # fmt: skip


def test_tests_are_recorded_by_name_from_junit(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    xml = "<testsuite><testcase classname='t' name='a'/><testcase classname='t' name='b'><failure/></testcase></testsuite>"
    repo.write("make.py", f"open('out.xml', 'w').write({xml!r})\n")
    repo.commit(files={".gitignore": "out.xml\n"})
    assert repo.repoops("run", "--junit", "out.xml", "--", "python", "make.py").code == 0
    repo.repoops("session-end", "--no-verify")
    assert "- ❌ `python make.py`: exit 0 after" in page(repo)
    assert "1 of 2 tests passed, failed: `t.b`" in page(repo)


def test_a_run_without_its_junit_file_is_recorded_all_the_same(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    said = repo.repoops("run", "--junit", "none.xml", "--", "python", "bad.py")
    assert said.code == 3
    assert (
        "none.xml: the command wrote no JUnit file: No such file or directory; recorded without names"
        in said.stderr
    )
    assert (repo.root / ".git/repoops/session/evidence/run-1.json").exists()


def test_a_session_that_nobody_started_begins_no_earlier_than_the_last_one_ended(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("run", "--", "python", "bad.py")
    repo.repoops("note", "all ✅ green")
    first = repo.repoops("session-end", "--no-verify")
    assert "stated all green" in first.stdout
    ended = matter(repo)["ended"]
    repo.repoops("session-end", "--no-verify")
    assert str(matter(repo)["started"]) >= str(ended)
    assert "taken from the end of the session before" in page(repo)


def test_success_on_an_earlier_tree_is_no_check_mark(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("run", "--", "python", "ok.py")
    repo.write("ok.py", "print('rewritten since')\n")
    repo.repoops("session-end", "--no-verify")
    assert "✅" not in page(repo)
    assert re.search(
        r"⚠️ `python ok.py`: exit 0 after .*; measured on tree \w{10}, not on the final one", page(repo)
    )


def test_a_later_success_says_that_it_failed_before(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("run", "--", "python", "bad.py")
    repo.write("bad.py", "print('mended')\n")
    repo.repoops("run", "--", "python", "bad.py")
    repo.repoops("session-end", "--no-verify")
    assert re.search(r"✅ `python bad.py`: exit 0 .* \(1 earlier run of it failed\)", page(repo))


def test_without_a_start_the_summary_says_how_it_was_found(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit(files={"a": "a"})
    assert repo.repoops("session-end", "--no-verify").code == 0
    assert "not recorded: no commit of the last two hours" in page(repo)
    assert matter(repo)["outcome"] == "not measured"
    assert "✅" not in page(repo)


def test_a_repository_without_kernels_says_that_nothing_was_verified(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("run", "--", "python", "ok.py")
    assert repo.repoops("session-end").code == 0
    assert "Not run: the kernel suite: no kernels in this repository" in page(repo)
    assert matter(repo)["outcome"] == "partial"


def test_commit_takes_the_summary_and_nothing_else(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.write("ok.py", "print('staged')\n")
    repo.git("add", "ok.py")
    repo.write("loose", "")
    assert repo.repoops("session-end", "--no-verify", "--commit").code == 0
    names = repo.git("show", "--name-only", "--format=").split()
    assert "SESSION_SUMMARY.md" in names
    assert all(n == "SESSION_SUMMARY.md" or n.startswith("docs/archive/session_logs/") for n in names)
    assert repo.git("status", "--porcelain") == "M  ok.py\n?? loose\n"


def test_a_second_start_is_refused_and_restart_begins_anew(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("note", "of the first")
    again = repo.repoops("session-start")
    assert again.code == 2
    assert "is open since" in again.stderr
    assert repo.repoops("session-start", "--restart").code == 0
    repo.repoops("session-end", "--no-verify")
    assert "of the first" not in page(repo)


def test_notes_go_where_they_belong_and_options_can_be_recommended(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    for text, *kind in (("a worked", "--worked"), ("b failed", "--failed"), ("c learned", "--lesson"),
                        ("d first", "--option"), ("e second", "--option", "--recommended")):  # fmt: skip
        assert repo.repoops("note", text, *kind).code == 0
    assert repo.repoops("note", "x", "--worked", "--failed").code == 2
    assert repo.repoops("note", "x", "--recommended").code == 2
    repo.repoops("session-end", "--no-verify")
    text = page(repo)
    assert (
        "- Worked (stated): a worked\n- Failed (stated): b failed\n- Better next time (stated): c learned\n"
        in text
    )
    assert "- A: d first [stated]\n- B (recommended): e second [stated]\n" in text
    assert "## Immediate action\n\ne second\n" in text


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    before = repo.picture()
    said = repo.repoops("session-end", "--no-verify", "--dry-run")
    assert said.code == 0
    assert "write   SESSION_SUMMARY.md (" in said.stdout
    assert repo.picture() == before


def test_a_killed_session_end_is_old_or_new_and_can_be_repeated(tmp_path: Path) -> None:
    count = iter(range(1000))

    def make() -> Repo:
        repo = started(tmp_path / str(next(count)))
        repo.write("SESSION_SUMMARY.md", "an earlier one, by hand\n")
        return repo

    def judge(repo: Repo, n: int) -> None:
        files = {p.name for p in repo.root.iterdir()}
        assert repo.repoops("history").code == 0
        text = page(repo)
        assert text == "an earlier one, by hand\n" or "schema: repoops/session-summary/1" in text, n
        if text.startswith("---"):
            assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0
        assert "SESSION_SUMMARY.md" in files or n > 0

    assert crash_loop(make, ["session-end", "--no-verify"], judge) > 10


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("between these two lines -->", "between these two lines -->\\nMine.", 0),
        ("Cleaned up", "Cleaned up, thoroughly", 1),
    ],
)
def test_an_editor_may_write_between_the_markers_and_is_found_out_elsewhere(
    tmp_path: Path, old: str, new: str, code: int
) -> None:
    repo = started(tmp_path / "r")
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i 's/{old}/{new}/' \"$1\"\n")
    editor.chmod(0o755)
    said = repo.repoops("session-end", "--no-verify", "--edit", env={"EDITOR": str(editor), "VISUAL": ""})
    assert said.code == code, said.stderr
    assert new.replace("\\n", "\n") in page(repo)
    assert ("audit clean" in said.stdout) == (code == 0)


def test_the_summary_may_go_elsewhere(tmp_path: Path) -> None:
    repo = started(tmp_path / "r")
    repo.repoops("run", "--", "python", "ok.py")
    assert repo.repoops("session-end", "--no-verify", "--output", "notes/today.md").code == 0
    assert not (repo.root / "SESSION_SUMMARY.md").exists()
    assert "](../docs/archive/session_logs/evidence/" in repo.read("notes/today.md").decode()
    assert repo.repoops("audit", "notes/today.md").code == 0
    assert "lies outside this repository" in repo.repoops("session-end", "--output", "../x.md").stderr

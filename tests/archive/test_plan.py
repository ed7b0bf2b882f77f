from __future__ import annotations

import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.archive.references import find_mentions
from repoops.archive.survey import survey
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.oplog.undo import undo
from repoops.vcs.read import open_repository
from tests.archive.moving import HOME, moved, planned
from tests.support.logs import cluttered
from tests.support.repo import Repo

BODY = "\n".join(f"line {number} of what was done that day" for number in range(20)) + "\n"


def staged(repo: Repo) -> list[str]:
    return repo.git("diff", "--cached", "-M", "--name-status", "-z").rstrip("\0").split("\0")


def test_300_logs_and_150_links(tmp_path: Path) -> None:
    made = cluttered(tmp_path / "repo")
    before = made.repo.picture()
    done = moved(made.repo, [log for log in made.logs if log not in made.named])
    assert done.refusals == {}
    assert done.receipt.agrees
    m = done.measured
    assert (m.links, m.broken, m.moved, m.tracked, m.renames) == (150, (), 298, 298, 298)
    assert m.rewritten == done.plan.facts["links"] > 80
    assert m.mentions == done.plan.facts["mentions"] == 3
    assert m.root_before - m.root_after == 298
    undo(open_repository(made.repo.root))
    assert made.repo.picture() == before


def test_a_plan_is_pure(tmp_path: Path) -> None:
    made = cluttered(tmp_path / "repo", logs=20, links=20)
    before = made.repo.picture(), sorted((made.repo.root / ".git/objects").rglob("*"))
    assert planned(made.repo, made.logs) == planned(made.repo, made.logs)
    assert (made.repo.picture(), sorted((made.repo.root / ".git/objects").rglob("*"))) == before


def test_only_our_change_is_staged_where_the_user_has_others(repo: Repo) -> None:
    log = "# Log\n[s](SETUP.md)\n" + BODY
    readme = "[a](LOG.md)\n" + BODY
    repo.commit(
        files={"LOG.md": log, "README.md": readme, "SETUP.md": "s", "STAGED.md": "[a](LOG.md)\n" + BODY}
    )
    repo.write("LOG.md", log + "unstaged [t](SETUP.md)\n")
    repo.write("README.md", "unstaged\n" + readme)
    repo.write("STAGED.md", "[a](LOG.md) staged\n" + BODY)
    repo.git("add", "STAGED.md")
    repo.write("STAGED.md", "[a](LOG.md) staged\nunstaged [b](LOG.md)\n" + BODY)
    before = repo.picture()
    done = moved(repo, ["LOG.md"])
    assert done.measured.agrees
    assert repo.git("show", f":{HOME}/LOG.md") == log.replace("SETUP.md", "../../../SETUP.md")
    assert repo.git("show", ":README.md") == readme.replace("LOG.md", f"{HOME}/LOG.md")
    assert repo.git("show", ":STAGED.md") == f"[a]({HOME}/LOG.md) staged\n{BODY}"
    assert repo.git("diff", "--numstat") == f"1\t0\tREADME.md\n1\t0\tSTAGED.md\n1\t0\t{HOME}/LOG.md\n"
    assert repo.read(f"{HOME}/LOG.md").endswith(b"unstaged [t](../../../SETUP.md)\n")
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_an_untracked_log_moves_and_stays_untracked(repo: Repo) -> None:
    repo.commit(files={"README.md": "r"})
    repo.write("LOG.md", "[r](README.md)\n")
    repo.write("notes.md", "[l](LOG.md)\n")
    before = repo.picture()
    done = moved(repo, ["LOG.md"])
    assert (done.measured.moved, done.measured.tracked, done.measured.broken) == (1, 0, ())
    assert staged(repo) == [""]
    assert repo.git("ls-files", "-o").splitlines() == [f"{HOME}/INDEX.md", f"{HOME}/LOG.md", "notes.md"]
    assert repo.read(f"{HOME}/LOG.md") == b"[r](../../../README.md)\n"
    assert repo.read("notes.md") == f"[l]({HOME}/LOG.md)\n".encode()
    assert b"| not committed | not committed |" in repo.read(f"{HOME}/INDEX.md")
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_an_ignored_archive_keeps_tracked_logs_tracked_and_leaves_untracked_ones(repo: Repo) -> None:
    repo.commit(files={"LOG.md": BODY, ".gitignore": "docs/archive/\nIGN*\n"})
    repo.write("LOOSE.md", "l")
    repo.write("IGNORED.md", "i")
    done = moved(repo, ["LOG.md", "LOOSE.md", "IGNORED.md"])
    assert done.refusals == {
        "LOOSE.md": f"is untracked, and {HOME} is ignored: it would vanish from git status",
        "IGNORED.md": "is ignored by git, and might not be where it goes",
    }
    assert staged(repo) == ["A", f"{HOME}/INDEX.md", "R100", "LOG.md", f"{HOME}/LOG.md"]
    assert repo.git("status", "--porcelain", "--untracked-files=all").splitlines()[-1] == "?? LOOSE.md"


def test_names_that_are_taken(repo: Repo) -> None:
    repo.commit(
        files={f"{HOME}/LOG.md": "old", f"{HOME}/e\u0301.md": "old", "sub/x.md": "x"},
        date="2025-10-01T00:00:00+0000",
    )
    repo.commit(
        files={
            "LOG.md": BODY + "1",
            "Log.md": BODY + "2",
            "sub/log.MD": BODY + "3",
            "é.md": BODY + "4",
            "INDEX.md": BODY + "5",
            ".md": BODY,
        },
        date="2025-10-14T23:30:00-0300",
    )
    repo.write("LOOSE.md", "a")
    repo.write(f"{HOME}/loose.md", "b")
    done = moved(repo, ["LOG.md", "Log.md", "sub/log.MD", "é.md", "INDEX.md", "LOOSE.md", ".md"])
    assert {old: new.removeprefix(HOME + "/") for old, new in done.moves.items()} == {
        "LOG.md": "LOG_2025-10-14.md",
        "Log.md": "Log_2025-10-14_2.md",
        "sub/log.MD": "log_2025-10-14_3.MD",
        "é.md": "é_2025-10-14.md",
        "INDEX.md": "INDEX_2025-10-14.md",
        "LOOSE.md": "LOOSE_2.md",
        ".md": ".md",
    }
    assert (done.measured.renames, done.measured.tracked) == (6, 6)


def test_odd_names_and_bytes_arrive_unchanged(repo: Repo) -> None:
    latin = os.fsdecode(b"latin-\xe9.md")
    odd = [
        latin,
        "a b (c) [d].md",
        "#1 50%.md",
        "R&D|x.md",
        "new\nline.md",
        "-dash.md",
        ":(top)x.md",
        "'q\".md",
    ]
    contents = b"\xef\xbb\xbf" + BODY.replace("\n", "\r\n").encode() + b"\xff\x00 no end"
    repo.commit(files={"README.md": "[l](<#1 50%.md>) [m](latin-%E9.md)", **dict.fromkeys(odd, contents)})
    done = moved(repo, odd)
    assert done.refusals == {}
    assert done.measured.agrees
    assert all(repo.read(f"{HOME}/{name}") == contents for name in odd)


def test_symlinks_keep_what_they_mean(repo: Repo) -> None:
    repo.commit(files={"LOG.md": BODY, "OTHER.md": BODY + "o", "docs/x.md": "x"})
    (repo.root / "LINK.md").symlink_to("docs/x.md")
    (repo.root / "docs/latest.md").symlink_to("../LOG.md")
    repo.commit()
    done = moved(repo, ["LOG.md", "LINK.md", "OTHER.md"])
    assert done.refusals == {
        "LOG.md": "docs/latest.md is a symlink to it",
        "LINK.md": "is a symlink to docs/x.md, which would lead elsewhere from the archive",
    }
    assert list(done.moves) == ["OTHER.md"]


def test_marked_index_rows_stay(repo: Repo) -> None:
    names = ["SKIPPED.md", "ASSUMED.md", "GONE.md", "NAMED.md"]
    repo.commit(files={**{name: BODY + name for name in names}, "docs/guide.md": "[n](../NAMED.md)\n" + BODY})
    repo.write("INTENDED.md", BODY)
    repo.git("add", "-N", "INTENDED.md")
    repo.git("update-index", "--skip-worktree", "SKIPPED.md", "docs/guide.md")
    repo.git("update-index", "--assume-unchanged", "ASSUMED.md")
    (repo.root / "GONE.md").unlink()
    plan = planned(repo, [*names, "INTENDED.md"])
    assert plan.steps == ()
    assert {r.path: r.why for r in plan.refusals} == {
        "SKIPPED.md": "is marked skip-worktree in the index, so git would not see it move",
        "ASSUMED.md": "is marked assume-unchanged in the index, so git would not see it move",
        "INTENDED.md": "is marked intent-to-add in the index, so git would not see it move",
        "GONE.md": "is no file in the work tree",
        "NAMED.md": "docs/guide.md:1 names it and is marked skip-worktree in the index",
    }


def test_a_sparse_checkout(repo: Repo) -> None:
    repo.commit(
        files={
            "LOG.md": "[g](docs/guide.md)\n" + BODY,
            "docs/guide.md": "g",
            "src/a.md": "a",
            "lib/b.md": "b",
        }
    )
    repo.git("sparse-checkout", "set", "--cone", "src")
    done = moved(repo, ["LOG.md"])
    assert done.measured.agrees
    assert repo.read(f"{HOME}/LOG.md").startswith(b"[g](../../guide.md)")
    assert staged(repo) == ["A", f"{HOME}/INDEX.md", "R097", "LOG.md", f"{HOME}/LOG.md"]
    assert (
        repo.git("status", "--porcelain", "--untracked-files=all")
        == f"A  {HOME}/INDEX.md\nR  LOG.md -> {HOME}/LOG.md\n"
    )


def test_a_log_that_git_would_not_see_move_stays(repo: Repo) -> None:
    links = "".join(f"[{number}](SETUP.md)\n" for number in range(20))
    mentions = "".join(f"`OTHER.md` {number}\n" for number in range(20))
    repo.commit(files={"LINKS.md": links, "MENTIONS.md": mentions, "OTHER.md": BODY, "SETUP.md": "s"})
    done = moved(repo, ["LINKS.md", "MENTIONS.md", "OTHER.md"])
    assert done.refusals == {
        "LINKS.md": "git would not see its rename: rewriting its links changes most of it"
    }
    assert repo.read(f"{HOME}/MENTIONS.md") == mentions.encode()
    assert (done.measured.renames, done.measured.tracked) == (2, 2)


def test_a_log_with_a_link_that_cannot_be_rewritten_stays(repo: Repo) -> None:
    repo.commit(
        files={
            "LOG.md": BODY,
            "README.md": "<a href='LOG\n.md'>x</a> [o](OTHER.md)\n",
            "OTHER.md": BODY + "o",
            "LOG\n.md": BODY + "n",
        }
    )
    done = moved(repo, ["LOG\n.md", "OTHER.md"])
    assert done.refusals == {"LOG\n.md": "the link to it in README.md:1 cannot be rewritten"}
    assert list(done.moves) == ["OTHER.md"]


def test_links_to_a_folder_follow_its_last_file(repo: Repo) -> None:
    repo.commit(
        files={
            "reports/a.md": "[r](../README.md) [d](./)\n" + BODY,
            "README.md": "[r](reports/) [s](src)\n" + BODY,
            "src/x": "",
        }
    )
    done = moved(repo, ["reports/a.md"])
    assert done.measured.agrees
    assert repo.read("README.md").splitlines()[0] == f"[r]({HOME}/) [s](src)".encode()


def test_a_folder_that_a_link_holds_keeps_its_files(repo: Repo) -> None:
    repo.commit(
        files={
            "log\ns/a.md": BODY,
            "log\ns/b.md": BODY + "b",
            "README.md": "<a href='log\ns'>x</a>\n",
            "guide.md": "[r](reports)\n",
            "reports/c.md": BODY + "c",
        }
    )
    repo.git("update-index", "--skip-worktree", "guide.md")
    plan = planned(repo, ["log\ns/a.md", "log\ns/b.md", "reports/c.md"])
    held = "the link to it in README.md:1 cannot be rewritten"
    assert {r.path: r.why for r in plan.refusals} == {
        "log\ns/a.md": held,
        "log\ns/b.md": held,
        "reports/c.md": "guide.md:1 names it and is marked skip-worktree in the index",
    }


def test_references_that_are_to_be_rewritten_are(repo: Repo) -> None:
    script = b"cat LOG.md # LOG.md\n"
    repo.commit(
        files={
            "LOG.md": BODY,
            "run.sh": script,
            "sub/dirty.sh": b"cat ../OTHER.md\n",
            "OTHER.md": BODY + "o",
            "GONE.md": BODY,
        }
    )
    repo.write("sub/dirty.sh", b"# new\ncat ../OTHER.md\n")
    repo.write("loose.sh", script)
    at = open_repository(repo.root)
    mentions = find_mentions(at, survey(at), ["LOG.md", "OTHER.md"], Config())
    assert [(m.file, m.start) for m in mentions] == [
        ("loose.sh", 4),
        ("loose.sh", 13),
        ("run.sh", 4),
        ("run.sh", 13),
        ("sub/dirty.sh", 10),
    ]
    before = repo.picture()
    done = moved(repo, ["LOG.md", "OTHER.md"], references=tuple(mentions))
    assert done.refusals == {"OTHER.md": "sub/dirty.sh:2 names it, which has changes that are not staged"}
    assert (
        repo.read("run.sh") == repo.read("loose.sh") == script.replace(b"LOG.md", f"{HOME}/LOG.md".encode())
    )
    assert repo.git("diff", "--name-only") == "sub/dirty.sh\n"
    assert "loose.sh" in repo.git("ls-files", "-o")
    undo(open_repository(repo.root))
    assert repo.picture() == before
    moved_on = tuple(replace(m, start=0, end=6) for m in mentions[-1:])
    plan = planned(repo, ["OTHER.md"], references=moved_on)
    assert [r.why for r in plan.refusals] == ["sub/dirty.sh:2 names it, which cannot be rewritten"]


@pytest.mark.parametrize(
    "link",
    [
        "<a href=../LOG%20x.md>",
        "<a href='/LOG&#32;x.md?y'>",
        '<img src = "../LOG x.md">',
        "<img srcset='p.png 1x,../LOG%20x.md 2x'>",
    ],
)
def test_only_pages_that_link_to_what_may_move_are_parsed(repo: Repo, link: str) -> None:
    page = f"<!doctype html>\r\n{link}\r\n"
    repo.commit(
        files={
            "LOG x.md": BODY,
            "site/a.html": page,
            "site/b.html": "<a href='a.html'>",
            "site/p.png": "",
            "c.html": "<a href='LICENSE'>",
        }
    )
    documents = survey(open_repository(repo.root)).documents
    assert [path for path in documents if documents[path].scan] == ["c.html", "site/a.html"]
    done = moved(repo, ["LOG x.md"])
    assert done.measured.agrees
    assert done.measured.rewritten == 1
    assert b"docs/archive/session_logs/LOG" in repo.read("site/a.html")


def test_line_ends_that_git_converts_leave_the_work_tree_clean(repo: Repo) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.commit(
        files={
            "LOG.md": "[s](SETUP.md)\r\n" + BODY.replace("\n", "\r\n"),
            "README.md": "[l](LOG.md)\r\n",
            "SETUP.md": "s",
        }
    )
    done = moved(repo, ["LOG.md"])
    assert done.measured.agrees
    assert repo.git("diff", "--name-only") == ""
    assert repo.read("README.md") == f"[l]({HOME}/LOG.md)\r\n".encode()
    assert repo.git("cat-file", "blob", ":README.md") == f"[l]({HOME}/LOG.md)\n"


@pytest.mark.parametrize("kind", ["file", "symlink", "submodule", "nested"])
def test_a_destination_that_is_not_ours_is_refused(repo: Repo, tmp_path: Path, kind: str) -> None:
    repo.commit(files={"LOG.md": BODY})
    if kind == "file":
        repo.write("docs", "x")
    elif kind == "symlink":
        (repo.root / "docs").symlink_to(tmp_path)
    else:
        other = Repo.create(repo.root / "docs")
        other.commit(files={"a": "a"})
        if kind == "submodule":
            repo.git("-c", "advice.addEmbeddedRepo=false", "add", "docs")
    before = repo.picture()
    with pytest.raises(RepoOpsError) as refused:
        planned(repo, ["LOG.md"])
    assert refused.value.where == "docs"
    assert refused.value.remedy
    assert repo.picture() == before


def test_a_conflict_is_refused(repo: Repo) -> None:
    repo.commit(files={"a.md": "1\n", "LOG.md": BODY})
    repo.commit(files={"a.md": "2\n"})
    repo.write("a.md", "3\n")
    repo.git("stash", "-q")
    repo.commit(files={"a.md": "4\n"})
    with pytest.raises(AssertionError):
        repo.git("stash", "pop")
    with pytest.raises(RepoOpsError, match="has unmerged versions"):
        survey(open_repository(repo.root))


def test_before_the_first_commit_and_in_sha256(tmp_path: Path) -> None:
    for name, form in (("one", "sha1"), ("two", "sha256")):
        root = tmp_path / name
        root.mkdir()
        repo = Repo(root)
        repo.git("init", "-q", f"--object-format={form}")
        repo.write("LOG.md", "[r](README.md)\n" + BODY)
        repo.write("README.md", "[l](LOG.md)\n")
        repo.git("add", "-A")
        before = repo.picture()
        done = moved(repo, ["LOG.md"])
        assert (done.measured.broken, done.receipt.problems) == ((), ())
        assert sorted(repo.git("ls-files").split()) == ["README.md", f"{HOME}/INDEX.md", f"{HOME}/LOG.md"]
        repo.git("fsck", "--strict")
        undo(open_repository(root))
        assert repo.picture() == before


def test_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.commit(files={"LOG.md": "[r](README.md)\n" + BODY, "README.md": "[l](LOG.md)\n"})
    untouched = repo.picture()
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    done = moved(side, ["LOG.md"])
    assert done.measured.agrees
    assert repo.picture()["files"] == untouched["files"]


def test_a_submodules_files_are_reached_and_never_written(repo: Repo, tmp_path: Path) -> None:
    other = Repo.create(tmp_path / "other")
    other.commit(files={"README.md": "[up](../LOG.md)\n"})
    repo.commit(files={"LOG.md": "[m](vendor/README.md) [v](vendor/)\n" + BODY})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "vendor")
    repo.commit()
    done = moved(repo, ["LOG.md"])
    assert done.measured.agrees
    assert (
        repo.read(f"{HOME}/LOG.md").splitlines()[0] == b"[m](../../../vendor/README.md) [v](../../../vendor/)"
    )
    assert repo.read("vendor/README.md") == b"[up](../LOG.md)\n"


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10**6),
    edits=st.lists(st.sampled_from(["disk", "stage", "loose", "drop"]), max_size=6),
)
def test_whatever_the_user_has_changed_links_hold_and_undo_brings_all_back(
    seed: int, edits: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = cluttered(Path(folder, "repo"), seed, logs=12, links=30)
        repo, chance = made.repo, random.Random(seed)  # noqa: S311 - the same edits for the same seed
        for edit in edits:
            path = chance.choice([*made.logs, "README.md", "docs/guide.md"])
            if edit == "loose":
                repo.write(f"LOOSE {chance.randint(0, 9)}.md", f"[a](<{made.logs[0]}>) [b](docs/guide.md)\n")
            elif edit == "drop":
                (repo.root / path).unlink(missing_ok=True)
            else:
                repo.write(
                    path, f"changed [c](<{os.path.relpath(made.logs[1], os.path.dirname(path) or '.')}>)\n"
                )
                if edit == "stage":
                    repo.git("add", "--", path)
        before = repo.picture()
        theirs = repo.git("diff", "--numstat")
        loose = [p.name for p in repo.root.glob("LOOSE*")]
        done = moved(repo, [*made.logs, *loose])
        assert (done.measured.broken, done.receipt.problems) == ((), ())
        assert sorted(line.split("\t")[:2] for line in repo.git("diff", "--numstat").splitlines()) == sorted(
            line.split("\t")[:2] for line in theirs.splitlines()
        )
        undo(open_repository(repo.root))
        assert repo.picture() == before


def test_what_is_no_file_is_no_document(repo: Repo) -> None:
    repo.commit(files={"LOG.md": BODY})
    (repo.root / "docs.md").symlink_to("docs.md")  # a loop cannot be opened, and is no document
    repo.write("x.md/inner", "a folder by a document's name")
    repo.commit()
    assert "docs.md" not in survey(open_repository(repo.root)).documents

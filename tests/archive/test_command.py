from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import yaml

from repoops.oplog.journal import operations
from repoops.vcs.read import open_repository
from tests.archive.moving import HOME
from tests.support.logs import cluttered
from tests.support.repo import Output, Repo

LOG = (
    "# Session Summary ✅\n\n**Status**: ✅ COMPLETE\n**Date**: October 14, 2025\n\nSee [setup](SETUP.md).\n\n"
    + "".join(f"- ✅ step {number} done\n" for number in range(12))
)


def small(repo: Repo) -> Repo:
    repo.commit(
        files={
            "README.md": "# Project\n\n[setup](SETUP.md), [gone](gone.md), `PHASE_2_COMPLETE.md`\n",
            "SETUP.md": "# Setup\n\nHow to set it up.\n",
            "SESSION_SUMMARY_OCT14.md": LOG,
            "PHASE_2_COMPLETE.md": LOG.replace("Session Summary", "Phase 2 Complete"),
        }
    )
    return repo


def test_a_dry_run_says_why_and_changes_nothing(repo: Repo) -> None:
    before = small(repo).picture()
    shown = repo.repoops("archive", "--dry-run")
    assert (shown.code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "archive  PHASE_2_COMPLETE.md",
        "archive  SESSION_SUMMARY_OCT14.md",
        "keep     README.md",
        "keep     SETUP.md",
        "rewrite  README.md",
        f"index    {HOME}/INDEX.md",
        f"rewrite  {HOME}/PHASE_2_COMPLETE.md",
        f"rewrite  {HOME}/SESSION_SUMMARY_OCT14.md",
    ]
    assert all(len(line.split(": ", 1)[1]) > 10 for line in lines[:4])
    assert lines[-1] == f"2 files would move to {HOME}, 2 stay; 2 links and 1 code span would be rewritten"
    assert repo.picture() == before
    assert operations(open_repository(repo.root)) == []


def test_archive_undo_and_archive_again(repo: Repo) -> None:
    before = small(repo).picture()
    done = repo.repoops("archive")
    (operation,) = operations(open_repository(repo.root))
    assert done == Output(
        stdout=(
            f"moved    2 files to {HOME}; files in the root: 4 before, 2 after\n"
            "links    3 lead where they did, 2 of them rewritten, 0 broken; 1 led nowhere before and was left alone\n"
            "mentions 1 code span names a moved file by its new place\n"
            "git      sees 2 of 2 tracked moves as renames; staged, not committed\n"
            f"undo     repoops undo {operation.id}\n"
        ),
        stderr="",
        code=0,
    )
    after = repo.picture()
    assert repo.repoops("archive") == Output("nothing to archive\n", "", 0)
    assert repo.picture() == after
    assert repo.repoops("undo").code == 0
    assert repo.picture() == before
    assert repo.repoops("archive").code == 0
    assert repo.picture() == after


def test_json_holds_decisions_plan_and_what_was_measured(repo: Repo) -> None:
    small(repo)
    planned = json.loads(repo.repoops("archive", "--dry-run", "--json").stdout)
    assert (planned["schema"], planned["dry_run"]) == ("repoops/archive/1", True)
    assert {d["path"]: d["action"] for d in planned["decisions"]} == {
        "README.md": "keep", "SETUP.md": "keep", "PHASE_2_COMPLETE.md": "archive", "SESSION_SUMMARY_OCT14.md": "archive",
    }  # fmt: skip
    done = json.loads(repo.repoops("archive", "--json").stdout)
    assert done["plan"]["steps"] == planned["plan"]["steps"]
    assert done["measured"]["broken"] == []
    assert (done["measured"]["renames"], done["measured"]["root_after"]) == (2, 2)
    assert done["operation"] == operations(open_repository(repo.root))[0].id


def test_what_is_not_so_afterwards_is_said_and_fails(repo: Repo) -> None:
    small(repo)
    for name in ("PHASE_2_COMPLETE.md", "SESSION_SUMMARY_OCT14.md"):
        repo.write(f"{HOME}/{name}", "taken\n")
    repo.commit()
    repo.git("config", "diff.renameLimit", "1")  # the user's own git gives up on renames that are not exact
    done = repo.repoops("archive")
    assert done.code == 1
    assert "git      sees 0 of 2 tracked moves as renames; staged, not committed" in done.stdout.splitlines()


def test_likely_secrets_are_named_by_kind_and_line_and_never_printed(repo: Repo) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    repo.commit(
        files={"SESSION_SUMMARY_OCT14.md": LOG.replace("[setup](SETUP.md)", token), "README.md": "# P\n"}
    )
    said = "SESSION_SUMMARY_OCT14.md:6: a GitHub token, it seems; moving it does not make it less public"
    dry, as_json, done = (
        repo.repoops("archive", *options) for options in (["--dry-run"], ["--dry-run", "--json"], [])
    )
    assert dry.stdout.splitlines()[-1] == f"secret   {said}"
    assert done.stdout.splitlines()[-1] == f"secret   {HOME}/{said}"
    assert json.loads(as_json.stdout)["secrets"] == [
        {"file": "SESSION_SUMMARY_OCT14.md", "line": 6, "kind": "a GitHub token"}
    ]
    assert not any(token in text for text in (dry.stdout, as_json.stdout, done.stdout, done.stderr))
    assert token.encode() in repo.read(f"{HOME}/SESSION_SUMMARY_OCT14.md")


def test_odd_names_are_shown_as_escapes(repo: Repo) -> None:
    name, link = os.fsdecode(b"SESSION_SUMMARY_\xe9\x1b[31m.md"), os.fsdecode(b"latest-\xe9.md")
    repo.commit(files={name: LOG, "README.md": "# P\n", "SETUP.md": "# S\n"})
    (repo.root / link).symlink_to(name)
    repo.commit()
    shown = repo.repoops("archive", "--dry-run", env={"LC_ALL": "C.UTF-8"})
    assert shown.code == 0
    assert (
        "keep     SESSION_SUMMARY_\\xe9\\x1b[31m.md: latest-\\xe9.md is a symlink to it"
        in shown.stdout.splitlines()
    )
    assert repo.repoops("archive", "--dry-run", "--json").code == 0


def test_a_clean_root_has_nothing_to_archive(repo: Repo) -> None:
    repo.commit(files={"README.md": "# Project\n"})
    assert repo.repoops("archive") == Output("nothing to archive\n", "", 0)


def test_300_logs_through_the_command(tmp_path: Path) -> None:
    made = cluttered(tmp_path / "repo")
    before = made.repo.picture()
    done = json.loads(made.repo.repoops("archive", "--json").stdout)
    moves = {move["from"] for move in done["plan"]["facts"]["moves"]}
    measured = done["measured"]
    assert not moves & set(made.named)
    assert moves == set(made.logs) - set(made.named)
    assert (measured["links"], measured["broken"]) == (made.links, [])
    assert measured["renames"] == measured["tracked"] == measured["moved"] == 298
    renamed = [line for line in made.repo.git("status", "--porcelain").splitlines() if line.startswith("R")]
    assert len(renamed) == 298
    assert made.repo.repoops("archive") == Output("nothing to archive\n", "", 0)
    assert made.repo.repoops("undo").code == 0
    assert made.repo.picture() == before


def test_what_ci_names_moves_with_ci_if_that_is_asked_for(tmp_path: Path) -> None:
    made = cluttered(tmp_path / "repo", seed=5, logs=20, links=10)
    before = made.repo.picture()
    kept = json.loads(made.repo.repoops("archive", "--dry-run", "--json").stdout)
    why = {d["path"]: d["reasons"][0] for d in kept["decisions"] if d["path"] in made.named}
    assert {(r["file"], r["line"]) for r in why.values()} == {
        (".github/workflows/ci.yml", 5),
        (".github/workflows/ci.yml", 6),
    }
    done = made.repo.repoops("archive", "--include-referenced")
    assert done.code == 0
    assert "refs     2 rewritten in CI, scripts and code" in done.stdout.splitlines()
    steps = yaml.safe_load(made.repo.read(".github/workflows/ci.yml"))["jobs"]["a"]["steps"]
    assert len(steps) == 2
    for step in steps:
        assert (
            subprocess.run(
                ["sh", "-c", step["run"]], cwd=made.repo.root, stdout=subprocess.DEVNULL
            ).returncode
            == 0
        )
    assert made.repo.git("diff", "--name-only") == ""
    assert made.repo.repoops("undo").code == 0
    assert made.repo.picture() == before

from __future__ import annotations

from repoops.archive.measure import Lost, measure
from repoops.archive.survey import survey
from repoops.vcs.read import open_repository
from tests.archive.moving import HOME, moved
from tests.support.repo import Repo

BODY = "".join(f"line {number} of the log\n" for number in range(20))


def test_what_a_careless_move_does_is_counted(repo: Repo) -> None:
    repo.commit(
        files={"LOG.md": "[s](SETUP.md)\n[x](#top) [gone](gone.md)\n" + BODY, "SETUP.md": "s", "README.md": "[l](LOG.md#a)\n"}
    )  # fmt: skip
    at = open_repository(repo.root)
    before = survey(at)
    (repo.root / HOME).mkdir(parents=True)
    repo.git("mv", "LOG.md", f"{HOME}/LOG.md")
    repo.write(f"{HOME}/INDEX.md", "[l](LOG.md) [m](MISSING.md)\n")
    found = measure(at, before, {"LOG.md": f"{HOME}/LOG.md"}, folders={}, page=f"{HOME}/INDEX.md")
    assert set(found.broken) == {
        Lost(f"{HOME}/LOG.md", 1, "SETUP.md", "SETUP.md"),
        Lost("README.md", 1, "LOG.md#a", f"{HOME}/LOG.md"),
        Lost(f"{HOME}/INDEX.md", 1, "MISSING.md", ""),
    }
    assert (found.links, found.dangling, found.rewritten, found.moved) == (2, 1, 0, 1)
    assert (found.root_before, found.root_after) == (3, 2)
    assert not found.agrees


def test_a_link_that_leads_elsewhere_is_broken_too(repo: Repo) -> None:
    repo.commit(files={"LOG.md": "[s](SETUP.md)\n" + BODY, "SETUP.md": "s", f"{HOME}/SETUP.md": "another"})
    at = open_repository(repo.root)
    before = survey(at)
    repo.git("mv", "LOG.md", f"{HOME}/LOG.md")
    found = measure(at, before, {"LOG.md": f"{HOME}/LOG.md"}, folders={}, page=f"{HOME}/INDEX.md")
    assert [lost.raw for lost in found.broken] == ["SETUP.md"]
    assert found.renames == found.tracked == 1


def test_a_move_that_git_does_not_see_is_counted(repo: Repo) -> None:
    repo.commit(files={"LOG.md": BODY})
    at = open_repository(repo.root)
    before = survey(at)
    repo.git("mv", "LOG.md", "NEW.md")
    repo.write("NEW.md", "all new\n")
    repo.git("add", "NEW.md")
    found = measure(at, before, {"LOG.md": "NEW.md"}, folders={}, page="INDEX.md")
    assert (found.renames, found.tracked, found.agrees) == (0, 1, False)


def test_mentions_that_changed_are_counted_from_disk(repo: Repo) -> None:
    repo.commit(files={"LOG.md": BODY, "README.md": "`LOG.md` and `LOG.md`, `OTHER.md`\n"})
    assert moved(repo, ["LOG.md"]).measured.mentions == 2

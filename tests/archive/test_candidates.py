from __future__ import annotations

import pytest

from repoops.archive.candidates import gather
from repoops.archive.signals import Candidate
from repoops.archive.survey import survey
from repoops.config import Archive, Config
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def gathered(repo: Repo, *folders: str) -> dict[str, Candidate]:
    config = Config(archive=Archive(folders=folders or (".",)))
    at = open_repository(repo.root)
    return {c.path: c for c in gather(at, survey(at), config)}


def test_markdown_and_text_that_says_log_in_the_folder_itself(repo: Repo) -> None:
    repo.commit(
        files={
            "A.md": "", "B.MD": "", "c.markdown": "", "FIX_SUMMARY.txt": "", "é ü.md": "", "-rf.md": "",
            "requirements.txt": "", "notes.txt": "", "a.rst": "", "SUMMARY.md.bak": "", "docs/D.md": "", "gone.md": "",
        }
    )  # fmt: skip
    (repo.root / "gone.md").unlink()
    (repo.root / "link.md").symlink_to("A.md")
    (repo.root / "folder.md").mkdir()
    repo.write(".git/info/exclude", "private.md\n")
    repo.write("private.md", "x")
    repo.write("loose.md", "x")
    found = gathered(repo)
    assert list(found) == [
        "-rf.md", "A.md", "B.MD", "FIX_SUMMARY.txt", "c.markdown", "loose.md", "private.md", "é ü.md"
    ]  # fmt: skip
    assert [path for path, c in found.items() if c.hidden] == ["private.md"]
    assert list(gathered(repo, "docs", "docs/", "nowhere")) == ["docs/D.md"]
    assert list(gathered(repo, "docs", ".")) == ["docs/D.md", *found]


def test_history_and_text_are_those_of_the_file(repo: Repo) -> None:
    repo.commit(files={"A.md": "# One\n", "docs/A.md": "x"}, date="2025-10-01T00:00:00+00:00")
    repo.commit(files={"A.md": "# Two\n"}, date="2025-10-02T00:00:00+00:00")
    repo.write("A.md", "# Three\n")
    repo.write("B.md", "")
    found = gathered(repo)
    assert found["A.md"].facts.title == "Three"
    history = found["A.md"].history
    assert history is not None
    assert (history.commits, history.last[:10]) == (2, "2025-10-02")
    assert found["B.md"].history is None


NAMED = [
    ("see LOG_ONE.md.", True),
    ("[x](LOG_ONE.md#part)", True),
    ("[x](./LOG_ONE.md)", True),
    ("`LOG_ONE.md`", True),
    ("(LOG_ONE.md)", True),
    ("docs/LOG_ONE.md", False),
    ("../LOG_ONE.md", False),
    ("MY_LOG_ONE.md", False),
    ("MY-LOG_ONE.md", False),
    ("LOG_ONE.md.bak", False),
    ("LOG_ONE.mdx", False),
    ("LOG_ONE", False),
]


@pytest.mark.parametrize(("text", "named"), NAMED)
def test_a_readme_names_a_file_beside_it(repo: Repo, text: str, named: bool) -> None:
    repo.commit(files={"README.md": f"# X\n\n{text}\n", "LOG_ONE.md": "", "docs/LOG_ONE.md": ""})
    assert gathered(repo)["LOG_ONE.md"].readme == (("README.md", 3) if named else None)


def test_only_a_readme_of_the_whole_counts(repo: Repo) -> None:
    repo.commit(
        files={"README_POOL.md": "A.md", "docs/README.md": "A.md", "CHANGELOG.md": "A.md", "A.md": "A.md"}
    )
    assert gathered(repo)["A.md"].readme is None
    repo.commit(files={"README.rst": "\n\nA.md", "README.zh-CN.md": "A.md"})
    assert gathered(repo)["A.md"].readme == ("README.rst", 3)


def test_siblings_are_logs_that_begin_with_the_same_topic(repo: Repo) -> None:
    names = (
        "POOL_NOTES",
        "POOL_FIX_SUMMARY",
        "POOL-REPORT",
        "POOLS_X",
        "FIX_POOL",
        "FIX_ALL",
        "GUIDE_A",
        "GUIDE_FIX",
    )
    repo.commit(files={f"{name}.md": "" for name in names})
    siblings = {path: c.siblings for path, c in gathered(repo).items() if c.siblings}
    assert siblings == {
        "POOL_NOTES.md": ("POOL-REPORT.md", "POOL_FIX_SUMMARY.md"),
        "POOL_FIX_SUMMARY.md": ("POOL-REPORT.md",),
        "POOL-REPORT.md": ("POOL_FIX_SUMMARY.md",),
    }


def test_what_is_too_long_or_no_text_is_no_candidate_or_harmless(repo: Repo) -> None:
    repo.commit(files={"HUGE_SUMMARY.md": b"x" * 2_000_001, "BYTES_SUMMARY.md": bytes(range(256)) * 20})
    assert list(gathered(repo)) == ["BYTES_SUMMARY.md"]


def test_one_commit_of_everything_tells_nothing_of_a_file(repo: Repo) -> None:
    repo.commit(files={"A.md": "", "B.md": ""}, date="2025-10-01T00:00:00+00:00")
    assert [c.history for c in gathered(repo).values()] == [None, None]
    repo.commit(files={"C.md": ""}, date="2025-10-02T00:00:00+00:00")
    assert [c.history is not None and c.history.commits for c in gathered(repo).values()] == [1, 1, 1]


def test_nothing_is_committed_yet(repo: Repo) -> None:
    repo.write("A.md", "x")
    assert gathered(repo)["A.md"].history is None

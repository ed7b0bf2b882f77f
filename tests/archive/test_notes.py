from __future__ import annotations

from pathlib import Path

import pytest

from repoops.archive.notes import notes
from repoops.vcs.read import open_repository
from tests.archive.moving import HOME
from tests.support.repo import Repo

LOG = f"{HOME}/LOG.md"


def noted(repo: Repo) -> list[str]:
    return notes(open_repository(repo.root), [LOG])


def test_a_plain_repository_has_nothing_to_note(repo: Repo) -> None:
    repo.commit(
        files={"README.md": "r", ".github/workflows/ci.yml": "on: push\n", ".github/workflows/x.yml": "on: ["}
    )
    assert noted(repo) == []


def test_an_ignored_archive_is_noted(repo: Repo) -> None:
    repo.commit(files={".gitignore": "docs/archive\n"})
    assert noted(repo) == [
        f"git ignores 1 of the new places ({LOG}): tracked logs stay tracked there, but git status will not show new ones"
    ]


@pytest.mark.parametrize(
    ("patterns", "starts"),
    [
        ("[docs/**]", "docs/**"),
        ("['**.md']", "**.md"),
        ("['**/*.md']", "**/*.md"),
        ("['docs/*']", None),
        ("[src/**]", None),
        ("['docs/**', '!docs/archive/**']", None),
        ("['!docs/**', docs/archive/**]", "docs/archive/**"),
    ],
)
def test_a_path_filter_of_ci_that_the_archive_meets_is_noted(
    repo: Repo, patterns: str, starts: str | None
) -> None:
    repo.commit(
        files={".github/workflows/site.yaml": f"on:\n  push:\n    branches: [main]\n    paths: {patterns}\n"}
    )
    wanted = f".github/workflows/site.yaml:4: push on {starts!r} matches the archive: it will start"
    assert noted(repo) == ([wanted] if starts else [])


@pytest.mark.parametrize(
    ("config", "content", "noted_folder"),
    [
        ("mkdocs.yml", "site_name: x\n", "docs"),
        ("mkdocs.yml", "docs_dir: 'pages'  # ours\n", None),
        ("mkdocs.yaml", "docs_dir: docs/archive\n", "docs/archive"),
        ("docs/_config.yml", "", "docs"),
        ("book.toml", "", None),
    ],
)
def test_a_site_that_would_publish_the_archive_is_noted(
    repo: Repo, config: str, content: str, noted_folder: str | None
) -> None:
    repo.commit(files={config: content})
    wanted = f"{config}: the site is built from {noted_folder}/, so the archive may be published with it"
    assert noted(repo) == ([wanted] if noted_folder else [])


def test_a_sparse_checkout_is_noted(repo: Repo) -> None:
    repo.commit(files={"a/b": "x"})
    repo.git("sparse-checkout", "set", "a")
    assert noted(repo) == [
        "this is a sparse checkout: git may take the archive out of the work tree at its next update"
    ]


def test_a_shallow_clone_is_noted(repo: Repo, tmp_path: Path) -> None:
    repo.commit(files={"a": "1"})
    repo.commit(files={"a": "2"})
    repo.git("clone", "-q", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    (line,) = noted(Repo(tmp_path / "shallow"))
    assert line.startswith("this clone is shallow: dates in the index reach no further back")

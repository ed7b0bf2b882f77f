"""The map as it should be now, and how the one that lies there differs."""

from __future__ import annotations

from repoops.codemap import render
from repoops.codemap.keep import kept
from repoops.codemap.scan import scan
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.vcs.read import Repository


def draw(repo: Repository, config: Config, tokens: int = render.TOKENS) -> str:
    """The map of the tree as it lies on disk, with what people wrote in the present one.

    Raises:
        RepoOpsError: the present map's keep markers are damaged.
    """
    return render.render(
        scan(repo, config.codemap.exclude),
        config.codemap.path,
        kept(_present(repo, config) or "", config.codemap.path),
        tokens,
    )


def stale(repo: Repository, config: Config) -> list[str]:
    """What the present map says that is no longer so, and what it does not say; empty where it is up to date.

    A repository that never had a map has none that could be stale.
    """
    present = _present(repo, config)
    if present is None:
        return []
    wanted = draw(repo, config)
    if present == wanted:
        return []
    found = [f"no longer so: {line}" for line in _beyond(present, wanted)] + [
        f"missing: {line}" for line in _beyond(wanted, present)
    ]
    return found or ["the order of its lines, or its blank lines"]


def _beyond(one: str, other: str) -> list[str]:
    """The lines of one map that the other lacks, in order."""
    there = set(other.split("\n"))
    return [line for line in one.split("\n") if line.strip() and line not in there]


def _present(repo: Repository, config: Config) -> str | None:
    path = repo.root / config.codemap.path
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise RepoOpsError(
            "is no UTF-8 text", where=config.codemap.path, remedy="move it aside, then: repoops codemap"
        ) from None

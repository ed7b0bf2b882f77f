"""What a person should know before committing moved logs: rules and machines that watch the archive's folder. Forbids nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repoops.archive.secrets import find_secrets
from repoops.files import RelPath, shown
from repoops.vcs.read import Repository, ignored
from repoops.vcs.run import git, text

_SITES = {
    "mkdocs.yml": "docs",
    "mkdocs.yaml": "docs",
    "docusaurus.config.js": "docs",
    "docusaurus.config.ts": "docs",
    "docs/_config.yml": "docs",
    "docs/.vitepress": "docs",
    "docs/conf.py": "docs",
    "book.toml": "src",
}
"""A site generator's configuration, and the folder whose files it publishes where nothing else is set."""


def notes(repo: Repository, arriving: Sequence[RelPath]) -> list[str]:
    """One line for each rule that paths arriving in the archive will meet."""
    if not arriving:
        return []
    of_repository = (*_ignored(repo, arriving), *_clone(repo))
    return [
        shown(line) for line in (*of_repository, *_filters(repo.root, arriving), *_sites(repo.root, arriving))
    ]


@dataclass(frozen=True, slots=True)
class LikelySecret:
    """A line of a log that seems to hold a secret, and of what kind; what it says is not kept."""

    file: RelPath
    line: int
    kind: str

    def __str__(self) -> str:
        """The place and the kind."""
        return (
            f"{shown(self.file)}:{self.line}: {self.kind}, it seems; moving it does not make it less public"
        )


def secrets_in(repo: Repository, paths: Iterable[RelPath]) -> list[LikelySecret]:
    """The likely secrets of files in the work tree."""
    return [
        LikelySecret(path, secret.line, secret.kind)
        for path in paths
        for secret in find_secrets((repo.root / path).read_bytes())
    ]


def _ignored(repo: Repository, arriving: Sequence[RelPath]) -> Iterator[str]:
    hidden = ignored(repo, arriving)
    if hidden:
        yield (
            f"git ignores {len(hidden)} of the new places ({min(hidden)}): tracked logs stay tracked there, "
            "but git status will not show new ones"
        )


def _filters(root: Path, arriving: Sequence[RelPath]) -> Iterator[str]:
    folder = root / ".github/workflows"
    for name in sorted(os.listdir(folder)) if folder.is_dir() else ():
        if not name.endswith((".yml", ".yaml")) or not (folder / name).is_file():
            continue
        source = (folder / name).read_text(encoding="utf-8", errors="replace")
        if "paths" not in source:
            continue
        for event, patterns in _path_filters(source):
            if any(_passes(path, patterns) for path in arriving):
                shown = next((p for p in patterns if _glob(p).fullmatch(arriving[0])), patterns[0])
                line = next((n for n, row in enumerate(source.splitlines(), 1) if shown in row), 1)
                yield f".github/workflows/{name}:{line}: {event} on {shown!r} matches the archive: it will start"


def _path_filters(source: str) -> Iterator[tuple[str, list[str]]]:
    import yaml

    try:
        data = yaml.safe_load(source)
    except yaml.YAMLError:
        return
    events = (
        (data.get("on", data.get(True)) or {}) if isinstance(data, dict) else {}
    )  # YAML 1.1 reads `on` as true
    for event, settings in events.items() if isinstance(events, dict) else ():
        patterns = settings.get("paths") if isinstance(settings, dict) else None
        if isinstance(patterns, list) and patterns:
            yield str(event), [str(p) for p in patterns]


def _passes(path: RelPath, patterns: Iterable[str]) -> bool:
    """The last pattern that matches decides, and `!` excludes.

    Source: GitHub, "Workflow syntax: on.<push|pull_request>.paths".
    """
    passes = False
    for pattern in patterns:
        if _glob(pattern.removeprefix("!")).fullmatch(path):
            passes = not pattern.startswith("!")
    return passes


def _glob(pattern: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]?"}
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    return re.compile("".join(parts.get(token) or re.escape(token) for token in tokens))


def _sites(root: Path, arriving: Sequence[RelPath]) -> Iterator[str]:
    for config, folder in _SITES.items():
        if not (root / config).exists():
            continue
        published = _docs_dir(root / config) or folder
        if any(path.startswith(published.rstrip("/") + "/") for path in arriving):
            yield f"{config}: the site is built from {published}/, so the archive may be published with it"


def _docs_dir(config: Path) -> str | None:
    if not config.name.startswith("mkdocs"):
        return None
    match = re.search(
        r"^docs_dir:\s*['\"]?([^'\"#\n]+)", config.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return match[1].strip() if match else None


def _clone(repo: Repository) -> Iterator[str]:
    sparse = git(repo.root, "config", "--type=bool", "--default=false", "--get", "core.sparseCheckout")
    if text(sparse).strip() == "true":
        yield "this is a sparse checkout: git may take the archive out of the work tree at its next update"
    if text(git(repo.root, "rev-parse", "--is-shallow-repository")).strip() == "true":
        yield "this clone is shallow: dates in the index reach no further back than it does; git fetch --unshallow mends it"

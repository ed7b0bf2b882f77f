from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from repoops.claims import gather
from repoops.claims.about import Names
from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, below
from repoops.report import store
from repoops.report.verdict import Verdict
from repoops.session import recheck
from repoops.vcs import read
from repoops.vcs.read import Repository

_COMMITS = 100
"""How many messages back an audit of the whole repository reads."""

Held = tuple[str, Verdict]
"""The text a claim stands in, and what came of it."""


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A session summary, or any text; none: every page and kernel, and commit messages.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every verdict as JSON.")] = False,
) -> None:
    """Hold a summary claim by claim against repository and evidence, or what texts say of kernels against stored reports."""
    repo, config = context.open_repo()
    held = _given(repo, config, files) if files else everything(repo, config)
    if as_json:
        console.out_json(
            {"schema": "repoops/audit/2", "verdicts": [{"file": at, **asdict(v)} for at, v in held]}
        )
    else:
        for line in said(held):
            console.out(line)
    raise typer.Exit(0 if all(v.fine for _, v in held) else 1)


def _given(repo: Repository, config: Config, files: Sequence[Path]) -> list[Held]:
    held: list[Held] = []
    texts = []
    for at in (inside(repo, file) for file in files):
        data = _read(repo.root / at, at)
        if recheck.is_summary(data.decode("utf-8", "replace")):
            held += [(at, verdict) for verdict in recheck.audit(repo, at)]
        elif at.endswith(gather.SUFFIXES):
            texts.append(gather.Text(at, data))
        else:
            raise RepoOpsError(
                "is no text that is read for claims",
                where=at,
                remedy=f"name one of {', '.join(gather.SUFFIXES)}",
            )
    return held + (_claims(repo, config, texts) if texts else [])


def _read(path: Path, at: RelPath) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=at) from None


def everything(repo: Repository, config: Config) -> list[Held]:
    """Pages outside the archive, the suite's own files, and the newest commit messages."""
    own = context.outputs(config)
    paths = [
        path for path in read.tracked(repo)
        if not below(path, own) and (path.endswith(".md") or below(path, config.verify.paths))
    ]  # fmt: skip
    pages = [
        gather.Text(path, (repo.root / path).read_bytes())
        for path in paths
        if path.endswith(gather.SUFFIXES) and (repo.root / path).is_file()
    ]
    commits = [gather.Text(id_[:12], body.encode(), True) for id_, body in read.messages(repo, _COMMITS)]
    return _claims(repo, config, [*pages, *commits])


def _claims(repo: Repository, config: Config, texts: Iterable[gather.Text]) -> list[Held]:
    files = read.tracked(repo)
    reports = store.recent(repo.state, committed(repo, config))
    return list(gather.verdicts(texts, Names.of(files, config.verify.paths, reports), reports))


def committed(repo: Repository, config: Config) -> list[Path]:
    """The reports that lie beside summaries."""
    return [
        path for at in read.tracked(repo)
        if at.endswith("/verification.json") and below(at, (config.archive.destination,)) and (path := repo.root / at).is_file()
    ]  # fmt: skip


def said(held: Sequence[Held]) -> list[str]:
    """What is not true in full, then the counts of each text of which there is something to say."""
    rows = []
    for at, v in held:
        if v.word != "true":
            rows.append(f"{at}:{v.line}: {v.word}: {v.claim}" if v.line else f"{at}: {v.word}: {v.claim}")
            rows.append(f"    {v.why}" + (f" ({v.command})" if v.command else ""))
    places = list(dict.fromkeys(at for at, _ in held))
    for at in places:
        counts = Counter(v.word for place, v in held if place == at)
        rows.append(f"{at}: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    return rows or ["no claim about a kernel was found"]


def inside(repo: Repository, file: Path) -> RelPath:
    """A path as given on the command line, relative to the repository's root."""
    at = os.path.relpath(os.path.abspath(file), repo.root).replace(os.sep, "/")
    if at.startswith("../"):
        raise RepoOpsError("lies outside this repository", where=str(file))
    return at

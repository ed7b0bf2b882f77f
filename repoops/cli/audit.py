from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from repoops.claims import annotation, gather, log
from repoops.claims.about import Names
from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, below, shown
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_lines
from repoops.oplog.observe import base, steps_to_write
from repoops.oplog.plan import Plan
from repoops.progress import Progress, silent
from repoops.report import store
from repoops.report.verdict import WORDS, Verdict
from repoops.report.verification import VerificationReport
from repoops.session import recheck
from repoops.vcs import read
from repoops.vcs.past import Past
from repoops.vcs.read import Repository
from repoops.words import many

_COMMITS = 100
"""How many messages back an audit of the whole repository reads."""

Held = tuple[str, Verdict]
"""The text a claim stands in, and what came of it."""


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Session logs, summaries, any texts, or folders of them; none: every page and kernel, and commit messages.",
            show_default=False,
        ),
    ] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Write each verdict beside its claim, as an HTML comment.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --annotate: print the plan, change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every verdict as JSON.")] = False,
) -> None:
    """Hold what logs and pages claim against git, stored reports and evidence, each as of the time it was written."""
    repo, config = context.open_repo()
    with console.progress() as progress:
        held = (
            _given(repo, config, files, progress)
            if files
            else everything(repo, config, stored(repo, config), progress)
        )
    plan = _notes(repo, held) if annotate else None
    operation = apply(repo, plan).operation if plan and plan.steps and not dry_run else None
    if as_json:
        console.out_json(
            {"schema": "repoops/audit/3", "totals": _counts(held), "operation": operation,
             "pending": plan_lines(plan) if plan and not operation else [],
             "verdicts": [{"file": at, **asdict(v)} for at, v in held]}
        )  # fmt: skip
    else:
        for line in said(held):
            console.out(line)
        if plan is not None:
            written = (
                f"annotated {many(len(plan.steps), 'file')}; undo: repoops undo {operation[:4]}"
                if operation
                else ""
            )
            pending = plan_lines(plan) or ["nothing to annotate"]
            for line in [written] if written else pending:
                console.out(line)
    raise typer.Exit(0 if all(v.fine for _, v in held) else 1)


def _given(repo: Repository, config: Config, files: Sequence[Path], progress: Progress) -> list[Held]:
    held: list[Held] = []
    texts = []
    for at in _expanded(repo, files):
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
    return held + (claims(repo, config, texts, stored(repo, config), progress) if texts else [])


def _expanded(repo: Repository, files: Sequence[Path]) -> list[RelPath]:
    """Files as they are named, folders as the texts in them that git does not ignore."""
    found: list[RelPath] = []
    for file in files:
        at = inside(repo, file)
        if not (repo.root / at).is_dir():
            found.append(at)
            continue
        listed = sorted({*read.tracked(repo), *read.untracked(repo)})
        here = [
            path for path in listed
            if below(path, (at,)) and path.endswith(gather.SUFFIXES) and (repo.root / path).is_file()
        ]  # fmt: skip
        if not here:
            raise RepoOpsError("holds no text that is read for claims", where=at)
        found += here
    return list(dict.fromkeys(found))


def _read(path: Path, at: RelPath) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=at) from None


def everything(
    repo: Repository, config: Config, reports: Sequence[VerificationReport], progress: Progress = silent
) -> list[Held]:
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
    return claims(repo, config, [*pages, *commits], reports, progress)


def claims(
    repo: Repository,
    config: Config,
    texts: Sequence[gather.Text],
    reports: Sequence[VerificationReport],
    progress: Progress,
) -> list[Held]:
    """What texts say of kernels, held against stored reports, and what pages say of the repository, held against git."""
    names = Names.of(read.tracked(repo), config.verify.paths, reports)
    held: list[Held] = []
    with Past(repo) as past:
        for done, text in enumerate(texts):
            progress(done, len(texts), text.name)
            found = [replace(v, kind="kernel") for _, v in gather.verdicts([text], names, reports)]
            if text.name.endswith(".md") and not text.is_message:
                found += log.verdicts(past, text.name, text.data)
            held += [(text.name, v) for v in sorted(found, key=lambda v: v.line)]
    return held


def _notes(repo: Repository, held: Sequence[Held]) -> Plan:
    """One write for each page whose notes are not yet as they should be; our own summaries are left alone."""
    pages: dict[RelPath, list[Verdict]] = {}
    for at, verdict in held:
        if at.endswith(".md") and verdict.kind:
            pages.setdefault(at, []).append(verdict)
    steps = []
    for at, verdicts in pages.items():
        data = _read(repo.root / at, at)
        if not recheck.is_summary(data.decode("utf-8", "replace")):
            steps += steps_to_write(repo, at, annotation.annotated(data, verdicts))
    return Plan("audit", base(repo), tuple(steps), facts={"totals": _counts(held)})


def _counts(held: Iterable[Held]) -> dict[str, int]:
    counts = Counter(v.word for _, v in held)
    return {word: counts[word] for word in WORDS}


def stored(repo: Repository, config: Config) -> list[VerificationReport]:
    """The reports that claims are held against, the newest first."""
    return store.recent(repo.state, committed(repo, config))


def committed(repo: Repository, config: Config) -> list[Path]:
    """The reports that lie beside summaries."""
    return [
        path for at in read.tracked(repo)
        if at.endswith("/verification.json") and below(at, (config.archive.destination,)) and (path := repo.root / at).is_file()
    ]  # fmt: skip


def said(held: Sequence[Held]) -> list[str]:
    """What speaks against a claim in full; of one text all that is not true; then the counts, of several texts as a table."""
    places = list(dict.fromkeys(at for at, _ in held))
    rows = []
    for at, v in held:
        if v.word != "true" and (len(places) == 1 or not v.fine):
            where = f"{shown(at)}:{v.line}" if v.line else shown(at)
            rows.append(f"{where}: {v.word}: {v.claim}")
            ran = v.command + (f" → {v.output}" if v.output and v.command else "")
            rows.append(f"    {v.why}" + (f" ({ran})" if ran else ""))
    if not places:
        return ["no claim was found"]
    counted = {at: Counter(v.word for place, v in held if place == at) for at in places}
    if len(places) == 1:
        total = ", ".join(f"{n} {word}" for word, n in sorted(counted[places[0]].items()))
        return [*rows, f"{shown(places[0])}: {total}"]
    return [*rows, *_table(counted)]


def _table(counted: dict[RelPath, Counter[str]]) -> list[str]:
    total = sum(counted.values(), Counter())
    lines = {**{shown(at): counts for at, counts in counted.items()}, many(len(counted), "text"): total}
    width = max(map(len, lines))
    head = " " * width + "".join(f"  {word}" for word in WORDS)
    body = (
        f"{name:<{width}}" + "".join(f"  {counts[word] or '-':>{len(word)}}" for word in WORDS)
        for name, counts in lines.items()
    )
    return [head, *body]


def inside(repo: Repository, file: Path) -> RelPath:
    """A path as given on the command line, relative to the repository's root."""
    at = os.path.relpath(os.path.abspath(file), repo.root).replace(os.sep, "/")
    if at == ".." or at.startswith("../"):
        raise RepoOpsError("lies outside this repository", where=str(file))
    return at

from __future__ import annotations

import json
import os
import posixpath
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from repoops import clock
from repoops.cli import audit as audit_cli
from repoops.cli import console, context, verify
from repoops.cli import gpu as gpu_cli
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, below
from repoops.gpu import provider_of
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_lines, plan_to_json
from repoops.oplog.journal import operations
from repoops.oplog.observe import base
from repoops.oplog.plan import Plan
from repoops.report import store
from repoops.report.evidence import Evidence
from repoops.report.verdict import Verdict
from repoops.report.verification import VerificationReport, evidence_of
from repoops.session import plan as session_plan
from repoops.session import recheck, record
from repoops.session.begin import inferred
from repoops.session.item import Partial
from repoops.session.render import render, unmarked
from repoops.session.summary import Facts, Summary, summarise
from repoops.vcs import commits, read
from repoops.vcs.read import Repository
from repoops.vcs.run import git, text
from repoops.vcs.write import commit_only


def command(
    output: Annotated[
        str | None,
        typer.Option("--output", help="Where the summary goes, from the root; default: session.summary."),
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open the summary in $EDITOR before it is checked.")
    ] = False,
    no_verify: Annotated[
        bool,
        typer.Option(
            "--no-verify",
            help="Do not run the kernel suite: use the kept report of this very tree if there is one, else the summary says so.",
        ),
    ] = False,
    commit: Annotated[
        bool, typer.Option("--commit", help="Commit the summary and its evidence, and nothing else.")
    ] = False,
    stop_gpu: Annotated[
        bool, typer.Option("--stop-gpu", help="Stop the GPU machine first, and believe only TERMINATED.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Verify, then write the session's summary: every mark in it points at evidence."""
    repo, config = context.open_repo()
    if output:
        config = replace(
            config, session=replace(config.session, summary=audit_cli.inside(repo, repo.root / output))
        )
    machine = bool(config.gpu.provider) or stop_gpu
    # A faulty configuration, and all else that would be refused after the suite, is said before it runs.
    if machine:
        provider_of(config.gpu)
    session_plan.refuse_place(repo, config.session.summary)
    read.refuse_in_progress(repo, "session-end")
    report, why = _report(repo, config, no_verify=no_verify)
    stopped = gpu_cli.at_end(repo, config, stop=stop_gpu) if machine and not dry_run else True
    known = record.read(repo)
    facts = _facts(repo, config, known, report, why)
    evidence = posixpath.join(config.archive.destination, "evidence", facts.start.id)
    files = _files(repo, known, facts, report)
    verified = evidence_of(report, files["verification.json"], "verification.json") if report else None
    summary = summarise(facts, known.runs, verified, report, _statements(files, facts))
    at = config.session.summary
    page = render(summary, at, evidence, recheck.files_digests(files))
    placed = {posixpath.join(evidence, name): content for name, content in files.items()}
    steps = session_plan.steps(
        repo, at, page.encode("utf-8", "surrogateescape"), placed, config.archive.destination, facts.end
    )
    plan = Plan(
        "session-end", base(repo), tuple(steps), facts={"session": facts.start.id, "outcome": summary.outcome}
    )
    if dry_run:
        console.out_json(plan_to_json(plan)) if as_json else console.out("\n".join(plan_lines(plan)))
        return
    with console.progress() as progress:
        receipt = apply(repo, plan, progress)
    record.append(repo, {"event": "end", "at": facts.end.isoformat(), "operation": receipt.operation})
    if edit:
        _edit(repo, at)
    verdicts = recheck.audit(repo, at)
    if commit:
        commit_only(repo, sorted({at, *placed, *_moved(plan)}), _subject(summary))
    _say(at, summary, receipt.operation, verdicts, as_json=as_json)
    passed = summary.outcome != "failed"
    raise typer.Exit(0 if passed and stopped and receipt.agrees and all(v.fine for v in verdicts) else 1)


def _statements(files: Mapping[str, bytes], facts: Facts) -> list[Evidence]:
    return [Evidence.from_json(json.loads(files[f"{sighting.id}.json"])) for sighting in facts.gpu]


def _report(repo: Repository, config: Config, *, no_verify: bool) -> tuple[VerificationReport | None, str]:
    """The report about exactly this tree: the stored one, else one made now; else why there is none."""
    tree = read.subject(repo, context.outputs(config)).tree
    stored = store.load(repo.state, tree)
    if stored is not None:
        return stored, ""
    if no_verify:
        return None, "verification was switched off with --no-verify"
    console.note("verifying the kernels")
    try:
        with console.progress() as progress:
            report = verify.run(repo, config, progress)
    except RepoOpsError as error:
        return None, str(error).replace("\n", "; ")
    if report.subject is None:
        return None, "the tree changed while the suite ran"
    if not report.results:
        return None, "; ".join(f"{what}: {reason}" for what, reason in report.not_run) or "nothing ran"
    return report, ""


def _facts(
    repo: Repository, config: Config, known: record.SessionRecord, report: VerificationReport | None, why: str
) -> Facts:
    now = clock.now()
    at = read.head(repo)
    start = known.start or inferred(repo, now, at, known.ended)
    outputs = context.outputs(config)
    subject = read.subject(repo, outputs)
    since = start.head if start.head and read.resolve(repo, start.head) else None
    made = commits.commits(repo, since, at.commit) if at.commit and at.commit != start.head else []
    files = commits.changed(repo, since) if at.commit else []
    done = [o for o in operations(repo) if o.command != "session-end" and o.started >= start.at.isoformat()]
    return Facts(
        start=start,
        end=now,
        subject=subject,
        branch=at.branch,
        notes=known.notes,
        commits=tuple((c.id, c.subject, c.when.isoformat()) for c in made),
        files=tuple((f.path, f.added, f.removed, f.gone) for f in files if not below(f.path, outputs)),
        operations=tuple((o.id, o.command, dict(o.counts), o.state) for o in done),
        repository=_counts(repo, outputs),
        not_verified="" if report else why,
        gpu=known.gpu,
    )


def _counts(repo: Repository, outputs: tuple[str, ...]) -> Mapping[str, int]:
    root = [
        p for p in (*read.tracked(repo), *read.untracked(repo)) if "/" not in p and (repo.root / p).exists()
    ]
    counts = {
        "root files": len(root),
        "root markdown files": sum(p.lower().endswith((".md", ".markdown")) for p in root),
        "uncommitted paths": sum(not below(s.path, outputs) for s in read.status(repo)),
    }
    unpushed = text(git(repo.root, "rev-list", "--count", "@{upstream}..HEAD", ok=(0, 128))).strip()
    return counts | ({"commits not pushed": int(unpushed)} if unpushed else {})


def _files(
    repo: Repository, known: record.SessionRecord, facts: Facts, report: VerificationReport | None
) -> dict[str, bytes]:
    """The evidence, name → content: facts, statements with their logs, report."""
    files = {"session.json": _json(facts.to_json())}
    place = record.folder(repo) / "evidence"
    for run in known.runs:
        files[f"{run.id}.json"] = (place / f"{run.id}.json").read_bytes()
        files[run.log_name] = (place / run.log_name).read_bytes()
    for sighting in known.gpu:
        for name in (f"{sighting.id}.json", f"{sighting.id}.txt"):
            files[name] = (place / name).read_bytes()
    if report:
        files["verification.json"] = _json(report.to_json())
        files["verify.json"] = _json(
            evidence_of(report, files["verification.json"], "verification.json").to_json()
        )
    return files


def _json(data: object) -> bytes:
    return json.dumps(data, indent=1).encode() + b"\n"


def _moved(plan: Plan) -> list[RelPath]:
    from repoops.oplog.plan import Move

    return [path for step in plan.steps if isinstance(step, Move) for path in (step.source, step.target)]


def _subject(summary: Summary) -> str:
    report = summary.report
    checks = (
        f", {report.count('passed')} of {len(report.results)} checks passed" if report else ", not verified"
    )
    return f"session: {summary.facts.end:%Y-%m-%d} {summary.outcome}{checks}"


def _edit(repo: Repository, at: RelPath) -> None:
    from repoops.session.run import foreground

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise RepoOpsError(
            "EDITOR is not set",
            where=at,
            remedy="the summary is written; edit it by hand between its two markers",
        )
    status = foreground([*shlex.split(editor), str(Path(repo.root, at))])
    if status != 0:
        console.note(f"{editor} ended with status {status}")


def _say(at: RelPath, summary: Summary, operation: str, verdicts: list[Verdict], *, as_json: bool) -> None:
    clean = all(v.fine for v in verdicts)
    if as_json:
        console.out_json({
            "schema": "repoops/session-end/1", "summary": at, "operation": operation, "outcome": summary.outcome,
            "marks": [{"mark": i.mark, "text": i.text} for i in (*summary.items, *summary.machines, *summary.stated)], "audit": "clean" if clean else "findings",
        })  # fmt: skip
        return
    for item in (*summary.items, *summary.machines, *summary.stated):
        stops = f"; {item.state.but}" if item in summary.machines and isinstance(item.state, Partial) else ""
        console.out(f"{item.mark} {unmarked(item.text)}{stops}")
    if not clean:
        for line in audit_cli.said([(at, v) for v in verdicts]):
            console.note(line)
    console.out(
        f"{at}: {summary.outcome}; audit {'clean' if clean else 'has findings'}; undo: repoops undo {operation[:4]}"
    )

"""Holds a summary of ours against its evidence and the repository, claim by claim.

The page must be what `render` makes of the stored facts and statements; those must have the digests
that the page gives; and what they say of commits and trees must be true in git.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repoops.errors import RepoOpsError
from repoops.files import RelPath, digest, sha256
from repoops.report.evidence import Evidence, Subject
from repoops.report.verdict import Verdict
from repoops.report.verification import VerificationReport, evidence_of
from repoops.session import gpu
from repoops.session.render import BY_HAND, SCHEMA, render
from repoops.session.summary import Facts, Summary, summarise
from repoops.vcs import read
from repoops.vcs.read import Repository
from repoops.vcs.run import git, text
from repoops.words import many

_HISTORY = 200
"""How many commits back the tree of a summary is looked for."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies beside a summary."""

    folder: RelPath
    digests: Mapping[str, str]
    facts: Facts
    runs: tuple[Evidence, ...]
    verified: Evidence | None
    report: VerificationReport | None
    gpu: tuple[Evidence, ...] = ()

    def summary(self) -> Summary:
        """The summary they make."""
        return summarise(self.facts, self.runs, self.verified, self.report, self.gpu)


def audit(repo: Repository, at: RelPath) -> list[Verdict]:
    """Every claim of a summary, checked.

    Raises:
        RepoOpsError: the file is not there, or is no summary of ours.
    """
    page = _read(repo, at)
    matter = _front_matter(page, at)
    folder, digests = _evidence_of(matter, at)
    verdicts = list(_digests(repo, folder, digests))
    if any(not v.fine for v in verdicts):
        return verdicts + list(_page_alone(repo, at, page, folder, digests))
    stored = load(repo, folder, digests)
    return [
        *verdicts,
        *_statements(stored),
        *_machines(repo, stored),
        *_page(repo, at, page, stored),
        *_git(repo, stored),
        *_links(repo, at, page),
    ]


def is_summary(page: str) -> bool:
    """Whether a page's front matter says that it is a summary of ours."""
    matter = _matter(page)
    return matter is not None and matter.get("schema") == SCHEMA


def load(repo: Repository, folder: RelPath, digests: Mapping[str, str]) -> Stored:
    """Reads facts, statements and report from an evidence folder.

    Raises:
        RepoOpsError: one of them is not what it should be.
    """
    where = repo.root / folder

    def data(name: str) -> Any:
        try:
            return json.loads((where / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RepoOpsError(f"cannot be read: {error}", where=f"{folder}/{name}", code=1) from None

    name = "session.json"
    try:
        facts = Facts.from_json(data("session.json"))
        runs, machines = [], []
        for name in sorted((n for n in digests if n.startswith("run-") and n.endswith(".json")), key=_number):
            runs.append(Evidence.from_json(data(name)))  # noqa: PERF401 - `name` must be known if one does not fit
        for name in sorted((n for n in digests if n.startswith("gpu-") and n.endswith(".json")), key=_number):
            machines.append(Evidence.from_json(data(name)))  # noqa: PERF401 - likewise
        verified = report = None
        if "verify.json" in digests:
            name = "verify.json"
            verified = Evidence.from_json(data(name))
            name = "verification.json"
            report = VerificationReport.from_json(data(name))
    except ValueError as error:
        raise RepoOpsError(str(error), where=f"{folder}/{name}", code=1) from None
    return Stored(folder, digests, facts, tuple(runs), verified, report, tuple(machines))


def by_hand(page: str) -> str:
    """What a person wrote between the two markers."""
    before, found, rest = page.partition(BY_HAND[0] + "\n")
    inside, ended, _ = rest.partition(BY_HAND[1])
    return inside if found and ended and before else ""


def _number(name: str) -> int:
    digits = name.removesuffix(".json").rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _read(repo: Repository, at: RelPath) -> str:
    try:
        return (repo.root / at).read_text(encoding="utf-8")
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=at) from None
    except UnicodeDecodeError:
        raise RepoOpsError("is no UTF-8 text", where=at) from None


def _matter(page: str) -> Mapping[str, Any] | None:
    import yaml

    parts = page.split("---\n", 2)
    try:
        matter = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0] else None
    except yaml.YAMLError:
        return None
    return matter if isinstance(matter, dict) else None


def _front_matter(page: str, at: RelPath) -> Mapping[str, Any]:
    matter = _matter(page)
    if matter is None or matter.get("schema") != SCHEMA:
        raise RepoOpsError(
            "is no session summary of ours",
            where=at,
            remedy=f"its front matter should begin with schema: {SCHEMA}",
        )
    return matter


def _evidence_of(matter: Mapping[str, Any], at: RelPath) -> tuple[RelPath, Mapping[str, str]]:
    found = matter.get("evidence")
    evidence: dict[str, Any] = found if isinstance(found, dict) else {}
    folder, files = evidence.get("folder"), evidence.get("files")
    if (
        not isinstance(folder, str)
        or not isinstance(files, dict)
        or "session.json" not in files
        or any("/" in str(name) for name in files)
        or ".." in folder.split("/")
        or folder.startswith("/")
    ):
        raise RepoOpsError("its front matter names no evidence", where=at, code=1)
    return folder, {str(name): str(value) for name, value in files.items()}


def _digests(repo: Repository, folder: RelPath, digests: Mapping[str, str]) -> Iterator[Verdict]:
    for name, wanted in digests.items():
        path = posixpath.join(folder, name)
        claim, command = f"evidence {path} has digest {wanted[:19]}…", f"sha256sum {path}"
        try:
            found = digest(repo.root / path)
        except OSError as error:
            yield Verdict("unsupported", claim, f"cannot be read: {error.strerror}", command=command)
            continue
        if found == wanted:
            yield Verdict("true", claim, "so it has", command=command)
        else:
            yield Verdict(
                "contradicted", claim, f"its digest is {found[:19]}…: it was changed since", command=command
            )


def _statements(stored: Stored) -> Iterator[Verdict]:
    """Each statement's log is there under the digest that it names, and the report says what its statement says."""
    for evidence in (*stored.runs, *stored.gpu, *([stored.verified] if stored.verified else [])):
        claim = f"{evidence.id}: its log is {evidence.log_name}"
        if stored.digests.get(evidence.log_name) == evidence.log:
            yield Verdict("true", claim, "the digests agree")
        else:
            yield Verdict("contradicted", claim, "its digest is not the one in the statement")
    if stored.verified and stored.report:
        again = evidence_of(stored.report, b"", "")
        same = (again.passed, again.failed, again.exit, again.subject) == (
            stored.verified.passed, stored.verified.failed, stored.verified.exit, stored.verified.subject,
        )  # fmt: skip
        word, why = (
            ("true", "test by test") if same else ("contradicted", "tests, exit status or tree differ")
        )
        yield Verdict(word, "verify: the statement says what the report says", why)


def _machines(repo: Repository, stored: Stored) -> Iterator[Verdict]:
    """What is said of rented machines against their providers' answers, whose digests were checked before."""
    logs = {}
    for evidence in stored.gpu:
        with contextlib.suppress(OSError):
            logs[evidence.id] = (repo.root / stored.folder / evidence.log_name).read_text("utf-8", "replace")
    yield from gpu.verdicts(stored.facts.gpu, {evidence.id: evidence for evidence in stored.gpu}, logs)


def _page(repo: Repository, at: RelPath, page: str, stored: Stored) -> Iterator[Verdict]:
    """Line by line against what the evidence makes; a link may have followed a file that was moved since."""
    wanted = render(stored.summary(), at, stored.folder, stored.digests, by_hand(page)).split("\n")
    found = page.split("\n")
    matcher = difflib.SequenceMatcher(a=wanted, b=found, autojunk=False)
    changed = 0
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(i2 - i1, j2 - j1)):
            says = found[j1 + offset] if j1 + offset < j2 else ""
            should = wanted[i1 + offset] if i1 + offset < i2 else ""
            line = min(j1 + offset, max(j2 - 1, 0)) + 1
            if should and says and _followed(repo, at, should, says):
                continue
            changed += 1
            if should and says:
                yield Verdict("contradicted", says.strip(), f"the evidence says: {should.strip()}", line)
            elif says:
                yield Verdict("unsupported", says.strip(), "no evidence makes this line", line)
            elif should:
                yield Verdict(
                    "contradicted", "(a line is missing)", f"the evidence says: {should.strip()}", line
                )
    if not changed:
        count = sum(bool(line.strip()) for line in found)
        yield Verdict("true", f"{many(count, 'line')} of the page", "each is what the evidence makes")
    written = by_hand(page)
    if written.strip():
        yield Verdict(
            "unverifiable",
            f"{many(len(written.splitlines()), 'line')} by hand",
            "nothing was measured for them",
        )


def _followed(repo: Repository, at: RelPath, should: str, says: str) -> bool:
    """Whether two lines differ in links alone, each to a file that is gone from where it was and lies elsewhere under its name.

    `archive` keeps links to what it moves; the archive may have put a date behind the name.
    """
    (words, old), (now, new) = _apart(at, should), _apart(at, says)
    if words != now or len(old) != len(new):
        return False
    for was, there in zip(old, new, strict=True):
        stem, ending = posixpath.splitext(posixpath.basename(was))
        name = posixpath.basename(there)
        if was != there and (
            (repo.root / was).exists()
            or not (repo.root / there).is_file()
            or not (name.startswith(stem) and name.endswith(ending))
        ):
            return False
    return True


def _apart(at: RelPath, line: str) -> tuple[bytes, list[RelPath]]:
    """A line without the destinations of its links, and what they lead to."""
    from repoops.markdown.links import find_links
    from repoops.markdown.resolve import destination, target

    data = line.encode("utf-8", "surrogateescape")
    links = sorted((link for link in find_links(data) if link.start >= 0), key=lambda link: link.start)
    words, end = b"", 0
    for link in links:
        words += data[end : link.start] + b"\0"
        end = link.end
    reached = [target(at, to) if (to := destination(link)) else None for link in links]
    return words + data[end:], [
        to if to is not None else link.raw for to, link in zip(reached, links, strict=True)
    ]


def _page_alone(
    repo: Repository, at: RelPath, page: str, folder: RelPath, digests: Mapping[str, str]
) -> Iterator[Verdict]:
    """Where evidence was changed, what the page would say of it as it lies there now: that names the figure."""
    try:
        stored = load(repo, folder, digests)
    except RepoOpsError as error:
        yield Verdict("unsupported", f"what rests on {error.where}", error.what)
        return
    yield from (v for v in _page(repo, at, page, stored) if not v.fine)


def _git(repo: Repository, stored: Stored) -> Iterator[Verdict]:
    facts = stored.facts
    subject = facts.subject
    if subject.commit:
        there = read.resolve(repo, subject.commit) is not None
        yield Verdict(
            "true" if there else "unverifiable", f"HEAD was {subject.commit[:10]}",
            "the commit is here" if there else "this clone has no such commit", command=f"git cat-file -t {subject.commit}",
        )  # fmt: skip
    for oid, said, _ in facts.commits:
        out = git(repo.root, "log", "-1", "--format=%s", oid, "--", ok=(0, 128))
        if not out:
            yield Verdict(
                "unverifiable",
                f"commit {oid[:10]}",
                "this clone has no such commit",
                command=f"git show {oid}",
            )
        elif text(out).rstrip("\n") != said and " ".join(text(out).split()) != " ".join(said.split()):
            yield Verdict(
                "contradicted",
                f"commit {oid[:10]} {said}",
                f"its subject is {text(out).strip()}",
                command=f"git show {oid}",
            )
    yield _tree(repo, subject)


def _tree(repo: Repository, subject: Subject) -> Verdict:
    """Looks for the tree: where the summary's own outputs are left out, a later commit of it has the same id."""
    claim = f"the tree was {subject.tree[:10]}"
    now = read.subject(repo, subject.exclude)
    if now.tree == subject.tree:
        return Verdict("true", claim, "the work tree is still that", command="git status")
    for commit in _candidates(repo, subject):
        if read.committed_tree(repo, commit, subject.exclude) == subject.tree:
            return Verdict(
                "true", claim, f"commit {commit[:10]} has it", command=f"git show --stat {commit[:10]}"
            )
    if not subject.dirty and subject.commit and read.resolve(repo, subject.commit):
        return Verdict(
            "false",
            claim,
            f"commit {subject.commit[:10]} has another tree",
            command=f"git show {subject.commit[:10]}",
        )
    return Verdict("unverifiable", claim, "it held uncommitted changes, and no commit looked at has it")


def _candidates(repo: Repository, subject: Subject) -> Iterable[str]:
    if subject.commit and read.resolve(repo, subject.commit):
        yield subject.commit
        span = f"{subject.commit}..HEAD"
        yield from text(
            git(repo.root, "rev-list", "--reverse", f"--max-count={_HISTORY}", span, ok=(0, 128))
        ).split()


def _links(repo: Repository, at: RelPath, page: str) -> Iterator[Verdict]:
    from repoops.markdown.links import find_links
    from repoops.markdown.resolve import destination, target

    counted = 0
    for link in find_links(page.encode()):
        to = destination(link)
        reached = target(at, to) if to else None
        if reached is None:
            continue
        counted += 1
        if not (repo.root / reached).exists():
            yield Verdict("unverifiable", f"link to {reached}", "nothing is there now", link.line)
    yield Verdict("true", f"{many(counted, 'link')} of the page", "looked up in the work tree")


def files_digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Name → digest, for the front matter."""
    return {name: sha256(content) for name, content in files.items()}

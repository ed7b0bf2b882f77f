"""What was created, deleted or renamed, and what exists: statements in the past tense or of the present, of one path each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then, at_commit, versions
from repoops.claims.said import CODE_PATH, Said, is_path
from repoops.files import RelPath
from repoops.globs import deciding

_MARK = r"[\s✅✔☑🟢*•–—-]*(?:\d+[.)]\s*)?(?:\[[xX]\]\s*)?[\s✅✔☑🟢*]*"
_MADE = re.compile(rf"^{_MARK}(?:created|wrote|new file|created file|file created|new):?\s+{CODE_PATH}(?P<rest>.*)$", re.IGNORECASE)  # fmt: skip
_THERE = re.compile(rf"^{_MARK}{CODE_PATH}\W{{0,4}}(?P<verb>created|exists|\((?:new|created)\b|new\b)(?P<rest>\W*$|\s*[(),;—–].*)$", re.IGNORECASE)  # fmt: skip
_GONE = re.compile(
    rf"^{_MARK}(?P<verb>deleted|removed)(?: file)?:?\s+{CODE_PATH}(?P<rest>.*)$", re.IGNORECASE
)
_WENT = re.compile(rf"^{_MARK}{CODE_PATH}\W{{0,4}}(?:was |has been |is )?(?P<verb>deleted|removed)(?P<rest>\W*$|\s*[(;,—–].*)$", re.IGNORECASE)  # fmt: skip
_MOVED = re.compile(
    rf"^{_MARK}(?:moved|renamed):?\s+{CODE_PATH}\s*(?:→|->|=>|to|into)\s*{CODE_PATH.replace('path>', 'target>')}(?P<rest>.*)$",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"^{_MARK}{CODE_PATH}(?P<rest>\W*$|\s+[-–—(:].*$)")
_CREATED_UNDER = re.compile(
    r"\b(?:(?:files?|scripts?|tests?|documents?|documentation) (?:created|added|written|delivered)|(?:created|new|added) (?:files?|scripts?|documents?|tests?))\b",
    re.IGNORECASE,
)
_CHANGED_UNDER = re.compile(r"\b(modif\w+|updat\w+|chang\w+|edit\w+|delet\w+|remov\w+)\b", re.IGNORECASE)
_STATUS = re.compile(r"^\W*(?:new|created|added|new file)\W*$", re.IGNORECASE)
_PART = re.compile(r"^\s*(?:'s\b|from\b|in\b|on\b|at\b|of\b|section|entry|entries|function|line|import|class|field|method|for\b.*\bmodel)", re.IGNORECASE)  # fmt: skip


def find(said: Said) -> Iterator[Claim]:
    """Each path with `created`, `exists`, `deleted`, or two with `moved`."""
    if said.hedged:
        return
    if said.passage.cells:
        yield from _row(said)
        return
    for pattern, how in ((_MADE, "created"), (_THERE, "created"), (_GONE, "deleted"), (_WENT, "deleted")):
        if (match := pattern.match(said.text)) and is_path(match["path"]) and not _PART.match(match["rest"]):
            verb = "exists" if "exists" in (match.groupdict().get("verb") or "").lower() else how
            yield Claim(f"{verb}: {match['path']}", (match["path"],), how=verb)
            return
    if match := _MOVED.match(said.text):
        if is_path(match["path"]):
            yield Claim(
                f"moved: {match['path']} to {match['target']}", (match["path"], match["target"]), how="moved"
            )
        return
    listed = _LISTED.match(said.text) if said.passage.kind == "item" else None
    if (
        listed
        and is_path(listed["path"])
        and _CREATED_UNDER.search(said.nearest)
        and not _CHANGED_UNDER.search(said.nearest + listed["rest"])
    ):
        yield Claim(f"created: {listed['path']}", (listed["path"],), how="created")


def _row(said: Said) -> Iterator[Claim]:
    cells = said.passage.cells
    paths = [m["path"] for _, cell in cells[:2] if (m := re.fullmatch(rf"\W*{CODE_PATH}\W*", cell))]
    if len(paths) == 1 and is_path(paths[0]) and any(_STATUS.match(cell) for _, cell in cells[1:]):
        yield Claim(f"created: {paths[0]}", (paths[0],), how="created")


def hold(claim: Claim, then: Then) -> Held | None:
    """Against the tree at the statement's commit, then against every version that any ref has."""
    if claim.how == "moved":
        return _moved(claim, then)
    name = claim.names[0]
    paths = then.tree.find(name, then.page)
    if name.endswith("/"):
        return Held("true", "files lie in it", then.list(name)) if then.tree.holds_folder(name) else None
    if claim.how == "deleted":
        return _deleted(name, paths, then)
    if paths:
        old = [_long_there(path, then) for path in paths] if claim.how == "created" else []
        if old and all(old):
            return old[0]
        return Held("true", f"it is there as {paths[0]}", then.list(paths[0]), paths[0])
    known = versions(then, name)
    if nearest := at_commit(then, ((commit, oid) for _, commit, oid in known)):
        commit, path = nearest[0], known[0][0]
        word = "true" if claim.how == "created" else "unverifiable"
        return Held(
            word, f"commit {commit[:12]} has it", f"git log --all --oneline -- {path}",
            f"{commit[:12]} {then.past.commits[commit].subject}", then.past.where(commit),
        )  # fmt: skip
    if then.past.shallow or then.past.ever.find(name, then.page):
        return None
    if left_out(name, then):
        return Held(
            "unverifiable",
            "such files are seldom committed, or ignored by git",
            f"git log --all --oneline -- '*{name}'",
        )
    return Held(
        "unsupported", "no commit of any ref has a file of that name", f"git log --all --oneline -- '*{name}'"
    )


_NEW = 3
"""Days up to a statement within which a file has to begin for git to bear out that it was created."""


def _long_there(path: RelPath, then: Then) -> Held | None:
    """That a file has lain there for longer than the work that a page tells of may have lasted; nothing says how long that was."""
    past = then.past
    at = then.at or past.head
    if at is None:
        return None
    made = [past.commits[c].committed for c, _ in past.versions.get(path, ()) if c in past.reach(at)]
    days = (past.commits[at].committed - min(made)).days if made else 0
    if days <= _NEW:
        return None
    return Held(
        "unverifiable", f"it is there as {path}, and was {days} days before",
        f"git log --reverse --format=%cI {then.rev} -- {shlex.quote(path)} | head -1", min(made).isoformat(),
    )  # fmt: skip


_OUTPUTS = re.compile(
    r"(?:^|/)(?:artifacts?|build|dist|out(?:put)?s?|logs?|results?|tmp|\.cache|\.?venv)/|(?:^|/)\.env$|\.(?:np[yz]|log|png|pkl|pt|onnx|so|o|gz|zip|db|sqlite3?|parquet|json|[ct]sv|txt|html|pdf|xml)$"
)
_GENERATED = re.compile(
    r"\b(generated|output|ignored|local|untracked|uncommitted|auto-\w+|runtime|artifacts?)\b", re.IGNORECASE
)


def left_out(name: str, then: Then) -> bool:
    """Whether a file may well have been there without being committed: an output, or one that `.gitignore` covers."""
    if _OUTPUTS.search(name) or _GENERATED.search(then.said.text):
        return True
    return ".gitignore" in then.tree.files and deciding(name, _globs(then)) is not None


def _globs(then: Then) -> list[str]:
    words = (then.past.content(then.tree, ".gitignore") or b"").decode("utf-8", "replace")
    return [line.strip() for line in words.splitlines() if line.strip() and not line.startswith("#")]


def _deleted(name: str, paths: list[str], then: Then) -> Held | None:
    command = then.list(name)
    if name.removeprefix("./") in then.tree.files:
        return Held("false", "it is still there", command, name)
    if paths:
        return None  # a file of that name lies elsewhere: it may be another one
    known = [row for row in versions(then, name) if then.at is None or row[1] in then.past.reach(then.at)]
    if not known:
        return None
    path = known[0][0]
    return Held("true", "it was there, and is gone", f"git log --oneline --diff-filter=D {then.rev} -- {path}", path)  # fmt: skip


def _moved(claim: Claim, then: Then) -> Held | None:
    source, target = (name.removeprefix("./") for name in claim.names)
    if target.endswith("/"):
        target += source.rpartition("/")[2]
    there, gone = target in then.tree.files, source not in then.tree.files
    command = then.list(source, target)
    if there and gone:
        return Held("true", "it lies there, and no longer where it was", command, target)
    if not there and not gone:
        return Held("false", "it lies where it was", command, source)
    return None

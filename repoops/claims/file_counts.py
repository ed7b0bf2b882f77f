"""How many files there are: `23 files in docs/`, `Root MD files: 5`, `90+ MD files archived`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.quantity import NUMBER, Quantity, best
from repoops.claims.said import Said

_KINDS = {
    "md": (".md",), "markdown": (".md",), "python": (".py",), "py": (".py",), "cuda": (".cu", ".cuh"), "cu": (".cu",),
    "yaml": (".yml", ".yaml"), "json": (".json",), "shell": (".sh",), "rust": (".rs",), "typescript": (".ts", ".tsx"), "": ("",),
}  # fmt: skip
_KIND = r"(?P<kind>(?:\.?(?:MD|markdown|python|py|cuda|cu|yaml|json|shell|rust|typescript)) )?"
_FOLDER = r"`?(?P<folder>(?:[\w.-]+/)+(?:[\w.-]+/?)?|[\w.-]+/)`?"
_IN = re.compile(rf"{NUMBER} {_KIND}files? (?:are |lie |live |found |there )?(?:in|under|below|inside) (?:the )?{_FOLDER}(?=[\s,.;:)]|$)", re.IGNORECASE)  # fmt: skip
_ROOT = re.compile(rf"{NUMBER} {_KIND}files? (?:left |remain(?:ing)? |now )?(?:in|at) (?:the )?(?:repo(?:sitory)? |project )?root(?: director(?:y|ies)| folder)?\b(?! \w+/)", re.IGNORECASE)  # fmt: skip
_ROOT_LABEL = re.compile(
    rf"\broot (?:directory )?{_KIND}files?(?: count)?: {NUMBER}(?=[\s,.;)]|$)", re.IGNORECASE
)
_ARCHIVED = re.compile(
    rf"{NUMBER} {_KIND}files? (?:were |have been |successfully )?archived\b", re.IGNORECASE
)
_ARCHIVES = re.compile(rf"^\W*archived {NUMBER} (?:additional |more )?{_KIND}files?\b", re.IGNORECASE)
_ROOT_FOLDER = ""
_PART = re.compile(
    r"\b(all|analy[sz]ed|found|identified|scanned|reviewed|new|added|moved|deleted|removed|changed|modified|updated|created|more|additional|other|only|failed|from)\b",
    re.IGNORECASE,
)


def find(said: Said) -> Iterator[Claim]:
    """Counts of files of a folder, of the root, and of files archived; no counts of what was changed."""
    if said.hedged or said.passage.cells or "→" in said.text:
        return
    for pattern, how in (
        (_IN, "in"),
        (_ROOT, "in"),
        (_ROOT_LABEL, "in"),
        (_ARCHIVED, "archived"),
        (_ARCHIVES, "archived"),
    ):
        for match in pattern.finditer(said.text):
            if how == "in" and _PART.search(said.text):
                continue
            folder = match.groupdict().get("folder") or _ROOT_FOLDER
            kind = (match["kind"] or "").strip().lstrip(".").lower()
            yield Claim(match[0].strip(), (folder, kind), (Quantity.of(match),), how)


def hold(claim: Claim, then: Then) -> Held | None:
    """Against the tree at the statement's commit, and those of its neighbours: counted directly in the folder, and below."""
    folder, kind = claim.names
    (count,) = claim.counts
    endings = _KINDS[kind]
    if claim.how == "archived":
        return _archived(count, endings, then)
    near = [then.at, *(then.past.around(then.at) if then.at else ()), *_days_before(then)]
    base = f"{folder.strip('/')}/" if folder else ""
    found: list[tuple[int, str | None]] = []
    for commit in near:
        below = [
            p[len(base) :] for p in then.past.tree(commit).files if p.startswith(base) and p.endswith(endings)
        ]
        direct = [p for p in below if "/" not in p]
        shown = [p for p in direct if not p.startswith(".")]  # people count what `ls` lists
        ways = [direct, shown, below] if base else [direct, shown]
        if not kind:  # who tidies pages may well mean them alone
            ways += [[p for p in rows if p.endswith(".md")] for rows in ways]
        found += [(len(rows), commit) for rows in ways]
    if base and not any(n for n, _ in found):
        return None  # a folder elsewhere
    word = best([count.against(n) for n, _ in found])
    n, commit = next((n, commit) for n, commit in found if count.against(n) == word)
    at = then.rev if commit == then.at else str(commit)[:12]
    listing = f"git ls-tree {'-r ' if base else ''}--name-only {at} -- {base}".rstrip("- ")
    ending = "" if kind == "" else f" | grep -c '\\{endings[0]}$'"
    why = (
        f"there are {n}"
        + ("" if commit == then.at else f" at {at}")
        + (", within 10 %" if word == "approximate" else "")
    )
    return Held(word, why, listing + (ending or " | wc -l"), str(n))


_MOST = 20


def _days_before(then: Then) -> list[str]:
    """Up to twenty commits of the two days before the statement: a count may be of what was found at the start."""
    if then.at is None:
        return []
    commits, at = then.past.commits, then.at
    found: list[str] = []
    while (parents := commits[at].parents) and len(found) < _MOST:
        at = parents[0]
        if commits[then.at].committed - commits[at].committed > timedelta(days=2):
            break
        found.append(at)
    return found


def _archived(count: Quantity, endings: tuple[str, ...], then: Then) -> Held | None:
    """Held to what a commit near it moved into an archive; false where all that lies in archives is fewer, too."""
    if then.at is None:
        return None
    before = (then.at, *_days_before(then))  # and not after: what is said to be done was done
    moved = max((_moved(commit, endings, then), commit) for commit in before)
    n, commit = moved
    word = count.against(n)
    lying = sum("archive" in path.lower() and path.endswith(endings) for path in then.tree.files)
    if not n or (word == "false" and lying >= count.value):
        return None
    why = f"commit {commit[:12]} moved {n} into an archive" + (
        ", within 10 %" if word == "approximate" else ""
    )
    if word == "false":
        why += f", where {lying} lie"
    return Held(word, why, f"git show -M --summary --oneline {commit[:12]} | grep -c ' rename .*archive'", str(n), then.past.where(commit))  # fmt: skip


def _moved(commit: str, endings: tuple[str, ...], then: Then) -> int:
    """How many files of that ending a commit put into an archive and took from elsewhere."""
    changed = then.past.commits[commit].changed
    gone = {path.rpartition("/")[2] for path, oid in changed.items() if oid is None}
    return sum(
        oid is not None
        and "archive" in path.lower()
        and path.endswith(endings)
        and path.rpartition("/")[2] in gone
        for path, oid in changed.items()
    )

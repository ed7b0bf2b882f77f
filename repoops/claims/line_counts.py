"""How long a file is: `path` (120 lines), `path` (400+ lines), a table's column of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then, at_commit, soon, versions
from repoops.claims.quantity import NUMBER, Quantity, best
from repoops.claims.said import CODE_PATH, PATH, Said, is_path
from repoops.files import RelPath

_LINES = rf"{NUMBER}\s*(?:lines|LOC)\b(?! (?:added|changed|removed|deleted|modified|to |per|saved|into|each|in |from|of (?:change|new)))"
_AFTER = re.compile(
    rf"(?:{CODE_PATH}|(?<![\w/.`]){PATH.replace('?P<path>', '?P<bare>')})\W{{0,3}}?\s*(?:[:–—-]\s*|\(\s*)(?P<in>[^()\d`]{{1,20}}[,;:]\s*|\d+ tests?,\s*)?"
    rf"{_LINES}\s*(?P<end>[),;.]|$)"
)
_CREATES = re.compile(
    r"^\W*(?:\d+[.)]\s*)?\W*(?:(?:new |main |test )?files?|created?|creates|added|new|wrote|implemented|built|deliver\w*|output|document\w*|"
    r"script|module|workflow|test(?:s| suite)?|implementation|[\w /-]{1,30}:)?\W*$",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(modif\w+|updat\w+|chang\w+|edit\w+|fix\w*|extend\w*|refactor\w*|enhanc\w+|diff|patch\w*|added to|insert\w*|remov\w+|delet\w+)\b",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^(?:total )?(?:lines|loc|lines of code|# ?lines|line count|size \(lines\))$", re.IGNORECASE
)


def find(said: Said) -> Iterator[Claim]:
    """Lengths of files in a sentence or a row; not how many lines of one were changed."""
    if said.hedged or _CHANGE.search(said.near):
        return
    if said.passage.cells:
        yield from _row(said.passage.cells, said.near)
        return
    for match in _AFTER.finditer(said.text):
        path = match["path"] or match["bare"]
        inside = match["in"] or ""
        before = said.text[: match.start()]
        if is_path(path) and _CREATES.match(before) and not _CHANGE.search(before + inside):
            how = "code" if "LOC" in match[0] else ""
            yield Claim(f"{path}: {_number(match)} lines", (path,), (Quantity.of(match),), how)


def _row(cells: tuple[tuple[str, str], ...], under: str) -> Iterator[Claim]:
    paths = [m["path"] for _, cell in cells[:2] if (m := re.fullmatch(rf"\W*{CODE_PATH}\W*", cell))]
    if len(paths) != 1 or not is_path(paths[0]) or any(_CHANGE.search(f"{h} {c}") for h, c in cells):
        return
    for head, cell in cells:
        counted = re.fullmatch(rf"\W*?{NUMBER}(?:\s*(?:lines|LOC))?\W*", cell)
        if counted and not cell.startswith(("+", "-", "`+")) and _HEAD.match(head):
            how = "code" if re.search(r"\bloc\b|\bcode\b", f"{head} {cell} {under}", re.IGNORECASE) else ""
            yield Claim(f"{paths[0]}: {_number(counted)} lines", (paths[0],), (Quantity.of(counted),), how)


def _number(match: re.Match[str]) -> str:
    return f"{(match['about'] or '').strip()}{match['n']}{match['least'] or ''}"


def hold(claim: Claim, then: Then) -> Held | None:
    """Against the file at the statement's commit; where that differs, against every other version of it."""
    name, (count,) = claim.names[0], claim.counts
    paths = then.tree.find(name, then.page)
    counted = [(n, path) for path in paths if (n := then.past.line_count(then.tree, path)) is not None]
    if counted:
        word = best([count.against(n) for n, _ in counted])
        n, path = next((n, path) for n, path in counted if count.against(n) == word)
        if word == "true":
            return Held(word, f"it has {n}", f"{then.show(path)} | grep -c ''", str(n))
        if word == "false" and (len(counted) > 1 or _changed_by(count, path, then)):
            return None
        return _elsewhere(claim, then) or _not_blank(claim, path, n, then) or Held(
            word, f"it has {n}" + (", within 10 %" if word == "approximate" else ""),
            f"{then.show(path)} | grep -c ''", str(n),
        )  # fmt: skip
    found = _elsewhere(claim, then, near=True)
    if found or paths or then.past.shallow:
        return found
    if then.past.ever.find(name, then.page):
        return None
    return Held(
        "unsupported", "no commit of any ref has a file of that name", f"git log --all --oneline -- '*{name}'"
    )


def _not_blank(claim: Claim, path: RelPath, n: int, then: Then) -> Held | None:
    """Some count only lines that are not blank; to one in a hundred, for that is counting, or a tenth where it says code."""
    (count,) = claim.counts
    full = sum(map(bool, map(bytes.strip, (then.past.content(then.tree, path) or b"").splitlines())))
    if full < n and count.exact and abs(full - count.value) <= full / (10 if claim.how else 100):
        return Held(
            "approximate", f"it has {n}, of which {full} are not blank", f"{then.show(path)} | grep -c '[^[:space:]]'", str(full)
        )  # fmt: skip
    return None


def _changed_by(count: Quantity, path: RelPath, then: Then) -> bool:
    """Whether some commit that changed the file added about so many lines to it: then that may be what is meant."""
    known = then.past.versions.get(path, [])
    if len(known) < 2:
        return False
    return any(count.against(n) != "false" for n in then.past.added(path))


def _elsewhere(claim: Claim, then: Then, *, near: bool = False) -> Held | None:
    """The version of the file that has just so many lines; the nearest in time if there are several."""
    (count,) = claim.counts
    wanted = ("true", "approximate") if near else ("true",)
    fitting: dict[str, list[tuple[str, str]]] = {word: [] for word in wanted}
    known = versions(then, claim.names[0])
    for _, commit, oid in known:
        n = then.past.lines(oid)
        if n is not None and (word := count.against(n)) in fitting and (count.exact or soon(then, commit)):
            fitting[word].append((commit, oid))
    for word, pairs in fitting.items():
        if nearest := at_commit(then, pairs):
            commit, oid = nearest
            n = then.past.lines(oid)
            return Held(
                word, f"it has {n} at commit {commit[:12]}" + (", within 10 %" if word == "approximate" else ""),
                f"git show {commit[:12]}:{known[0][0]} | grep -c ''", str(n), then.past.where(commit),
            )  # fmt: skip
    return None

"""Commands that a page tells to run: targets of `make`, and scripts of this repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.claims import paths
from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import PATH, Said, is_path

_MAKE = re.compile(r"`make (?P<target>[a-z][\w.-]*)(?: [A-Z_]+=[\w.-]+)*`")
_SCRIPT = re.compile(
    rf"`(?:[A-Z_]+=\S+ )*(?:(?:python3?|bash|sh|pytest|node|source)(?: -\w+)* (?:\./)?|\./){PATH}(?= |`)"
)
_ANY_NAME = re.compile(r"your|example|path/to|foo|bar\b|my_|\bscript\.\w+$|<|\$|\bX\b", re.IGNORECASE)
_TARGET = re.compile(r"^(?P<names>[A-Za-z_][\w./ -]*?)\s*::?(?!=)", re.MULTILINE)
_OPEN = re.compile(
    r"^\s*-?include\b|^[^#\t\n]*%[^\n]*:|^[^#\t\n]*\$[({][^\n]*:(?!=)|define\b|\beval\b", re.MULTILINE
)


def find(said: Said) -> Iterator[Claim]:
    """`make TARGET`, `python FILE.py …`, `./FILE.sh …` in code spans."""
    if said.hedged:
        return
    for match in _MAKE.finditer(said.text):
        yield Claim(f"make {match['target']}", (match["target"],), how="make")
    for match in _SCRIPT.finditer(said.text):
        if is_path(match["path"]) and not _ANY_NAME.search(match["path"]):
            yield Claim(match[0].strip("`"), (match["path"],), how="script")


def hold(claim: Claim, then: Then) -> Held | None:
    """A target against every makefile of the tree, then of any ref: false if none ever had it; a script against the files."""
    if claim.how == "script":
        return paths.hold(Claim(claim.words, claim.names, how="exists"), then)
    (target,) = claim.names
    files = [path for path in then.tree.files if path.rpartition("/")[2] in _NAMES]
    searched = f"git log --all --oneline -G'^{target}:' -- '*Makefile'"
    for path in files:
        words = (then.past.content(then.tree, path) or b"").decode("utf-8", "replace")
        if target in _targets(words):
            return Held(
                "true", f"{path} has that target", f"{then.show(path)} | grep '^{target}'", f"{target}:"
            )
        if _OPEN.search(words):
            return None
    for path in then.past.ever.files:
        if path.rpartition("/")[2] not in _NAMES:
            continue
        for commit, oid in then.past.versions[path]:
            words = (then.past.blob(oid) or b"").decode("utf-8", "replace")
            if target in _targets(words):
                return Held(
                    "unverifiable", f"not at the statement's commit; {path} at {commit[:12]} has it", searched, "",
                    then.past.where(commit),
                )  # fmt: skip
    if not files or then.past.shallow:
        return None
    return Held("false", "no makefile has or had that target", searched)


_NAMES = frozenset(("Makefile", "makefile", "GNUmakefile"))


def _targets(words: str) -> set[str]:
    return {name for match in _TARGET.finditer(words) for name in match["names"].split()}

"""What people wrote into a map, held against the tree: paths, line numbers, line counts and targets that do not resolve.

Only what a code span names beyond doubt is judged: a path whose first folder is there, a target of a
makefile that is read whole. What git ignores may be made later and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from repoops.codemap.entries import make_targets, read_json, recipes
from repoops.codemap.keep import Kept
from repoops.codemap.prose import code
from repoops.codemap.scan import Tree
from repoops.files import RelPath
from repoops.vcs.read import Repository, ignored
from repoops.words import many

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?P<inside>[^\n]+?)(?<!`)\1(?!`)")
_PATH = re.compile(r"(?:\./)?(?P<path>[\w.@+-]+(?:/[\w.@+-]+)*)/?(?:(?::|#L)(?P<line>\d+))?")
_COUNT = re.compile(
    r"\s*[(:,–-]?\s*(?P<about>about |around |approximately |roughly |circa |ca\. |~|≈)?\s*(?P<count>\d[\d,]*) lines\b"
)
_COMMAND = re.compile(r"(?P<program>make|just|npm run|pnpm run|yarn run) (?P<name>[A-Za-z0-9][\w.:-]*)")
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.DOTALL | re.MULTILINE)
_ROUGHLY = 0.1
"""How far "about N lines" may be off."""


def wrong(repo: Repository, tree: Tree, parts: Iterable[Kept]) -> list[str]:
    """What hand-written parts say that the tree does not bear out, one line each: `line N: NAME: …`."""
    found = [(part, at, said, path) for part in parts for at, said, path in _of(tree, part)]
    made = ignored(repo, [path for *_, path in found if path])
    return [
        f"line {part.line + at}: {part.name}: {said}" for part, at, said, path in found if path not in made
    ]


def _of(tree: Tree, part: Kept) -> Iterator[tuple[int, str, RelPath]]:
    """Line within the part, what is wrong, and the path that is missing (empty where something else is)."""
    text = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), part.text)
    folders = {path.split("/")[0] for path in tree.files if "/" in path}
    for match in _SPAN.finditer(text):
        at = text.count("\n", 0, match.start())
        span = match["inside"].strip()
        command = _COMMAND.fullmatch(span)
        if command:
            if not _runs(tree, command["program"], command["name"]):
                yield at, f"{code(span)} does not resolve", ""
            continue
        path = _PATH.fullmatch(span)
        if path is None:
            continue
        yield from (
            (at, said, missing) for said, missing in _path(tree, folders, span, path, text[match.end() :])
        )


def _path(
    tree: Tree, folders: set[str], span: str, found: re.Match[str], after: str
) -> Iterator[tuple[str, RelPath]]:
    path = found["path"]
    if not tree.has(path):
        inside = "/" in path and path.split("/")[0] in folders
        if (
            inside
            and path not in tree.nested
            and not any(p.startswith(path + "/") for p in (*tree.files, *tree.nested))
        ):
            yield f"{code(span)} is not there", path
        return
    lines = len(tree.raw(path).splitlines())
    if found["line"] and int(found["line"]) > lines > 0:
        yield f"{code(span)}: the file has {lines} lines", ""
    count = _COUNT.match(after)
    if count and lines:
        said = int(count["count"].replace(",", ""))
        if abs(said - lines) > (lines * _ROUGHLY if count["about"] else 0):
            yield f"{code(span)} has {many(lines, 'line')}, not {count['count']}", ""


def _runs(tree: Tree, program: str, name: str) -> bool:
    """Whether a target, recipe or script is there, as far as that can be told."""
    if program == "make":
        known = make_targets(tree)
        return known is None or name in known
    if program == "just":
        names: Sequence[str] = recipes(tree)
        return not names or name in names
    scripts = read_json(tree, "package.json").get("scripts")
    return not isinstance(scripts, dict) or name in scripts

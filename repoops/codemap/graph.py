"""Who imports, includes or runs whom, and which files matter most: PageRank over these references."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from repoops.codemap.imports import asked
from repoops.codemap.resolve import names, targets
from repoops.codemap.scan import Tree, is_test
from repoops.codemap.suffixes import SOURCES, C
from repoops.files import RelPath

_BEGINNINGS = {
    ".py": (b"\ndef ", b"\nclass ", b"\nasync def "), ".rs": (b"\npub ",), ".go": (b"\nfunc ", b"\ntype "),
    ".sh": (b"() {", b"(){"), ".bash": (b"() {", b"(){"), ".js": (b"\nexport ", b"\nfunction ", b"exports."),
}  # fmt: skip
_OF_JS = _BEGINNINGS[".js"]
_PRIVATE = (b"\ndef _", b"\nclass _", b"\nasync def _")
_MOST_NAMES = 8
_ENOUGH = 1 << 16
"""Bytes in which a file that offers eight names has shown them."""
_BYTES_A_NAME = 500
_FOLLOW = 0.85
"""How often a reader goes on along a reference instead of opening some other file (Page, Brin et al. 1999)."""
_ROUNDS = 24
_ENTRY = 8.0
"""How much oftener a reader opens a file that is a way in."""


@dataclass(frozen=True, slots=True)
class Graph:
    """`importers` has the files that name each, `imports` the files that each names, `weight` how much a file helps to understand the rest."""

    importers: Mapping[RelPath, frozenset[RelPath]]
    imports: Mapping[RelPath, tuple[RelPath, ...]]
    weight: Mapping[RelPath, float]


def graph(tree: Tree, ways_in: Collection[RelPath] = ()) -> Graph:
    """Reads the references of every source file.

    A file weighs its PageRank among the files that are no tests, times the number of names that it
    offers (eight at most): what many use and what offers much comes first, and constants, clocks and
    error types, which all use, do not crowd it out.

    Args:
        tree: all files.
        ways_in: files that entry points lead to; a reader begins there oftener.
    """
    paths = tree.ending(*SOURCES)
    known = names(tree, paths)
    imports: dict[RelPath, tuple[RelPath, ...]] = {}
    offers: dict[RelPath, int] = {}
    importers: dict[RelPath, set[RelPath]] = {}

    def read(path: RelPath) -> list[object]:
        raw = tree.raw(path)
        return [_offered(path, raw), asked(path, raw)]

    for path in paths:
        count, rows = tree.ask(f"asked:{path.rsplit('.', 1)[-1]}", path, read)
        found = sorted({target for target in targets(path, rows, known) if target != path})
        offers[path] = min(count, _MOST_NAMES)
        if found:
            imports[path] = tuple(found)
        for target in found:
            importers.setdefault(target, set()).add(path)
    code = [path for path in paths if not is_test(path)]
    rank = pagerank(code, imports, ways_in)
    return Graph(
        {path: frozenset(found) for path, found in importers.items()},
        imports,
        {path: rank[path] * offers[path] for path in code},
    )


def _offered(path: RelPath, raw: bytes) -> int:
    """How many names a file offers, by the words that begin its lines; of C and C++, which have none, by its size."""
    suffix = "." + path.rsplit(".", 1)[-1]
    if suffix in C:
        return len(raw) // _BYTES_A_NAME
    lines = b"\n" + raw[:_ENOUGH]
    count = sum(lines.count(word) for word in _BEGINNINGS.get(suffix, _OF_JS))
    return count - (sum(lines.count(word) for word in _PRIVATE) if suffix == ".py" else 0)


def pagerank(
    nodes: Sequence[RelPath], imports: Mapping[RelPath, Sequence[RelPath]], ways_in: Collection[RelPath] = ()
) -> dict[RelPath, float]:
    """How often a reader comes upon each file who follows references, and opens some file where there are none.

    The sums are taken in the order of `nodes`: the same tree gives the same bits. They come to 1.
    """
    number = {path: n for n, path in enumerate(nodes)}
    start = [_ENTRY if path in ways_in else 1.0 for path in nodes]
    whole = sum(start) or 1.0
    start = [share / whole for share in start]
    edges = [[number[t] for t in imports.get(path, ()) if t in number] for path in nodes]
    rank = list(start)
    for _ in range(_ROUNDS):
        stuck = sum(share for share, out in zip(rank, edges, strict=True) if not out)
        fresh = [(1 - _FOLLOW + _FOLLOW * stuck) * share for share in start]
        for share, out in zip(rank, edges, strict=True):
            if out:
                part = _FOLLOW * share / len(out)
                for target in out:
                    fresh[target] += part
        rank = fresh
    return dict(zip(nodes, rank, strict=True))

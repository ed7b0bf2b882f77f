"""Which folders need which, as a Mermaid diagram that GitHub draws; kept small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from repoops.codemap.scan import is_test
from repoops.files import RelPath, shown

_MOST_NODES = 12
_MOST_EDGES = 16


def diagram(imports: Mapping[RelPath, Sequence[RelPath]]) -> list[str]:
    """The lines between the fences; empty where no folder needs another. Tests are left out.

    The heaviest folder is opened first, and of what it holds those are shown that have most to do with others,
    12 in all; an arrow that follows from two others is not drawn, and of the rest the 16 with the most imports are.
    """
    pairs = Counter(
        (_folder(path), _folder(target))
        for path, found in imports.items()
        if not is_test(path)
        for target in found
        if not is_test(target)
    )
    folders = sorted({folder for pair in pairs for folder in pair})
    nodes = _cut(folders, pairs)
    edges: Counter[tuple[RelPath, RelPath]] = Counter()
    for (one, other), count in pairs.items():
        left, right = _node(one, nodes), _node(other, nodes)
        if left and right and left != right:
            edges[left, right] += count
    if not edges:
        return []
    drawn = sorted(_reduced(edges), key=lambda edge: (-edges[edge], edge))[:_MOST_EDGES]
    return ["graph LR", *_lines(sorted(drawn))]


def _lines(edges: Sequence[tuple[RelPath, RelPath]]) -> list[str]:
    """One line per folder that needs others: `a["x/"] --> b["y/"] & c`; a name is written where it first stands."""
    names: dict[RelPath, str] = {}

    def say(folder: RelPath) -> str:
        if folder in names:
            return names[folder]
        names[folder] = f"f{len(names)}"
        label = (shown(folder) + "/" if folder else "root").replace('"', "#quot;")
        return f'{names[folder]}["{label}"]'

    lines = []
    for left in dict.fromkeys(edge[0] for edge in edges):
        first = say(left)
        lines.append(f"{first} --> " + " & ".join(say(right) for one, right in edges if one == left))
    return lines


def _cut(folders: Sequence[RelPath], pairs: Mapping[tuple[RelPath, RelPath], int]) -> frozenset[RelPath]:
    """The folders that become nodes."""
    nodes = {folder.split("/")[0] for folder in folders} - {""}
    tried: set[RelPath] = set()
    while True:
        at = {folder: _node(folder, nodes) for folder in folders}
        inside: Counter[RelPath] = Counter()
        for (one, other), count in pairs.items():
            if at[one] == at[other] and at[one] not in tried:
                inside[at[one]] += count
        heavy = min((n for n in inside if n), key=lambda n: (-inside[n], n), default=None)
        if heavy is None or len(nodes) >= _MOST_NODES:
            return frozenset(nodes)
        tried.add(heavy)
        inner = {"/".join(f.split("/")[: heavy.count("/") + 2]) for f in folders if f.startswith(heavy + "/")}
        room = _MOST_NODES - len(nodes) + 1
        if len(inner) < 2 or room < 2:
            continue
        degree: Counter[RelPath] = Counter()
        for (one, other), count in pairs.items():
            left, right = _node(one, inner), _node(other, inner)
            if left != right:
                degree[left] += count
                degree[right] += count
        nodes -= {heavy}
        nodes |= set(sorted(inner, key=lambda node: (-degree[node], node))[:room])


def _reduced(edges: Mapping[tuple[RelPath, RelPath], int]) -> list[tuple[RelPath, RelPath]]:
    """The edges without those that a path of two others makes, heaviest kept first where they go round."""
    targets: dict[RelPath, set[RelPath]] = {}
    for left, right in edges:
        targets.setdefault(left, set()).add(right)
    return [
        (left, right)
        for left, right in edges
        if not any(
            right in targets.get(between, ()) and left not in targets.get(between, ())
            for between in targets[left] - {right}
        )
    ]


def _node(folder: RelPath, nodes: frozenset[RelPath] | set[RelPath]) -> RelPath:
    at = folder
    while at and at not in nodes:
        at = at.rpartition("/")[0]
    return at


def _folder(path: RelPath) -> RelPath:
    return path.rpartition("/")[0]

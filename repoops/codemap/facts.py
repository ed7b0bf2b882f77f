"""All that a map can state of a repository, read from its tree; what of it fits into a map is `render`'s affair."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from repoops.codemap.cuda import Kernel, read_cuda
from repoops.codemap.entries import Entry, entries, project
from repoops.codemap.folders import Folder, folders
from repoops.codemap.graph import graph
from repoops.codemap.launches import Sites, sites
from repoops.codemap.prose import first_prose, quoted
from repoops.codemap.scan import Tree, is_test
from repoops.codemap.symbols import Module, module
from repoops.codemap.zones import Zone, zones
from repoops.files import RelPath, shown

_LONGEST_PURPOSE = 300
_READMES = ("README.md", "README.rst", "README.txt", "README", "README.markdown", "Readme.md", "readme.md")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found.

    Attributes:
        name: the project's, from its manifest or its README's title; never the folder's, which differs from clone to clone.
        purpose: sentences of the manifest and the README, quoted.
        entries: ways in, most needed first.
        folders: by path.
        ranked: Python files that are no tests, what helps most to understand the rest first.
        kernels: with where each is launched and tested.
        bare: CUDA files without kernels.
        zones: by path.
        tree: what all this was read from.
    """

    name: str
    purpose: tuple[str, ...]
    entries: tuple[Entry, ...]
    folders: tuple[Folder, ...]
    ranked: tuple[RelPath, ...]
    kernels: tuple[tuple[Kernel, Sites], ...]
    bare: tuple[RelPath, ...]
    zones: tuple[Zone, ...]
    tree: Tree = field(repr=False)
    _modules: dict[RelPath, Module] = field(default_factory=dict, repr=False, compare=False)

    def module(self, path: RelPath) -> Module:
        """What a Python file says of itself; parsed when first asked for, since most are never shown."""
        found = self._modules.get(path)
        if found is None:
            found = self._modules[path] = module(path, self.tree.text(path))
        return found


def gather(tree: Tree, own: RelPath) -> Facts:
    """Reads a tree; `own` is the map itself."""
    found = graph(tree)
    cuda = read_cuda(tree)
    where = sites(tree, cuda, found.importers)
    ways = entries(tree)
    targets = {entry.file for entry in ways if not entry.file.endswith("/__main__.py")}
    areas = zones(tree, own)
    closed = {zone.path for zone in areas}
    ranked = sorted(
        found.weight.keys() - closed, key=lambda path: (path not in targets, -found.weight[path], path)
    )
    return Facts(
        name=_name(tree),
        purpose=_purpose(tree),
        entries=tuple(ways),
        folders=tuple(folders(tree)),
        ranked=tuple(ranked),
        kernels=tuple((kernel, where[kernel]) for kernel in sorted(cuda.kernels, key=lambda k: (is_test(k.path), k.path))),
        bare=cuda.without,
        zones=tuple(areas),
        tree=tree,
    )  # fmt: skip


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Everything found, whatever a budget would leave out; paths as text."""
    modules = [facts.module(path) for path in facts.ranked]
    return {
        "name": facts.name,
        "purpose": list(facts.purpose),
        "entries": [asdict(entry) for entry in facts.entries],
        "folders": [{**asdict(folder), "path": shown(folder.path)} for folder in facts.folders],
        "files": [{**asdict(found), "path": shown(found.path)} for found in modules],
        "kernels": [
            {**asdict(kernel), "path": shown(kernel.path),
             "launched": [shown(p) for p in at.launched], "tested": [shown(p) for p in at.tested]}
            for kernel, at in facts.kernels
        ],
        "without_kernels": [shown(path) for path in facts.bare],
        "zones": [asdict(zone) for zone in facts.zones],
    }  # fmt: skip


def _name(tree: Tree) -> str:
    found = project(tree).get("name")
    if isinstance(found, str) and found:
        return quoted(found, 80)
    for line in _readme(tree).split("\n"):
        if line.startswith("# "):
            return quoted(line[2:], 80)
    return "this repository"


def _purpose(tree: Tree) -> tuple[str, ...]:
    """The manifest's description and the README's first sentence, one of them where they say the same."""
    described = project(tree).get("description")
    said = [described if isinstance(described, str) else "", first_prose(_readme(tree))]
    found = [quoted(text, _LONGEST_PURPOSE).rstrip(".") for text in said if text]
    if len(found) == 2 and (found[0].lower() in found[1].lower() or found[1].lower() in found[0].lower()):
        found = [max(found, key=len)]
    return tuple(found)


def _readme(tree: Tree) -> str:
    return next((tree.text(path) for path in _READMES if tree.has(path)), "")

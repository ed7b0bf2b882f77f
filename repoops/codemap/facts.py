"""All that a map can state of a repository, read from its tree; what of it fits into a map is `render`'s affair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from repoops.codemap.calls import Calls, calls, stage
from repoops.codemap.entries import Entry, entries, project
from repoops.codemap.folders import Folder, folders
from repoops.codemap.graph import graph
from repoops.codemap.owners import Rule, owners, owners_of
from repoops.codemap.prose import first_prose, quoted
from repoops.codemap.scan import Tree, is_test
from repoops.codemap.suffixes import C_LIKE, CUDA, PYTHON, SOURCES
from repoops.codemap.symbols import Module, leading_comment, module, parsed, python_module
from repoops.codemap.tested import convention, runs_of
from repoops.codemap.zones import Zone, zones
from repoops.files import RelPath, below, shown

if TYPE_CHECKING:
    from repoops.codemap.cuda import Kernel
    from repoops.codemap.launches import Sites

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
        ranked: source files that are no tests, what helps most to understand the rest first.
        weight: by how much each of them helps.
        imports: the files that each source file names.
        tests: for a source file the tests that run it.
        convention: where tests lie, in one line; empty where they follow no pattern.
        kernels: those of tests last.
        where: gives where each is launched and tested; found when first asked for.
        bare: CUDA files without kernels.
        calls: which function calls which, of the files given, else of all; read when asked for.
        zones: by path.
        owners: the rules of CODEOWNERS.
        tree: what all this was read from.
        within: folders outside which nothing is told; none for the whole tree.
    """

    name: str
    purpose: tuple[str, ...]
    entries: tuple[Entry, ...]
    folders: tuple[Folder, ...]
    ranked: tuple[RelPath, ...]
    weight: Mapping[RelPath, float]
    imports: Mapping[RelPath, tuple[RelPath, ...]]
    tests: Mapping[RelPath, tuple[RelPath, ...]]
    convention: str
    kernels: tuple[Kernel, ...]
    where: Callable[[], Mapping[Kernel, Sites]] = field(repr=False, compare=False)
    bare: tuple[RelPath, ...]
    calls: Callable[[Iterable[RelPath] | None], Calls] = field(repr=False, compare=False)
    zones: tuple[Zone, ...]
    owners: tuple[Rule, ...]
    tree: Tree = field(repr=False)
    within: tuple[RelPath, ...] = ()
    _modules: dict[RelPath, Module] = field(default_factory=dict, repr=False, compare=False)

    def module(self, path: RelPath) -> Module:
        """What a source file says of itself; read when first asked for, since most are never shown."""
        found = self._modules.get(path)
        if found is None:
            kept = self.tree.ask(f"module:{path.rsplit('.', 1)[-1]}", path, self._read)
            found = self._modules[path] = Module(path, kept[0], tuple(kept[1]), kept[2])
        return found

    def purpose_of(self, path: RelPath) -> str:
        """What a file is for, without its names where they take longer."""
        if path.endswith(".py") or path in self._modules:
            return self.module(path).purpose
        found: str = self.tree.ask(
            f"purpose:{path.rsplit('.', 1)[-1]}", path, lambda p: leading_comment(self.tree.text(p))
        )
        return found

    def _read(self, path: RelPath) -> list[object]:
        text = self.tree.text(path)
        if path.endswith(PYTHON):
            from repoops.codemap.pycalls import python_calls

            # Takes longer than all that is read out of it: who asks for calls later finds them.
            tree = parsed(text)
            self.tree.ask(stage(path), path, lambda _: python_calls(tree))
            found = python_module(path, tree)
        else:
            found = module(path, text)
        return [found.purpose, list(found.names), found.broken]


def gather(tree: Tree, own: RelPath) -> Facts:
    """Reads a tree; `own` is the map itself."""
    about = project(tree)
    ways = entries(tree, about)
    targets = {entry.file for entry in ways if not entry.file.endswith("/__main__.py")}
    found = graph(tree, targets)
    kernels, bare, where = _cuda(tree, found.importers)
    code = tree.ending(*SOURCES)
    tests = runs_of(code, found.importers)
    areas = zones(tree, own)
    closed = {zone.path for zone in areas}
    ranked = sorted(
        found.weight.keys() - closed, key=lambda path: (path not in targets, -found.weight[path], path)
    )
    return Facts(
        name=_name(tree, about),
        purpose=_purpose(tree, about),
        entries=tuple(ways),
        folders=tuple(folders(tree)),
        ranked=tuple(ranked),
        weight=found.weight,
        imports=found.imports,
        tests=tests,
        convention=convention(code, tests),
        kernels=kernels,
        where=where,
        bare=bare,
        calls=lambda paths: calls(tree, found.imports, paths),
        zones=tuple(areas),
        owners=owners(tree),
        tree=tree,
    )  # fmt: skip


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Everything found, whatever a budget would leave out; paths as text."""
    from repoops.codemap.callers import rows_to_json

    modules = [facts.module(path) for path in facts.ranked]
    here = facts.within

    def told(path: RelPath) -> bool:
        return not here or below(path, here)

    return {
        "name": facts.name,
        "purpose": list(facts.purpose),
        "entries": [asdict(entry) for entry in facts.entries],
        "folders": [{**asdict(folder), "path": shown(folder.path)} for folder in facts.folders],
        "files": [
            {**asdict(found), "path": shown(found.path), "weight": round(facts.weight[found.path], 6),
             "imports": [shown(p) for p in facts.imports.get(found.path, ())],
             "tests": [shown(p) for p in facts.tests.get(found.path, ())],
             "owners": list(owners_of(found.path, facts.owners))}
            for found in modules
        ],
        "tests_lie": facts.convention,
        "kernels": [
            {**asdict(kernel), "path": shown(kernel.path),
             "launched": [shown(p) for p in at.launched], "tested": [shown(p) for p in at.tested]}
            for kernel, at in ((kernel, facts.where()[kernel]) for kernel in facts.kernels)
        ],
        "calls": rows_to_json(call for call in facts.calls(None).rows if told(call.caller.path) or told(call.target.path)),
        "without_kernels": [shown(path) for path in facts.bare],
        "zones": [asdict(zone) for zone in facts.zones],
        "owners": [asdict(rule) for rule in facts.owners],
    }  # fmt: skip


def _cuda(
    tree: Tree, importers: Mapping[RelPath, Iterable[RelPath]]
) -> tuple[tuple[Kernel, ...], tuple[RelPath, ...], Callable[[], Mapping[Kernel, Sites]]]:
    """The kernels, CUDA files without any, and what finds where they are launched; without kernels no scanner is loaded."""
    if not any(
        tree.ask("global", path, lambda p: b"__global__" in tree.raw(p)) for path in tree.ending(*C_LIKE)
    ):
        return (), tuple(tree.ending(*CUDA)), dict
    from repoops.codemap.cuda import read_cuda
    from repoops.codemap.launches import sites

    cuda = read_cuda(tree)
    kernels = tuple(sorted(cuda.kernels, key=lambda k: (is_test(k.path), k.path)))
    return kernels, cuda.without, cache(lambda: sites(tree, cuda, importers))


def _name(tree: Tree, about: Mapping[str, Any]) -> str:
    found = about.get("name")
    if isinstance(found, str) and found:
        return quoted(found, 80)
    for line in _readme(tree).split("\n"):
        if line.startswith("# "):
            return quoted(line[2:], 80)
    return "this repository"


def _purpose(tree: Tree, about: Mapping[str, Any]) -> tuple[str, ...]:
    """The manifest's description and the README's first sentence, one of them where they say the same."""
    described = about.get("description")
    said = [described if isinstance(described, str) else "", first_prose(_readme(tree))]
    found = [quoted(text, _LONGEST_PURPOSE).rstrip(".") for text in said if text]
    if len(found) == 2 and (found[0].lower() in found[1].lower() or found[1].lower() in found[0].lower()):
        found = [max(found, key=len)]
    return tuple(found)


def _readme(tree: Tree) -> str:
    return next((tree.text(path) for path in _READMES if tree.has(path)), "")

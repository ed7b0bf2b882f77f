"""Which files of the tree an import, include, use or source line means; what lies outside the tree means none."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from repoops.codemap.entries import read_toml
from repoops.codemap.scan import Tree
from repoops.codemap.suffixes import GO, JS, PYTHON, RUST, SHELL
from repoops.files import RelPath

_ROOTS = ("src/", "python/", "lib/")


@dataclass(frozen=True, slots=True)
class Names:
    """What files can be called: Python's dotted names, last parts of paths, Go's packages, Rust's crates."""

    tree: Tree
    dotted: Mapping[str, RelPath]
    by_name: Mapping[str, Sequence[RelPath]]
    packages: Mapping[str, Sequence[RelPath]]
    crates: Mapping[str, RelPath]
    _answers: dict[tuple[str, str], RelPath] = field(default_factory=dict, repr=False, compare=False)

    def file(self, folder: RelPath, wanted: str) -> RelPath:
        """The file beside a folder's, else the one whose path ends so and shares most folders with it; empty for none."""
        key = (folder, wanted)
        if key not in self._answers:
            self._answers[key] = _beside_or_ending(folder, wanted, self)
        return self._answers[key]


def names(tree: Tree, paths: Sequence[RelPath]) -> Names:
    """Of the files that can be asked for; `paths` in their order."""
    by_name: dict[str, list[RelPath]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    dotted = {dotted_name(path): path for path in reversed(paths) if path.endswith(PYTHON)}
    return Names(tree, dotted, by_name, _packages(tree, paths), _crates(tree))


def targets(path: RelPath, asked: Sequence[Sequence[str]], known: Names) -> Iterator[RelPath]:
    """The files that a file's lines ask for; one may come twice."""
    resolver = _resolver(path)
    for row in asked:
        yield from resolver(path, row, known)


def dotted_name(path: RelPath) -> str:
    """The name under which Python imports a file."""
    parts = _module_parts(path)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _resolver(path: RelPath):  # type: ignore[no-untyped-def]  # noqa: ANN202 - one of the functions below
    for suffixes, resolver in ((PYTHON, _python), (RUST, _rust), (GO, _go), (JS, _js), (SHELL, _shell)):
        if path.endswith(suffixes):
            return resolver
    return _c


def _python(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    """Of `from package import module` the module, not the package too."""
    if len(row) == 1:
        found = _longest(row[0], known.dotted)
        if found:
            yield found
        return
    base = absolute(path, row[0])
    for name in row[1:]:
        dotted = ".".join(filter(None, [base, name]))
        found = known.dotted.get(dotted) or _longest(base, known.dotted)
        if found:
            yield found


def absolute(path: RelPath, base: str) -> str:
    """The dotted name that a Python file means by `base`, which may begin with the dots of a relative import."""
    level = len(base) - len(base.lstrip("."))
    if not level:
        return base
    package = _module_parts(path)[:-1]
    package = package[: max(len(package) - level + 1, 0)]
    return ".".join([*package, *filter(None, [base[level:]])])


def _module_parts(path: RelPath) -> list[str]:
    for root in _ROOTS:
        if path.startswith(root):
            path = path[len(root) :]
            break
    return path.removesuffix(".py").split("/")


def _longest(wanted: str, known: Mapping[str, RelPath]) -> RelPath | None:
    """The file of the longest dotted name that a file has."""
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition(".")[0]
    return None


def _c(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    found = known.file(path.rpartition("/")[0], row[0])
    if found:
        yield found


def _beside_or_ending(folder: RelPath, wanted: str, known: Names) -> RelPath:
    plain = "./" not in wanted and "//" not in wanted and wanted[:1] != "/"
    joined = f"{folder}/{wanted}" if folder else wanted
    beside = joined if plain else posixpath.normpath(posixpath.join(folder, wanted))
    if known.tree.has(beside):
        return beside
    bare = wanted if plain else posixpath.normpath(wanted).lstrip("./")
    ending = "/" + bare
    found = [p for p in known.by_name.get(bare.rpartition("/")[2], ()) if p == bare or p.endswith(ending)]
    return min(found, key=lambda p: (-_shared(p, folder), len(p), p)) if found else ""


def _shared(path: RelPath, folder: RelPath) -> int:
    """How many folders from the root both have."""
    both = zip(path.split("/"), folder.split("/"))  # noqa: B905 - the shorter ends it
    return next(
        (n for n, (one, other) in enumerate(both) if one != other),
        min(path.count("/"), folder.count("/") + 1),
    )


def _shell(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    if "." in row[0] or "/" in row[0]:
        yield from _c(path, row, known)


def _js(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    base = posixpath.normpath(posixpath.join(posixpath.dirname(path), row[0]))
    stem = base.rsplit(".", 1)[0] if base.endswith((".js", ".mjs", ".cjs", ".jsx")) else base
    for candidate in (base, *(stem + s for s in JS), *(f"{base}/index{s}" for s in JS)):
        if known.tree.has(candidate):
            yield candidate
            return


def _go(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    yield from (p for p in known.packages.get(row[0], ()) if p != path)


def _packages(tree: Tree, paths: Sequence[RelPath]) -> dict[str, list[RelPath]]:
    """Import path → files, tests aside, of every Go package whose module's `go.mod` lies in the tree."""
    modules = {}
    for path in tree.files:
        if path.rpartition("/")[2] == "go.mod":
            words = tree.text(path).split()
            if "module" in words[:-1]:
                modules[path.rpartition("/")[0]] = words[words.index("module") + 1]
    found: dict[str, list[RelPath]] = {}
    for path in paths if modules else ():
        if not path.endswith(".go") or path.endswith("_test.go"):
            continue
        folder = path.rpartition("/")[0]
        root = max(
            (r for r in modules if not r or folder == r or folder.startswith(r + "/")), key=len, default=None
        )
        if root is not None:
            below = folder[len(root) :].strip("/")
            found.setdefault("/".join(filter(None, [modules[root], below])), []).append(path)
    return found


def _crates(tree: Tree) -> dict[str, RelPath]:
    """Name → folder of the sources, of every crate in the tree."""
    found = {}
    for path in tree.files:
        if path.rpartition("/")[2] == "Cargo.toml":
            package = read_toml(tree, path).get("package")
            name = package.get("name") if isinstance(package, dict) else None
            if isinstance(name, str):
                found[name.replace("-", "_")] = posixpath.join(path.rpartition("/")[0], "src")
    return found


def _rust(path: RelPath, row: Sequence[str], known: Names) -> Iterator[RelPath]:
    folder, _, name = path.rpartition("/")
    own = folder if name in ("mod.rs", "lib.rs", "main.rs") else path.removesuffix(".rs")
    if row[0] == "mod" and len(row) == 2:
        yield from _module(own, row[1:], known)
    elif row[0] == "crate":
        root = max(
            (src for src in known.crates.values() if path.startswith(src + "/")), key=len, default="src"
        )
        yield from _module(root, row[1:], known)
    elif row[0] in ("self", "super"):
        at = own
        rest = list(row)
        while rest and rest[0] in ("self", "super"):
            at = at.rpartition("/")[0] if rest.pop(0) == "super" else at
        yield from _module(at, rest, known)
    elif row[0] in known.crates:
        root = known.crates[row[0]]
        found = list(_module(root, row[1:], known))
        yield from found or (p for p in (root + "/lib.rs",) if known.tree.has(p))


def _module(folder: RelPath, parts: Sequence[str], known: Names) -> Iterator[RelPath]:
    """The file of the longest module path below a folder."""
    for length in range(len(parts), 0, -1):
        stem = posixpath.join(folder, *parts[:length])
        for candidate in (stem + ".rs", stem + "/mod.rs"):
            if known.tree.has(candidate):
                yield candidate
                return

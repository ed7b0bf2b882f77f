"""What each folder is for: in its own words where it has any, else by what it holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from repoops.codemap.entries import read_json, read_toml
from repoops.codemap.prose import first_prose, quoted
from repoops.codemap.scan import Tree, is_test, is_vendored
from repoops.codemap.symbols import docstring, first_sentence
from repoops.files import RelPath

KINDS = {
    ".py": "Python", ".pyi": "Python", ".cu": "CUDA", ".cuh": "CUDA", ".cpp": "C++", ".cc": "C++", ".cxx": "C++",
    ".hpp": "C++", ".h": "C", ".c": "C", ".rs": "Rust", ".go": "Go", ".ts": "TypeScript", ".tsx": "TypeScript",
    ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript", ".java": "Java", ".kt": "Kotlin", ".swift": "Swift",
    ".rb": "Ruby", ".php": "PHP", ".cs": "C#", ".jl": "Julia", ".sh": "shell", ".ipynb": "notebook", ".ptx": "PTX",
    ".md": "markdown", ".mdc": "markdown", ".rst": "text", ".txt": "text", ".json": "JSON", ".yaml": "YAML",
    ".yml": "YAML", ".toml": "TOML", ".html": "HTML", ".css": "CSS", ".sql": "SQL", ".csv": "CSV", ".png": "image",
    ".jpg": "image", ".svg": "image", ".patch": "patch",
}  # fmt: skip
"""The kinds of files that are told apart; all else is `other`."""
_CODE = frozenset(("Python", "CUDA", "C++", "C", "Rust", "Go", "TypeScript", "JavaScript", "Java", "Kotlin", "Swift",
                   "Ruby", "PHP", "C#", "Julia", "shell"))  # fmt: skip
_BOILERPLATE = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE", "README", "readme", "CHANGELOG", ".",
                "Cargo.toml", "pyproject.toml", "package.json", "setup.py", "setup.cfg", "__init__.py")  # fmt: skip
"""How files begin that a folder has for its form and not for what it is for."""
_WORDS = ((2000, "thousands of"), (1000, "over a thousand"), (200, "hundreds of"), (100, "over a hundred"),
          (24, "dozens of"), (10, "over ten"), (2, "a few"))  # fmt: skip
_LONGEST = 110
_FEW = 7
_OF_ROOT = ("setup.py", "conftest.py", "noxfile.py")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that holds files.

    Attributes:
        path: relative, no slash at its end.
        purpose: in the repository's own words; empty where it has none.
        names: its source files, without `.py`; none for a folder of tests.
        holds: what else it holds by name where that is little, else by kind and magnitude; plain words.
        size: how many files lie in it and below.
        code: whether any of them is source code.
    """

    path: RelPath
    purpose: str
    names: tuple[str, ...]
    holds: str
    size: int
    code: bool


def folders(tree: Tree) -> list[Folder]:
    """Every folder that directly holds files or has a purpose, other people's and hidden ones left out; by path.

    The root, `.`, is one where it holds source files beside those of build tools.
    """
    direct: dict[RelPath, list[str]] = {}
    below: Counter[RelPath] = Counter()
    kinds: dict[RelPath, set[str]] = {}
    for path in tree.files:
        if "/" not in path or is_vendored(path):
            continue
        folder, _, name = path.rpartition("/")
        if folder.startswith(".") and not folder.startswith(".ci"):
            continue
        direct.setdefault(folder, []).append(name)
        while folder:
            below[folder] += 1
            kinds.setdefault(folder, set()).add(kind(name))
            folder = folder.rpartition("/")[0]
    root = _names(".", [path for path in tree.files if "/" not in path and path not in _OF_ROOT])
    found = [Folder(".", "", root, "", len(root), code=True)] if root else []
    inner: dict[RelPath, list[RelPath]] = {}
    for folder in below:
        inner.setdefault(folder.rpartition("/")[0], []).append(folder)
    for folder in sorted(below):
        if _inside_tests(folder):
            continue
        purpose = _purpose(tree, folder)
        here = direct.get(folder, [])
        names = _names(folder, here)
        telling = [name for name in here if not (purpose and name.startswith(_BOILERPLATE))]
        holds = "" if names else _holds(folder, telling, inner.get(folder, []))
        if (purpose or here or "/" not in folder) and (purpose or names or holds):
            found.append(Folder(folder, purpose, names, holds, below[folder], bool(kinds[folder] & _CODE)))
    return found


@lru_cache(maxsize=1 << 16)
def kind(name: str) -> str:
    """What kind of file a name tells of."""
    return KINDS.get("." + name.rsplit(".", 1)[-1].lower(), "other") if "." in name else "other"


def magnitude(count: int) -> str:
    """How many, in a word: a figure would make the map stale with every new file."""
    for least, word in _WORDS:
        if count >= least:
            return word
    return "one"


def _inside_tests(folder: RelPath) -> bool:
    """Whether a folder above it is one of tests: those are told of as one."""
    above = folder.rpartition("/")[0]
    return bool(above) and is_test(above + "/x")


def _names(folder: RelPath, files: list[str]) -> tuple[str, ...]:
    if is_test(folder + "/x"):
        return ()
    code = [name for name in files if kind(name) in _CODE and name not in ("__init__.py", "__main__.py")]
    return tuple(name.removesuffix(".py") for name in code)


def _holds(folder: RelPath, names: list[str], below: list[RelPath]) -> str:
    if is_test(folder + "/x") and below:
        return "for " + ", ".join(sorted(path.rpartition("/")[2] for path in below))
    if 0 < len(names) <= _FEW:
        return ", ".join(name for name in names if name != "__init__.py")
    counted = Counter(kind(name) for name in names if name != "__init__.py")
    ranked = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(f"{magnitude(n)} {what} file{'' if n == 1 else 's'}" for what, n in ranked[:3])


def _purpose(tree: Tree, folder: RelPath) -> str:
    """The first of: a package's docstring, a crate's or Go package's comment, a README, a manifest's description."""
    for said in _said(tree, folder):
        if said:
            return quoted(said, _LONGEST)
    return ""


def _said(tree: Tree, folder: RelPath) -> Iterator[str]:
    yield docstring(tree.text(f"{folder}/__init__.py"))
    for name in ("mod.rs", "lib.rs", "src/lib.rs", "src/main.rs"):
        yield first_sentence(" ".join(re.findall(r"^//! ?(.*)$", tree.text(f"{folder}/{name}").split("\n\n")[0], re.MULTILINE)))  # fmt: skip
    yield first_sentence(" ".join(re.findall(r"^// (Package .*(?:\n// .+)*)", tree.text(f"{folder}/doc.go"), re.MULTILINE)).replace("// ", ""))  # fmt: skip
    for name in ("README.md", "readme.md", "Readme.md", "README.rst", "README.txt", "README"):
        yield first_prose(tree.text(f"{folder}/{name}"))
    yield str(read_json(tree, f"{folder}/package.json").get("description") or "")
    for path, table in ((f"{folder}/Cargo.toml", "package"), (f"{folder}/pyproject.toml", "project")):
        found = read_toml(tree, path).get(table)
        yield str(found.get("description") or "") if isinstance(found, dict) else ""

"""Where kernels are launched and where they are tested, as far as the sources name them; no call graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from repoops.codemap.cpp import clean, closing, opening_angle
from repoops.codemap.cuda import Cuda, Kernel
from repoops.codemap.memo import named
from repoops.codemap.scan import Tree, is_test
from repoops.codemap.suffixes import C_LIKE
from repoops.files import RelPath

_BY_NAME = (".py", ".rs", ".go", ".jl", ".js", ".ts")
_HINTS = (b"ernel", b"cuda", b"CUDA", b"get_func", b"ptx", b"nvrtc")
"""A file that launches by name holds one of these; what holds none is not searched."""
_LAUNCH_CALL = re.compile(r"\b(?:cu|cuda|hip)(?:Launch\w*|GraphAddKernelNode)\s*\(")
_QUOTED = re.compile(r"""["']([A-Za-z_][\w:{}. ]{0,99}(?:<[^"'\n]*>)?)["']""")
_QUOTED_BYTES = tuple(re.compile(quote + rb"([A-Za-z_{][\w:{}. ]{0,99})(?=[\"'<])") for quote in (b'"', b"'"))
_PYTHON_STRING = re.compile(
    r"""\#[^\n]*|(?P<prefix>\b[rRbBuUfF]{1,2})?(?:\"{3}(?:[^"\\]|\\(?:.|\n)|"(?!""))*(?:\"{3}|\Z)|'{3}(?:[^'\\]|\\(?:.|\n)|'(?!''))*(?:'{3}|\Z)
    |"(?P<double>(?:\\(?:.|\n)|[^"\\\n])*)"?|'(?P<single>(?:\\(?:.|\n)|[^'\\\n])*)'?)""",
    re.VERBOSE,
)
# A name as a value, its address taken: assigned, passed, chosen, returned or cast, not declared.
_VALUE = re.compile(r"(?:[=&?:(,{]|\*\s*\)|\breturn\b)\s*(?:\w+\s*::\s*)*\b(\w+)\b")
_LAST_NAME = re.compile(r"(\w+)\s*\Z")
_LEAST_FIXED = 4
"""Characters that an f-string must fix before it is taken for the name of a kernel."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Where a kernel is launched and where it is tested: files, in order."""

    launched: tuple[RelPath, ...] = ()
    tested: tuple[RelPath, ...] = ()


def sites(tree: Tree, cuda: Cuda, importers: Mapping[RelPath, Iterable[RelPath]]) -> dict[Kernel, Sites]:
    """Finds who launches and who tests each kernel.

    A launch is `<<<…>>>`, a launch call, a kernel's address in a file that launches through a
    pointer, or the kernel's name as a whole string. A test is a test file that does one of these, or
    that imports a Python module which launches the kernel.

    Args:
        tree: all files.
        cuda: what the scanner found in them.
        importers: for a Python file, the files that import it.
    """
    known: dict[str, list[Kernel]] = {}
    for kernel in cuda.kernels:
        known.setdefault(kernel.name, []).append(kernel)
    places: dict[Kernel, set[RelPath]] = {kernel: set() for kernel in cuda.kernels}
    for path, hits in _named(tree, cuda, frozenset(known)):
        for name in hits:
            for kernel in _meant_by(tree, path, known[name]):
                places[kernel].add(path)
    found = {}
    for kernel, here in places.items():
        tests = {path for path in here if is_test(path)}
        launched = here - tests or {path for path in tests if path.endswith(C_LIKE)}
        tests |= {p for place in launched for p in importers.get(place, ()) if is_test(p)}
        found[kernel] = Sites(tuple(sorted(launched)), tuple(sorted(tests)))
    return found


def _meant_by(tree: Tree, path: RelPath, same_name: list[Kernel]) -> list[Kernel]:
    """Which of the kernels of one name a file means: its own, else those whose file it names, else all."""
    if len(same_name) == 1:
        return same_name
    raw = tree.raw(path)
    return (
        [kernel for kernel in same_name if kernel.path == path]
        or [kernel for kernel in same_name if kernel.path.rsplit("/", 1)[-1].encode() in raw]
        or same_name
    )


def _named(tree: Tree, cuda: Cuda, names: frozenset[str]) -> Iterator[tuple[RelPath, set[str]]]:
    """Files with the kernels that each launches or names; a file may come twice."""
    if not names:
        return
    context = named(*sorted(names))
    encoded = [name.encode() for name in sorted(names)]

    def quoted(path: RelPath) -> list[str]:
        if not _strings_of_bytes(tree.raw(path), names, _QUOTED_BYTES[:1]):
            return []
        return sorted(strings_in(clean(tree.text(path), strings=True), names))

    def by_name(path: RelPath) -> list[str]:
        raw = tree.raw(path)
        hinted = any(hint in raw for hint in _HINTS) or (is_test(path) and any(n in raw for n in encoded))
        if not hinted or not _strings_of_bytes(raw, names, _QUOTED_BYTES):
            return []
        return sorted((python_strings if path.endswith(".py") else strings_in)(tree.text(path), names))

    for path in cuda.sources(tree):
        stage = f"launches:{cuda.context}:{context}"
        yield path, set(tree.ask(stage, path, lambda p: sorted(launches_in(cuda.code(tree, p), names))))
    for path in tree.ending(*C_LIKE):
        yield path, set(tree.ask(f"quoted:{context}", path, quoted))
    for path in tree.ending(*_BY_NAME):
        stage = f"named:{context}:{path.rsplit('.', 1)[-1]}:{is_test(path)}"
        yield path, set(tree.ask(stage, path, by_name))


def _strings_of_bytes(raw: bytes, names: frozenset[str], quotes: Iterable[re.Pattern[bytes]]) -> set[str]:
    """At least the kernels that `strings_in` finds, comments and all; cheap."""
    hits: set[str] = set()
    for found in {text for quote in quotes for text in quote.findall(raw)}:
        hits |= _meant(found.decode("ascii", "replace"), names)
    return hits


def launches_in(code: str, names: frozenset[str]) -> set[str]:
    """The kernels that cleaned and expanded code launches."""
    hits: set[str] = set()
    indirect = False
    for match in re.finditer("<<<", code):
        found = _before(code, match.start()) & names
        hits |= found
        indirect |= not found
    for call in _LAUNCH_CALL.finditer(code):
        found = set(re.findall(r"\w+", code[call.end() : closing(code, call.end() - 1)])) & names
        hits |= found
        indirect |= not found
    if indirect:
        hits |= names.intersection(_VALUE.findall(code))
    return hits


def _before(code: str, at: int) -> set[str]:
    """What stands before `<<<`: an identifier, template arguments skipped, or every word of an expression in brackets."""
    end = at
    while end and code[end - 1].isspace():
        end -= 1
    if code[end - 1 : end] == ">":
        end = max(opening_angle(code, end), 0)
    if code[end - 1 : end] in (")", "]"):
        start = max(code.rfind(";", 0, end), code.rfind("{", 0, end), end - 400, 0)
        return set(re.findall(r"\w+", code[start:end]))
    found = _LAST_NAME.search(code, max(end - 200, 0), end)
    return {found[1]} if found else set()


def strings_in(text: str, names: frozenset[str]) -> set[str]:
    """The kernels whose name is all of a string, template arguments and namespaces aside; `{…}` stands for any word."""
    hits: set[str] = set()
    for found in set(_QUOTED.findall(text)):
        hits |= _meant(found, names)
    return hits


def _meant(string: str, names: frozenset[str]) -> set[str]:
    bare = string.split("<", 1)[0].rsplit("::", 1)[-1].strip()
    if "{" not in bare:
        return {bare} if bare in names else set()
    fixed = re.split(r"\{[^}]*\}", bare)
    if sum(map(len, fixed)) < _LEAST_FIXED:
        return set()
    longest = max(fixed, key=len)
    names = frozenset(name for name in names if longest in name)
    if not names:
        return set()
    pattern = re.compile(r"\w+".join(map(re.escape, fixed)))
    return {name for name in names if pattern.fullmatch(name)}


def python_strings(source: str, names: frozenset[str]) -> set[str]:
    """The kernels that Python code names in a whole string; comments name none, nor do words within a longer string."""
    hits: set[str] = set()
    for match in _PYTHON_STRING.finditer(source):
        text = match["double"] or match["single"] or ""
        if 0 < len(text) < 200 and ("{" not in text or "f" in (match["prefix"] or "").lower()):
            hits |= _meant(text, names)
    return hits

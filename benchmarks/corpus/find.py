"""The kernels of a checkout: what each file's PTX holds, and what its text defines beyond that."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import nvcc, ptxas, sources, translate

ARCH = "sm_89"
PROBE = "repoops_probe"
_SOURCES = (".cu", ".cuh", ".h", ".hpp", ".inl")
_TEMPLATE = re.compile(
    r"template\s*<((?:[^<>]|<[^<>]*>)*)>\s*(?:static\s+|inline\s+)*__global__\b[^;{]*?\b(\w+)\s*\("
)
_INCLUDED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_FOLDER = re.compile(r"-I[ \t]*([\w.+-][\w./+-]*)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One kernel as it will be run.

    Attributes:
        file: of the checkout, relative.
        function: the `__global__` function.
        shown: with template arguments and parameters, as the source has it.
        mangled: its name in the PTX.
        ptx: where the PTX lies.
        digest: of its text; the same kernel in two files is one.
    """

    file: str
    function: str
    shown: str
    mangled: str
    ptx: str
    digest: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of one file.

    Attributes:
        file: of the checkout, relative.
        entries: the repository's own kernels that its PTX holds.
        lost: (function, why) of kernels of the file that gave no PTX.
        compiler: which, and why where it was not NVRTC.
    """

    file: str
    entries: tuple[Entry, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    compiler: str = ""
    notes: tuple[str, ...] = field(default=())


def files(checkout: Path, folders: Iterable[Path]) -> list[Path]:
    """Every `.cu` below these folders that defines a kernel, or includes a file of the repository that does.

    One that another `.cu` includes is compiled there, and not again for itself.
    """
    headers = {p.name for p in checkout.rglob("*") if p.suffix in _SOURCES and _global(p)}
    found = []
    for path in sorted({path for folder in folders for path in folder.rglob("*.cu")}):
        text = "\n".join(_text(one) for one in (path, *included(path)))
        if "__global__" in text or any(f'{name}"' in text or f"{name}>" in text for name in headers):
            found.append(path)
    parts = {part for path in found for part in included(path) if part.suffix == ".cu"}
    return [path for path in found if path not in parts]


def included(path: Path) -> list[Path]:
    """The files that one includes in quotes and that lie where it says, and what those include."""
    found: list[Path] = []
    pending = [path]
    while pending:
        at = pending.pop()
        for name in _INCLUDED.findall(_COMMENT.sub(" ", _text(at))):
            part = Path(os.path.normpath(at.parent / name))
            if part.is_file() and part != path and part not in found:
                found.append(part)
                pending.append(part)
    return found


def functions(checkout: Path) -> frozenset[str]:
    """Names of all `__global__` functions that the checkout defines."""
    return frozenset(
        found.name
        for path in checkout.rglob("*")
        if path.suffix in _SOURCES and _global(path)
        for found in sources.kernels(path)
    )


def compile_file(
    checkout: Path,
    path: Path,
    include: tuple[Path, ...],
    keep: Path,
    out: Path,
    own: frozenset[str],
    before: str,
) -> Compiled:
    """A file's PTX with all kernels that it launches, then one instantiation of each template that it does not."""
    rel = str(path.relative_to(checkout))
    text = _text(path)
    parts = included(path)
    whole = "\n".join([text, *(_text(part) for part in parts if part.suffix == ".cu")])
    head = f'{before}\n#line 1 "{path}"\n' if before else ""
    kernel = Kernel(path, PROBE, include=include, text=f"{head}{text}\n__global__ void {PROBE}() {{}}\n")
    try:
        done = translate.to_ptx(kernel, ARCH, keep=keep)
    except RepoOpsError as error:
        whole = "\n".join([text, *(_text(part) for part in parts)])
        names = [found.name for found in sources.in_text(whole)] or ["(no kernel in the text)"]
        return Compiled(rel, lost=tuple((name, _reason(error)) for name in names))
    entries = _entries(rel, done.ptx, out, own)
    lost = []
    given = {entry.function for entry in entries}
    for name in (found.name for found in sources.in_text(whole)):
        if name in given:
            continue
        try:
            one = translate.to_ptx(
                replace(kernel, name=_instance(whole, name), text=head + text), ARCH, keep=keep
            )
        except RepoOpsError as error:
            lost.append((name, _reason(error)))
            continue
        entries += [e for e in _entries(rel, one.ptx, out, own) if e.function == name]
    return Compiled(rel, tuple(entries), tuple(lost), done.compiler)


def beside(checkout: Path, path: Path) -> tuple[Path, ...]:
    """Folders of headers that a repository's own build names: in `-I` of a Makefile above a file; `include`, `inc`, `utils`; the nearest first."""
    above = [folder for folder in path.parents if folder == checkout or checkout in folder.parents]
    named = [
        (folder / name).resolve()
        for folder in above
        for makefile in (folder / "Makefile",)
        if makefile.is_file()
        for name in _FOLDER.findall(_text(makefile))
    ]
    usual = [folder / name for folder in above for name in ("include", "inc", "utils")]
    return tuple(dict.fromkeys(folder for folder in (*named, *usual) if folder.is_dir()))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _global(path: Path) -> bool:
    return path.is_file() and "__global__" in _text(path)


def _reason(error: RepoOpsError) -> str:
    return f"{error.where or ''}: {error.what.splitlines()[0]}"


def _entries(rel: str, ptx: str, out: Path, own: frozenset[str]) -> list[Entry]:
    at = out / f"{hashlib.sha256(ptx.encode()).hexdigest()[:16]}.ptx"
    at.write_text(ptx, encoding="utf-8")
    mangled = ptxas.entries(ptx)
    shown = nvcc.demangled(mangled)
    found = []
    for name in mangled:
        function = re.sub(r"^.*::", "", called(shown[name]))
        if function in own:
            found.append(Entry(rel, function, shown[name], name, str(at), _digest(ptx, name)))
    return found


def called(signature: str) -> str:
    """`void a::row_sum<float, 128>(float*)` → `a::row_sum`."""
    bare, depth = "", 0
    for character in signature.replace("(anonymous namespace)::", ""):
        depth += character == "<"
        if not depth:
            bare += character
        depth -= character == ">"
    return bare.split("(")[0].split(" ")[-1]


@lru_cache(4)
def _bodies(ptx: str) -> dict[str, str]:
    """Each entry's text, from its name to the brace that closes it; inline assembly has braces of its own."""
    found = {}
    for hit in re.finditer(r"\.entry\s+([\w$]+)", ptx):
        depth = 0
        for brace in re.compile(r"[{}]").finditer(ptx, hit.end()):
            depth += 1 if brace[0] == "{" else -1
            if depth == 0:
                found[hit[1]] = ptx[hit.end() : brace.end()]
                break
    return found


def body(ptx: str, entry: str) -> str:
    """An entry's text after its name."""
    return _bodies(ptx).get(entry, "")


def _digest(ptx: str, entry: str) -> str:
    text = re.sub(r"^\s*\.loc[^\n]*\n", "", body(ptx, entry), flags=re.MULTILINE)
    return hashlib.sha256(text.replace(entry, "").encode()).hexdigest()


def _instance(text: str, name: str) -> str:
    """A kernel's name with one sensible set of template arguments."""
    for parameters, of in _TEMPLATE.findall(_COMMENT.sub(" ", text)):
        if of == name:
            guesses = [_guess(p) for p in _split(parameters)]
            while guesses and guesses[-1] is None:
                guesses.pop()
            return f"{name}<{', '.join(g or 'float' for g in guesses)}>"
    return name


def _split(parameters: str) -> list[str]:
    parts, depth = [""], 0
    for character in parameters:
        depth += (character in "<(") - (character in ">)")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _guess(parameter: str) -> str | None:
    """An argument for a template's parameter; None where it has one by default."""
    if "=" in parameter:
        return None
    if re.match(r"\s*(typename|class)\b", parameter):
        return "float"
    return "false" if re.match(r"\s*(const\s+)?bool\b", parameter) else "128"

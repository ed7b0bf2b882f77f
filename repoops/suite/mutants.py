"""Mutants: patches that put one known bug into a kernel, to show that the suite finds it. Reads and applies them; runs nothing.

`kernels/NAME/mutants/VERSION-WHAT.patch` is a preamble (`class: …`, `expect: …`, then words of any
length) and a unified diff whose paths are relative to the kernel's folder. Nothing is written into
the work tree: the changed source is handed to the compiler as text, changed headers lie in a folder
of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from repoops.errors import RepoOpsError
from repoops.files import atomic_write
from repoops.kernel.model import Kernel
from repoops.nvidia.includes import dependencies
from repoops.nvidia.nvrtc import near

CLASSES = {
    "missing barrier": "threads read what others may not have written yet, or overwrite what others still read",
    "barrier in divergent code": "a barrier, or a shuffle, that not all of its threads come to",
    "race on shared scalar": "several threads or warps update one value without an order",
    "prefetch into a stage being read": "the next tile overwrites the one that is still in use",
    "wait off by one": "cp.async, a product of a warpgroup or an mbarrier is waited for one group or phase too few",
    "missing proxy fence": "tensor cores read what threads stored, and no fence.proxy.async stands between",
    "wrong matrix descriptor": "a start, stride or swizzle that is not the one the tile was written with",
    "wrong cp.async size": "a copy of a size or alignment that the instruction does not have",
    "wrong mma shape": "a matrix product of a shape or type that the instruction does not have",
    "wrong address space": "a pointer into one memory is used as one into another",
    "partial load": "a lane loads only its part of what it later reads in full",
    "dropped tile": "the first, the last or every second tile of the loop is left out",
    "half coverage": "part of the output is never written",
    "unguarded tail": "sizes that are no multiple of the tile are read or written beyond their end",
    "wrong index": "an element, row, head or batch is taken for another",
    "wrong leading dimension": "a matrix is walked with another's row length",
    "swapped strides": "batch, head and row strides in the wrong order",
    "misaligned pitch": "a row pitch that breaks the alignment of wide accesses",
    "bank conflicts": "a layout in shared memory in which lanes wait for one another",
    "uncoalesced access": "neighbouring lanes touch distant addresses",
    "redundant traffic": "bytes are moved that nobody needs: a tile twice, one that a mask hides, a row that is ignored",
    "wrong fragment mapping": "the elements of an mma fragment are assumed elsewhere than they are",
    "missing scale": "a factor, such as 1 / sqrt(d) or the final division, is not applied",
    "stale maximum": "the running maximum or the rescaling by it is out of date",
    "wrong mask": "causal, window or length mask off by one, or on the wrong diagonal",
    "wrong reduction": "a sum or maximum over the wrong elements, or over some of them several times",
    "missing broadcast": "a result that one lane has is used by all",
    "uninitialised accumulator": "a sum begins with what lay in the register or in memory",
    "aliased buffer": "two arrays share bytes while both are in use",
    "short table": "a table is filled only in part",
    "precision loss": "an intermediate value is kept in too few bits, or an overflow is let happen",
    "shared memory over the limit": "more than the architecture allows a block",
    "too many resources": "registers, spills or a stack frame beyond what the version is held to",
    "missing instruction": "tensor cores or asynchronous copies that the version claims are not used",
}
"""What a mutant may be of: the bugs that recur in hand-written kernels."""
CHECKS = (
    "memcheck",
    "racecheck",
    "initcheck",
    "synccheck",
    "coverage",
    "numerics",
    "determinism",
    "fences",
    "gates",
    "compile",
)
"""What may kill a mutant: the checks of a run, the oracle, equal bits of two runs, writes around buffers, gates, the compilers."""  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines (ends included) that stand at line `start`, counted from 1, and what takes their place; `head` is its `@@` line."""

    start: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    head: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: `bug` is a key of `CLASSES`, `expect` names those of `CHECKS` of which one must see it; files are relative to the kernel's folder."""

    path: Path
    bug: str
    expect: tuple[str, ...]
    changes: tuple[tuple[str, tuple[Hunk, ...]], ...]

    @property
    def place(self) -> str:
        """`tiled.cu:42`: the first line that it changes."""
        file, hunks = self.changes[0]
        same = next(
            (n for n, (a, b) in enumerate(zip(hunks[0].before, hunks[0].after, strict=False)) if a != b),
            min(len(hunks[0].before), len(hunks[0].after)),
        )
        return f"{file}:{hunks[0].start + same}"


def find(folder: Path, versions: Sequence[str]) -> list[tuple[str, str, Path]]:
    """The mutants below a kernel's folder: (version, what, path), in the order of their names.

    The version is the longest of those given that begins the file's name and is followed by `-`.

    Raises:
        RepoOpsError: a patch is of none of them.
    """
    found = []
    for path in sorted((folder / "mutants").glob("*.patch")):
        of = [name for name in versions if path.stem.startswith(f"{name}-")]
        if not of:
            raise RepoOpsError(
                "this mutant is of no version",
                where=near(str(path)),
                remedy=f"name it VERSION-WHAT.patch; there are {', '.join(versions)}",
                code=1,
            )
        version = max(of, key=len)
        found.append((version, path.stem.removeprefix(f"{version}-"), path))
    return found


def read(path: Path) -> Mutant:
    """A patch file.

    Raises:
        RepoOpsError: it is not in the form that the module's head describes; where and how to mend it are said.
    """
    text = path.read_bytes().decode("utf-8", "replace")  # line ends as they are
    begin = re.search(r"^--- .*\n\+\+\+ ", text, re.MULTILINE)
    keys = _preamble(path, text[: begin.start()] if begin else text)
    bug = re.sub(r"\s*\(.*\)$", "", keys["class"])
    expect = tuple(dict.fromkeys(word.strip() for word in keys["expect"].split(",")))
    _known(path, "class", bug, CLASSES)
    for check in expect:
        _known(path, "check", check, CHECKS)
    try:
        files = PatchSet(text[begin.start() :]) if begin else ()
    except UnidiffParseError as error:
        raise _wrong(
            path, f"its diff cannot be read: {error}", "renew it: diff -u a/FILE b/FILE, below the preamble"
        ) from None
    changes = tuple((_name(file.source_file), tuple(map(_hunk, file))) for file in files)
    if not all(hunks for _, hunks in changes) or not changes:
        raise _wrong(path, "it has no diff", "append what this prints: diff -u a/FILE b/FILE")
    return Mutant(path, bug, expect, changes)


def _preamble(path: Path, text: str) -> dict[str, str]:
    """The `key: value` lines before the first line that is none."""
    keys: dict[str, str] = {}
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+):\s*(.*?)\s*", line)
        if found is None:
            break
        keys[found[1]] = found[2]
    if keys.keys() != {"class", "expect"}:
        given = ", ".join(keys) or "none"
        raise _wrong(
            path,
            f"it needs the keys class and expect at its head, and has {given}",
            "see docs/verify.md, Mutants",
        )
    return keys


def _known(path: Path, what: str, word: str, words: Iterable[str]) -> None:
    if word not in words:
        raise _wrong(path, f"there is no {what} {word!r}", f"there are: {', '.join(words)}")


def _wrong(path: Path, what: str, remedy: str) -> RepoOpsError:
    return RepoOpsError(what, where=near(str(path)), remedy=remedy, code=1)


def _name(source: str) -> str:
    return source.removeprefix("a/").split("\t")[0]


def _hunk(hunk: Iterable[object]) -> Hunk:
    sides: tuple[list[str], list[str]] = ([], [])
    last: tuple[list[str], ...] = ()
    for line in hunk:
        kind, value = line.line_type, line.value  # type: ignore[attr-defined]
        if kind == "\\":  # "No newline at end of file", of the line before
            for side in last:
                side[-1] = side[-1].rstrip("\r\n")
            continue
        last = {"-": sides[:1], "+": sides[1:]}.get(kind, sides)
        for side in last:
            side.append(value)
    start, length = hunk.source_start, hunk.source_length  # type: ignore[attr-defined]
    head = f"@@ -{start},{length} +{hunk.target_start},{hunk.target_length} @@"  # type: ignore[attr-defined]
    # Where nothing is taken away, diff names the line before.
    return Hunk(start if length else start + 1, tuple(sides[0]), tuple(sides[1]), head)


def applied(mutant: Mutant, folder: Path) -> dict[Path, str]:
    """The text of each file that a mutant changes, as changed.

    A hunk's lines must be there to the letter: at the line that it names, or else at exactly one other.

    Args:
        mutant: what to apply.
        folder: the kernel's.

    Raises:
        RepoOpsError: a file is not there, or a hunk does not fit; it says which, and how to renew the patch.
    """
    texts = {}
    for name, hunks in mutant.changes:
        path = Path(os.path.normpath(folder / name))
        try:
            lines = re.findall(r"[^\n]*\n|[^\n]+", path.read_bytes().decode("utf-8", "replace"))
        except OSError as error:
            raise _wrong(
                mutant.path, f"it changes {name}, which cannot be read: {error.strerror}", _renew(name)
            ) from None
        moved = 0
        for number, hunk in enumerate(hunks, 1):
            at = _place(lines, hunk, hunk.start - 1 + moved)
            if isinstance(at, str):
                raise _wrong(
                    mutant.path,
                    f"hunk {number} of {len(hunks)} ({hunk.head}) does not fit {name}: {at}",
                    _renew(name),
                )
            lines[at : at + len(hunk.before)] = hunk.after
            moved = at - (hunk.start - 1) + len(hunk.after) - len(hunk.before)
        texts[path] = "".join(lines).removeprefix("\ufeff")  # the compilers refuse a byte order mark
    return texts


def _renew(name: str) -> str:
    base = Path(name).name
    return f"make the change in a copy and renew the patch below its preamble: diff -u a/{base} b/{base}"


def _place(lines: Sequence[str], hunk: Hunk, stated: int) -> int | str:
    """The index from which a hunk's lines stand, or why there is none."""
    size = len(hunk.before)
    if tuple(lines[stated : stated + size]) == hunk.before:
        return stated
    fits = [n for n in range(len(lines) - size + 1) if size and tuple(lines[n : n + size]) == hunk.before]
    if len(fits) == 1:
        return fits[0]
    if fits:
        return f"its lines stand there {len(fits)} times, at {', '.join(str(n + 1) for n in fits)}"
    there = [*lines[stated : stated + size], *[""] * size][:size]
    off = next((n for n, line in enumerate(hunk.before) if line != there[n]), 0)
    wanted = hunk.before[off].strip() if hunk.before else ""
    return f"line {stated + off + 1} is {there[off].strip()!r}, the patch has {wanted!r}"


def planted(kernel: Kernel, texts: Mapping[Path, str], room: Path) -> Kernel | None:
    """A kernel whose source, or a header of it, is changed; None if none of the changed files is of it.

    A changed source goes as text under its own name. For a changed header, source and headers are laid
    out once more below `room`, under their whole paths, so that every relative include meets the copy.

    Args:
        kernel: the true one.
        texts: of `applied`.
        room: a folder to write into; what is named after the content in it stays right.

    Raises:
        RepoOpsError: the source includes files whose names are computed, so that what it includes cannot be known.
    """
    source = kernel.source.absolute()
    text = texts.get(Path(os.path.normpath(source)))
    if text is not None and len(texts) == 1:
        return replace(kernel, text=text)
    content = text.encode() if text is not None else source.read_bytes()
    folders = (source.parent, *(folder.absolute() for folder in kernel.include))
    found = dependencies(source, content, folders)
    if found is None:
        raise RepoOpsError("includes are computed by macros: its headers cannot be changed", where=near(str(source)), code=1)  # fmt: skip
    there = {Path(os.path.normpath(path)) for path, digest in found if digest != "absent"}
    if not there & texts.keys() and text is None:
        return None
    for path in (source, *there):
        raw = texts[path].encode() if path in texts else path.read_bytes()
        at = _below(room, path)
        at.parent.mkdir(parents=True, exist_ok=True)
        if not at.exists() or at.read_bytes() != raw:
            atomic_write(at, raw)
    return replace(
        kernel,
        source=_below(room, source),
        include=(*(_below(room, Path(os.path.normpath(f))) for f in folders[1:]), *folders),
    )


def _below(room: Path, path: Path) -> Path:
    return room / path.relative_to(path.anchor)


def outside(text: str, room: Path) -> str:
    """Words about files in `room` as words about the files they stand for, seen from the current folder."""
    return text.replace(f"{_below(room, Path.cwd())}{os.sep}", "").replace(str(room), "")

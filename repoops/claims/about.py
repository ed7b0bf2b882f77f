"""Which kernel a sentence speaks of, and whether its figures would be a GPU's; guesses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from repoops.claims.statements import Statement
from repoops.files import RelPath, below
from repoops.report.verification import VerificationReport


@dataclass(frozen=True, slots=True)
class Subject:
    """A kernel, perhaps one version of it; without a kernel: some kernel on a GPU; `loose`: one that no suite's folder has."""

    kernel: str | None
    version: str | None = None
    loose: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kernel, self.version))) or "any kernel"


@dataclass(frozen=True, slots=True)
class Names:
    """What the kernels of a repository are called: (kernel, version) by version, function and file; `loose` ones by their files alone."""

    pairs: frozenset[tuple[str, str]]
    loose: frozenset[str]
    functions: tuple[tuple[str, tuple[str, str]], ...]
    folders: tuple[str, ...]

    @classmethod
    def of(
        cls, files: Iterable[RelPath], folders: Sequence[str], reports: Iterable[VerificationReport]
    ) -> Names:
        """From the suite's folders (`kernels/attention/tiled.cu`), from what reports name, and from other `.cu` files (`saxpy.cu`)."""
        sources = [path for path in map(PurePosixPath, files) if path.suffix == ".cu"]
        suite = {path for path in sources if below(str(path), folders) and str(path.parent) not in folders}
        pairs = {(path.parent.name, path.stem) for path in suite}
        functions: dict[str, tuple[str, str]] = {}
        for row in (row for report in reports for row in report.results):
            pairs.add((row.kernel, row.version))
            if row.resources and row.resources.kernel:
                functions[row.resources.kernel] = (row.kernel, row.version)
        loose = {path.stem for path in sources if path not in suite} - {
            name for pair in pairs for name in pair
        }
        return cls(frozenset(pairs), frozenset(loose), tuple(sorted(functions.items())), tuple(folders))

    def of_file(self, path: RelPath) -> Subject | None:
        """What a file of the suite is about: its version if it is one's source, else its folder's kernel."""
        at = PurePosixPath(path)
        if not below(path, self.folders):
            return None
        if at.suffix == ".cu" and at.stem in self.loose:
            return Subject(at.stem, loose=True)
        kernel = at.parent.name
        if (kernel, at.stem) in self.pairs:
            return Subject(kernel, at.stem)
        return Subject(kernel) if any(kernel == known for known, _ in self.pairs) else None


_GPU = re.compile(r"\b(GPUs?|kernels?|CUDA|L4|L40S?|A10G?|A100|H100|H200|B200|T4|V100|RTX \d+|sm_\d+a?)\b")
_CPU = re.compile(
    r"\b(CPU|interpreter|engine|emulat\w+|simulat\w+|NVRTC|ptxas|nvcc|compil\w+|pytest|tests?|git|cach\w+|host|Python|LLVM|"
    r"machine code of this|cProfile|threads? of this|sleep|timeout|latency of ssh)\b",
    re.IGNORECASE,
)  # fmt: skip


def on_a_gpu(said: Statement) -> bool:
    """Whether a speed it states would be a GPU's: nothing in it or around it speaks of what a CPU does."""
    return not (_CPU.search(said.text) or _CPU.search(said.context))


def subject(said: Statement, names: Names, default: Subject | None) -> Subject | None:
    """The one kernel that a sentence names, or that alone is named around it; None where that is not clear.

    A sentence that names none, but speaks of a GPU or a kernel itself, is about some kernel.

    Args:
        said: the sentence.
        names: those of the repository.
        default: what the file is about.
    """
    for text in (said.text, said.context):
        found = _named(text, names, default)
        if len(found) == 1:
            return found.pop()
        if found:
            return None  # several: which figure belongs to which is for a reader to say
        if default is not None:
            return default
    return Subject(None) if _GPU.search(said.text) else None


def _named(text: str, names: Names, default: Subject | None) -> set[Subject]:
    found = {Subject(*pair) for name, pair in names.functions if _word(name, text)}
    kernels = {kernel for kernel, _ in names.pairs if _word(kernel, text)}
    for kernel, version in names.pairs:
        own = kernel in kernels or (default is not None and default.kernel == kernel)
        alone = "_" in version and sum(version == other for _, other in names.pairs) == 1
        if f"`{version}`" in text or (alone and _word(version, text)):
            found |= {Subject(kernel, version)} if own or alone else set()
        elif re.search(rf"\b{re.escape(kernel)}(?:::|/|'s | ){re.escape(version)}\b", text):
            found.add(Subject(kernel, version))
    found |= {Subject(name, loose=True) for name in names.loose if _is_topic(name, text)}
    covered = {each.kernel for each in found}
    return found | {Subject(kernel) for kernel in kernels - covered}


def _is_topic(name: str, text: str) -> bool:
    """A file may be called `copy` or `main`: only as code, as a name of several words, or where a subject begins with it, it is one."""
    if f"`{name}`" in text or _word(f"{name}.cu", text) or ("_" in name and _word(name, text)):
        return True
    return re.match(rf"{re.escape(name)}(?::|\s+~?\d)", text) is not None


def _word(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text, re.IGNORECASE) is not None

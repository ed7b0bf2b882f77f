"""What a version is held to, put into words for the report: its limits, cases and mutants, and digests of source and code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cache

from repoops.files import sha256
from repoops.kernel.model import Compiled, Kernel
from repoops.nvidia import nvrtc, sass
from repoops.nvidia.includes import dependencies
from repoops.report.held import Held
from repoops.suite.gates import Allotted, Counted, MachineCode
from repoops.suite.spec import Gate, KernelSpec, Version


def held(
    spec: KernelSpec, version: Version, mutants: Sequence[str], compiled: dict[Kernel, Compiled], arch: str
) -> Held:
    """A version's contract, with the machine code for one architecture.

    Args:
        spec: the kernel's.
        version: which one of it.
        mutants: their names.
        compiled: every kernel that its cases need; none where that failed.
        arch: what they were compiled for.
    """
    limits: dict[str, list[str]] = {}
    for name, words in _limits(spec, version):
        limits.setdefault(name, []).append(words)
    return Held(
        spec.name, version.name, tuple((name, "; ".join(words)) for name, words in limits.items()),
        tuple(case.id for case in spec.cases if version.takes(case)), tuple(mutants),
        source=sha256(repr(sorted({_source(kernel) for kernel in compiled})).encode()),
        machine_code=((arch, _code(compiled.values())),) if compiled else (),
    )  # fmt: skip


def _limits(spec: KernelSpec, version: Version) -> Iterable[tuple[str, str]]:
    rule = spec.tolerance
    parts = (f"{field.name} = {getattr(rule, field.name):g}" for field in fields(rule))
    yield "tolerance", ", ".join(parts)
    yield "architectures", ", ".join(version.archs)
    yield "two runs", "equal to the bit" if version.deterministic else "may differ"
    yield from map(_words, version.gates)


def _words(gate: Gate) -> tuple[str, str]:
    """A gate's name and limit; of one that is an author's own function, its name and what it says of itself."""
    if isinstance(gate, (Allotted, Counted, MachineCode)):
        return gate.name, gate.limit
    return getattr(gate, "__name__", type(gate).__name__), " ".join((gate.__doc__ or "").split())


@cache
def _source(kernel: Kernel) -> str:
    """A digest of a kernel's source, macros and the user's headers, wherever they lie."""
    at, text = nvrtc.read(kernel)
    headers = dependencies(at.source, text, (at.source.parent, *at.include)) or ()
    contents = sorted({digest for _, digest in headers if digest != "absent"})
    return sha256(repr((sha256(text), contents, kernel.defines)).encode())


def _code(compiled: Iterable[Compiled]) -> str:
    """Of all kernels of a version: their machine code, and what makes the same code run otherwise."""
    parts = []
    for one in compiled:
        found = one.resources
        allotted = (found.registers, found.stack, found.shared_static, found.max_threads)
        parts.append((sass.digest(one.cubin, one.entry), allotted))
    return sha256(repr(sorted(parts, key=repr)).encode())

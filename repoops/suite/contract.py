"""What a version is held to, put into words for the report: its limits, cases and mutants, and digests of source and code."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from functools import cache, partial
from itertools import chain
from types import FunctionType

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
        machine_code=((arch, _code(compiled.values())),) if compiled else (), traffic=tuple(_traffic(spec, version)),
    )  # fmt: skip


def _limits(spec: KernelSpec, version: Version) -> Iterable[tuple[str, str]]:
    rule = spec.tolerance
    parts = (f"{field.name} = {getattr(rule, field.name):g}" for field in fields(rule))
    yield "tolerance", ", ".join(parts)
    yield "architectures", ", ".join(version.archs)
    yield "two runs", "equal to the bit" if version.deterministic else "may differ"
    yield from map(_words, version.gates)


def _traffic(spec: KernelSpec, version: Version) -> Iterable[tuple[str, tuple[int, ...]]]:
    """The bytes that its algorithm moves for each case, by every gate that counts them: an edit of a count shows in its figures."""
    counts = [gate.meant for gate in version.gates if isinstance(gate, Counted) and gate.meant]
    for case in filter(version.takes, spec.cases) if counts else ():
        yield case.id, tuple(chain.from_iterable(astuple(count(case)) for count in counts))


def _words(gate: Gate) -> tuple[str, str]:
    """A gate's name and limit; of one that is an author's own function, what it is called and how it is written."""
    if isinstance(gate, (Allotted, Counted, MachineCode)):
        return gate.name, gate.limit
    if isinstance(gate, partial):
        name, words = _words(gate.func)
        given = [*map(repr, gate.args), *(f"{key}={value!r}" for key, value in gate.keywords.items())]
        return name, f"{words}, of {', '.join(given)}"
    if not isinstance(gate, FunctionType):
        return type(gate).__name__, " ".join((gate.__doc__ or "").split())
    return gate.__name__.replace("<lambda>", "lambda"), _written(gate)


def _written(function: FunctionType) -> str:
    """A function's source in one line, whatever its layout and comments: an edit of it is an edit of the gate."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename))
    try:
        nodes = [node for node in ast.walk(ast.parse(text)) if _begins(node) == code.co_firstlineno]
    except SyntaxError:  # edited since it was loaded
        nodes = []
    # Two lambdas on a line cannot be told apart: both are told.
    return "; ".join(" ".join(ast.unparse(node).split()) for node in nodes) or "no source"


def _begins(node: ast.AST) -> int | None:
    """The line at which a function's code says that it begins: its first decorator's, if it has any."""
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        return node.decorator_list[0].lineno
    return node.lineno if isinstance(node, (ast.FunctionDef, ast.Lambda)) else None


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

"""A kernel as machine code for this CPU: PTX → LLVM IR → object code, kept by content.

The object code and all that a launch needs to know are one `Program`; taken from the cache it is
linked at once, without the PTX being read again.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from repoops import cache as store
from repoops.engine import lower, products, runtime, shadow
from repoops.engine.context import OFFSETS
from repoops.engine.function import WarpFunction
from repoops.engine.layout import MOST_LOCAL, MOST_PARAMS, SHARED_START, granule, layout, uses
from repoops.engine.unit import Refused, Unit
from repoops.ptx.parser import parse
from repoops.ptx.syntax import Module, Place

_LEVEL = 2
"""Of LLVM's optimisation, in passes and in its code generator."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A site as the report shows it."""

    file: str
    line: int
    column: int
    what: str
    instruction: str


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel compiled for one block shape and one set of checks.

    Attributes:
        code: object code.
        sites: what a record's site number means.
        shared: (name, offset, bytes) of the variables in shared memory.
        shared_static: where dynamic shared memory begins.
        granule: bytes that a cell of shared memory stands for.
        image: what module variables hold before a launch, zeros beyond it up to `image_size` left out;
            `relocations` are (place, offset) of addresses in it.
        variables: (name, offset, bytes) of module variables.
        params: (offset, bytes) of each parameter.
        local_bytes: local memory of one thread, without recursion; `recursive` says whether there is any.
        counted: for each counted block the (spot, opcode) of its instructions.
        products: bytes that a warp needs for products under way.
    """

    code: bytes
    sites: tuple[Spot, ...]
    shared: tuple[tuple[str, int, int], ...]
    shared_static: int
    granule: int
    image: bytes
    image_size: int
    relocations: tuple[tuple[int, int], ...]
    variables: tuple[tuple[str, int, int], ...]
    params: tuple[tuple[int, int], ...]
    local_bytes: int
    recursive: bool
    counted: tuple[tuple[tuple[str, int, str], ...], ...]
    products: int


def translate(
    ptx: str, entry: str, block: tuple[int, int, int], checks: frozenset[str]
) -> tuple[str, Program]:
    """A kernel as LLVM IR, and the program it becomes once `code` is filled in.

    Raises:
        PtxError: the PTX is malformed.
        Refused: it holds something the engine does not know.
    """
    module = parse(ptx, entry)
    kernel = module.functions.get(entry)
    if kernel is None or not kernel.entry or kernel.body is None:
        raise Refused(
            f"the PTX has no kernel {entry}", remedy=f"it has {', '.join(module.entries) or 'none'}", code=1
        )
    found = layout(module, kernel)
    every = [kernel, *(module.functions[name] for name in found.functions)]
    unit = Unit(module, kernel, found, block, checks, granule=granule(every), copies=uses(every, "cp"), phases=uses(every, "mbarrier"),
                products=uses(every, "wgmma"), uses_local=any(v.space == "local" for f in every for v in f.variables.values()))  # fmt: skip
    texts = []
    local = 0
    for function in every:
        made = WarpFunction(unit, function)
        texts.append(made.text())
        local += made.frame_bytes
    if local > MOST_LOCAL:
        raise Refused(
            f"{entry} has {local} bytes of local memory a thread, at most {MOST_LOCAL} are possible", code=1
        )
    size = sum(p.size for p in kernel.params)
    if size > MOST_PARAMS:
        raise Refused(f"{entry} has {size} bytes of parameters, at most {MOST_PARAMS} are possible", code=1)
    if unit.products:
        unit.helpers.update(products.helpers(unit))
    body = "\n".join((
        *texts, *unit.helpers.values(), "!0 = !{}", '!1 = !{!"branch_weights", i32 1, i32 1000}',
    ))  # fmt: skip
    fixed = runtime.text(clear=shadow.clear(), cells=shadow.shared_functions(checks))
    ir = fixed + "\n" + "\n".join(_missing(unit.declarations, fixed)) + "\n" + body + "\n"
    offsets = lower.call.offsets(kernel.params)
    program = Program(
        code=b"",
        sites=tuple(_spot(module, s.instruction.place, s.what, s.instruction.name, s.instruction.line) for s in unit.sites),
        shared=tuple((p.variable.name, p.offset, p.variable.size) for p in found.shared.values()),
        shared_static=found.shared_static,
        granule=unit.granule,
        image=found.image,
        image_size=found.image_size,
        relocations=tuple(
            (p.offset + at, found.globals[name].offset + offset)
            for p in found.globals.values() for at, name, offset in p.variable.relocations if name in found.globals
        ),
        variables=tuple((p.variable.name, p.offset, p.variable.size) for p in found.globals.values()),
        params=tuple((offsets[p.name], p.size) for p in kernel.params),
        local_bytes=local,
        recursive=found.recursive,
        counted=tuple(
            tuple((*_where(module, i.place, i.line), i.name) for i in instructions) for instructions in unit.counted
        ),
        products=products.warp_bytes(checks) if unit.products else 0,
    )  # fmt: skip
    return ir, program


def _missing(declarations: dict[str, str], fixed: str) -> list[str]:
    return [line for name, line in declarations.items() if f"@{name}(" not in fixed]


def _where(module: Module, place: Place | None, line: int) -> tuple[str, int]:
    if place is None:
        return "", line
    place = _own(module, place)
    return module.files.get(place.file, ""), place.line


def _own(module: Module, place: Place) -> Place:
    """The place in the user's file: where a header's inline function was called from."""
    while place.inlined is not None and _foreign(module.files.get(place.file, "")):
        place = place.inlined
    return place


def _foreign(file: str) -> bool:
    return "/nvidia/" in file or ("/cuda" in file.rpartition("/")[0] + "/" and "include" in file)


def _spot(module: Module, place: Place | None, what: str, name: str, line: int) -> Spot:
    if place is None:
        return Spot("", line, 0, what, name)
    own = _own(module, place)
    return Spot(module.files.get(own.file, ""), own.line, own.column, what, name)


@cache
def _machine(level: int = _LEVEL) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        reloc="pic",
        jit=True,
    )


def emit(ir: str, *, optimise: bool = True) -> bytes:
    """LLVM IR as object code for this CPU; what it computes does not depend on `optimise`.

    Raises:
        RuntimeError: the IR is malformed; a mistake of the engine, never of its input.
    """
    level = _LEVEL if optimise else 0
    machine = _machine(level)
    module = llvm.parse_assembly(ir)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_unrolling = False
    options.slp_vectorization = False
    options.loop_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


@cache
def _linker() -> Any:
    return llvm.create_lljit_compiler(_machine())


class Loaded:
    """A program in memory, ready to run."""

    _count = 0

    def __init__(self, program: Program) -> None:
        Loaded._count += 1
        self.program = program
        self._library = (
            llvm.JITLibraryBuilder().add_object_img(program.code).add_current_process().export_symbol("run")
            .link(_linker(), f"kernel{Loaded._count}")
        )  # fmt: skip
        self.run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._library["run"])


@cache
def _fingerprint() -> str:
    """What object code depends on besides its source: this engine, LLVM, this CPU."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.rglob("*.py"), *here.rglob("*.ll"), *(here.parent / "ptx").glob("*.py")]):
        digest.update(path.read_bytes())
    digest.update(repr((llvm.llvm_version_info, llvm.get_host_cpu_name(), OFFSETS, SHARED_START)).encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    return digest.hexdigest()


_memory: dict[tuple[str, str, tuple[int, int, int], frozenset[str], bool], Loaded] = {}
_MOST_LOADED = 256


def load(
    ptx: str,
    entry: str,
    block: tuple[int, int, int],
    checks: frozenset[str],
    *,
    keep: Path | None,
    optimise: bool = True,
) -> Loaded:
    """The program, from this process's memory, the cache folder, or made anew.

    Raises:
        PtxError: the PTX is malformed.
        Refused: it holds something the engine does not know.
    """
    asked = (ptx, entry, block, checks, optimise)
    if asked in _memory:
        return _memory[asked]
    name = store.key(
        "engine/1",
        _fingerprint(),
        hashlib.sha256(ptx.encode()).hexdigest(),
        entry,
        list(block),
        sorted(checks),
        optimise,
    )
    known = store.load(keep, name)
    if known is not None:
        program = _from_text(known["program"])
    else:
        ir, empty = translate(ptx, entry, block, checks)
        program = Program(**{**_fields(empty), "code": emit(ir, optimise=optimise)})
        store.store(keep, name, {"program": _to_text(program)})
    if len(_memory) >= _MOST_LOADED:
        _memory.pop(next(iter(_memory)))
    _memory[asked] = Loaded(program)
    return _memory[asked]


def forget() -> None:
    """Drops what this process holds, so that the next run takes a program from the cache folder, or makes it."""
    _memory.clear()


def _fields(program: Program) -> dict[str, Any]:
    return {name: getattr(program, name) for name in Program.__dataclass_fields__}


def _to_text(program: Program) -> str:
    fields = _fields(program)
    fields["sites"] = [asdict(s) for s in program.sites]
    for name in ("code", "image"):
        fields[name] = base64.b64encode(fields[name]).decode()
    return json.dumps(fields)


def _from_text(text: str) -> Program:
    fields = json.loads(text)
    for name in ("code", "image"):
        fields[name] = base64.b64decode(fields[name])
    sites = fields.pop("sites")
    frozen = {name: _frozen(value) for name, value in fields.items()}
    return Program(sites=tuple(Spot(**s) for s in sites), **frozen)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value

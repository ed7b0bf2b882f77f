"""Where a kernel's variables lie: shared offsets, module variables, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repoops.ptx.lexer import PtxError
from repoops.ptx.syntax import (
    SIZES,
    Address,
    Function,
    Group,
    Instruction,
    Module,
    Operand,
    Reg,
    Sym,
    Variable,
    Vector,
)

SHARED_START = 1024
"""The first valid shared address: lower ones catch null pointers (an sm_90 block has 1 KB reserved there)."""
MOST_SHARED = 1 << 20
"""Bytes of shared memory that a kernel may declare here: more than any card has."""
MOST_GLOBAL = 1 << 30
"""Bytes of all global and constant variables of a module: they are made anew for each launch."""
MOST_LOCAL = 512 << 10
"""Bytes of local memory of a thread, as on a card."""
MOST_PARAMS = 32764
"""Bytes of a kernel's parameters. Source: PTX ISA 9.0, "Kernel Function Parameters"."""
FENCE = 64
"""Bytes between two variables that belong to none."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A variable and its offset from the beginning of its space."""

    variable: Variable
    offset: int


@dataclass(frozen=True, slots=True)
class Layout:
    """All variables that a kernel and the functions it calls use.

    Attributes:
        shared: by name; dynamic ones begin where the static ones end.
        shared_static: offset of the first byte of dynamic shared memory.
        globals: variables of the module in global and constant memory, by name.
        image: what they hold before a launch, up to the last byte that is given; `image_size` is that of all.
        functions: names of the device functions that can be called.
        recursive: whether one of them can come to be called by itself.
    """

    shared: Mapping[str, Placed]
    shared_static: int
    globals: Mapping[str, Placed]
    image: bytes
    image_size: int
    functions: tuple[str, ...]
    recursive: bool


def layout(module: Module, entry: Function) -> Layout:
    """Places the variables of a kernel.

    Raises:
        PtxError: a function that is called is not in the module.
    """
    functions = _called(module, entry)
    local = [v for f in (entry, *(module.functions[n] for n in functions)) for v in f.variables.values()]
    shared: dict[str, Placed] = {}
    at = SHARED_START
    every = [*module.variables.values(), *local]
    used = _named(entry, *(module.functions[name] for name in functions))
    for v in every:
        if v.space == "shared" and not (v.external or v.size == 0) and v.name in used:
            at = -(-at // v.align) * v.align
            shared[v.name] = Placed(v, at)
            at += v.size + FENCE
            if at > MOST_SHARED:
                raise PtxError(f"{v.name} does not fit into {MOST_SHARED >> 10} KB of shared memory", 0)
    dynamic = [v for v in every if v.space == "shared" and (v.external or v.size == 0)]
    # As on the card, dynamic shared memory follows what is static, aligned as its strictest declaration asks; and
    # as `wmma` asks, which nobody declares.
    align = max([32, *(v.align for v in dynamic)])
    at = -(-at // align) * align
    shared.update({v.name: Placed(v, at) for v in dynamic})
    placed, size = _globals(v for v in every if v.space in ("global", "const"))
    recursive = any(name in _called(module, module.functions[name]) for name in functions)
    return Layout(shared, at, placed, _image(placed, module), size, functions, recursive)


def function_address(module: Module, name: str) -> int:
    """What a pointer to a device function holds: no address of memory, but a number that no other function has."""
    return 1 << 56 | (1 + list(module.functions).index(name)) << 4


def _called(module: Module, entry: Function) -> tuple[str, ...]:
    """The functions that may run: where one is called through a pointer, all whose address is taken."""
    found: dict[str, None] = {}
    taken = {
        name for v in module.variables.values() for _, name, _ in v.relocations if name in module.functions
    }
    through_pointer = False
    seen = [entry]
    for function in seen:
        called: list[str] = []
        for i in function.body or ():
            if isinstance(i, Instruction):
                names = [o.name for o in i.operands if isinstance(o, Sym) and o.name in module.functions]
                if i.opcode == "call":
                    called += names
                    through_pointer |= indirect(i)
                else:
                    taken.update(names)
        for name in (*called, *(sorted(taken) if through_pointer else ())):
            if name not in found and module.functions[name].body is not None:
                found[name] = None
                seen.append(module.functions[name])
    return tuple(found)


def indirect(i: Instruction) -> bool:
    """Whether a `call` goes through a register."""
    target = next((o for o in i.operands if not isinstance(o, Group)), None)
    return i.opcode == "call" and isinstance(target, Reg)


def _named(*functions: Function) -> frozenset[str]:
    """Every symbol that an instruction mentions."""
    return frozenset(
        name for f in functions for i in f.body or () if isinstance(i, Instruction)
        for operand in i.operands for name in _symbols(operand)
    )  # fmt: skip


def _symbols(operand: Operand) -> Iterable[str]:
    if isinstance(operand, Sym):
        yield operand.name
    elif isinstance(operand, Address) and isinstance(operand.base, Sym):
        yield operand.base.name
    elif isinstance(operand, (Vector, Group)):
        yield from (e.name for e in operand.elements if isinstance(e, Sym))


def _globals(variables: Iterable[Variable]) -> tuple[dict[str, Placed], int]:
    placed, at = {}, 0
    for v in variables:
        if v.external and v.initial is None and v.size == 0:
            raise PtxError(f"{v.name} is declared but not defined", 0)
        at = -(-at // max(v.align, 16)) * max(v.align, 16)
        placed[v.name] = Placed(v, at)
        at += v.size + FENCE
        if at > MOST_GLOBAL:
            raise PtxError(f"{v.name} does not fit into {MOST_GLOBAL >> 20} MB of module variables", 0)
    return placed, at


def _image(placed: Mapping[str, Placed], module: Module) -> bytes:
    """What variables hold before a launch, up to the last that is not zero; addresses of variables are known only then, those of functions now."""
    image = bytearray()
    for p in placed.values():
        given = (p.variable.initial or b"").rstrip(b"\0")
        pointers = [(at, name) for at, name, _ in p.variable.relocations if name in module.functions]
        end = p.offset + max([len(given), *(at + 8 for at, _ in pointers)])
        if end > p.offset:
            image.extend(bytes(max(end - len(image), 0)))
        image[p.offset : p.offset + len(given)] = given
        for at, name in pointers:
            start = p.offset + at
            image[start : start + 8] = function_address(module, name).to_bytes(8, "little")
    return bytes(image)


def granule(functions: Iterable[Function]) -> int:
    """Bytes of the smallest access to shared memory in these functions, at most 4."""
    sizes = [4]
    for f in functions:
        for i in f.body or ():
            shared = isinstance(i, Instruction) and any(w.startswith("shared") for w in i.modifiers)
            generic = isinstance(i, Instruction) and not any(
                w.split("::")[0] in ("shared", "global", "local", "const", "param") for w in i.modifiers
            )
            if isinstance(i, Instruction) and i.opcode in ("ld", "st", "atom", "red") and (shared or generic):
                sizes.append(SIZES.get(i.type, 1))
    return min(sizes)


def uses(functions: Iterable[Function], opcode: str) -> bool:
    """Whether an opcode occurs."""
    return any(isinstance(i, Instruction) and i.opcode == opcode for f in functions for i in f.body or ())

"""What a PTX module consists of, as the parser gives it.

Source: PTX ISA 9.0, "Syntax", "State Spaces, Types, and Variables", "Instruction Operands".
"""

from __future__ import annotations

from dataclasses import dataclass, field

SIZES = {
    "pred": 1, "b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2, "b32": 4, "u32": 4,
    "s32": 4, "f32": 4, "f16x2": 4, "bf16x2": 4, "tf32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8, "b128": 16,
    "e4m3": 1, "e5m2": 1, "e4m3x2": 2, "e5m2x2": 2,
}  # fmt: skip
"""Bytes of each fundamental type."""


@dataclass(frozen=True, slots=True)
class Reg:
    """A register: `%r1`, or a special one, `%tid.x`."""

    name: str


@dataclass(frozen=True, slots=True)
class Imm:
    """A literal: an integer of 64 bits, or a floating-point number with the width it was written in (32 or 64; 0 for an integer)."""

    value: int | float
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Sym:
    """The name of a variable, function or label, with a constant added."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """`[base + offset]`; a base that is a number is an Imm."""

    base: Reg | Sym | Imm
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Texel:
    """`[texture, {x, y}]`, `[texture, sampler, {x, y}]`: a place in a texture, a surface or a tensor map."""

    base: Reg | Sym | Imm
    at: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """`{a, b, c, d}`; `_` (a sink) is None."""

    elements: tuple[Reg | Imm | Sym | None, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """`%p|%q`: two destinations at once."""

    first: Reg | None
    second: Reg | None


@dataclass(frozen=True, slots=True)
class Negated:
    """`!%p`: a predicate turned round."""

    reg: Reg


@dataclass(frozen=True, slots=True)
class Group:
    """`(a, b)`: a call's arguments or results."""

    elements: tuple[Reg | Imm | Sym, ...]


Operand = Reg | Imm | Sym | Address | Texel | Vector | Pair | Negated | Group | None


@dataclass(frozen=True, slots=True)
class Place:
    """A source line as `.loc` gives it; `inlined` is where the inlined function was called from."""

    file: int
    line: int
    column: int
    inlined: Place | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """`@%p` or `@!%p`."""

    reg: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        opcode: up to the first dot: `mad`.
        modifiers: what follows, without dots: `("wide", "u32")`; `::` stays inside one.
        operands: as written, destinations first.
        guard: the predicate it is executed under.
        place: the source line it was compiled from.
        line: in the PTX text, from 1.
    """

    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[Operand, ...]
    guard: Guard | None
    place: Place | None
    line: int

    @property
    def type(self) -> str:
        """The last modifier that is a type; empty if none is."""
        for word in reversed(self.modifiers):
            if word in SIZES:
                return word
        return ""

    @property
    def name(self) -> str:
        """`mad.wide.u32`."""
        return ".".join((self.opcode, *self.modifiers))

    def has(self, word: str) -> bool:
        """Whether a modifier is there."""
        return word in self.modifiers


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a state space.

    Attributes:
        space: global, const, shared, local or param.
        align: bytes.
        size: bytes; 0 for an `extern` array without a size.
        initial: its bytes, if it is initialised; addresses in it are listed in `relocations` as (byte, name, offset).
    """

    name: str
    space: str
    type: str
    align: int
    size: int
    initial: bytes | None = None
    relocations: tuple[tuple[int, str, int], ...] = ()
    external: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A place to jump to."""

    name: str


@dataclass(slots=True)
class Function:
    """A kernel (`entry`) or device function; `body` is None for a mere declaration."""

    name: str
    entry: bool
    results: tuple[Variable, ...]
    params: tuple[Variable, ...]
    line: int
    body: list[Instruction | Label] | None = None
    registers: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    directives: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Module:
    """A PTX file."""

    target: str = ""
    version: str = ""
    files: dict[int, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    @property
    def entries(self) -> tuple[str, ...]:
        """The kernels' names."""
        return tuple(name for name, function in self.functions.items() if function.entry)

"""LLVM IR text of one function: values over one lane or over the 32 of a warp, and the operations on them.

A value is *uniform* (one scalar, the same for all lanes) or has *lanes* (`<32 x T>`). Operations take
either; if one operand has lanes, the others are spread and the result has lanes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

WARP = 32
BITS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "i128": 128, "half": 16, "bfloat": 16, "float": 32,
        "double": 64, "ptr": 64}  # fmt: skip
FLOATS = ("half", "bfloat", "float", "double")
_SHORT = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "ptr": "p0"}
_AS_INT = {16: "i16", 32: "i32", 64: "i64"}


@dataclass(frozen=True, slots=True)
class Value:
    """An SSA value or a constant.

    Attributes:
        text: `%12`, or a constant's text for one element.
        type: of one element: `i32`, `float`, `i1` ...
        lanes: whether it is a vector, `<32 x type>`.
        width: elements of the vector; 64 where each lane holds two (f16x2).
    """

    text: str
    type: str
    lanes: bool = False
    width: int = WARP

    @property
    def constant(self) -> bool:
        """Whether its text is a constant of one element."""
        return not self.text.startswith("%") and not self.lanes

    @property
    def ir_type(self) -> str:
        """As LLVM writes the type."""
        return f"<{self.width} x {self.type}>" if self.lanes else self.type

    def __str__(self) -> str:
        """With its type, as an operand is written."""
        return f"{self.ir_type} {self.text}"


def float_text(value: float, kind: str) -> str:
    """A floating-point constant as LLVM writes it, exact: hexadecimal bits of the value as a double (half and bfloat have their own forms)."""
    if kind == "half":
        return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
    if kind == "bfloat":
        return f"0xR{struct.unpack('<I', struct.pack('<f', value))[0] >> 16:04X}"
    if kind == "float":
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def integer(value: int, kind: str = "i32") -> Value:
    """An integer constant, taken modulo the width."""
    bits = BITS[kind]
    value &= (1 << bits) - 1
    if bits > 1 and value >> (bits - 1):
        value -= 1 << bits
    return Value(str(value), kind)


def floating(value: float, kind: str = "float") -> Value:
    """A floating-point constant."""
    return Value(float_text(value, kind), kind)


TRUE = Value("true", "i1")


@dataclass(slots=True)
class Builder:
    """Collects the lines of a function body, and the declarations and helper functions they need."""

    lines: list[str] = field(default_factory=list)
    count: int = 0
    declarations: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    debug: str = ""
    width: int = WARP

    def fresh(self) -> str:
        """A new name."""
        self.count += 1
        return f"%v{self.count}"

    def fresh_label(self) -> str:
        """A new label's name."""
        self.count += 1
        return f"l{self.count}"

    def label(self, name: str) -> None:
        """Begins a basic block."""
        self.lines.append(f"{name}:")

    def line(self, text: str) -> None:
        """A line without a result."""
        self.lines.append(f"  {text}{self.debug}")

    def emit(self, text: str, kind: str, *, lanes: bool = False) -> Value:
        """A line with a result of the given element type."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}{self.debug}")
        return Value(name, kind, lanes, self.width)

    def spread(self, value: Value) -> Value:
        """The value with lanes: a uniform one is repeated."""
        if value.lanes:
            return value
        if value.constant:
            return Value(f"splat ({value.type} {value.text})", value.type, lanes=True, width=self.width)
        one = f"<{self.width} x {value.type}>"
        first = self.emit(
            f"insertelement {one} poison, {value.type} {value.text}, i64 0", value.type, lanes=True
        )
        return self.emit(
            f"shufflevector {one} {first.text}, {one} poison, <{self.width} x i32> zeroinitializer",
            value.type,
            lanes=True,
        )

    def alike(self, *values: Value) -> tuple[Value, ...]:
        """All uniform, or all with lanes."""
        if any(v.lanes for v in values):
            return tuple(self.spread(v) for v in values)
        return values

    def op(self, name: str, a: Value, c: Value) -> Value:
        """A binary instruction of LLVM: `add`, `lshr`, `fmul` ...; both operands of one type."""
        a, c = self.alike(a, c)
        return self.emit(f"{name} {a}, {c.text}", a.type, lanes=a.lanes)

    def neg(self, a: Value) -> Value:
        """The negative: of a float with its sign turned (NaN too)."""
        if a.type in FLOATS:
            return self.emit(f"fneg {a}", a.type, lanes=a.lanes)
        return self.op("sub", integer(0, a.type), a)

    def inv(self, a: Value) -> Value:
        """All bits inverted; for `i1`, not."""
        return self.op("xor", a, TRUE if a.type == "i1" else integer(-1, a.type))

    def compare(self, how: str, a: Value, c: Value) -> Value:
        """`icmp` or `fcmp` by the operands' type: `slt`, `ult`, `eq`; `olt`, `uno`."""
        a, c = self.alike(a, c)
        word = "fcmp" if a.type in FLOATS else "icmp"
        return self.emit(f"{word} {how} {a}, {c.text}", "i1", lanes=a.lanes)

    def select(self, condition: Value, a: Value, c: Value) -> Value:
        """Lane by lane `condition ? a : c`."""
        if condition.lanes:
            condition, a, c = self.alike(condition, a, c)
        else:
            a, c = self.alike(a, c)
        return self.emit(f"select {condition}, {a}, {c}", a.type, lanes=a.lanes)

    def cast(self, how: str, a: Value, kind: str) -> Value:
        """`zext`, `sext`, `trunc`, `bitcast`, `fpext`, `sitofp`, `inttoptr` ... to an element type; none if it is that already."""
        if a.type == kind:
            return a
        to = f"<{self.width} x {kind}>" if a.lanes else kind
        source = str(self.spread(a)) if a.lanes else str(a)
        return self.emit(f"{how} {source} to {to}", kind, lanes=a.lanes)

    def bits(self, a: Value, kind: str) -> Value:
        """The same bits as another type of the same width; a constant stays one."""
        if a.type == kind:
            return a
        if BITS[a.type] != BITS[kind]:
            raise ValueError(f"{a.type} and {kind} differ in width")
        return self.cast("bitcast", a, kind)

    def resize(self, a: Value, kind: str, *, signed: bool) -> Value:
        """An integer made narrower or wider."""
        if BITS[a.type] == BITS[kind]:
            return a
        return self.cast("trunc" if BITS[a.type] > BITS[kind] else "sext" if signed else "zext", a, kind)

    def intrinsic(self, name: str, args: Sequence[Value], result: str | None = None, *,
                  suffix: Sequence[Value] | None = None, tail: str = "") -> Value:  # fmt: skip
        """Calls `llvm.<name>` overloaded on its first argument's type (or on `suffix`), declaring it.

        Args:
            name: without `llvm.`: `fma`, `fshl`, `ctpop`.
            args: spread to lanes if one of them has lanes.
            result: element type of the result; the first argument's if None.
            suffix: whose types name the overload.
            tail: further constant arguments, as text: `, i1 false`.
        """
        args = self.alike(*args)
        kind = result or args[0].type
        lanes = args[0].lanes
        named = self.alike(*suffix) if suffix is not None else args[:1]
        whole = f"llvm.{name}." + ".".join(
            (f"v{v.width}" if v.lanes else "") + _SHORT.get(v.type, v.type) for v in named
        )
        to = f"<{self.width} x {kind}>" if lanes else kind
        extra = "".join(f", {part.split()[0]}" for part in tail.split(", ") if part)
        self.declarations[whole] = f"declare {to} @{whole}({', '.join(v.ir_type for v in args)}{extra})"
        return self.emit(f"call {to} @{whole}({', '.join(map(str, args))}{tail})", kind, lanes=lanes)

    def extract(self, a: Value, lane: int) -> Value:
        """One lane's element as a uniform value."""
        if not a.lanes:
            return a
        return self.emit(f"extractelement {a}, i64 {lane}", a.type)

    def shuffle(self, a: Value, lanes: Sequence[int], other: Value | None = None) -> Value:
        """Lane i of the result is lane `lanes[i]` of `a`, or of `other` from 32 on; the pattern is constant."""
        a = self.spread(a)
        second = self.spread(other).text if other is not None else "poison"
        pattern = ", ".join(f"i32 {n}" for n in lanes)
        return self.emit(
            f"shufflevector {a}, {a.ir_type} {second}, <{len(lanes)} x i32> <{pattern}>", a.type, lanes=True
        )

    def lane_constants(self, values: Sequence[int], kind: str = "i32") -> Value:
        """A constant for each lane."""
        return Value(
            "<" + ", ".join(f"{kind} {integer(v, kind).text}" for v in values) + ">", kind, lanes=True
        )

    def any(self, mask: Value) -> Value:
        """Whether a lane of an `i1` is set, as a uniform `i1`."""
        if not mask.lanes:
            return mask
        return self.compare("ne", self.ballot(mask), integer(0))

    def ballot(self, mask: Value) -> Value:
        """The lanes of an `i1` as a uniform `i32`."""
        mask = self.spread(mask)
        return self.emit(f"bitcast {mask} to i32", "i32")

    def from_ballot(self, word: Value) -> Value:
        """The bits of a uniform `i32` as an `i1` of each lane."""
        return self.emit(f"bitcast {word} to <{WARP} x i1>", "i1", lanes=True)

    def as_int(self, a: Value) -> Value:
        """The bits of a float as an integer of the same width."""
        return self.bits(a, _AS_INT[BITS[a.type]]) if a.type in FLOATS else a

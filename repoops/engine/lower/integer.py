"""Integer arithmetic, logic, shifts and bit fields, lane by lane.

Source: PTX ISA 9.0, "Integer Arithmetic Instructions", "Extended-Precision Integer Arithmetic
Instructions", "Logic and Shift Instructions".
"""

from __future__ import annotations

from repoops.engine.builder import BITS, Builder, Value, integer
from repoops.engine.lower.bitfield import BITFIELD
from repoops.engine.lower.division import quotient, remainder
from repoops.engine.lower.form import PACKED, Form, form, halves, joined
from repoops.engine.lower.frame import Frame, Results
from repoops.engine.lower.logic import LOGIC
from repoops.engine.lower.predicate import INTEGER_PREDICATE
from repoops.ptx.syntax import SIZES, Instruction

_ALL = "u16 s16 u32 s32 u64 s64"
_PAIRS = "u16x2 s16x2"
_WIDER = {"i16": "i32", "i32": "i64", "i64": "i128"}


def int_type(i: Instruction) -> tuple[str, bool]:
    """The LLVM type of an integer instruction, and whether it is signed."""
    return ("i1" if i.type == "pred" else f"i{8 * SIZES[i.type]}"), i.type[0] == "s"


def _packed(i: Instruction) -> bool:
    return any(word in PACKED for word in i.modifiers)


def _two(f: Frame, i: Instruction, name: str) -> Value:
    """A binary operation on both 16-bit halves."""
    b = f.b
    wide, (a, c) = halves(b, (f.src(1, "i32"), f.src(2, "i32")), "i16")
    value = wide.op(name, a, c) if name == "add" else wide.intrinsic(name, [a, c])
    if i.has("relu"):
        value = wide.intrinsic("smax", [value, integer(0, "i16")])
    return joined(b, wide, value)


# -- add, sub and mad, with carry


def _add_carry(f: Frame, a: Value, c: Value, *, use: bool, give: bool) -> Value:
    b = f.b
    total = b.op("add", a, c)
    out = b.compare("ult", total, a)
    if use:
        first = total
        total = b.op("add", first, b.cast("zext", f.carry(), a.type))
        out = b.op("or", out, b.compare("ult", total, first))
    if give:
        f.set_carry(out)
    return total


def _sub_borrow(f: Frame, a: Value, c: Value, *, use: bool, give: bool) -> Value:
    b = f.b
    total = b.op("sub", a, c)
    out = b.compare("ult", a, c)
    if use:
        first, borrow = total, b.cast("zext", f.carry(), a.type)
        total = b.op("sub", first, borrow)
        out = b.op("or", out, b.compare("ult", first, borrow))
    if give:
        f.set_carry(out)
    return total


def _add(f: Frame, i: Instruction) -> Results:
    if _packed(i):
        return _two(f, i, "add")
    kind, _ = int_type(i)
    a, c = f.src(1, kind), f.src(2, kind)
    if i.has("sat"):
        _only_s32(f, i)
        return f.b.intrinsic("sadd.sat", [a, c])
    carry = i.opcode == "addc"
    if carry or i.has("cc"):
        return _add_carry(f, a, c, use=carry, give=i.has("cc"))
    return f.b.op("add", a, c)


def _sub(f: Frame, i: Instruction) -> Results:
    kind, _ = int_type(i)
    a, c = f.src(1, kind), f.src(2, kind)
    if i.has("sat"):
        _only_s32(f, i)
        return f.b.intrinsic("ssub.sat", [a, c])
    carry = i.opcode == "subc"
    if carry or i.has("cc"):
        return _sub_borrow(f, a, c, use=carry, give=i.has("cc"))
    return f.b.op("sub", a, c)


def _only_s32(f: Frame, i: Instruction) -> None:
    if i.type != "s32":
        raise f.refuse(f".sat is not supported with .{i.type}")


# -- multiplication


def _product(f: Frame, i: Instruction, a: Value, c: Value) -> Value:
    kind, signed = int_type(i)
    b = f.b
    if i.has("wide"):
        if kind == "i64":
            raise f.refuse(".wide is not supported with 64 bits")
        to = _WIDER[kind]
        return b.op("mul", b.resize(a, to, signed=signed), b.resize(c, to, signed=signed))
    if i.has("hi"):
        return high(b, a, c, signed=signed)
    if not i.has("lo"):
        raise f.refuse(".lo, .hi or .wide is missing")
    return b.op("mul", a, c)


def high(b: Builder, a: Value, c: Value, *, signed: bool) -> Value:
    """The upper half of a product."""
    kind = a.type
    if kind == "i64" and (a.lanes or c.lanes):
        return _high_64(b, a, c, signed=signed)
    to = _WIDER[kind]
    whole = b.op("mul", b.resize(a, to, signed=signed), b.resize(c, to, signed=signed))
    return b.cast("trunc", b.op("lshr", whole, integer(BITS[kind], to)), kind)


def _high_64(b: Builder, a: Value, c: Value, *, signed: bool) -> Value:
    """By halves of 32 bits: there is no vector multiplication of 128 bits."""
    low, shift = integer(0xFFFFFFFF, "i64"), integer(32, "i64")
    a0, a1 = b.op("and", a, low), b.op("lshr", a, shift)
    c0, c1 = b.op("and", c, low), b.op("lshr", c, shift)
    first = b.op("add", b.op("mul", a1, c0), b.op("lshr", b.op("mul", a0, c0), shift))
    second = b.op("add", b.op("mul", a0, c1), b.op("and", first, low))
    total = b.op("add", b.op("mul", a1, c1), b.op("lshr", first, shift))
    total = b.op("add", total, b.op("lshr", second, shift))
    if signed:
        sign = integer(63, "i64")
        total = b.op("sub", total, b.op("and", b.op("ashr", a, sign), c))
        total = b.op("sub", total, b.op("and", b.op("ashr", c, sign), a))
    return total


def _mul(f: Frame, i: Instruction) -> Results:
    kind, _ = int_type(i)
    return _product(f, i, f.src(1, kind), f.src(2, kind))


def _mad(f: Frame, i: Instruction) -> Results:
    kind, _ = int_type(i)
    product = _product(f, i, f.src(1, kind), f.src(2, kind))
    c = f.src(3, product.type)
    carry = i.opcode == "madc"
    if i.has("sat"):
        if not i.has("hi"):
            raise f.refuse(".sat is supported with .hi alone")
        _only_s32(f, i)
        return f.b.intrinsic("sadd.sat", [product, c])
    if carry or i.has("cc"):
        return _add_carry(f, product, c, use=carry, give=i.has("cc"))
    return f.b.op("add", product, c)


def _product_24(f: Frame, i: Instruction) -> Value:
    """Of the lower 24 bits: the lower 32 bits of the 48-bit product, or its upper 32."""
    b = f.b
    _, signed = int_type(i)
    shift = integer(8)
    down = "ashr" if signed else "lshr"
    a, c = (b.op(down, b.op("shl", f.src(k, "i32"), shift), shift) for k in (1, 2))
    if i.has("lo"):
        return b.op("mul", a, c)
    if not i.has("hi"):
        raise f.refuse(".lo or .hi is missing")
    whole = b.op("mul", b.resize(a, "i64", signed=signed), b.resize(c, "i64", signed=signed))
    return b.cast("trunc", b.op("lshr", whole, integer(16, "i64")), "i32")


def _mul24(f: Frame, i: Instruction) -> Results:
    return _product_24(f, i)


def _mad24(f: Frame, i: Instruction) -> Results:
    product, c = _product_24(f, i), f.src(3, "i32")
    if i.has("sat"):
        if not i.has("hi"):
            raise f.refuse(".sat is supported with .hi alone")
        _only_s32(f, i)
        return f.b.intrinsic("sadd.sat", [product, c])
    return f.b.op("add", product, c)


# -- the rest of arithmetic


def _div(f: Frame, i: Instruction) -> Results:
    kind, signed = int_type(i)
    return quotient(f.b, f.src(1, kind), f.src(2, kind), signed=signed)


def _rem(f: Frame, i: Instruction) -> Results:
    kind, signed = int_type(i)
    return remainder(f.b, f.src(1, kind), f.src(2, kind), signed=signed)


def _sad(f: Frame, i: Instruction) -> Results:
    b = f.b
    kind, signed = int_type(i)
    a, c = f.src(1, kind), f.src(2, kind)
    sign = "s" if signed else "u"
    apart = b.op("sub", b.intrinsic(f"{sign}max", [a, c]), b.intrinsic(f"{sign}min", [a, c]))
    return b.op("add", f.src(3, kind), apart)


def _abs(f: Frame, i: Instruction) -> Results:
    kind, _ = int_type(i)
    return f.b.intrinsic("abs", [f.src(1, kind)], tail=", i1 false")


def _neg(f: Frame, i: Instruction) -> Results:
    kind, _ = int_type(i)
    return f.b.neg(f.src(1, kind))


def _extreme(f: Frame, i: Instruction) -> Results:
    """`min` and `max`; `.relu` takes negative results for zero."""
    signed = any(word in ("s16", "s32", "s64", "s16x2") for word in i.modifiers)
    name = ("s" if signed else "u") + i.opcode
    if i.has("relu") and not (i.has("s32") or i.has("s16x2")):
        raise f.refuse(".relu is supported with .s32 and .s16x2 alone")
    if _packed(i):
        return _two(f, i, name)
    kind, _ = int_type(i)
    value = f.b.intrinsic(name, [f.src(1, kind), f.src(2, kind)])
    return f.b.intrinsic("smax", [value, integer(0, kind)]) if i.has("relu") else value


def _dp(f: Frame, i: Instruction) -> Results:
    """`dp4a`, `dp2a`: products of bytes (of 16-bit halves with the lower or upper two bytes), summed onto c."""
    b = f.b
    if len(i.modifiers) < 2 or any(SIZES.get(word) != 4 for word in i.modifiers[-2:]):
        raise f.refuse("two types are needed")
    first, second = (word[0] == "s" for word in i.modifiers[-2:])
    a, c, total = (f.src(k, "i32") for k in (1, 2, 3))
    wide = 16 if i.opcode == "dp2a" else 8
    if wide == 16 and i.has("lo") == i.has("hi"):
        raise f.refuse("either .lo or .hi is needed")
    start = 2 if i.has("hi") else 0
    for n in range(32 // wide):
        x = _piece(b, a, n * wide, wide, signed=first)
        y = _piece(b, c, (start + n) * 8, 8, signed=second)
        total = b.op("add", total, b.op("mul", x, y))
    return total


def _piece(b: Builder, word: Value, at: int, bits: int, *, signed: bool) -> Value:
    left = b.op("shl", word, integer(32 - at - bits)) if at + bits < 32 else word
    return b.op("ashr" if signed else "lshr", left, integer(32 - bits))


_CARRIED = "u32 s32 u64 s64"
INTEGER: dict[str, Form] = {
    "add": form(_add, f"{_ALL} {_PAIRS}", "sat cc"),
    "sub": form(_sub, _ALL, "sat cc"),
    "addc": form(_add, _CARRIED, "cc"),
    "subc": form(_sub, _CARRIED, "cc"),
    "mul": form(_mul, _ALL, "lo hi wide"),
    "mad": form(_mad, _ALL, "lo hi wide sat cc"),
    "madc": form(_mad, _CARRIED, "lo hi cc"),
    "mul24": form(_mul24, "u32 s32", "lo hi"),
    "mad24": form(_mad24, "u32 s32", "lo hi sat"),
    "sad": form(_sad, _ALL),
    "div": form(_div, _ALL),
    "rem": form(_rem, _ALL),
    "abs": form(_abs, "s16 s32 s64"),
    "neg": form(_neg, "s16 s32 s64"),
    "min": form(_extreme, f"{_ALL} {_PAIRS}", "relu"),
    "max": form(_extreme, f"{_ALL} {_PAIRS}", "relu"),
    "dp4a": form(_dp, "u32 s32"),
    "dp2a": form(_dp, "u32 s32", "lo hi"),
    **LOGIC, **BITFIELD, **INTEGER_PREDICATE,
}  # fmt: skip

"""Comparison, selection and moves, for all types.

Source: PTX ISA 9.0, "Comparison and Selection Instructions", "Half Precision Comparison Instructions",
"Data Movement and Conversion Instructions: mov".
"""

from __future__ import annotations

from repoops.engine.builder import Builder, Value, floating, integer
from repoops.engine.lower.form import PACKED, Form, form
from repoops.engine.lower.frame import Frame, Results
from repoops.engine.lower.rounding import FLOAT_TYPES, ONE, flush, widened
from repoops.ptx.syntax import SIZES, Instruction, Pair, Vector

_SIGNED = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}
_UNSIGNED = {
    "eq": "eq", "ne": "ne", "lt": "ult", "le": "ule", "gt": "ugt", "ge": "uge", "lo": "ult", "ls": "ule",
    "hi": "ugt", "hs": "uge",
}  # fmt: skip
_BITS = {"eq": "eq", "ne": "ne"}
_FLOAT = {
    "eq": "oeq", "ne": "one", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "equ": "ueq", "neu": "une",
    "ltu": "ult", "leu": "ule", "gtu": "ugt", "geu": "uge", "num": "ord", "nan": "uno",
}  # fmt: skip
_COMBINED = ("and", "or", "xor")


def _compared(f: Frame, i: Instruction, kind: str, a: Value, c: Value, b: Builder) -> Value:
    """The comparison that the modifiers name, of values of the PTX type `kind`."""
    names = _FLOAT if kind in FLOAT_TYPES else {"s": _SIGNED, "u": _UNSIGNED}.get(kind[0], _BITS)
    how = next((w for w in i.modifiers if w in _FLOAT or w in _UNSIGNED), "")
    if how not in names:
        raise f.refuse(
            f"the comparison .{how} is not supported with .{kind}" if how else "a comparison is missing"
        )
    if kind in FLOAT_TYPES:
        a, c = widened(b, a), widened(b, c)
        if i.has("ftz"):
            a, c = flush(b, a, kind), flush(b, c, kind)
    return b.compare(names[how], a, c)


def _combined(f: Frame, i: Instruction, found: Value) -> Value:
    how = next((w for w in i.modifiers if w in _COMBINED), "")
    return f.b.op(how, found, f.src(3, "i1")) if how else found


def _element(kind: str) -> str:
    return FLOAT_TYPES.get(kind) or f"i{8 * SIZES[kind]}"


def _setp(f: Frame, i: Instruction) -> Results:
    """`setp.cmp{.bool}.type p|q, a, b{, c}`: q has the comparison turned round; of packed types q is the upper half's."""
    b, kind = f.b, i.type
    if kind in PACKED:
        lower, upper = _setp_packed(f, i, kind)
        return (_combined(f, i, lower), _combined(f, i, upper))
    element = _element(kind)
    found = _compared(f, i, kind, f.src(1, element), f.src(2, element), b)
    if isinstance(i.operands[0], Pair):
        return (_combined(f, i, found), _combined(f, i, b.inv(found)))
    return _combined(f, i, found)


def _setp_packed(f: Frame, i: Instruction, kind: str) -> tuple[Value, Value]:
    b = f.b
    a, c = f.src(1, "i32"), f.src(2, "i32")
    return (
        _compared(f, i, kind[:-2], _half(b, a, kind, upper=False), _half(b, c, kind, upper=False), b),
        _compared(f, i, kind[:-2], _half(b, a, kind, upper=True), _half(b, c, kind, upper=True), b),
    )


def _half(b: Builder, word: Value, kind: str, *, upper: bool) -> Value:
    part = b.op("lshr", word, integer(16)) if upper else word
    return b.bits(b.cast("trunc", part, "i16"), PACKED[kind])


def _set(f: Frame, i: Instruction) -> Results:
    """`set.cmp{.bool}.to.from d, a, b{, c}`: all ones or zero as an integer, 1.0 or 0.0 as a float."""
    b = f.b
    kinds = [w for w in i.modifiers if w in SIZES]
    if len(kinds) != 2:
        raise f.refuse("two types are needed")
    to, kind = kinds
    if kind in PACKED:
        return _set_packed(f, i, to, kind)
    element = _element(kind)
    found = _combined(f, i, _compared(f, i, kind, f.src(1, element), f.src(2, element), b))
    if to in FLOAT_TYPES:
        whole = f"i{8 * SIZES[to]}"
        return b.select(found, integer(ONE[to], whole), integer(0, whole))
    return b.cast("sext", found, f"i{8 * SIZES[to]}")


def _set_packed(f: Frame, i: Instruction, to: str, kind: str) -> Value:
    b = f.b
    if to not in (kind, "u32", "s32"):
        raise f.refuse(f"the type .{to} is not supported with .{kind}")
    lower, upper = (_combined(f, i, v) for v in _setp_packed(f, i, kind))
    one = ONE[kind[:-2]] if to == kind else 0xFFFF
    low = b.select(lower, integer(one), integer(0))
    return b.op("or", low, b.select(upper, integer(one << 16), integer(0)))


def _selp(f: Frame, i: Instruction) -> Results:
    kind = f"i{8 * SIZES[i.type]}" if i.type not in ("f32", "f64") else FLOAT_TYPES[i.type]
    return f.b.select(f.src(3, "i1"), f.src(1, kind), f.src(2, kind))


def _slct(f: Frame, i: Instruction) -> Results:
    """`slct.type.{s32,f32} d, a, b, c`: a where c is at least 0, and b elsewhere, NaN included."""
    b = f.b
    first = next(w for w in i.modifiers if w in SIZES)
    if i.type not in ("s32", "f32") or len([w for w in i.modifiers if w in SIZES]) != 2:
        raise f.refuse("a type and .s32 or .f32 are needed")
    c = f.src(3, "float" if i.type == "f32" else "i32")
    if i.type == "s32":
        chosen = b.compare("sge", c, integer(0))
    else:
        chosen = b.compare("oge", flush(b, c, "f32") if i.has("ftz") else c, floating(0.0))
    kind = f"i{8 * SIZES[first]}"
    return b.select(chosen, f.src(1, kind), f.src(2, kind))


def _part(f: Frame, bits: int, vector: Vector) -> int:
    """Bits of one element."""
    count = len(vector.elements)
    if bits % count or bits // count not in (8, 16, 32, 64):
        raise f.refuse(f"{count} elements do not make {bits} bits")
    return bits // count


def _mov(f: Frame, i: Instruction) -> Results:
    """`mov`: a value, or a vector packed into one register or taken from one."""
    b = f.b
    if i.type == "pred":
        return f.src(1, "i1")
    if len(i.operands) != 2:
        raise f.refuse("takes two operands")
    bits = 8 * SIZES[i.type]
    whole = f"i{bits}"
    target, source = i.operands
    if isinstance(source, Vector):
        part = _part(f, bits, source)
        if None in source.elements:
            raise f.refuse("a source cannot be left out")
        value = integer(0, whole)
        for n, element in enumerate(f.vector(1, f"i{part}")):
            wide = b.cast("zext", element, whole)
            value = b.op("or", value, b.op("shl", wide, integer(n * part, whole))) if n else wide
        return value
    if isinstance(target, Vector):
        part = _part(f, bits, target)
        value = f.src(1, whole)
        return tuple(
            b.cast("trunc", b.op("lshr", value, integer(n * part, whole)) if n else value, f"i{part}")
            for n in range(len(target.elements))
        )
    return f.src(1, FLOAT_TYPES[i.type] if i.type in ("f32", "f64") else whole)


_INTEGERS = "b16 b32 b64 u16 u32 u64 s16 s32 s64"
_COMPARISONS = "eq ne lt le gt ge lo ls hi hs"
_FLOAT_WORDS = " ".join(_FLOAT)

INTEGER_PREDICATE: dict[str, Form] = {
    "setp": form(_setp, _INTEGERS, f"{_COMPARISONS} and or xor"),
    "set": form(_set, f"{_INTEGERS} f32", f"{_COMPARISONS} and or xor"),
    "selp": form(_selp, f"{_INTEGERS} f32 f64 f16 bf16"),
    "slct": form(_slct, f"{_INTEGERS} f32 f64", "ftz"),
    "mov": form(_mov, f"pred {_INTEGERS} b128"),
}
FLOAT_PREDICATE: dict[str, Form] = {
    "setp": form(_setp, "f16 bf16 f16x2 bf16x2 f32 f64", f"{_FLOAT_WORDS} and or xor ftz"),
    "set": form(_set, "f16 bf16 f16x2 bf16x2 f32 f64 u16 s16 u32 s32", f"{_FLOAT_WORDS} and or xor ftz"),
    "selp": form(_selp, "f16 bf16 f32 f64 f16x2 bf16x2"),
    "slct": form(_slct, f"{_INTEGERS} f32 f64", "ftz"),
    "mov": form(_mov, "f16 bf16 f16x2 bf16x2 f32 f64 tf32"),
}

"""`cvt`: between all types, in all roundings.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cvt, cvt.pack".
"""

from __future__ import annotations

from repoops.engine.builder import BITS, Builder, Value, floating, integer
from repoops.engine.lower.form import Form, form
from repoops.engine.lower.frame import Frame, Results
from repoops.engine.lower.rounding import (
    FLOAT_TYPES,
    MODES,
    NARROW,
    bf16_word,
    clamped_below,
    directed,
    flush,
    narrowed,
    odd_float,
    saturated,
    small_code,
    widened,
)
from repoops.ptx.syntax import SIZES, Instruction

_INTEGRAL = {"rni": "roundeven", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}
_INTEGERS = "u8 u16 u32 u64 s8 s16 s32 s64"
_BYTES = ("e4m3", "e5m2")


def _cvt(f: Frame, i: Instruction) -> Results:
    if i.has("pack"):
        return _pack(f, i)
    kinds = [word for word in i.modifiers if word in SIZES]
    if len(kinds) != 2:
        raise f.refuse("two types are needed")
    to, source = kinds
    if to[:4] in _BYTES or source[:4] in _BYTES or to in ("f16x2", "bf16x2"):
        return _packed(f, i, to, source)
    if to == "tf32":
        if source != "f32":
            raise f.refuse(f"the type .{source} is not supported with .tf32")
        return _tf32(f, i)
    if source not in FLOAT_TYPES:
        if source not in _INTEGERS.split():
            raise f.refuse(f"the type .{source} is not supported as a source")
        value = f.src(1, f"i{8 * SIZES[source]}")
        if to in FLOAT_TYPES:
            return _int_to_float(f, i, value, source, to)
        return _extended(f, _int_to_int(f, i, value, source, to), to)
    value = widened(f.b, f.src(1, FLOAT_TYPES[source]))
    if source == "f32" and i.has("ftz"):
        value = flush(f.b, value, "f32")
    if to in FLOAT_TYPES:
        return _float_to_float(f, i, value, source, to)
    return _extended(f, _float_to_int(f, i, value, source, to), to)


def _mode(f: Frame, i: Instruction, known: tuple[str, ...] = MODES) -> str:
    found = [word for word in i.modifiers if word in (*MODES, "rna")]
    if found and found[0] not in known:
        raise f.refuse(f"the modifier .{found[0]} is not supported here")
    return found[0] if found else ""


def _extended(f: Frame, value: Value, to: str) -> Value:
    """A result narrower than its register, extended as its type says."""
    width = f.width(0)
    return f.b.resize(value, f"i{width}", signed=to[0] == "s") if width > BITS[value.type] else value


# -- integers


def _range(kind: str) -> tuple[int, int]:
    bits = 8 * SIZES[kind]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "s" else (0, (1 << bits) - 1)


def _int_to_int(f: Frame, i: Instruction, value: Value, source: str, to: str) -> Value:
    if i.has("sat"):
        value = _limited(f.b, value, _range(source), _range(to))
    return f.b.resize(value, f"i{8 * SIZES[to]}", signed=source[0] == "s")


def _limited(b: Builder, value: Value, have: tuple[int, int], want: tuple[int, int]) -> Value:
    sign = "s" if have[0] < 0 else "u"
    if want[0] > have[0]:
        value = b.intrinsic(f"{sign}max", [value, integer(want[0], value.type)])
    if want[1] < have[1]:
        value = b.intrinsic(f"{sign}min", [value, integer(want[1], value.type)])
    return value


def _float_to_int(f: Frame, i: Instruction, value: Value, source: str, to: str) -> Value:
    """Rounded to an integer and clamped; NaN gives 0, or with a type of 64 bits the highest bit alone."""
    b = f.b
    how = next((word for word in i.modifiers if word in _INTEGRAL), "")
    if not how:
        raise f.refuse("an integer rounding is missing")
    value = b.intrinsic(_INTEGRAL[how], [value])
    low, high = _range(to)
    bits = 8 * SIZES[to]
    kind = f"i{bits}"
    found = b.cast("fptosi" if low else "fptoui", value, kind)
    below = b.compare("olt", value, floating(float(low), value.type))
    found = b.select(below, integer(low, kind), found)
    beyond = b.compare("oge", value, floating(float(high + 1), value.type))
    found = b.select(beyond, integer(high, kind), found)
    nan = 1 << (bits - 1) if bits == 64 or source == "f64" else 0
    return b.select(b.compare("uno", value, value), integer(nan, kind), found)


def _int_to_float(f: Frame, i: Instruction, value: Value, source: str, to: str) -> Value:
    b = f.b
    mode = _mode(f, i) or "rn"
    name = "sitofp" if source[0] == "s" else "uitofp"
    if to in ("f32", "f64"):
        kind = FLOAT_TYPES[to]
        found = b.cast(name, value, kind) if mode == "rn" else directed(b, name, mode, [value], kind)
    else:
        found = _rounded(b, _odd_integer(b, value, source, to), to, mode)
        if i.has("sat"):
            found = _rounded(b, saturated(b, widened(b, b.bits(found, FLOAT_TYPES[to]))), to, "rn")
        return found
    return saturated(b, found) if i.has("sat") else found


def _odd_integer(b: Builder, value: Value, source: str, to: str) -> Value:
    """An integer as a float from which f16 or bf16 can be rounded: exact, or rounded to odd."""
    name = "sitofp" if source[0] == "s" else "uitofp"
    if BITS[value.type] > 16 and to == "f16":
        # Beyond 2^20 all is infinite (or the largest number) in f16; up to there a float is exact.
        value = _limited(b, value, _range(source), (-(1 << 20) if source[0] == "s" else 0, 1 << 20))
    if BITS[value.type] <= 16 or to == "f16":
        return b.cast(name, value, "float")
    if BITS[value.type] == 32:
        return odd_float(b, b.cast(name, value, "double"))
    # Large numbers lose 24 bits but for a trace of them; the rest is exact as a double.
    size = b.intrinsic("abs", [value], tail=", i1 false") if source[0] == "s" else value
    lost = b.compare("ne", b.op("and", size, integer((1 << 24) - 1, "i64")), integer(0, "i64"))
    upper = b.op("or", b.op("lshr", size, integer(24, "i64")), b.cast("zext", lost, "i64"))
    large = b.compare("uge", size, integer(1 << 40, "i64"))
    whole = b.cast("uitofp", b.select(large, upper, size), "double")
    scale = b.select(large, floating(2.0**24, "double"), floating(1.0, "double"))
    whole = b.op("fmul", whole, scale)
    if source[0] == "s":
        whole = b.select(b.compare("slt", value, integer(0, "i64")), b.neg(whole), whole)
    return odd_float(b, whole)


# -- floating point


def _float_to_float(f: Frame, i: Instruction, value: Value, source: str, to: str) -> Value:
    b = f.b
    how = next((word for word in i.modifiers if word in _INTEGRAL), "")
    if how:
        if source != to:
            raise f.refuse(f".{how} is supported between equal types alone")
        value = b.intrinsic(_INTEGRAL[how], [value])
    mode = _mode(f, i, (*MODES, "rna")) or "rn"
    if i.has("relu"):
        value = clamped_below(b, value)
    if i.has("sat"):
        value = saturated(b, value)
    if to == "f64":
        return b.cast("fpext", value, "double")
    if to == "f32":
        if value.type == "double":
            value = (
                b.cast("fptrunc", value, "float")
                if mode == "rn"
                else directed(b, "fptrunc", mode, [value], "float")
            )
        return flush(b, value, "f32") if i.has("ftz") else value
    if value.type == "double":
        value = odd_float(b, value)
    found = _rounded(b, value, to, mode)
    return _finite(b, found, value, to) if i.has("satfinite") else found


def _rounded(b: Builder, value: Value, to: str, mode: str) -> Value:
    """A float as f16 or bf16."""
    if mode == "rn":
        return b.bits(narrowed(b, value, to), "i16")
    word = b.bits(value, "i32")
    code = small_code(b, value, to, mode)
    largest = NARROW[to][2]
    infinite = b.compare("oeq", b.intrinsic("fabs", [value]), floating(float("inf")))
    if mode == "rna":
        limit = integer(largest + 1)
    else:
        # Rounded away from zero what is too large becomes infinite, else the largest number.
        away = {
            "rz": infinite,
            "rm": b.compare("slt", word, integer(0)),
            "rp": b.compare("sge", word, integer(0)),
        }[mode]
        limit = b.select(b.op("or", away, infinite), integer(largest + 1), integer(largest))
    code = b.intrinsic("umin", [code, limit])
    return b.cast("trunc", _signed(b, code, value, 16, 0x7FFF), "i16")


def _signed(b: Builder, code: Value, value: Value, bits: int, nan: int) -> Value:
    """A code with the value's sign, or the NaN's code."""
    sign = b.op("and", b.op("lshr", b.bits(value, "i32"), integer(32 - bits)), integer(1 << (bits - 1)))
    return b.select(b.compare("uno", value, value), integer(nan), b.op("or", code, sign))


def _finite(b: Builder, found: Value, value: Value, to: str) -> Value:
    """`.satfinite`: the largest number instead of infinity, and one kind of NaN."""
    largest = NARROW[to][2]
    infinite = b.compare("eq", b.op("and", found, integer(0x7FFF, "i16")), integer(largest + 1, "i16"))
    found = b.select(infinite, b.op("sub", found, integer(1, "i16")), found)
    return b.select(b.compare("uno", value, value), integer(0x7FFF, "i16"), found)


def _tf32(f: Frame, i: Instruction) -> Value:
    """`cvt.{rna,rn,rz}.tf32.f32`: a float with ten bits of mantissa."""
    b = f.b
    mode = _mode(f, i, ("rn", "rz", "rna"))
    if not mode:
        raise f.refuse("a rounding is missing")
    value = f.src(1, "float")
    if i.has("relu"):
        value = clamped_below(b, value)
    code = small_code(b, value, "tf32", mode)
    if i.has("satfinite"):
        code = b.intrinsic("umin", [code, integer(NARROW["tf32"][2])])
    sign = b.op("and", b.bits(value, "i32"), integer(1 << 31))
    found = b.op("or", b.op("shl", code, integer(13)), sign)
    return b.select(b.compare("uno", value, value), integer(0x7FFFFFFF), found)


# -- two at once


def _packed(f: Frame, i: Instruction, to: str, source: str) -> Value:
    """Two results in one register: of a (upper) and b, or of the halves of a."""
    b = f.b
    if source == "f32" and to.endswith("x2"):
        values = [f.src(2, "float"), f.src(1, "float")]
        if i.has("ftz"):
            values = [flush(b, v, "f32") for v in values]
    elif source == "f16x2" and to[:4] in _BYTES:
        word = f.src(1, "i32")
        values = [b.cast("fpext", v, "float") for v in _parts(b, word, "half")]
    elif source[:4] in _BYTES and to == "f16x2":
        values = [_decoded(b, v, source[:4]) for v in _parts(b, f.src(1, "i16"), "i8")]
    else:
        raise f.refuse(f"the types .{to} and .{source} are not supported together")
    if i.has("relu"):
        values = [clamped_below(b, v) for v in values]
    if to[:4] in _BYTES:
        low, high = (_byte(f, i, v, to[:4]) for v in values)
        return b.op(
            "or", b.op("shl", b.cast("trunc", high, "i16"), integer(8, "i16")), b.cast("trunc", low, "i16")
        )
    mode = _mode(f, i, ("rn", "rz")) or "rn"
    kind = to[:-2]
    if kind == "bf16" and mode == "rn" and not i.has("satfinite"):
        low, high = (bf16_word(b, v) for v in values)
        upper = b.op("and", high, integer(-(1 << 16)))
        return b.op("or", upper, b.op("lshr", low, integer(16)))
    codes = [_rounded(b, v, kind, mode) for v in values]
    if i.has("satfinite"):
        codes = [_finite(b, code, v, kind) for code, v in zip(codes, values, strict=True)]
    low, high = (b.cast("zext", code, "i32") for code in codes)
    return b.op("or", low, b.op("shl", high, integer(16)))


def _parts(b: Builder, word: Value, kind: str) -> list[Value]:
    bits = BITS[kind]
    parts = (word, b.op("lshr", word, integer(bits, word.type)))
    return [b.bits(b.cast("trunc", v, f"i{bits}"), kind) for v in parts]


def _byte(f: Frame, i: Instruction, value: Value, kind: str) -> Value:
    """A float as e4m3 or e5m2; what is too large becomes the largest number."""
    if not (i.has("rn") and i.has("satfinite")):
        raise f.refuse(".rn.satfinite is needed")
    code = f.b.intrinsic("umin", [small_code(f.b, value, kind, "rn"), integer(NARROW[kind][2])])
    return _signed(f.b, code, value, 8, 0x7F)


def _decoded(b: Builder, byte: Value, kind: str) -> Value:
    """A float from e4m3 or e5m2: their bits at the place of f16's, the exponent's bias made good."""
    word = b.cast("zext", byte, "i16")
    if kind == "e5m2":
        return b.cast("fpext", b.bits(b.op("shl", word, integer(8, "i16")), "half"), "float")
    size = b.op("and", word, integer(0x7F, "i16"))
    sign = b.op("shl", b.op("and", word, integer(0x80, "i16")), integer(8, "i16"))
    half = b.bits(b.op("or", b.op("shl", size, integer(7, "i16")), sign), "half")
    value = b.op("fmul", b.cast("fpext", half, "float"), floating(256.0))
    nan = b.compare("eq", size, integer(0x7F, "i16"))
    return b.select(nan, floating(float("nan")), value)


def _pack(f: Frame, i: Instruction) -> Value:
    """`cvt.pack.sat.to.s32{.b32} d, a, b{, c}`: both clamped and put side by side, a above b, above them c."""
    b = f.b
    kinds = [word for word in i.modifiers if word not in ("pack", "sat")]
    if not i.has("sat") or len(kinds) not in (2, 3) or kinds[1] != "s32" or kinds[0] not in _PACK:
        raise f.refuse("this form is not supported")
    bits, signed = int(kinds[0][1:]), kinds[0][0] == "s"
    if (len(kinds) == 3) != (bits < 16):
        raise f.refuse("this form is not supported")
    want = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    upper, lower = (
        b.op("and", _limited(b, f.src(k, "i32"), _range("s32"), want), integer((1 << bits) - 1))
        for k in (1, 2)
    )
    found = b.op("or", b.op("shl", upper, integer(bits)), lower)
    return found if bits == 16 else b.op("or", b.op("shl", f.src(3, "i32"), integer(2 * bits)), found)


_PACK = ("u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2")
_FLOATS = "f16 bf16 f32 f64 tf32 f16x2 bf16x2 e4m3x2 e5m2x2"
CONVERT: dict[str, Form] = {
    "cvt": form(
        _cvt, f"{_INTEGERS} {_FLOATS} b32 u4 s4 u2 s2",
        "rn rz rm rp rna rni rzi rmi rpi ftz sat satfinite relu pack",
    ),
}  # fmt: skip

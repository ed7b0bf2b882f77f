"""How floating-point results are rounded: narrow types, flushing, saturation, modes other than to nearest.

Arithmetic on f16 and bf16 is done in float, whose 24 bits are enough that rounding the result again
is the same as rounding once: for sums, products, quotients and roots 2p + 2 bits suffice
(Figueroa 1995, "When is double rounding innocuous?"); what that does not cover is rounded to odd first
(Boldo, Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd").
"""

from __future__ import annotations

from collections.abc import Sequence

from repoops.engine.builder import BITS, Builder, Value, floating, integer

FLOAT_TYPES = {"f16": "half", "bf16": "bfloat", "f32": "float", "f64": "double"}
"""The LLVM type of each floating-point type of PTX."""
ONE = {"f16": 0x3C00, "bf16": 0x3F80, "f32": 0x3F800000, "f64": 0x3FF0000000000000}
"""The bits of 1.0."""
MODES = ("rn", "rz", "rm", "rp")
"""Rounding: to nearest even, towards zero, down, up."""
_LLVM_MODE = {"rz": 0, "rn": 1, "rp": 2, "rm": 3}
_INT = {"half": "i16", "bfloat": "i16", "float": "i32", "double": "i64"}


def widened(b: Builder, a: Value) -> Value:
    """f16 and bf16 as float, exactly; others as they are."""
    if a.type == "half":
        return b.cast("fpext", a, "float")
    if a.type == "bfloat":
        word = b.op("shl", b.cast("zext", b.bits(a, "i16"), "i32"), integer(16))
        return b.bits(word, "float")
    return a


def narrowed(b: Builder, a: Value, kind: str) -> Value:
    """A float as f16 or bf16, to nearest even; f32 and f64 as they are."""
    if kind == "f16":
        return b.cast("fptrunc", a, "half")
    if kind != "bf16":
        return a
    return b.cast("trunc", b.op("lshr", bf16_word(b, a), integer(16)), "i16")


def bf16_word(b: Builder, a: Value) -> Value:
    """A float as bf16, to nearest even, in the upper half of an i32; the lower half is anything."""
    word = b.bits(a, "i32")
    even = b.op("and", b.op("lshr", word, integer(16)), integer(1))
    up = b.op("add", b.op("add", word, integer(0x7FFF)), even)
    return b.select(b.compare("uno", a, a), integer(0x7FFF0000), up)


def flush(b: Builder, a: Value, kind: str) -> Value:
    """Subnormal numbers of the PTX type `kind` as a zero of their sign; f16 and bf16 may be given as float."""
    if a.type == "double":
        return a
    if kind == "f16" and a.type == "float":
        word = b.bits(a, "i32")
        small = b.compare("ult", b.op("and", word, integer(0x7FFFFFFF)), integer(0x38800000))
        return b.bits(b.select(small, b.op("and", word, integer(-(1 << 31))), word), "float")
    whole = _INT.get(a.type, a.type)
    word = b.bits(a, whole)
    exponent = 0x7C00 if kind == "f16" else 0x7F80 if whole == "i16" else 0x7F800000
    small = b.compare("eq", b.op("and", word, integer(exponent, whole)), integer(0, whole))
    sign = integer(1 << (BITS[whole] - 1), whole)
    return b.bits(b.select(small, b.op("and", word, sign), word), a.type)


def saturated(b: Builder, a: Value) -> Value:
    """Clamped to [0, 1]; NaN and -0 give +0."""
    zero, one = floating(0.0, a.type), floating(1.0, a.type)
    positive = b.select(b.compare("ogt", a, zero), a, zero)
    return b.select(b.compare("olt", positive, one), positive, one)


def clamped_below(b: Builder, a: Value) -> Value:
    """`.relu`: what is not above zero becomes +0; NaN stays."""
    zero = floating(0.0, a.type)
    return b.select(b.compare("ugt", a, zero), a, zero)


# -- modes other than to nearest


def directed(b: Builder, operation: str, mode: str, args: Sequence[Value], result: str = "") -> Value:
    """`fadd`, `fsub`, `fmul`, `fdiv`, `sqrt`, `fma`, `fptrunc`, `sitofp` or `uitofp` in a rounding mode of the processor.

    A function of its own sets the mode and sets it back, so that no other operation runs under it.
    """
    args = b.alike(*args)
    first = args[0]
    kind = result or first.type
    to = f"<{first.width} x {kind}>" if first.lanes else kind
    convert = bool(result)

    def short(name: str) -> str:
        bare = {"half": "f16", "float": "f32", "double": "f64"}.get(name, name)
        return f"v{first.width}{bare}" if first.lanes else bare

    overload = f"{short(kind)}.{short(first.type)}" if convert else short(kind)
    inner = f"llvm.experimental.constrained.{operation}.{overload}"
    name = f"rounded.{operation}.{mode}.{overload}"
    types = ", ".join(v.ir_type for v in args)
    values = ", ".join(f"{v.ir_type} %a{n}" for n, v in enumerate(args))
    b.declarations["llvm.set.rounding"] = "declare void @llvm.set.rounding(i32)"
    b.declarations[inner] = f"declare {to} @{inner}({types}, metadata, metadata)"
    b.helpers[name] = (
        f"define internal {to} @{name}({values}) noinline strictfp {{\n"
        f"  call void @llvm.set.rounding(i32 {_LLVM_MODE[mode]}) strictfp\n"
        f'  %r = call {to} @{inner}({values}, metadata !"round.dynamic", metadata !"fpexcept.strict") strictfp\n'
        f"  call void @llvm.set.rounding(i32 1) strictfp\n"
        f"  ret {to} %r\n}}"
    )  # fmt: skip
    return b.emit(f"call {to} @{name}({', '.join(map(str, args))})", kind, lanes=first.lanes)


def odd_sum(b: Builder, a: Value, c: Value) -> Value:
    """`a + c` rounded to odd: cut off, the last bit set if anything was lost. It must not overflow."""
    total = b.op("fadd", a, c)
    other = b.op("fsub", total, a)
    lost = b.op("fadd", b.op("fsub", a, b.op("fsub", total, other)), b.op("fsub", c, other))
    whole = _INT[a.type]
    word, rest = b.bits(total, whole), b.bits(lost, whole)
    inexact = b.compare("one", lost, floating(0.0, a.type))
    beyond = b.compare("slt", b.op("xor", word, rest), integer(0, whole))
    cut = b.op("sub", word, b.cast("zext", beyond, whole))
    odd = b.op("or", cut, integer(1, whole))
    return b.bits(b.select(inexact, odd, word), a.type)


def odd_float(b: Builder, a: Value) -> Value:
    """A double as float, rounded to odd."""
    near = b.cast("fptrunc", a, "float")
    back = b.cast("fpext", near, "double")
    word = b.bits(near, "i32")
    beyond = b.compare("ogt", b.intrinsic("fabs", [back]), b.intrinsic("fabs", [a]))
    cut = b.op("or", b.op("sub", word, b.cast("zext", beyond, "i32")), integer(1))
    return b.bits(b.select(b.compare("one", back, a), cut, word), "float")


def fused(b: Builder, kind: str, mode: str, x: Value, y: Value, z: Value) -> Value:
    """`x * y + z`, rounded once; for f16 and bf16 a float from which `narrowed` gives that."""
    if kind == "f16":
        # 22 bits of the product fit in a float.
        return odd_sum(b, b.op("fmul", x, y), z)
    if kind == "bf16":
        # The product fits in a float's bits but not in its exponents.
        x, y, z = (b.cast("fpext", v, "double") for v in (x, y, z))
        return odd_float(b, odd_sum(b, b.op("fmul", x, y), z))
    if mode != "rn":
        return directed(b, "fma", mode, [x, y, z])
    return b.intrinsic("fma", [x, y, z])


def small_code(b: Builder, a: Value, kind: str, mode: str) -> Value:
    """A float as the magnitude of a narrower format, an i32 that may lie beyond the largest number; NaN is not seen to.

    Args:
        b: writes the code.
        a: the float; its sign is not in the result.
        kind: a key of `NARROW`.
        mode: one of MODES, or `rna`, to nearest with ties away from zero.
    """
    mantissa, bias, _ = NARROW[kind]
    word = b.bits(a, "i32")
    size = b.op("and", word, integer(0x7FFFFFFF))
    drop, rebias = 23 - mantissa, (127 - bias) << 23
    if not rebias:
        return _shifted_down(b, size, integer(drop), word, mode)
    # Below the smallest normal number the bits to drop grow in number with each power of two.
    small = b.compare("ult", size, integer(rebias + (1 << 23)))
    exponent = b.op("lshr", size, integer(23))
    hidden = b.select(b.compare("eq", exponent, integer(0)), integer(0), integer(1 << 23))
    significand = b.op("or", b.op("and", size, integer((1 << 23) - 1)), hidden)
    more = b.intrinsic("umin", [b.op("sub", integer(drop + 128 - bias), exponent), integer(31)])
    value = b.select(small, significand, b.op("sub", size, integer(rebias)))
    return _shifted_down(b, value, b.select(small, more, integer(drop)), word, mode)


def _shifted_down(b: Builder, value: Value, count: Value, word: Value, mode: str) -> Value:
    """`value >> count`, rounded; `word` has the sign in its highest bit."""
    if mode == "rz":
        return b.op("lshr", value, count)
    half = b.op("shl", integer(1), b.op("sub", count, integer(1)))
    if mode == "rna":
        more = half
    elif mode == "rn":
        odd = b.op("and", b.op("lshr", value, count), integer(1))
        more = b.op("add", b.op("sub", half, integer(1)), odd)
    else:
        away = b.compare("slt" if mode == "rm" else "sge", word, integer(0))
        ones = b.op("sub", b.op("shl", half, integer(1)), integer(1))
        more = b.select(away, ones, integer(0))
    return b.op("lshr", b.op("add", value, more), count)


NARROW = {
    "f16": (10, 15, 0x7BFF), "bf16": (7, 127, 0x7F7F), "tf32": (10, 127, 0x3FBFF), "e4m3": (3, 7, 0x7E),
    "e5m2": (2, 15, 0x7B),
}  # fmt: skip
"""Bits of the mantissa, the exponent's bias, and the code of the largest finite number."""

"""Counting, finding and moving bits.

Source: PTX ISA 9.0, "Integer Arithmetic Instructions: popc ... szext".
"""

from __future__ import annotations

from repoops.engine.builder import BITS, Builder, Value, integer
from repoops.engine.lower.form import Form, form
from repoops.engine.lower.frame import Frame, Results
from repoops.engine.lower.logic import shifted
from repoops.ptx.syntax import SIZES, Instruction


def _type(i: Instruction) -> str:
    return f"i{8 * SIZES[i.type]}"


def _popc(f: Frame, i: Instruction) -> Results:
    return f.b.resize(f.b.intrinsic("ctpop", [f.src(1, _type(i))]), "i32", signed=False)


def _zeros(b: Builder, a: Value) -> Value:
    """Leading zeros, as an i32."""
    return b.resize(b.intrinsic("ctlz", [a], tail=", i1 false"), "i32", signed=False)


def _clz(f: Frame, i: Instruction) -> Results:
    return _zeros(f.b, f.src(1, _type(i)))


def _bfind(f: Frame, i: Instruction) -> Results:
    """The highest bit that is set (signed: that differs from the sign), or how far it is from the top; -1 if none."""
    b, kind = f.b, _type(i)
    a, top = f.src(1, kind), BITS[kind] - 1
    if i.type[0] == "s":
        a = b.op("xor", a, b.op("ashr", a, integer(top, kind)))
    zeros = _zeros(b, a)
    if not i.has("shiftamt"):
        return b.op("sub", integer(top), zeros)
    return b.select(b.compare("eq", a, integer(0, kind)), integer(-1), zeros)


def _brev(f: Frame, i: Instruction) -> Results:
    return f.b.intrinsic("bitreverse", [f.src(1, _type(i))])


def _low_byte(f: Frame, k: int) -> Value:
    return f.b.op("and", f.src(k, "i32"), integer(255))


def _ones(b: Builder, count: Value, kind: str) -> Value:
    """A mask of the lower `count` bits."""
    return b.inv(shifted(b, "shl", integer(-1, kind), count))


def _bfe(f: Frame, i: Instruction) -> Results:
    """`bfe d, a, pos, len`: a field, extended by its sign; beyond the top it is all sign."""
    b, kind = f.b, _type(i)
    a, at, count, width = f.src(1, kind), _low_byte(f, 2), _low_byte(f, 3), BITS[kind]
    if i.type[0] == "u":
        return b.op("and", shifted(b, "lshr", a, at), _ones(b, count, kind))
    at = b.intrinsic("umin", [at, integer(width - 1)])
    field = b.op("ashr", a, b.resize(at, kind, signed=False))
    left = b.op("sub", integer(width), b.intrinsic("umin", [count, integer(width)]))
    none = b.compare("eq", count, integer(0))
    left = b.resize(b.select(none, integer(0), left), kind, signed=False)
    return b.select(none, integer(0, kind), b.op("ashr", b.op("shl", field, left), left))


def _bfi(f: Frame, i: Instruction) -> Results:
    """`bfi d, a, b, pos, len`: the lower bits of a in b."""
    b, kind = f.b, _type(i)
    a, base, at, count = f.src(1, kind), f.src(2, kind), _low_byte(f, 3), _low_byte(f, 4)
    mask = shifted(b, "shl", _ones(b, count, kind), at)
    moved = shifted(b, "shl", a, at)
    return b.op("or", b.op("and", base, b.inv(mask)), b.op("and", moved, mask))


def _clamped(f: Frame, i: Instruction) -> bool:
    if i.has("clamp") == i.has("wrap"):
        raise f.refuse("either .clamp or .wrap is needed")
    return i.has("clamp")


def _bmsk(f: Frame, i: Instruction) -> Results:
    """`bmsk d, pos, len`: a mask of ones; `.wrap` takes both modulo 32."""
    b = f.b
    at, count = f.src(1, "i32"), f.src(2, "i32")
    if not _clamped(f, i):
        at, count = b.op("and", at, integer(31)), b.op("and", count, integer(31))
    return shifted(b, "shl", _ones(b, count, "i32"), at)


def _szext(f: Frame, i: Instruction) -> Results:
    """`szext d, a, n`: the lower n bits of a, extended; `.wrap` takes n modulo 32."""
    b = f.b
    a, count = f.src(1, "i32"), f.src(2, "i32")
    count = b.intrinsic("umin", [count, integer(32)]) if _clamped(f, i) else b.op("and", count, integer(31))
    if i.type == "u32":
        return b.op("and", a, _ones(b, count, "i32"))
    none = b.compare("eq", count, integer(0))
    left = b.select(none, integer(0), b.op("sub", integer(32), count))
    return b.select(none, integer(0), b.op("ashr", b.op("shl", a, left), left))


def _fns(f: Frame, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """`fns d, mask, base, n`: the n-th set bit from base upwards, for negative n downwards; for 0 base itself if set."""
    b = f.b
    mask, base, offset = (f.src(k, "i32") for k in (1, 2, 3))
    down = b.compare("slt", offset, integer(0))
    # Downwards is upwards in the reversed word.
    word = b.select(down, b.intrinsic("bitreverse", [mask]), mask)
    start = b.select(down, b.op("sub", integer(31), base), base)
    word = b.op("and", word, shifted(b, "shl", integer(-1), start))
    zero = b.compare("eq", offset, integer(0))
    word = b.select(zero, b.op("and", word, shifted(b, "shl", integer(1), start)), word)
    rank = b.intrinsic(
        "smax", [b.op("sub", b.intrinsic("abs", [offset], tail=", i1 false"), integer(1)), integer(0)]
    )
    missing = b.compare("uge", rank, b.intrinsic("ctpop", [word]))
    found, left, rest = integer(0), word, rank
    for step in (16, 8, 4, 2, 1):
        count = b.intrinsic("ctpop", [b.op("and", left, integer((1 << step) - 1))])
        beyond = b.compare("uge", rest, count)
        rest = b.select(beyond, b.op("sub", rest, count), rest)
        left = b.select(beyond, b.op("lshr", left, integer(step)), left)
        found = b.select(beyond, b.op("add", found, integer(step)), found)
    found = b.select(down, b.op("sub", integer(31), found), found)
    return b.select(missing, integer(-1), found)


BITFIELD: dict[str, Form] = {
    "popc": form(_popc, "b32 b64"),
    "clz": form(_clz, "b32 b64"),
    "bfind": form(_bfind, "u32 s32 u64 s64", "shiftamt"),
    "brev": form(_brev, "b32 b64"),
    "bfe": form(_bfe, "u32 s32 u64 s64"),
    "bfi": form(_bfi, "b32 b64"),
    "bmsk": form(_bmsk, "b32", "clamp wrap"),
    "szext": form(_szext, "u32 s32", "clamp wrap"),
    "fns": form(_fns, "b32"),
}

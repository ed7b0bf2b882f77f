"""Loads, stores, and addresses between state spaces.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: ld, st, cvta, isspacep, prefetch".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import memory
from repoops.engine.builder import BITS, Value, integer
from repoops.engine.fields import field
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.raw import raw_load, raw_store
from repoops.ptx.syntax import SIZES, Address, Instruction, Sym

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_SPACES = ("global", "shared", "local", "const", "param", "generic")
_NAMES = {"shared::cta": "shared", "param::entry": "param", "param::func": "param"}
_REFUSED = ("shared::cluster", "mmio", "multimem", "unified")


def space_of(i: Instruction) -> str:
    """The state space among an instruction's modifiers; generic if there is none."""
    for word in (_NAMES.get(w, w) for w in i.modifiers):
        if word in _SPACES:
            return word
    return "generic"


def _count(i: Instruction) -> int:
    return next((int(w[1:]) for w in i.modifiers if w in ("v2", "v4", "v8")), 1)


def _element(f: WarpFunction, i: Instruction) -> tuple[str, str]:
    kind = i.type
    if not kind or kind == "pred" or any(w in _REFUSED for w in i.modifiers):
        raise f.refuse("this form is not supported")
    return kind, f"i{8 * SIZES[kind]}"


def ld(f: WarpFunction, i: Instruction) -> Results:
    """`ld{.space}{.vec}.type d, [a]`: a narrow element is extended to its register as its type says."""
    kind, element = _element(f, i)
    space = space_of(i)
    if space == "param":
        found = _param(f, i, element)
    else:
        found = memory.load(f, space, f.address(1), element, _count(i), 0)
    width = f.width(0)
    if width > BITS[element]:
        found = tuple(f.b.resize(v, f"i{width}", signed=kind[0] == "s") for v in found)
    return found


def _param(f: WarpFunction, i: Instruction, element: str) -> tuple[Value, ...]:
    """Parameters are the launch's own: nothing to check, and the same during the whole run."""
    operand = i.operands[1]
    known = isinstance(operand, Address) and isinstance(operand.base, Sym) and operand.base.name in f.params
    where = f.address(1)
    if known and isinstance(operand, Address) and isinstance(operand.base, Sym):
        end = operand.offset + BITS[element] // 8 * _count(i)
        if operand.offset < 0 or end > f.param_sizes[operand.base.name]:
            raise f.refuse(f"reads beyond the parameter {operand.base.name}")
    return raw_load(f, where, element, _count(i), invariant=known)


def st(f: WarpFunction, i: Instruction) -> Results:
    """`st{.space}{.vec}.type [a], b`."""
    _, element = _element(f, i)
    values = f.vector(1, element)
    if space_of(i) == "param":
        raw_store(f, f.address(0), values)
    else:
        memory.store(f, space_of(i), f.address(0), values, 0)
    return None


def cvta(f: WarpFunction, i: Instruction) -> Results:
    """`cvta{.to}.space.u64`: global addresses are generic ones, those of a window begin with it."""
    value = f.src(1, "i64")
    if space_of(i) not in memory.WINDOWS:
        return value
    base = field(f, memory.WINDOWS[space_of(i)], "i64")
    return f.b.op("sub" if i.has("to") else "add", value, base)


def isspacep(f: WarpFunction, i: Instruction) -> Results:
    """`isspacep.space p, a`: whether a generic address lies in a space's window."""
    b, a, space = f.b, f.src(1, "i64"), space_of(i)
    shared = _within(f, a, "shared", field(f, "shared_size", "i64"))
    if space == "shared":
        return shared
    local = _within(f, a, "locals", b.op("mul", field(f, "local_size", "i64"), field(f, "warps", "i64")))
    if space == "local":
        return local
    if space == "global":
        return b.inv(b.op("or", shared, local))
    if space in ("const", "param"):
        return Value("false", "i1")
    raise f.refuse("this form is not supported")


def _within(f: WarpFunction, a: Value, start: str, size: Value) -> Value:
    return f.b.compare("ult", f.b.op("sub", a, field(f, start, "i64")), size)


def nothing(f: WarpFunction, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """Hints to caches change no result."""
    return None


def policy(f: WarpFunction, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """`createpolicy`: a hint to the cache; its bits are of no account."""
    return integer(0, "i64")


SPACE: dict[str, WarpLowering] = {
    "ld": ld, "ldu": ld, "st": st, "cvta": cvta, "isspacep": isspacep, "prefetch": nothing, "prefetchu": nothing,
    "discard": nothing, "applypriority": nothing, "createpolicy": policy,
}  # fmt: skip

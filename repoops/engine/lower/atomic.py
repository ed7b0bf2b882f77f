"""Atomic operations: lane after lane, as atomics of this machine, so that blocks on other threads are kept apart.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: atom, red".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, ir, shadow, traffic
from repoops.engine.builder import BITS, WARP
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.lower.space import space_of
from repoops.ptx.syntax import SIZES, Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_FLOAT = {
    "f16": "half",
    "bf16": "bfloat",
    "f16x2": "<2 x half>",
    "bf16x2": "<2 x bfloat>",
    "f32": "float",
    "f64": "double",
}
_OPERATION = {
    ("add", "f"): "fadd", ("min", "f"): "fminimumnum", ("max", "f"): "fmaximumnum", ("add", "i"): "add",
    ("min", "s"): "min", ("max", "s"): "max", ("min", "u"): "umin", ("max", "u"): "umax", ("and", "i"): "and",
    ("or", "i"): "or", ("xor", "i"): "xor", ("exch", "i"): "xchg", ("inc", "i"): "uinc_wrap", ("dec", "i"): "udec_wrap",
}  # fmt: skip


def atom(f: WarpFunction, i: Instruction) -> Results:
    """`atom{.sem}{.scope}{.space}.op.type d, [a], b{, c}`."""
    return _atomic(f, i, 1)


def red(f: WarpFunction, i: Instruction) -> Results:
    """`red{.sem}{.scope}{.space}.op.type [a], b`: the same without the old value."""
    _atomic(f, i, 0)
    return None


def _atomic(f: WarpFunction, i: Instruction, first: int) -> Results:
    if any(w in i.modifiers for w in ("v2", "v4", "v8", "shared::cluster", "async")):
        raise f.refuse("this form is not supported")
    kind = i.type
    op = next(
        (
            w
            for w in i.modifiers
            if w in ("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec")
        ),
        "",
    )
    element = f"i{8 * SIZES.get(kind, 0)}"
    if not op or not kind or element == "i0":
        raise f.refuse("this form is not supported")
    b = f.b
    address = b.spread(f.address(first))
    values = [b.spread(f.src(first + 1, element))]
    if op == "cas":
        values.append(b.spread(f.src(first + 2, element)))
    how = access.Access(space_of(i), element, 1, SIZES[kind], SIZES[kind], store=True)
    address = access.normal(f, how, address)
    if shadow.wanted(f, how):
        if op not in ("exch", "cas"):
            # It depends on what was there: on a counter's first value, which may not be written yet. A lock does not.
            shadow.read(f, how, address, f.word())
        shadow.mark(f, how, address, f.word(), "atomic")
    traffic.memory(f, how, address)
    name = _helper(f, how, op, kind)
    vector = f"<{WARP} x {element}>"
    given = "".join(f", {v}" for v in values)
    return b.emit(
        f"call {vector} @{name}(ptr %ctx, i32 {f.site(how.what.replace('store of', 'atomic on').replace(' to ', ' in '))}, {address}, {f.word()}{given})",
        element,
        lanes=True,
    )


def _helper(f: WarpFunction, how: access.Access, op: str, kind: str) -> str:
    """One lane after the other, so that each sees what the one before left."""
    element, vector = how.kind, f"<{WARP} x {how.kind}>"
    name = f"atom_{'shared' if how.shared else 'global'}_{op}_{kind}"
    if name in f.unit.helpers:
        return name
    if op == "cas":
        if BITS[element] == 128:
            raise f.refuse("128 bits are not supported")
        body = f"""
  %v.at = getelementptr {element}, ptr %b, i64 %l64
  %c = load {element}, ptr %v.at
  %w.at = getelementptr {element}, ptr %c.slot, i64 %l64
  %n = load {element}, ptr %w.at
  %pair = cmpxchg ptr %p, {element} %c, {element} %n seq_cst seq_cst
  %old = extractvalue {{ {element}, i1 }} %pair, 0
"""
    else:
        number = _FLOAT.get(kind)
        word = _OPERATION.get((op, "f")) if number and op != "exch" else (
            _OPERATION.get((op, "i")) or _OPERATION.get((op, "s" if kind[0] == "s" else "u"))
        )  # fmt: skip
        if word is None:
            raise f.refuse("this form is not supported")
        kind_ir = number if number and op != "exch" else element
        body = f"""
  %v.at = getelementptr {element}, ptr %b, i64 %l64
  %v = load {kind_ir}, ptr %v.at
  %got = atomicrmw {word} ptr %p, {kind_ir} %v seq_cst
""" + (
            f"  %old = bitcast {kind_ir} %got to {element}\n"
            if kind_ir != element
            else f"  %old = or {element} %got, 0\n"
        )
    second = f", {vector} %new" if op == "cas" else ""
    noted = access.note_call(f, how, "@noted_write") if access.watched(f, how) else ""
    f.unit.helpers[name] = ir.text(
        "atomic.ll",
        vector=vector,
        name=name,
        addresses="<32 x i32>" if how.shared else "<32 x i64>",
        second=second,
        keep="store " + vector + " %new, ptr %c.slot" if op == "cas" else "",
        head=access.helper_head(f, how, asked=access.checked(f)),
        noted=noted,
        body=body,
        element=element,
    )
    return name


ATOMIC: dict[str, WarpLowering] = {"atom": atom, "red": red}

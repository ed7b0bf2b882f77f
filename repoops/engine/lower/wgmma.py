"""Products of a warpgroup, `wgmma`: asynchronous, with matrices in shared memory that descriptors describe.

A warpgroup is four warps whose first one's number is a multiple of 4. Its warp w owns rows 16 w to 16 w + 15
of A and D, so that each warp carries out its own share. It does so when the product's group is waited for,
not before: shared memory that is overwritten too early then shows in the result. Until then the registers of
D hold *tokens*, signalling NaNs that name the sums they stand for. A `mov` hands a token on; arithmetic makes
a quiet NaN of it; the wait puts the sums in place of those that it finds (`engine/products`).

Source: PTX ISA 9.0, "Asynchronous Warpgroup Level Matrix Instructions".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, products, shadow
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import FIBER, OFFSETS
from repoops.engine.fields import report
from repoops.engine.lower import matrix, warpgroup
from repoops.engine.lower.fragments import ELEMENTS
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.records import NUMBER
from repoops.ptx.syntax import Imm, Instruction, Operand, Vector

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_SHAPE = re.compile(r"m64n(\d+)k16")


def wgmma(f: WarpFunction, i: Instruction) -> Results:
    """`wgmma.fence`, `wgmma.mma_async`, `wgmma.commit_group`, `wgmma.wait_group n`."""
    if not f.function.entry:
        raise f.refuse("in a device function that is not inlined is not supported")
    if i.modifiers[1:3] != ("sync", "aligned"):
        raise f.refuse("this form is not supported")
    matrix.whole(f)
    if i.modifiers == ("fence", "sync", "aligned"):
        fiber = f.b.emit("call ptr @fiber(ptr %ctx)", "ptr")
        warpgroup.put(f.b, fiber, FIBER["product_fence"], integer(1, "i64"))
        return None
    if i.modifiers == ("commit_group", "sync", "aligned"):
        f.b.line("call void @product_commit(ptr %ctx)")
        return None
    if i.modifiers == ("wait_group", "sync", "aligned"):
        count = i.operands[0] if i.operands else None
        if not isinstance(count, Imm):
            raise f.refuse("the number of groups is no constant")
        done = f.b.emit(f"call i64 @product_wait(ptr %ctx, i64 {int(count.value)})", "i64")
        products.restore(f, i, done)
        return None
    if i.modifiers[0] == "mma_async":
        return _issue(f, i, _form(f, i))
    raise f.refuse("this form is not supported")


def _form(f: WarpFunction, i: Instruction) -> warpgroup.Form:
    """What the modifiers and the constant operands say; the rest of them is refused by name."""
    shape = _SHAPE.fullmatch(i.modifiers[3]) if len(i.modifiers) == 7 else None
    columns = int(shape[1]) if shape else 0
    if not 8 <= columns <= 256 or columns % 8 or i.modifiers[4:] not in (
        ("f32", "f16", "f16"), ("f32", "bf16", "bf16")
    ):  # fmt: skip
        raise f.refuse("this form is not supported")
    d, a = i.operands[:2] if len(i.operands) > 1 else (None, None)
    in_registers = isinstance(a, Vector)
    if len(i.operands) != 8 - in_registers or not isinstance(d, Vector) or len(d.elements) != columns // 2:
        raise f.refuse("the number of operands does not fit its shape")
    if isinstance(a, Vector) and len(a.elements) != 4:
        raise f.refuse("the number of registers does not fit its shape")
    majors = [("k", "mn")[_constant(f, o, (0, 1))] for o in i.operands[6:]]
    return warpgroup.Form(
        columns, ELEMENTS[i.modifiers[5]], "registers" if in_registers else majors[0], majors[-1]
    )


def _constant(f: WarpFunction, operand: Operand, among: tuple[int, int]) -> int:
    value = operand.value if isinstance(operand, Imm) else None
    if value not in among:
        raise f.refuse(f"{among[0]} or {among[1]} is needed where it scales or transposes")
    return int(value)


def _issue(f: WarpFunction, i: Instruction, form: warpgroup.Form) -> Results:
    """Notes the product with its group; the registers of D stand for the sums from now on."""
    b = f.b
    site = f.site(warpgroup.MATRICES.what)
    if "synccheck" in f.unit.checks:
        b.line(f"call void @warpgroup_enter(ptr %ctx, i32 {site})")
    entry = b.emit(f"call ptr @product_entry(ptr %ctx, i32 {site})", "ptr")
    products.prepare(f, i)
    given = f.vector(0, "float")
    first = b.extract(b.bits(given[0], "i32"), 0)
    both = b.emit(f"call i32 @product_sums(ptr %ctx, i32 {site}, {first})", "i32")
    number = b.op("and", both, integer(7))
    goes_on = products.goes_on(f, i)
    if not goes_on:
        _keep_sums(f, given, number, b.compare("ne", both, number))
        if "racecheck" in f.unit.checks:
            _all_or_none(f, given, number, b.compare("ne", both, number))
    negative = _constant(f, i.operands[4], (-1, 1)) * _constant(f, i.operands[5], (-1, 1)) < 0
    adds = b.extract(f.src(3, "i1"), 0)
    flags = b.select(adds, integer(0), integer(warpgroup.FROM_ZERO))
    flags = b.op("or", flags, integer(warpgroup.NEGATIVE)) if negative else flags
    if form.a == "registers":
        for n, register in enumerate(f.vector(1, "i32")):
            warpgroup.put(b, entry, products.A + 4 * WARP * n, b.spread(register))
    else:
        warpgroup.put(b, entry, products.AT["a"], _descriptor(f, 1))
    warpgroup.put(b, entry, products.AT["b"], _descriptor(f, 2))
    warpgroup.put(b, entry, products.AT["sums"], number)
    if warpgroup.watched(f.unit):
        flags = b.op("or", flags, _look(f, form, entry))
    warpgroup.put(b, entry, products.AT["flags"], flags)
    warpgroup.put(b, entry, products.AT["run"], Value(f"@{warpgroup.carried_out(f.unit, form)}", "ptr"))
    if goes_on:
        return None
    token = b.op("or", integer(products.TAG), b.op("shl", number, integer(8)))
    return tuple(b.bits(b.op("or", token, integer(k)), "float") for k in range(len(given)))


def _keep_sums(f: WarpFunction, given: Sequence[Value], number: Value, new: Value) -> None:
    """What the sums start from, unless the registers stand for sums that a product under way adds to."""
    b = f.b
    keep, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {new}, label %{keep}, label %{on}")
    b.label(keep)
    place = b.emit(f"call ptr @product_place(ptr %ctx, {number})", "ptr")
    for k, value in enumerate(given):
        warpgroup.put(b, place, 4 * WARP * k, value)
    b.line(f"br label %{on}")
    b.label(on)


def _all_or_none(f: WarpFunction, given: Sequence[Value], number: Value, new: Value) -> None:
    """The registers of D must all stand for the same sums, or none for any: who writes one of them must have waited."""
    b = f.b
    tag = b.op("or", integer(products.TAG), b.op("shl", number, integer(8)))
    wrong: Value = integer(0)
    for k, value in enumerate(given):
        bits = b.extract(b.bits(value, "i32"), 0)
        other = b.op("xor", bits, b.op("or", tag, integer(k)))
        token = b.compare("eq", b.op("and", bits, integer(products.TAG_MASK)), integer(products.TAG))
        wrong = b.op("or", wrong, b.select(new, b.select(token, integer(1), integer(0)), other))
    lanes = b.select(b.compare("ne", wrong, integer(0)), integer(-1), integer(0))
    report(f, "pending-accumulator", lanes, what="accumulator")


def _descriptor(f: WarpFunction, k: int) -> Value:
    """Operand k, the same in all lanes; what the engine does not know ends the launch."""
    b = f.b
    given = f.src(k, "i64")
    word = b.extract(given, 0)
    if given.lanes and "synccheck" in f.unit.checks:
        report(f, "descriptor", b.op("and", b.ballot(b.compare("ne", given, word)), f.word()))
    offset = b.op("and", word, integer(7 << 49, "i64"))
    die, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {b.compare('ne', offset, integer(0, 'i64'))}, label %{die}, label %{on}, !prof !1")
    b.label(die)
    b.line(
        f"call void @die(ptr %ctx, i32 {f.site(warpgroup.MATRICES.what)}, i32 {NUMBER['base-offset']}, i32 -1)"
    )
    b.line("unreachable")
    b.label(on)
    return word


def _look(f: WarpFunction, form: warpgroup.Form, entry: Value) -> Value:
    """Looks at the matrices: `warpgroup.LEFT_OUT` if they do not lie in shared memory, else 0."""
    b, unit = f.b, f.unit
    name = f"{form.name}_look"
    check = access.check(f, warpgroup.MATRICES) if access.checked(f) else ""
    if shadow.kept(unit.checks):
        warpgroup.put(b, entry, products.AT["table"], Value(shadow.table(f, warpgroup.MATRICES.size), "ptr"))
        warpgroup.put(b, entry, products.AT["epoch"], warpgroup.get(b, "%ctx", OFFSETS["epoch"], "i64"))
    if name not in unit.helpers:
        unit.helpers[name] = warpgroup.looking(unit, form, name, check)
    return b.emit(f"call i32 @{name}(ptr %ctx, {entry}, i32 {f.site(warpgroup.MATRICES.what)})", "i32")


WGMMA: dict[str, WarpLowering] = {"wgmma": wgmma}

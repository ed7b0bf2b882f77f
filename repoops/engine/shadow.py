"""What is remembered of each cell of shared memory: when it was written, and who wrote and read it last.

A cell's *stamp* (16 bits) is the epoch it was written in; 0: never. Who wrote it stands in 64 bits:
thread (10), flags (2), site + 1 (16), epoch (16), warp's sub-epoch (16); who read it likewise. The epoch
counts the barriers that a host thread has seen, the sub-epoch the warp's `__syncwarp`. Two accesses of
different threads, one of them a write, are a race if they fall into the same epoch, and, within one
warp, into the same sub-epoch, or if no `__syncwarp` since has ordered them: of the whole warp
(`warp_fulls`), or of a part, directly or by way of others (`warp_known`: for each lane the sub-epoch
up to which each other one is ordered before it; `ir/warp_part.ll`, `ir/loose.ll`).

Who reads a cell matters only if somebody writes it in the same epoch, and that is seldom. So reads are
kept in a *journal*, and noted in the cells when a write comes near them; a barrier drops what is left.
Reads of a straight line are checked together (`spans`, `quick`); where anything may be wrong, `cells`
looks at them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, cells, ir, marks, quick, spans
from repoops.engine.builder import BITS, WARP, Value, integer
from repoops.engine.cells import V, W
from repoops.engine.context import OFFSETS
from repoops.engine.fields import field
from repoops.engine.records import NUMBER
from repoops.ptx.operands import writes
from repoops.ptx.syntax import SIZES, Address, Instruction, Operand, Reg

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

POISON = 0xFF
"""What shared memory holds before it is written: NaN in every floating-point type."""
_HEAD, _LINE = 16, 64


def kept(checks: frozenset[str]) -> bool:
    """Whether cells are kept at all."""
    return bool({"racecheck", "initcheck"} & checks)


def wanted(f: WarpFunction, how: access.Access) -> bool:
    """Whether an access is to be noted in the cells of shared memory."""
    return kept(f.unit.checks) and (how.shared or how.space == "generic") and f.unit.uses_shared


def shared_functions(checks: frozenset[str]) -> str:
    """IR of what every kernel with cells calls: `renew` before a block, `wrap` when epochs run out, `journal_drop` at a barrier."""
    if not kept(checks):
        return ir.text("unwatched.ll")
    journal = int("racecheck" in checks)
    text = ir.text("renewal.ll") + ir.text("journal.ll", kept=journal) + ir.text("stamp.ll")
    return text + ir.text("loose.ll") if journal else text


def clear() -> str:
    """IR lines that prepare a block's shared memory and its cells."""
    lines = cells.load("shared", "ptr") + cells.load("shared_size", "i64")
    lines += f"  call void @llvm.memset.p0.i64(ptr %shared, i8 {POISON - 256}, i64 %shared_size, i1 false)\n"
    return lines + "  call void @renew(ptr %ctx)\n"


def warp_barrier(f: WarpFunction, named: Value, here: Value) -> None:
    """`__syncwarp`: what the lanes of each mask did before is ordered before what they do now.

    Args:
        f: the function.
        named: the mask, i32, of the warp or of each lane.
        here: the lanes that have come, a uniform i32.
    """
    if "racecheck" not in f.unit.checks:
        return
    f.unit.helpers["warp_barrier"] = ir.text("warp_barrier.ll") + ir.text("warp_part.ll")
    b = f.b
    # Of a device function it is not known who is in the warp and not in the function.
    every = f.live() if f.function.entry else integer(-1)
    if named.lanes:
        b.line(f"call void @warp_parts(ptr %ctx, {named}, {here}, {every})")
        return
    lanes = b.op("and", named, here)
    whole, part, on = b.fresh_label(), b.fresh_label(), b.fresh_label()
    b.line(f"br {b.compare('eq', lanes, every)}, label %{whole}, label %{part}")
    b.label(whole)
    b.line("call void @warp_barrier(ptr %ctx)")
    b.line(f"br label %{on}")
    b.label(part)
    b.line(f"call void @warp_part(ptr %ctx, {lanes})")
    b.line(f"br label %{on}")
    b.label(on)


# -- reads


class Planned:
    """A stretch under translation.

    Attributes:
        stretch: its reads.
        slots: for each group the place in an entry of the journal where its lanes' addresses go; 0: all have one.
        about: the table that describes it.
        entry: its place in the journal.
        sure: for each group whether all its reads are aligned and inside one variable.
    """

    def __init__(self, stretch: spans.Stretch) -> None:
        self.stretch = stretch
        self.slots: list[int] = []
        self.about, self.entry = "", Value("null", "ptr")
        self.sure: dict[int, Value] = {}

    def group(self, now: Instruction | None) -> int | None:
        """The number of the group whose first read an instruction is."""
        return next((r.group for r in spans.firsts(self.stretch) if r.instruction is now), None)


def plan(f: WarpFunction, body: Sequence[Instruction]) -> dict[int, Planned]:
    """The reads of a block that are checked together, by the identity of the instruction."""
    found: dict[int, Planned] = {}
    if (kept(f.unit.checks) or access.checked(f)) and f.unit.uses_shared:
        for stretch in spans.stretches(body, f.unit.granule, f.varying, f.function.registers):
            one = Planned(stretch)
            found.update({id(r.instruction): one for r in stretch.reads})
    return found


def read(f: WarpFunction, how: access.Access, address: Value, word: Value) -> None:
    """Notes a read of the lanes of a word, and reports what it must not see; at its group's first read all of them."""
    planned = f.reads.get(id(f.now))
    if planned is not None:
        group = planned.group(f.now)
        if group is not None:
            _group(f, planned, group, address, word)
        return
    alone = Planned(spans.alone(f.now, how.size))
    if how.shared:
        _group(f, alone, 0, address, word)
        return
    b = f.b
    offset, lanes = _place(f, how, address, word)
    then, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {b.compare('ne', lanes, integer(0))}, label %{then}, label %{on}")
    b.label(then)
    _group(f, alone, 0, offset, lanes)
    b.line(f"br label %{on}")
    b.label(on)


def read_again(f: WarpFunction, how: access.Access, address: Value, word: Value) -> None:
    """Notes and checks a read by itself, though its group was to be checked together."""
    if id(f.now) not in f.reads:
        read(f, how, address, word)
        return
    f.b.line(f"call void @journal_alone(ptr %ctx, ptr {table(f, how.size)}, {address}, {word})")


def table(f: WarpFunction, size: int) -> str:
    """What `journal_alone` is to know of reads of `size` bytes by the instruction: a constant's name."""
    one = Planned(spans.alone(f.now, size))
    _open(f, one, [True])
    return one.about


def _group(f: WarpFunction, planned: Planned, group: int, address: Value, word: Value) -> None:
    """One quick look at all reads of a group; a closer one if need be; and an entry in the journal."""
    b = f.b
    if not planned.about:
        _open(f, planned, [_varies(f, planned, r, address) for r in spans.firsts(planned.stretch)])
        planned.entry = b.emit(f"call ptr @journal_open(ptr %ctx, ptr {planned.about})", "ptr")
    entry = planned.entry
    head = b.emit(f"getelementptr i8, {entry}, i64 {_HEAD + 8 * group}", "ptr")
    b.line(f"store {word}, {head}, align 8")
    slot = planned.slots[group] or _HEAD + 8 * group + 4
    at = b.emit(f"getelementptr i8, {entry}, i64 {slot}", "ptr")
    b.line(f"store {address}, {at}, align {_LINE if address.lanes else 4}")
    extents = [(r.offset, r.size) for r in planned.stretch.of(group)]
    look = quick.look(f.unit, extents, one=not address.lanes)
    doubt = b.emit(f"call i1 @{look}(ptr %ctx, {address}, {word})", "i1")
    closer, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {doubt}, label %{closer}, label %{on}, !prof !1")
    b.label(closer)
    b.line(f"call void @journal_each(ptr %ctx, {entry}, i32 {group}, i64 0)")
    b.line(f"br label %{on}")
    b.label(on)


def sure(f: WarpFunction, how: access.Access, address: Value, word: Value) -> Value | None:
    """Whether the read, and all of its group, are allowed for certain; None where it is in no group or nothing is checked."""
    planned = f.reads.get(id(f.now)) if access.checked(f) else None
    if planned is None:
        return None
    group = next(r.group for r in planned.stretch.reads if r.instruction is f.now)
    if group not in planned.sure:
        reads = planned.stretch.of(group)
        planned.sure[group] = access.allowed_all(f, how, address, word, [(r.offset, r.size) for r in reads])
    return planned.sure[group]


def _varies(f: WarpFunction, planned: Planned, first: spans.Read, address: Value) -> bool:
    """Whether a group's lanes have addresses of their own."""
    if f.now is first.instruction and len(planned.stretch.reads) == 1:
        return address.lanes
    return spans.varies(first.instruction, f.varying)


def _open(f: WarpFunction, planned: Planned, lanes: Sequence[bool]) -> None:
    """Makes a stretch's table; `ir/journal.ll` reads it."""
    stretch = planned.stretch
    head = -(-(_HEAD + 8 * stretch.groups) // _LINE) * _LINE
    size = head
    for varies in lanes:
        planned.slots.append(size if varies else 0)
        size += 4 * WARP * varies
    words = [size, len(stretch.reads), stretch.groups, 8 * stretch.groups]
    kinds, values = ["i32"] * 4, [f"i32 {n}" for n in words]
    for r in stretch.reads:
        look, note = cells.reading(
            f.unit, r.size, one=not planned.slots[r.group], copied=_copied(f, r.instruction)
        )
        what = access.Access("shared", "i8", r.size, 1, r.size, store=False).what
        site = f.unit.site(r.instruction, what)
        kinds += ["i32"] * 4 + ["ptr"] * 2
        values += [f"i32 {n}" for n in (r.group, r.offset, site, planned.slots[r.group])]
        values += [f"ptr @{look}", f"ptr @{note}"]
    for group in range(stretch.groups):
        reads = stretch.of(group)
        low, high = min(r.offset for r in reads), max(r.offset + r.size for r in reads) - 1
        kinds += ["i32"] * 4
        values += [f"i32 {n}" for n in (planned.slots[group], low, high, 0)]
    planned.about = f"@reads{len(f.unit.helpers)}"
    f.unit.helpers[planned.about] = (
        f"{planned.about} = internal constant {{ {', '.join(kinds)} }} {{ {', '.join(values)} }}\n"
    )


def _copied(f: WarpFunction, i: Instruction) -> bool:
    """Whether a load's value only goes to shared or local memory again: a struct, its padding included, on its way."""
    if i.opcode != "ld":
        return False
    names = set(writes(i))
    uses = [u for name in names for u in f.readers.get(name, ())]
    return bool(uses) and all(
        u.opcode == "st" and {"shared", "local"} & set(u.modifiers) and SIZES.get(u.type) == SIZES.get(i.type)
        and not (u.guard and u.guard.reg in names) and not names & set(_base(u.operands[0])) for u in uses
    )  # fmt: skip


def _base(operand: Operand) -> Sequence[str]:
    return [operand.base.name] if isinstance(operand, Address) and isinstance(operand.base, Reg) else []


# -- writes


def _place(f: WarpFunction, how: access.Access, address: Value, word: Value) -> tuple[Value, Value]:
    """Offsets (i32) and the lanes concerned: of generic addresses those in the block's window; never beyond it."""
    b = f.b
    if how.shared:
        offset = b.resize(address, "i64", signed=False)
    else:
        offset = b.op("sub", address, field(f, "shared", "i64"))
    room = b.op("sub", field(f, "shared_size", "i64"), integer(how.size - 1, "i64"))
    inside = b.compare("ult", offset, room)
    lanes = b.op("and", word, b.ballot(inside))
    return b.cast("trunc", offset, "i32"), lanes


def write(
    f: WarpFunction, how: access.Access, address: Value, word: Value, values: Sequence[Value]
) -> tuple[Value, Value] | None:
    """Notes a write, before it happens; of two that race it is told whether they write the same.

    Returns:
        Offsets, and the lanes that others of the same instruction overwrite: for `after`.
    """
    b = f.b
    offset, lanes = _place(f, how, address, word)
    name = marks.marking(f.unit, how.size, "write")
    site = f.site(how.what)
    both = b.emit(f"call i64 @{name}(ptr %ctx, i32 {site}, {offset}, {lanes})", "i64")
    if "racecheck" not in f.unit.checks:
        return None
    clash = b.cast("trunc", both, "i32")
    _compare(f, how, offset, clash, values, site)
    return offset, b.cast("trunc", b.op("lshr", both, integer(32, "i64")), "i32")


def after(
    f: WarpFunction, how: access.Access, met: tuple[Value, Value] | None, values: Sequence[Value]
) -> None:
    """After the store: lanes that wrote to one place at once are told, unless all wrote what is there now."""
    if met is not None:
        _compare(f, how, met[0], met[1], values, f.site(how.what))


def _compare(
    f: WarpFunction, how: access.Access, offset: Value, clash: Value, values: Sequence[Value], site: int
) -> None:
    b = f.b
    some = b.compare("ne", clash, integer(0))
    tell, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {some}, label %{tell}, label %{on}, !prof !1")
    b.label(tell)
    same = _same(f, how)
    given = "".join(f", {b.spread(v)}" for v in values)
    b.line(f"call void @{same}(ptr %ctx, i32 {site}, {offset}, {clash}{given})")
    b.line(f"br label %{on}")
    b.label(on)


def mark(f: WarpFunction, how: access.Access, address: Value, word: Value, kind: str) -> None:
    """Notes an access that is an `atomic` or a `flight`, as `cells.written` names them."""
    if kind == "flight" and "racecheck" not in f.unit.checks:
        return  # what has not landed is not written
    offset, lanes = _place(f, how, address, word)
    name = marks.marking(f.unit, how.size, kind)
    f.b.line(f"call i64 @{name}(ptr %ctx, i32 {f.site(how.what)}, {offset}, {lanes})")


def _same(f: WarpFunction, how: access.Access) -> str:
    """Two writes race: an error, or a warning where both write what is there already."""
    name = f"same_{how.kind}x{how.count}"
    if name in f.unit.helpers:
        return name
    vector = f"<{WARP} x {how.kind}>"
    overload = f"llvm.masked.gather.v{WARP}{access.short(how.kind)}.v{WARP}p0"
    f.unit.declarations[overload] = f"declare {vector} @{overload}(<{WARP} x ptr>, <{WARP} x i1>, {vector})"
    bits = f"i{BITS[how.kind]}"
    integers = f"<{WARP} x {bits}>"
    lines = []
    last = "zeroinitializer"
    for n in range(how.count):
        lines.append(f"  %p{n} = getelementptr {how.kind}, <{WARP} x ptr> %at, i64 {n}")
        lines.append(
            f"  %g{n} = call {vector} @{overload}(<{WARP} x ptr> align 1 %p{n}, <{WARP} x i1> %lanes, {vector} zeroinitializer)"
        )
        lines.append(f"  %i{n} = bitcast {vector} %g{n} to {integers}")
        lines.append(f"  %j{n} = bitcast {vector} %x{n} to {integers}")
        lines.append(f"  %d{n} = icmp ne {integers} %i{n}, %j{n}")
        lines.append(f"  %o{n} = or <{WARP} x i1> {last}, %d{n}")
        last = f"%o{n}"
    parameters = "".join(f", {vector} %x{n}" for n in range(how.count))
    f.unit.helpers[name] = f"""
define internal void @{name}(ptr %ctx, i32 %site, {W} %offset, i32 %mask{parameters}) cold noinline {{
  %lanes = bitcast i32 %mask to <{WARP} x i1>
  %base.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["shared"]}
  %base = load ptr, ptr %base.at
  %wide = zext {W} %offset to {V}
  %at = getelementptr i8, ptr %base, {V} %wide
{chr(10).join(lines)}
  %w = bitcast <{WARP} x i1> {last} to i32
  %differ = and i32 %w, %mask
  %any = icmp ne i32 %differ, 0
  br i1 %any, label %error, label %warn
error:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["write-after-write"]}, i32 %differ, {V} %wide, i64 0)
  ret void
warn:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["same-value-write"]}, i32 %mask, {V} %wide, i64 0)
  ret void
}}
"""
    return name

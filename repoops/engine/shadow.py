"""What is remembered of each byte: who wrote and read shared memory last and when, which bytes of an output were written.

A cell of shared memory is 64 bits: thread (10), flags (2), site + 1 (16), epoch (16), warp's sub-epoch
(16). The epoch counts the block's barriers, the sub-epoch the warp's `__syncwarp`. Two accesses of
different threads, one of them a write, are a race if they fall into the same epoch, and, within one
warp, into the same sub-epoch. A cell that is zero was never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access
from repoops.engine.builder import BITS, WARP, Value, integer
from repoops.engine.context import ALLOCATION_SIZE, OFFSETS
from repoops.engine.records import NUMBER

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

V, W = f"<{WARP} x i64>", f"<{WARP} x i32>"
MANY_LANES, MANY_WARPS = 1 << 10, 1 << 11
IN_FLIGHT = 0xFFFF
POISON = 0xFF
"""What shared memory holds before it is written: NaN in every floating-point type."""


def kept(checks: frozenset[str]) -> bool:
    """Whether cells are kept at all."""
    return bool({"racecheck", "initcheck"} & checks)


def wanted(f: WarpFunction, how: access.Access) -> bool:
    """Whether an access is to be noted in the cells of shared memory."""
    return kept(f.unit.checks) and (how.shared or how.space == "generic") and f.unit.uses_shared


def clear(checks: frozenset[str]) -> str:
    """IR that prepares a block's shared memory and its cells; and what renews the cells when epochs run out."""
    lines = f"""
  %shared.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["shared"]}
  %shared = load ptr, ptr %shared.at
  %size.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["shared_size"]}
  %size = load i64, ptr %size.at
  call void @llvm.memset.p0.i64(ptr %shared, i8 {POISON - 256}, i64 %size, i1 false)
"""
    if kept(checks):
        lines += f"""
  %cells.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["cells"]}
  %cells = load i64, ptr %cells.at
  %bytes = mul i64 %cells, 8
  %writers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["writers"]}
  %writers = load ptr, ptr %writers.at
  call void @llvm.memset.p0.i64(ptr %writers, i8 0, i64 %bytes, i1 false)
  %readers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["readers"]}
  %readers = load ptr, ptr %readers.at
  call void @llvm.memset.p0.i64(ptr %readers, i8 0, i64 %bytes, i1 false)
"""
    return lines


def renewal(checks: frozenset[str]) -> str:
    """`wrap`: epochs begin again; what was written stays written, but long ago."""
    if not kept(checks):
        return "define internal void @wrap(ptr %ctx) {\n  ret void\n}\n"
    return f"""
define internal void @wrap(ptr %ctx) cold noinline {{
entry:
  %cells.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["cells"]}
  %cells = load i64, ptr %cells.at
  %writers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["writers"]}
  %writers = load ptr, ptr %writers.at
  %readers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["readers"]}
  %readers = load ptr, ptr %readers.at
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %step]
  %more = icmp ult i64 %k, %cells
  br i1 %more, label %step, label %end
step:
  %w.at = getelementptr i64, ptr %writers, i64 %k
  %w = load i64, ptr %w.at
  %old = and i64 %w, 4294967295
  store i64 %old, ptr %w.at
  %r.at = getelementptr i64, ptr %readers, i64 %k
  store i64 0, ptr %r.at
  %k1 = add i64 %k, 1
  br label %loop
end:
  ret void
}}
"""


def warp_barrier(f: WarpFunction) -> None:
    """`__syncwarp`: what the warp's lanes did before is ordered before what they do now."""
    if not kept(f.unit.checks):
        return
    f.unit.helpers["warp_barrier"] = f"""
define internal void @warp_barrier(ptr %ctx) {{
  %current.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["current"]}
  %current = load i64, ptr %current.at
  %table.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["warp_epochs"]}
  %table = load ptr, ptr %table.at
  %at = getelementptr i64, ptr %table, i64 %current
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  %cut = and i64 %new, 65535
  store i64 %cut, ptr %at
  ret void
}}
"""
    f.b.line("call void @warp_barrier(ptr %ctx)")


# -- shared memory


def _place(f: WarpFunction, how: access.Access, address: Value, word: Value) -> tuple[Value, Value]:
    """Offsets (i32) and the lanes concerned: of generic addresses those in the block's window; never beyond it."""
    from repoops.engine.memory import field

    b = f.b
    if how.shared:
        offset = b.resize(address, "i64", signed=False)
    else:
        offset = b.op("sub", address, field(f, "shared", "i64"))
    room = b.op("sub", field(f, "shared_size", "i64"), integer(how.size - 1, "i64"))
    inside = b.compare("ult", offset, room)
    lanes = b.op("and", word, b.ballot(inside))
    return b.cast("trunc", offset, "i32"), lanes


def read(f: WarpFunction, how: access.Access, address: Value, word: Value) -> None:
    """Notes a read, and reports what it must not see."""
    offset, lanes = _place(f, how, address, word)
    name = helper(f, how.size, "read")
    f.b.line(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {offset}, {lanes})")


def write(f: WarpFunction, how: access.Access, address: Value, word: Value, values: Sequence[Value]) -> None:
    """Notes a write; two that race are told apart by whether they write the same."""
    b = f.b
    offset, lanes = _place(f, how, address, word)
    name = helper(f, how.size, "write")
    site = f.site(how.what)
    clash = b.emit(f"call i32 @{name}(ptr %ctx, i32 {site}, {offset}, {lanes})", "i32")
    if "racecheck" not in f.unit.checks:
        return
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
    """Notes an atomic (`atomic`: written, racing with nobody) or an asynchronous copy (`flight`, then `land`)."""
    offset, lanes = _place(f, how, address, word)
    name = helper(f, how.size, kind)
    f.b.line(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {offset}, {lanes})")


def helper(f: WarpFunction, size: int, kind: str) -> str:
    """The function that notes an access of a size and kind, made once."""
    granule = f.unit.granule
    name = f"shadow_{kind}_{size}"
    if name in f.unit.helpers:
        return name
    gather = f"llvm.masked.gather.v{WARP}i64.v{WARP}p0"
    scatter = f"llvm.masked.scatter.v{WARP}i64.v{WARP}p0"
    f.unit.declarations[gather] = f"declare {V} @{gather}(<{WARP} x ptr>, <{WARP} x i1>, {V})"
    f.unit.declarations[scatter] = f"declare void @{scatter}({V}, <{WARP} x ptr>, <{WARP} x i1>)"
    cells = max(1, size // granule)
    lines = _Lines()
    body = {"read": _read_cell, "write": _write_cell, "atomic": _atomic_cell, "flight": _flight_cell,
            "land": _land_cell}[kind]  # fmt: skip
    for n in range(cells):
        lines.cell = n
        body(lines, f.unit.checks)
    folded, last = [], "0"
    for n, one in enumerate(lines.clashes):
        folded.append(f"  %clash{n} = or i32 {last}, {one}")
        last = f"%clash{n}"
    f.unit.helpers[name] = (
        f"define internal i32 @{name}(ptr %ctx, i32 %site, {W} %offset, i32 %mask) noinline {{\nentry:\n"
        + _HEAD.replace("@GRANULE", str(granule.bit_length() - 1))
        + "\n".join(lines.text)
        + "\n" + "\n".join(folded) + f"\n  ret i32 {last}\n}}\n"
    )  # fmt: skip
    return name


_HEAD = f"""
  %lanes = bitcast i32 %mask to <{WARP} x i1>
  %index32 = lshr {W} %offset, splat (i32 @GRANULE)
  %index = zext {W} %index32 to {V}
  %writers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["writers"]}
  %writers = load ptr, ptr %writers.at
  %readers.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["readers"]}
  %readers = load ptr, ptr %readers.at
  %epoch.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["epoch"]}
  %epoch = load i64, ptr %epoch.at
  %current.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["current"]}
  %current = load i64, ptr %current.at
  %subs.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["warp_epochs"]}
  %subs = load ptr, ptr %subs.at
  %sub.at = getelementptr i64, ptr %subs, i64 %current
  %sub = load i64, ptr %sub.at
  %site64 = zext i32 %site to i64
  %site1 = add i64 %site64, 1
  %t0 = shl i64 %current, 5
  %t1 = shl i64 %site1, 16
  %t2 = shl i64 %epoch, 32
  %t3 = shl i64 %sub, 48
  %t01 = or i64 %t0, %t1
  %t23 = or i64 %t2, %t3
  %t = or i64 %t01, %t23
  %tv.0 = insertelement {V} poison, i64 %t, i64 0
  %tv.1 = shufflevector {V} %tv.0, {V} poison, {W} zeroinitializer
  %mine = or {V} %tv.1, <{", ".join(f"i64 {n}" for n in range(WARP))}>
  %wide = zext {W} %offset to {V}
"""


class _Lines:
    """IR of one cell after the other, with names of their own."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.clashes: list[str] = []
        self.cell = 0
        self._count = 0

    def add(self, expression: str) -> str:
        self._count += 1
        name = f"%x{self._count}"
        self.text.append(f"  {name} = {expression}")
        return name

    def line(self, text: str) -> None:
        self.text.append(f"  {text}")

    def place(self, table: str) -> str:
        index = self.add(f"add {V} %index, splat (i64 {self.cell})") if self.cell else "%index"
        return self.add(f"getelementptr i64, ptr {table}, {V} {index}")

    def gather(self, at: str) -> str:
        return self.add(
            f"call {V} @llvm.masked.gather.v{WARP}i64.v{WARP}p0(<{WARP} x ptr> align 8 {at}, <{WARP} x i1> %lanes, {V} zeroinitializer)"
        )

    def scatter(self, at: str, value: str, lanes: str = "%lanes") -> None:
        self.line(
            f"call void @llvm.masked.scatter.v{WARP}i64.v{WARP}p0({V} {value}, <{WARP} x ptr> align 8 {at}, <{WARP} x i1> {lanes})"
        )

    def bits(self, a: str, mask: int, other: str = "%mine") -> str:
        """Where two cells agree in the bits of a mask."""
        differ = self.add(f"xor {V} {a}, {other}")
        part = self.add(f"and {V} {differ}, splat (i64 {_signed(mask)})")
        return self.add(f"icmp eq {V} {part}, zeroinitializer")

    def logic(self, how: str, a: str, c: str) -> str:
        return self.add(f"{how} <{WARP} x i1> {a}, {c}")

    def negate(self, a: str) -> str:
        return self.logic("xor", a, "splat (i1 true)")

    def word(self, a: str) -> str:
        return self.add(f"bitcast <{WARP} x i1> {self.logic('and', a, '%lanes')} to i32")

    def report(self, word: str, rule: str, other: str) -> None:
        """Reports lanes if there are any; `other` is the cell of the first of them."""
        self._count += 1
        n = self._count
        self.line(f"%some{n} = icmp ne i32 {word}, 0")
        self.line(f"br i1 %some{n}, label %say{n}, label %on{n}, !prof !1")
        self.text.append(f"say{n}:")
        self.line(f"%first{n} = call i32 @llvm.cttz.i32(i32 {word}, i1 true)")
        self.line(f"%other{n} = extractelement {V} {other}, i32 %first{n}")
        self.line(
            f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER[rule]}, i32 {word}, {V} %wide, i64 %other{n})"
        )
        self.line(f"br label %on{n}")
        self.text.append(f"on{n}:")


THREAD, WARP_BITS, EPOCH, SUB = 0x3FF, 0x3E0, 0xFFFF << 32, 0xFFFF << 48


def _signed(mask: int) -> int:
    return mask - (1 << 64) if mask >> 63 else mask


def _clash(x: _Lines, cell: str) -> tuple[str, str]:
    """Lanes to whom a cell's last access is not ordered, and those in whose cell a copy is under way."""
    epoch = x.bits(cell, EPOCH)
    other = x.negate(x.bits(cell, THREAD))
    foreign = x.negate(x.bits(cell, WARP_BITS))
    together = x.bits(cell, SUB)
    near = x.logic("or", foreign, together)
    clash = x.logic("and", epoch, x.logic("and", other, near))
    stamp = x.add(f"and {V} {cell}, splat (i64 {EPOCH})")
    flight = x.add(f"icmp eq {V} {stamp}, splat (i64 {_signed(IN_FLIGHT << 32)})")
    return clash, flight


def _read_cell(x: _Lines, checks: frozenset[str]) -> None:
    written = x.gather(x.place("%writers"))
    if "initcheck" in checks:
        never = x.word(x.add(f"icmp eq {V} {written}, zeroinitializer"))
        x.report(never, "uninitialised-shared", written)
    if "racecheck" not in checks:
        return
    clash, flight = _clash(x, written)
    x.report(x.word(clash), "read-after-write", written)
    x.report(x.word(flight), "in-flight", written)
    at = x.place("%readers")
    old = x.gather(at)
    now = x.bits(old, EPOCH)
    same_warp, same_sub = x.bits(old, WARP_BITS), x.bits(old, SUB)
    same_lane = x.bits(old, THREAD)
    many_warps = x.add(f"and {V} {old}, splat (i64 {MANY_WARPS})")
    many_lanes = x.add(f"and {V} {old}, splat (i64 {MANY_LANES})")
    lanes_here = x.add(f"select <{WARP} x i1> {same_lane}, {V} {many_lanes}, {V} splat (i64 {MANY_LANES})")
    lanes_now = x.add(f"select <{WARP} x i1> {same_sub}, {V} {lanes_here}, {V} zeroinitializer")
    flags = x.add(f"select <{WARP} x i1> {same_warp}, {V} {lanes_now}, {V} splat (i64 {MANY_WARPS})")
    flags = x.add(f"or {V} {flags}, {many_warps}")
    flags = x.add(f"select <{WARP} x i1> {now}, {V} {flags}, {V} zeroinitializer")
    new = x.add(f"or {V} %mine, {flags}")
    x.scatter(at, new)
    # Lanes that read the same cell at once: the last one's mark stands, so that all the others see it differ.
    after = x.gather(at)
    shared = x.negate(x.bits(after, THREAD))
    several = x.logic("and", shared, "%lanes")
    x.scatter(at, x.add(f"or {V} {new}, splat (i64 {MANY_LANES})"), several)


def _hazards(x: _Lines, *, flight_counts: bool) -> str:
    """Reports write-after-read; gives lanes whose write clashes with another write."""
    written = x.gather(x.place("%writers"))
    clash, flight = _clash(x, written)
    if flight_counts:
        x.report(x.word(flight), "in-flight", written)
    old = x.gather(x.place("%readers"))
    now = x.bits(old, EPOCH)
    warps = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_WARPS})')}, zeroinitializer")
    lanes = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_LANES})')}, zeroinitializer")
    foreign = x.negate(x.bits(old, WARP_BITS))
    other = x.logic("or", x.negate(x.bits(old, THREAD)), lanes)
    near = x.logic("and", other, x.bits(old, SUB))
    read = x.logic("or", warps, x.logic("or", foreign, near))
    x.report(x.word(x.logic("and", now, read)), "write-after-read", old)
    return x.word(clash)


def _write_cell(x: _Lines, checks: frozenset[str]) -> None:
    at = x.place("%writers")
    if "racecheck" in checks:
        x.clashes.append(_hazards(x, flight_counts=True))
    x.scatter(at, "%mine")
    if "racecheck" in checks:
        after = x.gather(at)
        x.clashes.append(x.word(x.negate(x.bits(after, THREAD))))


def _atomic_cell(x: _Lines, checks: frozenset[str]) -> None:
    """Written, in no epoch that could clash."""
    del checks
    x.scatter(x.place("%writers"), x.add(f"and {V} %mine, splat (i64 4294967295)"))


def _flight_cell(x: _Lines, checks: frozenset[str]) -> None:
    """A copy that has been asked for may land at any time until it is waited for."""
    if "racecheck" in checks:
        clash = _hazards(x, flight_counts=False)
        x.report(clash, "write-after-write", "%mine")
        mark = x.add(f"or {V} %mine, splat (i64 {EPOCH})")
        x.scatter(x.place("%writers"), mark)


def _land_cell(x: _Lines, checks: frozenset[str]) -> None:
    del checks
    x.scatter(x.place("%writers"), "%mine")


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


# -- global memory: which bytes of an output have been written


def note_helpers(f: WarpFunction) -> None:
    """Functions that note what was written of buffers with a shadow, and look it up."""
    if "noted" in f.unit.helpers:
        return
    f.unit.helpers["noted"] = f"""
define internal ptr @owner(ptr %ctx, i64 %address) {{
entry:
  %table.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["allocations"]}
  %table = load ptr, ptr %table.at
  %count.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["allocation_count"]}
  %count = load i64, ptr %count.at
  br label %search
search:
  %k = phi i64 [0, %entry], [%k1, %on]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %probe, label %none
probe:
  %o = mul i64 %k, {ALLOCATION_SIZE}
  %e = getelementptr i8, ptr %table, i64 %o
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %rel = sub i64 %address, %lo
  %span = sub i64 %hi, %lo
  %in = icmp ult i64 %rel, %span
  br i1 %in, label %found, label %on
on:
  %k1 = add i64 %k, 1
  br label %search
found:
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load i64, ptr %e16
  %kept = icmp ne i64 %shadow, 0
  br i1 %kept, label %give, label %none
give:
  ret ptr %e
none:
  ret ptr null
}}
define internal void @noted_span(ptr %ctx, i32 %site, i64 %address, i64 %size) noinline {{
  %e = call ptr @owner(ptr %ctx, i64 %address)
  %no = icmp eq ptr %e, null
  br i1 %no, label %end, label %mark
mark:
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load ptr, ptr %e16
  %e32 = getelementptr i8, ptr %e, i64 32
  %site64 = zext i32 %site to i64
  %site1 = add i64 %site64, 1
  store i64 %site1, ptr %e32
  %rel = sub i64 %address, %lo
  %left = sub i64 %hi, %address
  %short = icmp ult i64 %left, %size
  %n = select i1 %short, i64 %left, i64 %size
  %at = getelementptr i8, ptr %shadow, i64 %rel
  call void @llvm.memset.p0.i64(ptr %at, i8 1, i64 %n, i1 false)
  br label %end
end:
  ret void
}}
define internal void @noted_write(ptr %ctx, i32 %site, {V} %address, i32 %mask, i64 %size) noinline {{
entry:
  %spill = alloca {V}
  store {V} %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %a.at = getelementptr i64, ptr %spill, i64 %l64
  %a = load i64, ptr %a.at
  call void @noted_span(ptr %ctx, i32 %site, i64 %a, i64 %size)
  br label %lane
end:
  ret void
}}
define internal void @noted_read(ptr %ctx, i32 %site, {V} %address, i32 %mask, i64 %size) noinline {{
entry:
  %spill = alloca {V}
  store {V} %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %bad = phi i32 [0, %entry], [%bad1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %a.at = getelementptr i64, ptr %spill, i64 %l64
  %a = load i64, ptr %a.at
  %e = call ptr @owner(ptr %ctx, i64 %a)
  %no = icmp eq ptr %e, null
  br i1 %no, label %next, label %look
look:
  %lo = load i64, ptr %e
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load ptr, ptr %e16
  %rel = sub i64 %a, %lo
  %at = getelementptr i8, ptr %shadow, i64 %rel
  %mark = load i8, ptr %at
  %unset = icmp eq i8 %mark, 0
  %this = select i1 %unset, i32 %bit, i32 0
  br label %next
next:
  %hit = phi i32 [0, %one], [%this, %look]
  %bad1 = or i32 %bad, %hit
  br label %lane
end:
  %any = icmp ne i32 %bad, 0
  br i1 %any, label %say, label %done
say:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["uninitialised-global"]}, i32 %bad, {V} %address, i64 0)
  br label %done
done:
  ret void
}}
"""

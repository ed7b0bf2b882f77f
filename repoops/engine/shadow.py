"""What is remembered of each cell of shared memory: who wrote and read it last, and when.

A cell of shared memory is 64 bits: thread (10), flags (2), site + 1 (16), epoch (16), warp's sub-epoch
(16). The epoch counts the block's barriers, the sub-epoch the warp's `__syncwarp`. Two accesses of
different threads, one of them a write, are a race if they fall into the same epoch, and, within one
warp, into the same sub-epoch. A cell that is zero was never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, ir
from repoops.engine.builder import BITS, WARP, Value, integer
from repoops.engine.context import OFFSETS
from repoops.engine.fields import field
from repoops.engine.records import NUMBER

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction
    from repoops.engine.unit import Unit

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
    return ir.text("renewal.ll")


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
    mark(f, how, address, word, "read" if address.lanes else "read_one")


def write(
    f: WarpFunction, how: access.Access, address: Value, word: Value, values: Sequence[Value]
) -> tuple[Value, Value] | None:
    """Notes a write, before it happens; of two that race it is told whether they write the same.

    Returns:
        Offsets, and the lanes that others of the same instruction overwrite: for `after`.
    """
    b = f.b
    offset, lanes = _place(f, how, address, word)
    name = helper(f, how.size, "write")
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
    """Notes an access of a kind: `read`, `read_one` (all lanes one place), `atomic` (written, racing with nobody), `flight` (a copy that is asked for)."""
    offset, lanes = _place(f, how, address, word)
    name = helper(f, how.size, kind)
    f.b.line(f"call i64 @{name}(ptr %ctx, i32 {f.site(how.what)}, {offset}, {lanes})")


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
    body = {"read": _read_cell, "write": _write_cell, "atomic": _atomic_cell, "flight": _flight_cell,
            "land": _land_cell, "read_one": _read_one_cell}[kind]  # fmt: skip
    one = kind == "read_one"
    apart, side = _Lines("a"), _Lines("s")
    for n in range(cells):
        apart.cell = n
        body(apart, f.unit)
    # Lanes side by side touch cells side by side: 32 cells at a time, each with the lane it belongs to.
    for n in range(0 if one else cells):
        side.span(n, cells, granule)
        body(side, f.unit)
    head = (
        (_HEAD_ONE if one else _HEAD)
        .replace("@GRANULE", str(granule.bit_length() - 1))
        .replace("@SIZE", str(size))
    )
    kind_of = "i32" if one else W
    steps = "" if one else _SIDE.replace("@STEPS", ", ".join(f"i32 {n * size}" for n in range(WARP)))
    f.unit.helpers[name] = (
        f"define internal i64 @{name}(ptr %ctx, i32 %site, {kind_of} %offset, i32 %mask) noinline {{\nentry:\n"
        + head + steps + "\n".join(apart.text) + "\n" + apart.result()
        + ("" if one else "side:\n" + "\n".join(side.text) + "\n" + side.result()) + "}\n"
    )  # fmt: skip
    return name


_COMMON = f"""
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
"""
_HEAD = (
    _COMMON
    + f"""
  %lanes = bitcast i32 %mask to <{WARP} x i1>
  %index = lshr {W} %offset, splat (i32 @GRANULE)
  %tv.0 = insertelement {V} poison, i64 %t, i64 0
  %tv = shufflevector {V} %tv.0, {V} poison, {W} zeroinitializer
  %mine = or {V} %tv, <{", ".join(f"i64 {n}" for n in range(WARP))}>
  %wide = zext {W} %offset to {V}
"""
)
_SIDE = f"""
  %first = extractelement {W} %offset, i64 0
  %first.0 = insertelement {W} poison, i32 %first, i64 0
  %first.v = shufflevector {W} %first.0, {W} poison, {W} zeroinitializer
  %wanted = add {W} %first.v, <@STEPS>
  %equal = icmp eq {W} %wanted, %offset
  %equal.w = bitcast <{WARP} x i1> %equal to i32
  %both = and i32 %equal.w, %mask
  %consecutive = icmp eq i32 %both, -1
  %index.0 = extractelement {W} %index, i64 0
  %begin = zext i32 %index.0 to i64
  br i1 %consecutive, label %side, label %apart
apart:
"""
_HEAD_ONE = (
    """
  %nobody = icmp eq i32 %mask, 0
  br i1 %nobody, label %nothing, label %somebody
nothing:
  ret i64 0
somebody:
"""
    + _COMMON
    + f"""
  %lane = call i32 @llvm.cttz.i32(i32 %mask, i1 false)
  %lane64 = zext i32 %lane to i64
  %mine = or i64 %t, %lane64
  %index = lshr i32 %offset, @GRANULE
  %wide.0 = zext i32 %offset to i64
  %wide.1 = insertelement {V} poison, i64 %wide.0, i64 0
  %wide = shufflevector {V} %wide.1, {V} poison, {W} zeroinitializer
"""
)


class _Lines:
    """IR of one cell of every lane after the other, or of 32 cells side by side; names of its own."""

    def __init__(self, prefix: str) -> None:
        self.text: list[str] = []
        self.clashes: list[str] = []
        self.meetings: list[str] = []
        self.cell = 0
        self.mine, self.wide, self.lanes = "%mine", "%wide", "%lanes"
        self._prefix, self._count, self._span = prefix, 0, -1

    def span(self, number: int, cells: int, granule: int) -> None:
        """From here on: cells 32 * number and following of the lanes' common range."""
        self._span = number
        owners = [(WARP * number + n) // cells for n in range(WARP)]
        self.mine = self.add(f"or {V} %tv, <{', '.join(f'i64 {n}' for n in owners)}>")
        first = self.add("zext i32 %first to i64")
        spread = self.add(f"insertelement {V} poison, i64 {first}, i64 0")
        base = self.add(f"shufflevector {V} {spread}, {V} poison, {W} zeroinitializer")
        steps = ", ".join(f"i64 {(WARP * number + n) * granule}" for n in range(WARP))
        self.wide = self.add(f"add {V} {base}, <{steps}>")
        self.lanes = "splat (i1 true)"

    def add(self, expression: str) -> str:
        self._count += 1
        name = f"%{self._prefix}{self._count}"
        self.text.append(f"  {name} = {expression}")
        return name

    def line(self, text: str) -> None:
        self.text.append(f"  {text}")

    def place(self, table: str) -> str:
        if self._span >= 0:
            index = self.add(f"add i64 %begin, {WARP * self._span}")
            return self.add(f"getelementptr i64, ptr {table}, i64 {index}")
        index = self.add(f"add {W} %index, splat (i32 {self.cell})") if self.cell else "%index"
        return self.add(f"getelementptr i64, ptr {table}, {W} {index}")

    def gather(self, at: str) -> str:
        if self._span >= 0:
            return self.add(f"load {V}, ptr {at}, align 8")
        return self.add(
            f"call {V} @llvm.masked.gather.v{WARP}i64.v{WARP}p0(<{WARP} x ptr> align 8 {at}, <{WARP} x i1> %lanes, {V} zeroinitializer)"
        )

    def scatter(self, at: str, value: str) -> None:
        if self._span >= 0:
            self.line(f"store {V} {value}, ptr {at}, align 8")
            return
        self.line(
            f"call void @llvm.masked.scatter.v{WARP}i64.v{WARP}p0({V} {value}, <{WARP} x ptr> align 8 {at}, <{WARP} x i1> %lanes)"
        )

    @property
    def apart(self) -> bool:
        """Whether lanes may meet in a cell."""
        return self._span < 0

    def bits(self, a: str, mask: int) -> str:
        """Where a cell agrees with the lane's own mark in the bits of a mask."""
        differ = self.add(f"xor {V} {a}, {self.mine}")
        part = self.add(f"and {V} {differ}, splat (i64 {_signed(mask)})")
        return self.add(f"icmp eq {V} {part}, zeroinitializer")

    def logic(self, how: str, a: str, c: str) -> str:
        return self.add(f"{how} <{WARP} x i1> {a}, {c}")

    def negate(self, a: str) -> str:
        return self.logic("xor", a, "splat (i1 true)")

    def word(self, a: str) -> str:
        """The lanes in question as an i32."""
        return self.add(f"bitcast <{WARP} x i1> {self.logic('and', a, self.lanes)} to i32")

    def branch(self, condition: str) -> tuple[str, str]:
        """Goes into a part that is seldom needed; gives the label it has and the one after it (see `close`)."""
        self._count += 1
        some, after = f"{self._prefix}some{self._count}", f"{self._prefix}after{self._count}"
        self.line(f"br i1 {condition}, label %{some}, label %{after}, !prof !1")
        self.text.append(f"{some}:")
        return some, after

    def close(self, after: str) -> None:
        """The end of such a part."""
        self.line(f"br label %{after}")
        self.text.append(f"{after}:")

    def report(self, word: str, rule: str, other: str) -> None:
        """Reports lanes if there are any; `other` is the cell of the first of them."""
        any_ = self.add(f"icmp ne i32 {word}, 0")
        _, after = self.branch(any_)
        first = self.add(f"call i32 @llvm.cttz.i32(i32 {word}, i1 true)")
        cell = self.add(f"extractelement {V} {other}, i32 {first}")
        self.line(
            f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER[rule]}, i32 {word}, {V} {self.wide}, i64 {cell})"
        )
        self.close(after)

    def result(self) -> str:
        """Returns the lanes whose write clashes with an earlier one, and above them those overwritten by other lanes."""
        lines = []
        for word, found in (("clash", self.clashes), ("meet", self.meetings)):
            last = "0"
            for n, one in enumerate(found):
                lines.append(f"  %{self._prefix}{word}{n} = or i32 {last}, {one}")
                last = f"%{self._prefix}{word}{n}"
            lines.append(f"  %{self._prefix}{word} = zext i32 {last} to i64")
        name = self._prefix
        lines.append(f"  %{name}high = shl i64 %{name}meet, 32")
        lines.append(f"  %{name}both = or i64 %{name}high, %{name}clash")
        return "\n".join([*lines, f"  ret i64 %{name}both\n"])


THREAD, WARP_BITS, EPOCH, SUB = 0x3FF, 0x3E0, 0xFFFF << 32, 0xFFFF << 48


def _signed(mask: int) -> int:
    return mask - (1 << 64) if mask >> 63 else mask


def _clash(x: _Lines, cell: str) -> str:
    """Lanes to whom a cell's last access is not ordered."""
    epoch = x.bits(cell, EPOCH)
    other = x.negate(x.bits(cell, THREAD))
    foreign = x.negate(x.bits(cell, WARP_BITS))
    together = x.bits(cell, SUB)
    near = x.logic("or", foreign, together)
    return x.logic("and", epoch, x.logic("and", other, near))


def _flight(x: _Lines, cell: str) -> str:
    """Lanes in whose cell a copy is under way."""
    stamp = x.add(f"and {V} {cell}, splat (i64 {EPOCH})")
    return x.add(f"icmp eq {V} {stamp}, splat (i64 {_signed(IN_FLIGHT << 32)})")


def _suspect(x: _Lines, cell: str, unit: Unit) -> str:
    """Whether any cell is worth a second look: never written, written in this epoch, or with a copy under way."""
    found = x.bits(cell, EPOCH) if "racecheck" in unit.checks else "zeroinitializer"
    if unit.copies and "racecheck" in unit.checks:
        found = x.logic("or", found, _flight(x, cell))
    if "initcheck" in unit.checks:
        found = x.logic("or", found, x.add(f"icmp eq {V} {cell}, zeroinitializer"))
    return x.add(f"icmp ne i32 {x.word(found)}, 0")


def _read_cell(x: _Lines, unit: Unit) -> None:
    written = x.gather(x.place("%writers"))
    _, after = x.branch(_suspect(x, written, unit))
    if "initcheck" in unit.checks:
        never = x.word(x.add(f"icmp eq {V} {written}, zeroinitializer"))
        x.report(never, "uninitialised-shared", written)
    if "racecheck" in unit.checks:
        x.report(x.word(_clash(x, written)), "read-after-write", written)
        if unit.copies:
            x.report(x.word(_flight(x, written)), "in-flight", written)
    x.close(after)
    if "racecheck" not in unit.checks:
        return
    at = x.place("%readers")
    old = x.gather(at)
    now, same_lane = x.bits(old, EPOCH | SUB), x.bits(old, THREAD)
    # Known already: read by this thread in this epoch, or by several warps, to whom one more adds nothing.
    many = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_WARPS})')}, zeroinitializer")
    known = x.logic("or", x.logic("and", now, same_lane), x.logic("and", x.bits(old, EPOCH), many))
    _, after = x.branch(x.add(f"icmp ne i32 {x.word(x.negate(known))}, 0"))
    x.scatter(at, x.add(f"or {V} {x.mine}, {_flags(x, old, same_lane)}"))
    x.close(after)


def _flags(x: _Lines, old: str, same_lane: str) -> str:
    """Of a cell that is read again in its epoch: whether several lanes of a warp, or several warps, have read it."""
    now, same_warp, same_sub = x.bits(old, EPOCH), x.bits(old, WARP_BITS), x.bits(old, SUB)
    many_warps = x.add(f"and {V} {old}, splat (i64 {MANY_WARPS})")
    many_lanes = x.add(f"and {V} {old}, splat (i64 {MANY_LANES})")
    here = x.add(f"select <{WARP} x i1> {same_lane}, {V} {many_lanes}, {V} splat (i64 {MANY_LANES})")
    lanes = x.add(f"select <{WARP} x i1> {same_sub}, {V} {here}, {V} zeroinitializer")
    flags = x.add(f"select <{WARP} x i1> {same_warp}, {V} {lanes}, {V} splat (i64 {MANY_WARPS})")
    flags = x.add(f"or {V} {flags}, {many_warps}")
    return x.add(f"select <{WARP} x i1> {now}, {V} {flags}, {V} zeroinitializer")


def _read_one_cell(x: _Lines, unit: Unit) -> None:
    """One place for all lanes: scalars, and the vectors' way where there is something to tell."""
    index = x.add("zext i32 %index to i64")
    index = x.add(f"add i64 {index}, {x.cell}") if x.cell else index
    at = x.add(f"getelementptr i64, ptr %writers, i64 {index}")
    written = x.add(f"load i64, ptr {at}")
    stamp = x.add(f"and i64 {written}, {EPOCH}")
    own = x.add(f"and i64 %mine, {EPOCH}")
    if "initcheck" in unit.checks:
        _tell_one(x, x.add(f"icmp eq i64 {written}, 0"), "uninitialised-shared", written)
    if "racecheck" not in unit.checks:
        return
    differ = x.add(f"xor i64 {written}, %mine")
    foreign = x.add(f"icmp ne i64 {x.add(f'and i64 {differ}, {WARP_BITS}')}, 0")
    together = x.add(f"icmp eq i64 {x.add(f'and i64 {differ}, {_signed(SUB)}')}, 0")
    # In the same sub-epoch all lanes but the one that wrote race with it.
    several = x.add("call i32 @llvm.ctpop.i32(i32 %mask)")
    alone = x.add(f"icmp eq i32 {several}, 1")
    itself = x.add(f"icmp eq i64 {x.add(f'and i64 {differ}, {THREAD}')}, 0")
    own_alone = x.add(f"and i1 {alone}, {itself}")
    others = x.add(f"xor i1 {own_alone}, true")
    near = x.add(f"or i1 {foreign}, {x.add(f'and i1 {together}, {others}')}")
    clash = x.add(f"and i1 {x.add(f'icmp eq i64 {stamp}, {own}')}, {near}")
    _tell_one(x, clash, "read-after-write", written)
    if unit.copies:
        _tell_one(x, x.add(f"icmp eq i64 {stamp}, {IN_FLIGHT << 32}"), "in-flight", written)
    reader = x.add(f"getelementptr i64, ptr %readers, i64 {index}")
    old = x.add(f"load i64, ptr {reader}")
    change = x.add(f"xor i64 {old}, %mine")
    now = x.add(f"icmp eq i64 {x.add(f'and i64 {change}, {EPOCH}')}, 0")
    elsewhere = x.add(f"icmp ne i64 {x.add(f'and i64 {change}, {WARP_BITS}')}, 0")
    warps = x.add(f"select i1 {elsewhere}, i64 {MANY_WARPS}, i64 {x.add(f'and i64 {old}, {MANY_WARPS}')}")
    kept = x.add(f"select i1 {now}, i64 {warps}, i64 0")
    lanes = x.add(f"select i1 {alone}, i64 0, i64 {MANY_LANES}")
    flags = x.add(f"or i64 {kept}, {lanes}")
    x.line(f"store i64 {x.add(f'or i64 %mine, {flags}')}, ptr {reader}")


def _tell_one(x: _Lines, condition: str, rule: str, cell: str) -> None:
    _, after = x.branch(condition)
    x.line(f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER[rule]}, i32 %mask, {V} %wide, i64 {cell})")
    x.close(after)


def _hazards(x: _Lines, unit: Unit, *, flight_counts: bool) -> str:
    """Reports write-after-read; gives lanes whose write clashes with another write."""
    written = x.gather(x.place("%writers"))
    if flight_counts and unit.copies:
        x.report(x.word(_flight(x, written)), "in-flight", written)
    old = x.gather(x.place("%readers"))
    now = x.bits(old, EPOCH)
    warps = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_WARPS})')}, zeroinitializer")
    lanes = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_LANES})')}, zeroinitializer")
    foreign = x.negate(x.bits(old, WARP_BITS))
    other = x.logic("or", x.negate(x.bits(old, THREAD)), lanes)
    near = x.logic("and", other, x.bits(old, SUB))
    read = x.logic("or", warps, x.logic("or", foreign, near))
    x.report(x.word(x.logic("and", now, read)), "write-after-read", old)
    return x.word(_clash(x, written))


def _write_cell(x: _Lines, unit: Unit) -> None:
    at = x.place("%writers")
    if "racecheck" in unit.checks:
        x.clashes.append(_hazards(x, unit, flight_counts=True))
    x.scatter(at, x.mine)
    if "racecheck" in unit.checks and x.apart:
        # Lanes that write the same cell at once: the last one's mark stands, all others see it differ.
        after = x.gather(at)
        x.meetings.append(x.word(x.negate(x.bits(after, THREAD))))


def _atomic_cell(x: _Lines, unit: Unit) -> None:
    """Written, in no epoch that could clash."""
    del unit
    x.scatter(x.place("%writers"), x.add(f"and {V} {x.mine}, splat (i64 4294967295)"))


def _flight_cell(x: _Lines, unit: Unit) -> None:
    """A copy that has been asked for may land at any time until it is waited for."""
    if "racecheck" in unit.checks:
        clash = _hazards(x, unit, flight_counts=False)
        x.report(clash, "write-after-write", x.mine)
        x.scatter(x.place("%writers"), x.add(f"or {V} {x.mine}, splat (i64 {EPOCH})"))


def _land_cell(x: _Lines, unit: Unit) -> None:
    del unit
    x.scatter(x.place("%writers"), x.mine)


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

"""Cells of shared memory, looked at one access at a time: lane by lane who wrote and read them last, and what that means.

These functions are exact and slow. `shadow` calls them where its quick looks find something that may be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine.builder import WARP
from repoops.engine.context import OFFSETS
from repoops.engine.records import NUMBER

if TYPE_CHECKING:
    from repoops.engine.unit import Unit

V, W = f"<{WARP} x i64>", f"<{WARP} x i32>"
MANY_LANES, MANY_WARPS = 1 << 10, 1 << 11
IN_FLIGHT, LONG_AGO = 0xFFFF, 0xFFFE
"""Stamps of cells that a copy is under way to, and of those written when no access could race with it."""
THREAD, WARP_BITS, EPOCH, SUB = 0x3FF, 0x3E0, 0xFFFF << 32, 0xFFFF << 48
GATHER = f"llvm.masked.gather.v{WARP}i64.v{WARP}p0"
SCATTER = f"llvm.masked.scatter.v{WARP}i64.v{WARP}p0"
GATHER_STAMPS = f"llvm.masked.gather.v{WARP}i32.v{WARP}p0"


def load(name: str, kind: str) -> str:
    """IR that loads a field of the context into a value of its name."""
    return f"  %{name}.at = getelementptr i8, ptr %ctx, i64 {OFFSETS[name]}\n  %{name} = load {kind}, ptr %{name}.at\n"


TABLES = load("writers", "ptr") + load("readers", "ptr") + load("stamps", "ptr") + load("shared_size", "i64")
NOW = (
    load("epoch", "i64") + load("current", "i64") + load("warp_epochs", "ptr")
    + "  %sub.at = getelementptr i64, ptr %warp_epochs, i64 %current\n  %sub = load i64, ptr %sub.at\n"
    "  %t0 = shl i64 %current, 5\n  %t2 = shl i64 %epoch, 32\n  %t3 = shl i64 %sub, 48\n"
    "  %t02 = or i64 %t0, %t2\n  %t = or i64 %t02, %t3\n"
)  # fmt: skip
"""`%t`: the marks of this warp at this time, without site and lane."""
MINE = f"""  %site64 = zext i32 %site to i64
  %site1 = add i64 %site64, 1
  %t1 = shl i64 %site1, 16
  %tt = or i64 %t, %t1
  %tv.0 = insertelement {V} poison, i64 %tt, i64 0
  %tv = shufflevector {V} %tv.0, {V} poison, {W} zeroinitializer
  %mine = or {V} %tv, <{", ".join(f"i64 {n}" for n in range(WARP))}>
"""
WHEN = """  %when.0 = lshr i64 %t, 32
  %when = trunc i64 %when.0 to i32
  %when.1 = and i32 %when, 65535
  %when.16 = trunc i64 %when.0 to i16
"""
WHEN_LANES = f"""  %when.i = insertelement {W} poison, i32 %when.1, i64 0
  %when.v = shufflevector {W} %when.i, {W} poison, {W} zeroinitializer
"""
LANES = f"""  %lanes = bitcast i32 %mask to <{WARP} x i1>
  %index = lshr {W} %offset, splat (i32 @SHIFT)
  %wide = zext {W} %offset to {V}
"""
_INSIDE = f"""  %size32 = trunc i64 %shared_size to i32
  %room = call i32 @llvm.usub.sat.i32(i32 %size32, i32 @LESS)
  %room.0 = insertelement {W} poison, i32 %room, i64 0
  %room.v = shufflevector {W} %room.0, {W} poison, {W} zeroinitializer
  %in = icmp ult {W} %offset, %room.v
  %in.w = bitcast <{WARP} x i1> %in to i32
  %mask = and i32 %in.w, %given
"""


def declare(unit: Unit) -> None:
    """Names LLVM's functions that cells are reached by."""
    lanes = f"<{WARP} x ptr>, <{WARP} x i1>"
    unit.declarations[GATHER] = f"declare {V} @{GATHER}({lanes}, {V})"
    unit.declarations[SCATTER] = f"declare void @{SCATTER}({V}, {lanes})"
    unit.declarations[GATHER_STAMPS] = f"declare {W} @{GATHER_STAMPS}({lanes}, {W})"
    unit.declarations["llvm.usub.sat.i32"] = "declare i32 @llvm.usub.sat.i32(i32, i32)"


def reading(unit: Unit, size: int, *, one: bool, copied: bool = False) -> tuple[str, str]:
    """The functions that look at what a read must not see, and that note a read, made once.

    Args:
        unit: the kernel.
        size: bytes of the read.
        one: whether all lanes read one place, or each its own.
        copied: whether what is read only goes elsewhere: then it may hold bytes that nobody wrote, if not all are such.
    """
    declare(unit)
    names = []
    for what in ("look", "note"):
        name = f"{what}_{'copied_' if copied and what == 'look' else ''}{'one_' if one else ''}{size}"
        names.append(name)
        if name not in unit.helpers:
            unit.helpers[name] = _reader(unit, name, what, size, one=one, copied=copied)
    return names[0], names[1]


def _reader(unit: Unit, name: str, what: str, size: int, *, one: bool, copied: bool) -> str:
    kind = "i32" if one else W
    head = f"define internal void @{name}(ptr %ctx, i32 %site, {kind} %offset, i32 %given, i64 %t) cold noinline {{\n"
    if what == "note" and "racecheck" not in unit.checks:
        return head + "  ret void\n}\n"
    x = Lines("a")
    if one:
        body = _look_one if what == "look" else _note_one
        start = TABLES + _HEAD_ONE + WHEN
    else:
        body = _look if what == "look" else _note
        start = TABLES + _INSIDE + MINE + LANES + WHEN + WHEN_LANES
    for n in range(cells(unit, size)):
        x.cell = n
        body(x, unit)
        if not copied or n == cells(unit, size) - 1:
            _unwritten(x, one=one)
    text = fill(start, unit, size) + "\n".join(x.text) + "\n  ret void\n}\n"
    return head + text


def fill(text: str, unit: Unit, size: int) -> str:
    """Sizes in place of their names."""
    return text.replace("@SHIFT", str(unit.granule.bit_length() - 1)).replace("@LESS", str(size - 1))


def cells(unit: Unit, size: int) -> int:
    """Cells of an access."""
    return max(1, size // unit.granule)


_HEAD_ONE = (
    """  %size32 = trunc i64 %shared_size to i32
  %room = call i32 @llvm.usub.sat.i32(i32 %size32, i32 @LESS)
  %in = icmp ult i32 %offset, %room
  %mask = select i1 %in, i32 %given, i32 0
  %nobody = icmp eq i32 %mask, 0
  br i1 %nobody, label %nothing, label %somebody
nothing:
  ret void
somebody:
"""
    + MINE.partition("  %tv.0")[0]
    + f"""  %lane = call i32 @llvm.cttz.i32(i32 %mask, i1 false)
  %lane64 = zext i32 %lane to i64
  %mine = or i64 %tt, %lane64
  %index = lshr i32 %offset, @SHIFT
  %wide.0 = zext i32 %offset to i64
  %wide.1 = insertelement {V} poison, i64 %wide.0, i64 0
  %wide = shufflevector {V} %wide.1, {V} poison, {W} zeroinitializer
"""
)


class Lines:
    """IR of one cell of every lane after the other; names of its own."""

    def __init__(self, prefix: str) -> None:
        self.text: list[str] = []
        self.clashes: list[str] = []
        self.meetings: list[str] = []
        self.nevers: list[str] = []
        self.cell = 0
        self._prefix, self._count = prefix, 0

    def add(self, expression: str) -> str:
        """A line with a result; its name."""
        self._count += 1
        name = f"%{self._prefix}{self._count}"
        self.text.append(f"  {name} = {expression}")
        return name

    def line(self, text: str) -> None:
        """A line without one."""
        self.text.append(f"  {text}")

    def index(self) -> str:
        """The number of each lane's cell."""
        return self.add(f"add {W} %index, splat (i32 {self.cell})") if self.cell else "%index"

    def place(self, table: str) -> str:
        """The addresses of the lanes' cells in a table of words of 64 bits."""
        return self.add(f"getelementptr i64, ptr {table}, {W} {self.index()}")

    def gather(self, at: str) -> str:
        """The cells at these addresses, zeros in lanes that take no part."""
        return self.add(
            f"call {V} @{GATHER}(<{WARP} x ptr> align 8 {at}, <{WARP} x i1> %lanes, {V} zeroinitializer)"
        )

    def stamps(self) -> str:
        """When each cell was written."""
        at = self.add(f"getelementptr i16, ptr %stamps, {W} {self.index()}")
        both = self.add(
            f"call {W} @{GATHER_STAMPS}(<{WARP} x ptr> align 2 {at}, <{WARP} x i1> %lanes, {W} zeroinitializer)"
        )
        return self.add(f"and {W} {both}, splat (i32 65535)")

    def stamp(self) -> None:
        """Says when each cell was written: `%value`."""
        self.line(f"call void @stamp(ptr %ctx, {W} {self.index()}, i32 %mask, i16 %value)")

    def scatter(self, at: str, value: str) -> None:
        """Stores to the cells at these addresses."""
        self.line(f"call void @{SCATTER}({V} {value}, <{WARP} x ptr> align 8 {at}, <{WARP} x i1> %lanes)")

    def bits(self, a: str, mask: int) -> str:
        """Where a cell agrees with the lane's own mark in the bits of a mask."""
        differ = self.add(f"xor {V} {a}, %mine")
        part = self.add(f"and {V} {differ}, splat (i64 {_signed(mask)})")
        return self.add(f"icmp eq {V} {part}, zeroinitializer")

    def logic(self, how: str, a: str, c: str) -> str:
        """`and`, `or`, `xor` of conditions by lane."""
        return self.add(f"{how} <{WARP} x i1> {a}, {c}")

    def negate(self, a: str) -> str:
        """A condition's opposite."""
        return self.logic("xor", a, "splat (i1 true)")

    def word(self, a: str) -> str:
        """The lanes in question as an i32."""
        return self.add(f"bitcast <{WARP} x i1> {self.logic('and', a, '%lanes')} to i32")

    def branch(self, condition: str) -> str:
        """Goes into a part that is seldom needed; gives the label after it, for `close`."""
        self._count += 1
        some, after = f"{self._prefix}some{self._count}", f"{self._prefix}after{self._count}"
        self.line(f"br i1 {condition}, label %{some}, label %{after}, !prof !1")
        self.text.append(f"{some}:")
        return after

    def close(self, after: str) -> None:
        """The end of such a part."""
        self.line(f"br label %{after}")
        self.text.append(f"{after}:")

    def report(self, word: str, rule: str, other: str) -> None:
        """Reports lanes if there are any; `other` is the cell of the first of them."""
        after = self.branch(self.add(f"icmp ne i32 {word}, 0"))
        first = self.add(f"call i32 @llvm.cttz.i32(i32 {word}, i1 true)")
        cell = self.add(f"extractelement {V} {other}, i32 {first}")
        self.line(
            f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER[rule]}, i32 {word}, {V} %wide, i64 {cell})"
        )
        self.close(after)

    def loose(self, cell: str) -> str:
        """Lanes to whom a cell of an earlier sub-epoch of their warp is not ordered: only parts of it have met since."""
        word = self.add(f"call i32 @loose(ptr %ctx, {V} {cell}, i32 %mask)")
        return self.add(f"bitcast i32 {word} to <{WARP} x i1>")

    def result(self) -> str:
        """Returns the lanes whose write clashes with an earlier one, and above them those overwritten by other lanes."""
        name = self._prefix
        lines = []
        for word, found in (("clash", self.clashes), ("meet", self.meetings)):
            last = "0"
            for n, one in enumerate(found):
                lines.append(f"  %{name}{word}{n} = or i32 {last}, {one}")
                last = f"%{name}{word}{n}"
            lines.append(f"  %{name}{word} = zext i32 {last} to i64")
        lines.append(f"  %{name}high = shl i64 %{name}meet, 32")
        lines.append(f"  %{name}both = or i64 %{name}high, %{name}clash")
        return "\n".join([*lines, f"  ret i64 %{name}both\n"])


def _signed(mask: int) -> int:
    return mask - (1 << 64) if mask >> 63 else mask


def _clash(x: Lines, stamps: str, cell: str) -> str:
    """Lanes to whom a cell's last write is not ordered."""
    now = x.add(f"icmp eq {W} {stamps}, %when.v")
    other = x.negate(x.bits(cell, THREAD))
    foreign = x.negate(x.bits(cell, WARP_BITS))
    near = x.logic("or", x.logic("or", foreign, x.bits(cell, SUB)), x.loose(cell))
    return x.logic("and", now, x.logic("and", other, near))


def _flight(x: Lines, stamps: str) -> str:
    """Lanes in whose cell a copy is under way."""
    return x.add(f"icmp eq {W} {stamps}, splat (i32 {IN_FLIGHT})")


def _look(x: Lines, unit: Unit) -> None:
    stamps = x.stamps()
    written = x.gather(x.place("%writers")) if "racecheck" in unit.checks else "zeroinitializer"
    if "initcheck" in unit.checks:
        x.nevers.append(x.add(f"icmp eq {W} {stamps}, zeroinitializer"))
    if "racecheck" in unit.checks:
        x.report(x.word(_clash(x, stamps, written)), "read-after-write", written)
        if unit.copies:
            x.report(x.word(_flight(x, stamps)), "in-flight", written)


def _note(x: Lines, unit: Unit) -> None:
    del unit
    at = x.place("%readers")
    old = x.gather(at)
    now, same_lane = x.bits(old, EPOCH | SUB), x.bits(old, THREAD)
    # Known already: read by this thread in this epoch, or by several warps, to whom one more adds nothing.
    many = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_WARPS})')}, zeroinitializer")
    known = x.logic("or", x.logic("and", now, same_lane), x.logic("and", x.bits(old, EPOCH), many))
    after = x.branch(x.add(f"icmp ne i32 {x.word(x.negate(known))}, 0"))
    x.scatter(at, x.add(f"or {V} %mine, {_flags(x, old, same_lane)}"))
    x.close(after)


def _flags(x: Lines, old: str, same_lane: str) -> str:
    """Of a cell that is read again in its epoch: whether several lanes of a warp, or several warps, have read it."""
    now, same_warp, same_sub = x.bits(old, EPOCH), x.bits(old, WARP_BITS), x.bits(old, SUB)
    many_warps = x.add(f"and {V} {old}, splat (i64 {MANY_WARPS})")
    many_lanes = x.add(f"and {V} {old}, splat (i64 {MANY_LANES})")
    here = x.add(f"select <{WARP} x i1> {same_lane}, {V} {many_lanes}, {V} splat (i64 {MANY_LANES})")
    lanes = x.add(f"select <{WARP} x i1> {same_sub}, {V} {here}, {V} zeroinitializer")
    flags = x.add(f"select <{WARP} x i1> {same_warp}, {V} {lanes}, {V} splat (i64 {MANY_WARPS})")
    flags = x.add(f"or {V} {flags}, {many_warps}")
    return x.add(f"select <{WARP} x i1> {now}, {V} {flags}, {V} zeroinitializer")


def _cell_one(x: Lines) -> str:
    index = x.add("zext i32 %index to i64")
    return x.add(f"add i64 {index}, {x.cell}") if x.cell else index


def _unwritten(x: Lines, *, one: bool) -> None:
    """Reports lanes in all of whose cells, of those looked at since the last time, nobody wrote."""
    if not x.nevers:
        return
    never = x.nevers[0]
    for other in x.nevers[1:]:
        never = x.add(f"and i1 {never}, {other}") if one else x.logic("and", never, other)
    if one:
        _tell_one(x, never, "uninitialised-shared", "0")
    else:
        x.report(x.word(never), "uninitialised-shared", "zeroinitializer")
    x.nevers.clear()


def _look_one(x: Lines, unit: Unit) -> None:
    index = _cell_one(x)
    at = x.add(f"getelementptr i16, ptr %stamps, i64 {index}")
    stamp = x.add(f"zext i16 {x.add(f'load i16, ptr {at}')} to i32")
    if "initcheck" in unit.checks:
        x.nevers.append(x.add(f"icmp eq i32 {stamp}, 0"))
    if "racecheck" not in unit.checks:
        return
    written = x.add(f"load i64, ptr {x.add(f'getelementptr i64, ptr %writers, i64 {index}')}")
    differ = x.add(f"xor i64 {written}, %mine")
    foreign = x.add(f"icmp ne i64 {x.add(f'and i64 {differ}, {WARP_BITS}')}, 0")
    together = x.add(f"icmp eq i64 {x.add(f'and i64 {differ}, {_signed(SUB)}')}, 0")
    # In the same sub-epoch all lanes but the one that wrote race with it.
    alone = _alone(x)
    itself = x.add(f"icmp eq i64 {x.add(f'and i64 {differ}, {THREAD}')}, 0")
    others = x.add(f"xor i1 {x.add(f'and i1 {alone}, {itself}')}, true")
    near = x.add(f"or i1 {foreign}, {x.add(f'and i1 {together}, {others}')}")
    every = x.add(f"insertelement {V} poison, i64 {written}, i64 0")
    every = x.add(f"shufflevector {V} {every}, {V} poison, {W} zeroinitializer")
    loose = x.add(f"call i32 @loose(ptr %ctx, {V} {every}, i32 %mask)")
    near = x.add(f"or i1 {near}, {x.add(f'icmp ne i32 {loose}, 0')}")
    clash = x.add(f"and i1 {x.add(f'icmp eq i32 {stamp}, %when.1')}, {near}")
    _tell_one(x, clash, "read-after-write", written)
    if unit.copies:
        _tell_one(x, x.add(f"icmp eq i32 {stamp}, {IN_FLIGHT}"), "in-flight", written)


def _note_one(x: Lines, unit: Unit) -> None:
    del unit
    reader = x.add(f"getelementptr i64, ptr %readers, i64 {_cell_one(x)}")
    old = x.add(f"load i64, ptr {reader}")
    change = x.add(f"xor i64 {old}, %mine")
    now = x.add(f"icmp eq i64 {x.add(f'and i64 {change}, {EPOCH}')}, 0")
    elsewhere = x.add(f"icmp ne i64 {x.add(f'and i64 {change}, {WARP_BITS}')}, 0")
    warps = x.add(f"select i1 {elsewhere}, i64 {MANY_WARPS}, i64 {x.add(f'and i64 {old}, {MANY_WARPS}')}")
    kept = x.add(f"select i1 {now}, i64 {warps}, i64 0")
    lanes = x.add(f"select i1 {_alone(x)}, i64 0, i64 {MANY_LANES}")
    flags = x.add(f"or i64 {kept}, {lanes}")
    x.line(f"store i64 {x.add(f'or i64 %mine, {flags}')}, ptr {reader}")


def _alone(x: Lines) -> str:
    several = x.add("call i32 @llvm.ctpop.i32(i32 %mask)")
    return x.add(f"icmp eq i32 {several}, 1")


def _tell_one(x: Lines, condition: str, rule: str, cell: str) -> None:
    after = x.branch(condition)
    x.line(f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER[rule]}, i32 %mask, {V} %wide, i64 {cell})")
    x.close(after)


# -- writes


def _hazards(x: Lines, unit: Unit, *, flight_counts: bool) -> str:
    """Reports write-after-read; gives lanes whose write clashes with another write."""
    stamps = x.stamps()
    written = x.gather(x.place("%writers"))
    if flight_counts and unit.copies:
        x.report(x.word(_flight(x, stamps)), "in-flight", written)
    old = x.gather(x.place("%readers"))
    now = x.bits(old, EPOCH)
    warps = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_WARPS})')}, zeroinitializer")
    lanes = x.add(f"icmp ne {V} {x.add(f'and {V} {old}, splat (i64 {MANY_LANES})')}, zeroinitializer")
    foreign = x.negate(x.bits(old, WARP_BITS))
    other = x.logic("or", x.negate(x.bits(old, THREAD)), lanes)
    near = x.logic("and", other, x.bits(old, SUB))
    # Of several lanes that have read in an earlier sub-epoch it is not known who they were.
    near = x.logic("or", near, x.logic("and", x.loose(old), x.negate(lanes)))
    read = x.logic("or", warps, x.logic("or", foreign, near))
    x.report(x.word(x.logic("and", now, read)), "write-after-read", old)
    return x.word(_clash(x, stamps, written))


def written(x: Lines, unit: Unit, kind: str) -> None:
    """One cell of an access that is a `write`, an `atomic` (written, racing with nobody), a `flight` (a copy that is asked for, and may land at any time until it is waited for) or a `land`."""
    if kind == "atomic" or "racecheck" not in unit.checks:
        x.stamp()
        return
    if kind == "write":
        x.clashes.append(_hazards(x, unit, flight_counts=True))
    if kind == "flight":
        x.report(_hazards(x, unit, flight_counts=False), "write-after-write", "%mine")
    at = x.place("%writers")
    x.scatter(at, "%mine")
    x.stamp()
    if kind == "write":
        # Lanes that write the same cell at once: the last one's mark stands, all others see it differ.
        x.meetings.append(x.word(x.negate(x.bits(x.gather(at), THREAD))))

"""How one access of a warp is checked and done where lanes are not consecutive; written bytes of watched buffers.

Each form (space, element, count) has one helper function for its slow way, so that a kernel with a
thousand accesses does not carry a thousand copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import CACHE_SIZE, OFFSETS
from repoops.engine.fields import field
from repoops.engine.records import NUMBER
from repoops.engine.written import note_helpers

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

VECTOR, WORDS = f"<{WARP} x i64>", f"<{WARP} x i32>"


@dataclass(frozen=True, slots=True)
class Access:
    """What is done: `count` elements of `kind`, `size` bytes in all, aligned to `align`."""

    space: str
    kind: str
    count: int
    align: int
    size: int
    store: bool

    @property
    def shared(self) -> bool:
        """Whether addresses are offsets into the block's window."""
        return self.space.startswith("shared")

    @property
    def what(self) -> str:
        """In words, for a finding."""
        space = "shared" if self.shared else self.space
        return f"{'store' if self.store else 'load'} of {self.size} byte{'s' * (self.size > 1)} {'to' if self.store else 'from'} {space} memory"

    @property
    def name(self) -> str:
        """For the helper functions."""
        # Only what lies in global memory is watched, so other spaces have helpers of their own.
        space = "shared" if self.shared else self.space
        return f"{'store' if self.store else 'load'}_{space}_{self.kind}x{self.count}"


def normal(f: WarpFunction, how: Access, address: Value) -> Value:
    """Shared addresses as i32, all others as i64."""
    return f.b.resize(address, "i32" if how.shared else "i64", signed=False)


def checked(f: WarpFunction) -> bool:
    """Whether memcheck is on."""
    return "memcheck" in f.unit.checks


def watched(f: WarpFunction, how: Access) -> bool:
    """Whether what is written to global memory is noted, or what is read looked up."""
    return (
        not how.shared
        and how.space in ("global", "generic")
        and bool({"coverage", "initcheck"} & f.unit.checks)
    )


def _cache(f: WarpFunction, site: int) -> tuple[Value, Value]:
    """The site's last allocation: its first byte, and the number of addresses at which the access fits."""
    b = f.b
    table = field(f, "caches", "ptr")
    low_at = b.emit(f"getelementptr i8, {table}, i64 {site * CACHE_SIZE}", "ptr")
    room_at = b.emit(f"getelementptr i8, {table}, i64 {site * CACHE_SIZE + 8}", "ptr")
    return b.emit(f"load i64, {low_at}", "i64"), b.emit(f"load i64, {room_at}", "i64")


def guard_one(
    f: WarpFunction, how: Access, address: Value, sure: Value | None = None
) -> tuple[Value, str, str] | None:
    """For one address: (allowed, label to go on, label at the end); None where nothing is checked. It is certain to be allowed where `sure` holds."""
    if not checked(f):
        return None
    b = f.b
    ok = sure
    if ok is None:
        aligned = b.compare(
            "eq", b.op("and", address, integer(how.align - 1, address.type)), integer(0, address.type)
        )
        low, room = _cache(f, f.site(how.what))
        wide = b.resize(address, "i64", signed=False)
        ok = b.op("and", aligned, b.compare("ult", b.op("sub", wide, low), room))
    slot = f.slot("i1", lanes=False)
    f.put(slot, ok)
    ask, on, go, end = (b.fresh_label() for _ in range(4))
    b.line(f"br {ok}, label %{on}, label %{ask}")
    b.label(ask)
    left = b.emit(
        f"call i32 @{check(f, how)}(ptr %ctx, i32 {f.site(how.what)}, {b.spread(address)}, {f.word()})", "i32"
    )
    f.put(slot, b.compare("ne", left, integer(0)))
    b.line(f"br label %{on}")
    b.label(on)
    return f.get(slot, "i1", lanes=False), go, end


def allowed_all(
    f: WarpFunction, how: Access, address: Value, word: Value, extents: Sequence[tuple[int, int]]
) -> Value:
    """Whether accesses of one address and constants are all aligned and inside one allocation, in the lanes of a word.

    Args:
        f: the function.
        how: the first of them, to whose site the allocation is known.
        address: its address.
        word: the lanes.
        extents: (bytes from the address, bytes) of all.
    """
    b = f.b
    align = max(size for _, size in extents)
    odd = next(-at % align for at, size in extents if size == align)
    if any((at + odd) % size for at, size in extents):
        return Value("false", "i1")
    low, high = min(at for at, _ in extents), max(at + size for at, size in extents)
    start, room = _cache(f, f.site(how.what))
    beyond = integer(high - low - how.size, "i64")
    room = b.intrinsic("usub.sat", [room, beyond])
    rel = b.resize(b.op("add", address, integer(low, address.type)), "i64", signed=False)
    inside = b.compare("ult", b.op("sub", rel, start), room)
    even = b.compare("eq", b.op("and", address, integer(align - 1, address.type)), integer(odd, address.type))
    good = b.op("and", inside, even)
    if not good.lanes:
        return good
    return b.compare("eq", b.op("and", b.inv(b.ballot(good)), word), integer(0))


def allowed_consecutive(
    f: WarpFunction, how: Access, base: Value, good: Value, sure: Value | None = None
) -> Value:
    """Adds to a condition that 32 accesses side by side from `base` are aligned and inside one allocation, as they are where `sure` holds."""
    if not checked(f):
        return good
    b = f.b
    if sure is not None:
        return b.op("and", good, sure)
    span = (WARP - 1) * how.size
    aligned = b.compare("eq", b.op("and", base, integer(how.align - 1, base.type)), integer(0, base.type))
    low, room = _cache(f, f.site(how.what))
    rel = b.op("sub", b.resize(base, "i64", signed=False), low)
    first = b.compare("ult", rel, room)
    last = b.compare("ult", b.op("add", rel, integer(span, "i64")), room)
    inside = b.op("and", first, last)
    return b.op("and", good, b.op("and", aligned, inside))


def check(f: WarpFunction, how: Access) -> str:
    """The helper that says which lanes may go on, and reports the others; as on a card, alignment is asked first."""
    name = f"check_{'shared' if how.shared else 'global'}_{how.size}_{how.align}"
    if name in f.unit.helpers:
        return name
    kind = "i32" if how.shared else "i64"
    vector = f"<{WARP} x {kind}>"
    prefix = "shared_" if how.shared else ""
    widen = f"zext {WORDS} %address to {VECTOR}" if how.shared else f"add {VECTOR} %address, zeroinitializer"
    inside = f"""
  %wide = {widen}
  %table.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["caches"]}
  %table = load ptr, ptr %table.at
  %site64 = zext i32 %site to i64
  %o = mul i64 %site64, {CACHE_SIZE}
  %c = getelementptr i8, ptr %table, i64 %o
  %low = load i64, ptr %c
  %c8 = getelementptr i8, ptr %c, i64 8
  %room = load i64, ptr %c8
  %low.1 = insertelement {VECTOR} poison, i64 %low, i64 0
  %low.v = shufflevector {VECTOR} %low.1, {VECTOR} poison, {WORDS} zeroinitializer
  %room.1 = insertelement {VECTOR} poison, i64 %room, i64 0
  %room.v = shufflevector {VECTOR} %room.1, {VECTOR} poison, {WORDS} zeroinitializer
  %rel = sub {VECTOR} %wide, %low.v
  %in = icmp ult {VECTOR} %rel, %room.v
  %in.w = bitcast <{WARP} x i1> %in to i32
  %odd = and {vector} %address, splat ({kind} {how.align - 1})
  %skew = icmp ne {vector} %odd, zeroinitializer
  %skew.w = bitcast <{WARP} x i1> %skew to i32
  %wrong = and i32 %skew.w, %mask
  %unskewed = xor i32 %skew.w, -1
  %even = and i32 %unskewed, %mask
  %quick = and i32 %in.w, %even
  %whole = icmp eq i32 %quick, %even
  br i1 %whole, label %inside, label %search
search:
  %places.at = getelementptr i8, ptr %ctx, i64 {OFFSETS[prefix + "allocations"]}
  %places = load ptr, ptr %places.at
  %count.at = getelementptr i8, ptr %ctx, i64 {OFFSETS[prefix + "allocation_count"]}
  %count = load i64, ptr %count.at
  %found = call i32 @locate(ptr %ctx, ptr %places, i64 %count, i32 %site, {VECTOR} %wide, i32 %even, i64 {how.size}, i64 {0 if how.shared else 4096})
  br label %inside
inside:
  %good = phi i32 [%quick, %entry], [%found, %search]
"""
    f.unit.helpers[name] = f"""
define internal i32 @{name}(ptr %ctx, i32 %site, {vector} %address, i32 %mask) noinline {{
entry:{inside}
  %any = icmp ne i32 %wrong, 0
  br i1 %any, label %misaligned, label %end
misaligned:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["misaligned"]}, i32 %wrong, {VECTOR} %wide, i64 {how.align})
  br label %end
end:
  ret i32 %good
}}
"""
    return name


def gather(f: WarpFunction, how: Access, address: Value, sure: Value | None = None) -> tuple[Value, ...]:
    """Each executing lane's elements by its own address; zeros in the other lanes. All are allowed where `sure` holds."""
    b = f.b
    result = "{" + ", ".join([f"<{WARP} x {how.kind}>"] * how.count) + "}"
    given = f"(ptr %ctx, i32 {f.site(how.what)}, {address}, {f.word()})"
    if sure is None:
        whole = b.emit(f"call {result} @{_gather_helper(f, how, asked=checked(f))}{given}", how.kind)
    else:
        trust, ask, on = b.fresh_label(), b.fresh_label(), b.fresh_label()
        b.line(f"br {sure}, label %{trust}, label %{ask}")
        b.label(trust)
        plain = b.emit(f"call {result} @{_gather_helper(f, how, asked=False)}{given}", how.kind)
        b.line(f"br label %{on}")
        b.label(ask)
        some = b.emit(f"call {result} @{_gather_helper(f, how, asked=True)}{given}", how.kind)
        b.line(f"br label %{on}")
        b.label(on)
        whole = b.emit(f"phi {result} [{plain.text}, %{trust}], [{some.text}, %{ask}]", how.kind)
    return tuple(
        b.emit(f"extractvalue {result} {whole.text}, {n}", how.kind, lanes=True) for n in range(how.count)
    )


def helper_head(f: WarpFunction, how: Access, *, asked: bool) -> str:
    """Narrows the mask to what is allowed, if that is asked, and makes pointers."""
    narrow = (
        f"  %left = call i32 @{check(f, how)}(ptr %ctx, i32 %site, {'<32 x i32>' if how.shared else VECTOR} %address, i32 %mask)\n"
        if asked else "  %left = or i32 %mask, 0\n"
    )  # fmt: skip
    if how.shared:
        place = f"""  %base.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["shared"]}
  %base = load ptr, ptr %base.at
  %at = getelementptr i8, ptr %base, {WORDS} %address
"""
    else:
        place = f"  %at = inttoptr {VECTOR} %address to <{WARP} x ptr>\n"
    return narrow + place + f"  %lanes = bitcast i32 %left to <{WARP} x i1>\n"


def _gather_helper(f: WarpFunction, how: Access, *, asked: bool) -> str:
    name = how.name + (f"_{how.align}" if asked else "")
    if name in f.unit.helpers:
        return name
    vector = f"<{WARP} x {how.kind}>"
    overload = f"llvm.masked.gather.v{WARP}{short(how.kind)}.v{WARP}p0"
    f.unit.declarations[overload] = f"declare {vector} @{overload}(<{WARP} x ptr>, <{WARP} x i1>, {vector})"
    lines = []
    for n in range(how.count):
        lines.append(f"  %p{n} = getelementptr {how.kind}, <{WARP} x ptr> %at, i64 {n}")
        lines.append(
            f"  %g{n} = call {vector} @{overload}(<{WARP} x ptr> align 1 %p{n}, <{WARP} x i1> %lanes, {vector} zeroinitializer)"
        )
    result = "{" + ", ".join([vector] * how.count) + "}"
    last = "poison"
    for n in range(how.count):
        lines.append(f"  %r{n} = insertvalue {result} {last}, {vector} %g{n}, {n}")
        last = f"%r{n}"
    noted = note_call(f, how, "@noted_read") if watched(f, how) and "initcheck" in f.unit.checks else ""
    f.unit.helpers[name] = (
        f"define internal {result} @{name}(ptr %ctx, i32 %site, {'<32 x i32>' if how.shared else VECTOR} %address, i32 %mask) noinline {{\n"
        + helper_head(f, how, asked=asked) + noted + "\n".join(lines) + f"\n  ret {result} {last}\n}}\n"
    )  # fmt: skip
    return name


def scatter(f: WarpFunction, how: Access, address: Value, values: Sequence[Value]) -> None:
    """Stores each executing lane's elements to its own address, in the order of lanes."""
    name = how.name + (f"_{how.align}" if checked(f) else "")
    vector = f"<{WARP} x {how.kind}>"
    if name not in f.unit.helpers:
        overload = f"llvm.masked.scatter.v{WARP}{short(how.kind)}.v{WARP}p0"
        f.unit.declarations[overload] = f"declare void @{overload}({vector}, <{WARP} x ptr>, <{WARP} x i1>)"
        lines = []
        for n in range(how.count):
            lines.append(f"  %p{n} = getelementptr {how.kind}, <{WARP} x ptr> %at, i64 {n}")
            lines.append(
                f"  call void @{overload}({vector} %x{n}, <{WARP} x ptr> align 1 %p{n}, <{WARP} x i1> %lanes)"
            )
        noted = note_call(f, how, "@noted_write") if watched(f, how) else ""
        parameters = "".join(f", {vector} %x{n}" for n in range(how.count))
        f.unit.helpers[name] = (
            f"define internal void @{name}(ptr %ctx, i32 %site, {'<32 x i32>' if how.shared else VECTOR} %address, i32 %mask{parameters}) noinline {{\n"
            + helper_head(f, how, asked=checked(f)) + "\n".join(lines) + "\n" + noted + "  ret void\n}\n"
        )  # fmt: skip
    given = "".join(f", {v}" for v in values)
    f.b.line(f"call void @{name}(ptr %ctx, i32 {f.site(how.what)}, {address}, {f.word()}{given})")


def short(kind: str) -> str:
    """An element type as overloads of LLVM's functions name it."""
    return {"float": "f32", "double": "f64", "half": "f16", "bfloat": "bf16"}.get(kind, kind)


# -- written bytes of buffers that were given as outputs


def note_call(f: WarpFunction, how: Access, function: str) -> str:
    """A line of a helper function that notes or looks up an access; refused lanes included."""
    note_helpers(f)
    # What memcheck has refused was to be written: that it was not is no second fault.
    return f"  call void {function}(ptr %ctx, i32 %site, {VECTOR} %address, i32 %mask, i64 {how.size})\n"


def looked_up(f: WarpFunction, how: Access, base: Value, size: int, address: Value) -> None:
    """Looks a load's bytes up, `size` of them from `base` on; which lanes read some that nobody wrote is found out only then."""
    if not watched(f, how) or "initcheck" not in f.unit.checks:
        return
    note_helpers(f)
    b = f.b
    gap = b.emit(f"call i1 @noted_gap(ptr %ctx, {base}, i64 {size})", "i1")
    tell, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {gap}, label %{tell}, label %{on}, !prof !1")
    b.label(tell)
    b.line(
        f"call void @noted_read(ptr %ctx, i32 {f.site(how.what)}, {b.spread(address)}, {f.word()}, i64 {how.size})"
    )
    b.line(f"br label %{on}")
    b.label(on)


def written_one(f: WarpFunction, how: Access, address: Value) -> None:
    """Notes a store to one address."""
    if watched(f, how):
        note_helpers(f)
        b = f.b
        b.line(f"call void @noted_span(ptr %ctx, i32 {f.site(how.what)}, {address}, i64 {how.size})")


def written_consecutive(f: WarpFunction, how: Access, base: Value) -> None:
    """Notes 32 stores side by side."""
    if watched(f, how):
        note_helpers(f)
        f.b.line(f"call void @noted_span(ptr %ctx, i32 {f.site(how.what)}, {base}, i64 {WARP * how.size})")

"""Loads and stores of a warp: consecutive lanes as one vector access, others lane by lane; bounds checked first.

Global and generic addresses are this process's own, so that tensors are used where they lie; shared,
local and constant ones are offsets into a window, which fit into the 32 bits that a compiler may give
them (`--nvptx-short-ptr`, as Triton does), and `cvta` adds the window's base.
Whether lanes are consecutive is asked at run time: it costs a comparison and finds what no analysis would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, local, shadow, traffic
from repoops.engine.builder import BITS, WARP, Value, integer
from repoops.engine.fields import field
from repoops.engine.layout import function_address
from repoops.engine.raw import raw_load, raw_store
from repoops.ptx.cfg import Block
from repoops.ptx.syntax import Sym

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

FULL = integer(-1)
WINDOWS = {"shared": "shared", "local": "locals", "const": "globals"}
"""Spaces whose addresses are offsets → the field of the context that holds where they begin."""


def symbol(f: WarpFunction, sym: Sym) -> Value:
    """The address (i64) of a variable in its own state space."""
    name, offset = sym.name, sym.offset
    layout = f.unit.layout
    if name in f.local:
        base = f.local[name]
        own = f.function.variables.get(name)
        if own is not None and own.space == "local":
            base = f.b.op("sub", base, field(f, WINDOWS["local"], "i64"))
        return f.b.op("add", base, integer(offset, "i64")) if offset else base
    if name in layout.shared:
        return integer(layout.shared[name].offset + offset, "i64")
    if name in layout.globals and layout.globals[name].variable.space == "const":
        return integer(layout.globals[name].offset + offset, "i64")
    if name in layout.globals:
        return f.b.op("add", field(f, "globals", "i64"), integer(layout.globals[name].offset + offset, "i64"))
    if name in f.params:
        return f.b.op("add", field(f, "params", "i64"), integer(f.params[name] + offset, "i64"))
    if name == "WARP_SZ":
        return integer(WARP)
    if name in f.unit.module.functions:
        return integer(function_address(f.unit.module, name), "i64")
    raise f.refuse(f"{name} is no variable that is known here")


def pointer(f: WarpFunction, space: str, address: Value) -> Value:
    """An LLVM pointer from an address of a space."""
    b = f.b
    if space.startswith("shared"):
        index = b.resize(b.resize(address, "i32", signed=False), "i64", signed=False)
        return b.emit(f"getelementptr i8, {field(f, 'shared', 'ptr')}, {index}", "ptr", lanes=index.lanes)
    return b.cast("inttoptr", b.resize(address, "i64", signed=False), "ptr")


def _absolute(f: WarpFunction, how: access.Access, address: Value) -> Value:
    """This process's address; of shared memory the offset, which is what its checks want."""
    address = access.normal(f, how, address)
    if how.space in ("local", "const"):
        return f.b.op("add", field(f, WINDOWS[how.space], "i64"), address)
    return address


def load(f: WarpFunction, space: str, address: Value, kind: str, count: int, align: int) -> tuple[Value, ...]:
    """`count` consecutive elements of each lane; lanes whose access is refused get zeros."""
    size = BITS[kind] // 8 * count
    how = access.Access(space, kind, count, align or size, size, store=False)
    address = _absolute(f, how, address)
    if space == "local" and f.unit.uses_local:
        with local.narrowed(f, how, address):
            return raw_load(f, f.b.spread(address), kind, count, invariant=False, masked=True)
    traffic.memory(f, how, address)
    if not address.lanes:
        return _load_one(f, how, address)
    return _load_lanes(f, how, address)


def store(f: WarpFunction, space: str, address: Value, values: Sequence[Value], align: int) -> None:
    """Consecutive elements of each lane; of lanes with the same address the last one's value stays."""
    kind = values[0].type
    size = BITS[kind] // 8 * len(values)
    how = access.Access(space, kind, len(values), align or size, size, store=True)
    address = _absolute(f, how, address)
    if space == "local" and f.unit.uses_local:
        with local.narrowed(f, how, address):
            raw_store(f, address, values)
        return
    if space == "generic":
        local.written_through_pointer(f, how, address)
    traffic.memory(f, how, address)
    if not address.lanes and not any(v.lanes for v in values) and not shadow.wanted(f, how):
        _store_one(f, how, address, values)
        return
    _store_lanes(f, how, f.b.spread(address), [f.b.spread(v) for v in values])


# -- one address for the whole warp


def _load_one(f: WarpFunction, how: access.Access, address: Value) -> tuple[Value, ...]:
    b = f.b
    if shadow.wanted(f, how):
        shadow.read(f, how, address, f.word())
    slots = [f.slot(how.kind, lanes=False) for _ in range(how.count)]
    done = access.guard_one(f, how, address, shadow.sure(f, how, address, f.word()))
    if done is not None:
        for slot in slots:
            f.put(slot, Value(f"bitcast (i{BITS[how.kind]} 0 to {how.kind})", how.kind))
        ok, go, end = done
        b.line(f"br {ok}, label %{go}, label %{end}")
        b.label(go)
    at = pointer(f, how.space, address)
    found = []
    for n, slot in enumerate(slots):
        place = b.emit(f"getelementptr {how.kind}, {at}, i64 {n}", "ptr") if n else at
        value = b.emit(f"load {how.kind}, {place}, align 1", how.kind)
        found.append(value)
        if done is not None:
            f.put(slot, value)
    access.looked_up(f, how, address, how.size, address)
    if done is None:
        return tuple(found)
    b.line(f"br label %{end}")
    b.label(end)
    return tuple(f.get(slot, how.kind, lanes=False) for slot in slots)


def _store_one(f: WarpFunction, how: access.Access, address: Value, values: Sequence[Value]) -> None:
    b = f.b
    done = access.guard_one(f, how, address)
    if done is not None:
        ok, go, end = done
        b.line(f"br {ok}, label %{go}, label %{end}")
        b.label(go)
    at = pointer(f, how.space, address)
    for n, value in enumerate(values):
        place = b.emit(f"getelementptr {how.kind}, {at}, i64 {n}", "ptr") if n else at
        b.line(f"store {value}, {place}, align 1")
    access.written_one(f, how, address)
    if done is not None:
        b.line(f"br label %{end}")
        b.label(end)


# -- an address for each lane


def _load_lanes(f: WarpFunction, how: access.Access, address: Value) -> tuple[Value, ...]:
    b = f.b
    if shadow.wanted(f, how):
        shadow.read(f, how, address, f.word())
    slots = [f.slot(how.kind) for _ in range(how.count)]
    fast, slow, end = b.fresh_label(), b.fresh_label(), b.fresh_label()
    sure = shadow.sure(f, how, address, f.word())
    base = _branch_if_consecutive(f, how, address, fast, slow, sure)
    b.label(fast)
    at = pointer(f, how.space, base)
    whole = b.emit(f"load <{WARP * how.count} x {how.kind}>, {at}, align 1", how.kind, lanes=True)
    for n, slot in enumerate(slots):
        f.put(slot, _every(f, whole, how, n))
    access.looked_up(f, how, base, WARP * how.size, address)
    b.line(f"br label %{end}")
    b.label(slow)
    for slot, value in zip(slots, access.gather(f, how, address, sure), strict=True):
        f.put(slot, value)
    b.line(f"br label %{end}")
    b.label(end)
    return tuple(f.get(slot, how.kind) for slot in slots)


def _store_lanes(f: WarpFunction, how: access.Access, address: Value, values: Sequence[Value]) -> None:
    b = f.b
    met = shadow.write(f, how, address, f.word(), values) if shadow.wanted(f, how) else None
    fast, slow, end = b.fresh_label(), b.fresh_label(), b.fresh_label()
    base = _branch_if_consecutive(f, how, address, fast, slow)
    b.label(fast)
    at = pointer(f, how.space, base)
    wide = WARP * how.count
    whole = values[0] if how.count == 1 else _interleaved(f, how, values)
    b.line(f"store <{wide} x {how.kind}> {whole.text}, {at}, align 1")
    access.written_consecutive(f, how, base)
    b.line(f"br label %{end}")
    b.label(slow)
    access.scatter(f, how, address, values)
    shadow.after(f, how, met, values)
    b.line(f"br label %{end}")
    b.label(end)


def _every(f: WarpFunction, whole: Value, how: access.Access, n: int) -> Value:
    """Element n of each lane out of `<32 * count x T>`."""
    if how.count == 1:
        return whole
    wide = f"<{WARP * how.count} x {how.kind}>"
    pattern = ", ".join(f"i32 {lane * how.count + n}" for lane in range(WARP))
    return f.b.emit(
        f"shufflevector {wide} {whole.text}, {wide} poison, <{WARP} x i32> <{pattern}>", how.kind, lanes=True
    )


def _interleaved(f: WarpFunction, how: access.Access, values: Sequence[Value]) -> Value:
    """`<32 * count x T>` in the order of memory, doubling step by step."""
    b, width = f.b, WARP
    parts = [v.text for v in values]
    while len(parts) > 1:
        half = len(parts) // 2
        pattern = ", ".join(f"i32 {n}" for n in range(2 * width))
        to = f"<{width} x {how.kind}>"
        parts = [
            b.emit(
                f"shufflevector {to} {parts[2 * p]}, {to} {parts[2 * p + 1]}, <{2 * width} x i32> <{pattern}>",
                how.kind,
                lanes=True,
            ).text
            for p in range(half)
        ]
        width *= 2
    to = f"<{width} x {how.kind}>"
    pattern = ", ".join(f"i32 {n * WARP + lane}" for lane in range(WARP) for n in range(how.count))
    return b.emit(
        f"shufflevector {to} {parts[0]}, {to} poison, <{width} x i32> <{pattern}>", how.kind, lanes=True
    )


def _branch_if_consecutive(
    f: WarpFunction,
    how: access.Access,
    address: Value,
    fast: str,
    slow: str,
    sure: Value | None = None,
) -> Value:
    """Branches to `fast` if all lanes take part, their accesses are side by side, and all are allowed; gives lane 0's address."""
    b = f.b
    base = b.extract(address, 0)
    steps = b.lane_constants([n * how.size for n in range(WARP)], address.type)
    same = b.compare("eq", address, b.op("add", b.spread(base), steps))
    mask = f.mask()
    if mask is not None:
        same = b.op("and", same, mask)
    good = b.compare("eq", b.ballot(same), FULL)
    good = access.allowed_consecutive(f, how, base, good, sure)
    b.line(f"br {good}, label %{fast}, label %{slow}")
    return base


def count_block(f: WarpFunction, block: Block) -> None:
    """Counts how often a block is executed and by how many lanes."""
    b = f.b
    index = len(f.unit.counted)
    f.unit.counted.append(tuple(block.instructions))
    at = b.emit(f"getelementptr i64, {field(f, 'counters', 'ptr')}, i64 {2 * index}", "ptr")
    b.line(f"store i64 {b.op('add', b.emit(f'load i64, {at}', 'i64'), integer(1, 'i64')).text}, {at}")
    lanes = b.emit(f"call i32 @llvm.ctpop.i32({f.word()})", "i32")
    other = b.emit(f"getelementptr i64, {field(f, 'counters', 'ptr')}, i64 {2 * index + 1}", "ptr")
    wide = b.cast("zext", lanes, "i64")
    b.line(f"store i64 {b.op('add', b.emit(f'load i64, {other}', 'i64'), wide).text}, {other}")

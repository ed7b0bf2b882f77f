"""`mbarrier` objects: counts of arrivals in shared memory, whose phases complete when all have come.

An object is what the kernel holds in its 64 bits: pending arrivals (20), arrivals expected of a phase (20),
the phase's number (24). All warps of a block run on one host thread, so that no operation needs to be atomic.
A wait in vain lets the other warps run; when that is all that happens any more, it is a deadlock. Lanes of
one warp that wait for arrivals of the same warp elsewhere are not told from it.

For racecheck a completed phase is a barrier of the whole block: what came before it is ordered before what
comes after. So no correct kernel is accused, and a missing wait shows only where no other phase completes between.

Arrivals that follow copies (`cp.async.mbarrier.arrive`) come, with the data, when somebody asks for a phase.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: mbarrier", "cp.async.mbarrier.arrive".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, ir, shadow
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.fields import field
from repoops.engine.lower import async_copy
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.lower.space import space_of
from repoops.engine.records import NUMBER
from repoops.ptx.syntax import Instruction, Reg

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

PATIENCE = 1 << 15
"""Waits in vain, one after the other, with nothing else happening in the block."""
_HOW = access.Access("shared", "i64", 1, 8, 8, store=True)
_COMPLETED, _PARITY = 0xFFFFFF << 40, 1 << 40
_ORDERS = ("release", "acquire", "cta", "shared", "shared::cta", "b64", "parity", "noComplete")
_KNOWN = ("init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count")


def mbarrier(f: WarpFunction, i: Instruction) -> Results:
    """`mbarrier.{init,inval,arrive,arrive_drop,test_wait,try_wait,pending_count}`; sums of bytes (`tx`) are sm_90's."""
    name = i.modifiers[0]
    unknown = [w for w in i.modifiers[1:] if w not in _ORDERS]
    if name not in _KNOWN or unknown:
        raise f.refuse(f"the modifier .{unknown[0] if name in _KNOWN else name} is not supported")
    b = f.b
    if name == "pending_count":
        return b.cast("trunc", b.op("and", f.src(1, "i64"), integer(0xFFFFF, "i64")), "i32")
    _helpers(f)
    if name == "init":
        at, lanes = _object(f, i, 0, fresh=True)
        counts = b.spread(f.src(1, "i32"))
        b.line(f"call void @mbarrier_init(ptr %ctx, i32 {f.site(_HOW.what)}, {at}, {lanes}, {counts})")
        return None
    if name == "inval":
        _object(f, i, 0, fresh=False)
        return None
    if name in ("test_wait", "try_wait"):
        return _wait(f, i)
    at, lanes = _object(f, i, 1, fresh=False)
    counts = b.spread(f.src(2, "i32") if len(i.operands) > 2 else integer(1))
    return b.emit(
        f"call <{WARP} x i64> @mbarrier_arrive(ptr %ctx, i32 {f.site(_HOW.what)}, {at}, {lanes}, {counts}, "
        f"i64 {int(name == 'arrive_drop')})",
        "i64", lanes=True,
    )  # fmt: skip


def cp(f: WarpFunction, i: Instruction) -> Results:
    """`cp.async`: copies, and `cp.async.mbarrier.arrive{.noinc}`: an arrival once this thread's copies have landed."""
    if i.modifiers[:3] != ("async", "mbarrier", "arrive"):
        return async_copy.cp(f, i)
    if any(w not in ("noinc", "shared", "shared::cta", "b64") for w in i.modifiers[3:]):
        raise f.refuse("this form is not supported")
    _helpers(f)
    b = f.b
    at, lanes = _object(f, i, 0, fresh=False)
    if not i.has("noinc"):
        b.line(f"call void @mbarrier_expect(ptr %ctx, {at}, {lanes})")
    async_copy.queue(f)
    site = f.site(_HOW.what)
    b.emit(f"call ptr @async_entry(ptr %ctx, i32 {site}, i32 0, {lanes}, {at})", "ptr")
    return None


def _object(f: WarpFunction, i: Instruction, k: int, *, fresh: bool) -> tuple[Value, Value]:
    """The objects' offsets in shared memory, and the lanes (an i32) whose object is where one may be."""
    b = f.b
    address = f.address(k)
    if space_of(i) == "generic":
        address = b.op("sub", b.resize(address, "i64", signed=False), field(f, "shared", "i64"))
    at = b.spread(b.resize(address, "i32", signed=False))
    lanes = f.word()
    if access.checked(f):
        name = access.check(f, _HOW)
        lanes = b.emit(f"call i32 @{name}(ptr %ctx, i32 {f.site(_HOW.what)}, {at}, {lanes})", "i32")
    if shadow.wanted(f, _HOW):
        if fresh:
            shadow.write(f, _HOW, at, lanes, [b.spread(integer(0, "i64"))])
        else:
            shadow.read(f, _HOW, at, lanes)
            shadow.mark(f, _HOW, at, lanes, "atomic")
    return at, lanes


def _wait(f: WarpFunction, i: Instruction) -> Results:
    b = f.b
    at, lanes = _object(f, i, 1, fresh=False)
    if i.has("parity"):
        states = b.op("shl", b.resize(f.src(2, "i32"), "i64", signed=False), integer(40, "i64"))
        bits = _PARITY
    else:
        states, bits = f.src(2, "i64"), _COMPLETED
    done = b.emit(
        f"call i32 @mbarrier_wait(ptr %ctx, i32 {f.site(_HOW.what)}, {at}, {lanes}, {b.spread(states)}, "
        f"i64 {integer(bits, 'i64').text})",
        "i32",
    )
    answer = i.operands[0]
    if isinstance(answer, Reg) and not f.varying(answer.name):
        # All ask for one phase of one object; the first lane may be none of them.
        return b.compare("ne", done, integer(0))
    return b.from_ballot(done)


def _helpers(f: WarpFunction) -> None:
    if "mbarrier" in f.unit.helpers:
        return
    wrong = (
        f"call void @report(ptr %ctx, i32 %site, i32 {NUMBER['barrier-count']}, i32 %bit, <32 x i64> %wide, i64 0)"
        if "synccheck" in f.unit.checks else ""
    )  # fmt: skip
    f.unit.helpers["mbarrier"] = ir.text(
        "mbarrier.ll", wrong=wrong, patience=PATIENCE,
        track="  call void @async_track(ptr %ctx)" if f.unit.copies else "",
    )  # fmt: skip
    if f.unit.copies:
        async_copy.queue(f)


MBARRIER: dict[str, WarpLowering] = {"mbarrier": mbarrier, "cp": cp}

"""`bar.warp.sync` where lanes have parted: who comes early is parked until the others come to one with the same mask.

It need not be the same one: both arms of a branch may have theirs. A function with such a place gets one
more block, `meet`. There whoever has been met goes on; then the lowest place that has lanes, and is not
held up (`ptx.shape`), has its turn; and if there is none, the lanes that are waited for will not come.

Lanes that are not in the function at all (a device function called by some of them) are not waited for.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: bar.warp.sync".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from repoops.engine import ir, lower, shadow, undefined
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.fields import report
from repoops.engine.lower import members
from repoops.ptx import cfg
from repoops.ptx.shape import Shapes

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def needed(blocks: Sequence[cfg.Block], shapes: Shapes) -> bool:
    """Whether blocks, not yet ended by them, hold meetings at which lanes may be missing."""
    return any(shapes.partial(b.index) and any(map(cfg.meets, b.body)) for b in blocks)


class Meetings:
    """The variables of a function's meetings: for each the lanes that are parked, and the mask that each lane has named."""

    def __init__(self, f: WarpFunction) -> None:
        self._parked = {index: f.slot("i32", lanes=False) for index in sorted(f.shapes.meetings)}
        if self._parked:
            self._asked = f.slot("i32")
            f.head.line(f"store <{WARP} x i32> zeroinitializer, ptr {self._asked}, align 64")
        for slot in self._parked.values():
            f.head.line(f"store i32 0, ptr {slot}, align 8")

    def hold(self, f: WarpFunction, block: cfg.Block) -> None:
        """At the beginning of a block: lanes that are parked, and must come to it, go first."""
        if not f.shapes.held[block.index]:
            return
        on = f.b.fresh_label()
        asleep = f.b.compare("ne", self._lanes(f, f.shapes.held[block.index]), integer(0))
        f.b.line(f"br {asleep}, label %meet, label %{on}, !prof !1")
        f.b.label(on)

    def wait(self, f: WarpFunction, block: cfg.Block) -> None:
        """At the end of a block that is a meeting: goes on if nobody who is named is missing, else the lanes are parked."""
        b, f.now = f.b, block.end
        if f.now is not None:
            undefined.before(f, f.now)
        named, here = f.src(0, "i32"), f.word()
        if block.index in self._parked:
            absent = b.op("and", f.live(), b.inv(here))
            missing = b.compare("ne", b.op("and", _anywhere(f, named), absent), integer(0))
            park, on = b.fresh_label(), b.fresh_label()
            b.line(f"br {missing}, label %{park}, label %{on}, !prof !1")
            b.label(park)
            self._park(f, block, named, here)
            b.label(on)
        members.check(f, named)
        shadow.warp_barrier(f, named, here)

    def _park(self, f: WarpFunction, block: cfg.Block, named: Value, here: Value) -> None:
        b = f.b
        members.check_own(f, named)
        asked = f.get(self._asked, "i32")
        mask = f.mask()
        f.put(self._asked, b.spread(named) if mask is None else b.select(mask, b.spread(named), asked))
        slot = self._parked[block.index]
        f.put(slot, b.op("or", f.get(slot, "i32", lanes=False), here))
        b.line("br label %meet")

    def dispatch(self, f: WarpFunction) -> None:
        """The block `meet`."""
        if not self._parked:
            return
        b = f.b
        b.label("meet")
        f.unit.helpers["met"] = ir.text("met.ll")
        every = self._lanes(f, self._parked)
        met = b.emit(f"call i32 @met(ptr {self._asked}, {every}, {f.live()})", "i32")
        free = f.slot("i32", lanes=False)
        f.put(free, met)
        release, look, end, stuck = (b.fresh_label() for _ in range(4))
        b.line(f"br {b.compare('ne', met, integer(0))}, label %{release}, label %{look}")
        b.label(look)
        self._next(f)
        b.line(f"br {b.compare('eq', every, integer(0))}, label %{end}, label %{stuck}")
        b.label(end)
        lower.call.epilogue(f)
        b.label(stuck)
        self._give_up(f)
        f.put(free, every)
        b.line(f"br label %{release}")
        b.label(release)
        self._release(f, f.get(free, "i32", lanes=False))
        b.line("br label %meet")

    def _lanes(self, f: WarpFunction, meetings: Iterable[int]) -> Value:
        """All that are parked at some meetings."""
        found: Value = integer(0)
        for m in sorted(meetings):
            found = f.b.op("or", found, f.get(self._parked[m], "i32", lanes=False))
        return found

    def _next(self, f: WarpFunction) -> None:
        """To the lowest place that has lanes and is not held up."""
        b, s = f.b, f.shapes
        places = {p for m in s.meetings for p in f.blocks[m].successors}
        for index in range(len(f.blocks)):
            if s.parked[index] or s.held[index] or index in s.meetings:
                places |= s.waiting[index] | ({index} if s.held[index] else set())
        for place in sorted(places):
            go, other = b.fresh_label(), b.fresh_label()
            some = b.compare("ne", f.due(place), integer(0))
            clear = b.compare("eq", self._lanes(f, s.held[place]), integer(0))
            b.line(f"br {b.op('and', some, clear)}, label %{go}, label %{other}")
            b.label(go)
            b.line(f"br label %b{place}")
            b.label(other)

    def _give_up(self, f: WarpFunction) -> None:
        """Nobody else can go on: those who are parked wait for lanes that do not come."""
        if "synccheck" in f.unit.checks:
            for index, slot in self._parked.items():
                f.now = f.blocks[index].end
                report(f, "member-mask", f.get(slot, "i32", lanes=False))

    def _release(self, f: WarpFunction, free: Value) -> None:
        b = f.b
        shadow.warp_barrier(f, f.get(self._asked, "i32"), free)
        for index, slot in self._parked.items():
            lanes = f.get(slot, "i32", lanes=False)
            f.put(slot, b.op("and", lanes, b.inv(free)))
            for following in f.blocks[index].successors:
                f.arrive(following, b.op("and", lanes, free))


def _anywhere(f: WarpFunction, named: Value) -> Value:
    """The lanes that any of the executing lanes names."""
    b = f.b
    if not named.lanes:
        return named
    mask = f.mask()
    kept = named if mask is None else b.select(mask, named, integer(0))
    reduce = f"llvm.vector.reduce.or.v{WARP}i32"
    b.declarations[reduce] = f"declare i32 @{reduce}(<{WARP} x i32>)"
    return b.emit(f"call i32 @{reduce}({kept})", "i32")

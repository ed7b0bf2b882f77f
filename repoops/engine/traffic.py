"""Counts, exact and the same in every run: sectors of global memory, wavefronts of shared memory, divergent branches.

A request to global memory moves sectors of 32 bytes. Shared memory has 32 banks of 4 bytes; a request
takes one wavefront for every 128 bytes it asks for (lanes in order: 32 with 4 bytes, 16 with 8, 8 with
16), and one more for each further word in the same bank. The counts are of a model, never times.

Source: CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory", "Shared Memory and Memory Banks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, ir
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import OFFSETS

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

COLUMNS = ("requests", "units", "ideal", "lanes")
"""Of each site: requests, sectors or wavefronts, wavefronts without conflicts, lanes that took part."""
V = f"<{WARP} x i64>"


def wanted(f: WarpFunction) -> bool:
    """Whether counters are kept."""
    return "counters" in f.unit.checks


def memory(f: WarpFunction, how: access.Access, address: Value) -> None:
    """Counts one access of a warp."""
    lanes(f, how, address, f.word())


def lanes(f: WarpFunction, how: access.Access, address: Value, word: Value) -> None:
    """The same for lanes that are named."""
    if not wanted(f) or how.space in ("local", "const", "param"):
        return
    b = f.b
    name = _shared(f, how.size) if how.shared else _sectors(f, how.size)
    wide = b.spread(b.resize(address, "i64", signed=False))
    b.line(f"call void @{name}(ptr %ctx, i32 {f.site(how.what)}, {wide}, {word})")


def more(f: WarpFunction, how: access.Access, extra: Value) -> None:
    """Bytes of each lane beyond the one byte that the same access was counted with: `extra` is <32 x i32>."""
    if not wanted(f):
        return
    f.unit.helpers["tally_more"] = _TALLY_MORE
    reduce = f"llvm.vector.reduce.add.v{WARP}i32"
    f.b.declarations[reduce] = f"declare i32 @{reduce}(<{WARP} x i32>)"
    f.b.line(f"call void @tally_more(ptr %ctx, i32 {f.site(how.what)}, {extra})")


def branch(f: WarpFunction, yes: Value, no: Value) -> None:
    """Counts a branch, and whether its lanes parted."""
    if not wanted(f):
        return
    b = f.b
    parted = b.op("and", b.compare("ne", yes, integer(0)), b.compare("ne", no, integer(0)))
    f.unit.helpers["tally"] = _TALLY
    b.line(
        f"call void @tally(ptr %ctx, i32 {f.site('branch')}, {b.cast('zext', parted, 'i64')}, i64 0, i64 0)"
    )


_TALLY = f"""
define internal void @tally(ptr %ctx, i32 %site, i64 %units, i64 %ideal, i64 %lanes) noinline {{
  %table.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["traffic"]}
  %table = load ptr, ptr %table.at
  %site64 = zext i32 %site to i64
  %o = mul i64 %site64, {8 * len(COLUMNS)}
  %row = getelementptr i8, ptr %table, i64 %o
  %old = load <4 x i64>, ptr %row, align 8
  %a = insertelement <4 x i64> <i64 1, i64 0, i64 0, i64 0>, i64 %units, i64 1
  %b = insertelement <4 x i64> %a, i64 %ideal, i64 2
  %c = insertelement <4 x i64> %b, i64 %lanes, i64 3
  %new = add <4 x i64> %old, %c
  store <4 x i64> %new, ptr %row, align 8
  ret void
}}
"""

_TALLY_MORE = f"""
define internal void @tally_more(ptr %ctx, i32 %site, <{WARP} x i32> %extra) noinline {{
  %table.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["traffic"]}
  %table = load ptr, ptr %table.at
  %site64 = zext i32 %site to i64
  %o = mul i64 %site64, {8 * len(COLUMNS)}
  %of.lanes = add i64 %o, {8 * COLUMNS.index("lanes")}
  %at = getelementptr i8, ptr %table, i64 %of.lanes
  %sum = call i32 @llvm.vector.reduce.add.v{WARP}i32(<{WARP} x i32> %extra)
  %sum64 = zext i32 %sum to i64
  %old = load i64, ptr %at
  %new = add i64 %old, %sum64
  store i64 %new, ptr %at
  ret void
}}
"""


def _sectors(f: WarpFunction, size: int) -> str:
    name = f"count_sectors_{size}"
    f.unit.helpers["tally"] = _TALLY
    f.unit.helpers[name] = ir.text("sectors.ll", name=name, each=max(1, size // 32))
    return name


def _shared(f: WarpFunction, size: int) -> str:
    """Phase by phase: the words of its lanes, each counted once in its bank; the fullest bank says how many wavefronts."""
    words = max(1, size // 4)
    group = WARP // words
    name = f"count_wavefronts_{size}"
    f.unit.helpers["tally"] = _TALLY
    f.unit.helpers[name] = ir.text("wavefronts.ll", name=name, words=words, group=group)
    return name

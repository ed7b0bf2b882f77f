"""Counts, exact and the same in every run: sectors of global memory, wavefronts of shared memory, divergent branches.

A request to global memory moves sectors of 32 bytes. Shared memory has 32 banks of 4 bytes; a request
takes one wavefront for every 128 bytes it asks for (lanes in order: 32 with 4 bytes, 16 with 8, 8 with
16), and one more for each further word in the same bank. The counts are of a model, never times.

Source: CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory", "Shared Memory and Memory Banks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access
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


def branch(f: WarpFunction, yes: Value, no: Value) -> None:
    """Counts a branch, and whether its lanes parted."""
    if not wanted(f):
        return
    b = f.b
    parted = b.op(
        "and", b.compare("ne", yes, integer(0)), b.compare("ne", no, integer(0))
    )
    f.unit.helpers["tally"] = _TALLY
    b.line(f"call void @tally(ptr %ctx, i32 {f.site('branch')}, {b.cast('zext', parted, 'i64')}, i64 0, i64 0)")


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


def _sectors(f: WarpFunction, size: int) -> str:
    name = f"count_sectors_{size}"
    f.unit.helpers["tally"] = _TALLY
    f.unit.helpers[name] = f"""
define internal void @{name}(ptr %ctx, i32 %site, {V} %address, i32 %mask) noinline {{
entry:
  %spill = alloca {V}
  %sectors = lshr {V} %address, splat (i64 5)
  store {V} %sectors, ptr %spill
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %count = phi i64 [0, %entry], [%count1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %l64 = zext i32 %l to i64
  %at = getelementptr i64, ptr %spill, i64 %l64
  %s = load i64, ptr %at
  %s0 = insertelement {V} poison, i64 %s, i64 0
  %sv = shufflevector {V} %s0, {V} poison, <{WARP} x i32> zeroinitializer
  %same = icmp eq {V} %sv, %sectors
  %same.w = bitcast <{WARP} x i1> %same to i32
  %rest = xor i32 %same.w, -1
  %todo1 = and i32 %todo, %rest
  %count1 = add i64 %count, {max(1, size // 32)}
  br label %lane
end:
  call void @tally(ptr %ctx, i32 %site, i64 %count, i64 0, i64 %lanes64)
  ret void
}}
"""
    return name


def _shared(f: WarpFunction, size: int) -> str:
    """Phase by phase: the words of its lanes, each counted once in its bank; the fullest bank says how many wavefronts."""
    words = max(1, size // 4)
    group = WARP // words
    name = f"count_wavefronts_{size}"
    f.unit.helpers["tally"] = _TALLY
    f.unit.helpers[name] = f"""
define internal void @{name}(ptr %ctx, i32 %site, {V} %address, i32 %mask) noinline {{
entry:
  %spill = alloca {V}
  %first = lshr {V} %address, splat (i64 2)
  store {V} %first, ptr %spill
  %seen = alloca [32 x i64]
  %banks = alloca [32 x i64]
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
  br label %phase
phase:
  %p = phi i64 [0, %entry], [%p1, %phased]
  %total = phi i64 [0, %entry], [%total1, %phased]
  %ideal = phi i64 [0, %entry], [%ideal1, %phased]
  %more = icmp ult i64 %p, {words}
  br i1 %more, label %begin, label %end
begin:
  call void @llvm.memset.p0.i64(ptr %banks, i8 0, i64 256, i1 false)
  br label %lane
lane:
  %l = phi i64 [0, %begin], [%l1, %laned]
  %used = phi i64 [0, %begin], [%used2, %laned]
  %most = phi i64 [0, %begin], [%most2, %laned]
  %inside = icmp ult i64 %l, {group}
  br i1 %inside, label %check, label %phased
check:
  %base = mul i64 %p, {group}
  %number = add i64 %base, %l
  %number32 = trunc i64 %number to i32
  %shifted = lshr i32 %mask, %number32
  %bit = trunc i32 %shifted to i1
  br i1 %bit, label %word, label %laned
word:
  %k = phi i64 [0, %check], [%k1, %worded]
  %used.k = phi i64 [%used, %check], [%used1, %worded]
  %most.k = phi i64 [%most, %check], [%most1, %worded]
  %at = getelementptr i64, ptr %spill, i64 %number
  %w0 = load i64, ptr %at
  %w = add i64 %w0, %k
  br label %search
search:
  %q = phi i64 [0, %word], [%q1, %on]
  %left = icmp ult i64 %q, %used.k
  br i1 %left, label %probe, label %fresh
probe:
  %q.at = getelementptr i64, ptr %seen, i64 %q
  %v = load i64, ptr %q.at
  %hit = icmp eq i64 %v, %w
  br i1 %hit, label %worded, label %on
on:
  %q1 = add i64 %q, 1
  br label %search
fresh:
  %new.at = getelementptr i64, ptr %seen, i64 %used.k
  store i64 %w, ptr %new.at
  %used.n = add i64 %used.k, 1
  %bank = and i64 %w, 31
  %bank.at = getelementptr i64, ptr %banks, i64 %bank
  %n0 = load i64, ptr %bank.at
  %n = add i64 %n0, 1
  store i64 %n, ptr %bank.at
  %larger = icmp ugt i64 %n, %most.k
  %most.n = select i1 %larger, i64 %n, i64 %most.k
  br label %worded
worded:
  %used1 = phi i64 [%used.k, %probe], [%used.n, %fresh]
  %most1 = phi i64 [%most.k, %probe], [%most.n, %fresh]
  %k1 = add i64 %k, 1
  %wm = icmp ult i64 %k1, {words}
  br i1 %wm, label %word, label %laned
laned:
  %used2 = phi i64 [%used, %check], [%used1, %worded]
  %most2 = phi i64 [%most, %check], [%most1, %worded]
  %l1 = add i64 %l, 1
  br label %lane
phased:
  %total1 = add i64 %total, %most
  %some = icmp ne i64 %most, 0
  %one = zext i1 %some to i64
  %ideal1 = add i64 %ideal, %one
  %p1 = add i64 %p, 1
  br label %phase
end:
  call void @tally(ptr %ctx, i32 %site, i64 %total, i64 %ideal, i64 %lanes64)
  ret void
}}
"""
    return name

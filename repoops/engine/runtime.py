"""The part of the compiled code that is the same for every kernel: warps as fibers, barriers, the report of a finding.

A warp runs on a stack of its own and is left in the middle of its function when it comes to a
barrier; the scheduler then runs the others. So barriers work in loops, in device functions and in
recursion without the compiled code being cut into pieces.
"""

from __future__ import annotations

import platform

from repoops.engine.context import (
    ALLOCATION_SIZE,
    CACHE_SIZE,
    DONE,
    FIBER,
    FIBER_SIZE,
    OFFSETS,
    READY,
    RECORD_SIZE,
    WAITING,
)
from repoops.engine.records import KINDS, NUMBER
from repoops.errors import RepoOpsError

# Saves what the calling convention says a function must keep, changes the stack, and restores the same
# of the other. A new stack is laid out so that this "returns" into repoops_begin with the warp's
# function in one of those registers.
_SWITCH = {
    "x86_64": """
.text
.globl repoops_switch
repoops_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.globl repoops_begin
repoops_begin:
  movq %r12, %rdi
  movq %r13, %rsi
  callq *%r14
  ud2
""",
    "aarch64": """
.text
.globl repoops_switch
repoops_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.globl repoops_begin
repoops_begin:
  mov x0, x19
  mov x1, x20
  blr x21
  brk #1
""",
}
# Words of a fresh stack from its lowest address on: what repoops_switch restores.
_FRAME = {
    # The two last words leave the stack aligned to 16 bytes where the function is called.
    "x86_64": ("0", "%function", "%index", "%ctx.word", "0", "0", "%begin", "0", "0"),
    "aarch64": ("%ctx.word", "%index", "%function", *["0"] * 8, "%begin", *["0"] * 8),
}


def machine() -> str:
    """This machine's architecture, if fibers are written for it.

    Raises:
        RepoOpsError: they are not.
    """
    name = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if name not in _SWITCH:
        raise RepoOpsError(f"kernels cannot run on this CPU ({name}): x86_64 and aarch64 are supported")
    return name


def field(name: str, kind: str, to: str) -> str:
    """Two lines of IR that load a field of the context into `%to`."""
    return (
        f"  %{to}.at = getelementptr i8, ptr %ctx, i64 {OFFSETS[name]}\n"
        f"  %{to} = load {kind}, ptr %{to}.at\n"
    )


def text(*, clear: str, wrap: str) -> str:
    """The IR of the runtime.

    Args:
        clear: IR lines that prepare shared memory and its shadow for a block, given `%ctx`.
        wrap: the function that renews the cells when epochs run out.
    """
    asm = "\n".join(
        f'module asm "{line.strip()}"' for line in _SWITCH[machine()].strip().splitlines()
    )
    return "\n".join((asm, _DECLARATIONS, _start(), _scheduler(clear), _report(), _locate(), wrap))


_DECLARATIONS = """
declare void @repoops_switch(ptr, i64)
declare void @repoops_begin()
declare i32 @llvm.cttz.i32(i32, i1)
declare i32 @llvm.ctpop.i32(i32)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
"""


def _start() -> str:
    frame = _FRAME[machine()]
    stores = "\n".join(
        f"  %w{n} = getelementptr i64, ptr %low, i64 {n}\n  store i64 {word}, ptr %w{n}"
        for n, word in enumerate(frame)
    )
    return f"""
define internal void @start(ptr %ctx, i64 %index) {{
{field("fibers", "ptr", "fibers")}{field("stacks", "i64", "stacks")}{field("stack_size", "i64", "size")}
  %offset = mul i64 %index, {FIBER_SIZE}
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  %next = add i64 %index, 1
  %span = mul i64 %next, %size
  %top = add i64 %stacks, %span
  %below = sub i64 %top, {8 * len(frame)}
  %low = inttoptr i64 %below to ptr
  %ctx.word = ptrtoint ptr %ctx to i64
  %function = ptrtoint ptr @warp to i64
  %begin = ptrtoint ptr @repoops_begin to i64
{stores}
  call void @llvm.memset.p0.i64(ptr %fiber, i8 0, i64 {FIBER_SIZE}, i1 false)
  store i64 %below, ptr %fiber
  ret void
}}
define internal ptr @fiber(ptr %ctx) alwaysinline {{
{field("fibers", "ptr", "fibers")}{field("current", "i64", "current")}
  %offset = mul i64 %current, {FIBER_SIZE}
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  ret ptr %fiber
}}
define internal void @leave(ptr %ctx, i64 %status) noinline {{
  %fiber = call ptr @fiber(ptr %ctx)
  %status.at = getelementptr i8, ptr %fiber, i64 {FIBER["status"]}
  store i64 %status, ptr %status.at
{field("scheduler", "i64", "scheduler")}
  call void @repoops_switch(ptr %fiber, i64 %scheduler)
  ret void
}}
define internal void @finish(ptr %ctx) noinline noreturn {{
  call void @leave(ptr %ctx, i64 {DONE})
  unreachable
}}
define internal void @die(ptr %ctx, i32 %site, i32 %kind, i32 %mask) cold noinline noreturn {{
  call void @report(ptr %ctx, i32 %site, i32 %kind, i32 %mask, <32 x i64> zeroinitializer, i64 0)
  %stop = getelementptr i8, ptr %ctx, i64 {OFFSETS["stop"]}
  store i64 1, ptr %stop
  call void @finish(ptr %ctx)
  unreachable
}}
define internal i64 @tick(ptr %ctx, i32 %site) cold noinline {{
{field("budget", "i64", "budget")}{field("ticks", "i64", "quantum")}
  %left = sub i64 %budget, %quantum
  store i64 %left, ptr %budget.at
  %over = icmp slt i64 %left, 0
  br i1 %over, label %end, label %on
end:
  call void @die(ptr %ctx, i32 %site, i32 {NUMBER["limit"]}, i32 -1)
  unreachable
on:
  call void @leave(ptr %ctx, i64 {READY})
  ret i64 %quantum
}}
define internal void @barrier(ptr %ctx, i64 %id, i64 %expected, i64 %site) noinline {{
  %fiber = call ptr @fiber(ptr %ctx)
  %site.at = getelementptr i8, ptr %fiber, i64 {FIBER["site"]}
  store i64 %site, ptr %site.at
  %id.at = getelementptr i8, ptr %fiber, i64 {FIBER["barrier"]}
  store i64 %id, ptr %id.at
  %expected.at = getelementptr i8, ptr %fiber, i64 {FIBER["expected"]}
  store i64 %expected, ptr %expected.at
  call void @leave(ptr %ctx, i64 {WAITING})
  ret void
}}
"""


def _scheduler(clear: str) -> str:
    """`run` takes thread blocks until there are none; `block` runs one to its end."""
    return f"""
define void @run(ptr %ctx) {{
{field("next_block", "ptr", "counter")}{field("blocks", "i64", "total")}
{field("nctaid_x", "i64", "gx")}{field("nctaid_y", "i64", "gy")}
  br label %next
next:
  %stop = call i64 @stopped(ptr %ctx)
  %halt = icmp ne i64 %stop, 0
  br i1 %halt, label %end, label %take
take:
  %b = atomicrmw add ptr %counter, i64 1 monotonic
  %more = icmp ult i64 %b, %total
  br i1 %more, label %go, label %end
go:
  %x = urem i64 %b, %gx
  %r = udiv i64 %b, %gx
  %y = urem i64 %r, %gy
  %z = udiv i64 %r, %gy
  %block.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["block"]}
  store i64 %b, ptr %block.at
  %x.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["ctaid_x"]}
  store i64 %x, ptr %x.at
  %y.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["ctaid_y"]}
  store i64 %y, ptr %y.at
  %z.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["ctaid_z"]}
  store i64 %z, ptr %z.at
  %limit.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["limit"]}
  %limit = load i64, ptr %limit.at
  %budget.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["budget"]}
  store i64 %limit, ptr %budget.at
  %epoch.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["epoch"]}
  store i64 1, ptr %epoch.at
{field("arrivals", "ptr", "arrivals")}  call void @llvm.memset.p0.i64(ptr %arrivals, i8 0, i64 128, i1 false)
  call void @clear(ptr %ctx)
  call void @block(ptr %ctx)
  br label %next
end:
  ret void
}}
define internal i64 @stopped(ptr %ctx) {{
{field("stop", "i64", "stop")}
  ret i64 %stop
}}
define internal void @clear(ptr %ctx) noinline {{
{clear}
  ret void
}}
define internal void @block(ptr %ctx) noinline {{
entry:
{field("warps", "i64", "warps")}{field("order", "ptr", "order")}{field("fibers", "ptr", "fibers")}
  %scheduler = getelementptr i8, ptr %ctx, i64 {OFFSETS["scheduler"]}
  %current = getelementptr i8, ptr %ctx, i64 {OFFSETS["current"]}
  br label %init
init:
  %i = phi i64 [0, %entry], [%i1, %init]
  call void @start(ptr %ctx, i64 %i)
  %i1 = add i64 %i, 1
  %inits = icmp ult i64 %i1, %warps
  br i1 %inits, label %init, label %round
round:
  br label %pick
pick:
  %k = phi i64 [0, %round], [%k1, %picked]
  %ran = phi i64 [0, %round], [%ran1, %picked]
  %left = phi i64 [0, %round], [%left1, %picked]
  %w.at = getelementptr i64, ptr %order, i64 %k
  %w = load i64, ptr %w.at
  %offset = mul i64 %w, {FIBER_SIZE}
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  %status.at = getelementptr i8, ptr %fiber, i64 {FIBER["status"]}
  %status = load i64, ptr %status.at
  %ready = icmp eq i64 %status, {READY}
  br i1 %ready, label %resume, label %picked
resume:
  store i64 %w, ptr %current
  %sp = load i64, ptr %fiber
  call void @repoops_switch(ptr %scheduler, i64 %sp)
  br label %picked
picked:
  %one = phi i64 [0, %pick], [1, %resume]
  %ran1 = add i64 %ran, %one
  %after = load i64, ptr %status.at
  %alive = icmp ne i64 %after, {DONE}
  %alive64 = zext i1 %alive to i64
  %left1 = add i64 %left, %alive64
  %k1 = add i64 %k, 1
  %picks = icmp ult i64 %k1, %warps
  br i1 %picks, label %pick, label %settle
settle:
  %stop = call i64 @stopped(ptr %ctx)
  %halt = icmp ne i64 %stop, 0
  %none = icmp eq i64 %left1, 0
  %over = or i1 %halt, %none
  br i1 %over, label %end, label %wake
wake:
  %woken = call i64 @release(ptr %ctx)
  %idle = icmp eq i64 %ran1, 0
  %asleep = icmp eq i64 %woken, 0
  %dead = and i1 %idle, %asleep
  br i1 %dead, label %deadlock, label %round
deadlock:
  call void @stuck(ptr %ctx)
  br label %end
end:
  ret void
}}
{_release()}
"""


def _release() -> str:
    """Barriers: a warp goes on when all that are to come have come; a warp that has ended counts as come."""
    return f"""
define internal i64 @release(ptr %ctx) noinline {{
entry:
{field("warps", "i64", "warps")}{field("fibers", "ptr", "fibers")}
  br label %outer
outer:
  %i = phi i64 [0, %entry], [%i1, %continue]
  %woken = phi i64 [0, %entry], [%woken1, %continue]
  %o = mul i64 %i, {FIBER_SIZE}
  %fiber = getelementptr i8, ptr %fibers, i64 %o
  %status.at = getelementptr i8, ptr %fiber, i64 {FIBER["status"]}
  %status = load i64, ptr %status.at
  %waits = icmp eq i64 %status, {WAITING}
  br i1 %waits, label %scan, label %continue
scan:
  %id.at = getelementptr i8, ptr %fiber, i64 {FIBER["barrier"]}
  %id = load i64, ptr %id.at
  %expected.at = getelementptr i8, ptr %fiber, i64 {FIBER["expected"]}
  %expected = load i64, ptr %expected.at
  br label %count
count:
  %j = phi i64 [0, %scan], [%j1, %count]
  %come = phi i64 [0, %scan], [%come1, %count]
  %busy = phi i64 [0, %scan], [%busy1, %count]
  %jo = mul i64 %j, {FIBER_SIZE}
  %jf = getelementptr i8, ptr %fibers, i64 %jo
  %js.at = getelementptr i8, ptr %jf, i64 {FIBER["status"]}
  %js = load i64, ptr %js.at
  %jid.at = getelementptr i8, ptr %jf, i64 {FIBER["barrier"]}
  %jid = load i64, ptr %jid.at
  %jw = icmp eq i64 %js, {WAITING}
  %same = icmp eq i64 %jid, %id
  %here = and i1 %jw, %same
  %here64 = zext i1 %here to i64
  %come1 = add i64 %come, %here64
  %jd = icmp eq i64 %js, {DONE}
  %settled = or i1 %here, %jd
  %missing = xor i1 %settled, true
  %missing64 = zext i1 %missing to i64
  %busy1 = add i64 %busy, %missing64
  %j1 = add i64 %j, 1
  %jm = icmp ult i64 %j1, %warps
  br i1 %jm, label %count, label %decide
decide:
  %whole = icmp eq i64 %expected, 0
  %nobody = icmp eq i64 %busy1, 0
  %all = and i1 %whole, %nobody
  %waiting = mul i64 %come1, 32
{field("arrivals", "ptr", "arrivals")}  %id4 = and i64 %id, 15
  %arrived.at = getelementptr i64, ptr %arrivals, i64 %id4
  %arrived = load i64, ptr %arrived.at
  %lanes = add i64 %waiting, %arrived
  %enough = icmp uge i64 %lanes, %expected
  %some = xor i1 %whole, true
  %part = and i1 %some, %enough
  %open = or i1 %all, %part
  br i1 %open, label %free, label %continue
free:
  store i64 0, ptr %arrived.at
  %epoch.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["epoch"]}
  %epoch = load i64, ptr %epoch.at
  %epoch1 = add i64 %epoch, 1
  store i64 %epoch1, ptr %epoch.at
  %late = icmp eq i64 %epoch1, 65534
  br i1 %late, label %wrap, label %wakeup
wrap:
  call void @wrap(ptr %ctx)
  store i64 1, ptr %epoch.at
  br label %wakeup
wakeup:
  br label %wake
wake:
  %q = phi i64 [0, %wakeup], [%q1, %woke]
  %qo = mul i64 %q, {FIBER_SIZE}
  %qf = getelementptr i8, ptr %fibers, i64 %qo
  %qs.at = getelementptr i8, ptr %qf, i64 {FIBER["status"]}
  %qs = load i64, ptr %qs.at
  %qid.at = getelementptr i8, ptr %qf, i64 {FIBER["barrier"]}
  %qid = load i64, ptr %qid.at
  %qw = icmp eq i64 %qs, {WAITING}
  %qsame = icmp eq i64 %qid, %id
  %qhere = and i1 %qw, %qsame
  br i1 %qhere, label %set, label %woke
set:
  store i64 {READY}, ptr %qs.at
  br label %woke
woke:
  %q1 = add i64 %q, 1
  %qm = icmp ult i64 %q1, %warps
  br i1 %qm, label %wake, label %freed
freed:
  %woken2 = add i64 %woken, 1
  br label %continue
continue:
  %woken1 = phi i64 [%woken, %outer], [%woken, %decide], [%woken2, %freed]
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %warps
  br i1 %more, label %outer, label %end
end:
  ret i64 %woken1
}}
define internal void @stuck(ptr %ctx) cold noinline {{
entry:
{field("warps", "i64", "warps")}{field("fibers", "ptr", "fibers")}
  %current = getelementptr i8, ptr %ctx, i64 {OFFSETS["current"]}
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %next]
  %o = mul i64 %i, {FIBER_SIZE}
  %fiber = getelementptr i8, ptr %fibers, i64 %o
  %status.at = getelementptr i8, ptr %fiber, i64 {FIBER["status"]}
  %status = load i64, ptr %status.at
  %waits = icmp eq i64 %status, {WAITING}
  br i1 %waits, label %tell, label %next
tell:
  store i64 %i, ptr %current
  %site.at = getelementptr i8, ptr %fiber, i64 {FIBER["site"]}
  %site = load i64, ptr %site.at
  %site32 = trunc i64 %site to i32
  call void @report(ptr %ctx, i32 %site32, i32 {NUMBER["deadlock"]}, i32 -1, <32 x i64> zeroinitializer, i64 0)
  br label %next
next:
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %warps
  br i1 %more, label %loop, label %end
end:
  %stop = getelementptr i8, ptr %ctx, i64 {OFFSETS["stop"]}
  store i64 1, ptr %stop
  ret void
}}
"""


def _report() -> str:
    """Counts a finding for its site and kind; the first of each is written down with the first lane's facts."""
    return f"""
define internal void @report(ptr %ctx, i32 %site, i32 %kind, i32 %mask, <32 x i64> %address, i64 %other) cold noinline {{
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
{field("hits", "ptr", "hits")}
  %row = mul i32 %site, {len(KINDS)}
  %cell = add i32 %row, %kind
  %cell64 = zext i32 %cell to i64
  %hit.at = getelementptr i64, ptr %hits, i64 %cell64
  %before = load i64, ptr %hit.at
  %now = add i64 %before, %lanes64
  store i64 %now, ptr %hit.at
{field("record_used", "i64", "used")}{field("record_room", "i64", "room")}
  %first = icmp eq i64 %before, 0
  %space = icmp ult i64 %used, %room
  %keep = and i1 %first, %space
  br i1 %keep, label %write, label %end
write:
{field("records", "ptr", "records")}{field("block", "i64", "block")}{field("current", "i64", "current")}
  %o = mul i64 %used, {RECORD_SIZE}
  %r = getelementptr i8, ptr %records, i64 %o
  store i32 %site, ptr %r
  %r4 = getelementptr i8, ptr %r, i64 4
  store i32 %kind, ptr %r4
  %lane = call i32 @llvm.cttz.i32(i32 %mask, i1 false)
  %lane5 = and i32 %lane, 31
  %a = extractelement <32 x i64> %address, i32 %lane5
  %r8 = getelementptr i8, ptr %r, i64 8
  store i64 %a, ptr %r8
  %r16 = getelementptr i8, ptr %r, i64 16
  store i64 %other, ptr %r16
  %r24 = getelementptr i8, ptr %r, i64 24
  store i64 %block, ptr %r24
  %current32 = trunc i64 %current to i32
  %base = mul i32 %current32, 32
  %thread = add i32 %base, %lane5
  %r32 = getelementptr i8, ptr %r, i64 32
  store i32 %thread, ptr %r32
  %r36 = getelementptr i8, ptr %r, i64 36
  store i32 %lanes, ptr %r36
  %used1 = add i64 %used, 1
  store i64 %used1, ptr %used.at
  br label %end
end:
  ret void
}}
"""


def _locate() -> str:
    """Finds, for each lane's access, the allocation that holds all of it; the lanes that have none are reported.

    The last one found is kept for the site, so that the next access is checked by one comparison.
    """
    return f"""
define internal i32 @locate(ptr %ctx, ptr %table, i64 %count, i32 %site, <32 x i64> %address, i32 %mask, i64 %size, i64 %below) cold noinline {{
entry:
{field("caches", "ptr", "caches")}
  %site64 = zext i32 %site to i64
  %cache.o = mul i64 %site64, {CACHE_SIZE}
  %cache = getelementptr i8, ptr %caches, i64 %cache.o
  %cache8 = getelementptr i8, ptr %cache, i64 8
  %spill = alloca <32 x i64>
  store <32 x i64> %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %good = phi i32 [0, %entry], [%good1, %next]
  %null = phi i32 [0, %entry], [%null1, %next]
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
  br label %search
search:
  %k = phi i64 [0, %one], [%k1, %on]
  %searching = icmp ult i64 %k, %count
  br i1 %searching, label %probe, label %missed
probe:
  %e.o = mul i64 %k, {ALLOCATION_SIZE}
  %e = getelementptr i8, ptr %table, i64 %e.o
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %rel = sub i64 %a, %lo
  %span = sub i64 %hi, %lo
  %fits = icmp uge i64 %span, %size
  %room.0 = sub i64 %span, %size
  %room = add i64 %room.0, 1
  %in = icmp ult i64 %rel, %room
  %ok = and i1 %fits, %in
  br i1 %ok, label %found, label %on
on:
  %k1 = add i64 %k, 1
  br label %search
found:
  store i64 %lo, ptr %cache
  store i64 %room, ptr %cache8
  %good.f = or i32 %good, %bit
  br label %next
missed:
  %low = icmp ult i64 %a, %below
  %null.m0 = select i1 %low, i32 %bit, i32 0
  %bad.m0 = select i1 %low, i32 0, i32 %bit
  %null.m = or i32 %null, %null.m0
  %bad.m = or i32 %bad, %bad.m0
  br label %next
next:
  %good1 = phi i32 [%good.f, %found], [%good, %missed]
  %null1 = phi i32 [%null, %found], [%null.m, %missed]
  %bad1 = phi i32 [%bad, %found], [%bad.m, %missed]
  br label %lane
end:
  %nulls = icmp ne i32 %null, 0
  br i1 %nulls, label %say.null, label %bads
say.null:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["null"]}, i32 %null, <32 x i64> %address, i64 0)
  br label %bads
bads:
  %some = icmp ne i32 %bad, 0
  br i1 %some, label %say.bad, label %done
say.bad:
  call void @report(ptr %ctx, i32 %site, i32 {NUMBER["out-of-bounds"]}, i32 %bad, <32 x i64> %address, i64 0)
  br label %done
done:
  ret i32 %good
}}
"""

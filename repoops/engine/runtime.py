"""The part of the compiled code that is the same for every kernel: warps as fibers, barriers, the report of a finding.

A warp runs on a stack of its own and is left in the middle of its function when it comes to a
barrier; the scheduler then runs the others. So barriers work in loops, in device functions and in
recursion without the compiled code being cut into pieces.
"""

from __future__ import annotations

import platform

from repoops.engine import ir
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


def text(*, clear: str, cells: str) -> str:
    """The IR of the runtime.

    Args:
        clear: IR lines that prepare shared memory and its shadow for a block, given `%ctx`.
        cells: functions that a block's beginning and its barriers call.
    """
    asm = "\n".join(f'module asm "{line.strip()}"' for line in _SWITCH[machine()].strip().splitlines())
    parts = (
        _start(),
        # `run` takes thread blocks until there are none; `block` runs one to its end.
        ir.text("schedule.ll", clear=clear),
        # A warp goes on when all that are to come to its barrier have come; one that has ended counts as come.
        ir.text("release.ll"),
        # A finding is counted for its site and kind; the first of each is written down with the first lane's facts.
        ir.text("report.ll"),
        # The allocation that holds all of an access; kept for the site, so that the next is checked by one comparison.
        ir.text("locate.ll"),
        cells,
    )
    return "\n".join((asm, _DECLARATIONS, *parts))


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
    return ir.text("warp.ll", below=8 * len(frame), stores=stores)

"""A kernel of one warpgroup around one `wgmma.mma_async`: shared memory, sums and registers of A come from arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from repoops import engine
from repoops.engine.launch import EngineResult
from repoops.kernel.model import Launch

Array = np.ndarray[Any, Any]
THREADS = 128


@dataclass(frozen=True)
class Product:
    """A form of the instruction, and its constant operands."""

    columns: int
    kind: str = "f16"
    registers: bool = False
    a_turned: int = 0
    b_turned: int = 0
    a_sign: int = 1
    b_sign: int = 1

    @property
    def text(self) -> str:
        """The instruction, with A in %ra, its descriptors in %da and %db, and the predicate in %p."""
        d = ", ".join(f"%d{n}" for n in range(self.columns // 2))
        a = "{%ra0, %ra1, %ra2, %ra3}" if self.registers else "%da"
        turned = f"{self.b_turned}" if self.registers else f"{self.a_turned}, {self.b_turned}"
        return (
            f"wgmma.mma_async.sync.aligned.m64n{self.columns}k16.f32.{self.kind}.{self.kind} "
            f"{{{d}}}, {a}, %db, %p, {self.a_sign}, {self.b_sign}, {turned};"
        )


def ptx(product: Product, size: int) -> str:
    """The kernel `k`: (shared memory's image, A's registers, sums before, sums after, A's descriptor, B's, scale-d)."""
    half = product.columns // 2
    lines = [
        ".version 8.7", ".target sm_90a", ".address_size 64",
        f".visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3, .param .u64 p4, .param .u64 p5, .param .u32 p6) .maxntid {THREADS}, 1, 1",
        "{", f".shared .align 1024 .b8 sh[{size}];", f".reg .f32 %d<{half}>; .reg .b32 %ra<4>; .reg .b32 %r<8>; .reg .b64 %q<8>; .reg .b64 %da, %db; .reg .pred %p, %more;",
        "mov.u32 %r0, %tid.x; shl.b32 %r1, %r0, 4; mov.u32 %r2, sh; ld.param.u64 %q0, [p0];",
        "loop:", f"setp.lt.u32 %more, %r1, {size}; @!%more bra filled;",
        "cvt.u64.u32 %q1, %r1; add.u64 %q1, %q0, %q1; ld.global.v4.b32 {%r3, %r4, %r5, %r6}, [%q1];",
        f"add.u32 %r7, %r2, %r1; st.shared.v4.b32 [%r7], {{%r3, %r4, %r5, %r6}}; add.u32 %r1, %r1, {16 * THREADS}; bra loop;",
        "filled:", "fence.proxy.async; bar.sync 0;",
        "ld.param.u64 %q0, [p1]; mad.wide.u32 %q0, %r0, 16, %q0; ld.global.v4.b32 {%ra0, %ra1, %ra2, %ra3}, [%q0];",
        f"ld.param.u64 %q0, [p2]; mad.wide.u32 %q0, %r0, {4 * half}, %q0;",
        *(f"ld.global.f32 %d{n}, [%q0 + {4 * n}];" for n in range(half)),
        "shr.u32 %r2, %r2, 4; cvt.u64.u32 %q1, %r2; ld.param.u64 %da, [p4]; add.u64 %da, %da, %q1; ld.param.u64 %db, [p5]; add.u64 %db, %db, %q1;",
        "ld.param.u32 %r3, [p6]; setp.ne.u32 %p, %r3, 0;",
        "wgmma.fence.sync.aligned;", product.text, "wgmma.commit_group.sync.aligned;", "wgmma.wait_group.sync.aligned 0;",
        f"ld.param.u64 %q0, [p3]; mad.wide.u32 %q0, %r0, {4 * half}, %q0;",
        *(f"st.global.f32 [%q0 + {4 * n}], %d{n};" for n in range(half)),
        "ret;", "}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def run(
    product: Product, image: Array, descriptors: tuple[int, int], sums: Array, *, a: Array | None = None,
    adds: int = 1, checks: tuple[str, ...] = (), size: int | None = None,
) -> tuple[Array, EngineResult]:  # fmt: skip
    """D as 64 x columns, and what the run came to.

    Args:
        product: the form.
        image: bytes of shared memory.
        descriptors: of A and B, their starts as offsets into it.
        sums: C, 64 x columns of float32.
        a: 64 x 16 of 16-bit words, where A is in registers.
        adds: scale-d.
        checks: compiled in.
        size: bytes of shared memory that there are.
    """
    places = d_places(product.columns)
    given = np.ascontiguousarray(sums[places[..., 0], places[..., 1]], np.float32)
    words = np.zeros((THREADS, 4), np.int32)
    if a is not None:
        rows = a_places()
        pairs = a[rows[..., 0], rows[..., 1]].astype(np.uint32)
        words = np.ascontiguousarray(pairs[..., 0] | pairs[..., 1] << 16).view(np.int32)
    out = np.full_like(given, np.nan)
    image = np.pad(image, (0, -len(image) % 16))
    arguments = (
        image,
        words,
        given,
        out,
        np.uint64(descriptors[0]),
        np.uint64(descriptors[1]),
        np.uint32(adds),
    )
    launch = Launch((1, 1, 1), (THREADS, 1, 1), arguments, outputs=(3,))
    result = engine.run(ptx(product, size or len(image)), "k", launch, checks=checks, jobs=1, optimise=False)
    found = np.full(sums.shape, np.nan, np.float32)
    found[places[..., 0], places[..., 1]] = out
    return found, result


def d_places(columns: int) -> Array:
    """Row and column of each thread's element i of D: (threads, columns / 2, 2). Source: PTX ISA, "Register Fragments for m64nNk16"."""
    thread, i = np.meshgrid(np.arange(THREADS), np.arange(columns // 2), indexing="ij")
    row = 16 * (thread // 32) + thread % 32 // 4 + 8 * (i // 2 % 2)
    return np.stack([row, 8 * (i // 4) + 2 * (thread % 4) + i % 2], axis=-1)


def a_places() -> Array:
    """Row and column of each thread's halves of A: (threads, 4, 2, 2). Source: as `d_places`, matrix A."""
    thread, register, part = np.meshgrid(np.arange(THREADS), np.arange(4), np.arange(2), indexing="ij")
    row = 16 * (thread // 32) + thread % 32 // 4 + 8 * (register % 2)
    return np.stack([row, 2 * (thread % 4) + part + 8 * (register // 2)], axis=-1)

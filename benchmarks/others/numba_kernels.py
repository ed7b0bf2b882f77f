"""Kernels in Python, compiled by Numba for a card that is not there: each with its launch and what must come out."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch
from numba import cuda
from others.case import Case, Compiled

from repoops.kernel.model import Launch

F32, F64, I32, C64 = numba.float32, numba.float64, numba.int32, numba.complex64


def arguments(value: Any) -> tuple[Any, ...]:
    """What Numba hands over for one argument: an array is seven or more words, a scalar itself.

    An array: memory info, parent, number of elements, bytes of one, data, then extents and strides (bytes).
    """
    if not isinstance(value, torch.Tensor):
        return (value,)
    size = value.element_size()
    words = (0, 0, value.numel(), size)
    extents = (*value.shape, *(s * size for s in value.stride()))
    return (*map(np.int64, words), value, *map(np.int64, extents))


def compiled(
    kernel: Callable[..., None], types: Any, arch: int, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...],
    outputs: tuple[int, ...] = (), shared: int = 0, **options: Any,
) -> Compiled:  # fmt: skip
    """Compiles for `sm_ARCH`; `outputs` are numbers of Python's arguments."""
    ptx, _ = cuda.compile_ptx(kernel, types, device=False, cc=divmod(arch, 10), lineinfo=True, **options)
    entry = next(line.split("(")[0].split()[-1] for line in ptx.splitlines() if ".entry" in line)
    given = [arguments(a) for a in args]
    flat = tuple(word for words in given for word in words)
    at = [sum(map(len, given[:n])) + 4 for n in outputs]
    three = [(*extent, 1, 1)[:3] for extent in (grid, block)]
    return Compiled(ptx, entry, Launch(three[0], three[1], flat, shared, tuple(at)))


def add(x, y, z):
    i = cuda.grid(1)
    if i < x.size:
        z[i] = x[i] + y[i]


def block_sum(x, y):
    part = cuda.shared.array(128, F32)
    t = cuda.threadIdx.x
    part[t] = x[cuda.blockIdx.x * 128 + t]
    cuda.syncthreads()
    s = 64
    while s > 0:
        if t < s:
            part[t] += part[t + s]
        cuda.syncthreads()
        s //= 2
    if t == 0:
        cuda.atomic.add(y, 0, part[0])


def matmul(a, b, c):
    left, right = cuda.shared.array((16, 16), F32), cuda.shared.array((16, 16), F32)
    i, j = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = F32(0)
    for first in range(0, a.shape[1], 16):
        left[tx, ty] = a[i, first + ty] if i < a.shape[0] and first + ty < a.shape[1] else 0
        right[tx, ty] = b[first + tx, j] if j < b.shape[1] and first + tx < b.shape[0] else 0
        cuda.syncthreads()
        for k in range(16):
            total += left[tx, k] * right[k, ty]
        cuda.syncthreads()
    if i < c.shape[0] and j < c.shape[1]:
        c[i, j] = total


def dynamic(x, y):
    room = cuda.shared.array(0, F32)
    t = cuda.threadIdx.x
    room[t] = x[t]
    cuda.syncthreads()
    y[t] = room[cuda.blockDim.x - 1 - t]


def atomics(x, bins, extremes, old):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(bins, x[i], 1)
        cuda.atomic.max(extremes, 0, x[i])
        cuda.atomic.min(extremes, 1, x[i])
        old[i] = cuda.atomic.cas(extremes, 2, 0, 5)


def warp_sums(x, y, words):
    i = cuda.grid(1)
    v = x[i]
    for d in (16, 8, 4, 2, 1):
        v += cuda.shfl_down_sync(0xFFFFFFFF, v, d)
    if cuda.laneid == 0:
        y[i // 32] = v
    cuda.syncwarp()
    words[i] = cuda.ballot_sync(0xFFFFFFFF, x[i] > 0) + cuda.popc(cuda.activemask())
    words[i] += cuda.shfl_xor_sync(0xFFFFFFFF, i, 1) + cuda.shfl_sync(0xFFFFFFFF, i, 3)


def local_sort(x, y):
    mine = cuda.local.array(8, F32)
    i = cuda.grid(1)
    for k in range(8):
        mine[k] = x[i, k]
    for k in range(1, 8):
        v, at = mine[k], k
        while at > 0 and mine[at - 1] > v:
            mine[at] = mine[at - 1]
            at -= 1
        mine[at] = v
    for k in range(8):
        y[i, k] = mine[k]


def functions(x, y):
    i = cuda.grid(1)
    if i < x.size:
        v = x[i]
        y[i, 0] = math.exp(v) + math.log(v) + math.pow(v, 1.3)
        y[i, 1] = math.sin(v) + math.cos(v) * math.tan(v)
        y[i, 2] = math.erf(v) + math.erfc(v) + math.gamma(v) + math.lgamma(v + 2)
        y[i, 3] = math.sqrt(v) + math.atan2(v, v + 1) + math.tanh(v) + math.asin(v / 10)
        y[i, 4] = math.floor(v) + math.ceil(v) + math.fmod(v, 0.7) + math.hypot(v, 2 * v)


def complexes(x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = cmath.exp(x[i]) * x[i] / (x[i] + 3j) + abs(x[i])


def strided(x, y):
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        for j in range(x.shape[1] - 1, -1, -1):
            y[i, x.shape[1] - 1 - j] = 2 * x[i, j] if (i + j) % 3 else x[x.shape[0] - 1 - i, j]


def integers(x, y):
    i = cuda.grid(1)
    if i < x.size:
        v = x[i]
        y[i, 0] = v // 7 + v % 5 + (v >> 3)
        y[i, 1] = cuda.clz(v) + cuda.brev(v) % 13 + cuda.ffs(v)
        y[i, 2] = (v ^ 0x5A5A) & ~i | (v << 2)
        y[i, 3] = min(v, i) * max(v, i) - abs(v - 100)


def _vectors(kind: Any, torch_kind: torch.dtype) -> Any:
    def make(arch: int) -> Any:
        x, y, z = (torch.randn(1000).to(torch_kind) for _ in range(3))
        one = kind[:]
        return compiled(add, (one, one, one), arch, (4,), (256,), (x, y, z), (2,)), [(z, x + y)]

    return make


def _block_sum(arch: int) -> Any:
    x, y = torch.randn(512), torch.zeros(1)
    return compiled(block_sum, (F32[::1], F32[::1]), arch, (4,), (128,), (x, y)), [(y, x.sum()[None])]


def _matmul(arch: int) -> Any:
    a, b, c = torch.randn(40, 50), torch.randn(50, 33), torch.zeros(40, 33)
    two = F32[:, ::1]
    return compiled(matmul, (two, two, two), arch, (3, 3), (16, 16), (a, b, c), (2,)), [(c, a @ b)]


def _dynamic(arch: int) -> Any:
    x, y = torch.randn(96), torch.zeros(96)
    return compiled(dynamic, (F32[::1], F32[::1]), arch, (1,), (96,), (x, y), (1,), 4 * 96), [(y, x.flip(0))]


def _atomics(arch: int) -> Any:
    x = torch.randint(0, 32, (500,), dtype=torch.int32)
    bins, extremes, old = (
        torch.zeros(32, dtype=torch.int32),
        torch.tensor([-1, 99, 0]).int(),
        torch.zeros(500).int(),
    )
    made = compiled(atomics, (I32[::1],) * 4, arch, (4,), (128,), (x, bins, extremes, old), (3,))
    return made, [
        (bins, torch.bincount(x, minlength=32)),
        (extremes, torch.tensor([int(x.max()), int(x.min()), 5])),
    ]


def _warp_sums(arch: int) -> Any:
    x, y, words = torch.randn(128), torch.zeros(4), torch.zeros(128, dtype=torch.int64)
    made = compiled(
        warp_sums, (F32[::1], F32[::1], numba.int64[::1]), arch, (1,), (128,), (x, y, words), (1, 2)
    )
    i = torch.arange(128)
    ballots = torch.tensor([sum(1 << n for n in range(32) if x[32 * w + n] > 0) for w in range(4)])
    right = ballots.int().long()[i // 32] + 32 + (i ^ 1) + 32 * (i // 32) + 3
    return made, [(y, x.reshape(4, 32).sum(1)), (words, right)]


def _local_sort(arch: int) -> Any:
    x, y = torch.randn(64, 8), torch.zeros(64, 8)
    return compiled(local_sort, (F32[:, ::1],) * 2, arch, (2,), (32,), (x, y), (1,)), [(y, x.sort(1).values)]


def _functions(kind: Any, torch_kind: torch.dtype, fast: bool = False) -> Any:
    def make(arch: int) -> Any:
        x, y = (torch.rand(100) * 3 + 0.1).to(torch_kind), torch.zeros(100, 5, dtype=torch_kind)
        d = x.double()
        right = torch.stack([
            d.exp() + d.log() + d**1.3, d.sin() + d.cos() * d.tan(),
            d.erf() + d.erfc() + d.lgamma().exp() + (d + 2).lgamma(),
            d.sqrt() + torch.atan2(d, d + 1) + d.tanh() + (d / 10).asin(),
            d.floor() + d.ceil() + d.fmod(0.7) + torch.hypot(d, 2 * d),
        ], 1)  # fmt: skip
        return compiled(
            functions, (kind[::1], kind[:, ::1]), arch, (1,), (128,), (x, y), (1,), fastmath=fast
        ), [(y, right)]

    return make


def _complexes(arch: int) -> Any:
    x, y = torch.randn(64, dtype=torch.complex64), torch.zeros(64, dtype=torch.complex64)
    made = compiled(complexes, (C64[::1], C64[::1]), arch, (1,), (64,), (x.view(torch.complex64), y), (1,))
    right = x.exp() * x / (x + 3j) + x.abs()
    return made, [(torch.view_as_real(y), torch.view_as_real(right))]


def _strided(arch: int) -> Any:
    whole, y = torch.randn(40, 60), torch.zeros(20, 30)
    x = whole[::2, ::2]
    i, j = torch.meshgrid(torch.arange(20), torch.arange(30), indexing="ij")
    right = torch.where((i + j) % 3 != 0, 2 * x, x.flip(0)).flip(1)
    return compiled(strided, (F32[:, :], F32[:, :]), arch, (1,), (16,), (x, y), (1,)), [(y, right)]


def _integers(arch: int) -> Any:
    x, y = torch.randint(1, 1 << 20, (100,), dtype=torch.int32), torch.zeros(100, 4, dtype=torch.int32)
    right = []
    for i, v in enumerate(x.tolist()):
        back = int(f"{v:032b}"[::-1], 2)
        right.append([
            v // 7 + v % 5 + (v >> 3), 32 - v.bit_length() + back % 13 + (v & -v).bit_length(),
            (v ^ 0x5A5A) & ~i | (v << 2), min(v, i) * max(v, i) - abs(v - 100),
        ])  # fmt: skip
    made = compiled(integers, (I32[::1], I32[:, ::1]), arch, (1,), (128,), (x, y), (1,))
    return made, [(y, torch.tensor(right))]


CASES = (
    Case("add float32", _vectors(F32, torch.float32), 0.0, (80, 89)),
    Case("add float64", _vectors(F64, torch.float64), 0.0),
    Case("add int64", _vectors(numba.int64, torch.int64), 0.0),
    Case("sum in shared memory, atomic add", _block_sum, archs=(80, 89)),
    Case("tiled matmul", _matmul, archs=(80, 89)),
    Case("dynamic shared memory", _dynamic, 0.0),
    Case("atomic add, max, min, cas", _atomics, 0.0),
    Case("shuffles, ballot, syncwarp", _warp_sums),
    Case("local array", _local_sort, 0.0),
    Case("functions float32", _functions(F32, torch.float32), archs=(80, 89)),
    Case("functions float64", _functions(F64, torch.float64), 1e-14),
    Case("functions float32, fastmath", _functions(F32, torch.float32, fast=True), 1e-4),
    Case("complex64", _complexes),
    Case("strides of any kind", _strided),
    Case("integers", _integers, 0.0),
)

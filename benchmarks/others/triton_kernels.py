"""Kernels in Triton, compiled for a card that is not there: each with its launch and what must come out."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import torch
import triton
import triton.language as tl
from others.case import Case, Compiled
from torch.nn import functional
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from repoops.kernel.model import Launch


@triton.jit
def add(x, y, z, n, tile: tl.constexpr):
    at = tl.program_id(0) * tile + tl.arange(0, tile)
    tl.store(z + at, tl.load(x + at, at < n) + tl.load(y + at, at < n), at < n)


@triton.jit
def softmax(x, y, columns, tile: tl.constexpr):
    row, at = tl.program_id(0), tl.arange(0, tile)
    v = tl.load(x + row * columns + at, at < columns, float("-inf"))
    e = tl.exp(v - tl.max(v, 0))
    tl.store(y + row * columns + at, e / tl.sum(e, 0), at < columns)


@triton.jit
def matmul(a, b, c, m, n, k, tm: tl.constexpr, tn: tl.constexpr, tk: tl.constexpr, out: tl.constexpr):
    rows, cols = tl.program_id(0) * tm + tl.arange(0, tm), tl.program_id(1) * tn + tl.arange(0, tn)
    inner = tl.arange(0, tk)
    acc = tl.zeros((tm, tn), out)
    for first in range(0, k, tk):
        left = tl.load(
            a + rows[:, None] * k + first + inner[None, :],
            (rows[:, None] < m) & (first + inner[None, :] < k), 0.0,
        )  # fmt: skip
        right = tl.load(
            b + (first + inner[:, None]) * n + cols[None, :],
            (first + inner[:, None] < k) & (cols[None, :] < n), 0.0,
        )  # fmt: skip
        acc = tl.dot(left, right, acc, out_dtype=out)
    tl.store(c + rows[:, None] * n + cols[None, :], acc, (rows[:, None] < m) & (cols[None, :] < n))


@triton.jit
def layer_norm(x, w, b, y, mean, rstd, columns, tile: tl.constexpr):
    row, at = tl.program_id(0), tl.arange(0, tile)
    v = tl.load(x + row * columns + at, at < columns, 0)
    mu = tl.sum(v, 0) / columns
    centred = tl.where(at < columns, v - mu, 0)
    r = 1 / tl.sqrt(tl.sum(centred * centred, 0) / columns + 1e-5)
    tl.store(mean + row, mu)
    tl.store(rstd + row, r)
    y_row = centred * r * tl.load(w + at, at < columns) + tl.load(b + at, at < columns)
    tl.store(y + row * columns + at, y_row, at < columns)


@triton.jit
def layer_norm_backward(x, w, dy, mean, rstd, dx, dw, db, columns, tile: tl.constexpr):
    row, at = tl.program_id(0), tl.arange(0, tile)
    inside = at < columns
    v, g = tl.load(x + row * columns + at, inside, 0), tl.load(dy + row * columns + at, inside, 0)
    r = tl.load(rstd + row)
    hat = tl.where(inside, (v - tl.load(mean + row)) * r, 0)
    wg = tl.load(w + at, inside, 0) * g
    inner = (hat * (tl.sum(hat * wg, 0) / columns)) + tl.sum(wg, 0) / columns
    tl.store(dx + row * columns + at, (wg - inner) * r, inside)
    tl.atomic_add(dw + at, g * hat, inside)
    tl.atomic_add(db + at, g, inside)


@triton.jit
def attention(q, k, v, o, length, scale, tile: tl.constexpr, depth: tl.constexpr, causal: tl.constexpr):
    head, first = tl.program_id(1) * length * depth, tl.program_id(0) * tile
    rows, across = first + tl.arange(0, tile), tl.arange(0, depth)
    mine = tl.load(q + head + rows[:, None] * depth + across[None, :])
    m, total = tl.full((tile,), float("-inf"), tl.float32), tl.zeros((tile,), tl.float32)
    acc = tl.zeros((tile, depth), tl.float32)
    end = first + tile if causal else length
    for start in range(0, end, tile):
        keys = start + tl.arange(0, tile)
        theirs = tl.load(k + head + keys[None, :] * depth + across[:, None])
        s = tl.dot(mine, theirs) * scale
        if causal:
            s = tl.where(rows[:, None] >= keys[None, :], s, float("-inf"))
        new = tl.maximum(m, tl.max(s, 1))
        p = tl.exp2((s - new[:, None]) * 1.44269504)
        rescale = tl.exp2((m - new) * 1.44269504)
        total = total * rescale + tl.sum(p, 1)
        values = tl.load(v + head + keys[:, None] * depth + across[None, :])
        acc = acc * rescale[:, None] + tl.dot(p.to(values.dtype), values)
        m = new
    tl.store(o + head + rows[:, None] * depth + across[None, :], (acc / total[:, None]).to(mine.dtype))


@triton.jit
def counts(x, bins, largest, old, n, tile: tl.constexpr, width: tl.constexpr):
    at = tl.program_id(0) * tile + tl.arange(0, tile)
    v = tl.load(x + at, at < n, 0)
    found = tl.histogram(v, width, at < n)
    tl.atomic_add(bins + tl.arange(0, width), found)
    tl.atomic_max(largest, tl.max(v, 0))
    tl.store(old + tl.program_id(0), tl.atomic_cas(largest + 1, 0, 7))


@triton.jit
def sorted_rows(x, y, up_to, by, columns: tl.constexpr):
    at = tl.program_id(0) * columns + tl.arange(0, columns)
    v = tl.load(x + at)
    tl.store(y + at, tl.sort(v))
    tl.store(up_to + at, tl.cumsum(v, 0))
    tl.store(by + tl.program_id(0), tl.argmax(v, 0))


@triton.jit
def product(a, b):
    return a * b


@triton.jit
def scans(x, y, total, rows: tl.constexpr, columns: tl.constexpr):
    at = tl.arange(0, rows)[:, None] * columns + tl.arange(0, columns)[None, :]
    v = tl.load(x + at)
    tl.store(y + at, tl.associative_scan(v, 0, product))
    tl.store(total + tl.arange(0, rows), tl.reduce(v, 1, product))
    tl.store(
        total + rows + tl.arange(0, columns),
        tl.xor_sum(v.to(tl.int32, bitcast=True), 0).to(tl.float32, bitcast=True),
    )


@triton.jit
def dropout(x, y, kept, n, p, seed, tile: tl.constexpr):
    at = tl.program_id(0) * tile + tl.arange(0, tile)
    keep = tl.rand(seed, at) > p
    tl.store(y + at, tl.where(keep, tl.load(x + at, at < n, 0) / (1 - p), 0), at < n)
    tl.store(kept + at, keep.to(tl.int8), at < n)


@triton.jit
def functions(x, y, n, tile: tl.constexpr):
    at = tl.arange(0, tile)
    v = tl.load(x + at, at < n, 1)
    tl.store(y + at, tl.sin(v) + tl.cos(v) * tl.log(v) + tl.erf(v) + tl.rsqrt(v) + tl.sqrt(v), at < n)
    tl.store(y + n + at, tl.sigmoid(v) + tl.log2(v) + tl.floor(v) + tl.ceil(v) + tl.fma(v, v, v), at < n)
    tl.store(y + 2 * n + at, tl.math.div_rn(v, v + 3) + tl.math.sqrt_rn(v) + tl.abs(v - 2), at < n)


@triton.jit
def transpose(x, y, rows: tl.constexpr, columns: tl.constexpr):
    v = tl.load(x + tl.arange(0, rows)[:, None] * columns + tl.arange(0, columns)[None, :])
    tl.store(y + tl.arange(0, columns)[:, None] * rows + tl.arange(0, rows)[None, :], tl.trans(v))


@triton.jit
def casts(x, y16, yb, y8, y5, n: tl.constexpr):
    at = tl.arange(0, n)
    v = tl.load(x + at)
    tl.store(y16 + at, v.to(tl.float16))
    tl.store(yb + at, v.to(tl.bfloat16))
    tl.store(y8 + at, v.to(tl.float8e4nv))
    tl.store(y5 + at, v.to(tl.float8e5))


NAMES = {
    torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16", torch.int8: "i8", torch.int32: "i32",
    torch.float8_e4m3fn: "fp8e4nv", torch.float8_e5m2: "fp8e5", torch.float64: "fp64", torch.int64: "i64",
}  # fmt: skip


def compiled(
    kernel: Any, arch: int, grid: tuple[int, ...], args: tuple[Any, ...], *constants: Any, outputs: tuple[int, ...] = (),
    warps: int = 4, stages: int = 3, divisible: bool = True,
) -> Compiled:  # fmt: skip
    """Compiles for `sm_ARCH`; the launch has the two scratch pointers that Triton's kernels take at their end."""
    names = kernel.arg_names
    types = {
        torch.Tensor: lambda a: "*" + NAMES[a.dtype],
        np.int32: lambda _: "i32",
        np.float32: lambda _: "fp32",
    }
    signature = {name: types[type(a)](a) for name, a in zip(names, args, strict=False)}
    held = dict(zip(names[len(args) :], constants, strict=True))
    signature |= dict.fromkeys(held, "constexpr")
    even = [
        n
        for n, a in enumerate(args)
        if isinstance(a, torch.Tensor) or (isinstance(a, np.int32) and a % 16 == 0)
    ]
    attrs = {(n,): [["tt.divisibility", 16]] for n in even} if divisible else {}
    made = triton.compile(
        ASTSource(kernel, signature, held, attrs),
        target=GPUTarget("cuda", arch, 32), options={"num_warps": warps, "num_stages": stages},
    )  # fmt: skip
    threads = 32 * made.metadata.num_warps
    scratch = (ctypes.c_void_p(0), ctypes.c_void_p(0))
    three = (*grid, 1, 1)[:3]
    launch = Launch(three, (threads, 1, 1), (*args, *scratch), made.metadata.shared, outputs)
    return Compiled(made.asm["ptx"], made.metadata.name, launch)


def _aligned(t: torch.Tensor) -> torch.Tensor:
    """A copy at an address that 16 divides, as `cudaMalloc` gives."""
    room = torch.empty(t.numel() * t.element_size() + 16, dtype=torch.uint8)
    skip = -room.data_ptr() % 16
    copy = room[skip : skip + t.numel() * t.element_size()].view(t.dtype).reshape(t.shape)
    return copy.copy_(t)


def rand(*shape: int, kind: torch.dtype = torch.float32) -> torch.Tensor:
    if kind == torch.int8:
        return _aligned(torch.randint(-9, 9, shape, dtype=kind))
    return _aligned(torch.randn(shape).to(kind))


def empty(*shape: int, kind: torch.dtype = torch.float32) -> torch.Tensor:
    return _aligned(torch.zeros(shape, dtype=kind))


def _add(divisible: bool) -> Any:
    def make(arch: int) -> Any:
        n = 1000
        x, y, z = rand(n), rand(n), empty(n)
        args = (x, y, z, np.int32(n))
        return compiled(add, arch, (4,), args, 256, outputs=(2,), divisible=divisible), [(z, x + y)]

    return make


def _softmax(warps: int) -> Any:
    def make(arch: int) -> Any:
        x, y = rand(7, 781), empty(7, 781)
        return compiled(softmax, arch, (7,), (x, y, np.int32(781)), 1024, outputs=(1,), warps=warps), [
            (y, x.softmax(1))
        ]

    return make


def _matmul(
    kind: torch.dtype, warps: int, stages: int, tiles: tuple[int, int, int], shape: tuple[int, int, int]
) -> Any:
    def make(arch: int) -> Any:
        m, n, k = shape
        out = torch.int32 if kind == torch.int8 else torch.float32
        a, b, c = rand(m, k, kind=kind), rand(k, n, kind=kind), empty(m, n, kind=out)
        truth = (a.double() @ b.double()).to(out)
        args = (a, b, c, *map(np.int32, shape))
        made = compiled(
            matmul, arch, (-(-m // tiles[0]), -(-n // tiles[1])), args, *tiles, tl.int32 if out == torch.int32 else tl.float32,
            outputs=(2,), warps=warps, stages=stages,
        )  # fmt: skip
        return made, [(c, truth)]

    return make


def _layer_norm(arch: int) -> Any:
    rows, columns = 9, 200
    x, w, b, y, mean, rstd = (
        rand(rows, columns),
        rand(columns),
        rand(columns),
        empty(rows, columns),
        empty(rows),
        empty(rows),
    )
    args = (x, w, b, y, mean, rstd, np.int32(columns))
    truth = functional.layer_norm(x, (columns,), w, b)
    return compiled(layer_norm, arch, (rows,), args, 256, outputs=(3, 4, 5)), [(y, truth), (mean, x.mean(1))]


def _layer_norm_backward(arch: int) -> Any:
    rows, columns = 9, 200
    x, w, dy = rand(rows, columns), rand(columns), rand(rows, columns)
    dx, dw, db = empty(rows, columns), empty(columns), empty(columns)
    mean, rstd = _aligned(x.mean(1)), _aligned((x.var(1, correction=0) + 1e-5).rsqrt())
    leaves = [t.clone().requires_grad_() for t in (x, w, torch.zeros(columns))]
    functional.layer_norm(leaves[0], (columns,), leaves[1], leaves[2]).backward(dy)
    args = (x, w, dy, mean, rstd, dx, dw, db, np.int32(columns))
    made = compiled(layer_norm_backward, arch, (rows,), args, 256, outputs=(5,))
    return made, list(zip((dx, dw, db), (leaf.grad for leaf in leaves), strict=True))


def _attention(kind: torch.dtype, causal: bool, warps: int, stages: int) -> Any:
    def make(arch: int) -> Any:
        shape = (2, 128, 64)
        q, k, v, o = (rand(*shape, kind=kind) for _ in range(4))
        truth = functional.scaled_dot_product_attention(
            q.double(), k.double(), v.double(), is_causal=causal, scale=0.125
        )
        args = (q, k, v, o, np.int32(128), np.float32(0.125))
        made = compiled(
            attention, arch, (2, 2), args, 64, 64, causal, outputs=(3,), warps=warps, stages=stages
        )
        return made, [(o, truth.to(kind))]

    return make


def _counts(arch: int) -> Any:
    n = 1000
    x = _aligned(torch.randint(0, 64, (n,), dtype=torch.int32))
    bins, largest, old = empty(64, kind=torch.int32), empty(2, kind=torch.int32), empty(2, kind=torch.int32)
    made = compiled(counts, arch, (2,), (x, bins, largest, old, np.int32(n)), 512, 64, outputs=(3,))
    return made, [
        (bins, torch.bincount(x, minlength=64).int()),
        (largest, torch.tensor([int(x.max()), 7]).int()),
    ]


def _sorted(arch: int) -> Any:
    x, y, up_to, by = rand(4, 256), empty(4, 256), empty(4, 256), empty(4, kind=torch.int32)
    made = compiled(sorted_rows, arch, (4,), (x, y, up_to, by), 256, outputs=(1, 2, 3))
    return made, [(y, x.sort(1).values), (up_to, x.cumsum(1)), (by, x.argmax(1).int())]


def _scans(arch: int) -> Any:
    x, y, total = _aligned(torch.rand(16, 64) + 0.5), empty(16, 64), empty(80)
    bits = x.view(torch.int32)
    folded = bits[0].clone()
    for row in bits[1:]:
        folded ^= row
    truth = torch.cat([x.prod(1), folded.view(torch.float32)])
    return compiled(scans, arch, (1,), (x, y, total), 16, 64, outputs=(1, 2)), [
        (y, x.cumprod(0)),
        (total, truth),
    ]


def _dropout(arch: int) -> Any:
    n, p = 4000, 0.25
    x, y, kept = rand(n), empty(n), empty(n, kind=torch.int8)
    made = compiled(
        dropout, arch, (4,), (x, y, kept, np.int32(n), np.float32(p), np.int32(123)), 1024, outputs=(1, 2)
    )
    keep = torch.from_numpy(philox(123, n) > np.float32(p))
    return made, [(kept, keep.to(torch.int8)), (y, torch.where(keep, x / (1 - p), 0))]


def philox(seed: int, n: int) -> np.ndarray[Any, Any]:
    """Salmon et al. 2011, Philox 4x32 with 10 rounds; the first word as a number in [0, 1)."""
    c = [np.arange(n, dtype=np.uint64), *(np.zeros(n, np.uint64) for _ in range(3))]
    low, high = seed & 0xFFFFFFFF, seed >> 32
    word = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        up, shift = np.uint64(32), [np.uint64(low), np.uint64(high)]
        c = [(b >> up) ^ c[1] ^ shift[0], b & word, (a >> up) ^ c[3] ^ shift[1], a & word]
        low, high = (low + 0x9E3779B9) & 0xFFFFFFFF, (high + 0xBB67AE85) & 0xFFFFFFFF
    signed = c[0].astype(np.uint32).view(np.int32).astype(np.int64)
    return (np.where(signed < 0, -signed - 1, signed) * 4.6566127342e-10).astype(np.float32)


def _functions(arch: int) -> Any:
    n = 100
    x, y = _aligned(torch.rand(n) * 4 + 0.1), empty(3, n)
    d = x.double()
    truth = torch.stack([
        d.sin() + d.cos() * d.log() + d.erf() + d.rsqrt() + d.sqrt(),
        d.sigmoid() + d.log2() + d.floor() + d.ceil() + d * d + d,
        d / (d + 3) + d.sqrt() + (d - 2).abs(),
    ])  # fmt: skip
    return compiled(functions, arch, (1,), (x, y, np.int32(n)), 128, outputs=(1,)), [(y, truth.float())]


def _transpose(kind: torch.dtype) -> Any:
    def make(arch: int) -> Any:
        x, y = rand(32, 64, kind=kind), empty(64, 32, kind=kind)
        return compiled(transpose, arch, (1,), (x, y), 32, 64, outputs=(1,)), [(y, x.T.contiguous())]

    return make


def _casts(arch: int) -> Any:
    x = _aligned(torch.randn(256) * 3)
    kinds = (torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)
    out = [empty(256, kind=kind) for kind in kinds]
    made = compiled(casts, arch, (1,), (x, *out), 256, outputs=(1, 2, 3, 4))
    return made, [(o, x.to(o.dtype)) for o in out]


EVERY = (80, 89, 90)
CASES = (
    Case("add", _add(True), archs=(80, 89, 90)),
    Case("add, arguments of any alignment", _add(False)),
    *(Case(f"softmax, {w} warps", _softmax(w), archs=EVERY if w == 4 else (89,)) for w in (1, 4, 8)),
    *(
        Case(f"matmul {str(kind)[6:]}, {w} warps, {stages} stages", _matmul(kind, w, stages, tiles, shape), error, archs)
        for kind, w, stages, tiles, shape, error, archs in (
            (torch.float16, 4, 3, (64, 64, 32), (128, 96, 160), 1e-4, (80, 89)),
            (torch.float16, 8, 4, (128, 64, 32), (200, 72, 136), 1e-4, (80, 89)),
            (torch.float16, 1, 1, (16, 16, 16), (40, 24, 32), 1e-4, (80, 89)),
            (torch.bfloat16, 4, 2, (32, 64, 64), (64, 64, 128), 1e-4, (80, 89)),
            (torch.float32, 4, 3, (32, 32, 32), (64, 64, 96), 2e-2, (80, 89)),
            (torch.int8, 4, 3, (32, 32, 32), (64, 64, 96), 0.0, (80, 89)),
            (torch.float8_e4m3fn, 4, 3, (32, 32, 32), (64, 64, 96), 2e-2, (89,)),
            (torch.float8_e5m2, 4, 3, (32, 32, 32), (64, 64, 96), 2e-1, (89,)),
        )
    ),
    Case("layer norm", _layer_norm, archs=EVERY),
    Case("layer norm, backward", _layer_norm_backward, 1e-4, archs=EVERY),
    *(
        Case(f"attention {str(kind)[6:]}{', causal' if causal else ''}, {w} warps, {stages} stages", _attention(kind, causal, w, stages), error, (80, 89))
        for kind, causal, w, stages, error in (
            (torch.float16, False, 4, 2, 2e-3), (torch.float16, True, 4, 3, 4e-3), (torch.bfloat16, True, 8, 2, 3e-2),
        )
    ),
    Case("histogram, atomic add, max, cas", _counts, 0.0, EVERY),
    Case("sort, cumsum, argmax", _sorted, archs=EVERY),
    Case("associative scan, reduce", _scans, 1e-3, EVERY),
    Case("dropout (philox)", _dropout, archs=EVERY),
    Case("functions", _functions, archs=EVERY),
    Case("transpose fp32", _transpose(torch.float32), 0.0, EVERY),
    Case("transpose fp16", _transpose(torch.float16), 0.0, EVERY),
    Case("casts", _casts, 0.0, (89, 90)),
)  # fmt: skip

"""Every figure of docs/attention-tensor-core.md is what the kernel's machine code, its counters and plain arithmetic give."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import torch

from kernels.attention import VERSIONS, plan
from repoops import backends
from repoops.backends.compile import compile_kernel
from repoops.backends.interface import Options
from repoops.bench.floors import floor
from repoops.kernel.model import Compiled
from repoops.nvidia.limits import occupancy
from repoops.report.speed import Work
from tests.kernels import attention_page
from tests.kernels.attention_page import (
    CLOCKS,
    CYCLES,
    H100,
    L2,
    L4,
    Shape,
    busiest,
    line,
    number,
    rows_of_table,
)
from tests.kernels.machine_code import code, needs_nvdisasm

PAGE = Path(__file__).parents[2] / "docs" / "attention-tensor-core.md"
ROWS, OF_WARP, KEYS, WARPS = 128, 32, 64, 4
CEILING = 0.629
"""Of the peak, by mma.sync on Hopper: measured and published by others (see the page)."""

PLAIN, CAUSAL = Shape(4, 16, 16, 2048, 64, False), Shape(2, 32, 8, 4096, 128, True)
SHAPES = (PLAIN, CAUSAL)


@cache
def compiled(dim: int, arch: str) -> Compiled:
    like = torch.empty(1, 1, ROWS, dim, dtype=torch.float16)
    ((kernel, _),) = plan("tensor_core", like, like, like, like, scale=1.0)
    return compile_kernel(kernel, arch, Options().keep)


@cache
def way(dim: int, arch: str) -> list[str]:
    """What a warp issues for a tile that all of its rows see whole, the next one's copies included."""
    found = code(compiled(dim, arch).cubin)
    return found.way(found.loop_of("HMMA"), "HMMA", "LDGSTS")


@cache
def resident(dim: int, arch: str) -> int:
    shared = VERSIONS["tensor_core"].shared_bytes(dim)
    return occupancy(compiled(dim, arch).resources, 32 * WARPS, shared).blocks


def wavefronts(dim: int, loads: int) -> int:
    """Of a block's tile: matrices into registers, 512 bytes each, by every warp; K and V on their way into shared memory."""
    return WARPS * loads * 4 + 2 * KEYS * dim * 2 // 128


def costs(dim: int, arch: str) -> dict[str, float]:
    """Cycles of a multiprocessor for a block's tile, each of its partitions doing a warp's part."""
    body = way(dim, arch)
    tensor = body.count("HMMA") * CYCLES[arch]
    return {
        "products, by the data sheet": tensor,
        "products, by mma.sync as measured": tensor / (CEILING if arch == "sm_90" else 1),
        "instructions issued, one a cycle and partition": len(body),
        "exponents, 4 lanes a cycle and partition": body.count("MUFU") * 8,
        "wavefronts of shared memory, 128 bytes a cycle": wavefronts(dim, body.count("LDSM")),
        "bytes from L2, 32 a cycle": 2 * KEYS * dim * 2 / L2,
    }


def work() -> list[str]:
    ceiling = (f"{floor(s.work, H100).compute_us / CEILING:.0f} µs" for s in SHAPES)
    return [*attention_page.work(SHAPES), line("62.9 % of the peak", *ceiling)]


def reuse() -> list[str]:
    """A warp's rows, and what that asks of shared memory, for 64 keys and D = 64."""
    found = []
    for rows in (16, 32, 64):
        products = rows // 16 * 2 * (KEYS // 8) * (64 // 16)
        loads = 2 * (KEYS // 16) * (64 // 16) + rows // 16 * (64 // 16)
        tensor, shared = products * CYCLES["sm_90"], WARPS * loads * 4
        output = rows * 64 // 32 + rows * KEYS // 32
        found.append(
            line(
                str(rows), str(products), str(loads), number(tensor), number(shared),
                f"{min(1, tensor / shared):.0%}", str(output),
            )
        )  # fmt: skip
    return found


def resources() -> list[str]:
    found = []
    for dim, arch in itertools.product((64, 128), ("sm_80", "sm_89", "sm_90")):
        its = compiled(dim, arch).resources
        shared = VERSIONS["tensor_core"].shared_bytes(dim)
        fits = occupancy(its, 32 * WARPS, shared)
        spills = its.spill_stores + its.spill_loads
        found.append(
            line(
                f"{arch}, D = {dim}", str(its.registers), str(spills), str(its.stack), number(shared),
                str(fits.blocks), f"{100 * fits.share:.0f} %", fits.limiter,
            )
        )  # fmt: skip
    return found


def mix() -> list[str]:
    kinds = ("HMMA", "LDSM", "LDGSTS", "MUFU", "FFMA", "FMUL", "FADD", "FMNMX", "SHFL", "F2FP")
    return attention_page.mix(kinds, [way(s.dim, "sm_90") for s in SHAPES], "HMMA")


def tiles() -> list[str]:
    found = [costs(s.dim, "sm_90") for s in SHAPES]
    rows = [line(name, *(number(cost[name]) for cost in found)) for name in found[0]]
    peaks = [cost["products, by the data sheet"] for cost in found]
    least = [max(cost.values()) for cost in found]
    most = [sum(cost.values()) - peak for cost, peak in zip(found, peaks, strict=True)]
    for name, cycles in (
        ("floor: the longest of these, as if all overlapped", least),
        ("estimate: all in a row, as if nothing overlapped", most),
    ):
        shares = zip(cycles, peaks, strict=True)
        rows.append(line(name, *(f"{number(c)}, {peak / c:.1%} of the peak" for c, peak in shares)))
    return rows


def division() -> list[str]:
    rows: dict[str, list[str]] = {}
    for shape in SHAPES:
        blocks, slots = shape.blocks(ROWS, KEYS), resident(shape.dim, "sm_90") * H100.multiprocessors
        even, last = sum(blocks) / slots, busiest(blocks, slots)
        asked = shape.work.flops / (sum(blocks) * ROWS * KEYS * 4 * shape.dim)
        bound = CEILING * even / last * asked
        cost = costs(shape.dim, "sm_90")
        row = sum(cost.values()) - cost["products, by the data sheet"]
        low = cost["products, by the data sheet"] / row * even / last * asked
        upward = busiest(sorted(blocks), slots)
        for name, cell in {
            "blocks, of 128 rows": number(len(blocks)),
            "places for them, on 132 multiprocessors": number(slots),
            "tiles of a place, if spread evenly": f"{even:.1f}",
            "tiles of the busiest place, last rows first": number(last),
            "tiles of the busiest place, first rows first": number(upward),
            "share of the products that the mask shows": f"{asked:.1%}",
            "bound: all overlapped, at 62.9 %": f"{bound:.1%} of the peak",
            "estimate: nothing overlapped": f"{low:.1%} of the peak",
        }.items():
            rows.setdefault(name, []).append(cell)
    return [line(name, *cells) for name, cells in rows.items()]


def headline() -> list[str]:
    """B = 1, H = 8, S = 512, D = 64 on an L4, whose 58 multiprocessors have a block of 128 rows each, or none."""
    cost = costs(64, "sm_89")
    tensor = cost.pop("products, by the data sheet")
    count, clock = 512 // KEYS, CLOCKS["sm_89"]
    rows = {name: number(cycles * count) for name, cycles in cost.items()}
    rows["products, 16 cycles each"] = number(tensor * count)
    del rows["products, by mma.sync as measured"]
    total = sum(cost.values()) * count
    memory = floor(Work(0, 4 * 8 * 512 * 64 * 2), L4).memory_us
    us = {name: cycles / clock * 1e6 for name, cycles in (("floor", tensor * count), ("row", total))}
    return [
        *(f"| L4: {name} | {cycles} |" for name, cycles in rows.items()),
        f"| L4: floor: the longest of these | {number(tensor * count)} = {us['floor']:.1f} µs |",
        f"| L4: estimate: all in a row | {number(total)} = {us['row']:.1f} µs |",
        f"| L4: estimate: and memory in a row before it | {us['row'] + memory:.1f} µs |",
    ]


@needs_nvdisasm
def test_every_row_of_the_page_is_computed_and_every_computed_row_is_there() -> None:
    computed = {*work(), *reuse(), *resources(), *mix(), *tiles(), *division(), *headline()}
    assert rows_of_table(PAGE.read_text()) == computed


@needs_nvdisasm
def test_products_and_wavefronts_are_those_that_a_run_counts() -> None:
    heads, seq, dim = 2, 256, 64
    q, k, v = (torch.randn(1, heads, seq, dim).half() for _ in range(3))
    ((kernel, launch),) = plan("tensor_core", q, k, v, torch.empty_like(q), scale=0.125)
    outcome = backends.BACKENDS["cpu"].run(kernel, launch, Options(archs=("sm_90",), checks=()))
    counted, body = outcome.counters or {}, way(dim, "sm_90")
    blocks, count = heads * seq // ROWS, seq // KEYS
    assert counted["tensor_ops"] == blocks * count * WARPS * body.count("HMMA")
    of_q = ROWS * dim * 2 // 128  # on its way into shared memory
    assert counted["shared_wavefronts"] == blocks * (count * wavefronts(dim, body.count("LDSM")) + of_q)
    assert counted["bank_conflicts"] == 0


def test_the_page_says_that_nothing_was_measured() -> None:
    assert "not measured on hardware" in PAGE.read_text().splitlines()[0]

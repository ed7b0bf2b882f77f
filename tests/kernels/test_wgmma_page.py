"""Every figure of docs/attention-wgmma.md is what the kernel's machine code, its counters and plain arithmetic give."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from kernels.attention import plan, wgmma
from repoops import backends
from repoops.backends.compile import compile_kernel
from repoops.backends.interface import Options
from repoops.kernel.model import Compiled
from repoops.nvidia.limits import occupancy
from tests.kernels import attention_page
from tests.kernels.attention_page import (
    CLOCKS,
    H100,
    L2,
    Shape,
    busiest,
    line,
    number,
    rows_of_table,
)
from tests.kernels.machine_code import code, needs_nvdisasm

PAGE = Path(__file__).parents[2] / "docs" / "attention-wgmma.md"
KEYS, GROUP = wgmma.KEYS, 64
START = 3000
"""Cycles of a block that nothing overlaps with, one a multiprocessor: assumed."""
OF_CARD = 4096
"""Flop a cycle of a multiprocessor's tensor cores, at the data sheet's peak."""
SHAPES = (
    Shape(4, 16, 16, 4096, 64, False),
    Shape(2, 32, 32, 4096, 128, False),
    Shape(2, 32, 8, 4096, 128, True),
)
DIMS = (64, 128)


@cache
def compiled(dim: int) -> Compiled:
    like = torch.empty(1, 1, 64, dim, dtype=torch.float16)
    ((kernel, _),) = plan("wgmma", like, like, like, like, scale=1.0)
    return compile_kernel(kernel, wgmma.ARCH, Options().keep)


@cache
def way(dim: int, name: str) -> list[str]:
    """What a warp issues for a tile: one that multiplies (HGMMA), or one that copies (LDGSTS)."""
    found = code(compiled(dim).cubin)
    return found.way(found.loop_of(name), name)


def products(dim: int) -> tuple[int, int]:
    """Cycles of all tensor cores of a multiprocessor for a consumer's scores and for its values: by m64nNk16."""
    scores, values = way(dim, "HGMMA").count("HGMMA") - KEYS // 16, KEYS // 16
    return scores * (64 * KEYS * 16 * 2 // OF_CARD), values * (64 * dim * 16 * 2 // OF_CARD)


def of_shared(dim: int) -> int:
    """Bytes of shared memory for a block's tile: each consumer's products read Q, K and V; K and V are written once."""
    read = wgmma.CONSUMERS[dim] * (GROUP + 2 * KEYS) * dim * 2
    return read + 2 * KEYS * dim * 2


def costs(dim: int) -> dict[str, float]:
    """Cycles of a multiprocessor for a block's tile; each of its partitions has a warp of every warp group."""
    consumers, body = wgmma.CONSUMERS[dim], way(dim, "HGMMA")
    return {
        "products, by the data sheet": consumers * sum(products(dim)),
        "instructions issued, one a cycle and partition": consumers * len(body) + len(way(dim, "LDGSTS")),
        "exponents, 4 lanes a cycle and partition": consumers * body.count("MUFU") * 8,
        "maxima and roundings, 16 lanes a cycle and partition": consumers
        * 2
        * (body.count("FMNMX") + body.count("F2FP")),
        "shared memory, 128 bytes a cycle": of_shared(dim) / 128,
        "bytes from L2, 32 a cycle": 2 * KEYS * dim * 2 / L2,
    }


def in_step(dim: int) -> float:
    """Cycles of a tile if consumers did the same at the same time: all scores, then all exponents beside all values, then the rest."""
    consumers, body = wgmma.CONSUMERS[dim], way(dim, "HGMMA")
    scores, values = (consumers * each for each in products(dim))
    after = body.count("FMUL") - 2 + body.count("F2FP")  # rescaled, and rounded
    softmax = max(consumers * (len(body) - after), consumers * body.count("MUFU") * 8)
    return scores + max(values, softmax) + consumers * after


def alone(dim: int) -> float:
    """Cycles of a tile if one consumer waited for the other, and its own products, instructions and exponents followed one another."""
    body = way(dim, "HGMMA")
    exponents = body.count("MUFU")
    return wgmma.CONSUMERS[dim] * (sum(products(dim)) + len(body) - exponents + exponents * 8)


def ways(dim: int) -> dict[str, float]:
    return {
        "bound: the longest of these, as if all overlapped": max(costs(dim).values()),
        "if consumers kept step": in_step(dim),
        "estimate: consumers one after the other, nothing overlapped": alone(dim),
    }


def resources() -> list[str]:
    found = []
    for dim in DIMS:
        its, shared = compiled(dim).resources, wgmma.shared_bytes(dim)
        assert its.serialised is None
        threads = 128 * (wgmma.CONSUMERS[dim] + 1)
        fits = occupancy(its, threads, shared)
        found.append(
            line(
                f"D = {dim}", str(wgmma.rows(dim)), str(threads), str(its.registers),
                str(its.spill_stores + its.spill_loads), str(its.stack), number(shared), str(fits.blocks),
                f"{100 * fits.share:.0f} %", fits.limiter,
            )
        )  # fmt: skip
    return found


def mix() -> list[str]:
    kinds = ("HGMMA", "MUFU", "FFMA", "FMUL", "FADD", "FMNMX", "SHFL", "F2FP")
    copies = [way(dim, "LDGSTS") for dim in DIMS]
    return [
        *attention_page.mix(kinds, [way(dim, "HGMMA") for dim in DIMS], "HGMMA"),
        line("a producer's warp: LDGSTS", *(str(body.count("LDGSTS")) for body in copies)),
        line("a producer's warp: all", *(str(len(body)) for body in copies)),
    ]


def tiles() -> list[str]:
    found = [{**costs(dim), **ways(dim)} for dim in DIMS]
    peaks = [cost["products, by the data sheet"] for cost in found]

    def cell(name: str, cycles: float, peak: float) -> str:
        return f"{number(cycles)}, {peak / cycles:.1%} of the peak" if name in ways(64) else number(cycles)

    return [
        line(name, *(cell(name, cost[name], peak) for cost, peak in zip(found, peaks, strict=True)))
        for name in found[0]
    ]


def division() -> list[str]:
    rows: dict[str, list[str]] = {}
    for shape in SHAPES:
        of_block, slots = wgmma.rows(shape.dim), H100.multiprocessors
        blocks = shape.blocks(of_block, KEYS)
        last = busiest(blocks, slots)
        asked = shape.work.flops / (sum(blocks) * of_block * KEYS * 4 * shape.dim)
        peak, even = costs(shape.dim)["products, by the data sheet"], sum(blocks) / slots
        turns = -(-len(blocks) // slots)
        clock = CLOCKS["sm_90"]
        for name, cell in {
            f"blocks, of {wgmma.rows(64)} rows at D = 64, else {wgmma.rows(128)}": number(len(blocks)),
            "places for them, on 132 multiprocessors": number(slots),
            "tiles of a place, if spread evenly": f"{even:.1f}",
            "tiles of the busiest place": number(last),
            "share of the products that the mask and the last rows show": f"{asked:.1%}",
        }.items():
            rows.setdefault(name, []).append(cell)
        for name, cycles in ways(shape.dim).items():
            whole = name.startswith("bound")
            taken = last * cycles + (0 if whole else turns * START)
            share = even * peak / taken * asked
            what = f"{name.split(':')[0]}{'' if whole else f', and {START:,} cycles a block'}"
            rows.setdefault(what, []).append(f"{share:.1%} of the peak, {taken / clock * 1e6:.0f} µs")
    return [line(name, *cells) for name, cells in rows.items()]


@needs_nvdisasm
def test_every_row_of_the_page_is_computed_and_every_computed_row_is_there() -> None:
    computed = {*attention_page.work(SHAPES), *resources(), *mix(), *tiles(), *division()}
    assert rows_of_table(PAGE.read_text()) == computed


@needs_nvdisasm
def test_products_and_bytes_written_are_those_that_a_run_counts() -> None:
    dim, seq = 64, wgmma.rows(64)
    q, k, v = (torch.randn(1, 1, seq, dim).half() for _ in range(3))
    ((kernel, launch),) = plan("wgmma", q, k, v, torch.empty_like(q), scale=0.125)
    options = Options(archs=(wgmma.ARCH,), checks=(), optimise=False)
    counted = backends.BACKENDS["cpu"].run(kernel, launch, options).counters or {}
    count = -(-seq // KEYS)
    products_of = way(dim, "HGMMA").count("HGMMA")
    assert counted["tensor_ops"] == wgmma.CONSUMERS[dim] * 4 * count * products_of
    assert counted["async_copies"] == 4 * (
        count * way(dim, "LDGSTS").count("LDGSTS") + seq * dim * 2 // (16 * 128)
    )
    assert counted["bytes_shared_written"] == (count * 2 * KEYS + seq) * dim * 2
    assert counted["bank_conflicts"] == 0


def test_the_page_says_that_nothing_was_measured() -> None:
    assert "not measured on hardware" in PAGE.read_text().splitlines()[0]

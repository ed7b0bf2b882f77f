"""Every figure of docs/attention-s512.md is what the kernel's machine code, its counters and plain arithmetic give."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

from kernels.attention import tuned_s512
from kernels.attention.spec import SPEC
from repoops import backends
from repoops.backends.compile import compile_kernel
from repoops.backends.interface import Options
from repoops.bench.floors import CARDS, floor
from repoops.kernel.model import Compiled
from repoops.nvidia.limits import occupancy
from repoops.report.speed import Work
from tests.kernels.machine_code import code, needs_nvdisasm

PAGE = Path(__file__).parents[2] / "docs" / "attention-s512.md"
HEADS, S, D, MULTIPROCESSORS, PARTITIONS = 8, 512, 64, 58, 4
WARPS, TILES = 20, 4
OF_16_ROWS = 2 * (S // 8) * (D // 16)
"""Products for 16 query rows: of Q with K, and of the weights with V."""
CLOCK = 2.04e9
"""Hz: an L4's boost clock."""
(L4,) = (card for card in CARDS if card.name == "L4")
PRODUCT = 16
"""Cycles of a tensor core for one m16n8k16 summed in float32: 121 TFLOP/s at that clock."""


def rows_of_table(page: str) -> set[str]:
    lines = page.splitlines()
    heads = {line for line, below in itertools.pairwise(lines) if below.startswith("|---")}
    return {line for line in lines if line.startswith("| ")} - heads


@cache
def compiled(arch: str) -> Compiled:
    return compile_kernel(tuned_s512.KERNEL, arch, Options().keep)


def instructions() -> tuple[list[str], range]:
    """The kernel's instructions for sm_89 up to its last EXIT, and which of them are its loop over the tiles."""
    found = code(compiled("sm_89").cubin)
    return list(found.names), found.loop_of("HMMA")


@cache
def counters() -> dict[str, int]:
    """Of the headline case, on the CPU."""
    (version,) = (v for v in SPEC.versions if v.name == "tuned_s512")
    (case,) = (c for c in SPEC.cases if c.id == "B1-H8-S512-D64-fp16")
    inputs = SPEC.make(case)
    ((kernel, launch),) = version.launches(case, inputs, SPEC.empty(case, *inputs))
    outcome = backends.cpu.run(kernel, launch, Options(archs=("sm_89",), checks=()))
    return dict(outcome.counters or {})


def number(value: float) -> str:
    return f"{value:,.0f}"


def us(cycles: float) -> str:
    return f"{cycles / CLOCK * 1e6:.1f} µs"


def work() -> dict[str, str]:
    flops, moved = 4 * HEADS * S * S * D, 4 * HEADS * S * D * 2
    least = floor(Work(flops, moved), L4)
    assert flops // 4096 == counters()["tensor_ops"]
    return {
        "arithmetic: 4 H S² D": f"{number(flops)} flop",
        "products m16n8k16, of 4,096 flop": number(flops / 4096),
        "bytes to and from memory: 4 H S D · 2": number(moved),
        "floor of the arithmetic at 121 TFLOP/s": f"{least.compute_us:.1f} µs",
        "floor of memory at 300 GB/s, nothing in a cache": f"{least.memory_us:.1f} µs",
    }


def divisions() -> list[str]:
    found = []
    for rows in (16, 32, 64, 80, 96, 128):
        blocks = HEADS * -(-S // rows)
        turns = -(-blocks // MULTIPROCESSORS)
        cycles = rows * turns // 16 * OF_16_ROWS // PARTITIONS * PRODUCT
        fetched = blocks * 2 * S * D * 2
        found.append(
            f"| {rows} | {blocks} | {turns} | {rows * turns} | {number(cycles)} | floor {us(cycles)} | {fetched / 2**20:.0f} MiB |"
        )
    return found


def resources() -> list[str]:
    found = []
    for arch in ("sm_80", "sm_89", "sm_90"):
        its = compiled(arch).resources
        fits = occupancy(its, 32 * WARPS, 98304)
        spills = its.spill_stores + its.spill_loads
        found.append(
            f"| {arch} | {its.registers} | {spills} | {its.stack} | {fits.blocks} | {100 * fits.share:.0f} % | {fits.limiter} |"
        )
    return found


def mix() -> list[str]:
    names, loop = instructions()
    body = [names[n] for n in loop]
    kinds = ("HMMA", "LDSM", "LDGSTS", "MUFU", "FFMA", "FMUL", "FADD", "FMNMX", "SHFL", "F2FP")
    found = [f"| {kind} | {body.count(kind)} |" for kind in kinds]
    rest = len(body) - sum(body.count(kind) for kind in kinds)
    return [*found, f"| addresses, branches, barriers, all else | {rest} |", f"| all | {len(body)} |"]


def costs() -> dict[str, str]:
    """Of a block of 80 rows, which has its multiprocessor to itself, in cycles."""
    names, loop = instructions()
    of_warp = len(names) + (TILES - 1) * len(loop)
    special = names.count("MUFU") + (TILES - 1) * sum(names[n] == "MUFU" for n in loop)
    part = HEADS * S / 80  # the headline case in blocks of 80 rows
    wavefronts = counters()["shared_wavefronts"] / part
    tensor = 80 // 16 * OF_16_ROWS // PARTITIONS * PRODUCT
    issue = WARPS // PARTITIONS * of_warp
    second = (2 * S * D * 2 + 80 * D * 2) / 64
    exponents = WARPS // PARTITIONS * special * 8
    total = tensor + issue + exponents + wavefronts + second
    memory = floor(Work(0, 4 * HEADS * S * D * 2), L4).memory_us
    return {
        "products on tensor cores, 16 cycles each": number(tensor),
        "instructions issued, one a cycle and partition": number(issue),
        "exponents, 4 lanes a cycle and partition": number(exponents),
        "wavefronts of shared memory, 128 bytes a cycle": number(wavefronts),
        "bytes from L2, 64 a cycle": number(second),
        "floor: the longest of these, as if all overlapped": f"{number(tensor)} = {us(tensor)}",
        "estimate: all in a row, as if nothing overlapped": f"{number(total)} = {us(total)}",
        "estimate: and memory in a row before it": f"{total / CLOCK * 1e6 + memory:.1f} µs",
        "clock at which even that would take 23 µs": f"{total / (23 - memory) / 1e3:.2f} GHz",
    }  # fmt: skip


@needs_nvdisasm
def test_every_row_of_the_page_is_computed_and_every_computed_row_is_there() -> None:
    computed = {f"| {name} | {value} |" for name, value in (work() | costs()).items()}
    computed |= {*divisions(), *resources(), *mix()}
    assert rows_of_table(PAGE.read_text()) == computed


def test_the_page_says_that_nothing_was_measured() -> None:
    assert "not measured on hardware" in PAGE.read_text().splitlines()[0]

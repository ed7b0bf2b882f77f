from __future__ import annotations

import torch

from kernels.cross_entropy import oracle, plan, threads
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

IGNORED = -100


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """Logits, and classes that begin with the first and the last one; every third row is ignored."""
    rows, cols = case["rows"], case["cols"]
    logits = draw(case.inputs, (rows, cols + (5 if case["pitched"] else 0)), case.dtype, case.seed)[:, :cols]
    classes = (torch.arange(rows) * (cols - 1)) % cols
    if case["strange"]:
        classes[1::3] = torch.tensor([cols, -1, 2**40])[: len(classes[1::3])]
    classes[2::3] = IGNORED
    return logits, classes


def work(case: Case) -> Work:
    """Difference, exponential, sum and maximum a logit; each is read, and a number a row read and written."""
    width, elements = getattr(torch, case.dtype).itemsize, case["rows"] * case["cols"]
    return Work(4 * elements, elements * width + case["rows"] * 12, "fp32")


def moved(case: Case) -> gates.Bytes:
    """Every thread reads the row's class, 8 bytes; a row that counts is read once, and the logit of its class again."""
    rows, width = case["rows"], getattr(torch, case.dtype).itemsize
    block = threads(case["cols"], width)
    read = rows - len(range(2, rows, 3))  # the others are ignored
    strange = len(range(1, rows, 3)) if case["strange"] else 0  # of no class
    logits = (read * (case["cols"] + 1) - strange) * width
    shared = 8 * read * (block // 32)
    return gates.Bytes(8 * rows * block + logits, 4 * rows, shared, shared)


def sizes(rows: int, *cols: int, inputs: tuple[str, ...] = ("normal",), **flags: bool) -> tuple[Case, ...]:
    named = {"pitched": (flags.get("pitched", False),), "strange": (flags.get("strange", False),)}
    return tuple(
        grid(rows=(rows,), cols=cols, **named, dtype=("float32", "float16", "bfloat16"), inputs=inputs)
    )


SPEC = KernelSpec(
    name="cross_entropy",
    make=make,
    empty=lambda case, logits, classes: torch.empty(case["rows"], dtype=torch.float32),
    oracle=lambda case, logits, classes: oracle.cross_entropy(logits, classes, IGNORED),
    # The loss is a float32 whatever the logits are: only their own rounding may be lost.
    peer=lambda case, logits, classes: oracle.in_float32(logits, classes, IGNORED),
    cases=(
        *sizes(5, 127, inputs=(*FAMILIES, "large")),
        *sizes(4, 1, 17, 1000),
        *sizes(2, 4097, 32000),
        *sizes(4, 1001, pitched=True),
        *sizes(8, 40, strange=True),
    ),
    versions=(
        Version(
            "online",
            lambda case, inputs, out: plan(*inputs, out, IGNORED),
            # 64 registers are the most with which a block of 1024 threads can be launched at all. 16 bytes a
            # lane are 16 sectors a request.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.shared_memory(256),
                gates.resident_blocks(4),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.traffic(moved),
                gates.requires("BAR"),
            ),
        ),
    ),
    work=work,
    headline=tuple(
        grid(rows=(4096,), cols=(32000,), pitched=(False,), strange=(False,), dtype=("bfloat16",))
    ),
    source="Milakov and Gimelshein 2018, alg. 3",
)

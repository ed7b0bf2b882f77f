"""Which matrix products of a block are done together: those with the same A, for what A costs is then paid once."""

from __future__ import annotations

from collections.abc import Sequence

from repoops.ptx.operands import reads, writes
from repoops.ptx.syntax import Instruction

WINDOW = 16
"""Instructions over which a product is delayed at most: its operands are kept that long."""


def grouped(body: Sequence[Instruction]) -> list[tuple[Instruction, ...]]:
    """The instructions in their order; of two products that can be one, both stand at the place of the second."""
    found: list[tuple[Instruction, ...]] = []
    partners: dict[int, int] = {}
    for n, i in enumerate(body):
        if n not in partners and _product(i):
            partner = _partner(body, n, partners)
            if partner is not None:
                partners[partner] = n
                partners[n] = partner
    for n, i in enumerate(body):
        other = partners.get(n)
        if other is None:
            found.append((i,))
        elif other < n:
            found.append((body[other], i))
    return found


def _product(i: Instruction) -> bool:
    """`mma` with 16 rows of 16-bit elements and float32 sums."""
    kinds = i.modifiers[-4:]
    return (
        i.opcode == "mma" and i.guard is None and bool({"m16n8k8", "m16n8k16"} & set(i.modifiers))
        and kinds in (("f32", "f16", "f16", "f32"), ("f32", "bf16", "bf16", "f32"))
    )  # fmt: skip


def _partner(body: Sequence[Instruction], first: int, taken: dict[int, int]) -> int | None:
    """The next product with the same form and A that does not depend on the first, which can wait until there."""
    i = body[first]
    made, used = set(writes(i)), set(reads(i))
    for n in range(first + 1, min(first + 1 + WINDOW, len(body))):
        other = body[n]
        if made & {*reads(other), *writes(other)} or used & set(writes(other)):
            # The partner itself may be such a one only if it reads what the first leaves alone.
            return None
        if (
            n not in taken
            and other.modifiers == i.modifiers
            and _product(other)
            and other.operands[1] == i.operands[1]
        ):
            return n
    return None

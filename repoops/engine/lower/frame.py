"""What the lowering of an instruction may ask for: its operands, the lanes that execute it, memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from repoops.engine.builder import Builder, Value
from repoops.ptx.syntax import Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

Results = Value | tuple[Value, ...] | None
"""What goes to the first operand: one value, one for each element of a vector or pair, or nothing."""


class Frame(Protocol):
    """The function that is being made, at one instruction."""

    b: Builder

    def src(self, k: int, kind: str) -> Value:
        """Operand k (the destination is number 0) as an element type; a register's bits are taken as that type."""

    def vector(self, k: int, kind: str) -> tuple[Value, ...]:
        """The elements of operand k, a vector in braces (one register counts as a vector of one)."""

    def address(self, k: int) -> Value:
        """The byte address in operand k, `[base + offset]`: i32 or i64."""

    def mask(self) -> Value | None:
        """The lanes that execute the instruction, an i1 with lanes; None where all 32 do."""

    def load(
        self, space: str, address: Value, kind: str, count: int = 1, align: int = 0
    ) -> tuple[Value, ...]:
        """`count` consecutive elements of each executing lane from `global`, `shared`, `local`, `const` or `generic`, checked.

        `align` in bytes is what the whole access needs; by default its size.
        """

    def store(self, space: str, address: Value, values: Sequence[Value], align: int = 0) -> None:
        """The same the other way; all values of one type."""

    def width(self, k: int) -> int:
        """Bits of the register in operand k, of its elements if it is a vector; 0 for a literal."""

    def carry(self) -> Value:
        """The carry flag, an i1."""

    def set_carry(self, value: Value) -> None:
        """Sets the carry flag."""

    def refuse(self, why: str) -> Exception:
        """An error to raise: this form is not supported, with the instruction and its source line."""


WarpLowering = Callable[["WarpFunction", Instruction], Results]
"""What lowers an instruction that needs the whole warp: memory, other lanes, the function's own variables."""

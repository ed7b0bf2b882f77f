"""What each opcode's function accepts: the types and modifiers it knows; all others are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from repoops.engine.builder import Builder, Value
from repoops.engine.lower.frame import Frame, Results
from repoops.ptx.syntax import SIZES, Instruction

PACKED = {
    "f16x2": "half", "bf16x2": "bfloat", "u16x2": "i16", "s16x2": "i16", "e4m3x2": "i8", "e5m2x2": "i8",
}  # fmt: skip
"""Types of which a register holds two, and the LLVM type of one."""


@dataclass(frozen=True, slots=True)
class Form:
    """The forms of one opcode.

    Attributes:
        run: makes the code of one instruction.
        types: that may stand among the modifiers.
        words: the other modifiers that are known.
    """

    run: Callable[[Frame, Instruction], Results]
    types: frozenset[str]
    words: frozenset[str]

    def __call__(self, frame: Frame, i: Instruction) -> Results:
        """The results of an instruction, whose form is checked first."""
        for word in i.modifiers:
            if word in self.types or word in self.words:
                continue
            kind = "type" if word in SIZES or word in PACKED else "modifier"
            raise frame.refuse(f"the {kind} .{word} is not supported")
        if self.types and not any(word in self.types for word in i.modifiers):
            raise frame.refuse("a type is missing")
        return self.run(frame, i)


def form(run: Callable[[Frame, Instruction], Results], types: str, words: str = "") -> Form:
    """A form with its types and words given as text: `"u32 s32", "lo hi"`."""
    return Form(run, frozenset(types.split()), frozenset(words.split()))


class Wide(Builder):
    """Writes to the same function with vectors of another width: two elements for each lane."""

    def __init__(self, parent: Builder, width: int) -> None:
        super().__init__(parent.lines, 0, parent.declarations, parent.helpers, parent.debug, width)
        self.parent = parent

    def fresh(self) -> str:
        """A new name, the function's next."""
        return self.parent.fresh()

    def fresh_label(self) -> str:
        """A new label's name."""
        return self.parent.fresh_label()


def halves(b: Builder, values: tuple[Value, ...], kind: str) -> tuple[Wide, tuple[Value, ...]]:
    """Values of 32 bits as vectors of twice as many 16-bit elements, and the builder for them.

    A uniform value becomes a vector of two, so that the same operations serve both.
    """
    values = b.alike(*values)
    wide = Wide(b, 64 if values[0].lanes else 2)
    return wide, tuple(
        wide.emit(f"bitcast {b.as_int(v)} to <{wide.width} x {kind}>", kind, lanes=True) for v in values
    )


def joined(b: Builder, wide: Wide, value: Value) -> Value:
    """Two 16-bit elements for each lane as one i32."""
    if wide.width == 2:
        return b.emit(f"bitcast {value} to i32", "i32")
    return b.emit(f"bitcast {value} to <{b.width} x i32>", "i32", lanes=True)

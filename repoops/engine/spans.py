"""Reads of shared memory that can be checked together: those of a straight line between which nobody writes.

Unrolled loops read `[%r1]`, `[%r1+4]`, `[%r1+8]` ...: one look at all the bytes that a lane is going to
read costs little more than one look at the first of them. Nothing can come between the reads of a
stretch: no store, atomic, copy, barrier or call of this warp, and other warps run only at barriers and
at the beginning of a loop's turn.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field

from repoops.ptx.operands import writes
from repoops.ptx.syntax import SIZES, Address, Imm, Instruction, Reg, Sym

MOST = 64
"""Reads of a stretch."""
_FAR = 1 << 16
_SILENT = ("shfl", "vote", "match", "redux", "elect", "activemask", "mma", "movmatrix")
"""Instructions between lanes that touch no memory."""
_ELSEWHERE = ("global", "const", "param", "local")
_EFFECT = ("ld", "ldu", "st", "atom", "red", "cp", "bar", "barrier", "call", "mbarrier", "ldmatrix", "stmatrix", "wmma",
           "trap", "membar", "fence")  # fmt: skip
_Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """One read of a stretch.

    Attributes:
        instruction: that reads.
        group: of the reads whose addresses differ by constants.
        offset: bytes from the address of the group's first read.
        size: bytes.
    """

    instruction: Instruction
    group: int
    offset: int
    size: int


@dataclass(slots=True)
class Stretch:
    """Reads in the order of the program, and how many groups they are in."""

    reads: list[Read] = field(default_factory=list)
    groups: int = 0

    def of(self, group: int) -> list[Read]:
        """A group's reads."""
        return [r for r in self.reads if r.group == group]


def stretches(
    body: Sequence[Instruction],
    granule: int,
    varying: Callable[[str], bool],
    registers: Container[str],
    *,
    most: int = MOST,
) -> list[Stretch]:
    """The stretches of a basic block.

    Args:
        body: its instructions.
        granule: bytes that addresses of a group differ by a multiple of.
        varying: whether a register differs between lanes.
        registers: that the function declares: special ones may change by themselves.
        most: reads of a stretch.
    """
    found: list[Stretch] = []
    roots = _Roots(registers)
    now: _Open | None = None
    for i in body:
        size = _size(i)
        if size and i.guard is None:
            if now is None or len(now.stretch.reads) >= most:
                now = _Open(Stretch(), {})
                found.append(now.stretch)
            now.add(i, size, roots.place(i, varying), granule)
        elif size or _ends(i):
            now = None
        roots.note(i)
    return found


def _size(i: Instruction) -> int:
    """Bytes that each lane reads of shared memory; 0 for any other instruction."""
    if not any(w.startswith("shared") and not w.endswith("cluster") for w in i.modifiers):
        return 0
    if i.opcode == "ldmatrix":
        return 16
    if i.opcode == "ld" and i.type in SIZES:
        return SIZES[i.type] * next((int(w[1:]) for w in i.modifiers if w in ("v2", "v4", "v8")), 1)
    return 0


def _ends(i: Instruction) -> bool:
    """Whether an instruction may write to shared memory, let others do so, or read it in a way of its own."""
    if i.opcode in ("ld", "ldu", "st"):
        return not any(w.split("::")[0] in _ELSEWHERE for w in i.modifiers)
    return i.opcode in _EFFECT and i.opcode not in _SILENT


@dataclass(slots=True)
class _Open:
    """A stretch that grows: of each group its number and the place of its first read."""

    stretch: Stretch
    groups: dict[_Key, tuple[int, int]]

    def add(self, i: Instruction, size: int, place: tuple[_Key, int], granule: int) -> None:
        root, at = place
        count = "".join(w for w in i.modifiers if w in ("x1", "x2", "x4")) if i.opcode == "ldmatrix" else ""
        for split in range(len(self.stretch.reads) + 1):
            key = (*root, i.opcode, count, split)
            if key not in self.groups:
                self.groups[key] = (self.stretch.groups, at)
                self.stretch.groups += 1
            group, first = self.groups[key]
            if abs(at - first) < _FAR and (at - first) % granule == 0:
                self.stretch.reads.append(Read(i, group, at - first, size))
                return


class _Roots:
    """Registers as another register, as it was at some time, and a constant."""

    def __init__(self, registers: Container[str]) -> None:
        self._registers = registers
        self._known: dict[str, tuple[_Key, int]] = {}
        self._count = 0

    def _of(self, name: str) -> tuple[_Key, int]:
        return self._known.setdefault(name, ((name, 0), 0))

    def place(self, i: Instruction, varying: Callable[[str], bool]) -> tuple[_Key, int]:
        """The address in an instruction's second operand."""
        operand = i.operands[1]
        address = operand if isinstance(operand, Address) else Address(operand)  # type: ignore[arg-type]
        base = address.base
        if isinstance(base, Reg):
            root, offset = self._of(base.name)
            return (*root, int(varies(i, varying))), offset + address.offset
        if isinstance(base, Sym):
            return ("symbol", base.name), base.offset + address.offset
        return ("number",), int(base.value) + address.offset

    def note(self, i: Instruction) -> None:
        """Follows what an instruction does to registers."""
        names = writes(i)
        step = _step(i) if i.guard is None and len(names) == 1 else None
        if step is not None and step[0] in self._registers:
            root, offset = self._of(step[0])
            self._known[names[0]] = (root, offset + step[1])
            return
        for name in names:
            self._count += 1
            self._known[name] = ((name, self._count), 0)


def _step(i: Instruction) -> tuple[str, int] | None:
    """The register that a result is, and the constant that is added to it."""
    if i.opcode == "mov" and len(i.operands) == 2 and isinstance(i.operands[1], Reg):
        return i.operands[1].name, 0
    if i.opcode != "add" or {"cc", "sat"} & set(i.modifiers) or i.type[:1] not in ("u", "s", "b"):
        return None
    a, c = i.operands[1:3]
    if isinstance(a, Reg) and isinstance(c, Imm) and isinstance(c.value, int):
        return a.name, c.value
    return None


def alone(instruction: Instruction | None, size: int) -> Stretch:
    """A stretch of one read.

    Raises:
        ValueError: there is no instruction.
    """
    if instruction is None:
        raise ValueError("a read has no place")
    return Stretch([Read(instruction, 0, 0, size)], 1)


def varies(i: Instruction, varying: Callable[[str], bool]) -> bool:
    """Whether the address that an instruction reads from differs between lanes."""
    operand = i.operands[1]
    base = operand.base if isinstance(operand, Address) else operand
    return i.opcode == "ldmatrix" or (isinstance(base, Reg) and varying(base.name))


def firsts(stretch: Stretch) -> Iterator[Read]:
    """Each group's first read."""
    seen: set[int] = set()
    for read in stretch.reads:
        if read.group not in seen:
            seen.add(read.group)
            yield read

"""One quick look at all the cells of shared memory that a group of reads touches: whether anything may be wrong there.

The stamps of a lane's cells lie side by side, two bytes each, so that 32 of them are compared at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine import cells
from repoops.engine.builder import WARP
from repoops.engine.cells import IN_FLIGHT, W

if TYPE_CHECKING:
    from repoops.engine.unit import Unit

Extent = tuple[int, int]
"""Bytes from the group's address, and how many."""
_WIDEST = 32
_EPOCH = """  %epoch.0.@ = insertelement <@ x i16> poison, i16 %epoch16, i64 0
  %epoch.v@ = shufflevector <@ x i16> %epoch.0.@, <@ x i16> poison, <@ x i32> zeroinitializer
"""


def look(unit: Unit, extents: Sequence[Extent], *, one: bool) -> str:
    """The function that says whether a second look is needed, made once for each form of group.

    Args:
        unit: the kernel.
        extents: of the group's reads.
        one: whether all lanes read the same place.
    """
    merged = _merged(extents)
    sizes = {size for _, size in extents}
    words = "_".join(f"{at}.{size}" for at, size in merged).replace("-", "m")
    step = sizes.pop() if len(sizes) == 1 and not one else 0
    name = f"quick_{'one' if one else f'lanes{step}'}_{words}"
    if name in unit.helpers:
        return name
    unit.declarations["llvm.usub.sat.i32"] = "declare i32 @llvm.usub.sat.i32(i32, i32)"
    low, high = merged[0][0], merged[-1][0] + merged[-1][1]
    kind = "i32" if one else W
    head = (
        f"define internal i1 @{name}(ptr %ctx, {kind} %base, i32 %mask) noinline {{\nentry:\n"
         "  %nobody = icmp eq i32 %mask, 0\n  br i1 %nobody, label %no, label %begin\nno:\n  ret i1 false\nbegin:\n"
        + cells.load("stamps", "ptr") + cells.load("shared_size", "i64") + cells.load("epoch", "i64")
        + "  %epoch16 = trunc i64 %epoch to i16\n  %size32 = trunc i64 %shared_size to i32\n"
        + f"  %room = call i32 @llvm.usub.sat.i32(i32 %size32, i32 {high - low - 1})\n"
        + "".join(_EPOCH.replace("@", str(1 << n)) for n in range(_WIDEST.bit_length()))
    )  # fmt: skip
    body = _one(unit, merged, low) if one else _lanes(unit, merged, low, step, extents)
    unit.helpers[name] = head + body + "}\n"
    return name


def _merged(extents: Iterable[Extent]) -> list[Extent]:
    found: list[Extent] = []
    for at, size in sorted(extents):
        if found and at <= found[-1][0] + found[-1][1]:
            first, most = found[-1]
            found[-1] = (first, max(most, at + size - first))
        else:
            found.append((at, size))
    return found


def _one(unit: Unit, merged: Sequence[Extent], low: int) -> str:
    scan = _Scan(unit)
    text = [
        f"  %from = add i32 %base, {low}",
        "  %in = icmp ult i32 %from, %room",
        "  br i1 %in, label %look, label %yes",
        "yes:\n  ret i1 true",
        "look:",
        f"  %i = lshr i32 %from, {unit.granule.bit_length() - 1}",
        "  %j = zext i32 %i to i64",
        "  %p = getelementptr i16, ptr %stamps, i64 %j",
    ]
    text += scan.straight(merged, low)
    return "\n".join([*text, *scan.verdict()])


def _lanes(unit: Unit, merged: Sequence[Extent], low: int, step: int, extents: Sequence[Extent]) -> str:
    text = [
        "  %lead = call i32 @llvm.cttz.i32(i32 %mask, i1 true)",
        f"  %own = extractelement {W} %base, i32 %lead",
        f"  %own.0 = insertelement {W} poison, i32 %own, i64 0",
        f"  %own.v = shufflevector {W} %own.0, {W} poison, {W} zeroinitializer",
        f"  %lanes = bitcast i32 %mask to <{WARP} x i1>",
        f"  %every = select <{WARP} x i1> %lanes, {W} %base, {W} %own.v",
        f"  %from = add {W} %every, splat (i32 {low})",
        f"  %room.0 = insertelement {W} poison, i32 %room, i64 0",
        f"  %room.v = shufflevector {W} %room.0, {W} poison, {W} zeroinitializer",
        f"  %in = icmp ult {W} %from, %room.v",
        f"  %in.w = bitcast <{WARP} x i1> %in to i32",
        "  %all = icmp eq i32 %in.w, -1",
        "  br i1 %all, label %look, label %yes",
        "yes:\n  ret i1 true",
        "look:",
        f"  %index = lshr {W} %from, splat (i32 {unit.granule.bit_length() - 1})",
    ]
    if step >= unit.granule:
        steps = ", ".join(f"i32 {n * step}" for n in range(WARP))
        rows = _merged((at, WARP * step) for at, _ in extents)
        side = _Scan(unit, "s")
        text += [
            f"  %side = add {W} %own.v, <{steps}>",
            f"  %equal = icmp eq {W} %side, %base",
            f"  %equal.w = bitcast <{WARP} x i1> %equal to i32",
            "  %equal.m = and i32 %equal.w, %mask",
            "  %consecutive = icmp eq i32 %equal.m, -1",
            "  br i1 %consecutive, label %row, label %apart",
            "row:",
            f"  %first = extractelement {W} %index, i64 0",
            "  %first64 = zext i32 %first to i64",
            "  %p = getelementptr i16, ptr %stamps, i64 %first64",
        ]
        text += side.straight(rows, low)
        text += [*side.verdict(), "apart:"]
    scan = _Scan(unit, "l")
    text += ["  %spill = alloca <32 x i32>", f"  store {W} %index, ptr %spill"]
    label = "apart" if step >= unit.granule else "look"
    text += scan.loop(merged, low, label)
    return "\n".join([*text, *scan.verdict()])


class _Scan:
    """IR that goes over stamps, and what it has seen so far, by the width of vectors."""

    def __init__(self, unit: Unit, prefix: str = "o") -> None:
        self._granule, self._declarations = unit.granule, unit.declarations
        self._tests = list(_tests(unit))
        self._prefix, self._count = prefix, 0
        self._seen: dict[tuple[int, int], str] = {}

    def _name(self) -> str:
        self._count += 1
        return f"%{self._prefix}{self._count}"

    def _pieces(self, merged: Sequence[Extent], low: int) -> list[Extent]:
        """(cell, cells) of power-of-two vectors."""
        found = []
        for at, size in merged:
            cell, left = (at - low) // self._granule, max(1, size // self._granule)
            while left:
                width = min(_WIDEST, 1 << (left.bit_length() - 1))
                found.append((cell, width))
                cell, left = cell + width, left - width
        return found

    def straight(self, merged: Sequence[Extent], low: int, base: str = "%p") -> list[str]:
        """Looks at the cells from `base` on."""
        text = []
        for cell, width in self._pieces(merged, low):
            kind = f"<{width} x i16>"
            at, v = self._name(), self._name()
            text += [
                f"  {at} = getelementptr i16, ptr {base}, i64 {cell}",
                f"  {v} = load {kind}, ptr {at}, align 2",
            ]
            for number, test in enumerate(self._tests):
                operand = test.operand + (str(width) if test.operand.startswith("%") else "")
                value = self._name()
                text.append(f"  {value} = {test.change} {kind} {v}, {operand}")
                before = self._seen.get((width, number))
                if before is not None:
                    joined, function = self._name(), f"llvm.{test.join}.v{width}i16"
                    self._declarations[function] = f"declare {kind} @{function}({kind}, {kind})"
                    text.append(f"  {joined} = call {kind} @{function}({kind} {before}, {kind} {value})")
                    value = joined
                self._seen[width, number] = value
        return text

    def loop(self, merged: Sequence[Extent], low: int, label: str) -> list[str]:
        """Looks at the cells of one lane after the other."""
        widths = sorted({width for _, width in self._pieces(merged, low)})
        heads = {(w, n): f"%{self._prefix}h{w}.{n}" for w in widths for n in range(len(self._tests))}
        self._seen = dict(heads)
        body = self.straight(merged, low, "%q")
        phis = [
            f"  {heads[w, n]} = phi <{w} x i16> [splat (i16 {self._tests[n].start}), %{label}], [{self._seen[w, n]}, %lane]"
            for w, n in heads
        ]
        return [
            "  br label %lane", "lane:",
            f"  %n = phi i64 [0, %{label}], [%n1, %lane]",
            *phis,
            "  %i.at = getelementptr i32, ptr %spill, i64 %n",
            "  %i = load i32, ptr %i.at",
            "  %j = zext i32 %i to i64",
            "  %q = getelementptr i16, ptr %stamps, i64 %j",
            *body,
            "  %n1 = add i64 %n, 1",
            f"  %on = icmp ult i64 %n1, {WARP}",
            "  br i1 %on, label %lane, label %told",
            "told:",
        ]  # fmt: skip

    def verdict(self) -> list[str]:
        """Returns whether a test found something."""
        text, last = [], "false"
        for (width, number), value in self._seen.items():
            c, w, some, both = self._name(), self._name(), self._name(), self._name()
            how, _, than = self._tests[number].question.partition(" {} ")
            text += [
                f"  {c} = icmp {how} <{width} x i16> {value}, {than}",
                f"  {w} = bitcast <{width} x i1> {c} to i{width}",
                f"  {some} = icmp ne i{width} {w}, 0",
                f"  {both} = or i1 {last}, {some}",
            ]
            last = both
        return [*text, f"  ret i1 {last}\n"]


@dataclass(frozen=True, slots=True)
class _Test:
    """A stamp is changed (an LLVM instruction, with its second operand), the changed ones joined, and something asked of the outcome."""

    change: str
    operand: str
    join: str
    start: int
    question: str


def _tests(unit: Unit) -> Iterator[_Test]:
    race, never = "racecheck" in unit.checks, "initcheck" in unit.checks
    if race:
        yield _Test("xor", "%epoch.v", "umin", -1, "eq {} zeroinitializer")
    if never and race and unit.copies:
        # Of a cell never written and one under way, less one, nothing is greater.
        yield _Test("sub", "splat (i16 1)", "umax", 0, f"uge {{}} splat (i16 {IN_FLIGHT - 1 - 0x10000})")
    elif never:
        yield _Test("or", "zeroinitializer", "umin", -1, "eq {} zeroinitializer")
    elif race and unit.copies:
        yield _Test("or", "zeroinitializer", "umax", 0, "eq {} splat (i16 -1)")

"""Writes to shared memory: the functions that note them in its cells, quick where lanes write side by side.

Lanes side by side ask for 128 bytes at a time, as the card serves them: 32 lanes with 4 bytes each are
one run, 32 with 16 bytes are four runs of 8 lanes, which may lie anywhere. If no cell of a run was written
in this epoch and nothing near it was read, nothing can be wrong; else `cells` looks at each lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import cells
from repoops.engine.builder import WARP
from repoops.engine.cells import IN_FLIGHT, LONG_AGO, W

if TYPE_CHECKING:
    from repoops.engine.unit import Unit

_PHASE = 128
_MOST_RUNS = 4


def marking(unit: Unit, size: int, kind: str) -> str:
    """The function that notes a `write`, `atomic`, `flight` or `land` of a size, made once; see `cells.written`."""
    name = f"shadow_{kind}_{size}"
    if name not in unit.helpers:
        cells.declare(unit)
        unit.helpers[name] = (
            f"define internal i64 @{name}(ptr %ctx, i32 %site, {W} %offset, i32 %mask) noinline {{\nentry:\n"
            + cells.fill(cells.TABLES + cells.NOW + cells.MINE + cells.WHEN, unit, size)
            + f"  %value = add i16 {_value(unit, kind)}\n"
            + _runs(unit, size, kind)
            + _apart(unit, size, kind)
            + "}\n"
        )
    return name


def _value(unit: Unit, kind: str) -> str:
    """The stamp of a kind, as the operands of an addition."""
    if "racecheck" not in unit.checks:
        return f"{LONG_AGO - 0x10000}, 0"
    if kind in ("write", "land"):
        return "%when.16, 0"
    return f"{(IN_FLIGHT if kind == 'flight' else LONG_AGO) - 0x10000}, 0"


def _runs(unit: Unit, size: int, kind: str) -> str:
    """IR for lanes side by side; goes on to `apart` where they are not, or where something may be wrong."""
    lanes = min(WARP, max(1, _PHASE // size))
    runs = WARP // lanes
    if runs > _MOST_RUNS or size < unit.granule:
        return "  br label %apart\n"
    heads = ", ".join(f"i32 {n // lanes * lanes}" for n in range(WARP))
    steps = ", ".join(f"i32 {n % lanes * size}" for n in range(WARP))
    count = lanes * size // unit.granule
    lines = [
        f"  %heads = shufflevector {W} %offset, {W} poison, {W} <{heads}>",
        f"  %side = add {W} %heads, <{steps}>",
        f"  %equal = icmp eq {W} %side, %offset",
        f"  %equal.w = bitcast <{WARP} x i1> %equal to i32",
        "  %equal.m = and i32 %equal.w, %mask",
        "  %runs = icmp eq i32 %equal.m, -1",
        "  br i1 %runs, label %side.by.side, label %apart",
        "side.by.side:",
    ]
    for r in range(runs):
        lines += [
            f"  %b{r} = extractelement {W} %offset, i64 {r * lanes}",
            f"  %i{r} = lshr i32 %b{r}, {unit.granule.bit_length() - 1}",
            f"  %j{r} = zext i32 %i{r} to i64",
            f"  %s{r} = getelementptr i16, ptr %stamps, i64 %j{r}",
        ]
    doubt = _doubts(lines, runs, lanes * size, count, kind) if "racecheck" in unit.checks else ""
    if doubt:
        lines += [f"  br i1 {doubt}, label %apart, label %quick, !prof !1", "quick:"]
    lines += [
        f"  %v.0 = insertelement <{count} x i16> poison, i16 %value, i64 0",
        f"  %v = shufflevector <{count} x i16> %v.0, <{count} x i16> poison, <{count} x i32> zeroinitializer",
        *(f"  store <{count} x i16> %v, ptr %s{r}, align 2" for r in range(runs)),
    ]
    if "racecheck" in unit.checks and kind != "atomic":
        _identities(lines, runs, lanes, count)
    return "\n".join([*lines, "  ret i64 0\n"])


def _doubts(lines: list[str], runs: int, span: int, count: int, kind: str) -> str:
    """Whether runs meet, a cell was written in this epoch, a copy is under way to it, or something near was read."""
    doubts = []

    def doubt(*some: str) -> None:
        lines.extend(some)
        doubts.append(some[-1].split(" = ")[0].strip())

    for a in range(runs):
        for c in range(a):
            lines += [f"  %d{a}{c} = sub i32 %b{a}, %b{c}", f"  %e{a}{c} = add i32 %d{a}{c}, {span - 1}"]
            doubt(f"  %meet{a}{c} = icmp ult i32 %e{a}{c}, {2 * span - 1}")
    if kind not in ("write", "flight"):
        return _any(lines, doubts)
    vector = f"<{count} x i16>"
    lines += [
        f"  %n.0 = insertelement {vector} poison, i16 %when.16, i64 0",
        f"  %n = shufflevector {vector} %n.0, {vector} poison, <{count} x i32> zeroinitializer",
    ]
    last = "zeroinitializer"
    for r in range(runs):
        lines += [
            f"  %o{r} = load {vector}, ptr %s{r}, align 2",
            f"  %w{r} = icmp eq {vector} %o{r}, %n",
            f"  %x{r} = or <{count} x i1> {last}, %w{r}",
        ]
        last = f"%x{r}"
        if kind == "write":
            lines += [
                f"  %f{r} = icmp eq {vector} %o{r}, splat (i16 {IN_FLIGHT - 0x10000})",
                f"  %y{r} = or <{count} x i1> {last}, %f{r}",
            ]
            last = f"%y{r}"
    doubt(f"  %hot.w = bitcast <{count} x i1> {last} to i{count}", f"  %hot = icmp ne i{count} %hot.w, 0")
    _near(lines, runs, span)
    doubt("  %read = icmp ne i64 %near, 0")
    return _any(lines, doubts)


def _any(lines: list[str], doubts: list[str]) -> str:
    last = ""
    for n, one in enumerate(doubts):
        if last:
            lines.append(f"  %any{n} = or i1 {last}, {one}")
            one = f"%any{n}"  # noqa: PLW2901 - the sum so far
        last = one
    return last


def _near(lines: list[str], runs: int, span: int) -> None:
    """`%near`: parts of shared memory that were read in this epoch and that runs lie in."""
    lines += [
        cells.load("journal_used", "i64").rstrip(),
        cells.load("journal_seen", "i64").rstrip(),
        "  %fresh = icmp ne i64 %journal_used, %journal_seen",
        "  br i1 %fresh, label %scan, label %scanned",
        "scan:",
        "  %scanning = call i64 @journal_chunks(ptr %ctx)",
        "  br label %scanned",
        "scanned:",
        cells.load("read_chunks", "i64").rstrip(),
        cells.load("chunk_shift", "i64").rstrip(),
        "  %shift = trunc i64 %chunk_shift to i32",
    ]
    last = "0"
    for r in range(runs):
        for end, at in enumerate((f"%b{r}", f"%last{r}")):
            if end:
                lines.append(f"  %last{r} = add i32 %b{r}, {span - 1}")
            lines += [
                f"  %c{r}{end} = lshr i32 {at}, %shift",
                f"  %k{r}{end} = zext i32 %c{r}{end} to i64",
                f"  %q{r}{end} = and i64 %k{r}{end}, 63",
                f"  %bit{r}{end} = shl i64 1, %q{r}{end}",
                f"  %bits{r}{end} = or i64 {last}, %bit{r}{end}",
            ]
            last = f"%bits{r}{end}"
    lines.append(f"  %near = and i64 {last}, %read_chunks")


def _identities(lines: list[str], runs: int, lanes: int, count: int) -> None:
    each = count // lanes
    vector = f"<{count} x i64>"
    lines += [
        f"  %id.0 = insertelement {vector} poison, i64 %tt, i64 0",
        f"  %id = shufflevector {vector} %id.0, {vector} poison, <{count} x i32> zeroinitializer",
    ]
    for r in range(runs):
        owners = ", ".join(f"i64 {r * lanes + n // each}" for n in range(count))
        lines += [
            f"  %id{r} = or {vector} %id, <{owners}>",
            f"  %w.at{r} = getelementptr i64, ptr %writers, i64 %j{r}",
            f"  store {vector} %id{r}, ptr %w.at{r}, align 8",
        ]


def _apart(unit: Unit, size: int, kind: str) -> str:
    x = cells.Lines("a")
    race = "racecheck" in unit.checks
    if race and kind in ("write", "flight"):
        x.line("call void @journal_note(ptr %ctx)")
    x.text.append(cells.fill(cells.LANES + cells.WHEN_LANES, unit, size).rstrip())
    for n in range(cells.cells(unit, size)):
        x.cell = n
        cells.written(x, unit, kind)
    return "apart:\n" + "\n".join(x.text) + "\n" + x.result()

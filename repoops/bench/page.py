"""A report and those before it as one page that needs nothing but itself; pure text, every figure with its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from repoops.bench import floors, model, plots
from repoops.bench.statistics import VERDICTS
from repoops.report import plots as charts
from repoops.report.frame import framed
from repoops.report.speed import Rival, Timing, case_id
from repoops.report.verification import CaseResult, NotRun, VerificationReport

NOT_MEASURED = "Not measured on hardware"
_UNITS = {"tensor16": "tensor cores, 16 bit", "tensor8": "tensor cores, 8 bit", "fp32": "float32 lanes"}
_AT_ONCE = 2
"""Cards whose rooflines need no click."""
_Row = Sequence[str]


def page(report: VerificationReport, earlier: Sequence[VerificationReport]) -> str:
    """The whole page.

    Args:
        report: with its cases to be timed listed, timed or not.
        earlier: stored reports, oldest first; the report itself may be among them.
    """
    every = [one for one in earlier if one.started != report.started]
    parts = (
        ("times", "Times", _times(report)),
        ("floors", "Floors", _floors(report)),
        ("rooflines", "Rooflines", _rooflines(report)),
        ("resources", "Occupancy and limits", _statics(report)),
        ("code", "Machine code", _code(report)),
        ("counters", "Counters", _counters(report)),
        ("history", "History", _history([*every, report])),
        ("sources", "Where each figure comes from", _sources(report)),
    )
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in parts)
    body = [_top(report), f'<nav aria-label="Sections"><ul>{links}</ul></nav>']
    body += [f'<section id="{name}"><h2>{escape(title)}</h2>{text}</section>' for name, title, text in parts]
    return framed("Kernel benchmark", __package__, "\n".join(body))


def _top(report: VerificationReport) -> str:
    about = report.subject
    tree = (
        f"tree {about.tree[:12]}" + (f", commit {about.commit[:12]}" if about.commit else "")
        if about
        else "about no tree"
    )
    changed = ", with uncommitted changes" if about and about.dirty else ""
    said = f'<h1>Kernel benchmark</h1><p class="soft">{escape(report.started)}; {escape(tree)}{changed}</p>'
    if _timed(report):
        return said
    return (
        f'<div class="top">{said}</div><div class="notice" role="note"><strong>{NOT_MEASURED}</strong>'
        f"{escape(_why(report))}. No figure on this page is a time of a kernel: floors are computed from data sheets, "
        f"counts are exact counts of an execution on the CPU.</div>"
    )


def _timed(report: VerificationReport) -> list[tuple[CaseResult, Timing]]:
    return [(row, row.timing) for row in model.listed(report) if row.timing]


def _why(report: VerificationReport) -> str:
    reasons = {row.result.why: None for row in model.listed(report) if isinstance(row.result, NotRun)}
    return "; ".join(reasons) or "no case was to be timed"


def _times(report: VerificationReport) -> str:
    timed = _timed(report)
    if not timed:
        return f"<p><strong>{NOT_MEASURED}</strong>: {escape(_why(report))}.</p>"
    rows = []
    for row, timing in timed:
        own = (
            row.kernel, row.version, case_id(row.check), timing.l2 or "", f"{timing.p50_us:.2f}", _interval(timing.ci95),
            f"{timing.p5_us:.2f} to {timing.p95_us:.2f}", f"{timing.samples} in {timing.processes}",
            str(timing.dropped), "" if timing.floor_us is None else f"{100 * timing.floor_us / timing.p50_us:.0f} %",
        )  # fmt: skip
        rows.append(own)
    head = (
        "kernel",
        "version",
        "case",
        "L2",
        "median µs",
        "95 % interval",
        "5 to 95 %",
        "samples, processes",
        "throttled",
        "of the floor",
    )
    methods = ", ".join(
        sorted({f"{timing.method} on {row.ran_on.partition(': ')[2]}" for row, timing in timed})
    )
    said = _table(f"Medians over fresh processes; {methods}.", head, rows, words=4)
    said += "".join(_rivals(row, timing) for row, timing in timed if timing.rivals)
    return said + _untimed(report)


def _untimed(report: VerificationReport) -> str:
    """What stands beside the times without one, by its reason."""
    reasons = Counter(getattr(row.result, "why", "") for row in model.listed(report) if not row.timing)
    return "".join(
        f"<p>{count} not measured: {escape(why.removeprefix('not measured: '))}.</p>"
        for why, count in reasons.items()
    )


def _rivals(row: CaseResult, timing: Timing) -> str:
    rows = [_rival(rival) for rival in timing.rivals]
    control = (
        f"{_interval(timing.control_ci95, 4)}, minimum effect {100 * (timing.minimum_effect or 0):.2f} %"
    )
    caption = f"{row.kernel} {row.version}, {case_id(row.check)}, L2 {timing.l2}. The kernel against itself: {control}."
    head = (
        "baseline",
        "version",
        "verdict on the kernel",
        "median µs",
        "ratio of medians",
        "95 % interval",
        "why",
    )
    return _table(caption, head, rows, words=3)


def _rival(rival: Rival) -> _Row:
    measured = rival.p50_us is not None and rival.ratio is not None
    return (
        rival.name, rival.version, f"{rival.verdict}", f"{rival.p50_us:.2f}" if measured else "not measured",
        f"{rival.ratio:.3f}" if measured else "", _interval(rival.ratio_ci95, 3), rival.why,
    )  # fmt: skip


def _interval(found: tuple[float, float] | None, digits: int = 2) -> str:
    return "" if found is None else f"{found[0]:.{digits}f} to {found[1]:.{digits}f}"


def _floors(report: VerificationReport) -> str:
    heads = model.headlines(report)
    if not heads:
        return "<p>No specification says which cases to look at, and what their work is.</p>"
    names = [card.name for card in floors.CARDS]
    rows = [
        (
            str(n),
            one.kernel,
            one.case,
            f"{one.work.flops / 1e9:,.3g}",
            f"{one.work.bytes / 1e6:,.4g}",
            *(f"{_digits(floor.us)} {floor.bound[0]}" if floor else "none" for floor in one.floors),
        )
        for n, one in enumerate(heads, 1)
    ]
    caption = (
        "Computed, not measured: microseconds below which no kernel can be whose inputs lie in memory; "
        "c where the arithmetic binds, m where memory does; none on a card whose tensor cores take no floats of 8 bits."
    )
    return _table(caption, ("", "kernel", "case", "GFLOP", "MB", *names), rows, words=3)


def _digits(us: float) -> str:
    return f"{us:.1f}" if us < 100 else f"{us:,.0f}"


def _rooflines(report: VerificationReport) -> str:
    heads = model.headlines(report)
    if not heads:
        return "<p>Nothing to draw: no case says what its work is.</p>"
    colours = _colours(report)
    key = "".join(
        f'<li style="color:var(--k{colours[one.kernel] % charts.COLOURS})"><b>{n}</b>{escape(one.kernel)}, {escape(one.case)}</li>'
        for n, one in enumerate(heads, 1)
    )
    first: list[str] = []
    rest: list[str] = []
    for n, card in enumerate(floors.CARDS):
        for unit in dict.fromkeys(one.work.unit for one in heads):
            if peak := card.peak(unit):
                drawn = plots.roofline(card, peak, _marks(report, card, unit, colours))
                said = f"{escape(card.name)}, {_UNITS[unit]}; peaks of {escape(card.source)}"
                (first if n < _AT_ONCE else rest).append(
                    f"<figure>{drawn}<figcaption>{said}</figcaption></figure>"
                )
    said = "A hollow mark is a floor, computed; a filled one is a measurement, the fastest version's, cold."
    more = (
        f'<details><summary>{len(rest)} more: other cards</summary><div class="cards">{"".join(rest)}</div></details>'
        if rest
        else ""
    )
    return f'<p>{said}</p><ol class="key">{key}</ol><div class="cards">{"".join(first)}</div>{more}'


def _marks(
    report: VerificationReport, card: floors.Card, unit: str, colours: dict[str, int]
) -> list[plots.Mark]:
    marks = []
    for n, one in enumerate(model.headlines(report), 1):
        if one.work.unit != unit:
            continue
        if floor := floors.floor(one.work, card):
            rate = one.work.flops / floor.us * 1e6
            marks.append(plots.Mark(str(n), one.intensity, rate, colours[one.kernel]))
        times = [
            timing.p50_us for row, timing in _timed(report)
            if (row.kernel, case_id(row.check), timing.l2) == (one.kernel, one.case, "cold")
            and floors.card_called(row.ran_on.removeprefix("cuda: ")) is card
        ]  # fmt: skip
        if times:
            rate = one.work.flops / min(times) * 1e6
            marks.append(
                plots.Mark(
                    f"{n}: {min(times):.1f} µs", one.intensity, rate, colours[one.kernel], measured=True
                )
            )
    return marks


def _colours(report: VerificationReport) -> dict[str, int]:
    return {kernel: n for n, kernel in enumerate(dict.fromkeys(row.kernel for row in report.results))}


def _statics(report: VerificationReport) -> str:
    groups: dict[tuple[str, str], list[model.Static]] = {}
    for one in model.statics(report):
        groups.setdefault((one.kernel, one.case), []).append(one)
    if not groups:
        return "<p>Nothing was compiled for a case to be timed.</p>"
    said = [
        "<p>Not measured: what ptxas allots, what fits on a multiprocessor (SM), how many times over a grid fills a card.</p>"
    ]
    seen: set[str] = set()
    for (kernel, case), group in groups.items():
        unfolded = "" if kernel in seen else " open"
        seen.add(kernel)
        said.append(
            f"<details{unfolded}><summary>{escape(kernel)}, {escape(case)}</summary>{_allotted(group)}</details>"
        )
    return "".join(said)


def _allotted(group: Sequence[model.Static]) -> str:
    """One row for each version and architecture; cards differ in their waves alone."""
    head = (
        "version", "architecture", "registers", "spills", "stack", "shared", "threads an SM", "blocks an SM", "limited by", "blocks",
        "waves",
    )  # fmt: skip
    waves: dict[tuple[str, str], list[str]] = {}
    for one in group:
        if one.waves is not None:
            waves.setdefault((one.version, one.resources.arch), []).append(
                f"{one.waves:.2f} on {one.floor.card}"
            )
    rows = [
        (
            one.version,
            one.resources.arch,
            str(one.resources.registers),
            str(one.resources.spill_stores + one.resources.spill_loads),
            str(one.resources.stack),
            f"{one.resources.shared_static + one.resources.shared_dynamic:,}",
            f"{100 * (one.resources.occupancy or 0):.0f} %",
            str(one.resources.blocks),
            one.resources.limiter or "",
            f"{one.grid[0] * one.grid[1] * one.grid[2]:,}",
            ", ".join(waves.get((one.version, one.resources.arch), ())),
        )
        for one in {(one.version, one.resources.arch): one for one in group}.values()
    ]
    return _table("", head, rows, words=2, text=("limited by", "waves"))


def _code(report: VerificationReport) -> str:
    """What stands in each kernel's machine code; of versions that differ by case, the first case's."""
    found = {
        (row.kernel, row.version, row.resources.arch): row.resources
        for row in reversed(model.listed(report))
        if row.resources and row.resources.instructions
    }
    if not found:
        return "<p>No machine code was looked at: nvdisasm is not installed, or nothing was compiled.</p>"
    names = [name for name, _ in next(iter(found.values())).instructions]
    shown = [name for name in names if any(dict(one.instructions).get(name) for one in found.values())]
    rows = [
        (
            *key,
            *(f"{dict(one.instructions).get(name, 0):,}" for name in shown),
            (one.sass_sha256 or "").removeprefix("sha256:")[:12],
        )
        for key, one in reversed(found.items())
    ]
    caption = "How many instructions of each kind stand in the code, not how often they are executed; by nvdisasm, NVIDIA's names."
    return _table(caption, ("kernel", "version", "architecture", *shown, "digest"), rows, words=3)


def _counters(report: VerificationReport) -> str:
    found = model.counted(report)
    if not found:
        return "<p>No counters: nothing was executed on the CPU.</p>"
    rows = [
        (
            one.kernel,
            one.version,
            one.case,
            f"{one.instructions:,}",
            f"{one.lanes:.1f}",
            "none" if one.sectors_per_request is None else f"{one.sectors_per_request:.2f}",
            f"{one.bank_conflicts:,}",
            f"{one.moved:,}",
            "not said" if one.asked is None else f"{one.asked:,}",
            "" if not one.asked else f"{one.moved / one.asked:.2f}",
        )
        for one in found
    ]
    head = (
        "kernel", "version", "case", "instructions", "lanes of 32", "sectors a request", "bank conflicts", "bytes moved",
        "bytes needed", "moved / needed",
    )  # fmt: skip
    caption = (
        "Exact counts of each version's largest case that was executed on the CPU; instructions of the PTX, once a warp. "
        "Bytes moved are whole sectors of 32 before any cache; what is needed is each tensor once."
    )
    colours = _colours(report)
    most = max((value for one in found for _, value in one.mix), default=0.0)
    mixes = "".join(
        f"<figure>{charts.bars(one.mix, colours[one.kernel], most)}<figcaption>{escape(f'{one.kernel} {one.version}, {one.case}')}"
        "</figcaption></figure>"
        for one in found
    )
    return (
        f"{_table(caption, head, rows, words=3)}<h3>Instruction mix</h3><p>How many for 1,000 instructions. "
        f'An asynchronous copy asks both memories.</p><div class="cards">{mixes}</div>'
    )


def _history(reports: Sequence[VerificationReport]) -> str:
    times = _series(
        (
            (
                row.kernel,
                f"{row.version}, {case_id(row.check)}, L2 {timing.l2}",
                charts.Moment(_of(one), timing.p50_us, timing.ci95),
            )
        )
        for one in reports
        for row, timing in _timed(one)
    )
    counts = _series(
        ((found.kernel, f"{found.version}, {found.case}", charts.Moment(_of(one), float(found.instructions))))
        for one in reports
        for found in model.counted(one)
    )
    colours = {kernel: n for n, kernel in enumerate(dict.fromkeys(row.kernel for row in reports[-1].results))}
    many = "one report" if len(reports) == 1 else f"{len(reports)} reports"
    said = f"<p>From {many} kept under the git directory, one for each tree.</p>"
    said += "<h3>Times</h3>" + (
        _drawn(times, colours, "µs")
        if times
        else f"<p>{NOT_MEASURED}: none of them holds a time of a card.</p>"
    )
    said += "<h3>Instructions</h3><p>Of each version's largest case, executed on the CPU; exact, so they have no interval.</p>"
    return said + (_drawn(counts, colours, "instructions") if counts else "<p>None were counted.</p>")


def _series(found: Iterable[tuple[str, str, charts.Moment]]) -> dict[tuple[str, str], list[charts.Moment]]:
    series: dict[tuple[str, str], list[charts.Moment]] = {}
    for kernel, what, moment in found:
        series.setdefault((kernel, what), []).append(moment)
    return series


def _drawn(series: dict[tuple[str, str], list[charts.Moment]], colours: dict[str, int], unit: str) -> str:
    """A plot of each that was seen twice; what was seen once stands in the tables above."""
    figures = "".join(
        f"<figure>{charts.history(moments, colours.get(kernel, 0), unit)}<figcaption>{escape(f'{kernel} {what}')}</figcaption></figure>"
        for (kernel, what), moments in series.items()
        if len(moments) > 1
    )
    once = sum(len(moments) == 1 for moments in series.values())
    left = f"<p>{once} were seen in one report only, so that there is nothing to draw.</p>" if once else ""
    return (f'<div class="cards">{figures}</div>' if figures else "") + left


def _of(report: VerificationReport) -> str:
    commit = report.subject.commit if report.subject else None
    return report.started[:10] + (f" {commit[:7]}" if commit else "")


def _sources(report: VerificationReport) -> str:
    facts = dict(report.environment)
    timed = _timed(report)
    ran = sorted({one.ran_on for one in model.counted(report)})
    said = [
        (
            "Floors",
            "work ÷ data-sheet peak, dense, at boost clock: "
            + "; ".join(dict.fromkeys(c.source for c in floors.CARDS)),
        ),
        ("Work", "the specification's own count: arithmetic, and every tensor once"),
        (
            "Occupancy and limits",
            f"ptxas {facts.get('ptxas', 'not installed')}, and NVIDIA's occupancy rules",
        ),
        (
            "Counters",
            f"execution on the CPU, not on a GPU ({', '.join(ran)})"
            if ran
            else "nothing was executed on the CPU",
        ),
        (
            "Times",
            "; ".join(sorted({row.ran_on for row, _ in timed}))
            if timed
            else f"{NOT_MEASURED.lower()}: {_why(report)}",
        ),
        ("Command", " ".join(report.command)),
        *((f"Environment, {name}", value) for name, value in facts.items()),
    ]
    rows = [(name, value) for name, value in said]
    return _table("", ("figure", "source"), rows, words=1, wrap=True)


def _table(
    caption: str, head: _Row, rows: Iterable[_Row], *, words: int, wrap: bool = False, text: _Row = ()
) -> str:
    """The first `words` columns and those of `text` are text; a verdict is marked by its word, not by its colour alone."""

    def kind(n: int, said: str = "") -> str:
        if wrap or head[n] == "why":
            return "wrap"
        return f"words {said}" if said in VERDICTS else "words" if n < words or head[n] in text else "figure"

    def cell(n: int, said: str) -> str:
        if n == 0 and not wrap:
            return f'<th scope="row">{escape(said)}</th>'
        return f'<td class="{kind(n, said)}">{escape(said)}</td>'

    top = "".join(f'<th scope="col" class="{kind(n)}">{escape(name)}</th>' for n, name in enumerate(head))
    body = "".join(f"<tr>{''.join(cell(n, said) for n, said in enumerate(row))}</tr>" for row in rows)
    above = f'<p class="soft">{escape(caption)}</p>' if caption else ""
    label = escape(caption or "Sources", quote=True)
    return (
        f'{above}<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )

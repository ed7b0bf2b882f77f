"""The map as markdown: the same facts give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from repoops.codemap.budget import Line, Section, filled
from repoops.codemap.cuda import Kernel
from repoops.codemap.entries import Entry
from repoops.codemap.facts import Facts
from repoops.codemap.folders import Folder
from repoops.codemap.keep import NOTES, Kept, placed
from repoops.codemap.launches import Sites
from repoops.codemap.prose import code, path_code, quoted
from repoops.codemap.symbols import Module
from repoops.codemap.zones import Zone
from repoops.files import RelPath
from repoops.tokens import tokens

TOKENS = 2000
"""The default budget. A study (arXiv 2602.11988) found that longer context files cost agents more than they help."""
_ORDER = ("Entry points", "Folders", "Key files", "CUDA kernels", "No-edit zones")
_MOST_NAMES = 8
_MOST_SITES = 2
_MOST_ZONES = 6
_LONGEST = 80


def render(facts: Facts, parts: Sequence[Kept], budget: int = TOKENS, newline: str = "\n") -> str:
    """Draws the map; what people wrote is put back where it stood and counts for nothing in the budget.

    Args:
        facts: what there is to tell.
        parts: what people wrote.
        budget: tokens, by the estimate of `tokens`; 0 for no limit.
        newline: the line end of every line that is not theirs.
    """
    if all(part.name != NOTES for part in parts):
        parts = [*parts, Kept(NOTES, "", "Notes")]
    head = _head(facts, budget)
    sections = [section for section in _sections(facts) if next(section.lines(), None)]
    fixed = [head, "## Notes\n\n", *(f"## {s.title}\n\n{s.lead}\n\n\n" for s in sections)]
    fixed += [f"<!-- repoops:keep {part.name} -->\n<!-- repoops:end {part.name} -->\n\n" for part in parts]
    lines = filled(sections, budget - sum(map(tokens, fixed)) if budget else None, budget)
    bodies = [("", head)]
    for section in sorted(sections, key=lambda section: _ORDER.index(section.title)):
        lead = f"{section.lead}\n\n" if section.lead else ""
        bodies.append((section.title, f"## {section.title}\n\n{lead}" + "".join(f"{line}\n" for line in lines[section.title])))  # fmt: skip
    bodies.append(("Notes", "## Notes\n"))
    return placed([(title, body.replace("\n", newline)) for title, body in bodies], parts, newline)


def _head(facts: Facts, budget: int) -> str:
    within = f" within {budget} tokens" if budget else ""
    purpose = " ".join(f"{sentence}." for sentence in facts.purpose)
    return (
        f"# Code map of {facts.name}\n\n"
        f"Drawn from the tree by `repoops codemap`{within}; `repoops codemap --check` says what is stale. Text between "
        "the lines `<!-- repoops:keep NAME -->` and `<!-- repoops:end NAME -->`, under any heading, is hand-written and "
        f"kept byte for byte; all else is redrawn.\n\n{purpose or 'The tree does not say what it is for.'}\n"
    )


def _sections(facts: Facts) -> list[Section]:
    """Every section, in the order in which they are given room."""
    entries, groups, areas = (
        list(_entry_lines(facts.entries)),
        list(_groups(facts)),
        list(_zone_lines(facts.zones)),
    )
    return [
        Section("Entry points", "", len(entries), lambda: iter(entries), lambda n: f"- and {n} more", 20),
        Section("No-edit zones", "", len(areas), lambda: iter(areas), lambda n: f"- and {n} more", 10),
        Section("CUDA kernels", _kernel_lead(facts), len(groups), lambda: iter(groups),
                lambda n: f"- and {n} more: `repoops codemap --dry-run --json`", 30),
        Section("Folders", "", len(facts.folders), lambda: _folder_lines(facts.folders),
                lambda _: "- and folders below these", 45),
        Section("Key files", "What the entry points lead to and what is imported most, with public names.", len(facts.ranked), lambda: _file_lines(facts),
                lambda _: "- and files that are imported less", 100),
    ]  # fmt: skip


def _entry_lines(entries: Sequence[Entry]) -> Iterator[Line]:
    """Ways in that say what they are, each on a line; of one kind those that say nothing, together on one."""
    number = 0
    for _, found in groupby(entries, key=lambda entry: entry.kind):
        rows = list(found)
        for entry in rows:
            if entry.what:
                number += 1
                yield _line((number,), f"- {entry.say}: {entry.what}")
        mute = [entry.say for entry in rows if not entry.what]
        if mute:
            number += 1
            yield _line((number,), f"- also {', '.join(mute)}")


def _folder_lines(folders: Sequence[Folder]) -> Iterator[Line]:
    for folder in sorted(folders, key=lambda f: (f.path.count("/"), not f.code, -f.size, f.path)):
        name = path_code(folder.path + "/")
        short = f"- {name}: {folder.purpose or folder.holds}"
        yield Line(
            (folder.path,), short, f"{short} ({folder.holds})" if folder.purpose and folder.holds else short
        )


def _file_lines(facts: Facts) -> Iterator[Line]:
    for path in facts.ranked:
        module = facts.module(path)
        if module.broken or module.names or (module.purpose and not path.endswith("__init__.py")):
            yield _line((path,), _file_line(module))


def _file_line(module: Module) -> str:
    if module.broken:
        return f"- {path_code(module.path)}: {module.broken}"
    names = ", ".join(code(name) for name in module.names[:_MOST_NAMES])
    more = f" and {len(module.names) - _MOST_NAMES} more" if len(module.names) > _MOST_NAMES else ""
    said = [quoted(module.purpose, _LONGEST), names + more]
    return f"- {path_code(module.path)}: " + ": ".join(filter(None, said))


def _kernel_lead(facts: Facts) -> str:
    files = len({kernel.path for kernel, _ in facts.kernels})
    count = len(facts.kernels)
    kernels = "1 kernel" if count == 1 else f"{count} kernels"
    return f"{kernels} in {files} file{'' if files == 1 else 's'}; in brackets launch bounds, then template parameters."


def _groups(facts: Facts) -> Iterator[Line]:
    """Kernels that agree in all but their names share a line."""

    def alike(row: tuple[Kernel, Sites]) -> tuple[object, ...]:
        return row[0].path, row[0].bounds, row[0].template, row[1]

    for number, (_, rows) in enumerate(groupby(facts.kernels, key=alike)):
        found = list(rows)
        kernel, at = found[0]
        names = ", ".join(code(each.name) for each, _ in found)
        traits = "; ".join(code(trait) for trait in (kernel.bounds, kernel.template) if trait)
        full = (
            f"- {path_code(kernel.path)}: {names}" + (f" ({traits})" if traits else "")
            + f"; {_sites('launch', at.launched)}; {_sites('test', at.tested)}"
        )  # fmt: skip
        yield Line((number,), f"- {path_code(kernel.path)}: {names}", full)
    if facts.bare:
        listed = ", ".join(path_code(path) for path in facts.bare[:_MOST_ZONES])
        more = f" and {len(facts.bare) - _MOST_ZONES} more" if len(facts.bare) > _MOST_ZONES else ""
        yield _line((len(facts.kernels),), f"- without kernels: {listed}{more}")


def _sites(what: str, paths: Sequence[RelPath]) -> str:
    if not paths:
        return f"no {what} found"
    more = f" and {len(paths) - _MOST_SITES} more" if len(paths) > _MOST_SITES else ""
    return f"{what}ed in " + ", ".join(path_code(path) for path in paths[:_MOST_SITES]) + more


def _zone_lines(zones: Iterable[Zone]) -> Iterator[Line]:
    """Zones that are closed for the same reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for zone in zones:
        by_reason.setdefault(zone.why, []).append(path_code(zone.path))
    for number, (why, paths) in enumerate(by_reason.items()):
        more = f" and {len(paths) - _MOST_ZONES} more" if len(paths) > _MOST_ZONES else ""
        yield _line((number,), f"- {', '.join(paths[:_MOST_ZONES])}{more}: {why}")


def _line(place: tuple[object, ...], text: str) -> Line:
    return Line(place, text, text)

"""What can stand in a map: each section's lines, the most important first, from the shortest wording to the fullest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from repoops.codemap.budget import Line, Section
from repoops.codemap.churn import Churn
from repoops.codemap.diagram import diagram
from repoops.codemap.entries import Entry
from repoops.codemap.facts import Facts
from repoops.codemap.folders import Folder
from repoops.codemap.owners import Rule
from repoops.codemap.prose import code, path_code, quoted
from repoops.codemap.scan import is_test
from repoops.codemap.zones import Zone
from repoops.files import RelPath, shown
from repoops.words import many

if TYPE_CHECKING:
    from repoops.codemap.cuda import Kernel

_MOST_NAMES = 8
_SOME_NAMES = 4
_MOST_FILES = 80
_SOME_FILES = 40
_MOST_SITES = 2
_MOST_ZONES = 6
_HOT = 8
_LONGEST = 80
_SHORT = 56


def sections(facts: Facts, churn: Churn | None, *, limited: bool) -> list[Section]:
    """Every section, in the order in which they are given room.

    Args:
        facts: what there is to tell.
        churn: which files commits change most; None where that is not known.
        limited: within a budget the kernels of tests are counted and not listed: there are many, and who
            reads a map looks for the code that they test.
    """
    folders = [f for f in facts.folders if not limited or f.code or f.purpose or "/" not in f.path]
    entries = list(_entry_lines(facts.entries))
    kernels = [kernel for kernel in facts.kernels if not (limited and is_test(kernel.path))]
    groups = list(_groups(facts, kernels))
    areas = list(_zone_lines(facts.zones))
    owned = list(_owner_lines(facts.owners))
    hot = list(_hot_lines(churn))
    rows = diagram(facts.imports)
    drawn = [_line((0,), "\n".join(["```mermaid", *rows, "```"]))] if rows else []
    tests = [_line((0,), facts.convention)] if facts.convention else []
    return [
        _section(1, "Entry points", "", entries, 14),
        _section(5, "Tests", "", tests, 4),
        _section(9, "No-edit zones", "", areas, 6),
        _section(4, "CUDA kernels", _kernel_lead(facts, limited=limited), groups, 7),
        _optional(7, "Hot spots", hot, 5),
        _optional(6, "Dependencies", drawn, 8),
        _section(8, "Owners", "", owned, 6),
        Section("Key files", "", len(facts.ranked), lambda: _file_lines(facts), lambda _: "- and files that fewer need", 5, 3),
        Section("Folders", "", len(folders), lambda: _folder_lines(facts, folders), lambda _: "- and folders below these", 100, 2),
    ]  # fmt: skip


def _optional(place: int, title: str, lines: Sequence[Line], share: int) -> Section:
    """A section that stands whole or not at all."""
    return Section(title, "", len(lines), lambda: iter(lines), lambda _: "", share, place)


def _section(place: int, title: str, lead: str, lines: Sequence[Line], share: int) -> Section:
    return Section(title, lead, len(lines), lambda: iter(lines), lambda n: f"- and {n} more", share, place)


def _entry_lines(entries: Sequence[Entry]) -> Iterator[Line]:
    """Ways in that say what they are, each on a line; of one kind those that say nothing, together on one, which says `also` below others."""
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
            also = "also " if len(mute) < len(rows) else ""
            yield _line((number,), f"- {also}{', '.join(mute)}")


def _folder_lines(facts: Facts, folders: Sequence[Folder]) -> Iterator[Line]:
    """Folders of code first, those before others whose files matter more."""
    weight: dict[RelPath, float] = {}
    for path, much in facts.weight.items():
        at = path.rpartition("/")[0] or "."
        weight[at] = weight.get(at, 0.0) + much
    best = {path: n for n, path in enumerate(facts.ranked)}

    def order(folder: Folder) -> tuple[object, ...]:
        return (
            not folder.code,
            folder.path.count("/") > 0,
            -weight.get(folder.path, 0.0),
            -folder.size,
            folder.path,
        )

    for folder in sorted(folders, key=order):
        first, *fuller = _folder_forms(folder, best)
        yield Line((folder.path,), first, partial(list, fuller))


def _folder_forms(folder: Folder, best: dict[RelPath, int]) -> Iterator[str]:
    name = path_code(folder.path + "/")
    some, most = (_listed(folder, best, count) for count in (_SOME_FILES, _MOST_FILES))
    if not folder.names:
        yield f"- {name}: {quoted(folder.purpose, _SHORT) or folder.holds}"
        if folder.purpose:
            yield f"- {name}: {folder.purpose}" + (f" ({folder.holds})" if folder.holds else "")
        return
    yield f"- {name}: {some}"
    if most != some:
        yield f"- {name}: {most}"
    if folder.purpose:
        short = quoted(folder.purpose, _SHORT)
        yield f"- {name}: {short}: {most}"
        if short != folder.purpose:
            yield f"- {name}: {folder.purpose}: {most}"


def _listed(folder: Folder, best: dict[RelPath, int], most: int) -> str:
    """The names of a folder's files, those that matter most where they are too many, in their order."""
    if len(folder.names) <= most:
        return ", ".join(map(shown, folder.names))

    def rank(name: str) -> tuple[int, str]:
        path = f"{folder.path}/{name}"
        return min(best.get(path, len(best)), best.get(path + ".py", len(best))), name

    kept = set(sorted(folder.names, key=rank)[:most])
    names = ", ".join(shown(name) for name in folder.names if name in kept)
    return f"{names} and {len(folder.names) - most} more"


def _file_lines(facts: Facts) -> Iterator[Line]:
    for path in facts.ranked:
        purpose = quoted(facts.purpose_of(path), _LONGEST)
        if purpose and not path.endswith("__init__.py"):
            yield Line((path,), f"- {path_code(path)}: {purpose}", partial(_with_names, facts, path))
            continue
        module = facts.module(path)
        if module.broken or module.names:
            yield Line((path,), *_split(_with_names(facts, path)))


def _with_names(facts: Facts, path: RelPath) -> list[str]:
    """A file's purpose with some of its names, then with more."""
    module = facts.module(path)
    if module.broken:
        return [f"- {path_code(path)}: {module.broken}"]
    purpose = quoted(module.purpose, _LONGEST)
    forms = []
    for most in (_SOME_NAMES, _MOST_NAMES):
        names = ", ".join(code(name) for name in module.names[:most])
        more = f" and {len(module.names) - most} more" if len(module.names) > most else ""
        forms.append(f"- {path_code(path)}: " + ": ".join(filter(None, [purpose, names + more])))
    return forms


def _split(forms: Sequence[str]) -> tuple[str, Callable[[], Sequence[str]]]:
    return forms[0], partial(list, forms[1:])


def _kernel_lead(facts: Facts, *, limited: bool) -> str:
    tests = [kernel for kernel in facts.kernels if is_test(kernel.path)] if limited else []
    named = [kernel for kernel in facts.kernels if not (limited and is_test(kernel.path))]
    files = len({kernel.path for kernel in named})
    apart = f", and {len(tests)} in tests" if tests else ""
    return f"{many(len(named), 'kernel')} in {many(files, 'file')}{apart}; in brackets launch bounds, template parameters, shared memory."


def _groups(facts: Facts, kernels: Sequence[Kernel]) -> Iterator[Line]:
    """Kernels of a file that agree in bounds, parameters and shared memory share a line; a fuller wording parts them by sites.

    Those of the files that matter most come first.
    """

    def alike(kernel: Kernel) -> tuple[object, ...]:
        return kernel.path, kernel.bounds, kernel.template, kernel.shared

    best = {path: n for n, path in enumerate(facts.ranked)}
    groups = list(enumerate(list(rows) for _, rows in groupby(kernels, key=alike)))
    for number, found in sorted(groups, key=lambda row: (best.get(row[1][0].path, len(best)), row[0])):
        names = ", ".join(code(each.name) for each in found)
        traits = "; ".join(code(trait) for trait in (found[0].bounds, found[0].template) if trait)
        short = f"- {path_code(found[0].path)}: {names}" + (f" ({traits})" if traits else "")
        yield Line((number,), short, partial(_with_sites, facts, found, traits))
    if facts.bare:
        listed = ", ".join(path_code(path) for path in facts.bare[:_MOST_ZONES])
        more = f" and {len(facts.bare) - _MOST_ZONES} more" if len(facts.bare) > _MOST_ZONES else ""
        yield _line((len(kernels),), f"- without kernels: {listed}{more}")


def _with_sites(facts: Facts, found: Sequence[Kernel], traits: str) -> list[str]:
    """The kernels of a line with shared memory, launches and tests; a line for each that differ in these."""
    where = facts.where()
    kernel = found[0]
    shared = ", ".join(
        part if part == "dynamic" else code(part) for part in kernel.shared.split("; ") if part
    )
    marks = "; ".join(filter(None, [traits, shared and f"shared {shared}"]))
    lines = []
    for at, rows in groupby(found, key=lambda each: where[each]):
        names = ", ".join(code(each.name) for each in rows)
        lines.append(
            f"- {path_code(kernel.path)}: {names}" + (f" ({marks})" if marks else "")
            + f"; {_sites('launch', at.launched)}; {_sites('test', at.tested)}"
        )  # fmt: skip
    return ["\n".join(lines)]


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


def _owner_lines(rules: Iterable[Rule]) -> Iterator[Line]:
    for number, rule in enumerate(rules):
        yield _line((number,), f"- {code(rule.pattern)}: {quoted(', '.join(rule.owners), _LONGEST)}")


def _hot_lines(churn: Churn | None) -> Iterator[Line]:
    if churn and churn.carried:
        yield _line((0,), churn.carried)
    elif churn and churn.counts:
        named = ", ".join(f"{path_code(path)} {n}" for path, n in churn.counts[:_HOT])
        some = ", ".join(f"{path_code(path)} {n}" for path, n in churn.counts[: _HOT // 2])
        about = f"Of {many(churn.commits, 'commit')} up to commit {code(churn.anchor)} so many changed"
        yield Line((0,), f"{about}: {some}.", lambda: [f"{about}: {named}."])


def _line(place: tuple[object, ...], text: str) -> Line:
    return Line(place, text)

"""The map of one folder, to be read and not kept: every file with its names and tests, every kernel with what it was compiled to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from repoops.codemap.budget import Line, Section, filled
from repoops.codemap.callers import most_called
from repoops.codemap.churn import Churn
from repoops.codemap.facts import Facts
from repoops.codemap.prose import code, path_code
from repoops.codemap.resources import Measured, words
from repoops.codemap.sections import sections
from repoops.errors import RepoOpsError
from repoops.files import RelPath, below
from repoops.tokens import tokens

_MOST = 12


def within(facts: Facts, folder: RelPath) -> Facts:
    """The facts about what lies in a folder or below it.

    Raises:
        RepoOpsError: the tree has no such folder.
    """
    if folder == ".":
        return facts
    if not any(path.startswith(folder + "/") for path in facts.tree.files):
        if folder in facts.tree.files:
            raise RepoOpsError(
                "is a file, not a folder", where=folder, remedy="its folder's map tells of it, too"
            )
        raise RepoOpsError(
            "no such folder in the tree",
            where=folder,
            remedy="name it from where you stand; git ls-files shows what there is",
        )
    here = (folder,)
    return replace(
        facts,
        within=here,
        entries=tuple(e for e in facts.entries if below(e.file, here)),
        folders=tuple(f for f in facts.folders if below(f.path, here)),
        ranked=tuple(p for p in facts.ranked if below(p, here)),
        imports={p: found for p, found in facts.imports.items() if below(p, here)},
        tests={p: found for p, found in facts.tests.items() if below(p, here)},
        kernels=tuple(k for k in facts.kernels if below(k.path, here)),
        bare=tuple(p for p in facts.bare if below(p, here)),
        zones=tuple(z for z in facts.zones if below(z.path.rstrip("/"), here)),
    )  # fmt: skip


def folder_map(
    facts: Facts, folder: RelPath, budget: int, churn: Churn | None, measured: Measured | None
) -> str:
    """The map of a folder, as markdown within a budget (0 for none)."""
    inside = within(facts, folder)
    hot = churn and replace(churn, counts=tuple(row for row in churn.counts if below(row[0], (folder,))))
    found = [
        *(s for s in sections(inside, hot, limited=False) if s.title != "Dependencies"),
        replace(most_called(facts.calls(None), inside.within), share=10, place=9),
        _list(10, "Registers and occupancy", f"From the last verification of {measured.about}." if measured else "",
              words(measured.rows, (k.name for k in inside.kernels)) if measured else []),
        _list(11, "Uses and users", "", list(_around(facts, folder))),
        _list(12, "Tests by file", "", list(_tests(inside))),
    ]  # fmt: skip
    wanted = [s for s in found if next(s.lines(), None)]
    head = f"# {folder}/\n\n"
    fixed = tokens(head) + sum(tokens(f"## {s.title}\n\n{s.lead}\n\n\n") for s in wanted)
    lines = filled(wanted, budget - fixed if budget else None, budget)
    bodies = [
        f"## {s.title}\n\n"
        + (f"{s.lead}\n\n" if s.lead else "")
        + "".join(f"{line}\n" for line in lines[s.title])
        for s in sorted(wanted, key=lambda section: section.place)
        if lines[s.title]
    ]
    return head + "\n".join(bodies)


def _list(place: int, title: str, lead: str, rows: list[str]) -> Section:
    lines = [Line((n,), f"- {row}") for n, row in enumerate(rows)]
    return Section(title, lead, len(lines), lambda: iter(lines), lambda n: f"- and {n} more", 12, place)


def _around(facts: Facts, folder: RelPath) -> Iterator[str]:
    """The folders that this one imports from, and those that import from it."""
    here = (folder,)
    uses: dict[RelPath, None] = {}
    users: dict[RelPath, None] = {}
    for path, found in facts.imports.items():
        for target in found:
            inside, hit = below(path, here), below(target, here)
            if inside and not hit:
                uses[target.rpartition("/")[0]] = None
            elif hit and not inside:
                users[path.rpartition("/")[0]] = None
    for what, folders in (("imports from", uses), ("is imported from", users)):
        if folders:
            names = sorted(folders)
            more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
            yield (
                f"{what} "
                + ", ".join(path_code(name + "/") if name else "the root" for name in names[:_MOST])
                + more
            )


def _tests(inside: Facts) -> Iterator[str]:
    for path in inside.ranked:
        tests = inside.tests.get(path, ())
        if tests:
            more = f" and {len(tests) - 2} more" if len(tests) > 2 else ""
            yield f"{path_code(path)}: " + ", ".join(code(test) for test in tests[:2]) + more

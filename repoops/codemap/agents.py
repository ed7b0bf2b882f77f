"""The map section of AGENTS.md: the ways in and the folders, between markers of our own; the rest of the file is its authors'."""

from __future__ import annotations

import re
from dataclasses import dataclass

from repoops.codemap.budget import filled
from repoops.codemap.facts import Facts
from repoops.codemap.sections import sections
from repoops.errors import RepoOpsError
from repoops.files import RelPath, Text
from repoops.vcs.read import Repository

PATH = "AGENTS.md"
BEGIN, END = "<!-- repoops:begin codemap -->", "<!-- repoops:end codemap -->"
_BUDGET = 600
"""Tokens: agents read this file in every session, and the map itself when they need it."""
_MARKER = re.compile(r"^<!-- repoops:(?P<kind>begin|end) codemap -->[ \t]*\r?$", re.MULTILINE)
_SHOWN = ("Entry points", "Tests", "No-edit zones", "Folders")


@dataclass(frozen=True, slots=True)
class Agents:
    """The file as it should be (`content`), and whether its section is there (`marked`) and says the same already (`fresh`)."""

    content: bytes
    marked: bool
    fresh: bool


def agents(repo: Repository, facts: Facts, map_path: RelPath) -> Agents | None:
    """What AGENTS.md should hold; None where there is none, or it is a link to another file.

    Raises:
        RepoOpsError: one marker without the other, or two sections.
    """
    full = repo.root / PATH
    if full.is_symlink() or not full.is_file():
        return None
    found = Text.of(full.read_bytes())
    newline = "\r\n" if found.text.partition("\n")[0].endswith("\r") else "\n"
    markers = list(_MARKER.finditer(found.text))
    kinds = [match["kind"] for match in markers]
    if kinds not in ([], ["begin", "end"]):
        line = found.text.count("\n", 0, markers[0].start()) + 1
        raise RepoOpsError(
            "the markers of the map section do not pair", where=f"{PATH}:{line}",
            remedy=f"leave one line {BEGIN} and below it one line {END}, or remove all of them",
        )  # fmt: skip
    section = f"{BEGIN}\n{_section(facts, map_path)}{END}".replace("\n", newline)
    if markers:
        text = found.text[: markers[0].start()] + section + found.text[markers[1].start() + len(END) :]
    else:
        gap = "" if not found.text else newline if found.text.endswith("\n") else newline * 2
        text = found.text + gap + section + newline
    return Agents(Text(text, bom=found.bom).encode(), bool(markers), text == found.text)


def _section(facts: Facts, map_path: RelPath) -> str:
    wanted = [s for s in sections(facts, None, limited=True) if s.title in _SHOWN and next(s.lines(), None)]
    lines = filled(wanted, _BUDGET, _BUDGET)
    bodies = [
        f"\n### {section.title}\n\n" + "".join(f"{line}\n" for line in lines[section.title])
        for section in sorted(wanted, key=lambda section: section.place)
        if lines[section.title]
    ]
    return (
        f"## Code map\n\nDrawn by `repoops codemap`. The whole map is in `{map_path}`; `repoops codemap FOLDER` tells more of one folder.\n"
        + "".join(bodies)
    )

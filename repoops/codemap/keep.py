"""The parts of a map that people write: between `<!-- keep NAME -->` and `<!-- /keep -->`, byte for byte."""

from __future__ import annotations

import re

from repoops.errors import RepoOpsError
from repoops.files import RelPath

NAMES = ("purpose", "notes")
"""The places the map offers; a kept part of another name is put at the end, so that none is lost."""
_MARKER = re.compile(r"^<!-- (?:keep (?P<name>[\w-]+)|(?P<end>/keep)) -->[ \t]*$", re.MULTILINE)


def kept(text: str, at: RelPath) -> dict[str, str]:
    """Name → what stands between its markers, with its line ends.

    Raises:
        RepoOpsError: a marker without its other half, one inside another, or a name twice, with file and line.
    """
    found: dict[str, str] = {}
    name, start, opened = None, 0, 0
    for match in _MARKER.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["end"]:
            if name is None:
                raise RepoOpsError("<!-- /keep --> closes nothing", where=f"{at}:{line}", remedy="remove it")
            found[name], name = text[start : match.start()], None
            continue
        if name is not None:
            raise RepoOpsError(
                f"<!-- keep {name} --> is not closed before this",
                where=f"{at}:{line}",
                remedy="write <!-- /keep -->",
            )
        if match["name"] in found:
            raise RepoOpsError(
                f"<!-- keep {match['name']} --> stands twice",
                where=f"{at}:{line}",
                remedy="give it another name",
            )
        name, start, opened = match["name"], min(match.end() + 1, len(text)), line
    if name is not None:
        raise RepoOpsError(
            f"<!-- keep {name} --> is never closed",
            where=f"{at}:{opened}",
            remedy="write <!-- /keep --> below it",
        )
    return found


def block(name: str, content: str) -> str:
    """A kept part with its markers."""
    if content and not content.endswith("\n"):
        content += "\n"
    return f"<!-- keep {name} -->\n{content}<!-- /keep -->\n"

"""Whether the root is still clean and the links still hold: findings with file and line, for CI and pre-commit. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repoops.archive.decision import Decision
from repoops.archive.survey import Survey
from repoops.config import Check
from repoops.files import RelPath, shown
from repoops.markdown.links import is_markdown
from repoops.markdown.resolve import destination, is_broken
from repoops.words import many

_TEMPLATE = re.compile(r"\{\{|\{%|\$\{")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that `repoops check` fails for; `line` counts from 1, and is None where the whole file is meant."""

    check: str
    message: str
    file: RelPath | None = None
    line: int | None = None

    def __str__(self) -> str:
        """`file:line: message`, as editors and CI read it."""
        where = "" if self.file is None else shown(self.file) + (f":{self.line}" if self.line else "") + ": "
        return f"{where}{self.message} [{self.check}]"


def broken_links(found: Survey) -> Iterator[Problem]:
    """Relative links of markdown files that lead nowhere; a destination that a template is to fill is no such link."""
    for path, document in found.documents.items():
        if document.scan is None or not is_markdown(path):
            continue
        for link in sorted(document.scan.links, key=lambda link: (link.line, link.start)):
            to = destination(link)
            if to is None or not is_broken(path, link, found.places) or _TEMPLATE.search(link.raw):
                continue
            if to.rooted and path.lower().endswith(".mdx"):
                continue  # a route of the site that is built from it, not a file
            yield Problem("links", f"leads nowhere: {shown(to.path)}", path, link.line)


def logs_in_root(decisions: Sequence[Decision], limit: int) -> Iterator[Problem]:
    """Logs where they should not be, if there are more than `limit`."""
    logs = [d for d in decisions if d.action == "archive"]
    if len(logs) > limit:
        for decision in logs:
            reason = decision.reasons[0]
            yield Problem(
                "root_logs",
                f"a log in the root ({shown(reason.detail)}); repoops archive moves it",
                decision.path,
                reason.line,
            )


def crowded_root(found: Survey, limit: int | None) -> Iterator[Problem]:
    """More files in the root than `limit`."""
    count = found.root_files()
    if limit is not None and count > limit:
        yield Problem("root_files", f"{many(count, 'file')} in the root, {limit} are allowed")


def problems(found: Survey, decisions: Sequence[Decision], config: Check) -> list[Problem]:
    """All that can be said from the repository's files and the decisions on them."""
    links = broken_links(found) if config.links else ()
    return [*logs_in_root(decisions, config.root_logs), *crowded_root(found, config.root_files), *links]

"""The kinds of claim about a repository; each is a module that reads them and holds them against git."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from repoops.claims import (
    commands,
    commit_counts,
    commits,
    data_figures,
    diffstats,
    durations,
    file_counts,
    heads,
    line_counts,
    paths,
    test_functions,
    times,
)
from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import Said


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is read from a sentence, and held; `hold` gives None where nothing is known either way."""

    find: Callable[[Said], Iterator[Claim]]
    hold: Callable[[Claim, Then], Held | None]


KINDS: Mapping[str, Kind] = {
    "line count": Kind(line_counts.find, line_counts.hold),
    "file count": Kind(file_counts.find, file_counts.hold),
    "path": Kind(paths.find, paths.hold),
    "commit": Kind(commits.find, commits.hold),
    "branch or HEAD": Kind(heads.find, heads.hold),
    "diff statistics": Kind(diffstats.find, diffstats.hold),
    "commit count": Kind(commit_counts.find, commit_counts.hold),
    "test count": Kind(test_functions.find, test_functions.hold),
    "figure in data": Kind(data_figures.find, data_figures.hold),
    "time": Kind(times.find, times.hold),
    "duration": Kind(durations.find, durations.hold),
    "command": Kind(commands.find, commands.hold),
}

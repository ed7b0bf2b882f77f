"""Which test belongs to which shard: a function of the tests' ids alone, so that hosts that never speak to each other agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repoops.errors import RepoOpsError


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a suite that a report is about.

    Attributes:
        number: which, from 1.
        of: how many there are.
        tests: the ids of all of the suite's tests, in the order in which they were collected; those of
            the other shards too. Empty where a run broke off before it could say them.
    """

    number: int
    of: int
    tests: tuple[str, ...] = ()

    def own(self) -> tuple[str, ...]:
        """Those that are this shard's, in order."""
        numbers = assigned(self.tests, self.of)
        return tuple(test for test in self.tests if numbers[test] == self.number)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"number": self.number, "of": self.of, "tests": list(self.tests)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shard:
        """Takes back what `to_json` gave."""
        return cls(data["number"], data["of"], tuple(data["tests"]))

    def __str__(self) -> str:
        """`shard 2 of 3`."""
        return f"shard {self.number} of {self.of}"


def parse(text: str) -> Shard:
    """`2/3` as a shard of tests that are not known yet.

    Raises:
        RepoOpsError: it is none.
    """
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if not found or int(found[1]) > int(found[2]):
        raise RepoOpsError(f"{text!r} is no shard", remedy="write it as I/N, from 1/N to N/N: --shard 2/3")
    return Shard(int(found[1]), int(found[2]))


def assigned(tests: Sequence[str], of: int) -> dict[str, int]:
    """The shard of each test, from 1 to `of`; the order of `tests` does not enter.

    What shares a case's inputs and its truth stays together. Groups are dealt out in turn, the largest
    first, so that two shards differ by no more tests than the largest group has.
    """
    groups: dict[str, list[str]] = {}
    for test in sorted(set(tests)):
        groups.setdefault(group(test), []).append(test)
    dealt = sorted(groups.values(), key=lambda members: (-len(members), members[0]))
    return {test: turn % of + 1 for turn, members in enumerate(dealt) for test in members}


def group(test: str) -> str:
    """What a test runs together with: a case, that of all versions of its kernel; anything else by itself."""
    place, _, name = test.partition("::")
    if place.rsplit("/", 1)[-1] == "spec.py" and "::" not in name and name.endswith("]"):
        return f"{place}::[{name.partition('[')[2]}"
    return test

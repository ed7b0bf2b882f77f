from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.report.shards import Shard, assigned, group, parse

EVERY = [
    f"{place}::{name}"
    for place in ("kernels/a/spec.py", "kernels/b/spec.py", "tests/test_x.py")
    for version in ("naive", "tiled", "vectorised")
    for name in (
        f"{version}[S1]",
        f"{version}[S2]",
        f"{version}::compile[sm_80]",
        f"{version}::mutant[off-by-one]",
        version,
    )
]
IDS = st.permutations(EVERY).flatmap(lambda tests: st.integers(0, len(tests)).map(lambda n: tests[:n]))


@given(IDS, st.integers(1, 5))
def test_every_test_is_in_one_shard_whatever_the_order(tests: list[str], of: int) -> None:
    found = assigned(tests, of)
    assert assigned(tests[::-1], of) == found
    assert assigned(sorted(tests), of) == found
    own = [Shard(number, of, tuple(tests)).own() for number in range(1, of + 1)]
    assert sorted(test for each in own for test in each) == sorted(tests)
    assert all(list(each) == [test for test in tests if test in each] for each in own)


@given(IDS, st.integers(1, 5))
def test_shards_are_balanced_and_a_case_stays_together(tests: list[str], of: int) -> None:
    found = assigned(tests, of)
    sizes = Counter(map(group, tests))
    loads = Counter(found.values())
    if tests:
        assert max(loads.values()) - min(loads[n] for n in range(1, of + 1)) <= max(sizes.values())
    assert len({(group(test), number) for test, number in found.items()}) == len(sizes)


def test_neighbours_are_spread() -> None:
    mutants = [f"kernels/a/spec.py::naive::mutant[m{n}]" for n in range(6)]
    assert list(assigned(mutants, 3).values()) == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "01/2", "1/2/3", "-1/2", "a/b", "1/99999"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(RepoOpsError, match=r"is no shard\n  write it as I/N"):
        parse(text)


def test_a_shard_is_written_as_people_say_it() -> None:
    assert str(parse("2/3")) == "shard 2 of 3"

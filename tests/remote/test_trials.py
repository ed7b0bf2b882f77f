"""Seeded trials of what benchmarks/remote.py does two hundred times: faults at random, clients killed."""

from __future__ import annotations

import pytest

from tests.support.sshd import why_not
from tests.support.trials import trial


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize("seed", range(8))
def test_a_run_is_whole_and_runs_once_whatever_befalls_the_connection(seed: int) -> None:
    way = "the protocol, with client kills"
    done = trial(way, seed=seed, ticks=20, mean_s=1.5, most_faults=8, most_kills=2)
    assert (done.whole, done.runs, done.orphans) == (True, 1, 0)
    assert done.faults > 0

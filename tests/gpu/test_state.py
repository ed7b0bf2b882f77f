from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu.state import State, checked_price, cost, in_words, moment

NOW = datetime(2025, 10, 14, 15, 20, tzinfo=timezone(timedelta(hours=2)))
STARTED = datetime(
    2025, 10, 14, 5, 2, 11, 416000, tzinfo=timezone(timedelta(hours=-7))
)  # 14:02 in NOW's zone
STOPPED = STARTED + timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "price", "words"),
    [
        (State("RUNNING", STARTED), 0.71, "RUNNING since 14:02, 1.3 h, about 0.92 USD"),
        (State("RUNNING", STARTED, STARTED - timedelta(days=1)), None, "RUNNING since 14:02, 1.3 h"),
        (State("RUNNING", NOW - timedelta(minutes=12)), 6.0, "RUNNING since 15:08, 12 min, about 1.20 USD"),
        (
            State("RUNNING", STARTED - timedelta(days=2)),
            0.71,
            "RUNNING since 2025-10-12 14:02, 49.3 h, about 35.00 USD",
        ),
        (State("TERMINATED", STARTED, STOPPED), 0.71, "TERMINATED since 15:02; it ran 1.0 h, about 0.71 USD"),
        (State("TERMINATED", None, STOPPED), 0.71, "TERMINATED since 15:02"),
        (State("RUNNING"), 0.71, "RUNNING"),
        (State("STAGING", STARTED - timedelta(days=9), STOPPED), 0.71, "STAGING"),
    ],
)
def test_a_state_in_words(state: State, price: float | None, words: str) -> None:
    assert in_words(state, NOW, price, "USD") == words


def test_a_machine_that_began_after_now_has_run_for_no_time_that_is_known() -> None:
    assert cost(State("RUNNING", NOW + timedelta(seconds=1)), NOW, 1.0) is None


@given(st.integers(0, 10**7), st.floats(0, 100), st.integers(-14 * 60, 14 * 60))
def test_cost_is_price_times_hours_in_any_zone(seconds: int, price: float, offset: int) -> None:
    started = (NOW - timedelta(seconds=seconds)).astimezone(timezone(timedelta(minutes=offset)))
    assert cost(State("RUNNING", started), NOW, price) == pytest.approx(seconds / 3600 * price)


@pytest.mark.parametrize("fraction", ["", ".4", ".41", ".416", ".4160", ".416000", ".416000123"])
@pytest.mark.parametrize("zone", ["-07:00", "Z", "+05:30"])
def test_googles_stamps_are_read_with_their_zone(fraction: str, zone: str) -> None:
    when = moment(f"2025-10-14T05:02:11{fraction}{zone}")
    assert when.replace(tzinfo=None, microsecond=0) == datetime(2025, 10, 14, 5, 2, 11)  # noqa: DTZ001
    assert (
        when.utcoffset()
        == {"-07:00": timedelta(hours=-7), "Z": timedelta(0), "+05:30": timedelta(hours=5.5)}[zone]
    )


@pytest.mark.parametrize("text", ["", "soon", "2025-10-14T05:02:11", "2025-10-14"])
def test_a_time_without_a_zone_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text)


@pytest.mark.parametrize(
    ("price", "currency", "said"),
    [
        (float("nan"), "USD", "gpu.price_per_hour: nan is no price"),
        (-1.0, "USD", "gpu.price_per_hour: -1.0 is no price"),
        (0.71, None, "gpu.price_per_hour: a price has a currency\n  say gpu.currency: USD, or another"),
    ],
)
def test_a_price_that_is_none_is_refused(price: float, currency: str | None, said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        checked_price(Gpu(price_per_hour=price, currency=currency))
    assert str(caught.value) == said

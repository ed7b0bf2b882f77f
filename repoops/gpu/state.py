"""The state of a machine as its provider tells it, what it has cost so far, and both in words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from repoops.config import Gpu
from repoops.errors import RepoOpsError

RUNNING = "RUNNING"
TERMINATED = "TERMINATED"
SUSPENDED = "SUSPENDED"
UNKNOWN = "UNKNOWN"
INIT = "INIT"
"""SkyPilot's: a launch is on its way or was given up, or the cluster is not well; a request waits its turn, and mends or ends it."""


@dataclass(frozen=True, slots=True)
class State:
    """One answer.

    Attributes:
        status: the provider's word: RUNNING and TERMINATED are believed, SUSPENDED rests, all others are on their way.
        started, stopped: when it last began and ceased to run, where the provider tells.
        accelerators: `1 x nvidia-l4`.
        limit_s: seconds after which the provider stops it by itself.
        note: what else the provider says of it, in words.
    """

    status: str
    started: datetime | None = None
    stopped: datetime | None = None
    accelerators: tuple[str, ...] = ()
    limit_s: int | None = None
    note: str = ""

    @property
    def since(self) -> datetime | None:
        """When it came into this state, for RUNNING and TERMINATED."""
        return {RUNNING: self.started, TERMINATED: self.stopped}.get(self.status)


def ran(state: State, now: datetime) -> timedelta | None:
    """How long it has been running, or ran the last time; None where its times do not say."""
    end = now if state.status == RUNNING else state.stopped
    if state.started is None or end is None or end < state.started:
        return None
    return end - state.started


def cost(state: State, now: datetime, price_per_hour: float | None) -> float | None:
    """What that time costs at a price, without disks and network; None where price or time is not known."""
    span = ran(state, now)
    if span is None or price_per_hour is None:
        return None
    return span.total_seconds() / 3600 * price_per_hour


def in_words(state: State, now: datetime, price_per_hour: float | None, currency: str | None) -> str:
    """`RUNNING since 14:02, 1.3 h, about 0.92 USD`: times in `now`'s zone, the last run of a stopped machine in the past."""
    said = state.status
    if state.since is not None:
        said += f" since {clock_time(state.since, now)}"
    span = ran(state, now)
    if state.status in (RUNNING, TERMINATED) and span is not None:
        minutes = span.total_seconds() / 60
        hours = f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"
        spent = cost(state, now, price_per_hour)
        money = "" if spent is None else f", about {spent:.2f} {currency}"
        said += f", {hours}{money}" if state.status == RUNNING else f"; it ran {hours}{money}"
    return f"{said}; {state.note}" if state.note else said


def clock_time(when: datetime, now: datetime) -> str:
    """`14:02`, with the date where that is another day than `now`'s; in `now`'s zone."""
    local = when.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"


def checked_price(gpu: Gpu) -> None:
    """A price is a number that is not negative, and has a currency.

    Raises:
        RepoOpsError: it is or has not.
    """
    price = gpu.price_per_hour
    if price is None:
        return
    if not math.isfinite(price) or price < 0:
        raise RepoOpsError(f"{price} is no price", where="gpu.price_per_hour")
    if not gpu.currency:
        raise RepoOpsError(
            "a price has a currency", where="gpu.price_per_hour", remedy="say gpu.currency: USD, or another"
        )


def moment(text: str) -> datetime:
    """An RFC 3339 time with its zone; raises ValueError where it is none."""
    iso = re.sub(r"[zZ]$", "+00:00", text.strip())
    iso = re.sub(
        r"\.(\d+)", lambda m: "." + m[1][:6].ljust(6, "0"), iso
    )  # Python 3.10 takes 3 or 6 digits alone
    when = datetime.fromisoformat(iso)
    if when.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return when

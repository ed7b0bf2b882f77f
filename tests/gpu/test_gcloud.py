"""What gcloud is asked, and what its answers mean: texts as the real one prints them, in tests/support/fake_gcloud.py."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import gcloud, provider_of
from repoops.gpu.faults import fault_of
from repoops.gpu.provider import Answer
from repoops.gpu.state import State
from tests.support.fake_gcloud import ABORTED, NAME, PROJECT, REFUSALS, ZONE, described

GPU = Gpu("gcloud", NAME, ZONE, PROJECT)
STATE = {
    "status": "RUNNING",
    "started": "2025-10-14T05:02:11.416-07:00",
    "stopped": "2025-10-13T00:51:11.517-07:00",
    "max_run_s": 28800,
}
ZONED = timezone(timedelta(hours=-7))


def answer(stdout: str = "", stderr: str = "", exit_: int | None = 1) -> Answer:
    return Answer(("gcloud",), exit_, stdout, stderr, "2025-10-14T12:00:00+00:00", 61.0)


def test_the_state_is_read_from_describe() -> None:
    assert gcloud.read(GPU, json.dumps(described(STATE))) == State(
        "RUNNING",
        datetime(2025, 10, 14, 5, 2, 11, 416000, ZONED),
        datetime(2025, 10, 13, 0, 51, 11, 517000, ZONED),
        ("1 x nvidia-l4",),
        28800,
    )


def test_an_instance_that_never_ran_has_no_times() -> None:
    found = described({"status": "TERMINATED", "started": None, "stopped": None, "max_run_s": None})
    del found["guestAccelerators"]
    assert gcloud.read(GPU, json.dumps(found)) == State("TERMINATED")


def test_what_is_kept_tells_the_same_and_holds_no_scripts_and_no_addresses() -> None:
    whole = json.dumps(described(STATE))
    kept = gcloud.kept(answer(whole))
    assert gcloud.read(GPU, kept) == gcloud.read(GPU, whole)
    assert sorted(json.loads(kept)) == [
        "guestAccelerators", "lastStartTimestamp", "lastStopTimestamp", "name", "scheduling", "status",
    ]  # fmt: skip
    assert not any(secret in kept for secret in ("hunter2", "203.0.113.7", "metadata"))


@given(st.integers(0, 1200))
def test_half_an_answer_is_none(length: int) -> None:
    whole = json.dumps(described(STATE))
    with pytest.raises(ValueError):
        gcloud.read(GPU, gcloud.kept(answer(whole[: min(length, len(whole) - 1)])))


def test_an_answer_about_another_instance_is_none() -> None:
    with pytest.raises(ValueError, match="the answer is about other"):
        gcloud.read(GPU, json.dumps(described(STATE) | {"name": "other"}))


RESOURCE = f"projects/{PROJECT}/zones/{ZONE}/instances/{NAME}"
STOCKOUT = (
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: A g2-standard-8 VM instance with 1 nvidia-l4 accelerator(s) is currently "
    "unavailable in the us-central1-a zone. Consider trying your request in the us-central1-b zone(s), which currently "
    "has capacity to accommodate your request."
)
GRANT = "('invalid_grant: Bad Request', {'error': 'invalid_grant', 'error_description': 'Bad Request'})"
TOKENS = "There was a problem refreshing your current auth tokens:"
AGAIN = "Reauthentication failed. cannot prompt during non-interactive execution."
NOBODY = "Unable to reach oauth2.googleapis.com: [Errno 8] nodename nor servname provided, or not known"
INTERNAL = (
    "Internal error. Please try again or contact Google Support. (Code: '5F864782189D7.6B5868C.50A111B')"
)
INTERRUPTED = "\n\nCommand killed by keyboard interrupt\n\n"
NO_PROJECT = (
    "ERROR: (gcloud.compute.instances.describe) The required property [project] is not currently set.\n"
    "You may set it for your current workspace by running:\n\n  $ gcloud config set project VALUE\n"
)
QUOTA = "Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 500.0 in region us-central1."


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("exhausted", "final", f"the zone has no such machine free now; gcloud: {STOCKOUT}"),
        ("quota", "final", f"the project's quota is used up; gcloud: {QUOTA}"),
        ("permission", "final", f"the account may not do that; gcloud: Required 'compute.instances.start' permission for '{RESOURCE}'"),
        ("missing", "final", f"there is no such instance; gcloud: The resource '{RESOURCE}' was not found"),
        ("auth", "final", f"gcloud is not logged in; gcloud: {TOKENS} {GRANT}"),
        ("relogin", "final", f"gcloud is not logged in; gcloud: {TOKENS} {AGAIN}"),
        ("offline", "lost", f"its answer was lost; gcloud: {TOKENS} {NOBODY}"),
        ("internal", "lost", f"its answer was lost; gcloud: {INTERNAL}"),
        ("strange", "unclear", "gcloud failed with exit 1: Something that nobody has seen yet."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_text_of_gcloud_is_one_line_that_says_what_it_means(
    name: str, kind: str, said: str, end: str
) -> None:
    text = REFUSALS[name] if name == "exhausted" else REFUSALS[name].format(verb="start")
    progress = f"Starting instance(s) {NAME}...\n......failed.\n"
    fault = fault_of(answer(stderr=(progress + text).replace("\n", end)))
    assert (fault.kind, fault.what) == (kind, said)


@pytest.mark.parametrize(
    ("stderr", "exit_", "kind", "said"),
    [
        (ABORTED, 1, "lost", f"its answer was lost; gcloud: {ABORTED.removeprefix('ERROR: ').strip()}"),
        ("", -9, "lost", "gcloud was killed before it answered"),
        ("", None, "lost", "gcloud was silent for 61 s"),
        ("", 1, "unclear", "gcloud failed with exit 1: it said nothing"),
        (INTERRUPTED, 1, "lost", "its answer was lost; gcloud: Command killed by keyboard interrupt"),
        (NO_PROJECT, 1, "final", "no project is chosen; gcloud: The required property [project] is not currently set. You may set it for your current workspace by running:"),
        ("ERROR: (gcloud.compute.instances.start) ---\ncode: [broken\n", 1, "unclear", "gcloud failed with exit 1: ---"),
    ],
)  # fmt: skip
def test_silence_and_other_ends(stderr: str, exit_: int | None, kind: str, said: str) -> None:
    fault = fault_of(answer(stderr=stderr, exit_=exit_))
    assert (fault.kind, fault.what.partition(" code:")[0]) == (kind, said)


@given(st.text(max_size=2000), st.integers(1, 255))
def test_whatever_it_says_is_one_short_line(text: str, exit_: int) -> None:
    what = fault_of(answer(stderr=text, exit_=exit_)).what
    assert what
    assert "\n" not in what
    assert len(what) < 400


def test_the_limit_is_set_before_the_start_where_it_is_another() -> None:
    limited = Gpu("gcloud", NAME, ZONE, PROJECT, max_run="8h")
    where = (f"--zone={ZONE}", f"--project={PROJECT}")
    start = ("gcloud", "compute", "instances", "start", NAME, *where, "--quiet")
    limit = ("gcloud", "compute", "instances", "set-scheduling", NAME, *where, "--max-run-duration=8h",
             "--instance-termination-action=STOP", "--quiet")  # fmt: skip
    assert gcloud.start(GPU, State("TERMINATED")) == (start,)
    assert gcloud.start(limited, State("TERMINATED")) == (limit, start)
    assert gcloud.start(limited, State("TERMINATED", limit_s=3600)) == (limit, start)
    assert gcloud.start(limited, State("TERMINATED", limit_s=28800)) == (start,)
    assert gcloud.start(limited, State("SUSPENDED"))[0][3] == "resume"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("8h", 28800), ("90m", 5400), ("1d12h", 129600), ("30s", 30), ("120d", 10368000)],
)
def test_durations_are_gclouds(duration: str, seconds: int) -> None:
    assert gcloud.seconds(duration) == seconds


@pytest.mark.parametrize("duration", ["", "8", "h", "8 h", "29s", "121d", "1h1d", "-8h", "8h;reboot"])
def test_other_durations_are_refused(duration: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        gcloud.seconds(duration)
    assert str(caught.value) == (
        f"gpu.max_run: {duration!r} is no time from 30 seconds to 120 days\n  for example: 8h, 90m, 1d12h"
    )


@pytest.mark.parametrize("key", ["instance", "zone", "project"])
@pytest.mark.parametrize("value", ["--format=x", "$(touch x)", "a b", "a\n", "A", ""])
def test_a_name_that_could_be_anything_else_is_refused(key: str, value: str) -> None:
    with pytest.raises(RepoOpsError):
        provider_of(Gpu(**{"provider": "gcloud", "instance": NAME, key: value}))


def test_ssh_is_gclouds_own_or_the_configured_one() -> None:
    where = ("gcloud", "compute", "ssh", NAME, f"--zone={ZONE}", f"--project={PROJECT}")
    assert gcloud.ssh(GPU) == where
    assert gcloud.ssh(GPU, ("echo", "a b", "$(x)")) == (*where, "--command=echo 'a b' '$(x)'")
    own = Gpu("gcloud", NAME, ssh=("ssh", "-p", "2222", "l4"))
    assert gcloud.ssh(own, ("echo", "a b")) == ("ssh", "-p", "2222", "l4", "echo 'a b'")

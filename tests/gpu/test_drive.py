"""Started once and stopped once, whatever the provider's command does: a fake `gcloud` on PATH, real processes."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import drive
from repoops.gpu.drive import Pace
from tests.support.cloud import Cloud
from tests.support.fake_gcloud import NAME, PROJECT, ZONE
from tests.support.sshd import sshd

GPU = Gpu("gcloud", NAME, ZONE, PROJECT)
LIMITED = Gpu("gcloud", NAME, ZONE, PROJECT, max_run="8h")
QUICK = Pace(first=0.01, most=0.1, grace=0.2, answer=5, request=5, silence=1, whole=20, ssh=5)
PLACE = f"{NAME} ({ZONE}, {PROJECT})"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud.install(tmp_path / "cloud")
    monkeypatch.setenv("PATH", made.env["PATH"])
    return made


class Run:
    """Start and stop with the words that were said on the way."""

    def __init__(self, folder: Path, gpu: Gpu = GPU, pace: Pace = QUICK) -> None:
        self.gpu, self.pace, self.lock, self.said = gpu, pace, folder / "gpu.lock", list[str]()

    def start(self) -> drive.Reached:
        return drive.start(self.gpu, self.lock, self.pace, self.said.append)

    def stop(self) -> drive.Reached:
        return drive.stop(self.gpu, self.lock, self.pace, self.said.append)


def refused(work: object) -> str:
    with pytest.raises(RepoOpsError) as caught:
        work()  # type: ignore[operator]
    return str(caught.value)


def test_start_and_stop_are_each_sent_once_and_then_no_more(cloud: Cloud, tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert [run.start().sent, run.start().sent, run.stop().sent, run.stop().sent] == [1, 0, 1, 0]
    assert cloud.verbs == [
        "describe",
        "start",
        "describe",
        "describe",
        "describe",
        "stop",
        "describe",
        "describe",
    ]
    assert run.said == [f"TERMINATED; asking {PLACE} to start", f"RUNNING; asking {PLACE} to stop"]


def test_the_time_limit_is_set_before_each_start_that_lacks_it(cloud: Cloud, tmp_path: Path) -> None:
    run = Run(tmp_path, LIMITED)
    assert run.start().seen.state.limit_s == 28800
    run.stop()
    run.start()
    assert [v for v in cloud.verbs if v != "describe"] == ["set-scheduling", "start", "stop", "start"]


def test_a_limit_that_is_refused_keeps_the_machine_from_starting(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(faults=[["set-scheduling", "permission"]])
    assert "the account may not do that" in refused(Run(tmp_path, LIMITED).start)
    assert "start" not in cloud.verbs


@pytest.mark.parametrize("status", ["PROVISIONING", "STAGING"])
def test_a_machine_on_its_way_up_is_waited_for(cloud: Cloud, tmp_path: Path, status: str) -> None:
    cloud.set(status=status, steps=1)
    assert Run(tmp_path).start().sent == 0
    assert "start" not in cloud.verbs


def test_a_machine_that_stops_is_waited_for_and_started_then(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(status="STOPPING", steps=1)
    run = Run(tmp_path)
    assert run.start().sent == 1
    assert cloud.read()["starts"] == 1


def test_a_machine_on_its_way_up_is_stopped_once_it_runs(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(status="PROVISIONING", steps=1)
    run = Run(tmp_path)
    assert run.stop().seen.state.status == "TERMINATED"
    assert run.said == ["STAGING", f"RUNNING; asking {PLACE} to stop", "STOPPING"][: len(run.said)]
    assert cloud.read()["stops"] == 1


def test_a_suspended_machine_is_resumed(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(status="SUSPENDED")
    Run(tmp_path, LIMITED).start()
    assert [v for v in cloud.verbs if v != "describe"] == ["resume"]


@pytest.mark.parametrize("fault", ["lost", "half", "network", "late:0.1"])
@pytest.mark.parametrize("verb", ["start", "stop"])
@pytest.mark.parametrize("steps", [0, 1])
def test_after_a_lost_answer_the_state_is_asked_first(
    cloud: Cloud, tmp_path: Path, fault: str, verb: str, steps: int
) -> None:
    cloud.set(faults=[[verb, fault]], steps=steps)
    run = Run(tmp_path)
    run.start()
    run.stop()
    assert cloud.verbs.count(verb) == 1
    assert [cloud.read()[key] for key in ("starts", "stops", "idle")] == [1, 1, 0]


@pytest.mark.parametrize("fault", ["offline", "internal"])
def test_a_request_that_never_arrived_is_sent_again(cloud: Cloud, tmp_path: Path, fault: str) -> None:
    cloud.set(faults=[["start", fault], ["start", fault]])
    assert Run(tmp_path).start().sent == 3
    assert [cloud.read()[key] for key in ("starts", "idle")] == [1, 0]


def test_and_not_for_ever(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(faults=[["start", "offline"]] * 9)
    assert refused(Run(tmp_path).start).startswith(
        f"{PLACE}: it is TERMINATED after 3 requests to start: its answer was lost; gcloud: There was a problem"
    )
    assert cloud.verbs.count("start") == 3


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_provider_that_says_done_and_did_nothing_is_found(cloud: Cloud, tmp_path: Path, verb: str) -> None:
    cloud.set(faults=[[verb, "nothing"]], status="TERMINATED" if verb == "start" else "RUNNING")
    run = Run(tmp_path)
    said = refused(getattr(run, verb))
    done, state = ("started", "TERMINATED") if verb == "start" else ("stopped", "RUNNING")
    assert said == (
        f"{PLACE}: the provider said that it was {done}, and it is {state}\n"
        "  nothing was done, or someone undid it; see: repoops gpu status"
    )
    assert cloud.verbs.count(verb) == 1


def test_a_machine_that_was_started_and_ended_at_once_is_told_from_one_that_never_was(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.set(steps=1)
    run = Run(tmp_path, pace=Pace(first=0.01, most=0.05, grace=1.0, answer=5, request=5, silence=1, whole=20))
    preempted = threading.Thread(target=preempt, args=(cloud,))
    preempted.start()
    said = refused(run.start)
    preempted.join()
    assert "it was started at " in said
    assert " and is TERMINATED again\n  preempted" in said


def preempt(cloud: Cloud) -> None:
    while cloud.read()["status"] != "STAGING":
        time.sleep(0.001)
    cloud.set(status="TERMINATED", started="2025-10-14T05:02:11.416-07:00")


@pytest.mark.parametrize(
    ("fault", "begins"),
    [
        (
            "exhausted",
            "the zone has no such machine free now; gcloud: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: A g2-",
        ),
        ("quota", "the project's quota is used up; gcloud: Quota 'NVIDIA_L4_GPUS' exceeded."),
        ("permission", "the account may not do that; gcloud: Required 'compute.instances.start' permission"),
        ("missing", "there is no such instance; gcloud: The resource"),
        ("auth", "gcloud is not logged in; gcloud: There was a problem refreshing your current auth tokens"),
    ],
)
def test_a_refusal_is_told_at_once_and_nothing_is_tried_again(
    cloud: Cloud, tmp_path: Path, fault: str, begins: str
) -> None:
    cloud.set(faults=[["start", fault]])
    said = refused(Run(tmp_path).start)
    assert said.startswith(f"{PLACE}: {begins}")
    assert said.count("\n") == 1
    assert cloud.verbs == ["describe", "start"]


def test_what_is_not_understood_is_left_to_the_state(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(faults=[["start", "strange"]])
    assert refused(Run(tmp_path).start).startswith(
        f"{PLACE}: it is TERMINATED after 1 request to start: gcloud failed with exit 1: Something that nobody has seen yet."
    )


def test_a_state_that_is_not_told_is_asked_for_again_and_then_is_an_error(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.set(faults=[["describe", "offline"], ["describe", "half"], ["describe", "lost"]])
    assert Run(tmp_path).start().sent == 1
    cloud.set(faults=[["describe", "offline"]] * 500)
    said = refused(Run(tmp_path).stop)
    assert said.startswith(f"{PLACE}: its answer was lost; gcloud: There was a problem refreshing")
    assert "stop" not in cloud.verbs


def test_a_silent_command_is_killed_and_the_state_asked(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(faults=[["start", "slow:30"]])
    run = Run(
        tmp_path, pace=Pace(first=0.01, most=0.05, grace=0.1, answer=5, request=0.3, silence=1, whole=20)
    )
    assert run.start().sent == 2
    assert run.said[1] == "gcloud was silent for 0 s; looking at its state"
    assert [cloud.read()[key] for key in ("starts", "idle")] == [1, 0]


def test_a_missing_gcloud_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(Run(tmp_path).start) == (
        "gcloud: is not installed\n  install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install"
    )


def test_two_starts_at_the_same_time_are_one(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(faults=[["start", "slow:0.2"]])
    runs = [Run(tmp_path) for _ in range(3)]
    threads = [threading.Thread(target=run.start) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cloud.verbs.count("start") == 1
    assert sorted(word for run in runs for word in run.said).count(
        "another start or stop is at work; waiting for it"
    ) in (1, 2)


def test_a_lock_that_is_never_free_is_an_error(tmp_path: Path) -> None:
    run = Run(tmp_path, pace=Pace(whole=0.1))
    with drive.turn(run.lock, 1, run.said.append):
        assert refused(run.start).startswith(f"{run.lock}: another start or stop has not ended in 0 s")


FAULTS = ["lost", "half", "network", "late:0.03", "offline", "nothing", "internal", "quota", "permission", "strange",
          "exhausted", "auth"]  # fmt: skip
SCHEDULES = st.lists(
    st.tuples(st.sampled_from(["describe", "start", "stop", "set-scheduling", "*"]), st.sampled_from(FAULTS)),
    max_size=6,
)


HASTY = Pace(first=0.02, most=0.1, grace=0.15, answer=5, request=5, silence=0.5, whole=20)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEDULES, st.sampled_from([0, 1]), st.booleans())
def test_one_start_and_one_stop_under_any_schedule_of_faults(
    faults: list[tuple[str, str]], steps: int, limited: bool
) -> None:
    before = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud.install(Path(folder, "cloud"), steps=steps, faults=[list(f) for f in faults])
        os.environ["PATH"] = cloud.env["PATH"]
        try:
            run = Run(Path(folder), LIMITED if limited else GPU, HASTY)
            for work, state in ((run.start, "RUNNING"), (run.stop, "TERMINATED")):
                for attempt in itertools.count():
                    assert attempt <= len(faults)
                    with suppress(RepoOpsError):  # whose user tries again
                        assert work().seen.state.status == state == cloud.read()["status"]
                        break
            assert [cloud.read()[key] for key in ("starts", "stops", "idle")] == [1, 1, 0]
        finally:
            os.environ["PATH"] = before


def test_a_real_sshd_is_waited_for(cloud: Cloud, tmp_path: Path) -> None:
    cloud.set(status="RUNNING")
    with sshd(tmp_path / "sshd") as server:
        server.kill()
        later = threading.Timer(1.0, server.start)
        later.start()
        own = ("ssh", "-F", str(server.folder / "ssh_config"), "-p", str(server.port), "loopback")
        said: list[str] = []
        drive.answers(Gpu("gcloud", NAME, ZONE, PROJECT, ssh=own), QUICK, said.append)
        later.join()
    assert said == ["RUNNING; waiting until SSH answers"]


def test_gcloud_compute_ssh_is_waited_for(cloud: Cloud) -> None:
    cloud.set(status="RUNNING", ssh_after=2)
    drive.answers(GPU, QUICK, lambda _: None)
    assert cloud.verbs == ["ssh", "describe", "ssh", "describe", "ssh"]
    assert cloud.read()["calls"][0] == [  # type: ignore[index]
        "compute", "ssh", NAME, f"--zone={ZONE}", f"--project={PROJECT}", "--command=true", "--quiet",
        "--ssh-flag=-oBatchMode=yes", "--ssh-flag=-oConnectTimeout=10",
    ]  # fmt: skip


def test_ssh_that_never_answers_is_an_error_that_tells_how_to_stop_paying(cloud: Cloud) -> None:
    cloud.set(status="RUNNING", ssh_after=999)
    said = refused(lambda: drive.answers(GPU, Pace(first=0.01, ssh=0.1), lambda _: None))
    assert said.startswith(
        f"{PLACE}: it is RUNNING, and SSH did not answer in 0 s: ERROR: (gcloud.compute.ssh)"
    )
    assert said.endswith("it costs money meanwhile; look: repoops gpu ssh; or stop it: repoops gpu stop")


def test_a_machine_that_ends_before_ssh_answers_is_not_waited_for(cloud: Cloud) -> None:
    cloud.set(status="TERMINATED")
    assert refused(lambda: drive.answers(GPU, QUICK, lambda _: None)) == (
        f"{PLACE}: it was TERMINATED before SSH answered"
    )


def test_words_that_match_no_pattern_are_told_and_not_waited_for(tmp_path: Path) -> None:
    gpu = Gpu(
        "command",
        "vm",
        status=("echo", "huh"),
        start=("true",),
        stop=("true",),
        running="up",
        terminated="down",
    )
    run = Run(tmp_path, gpu)
    assert "its state cannot be told: what it prints has neither pattern: huh" in refused(run.stop)
    assert run.said == ["UNKNOWN: what it prints has neither pattern: huh"]

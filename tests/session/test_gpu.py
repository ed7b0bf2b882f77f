"""A rented machine in the session's summary: its state rests on its provider's answer, and audit reads that answer again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.fake_gcloud import NAME, PROJECT, ZONE
from tests.support.repo import Repo

CONFIG = (
    f"gpu:\n  provider: gcloud\n  instance: {NAME}\n  zone: {ZONE}\n  project: {PROJECT}\n"
    "  price_per_hour: 0.01\n  currency: USD\n"
)
PLACE = f"{NAME} ({ZONE}, {PROJECT})"
COSTS = "it costs money until it is stopped: `repoops gpu stop`"


def rented(folder: Path, config: str = CONFIG, **state: object) -> tuple[Repo, Cloud]:
    repo = Repo.create(folder / "repo")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.invalid")
    repo.commit(
        files={"repoops.yaml": config, "ok.py": "print('fine')\n"} if config else {"ok.py": "print('fine')\n"}
    )
    return repo, Cloud.install(folder / "cloud", **state)


def page(repo: Repo) -> str:
    return re.sub(r"\d\d:\d\d", "HH:MM", repo.read("SESSION_SUMMARY.md").decode())


def section(repo: Repo, title: str) -> list[str]:
    text = page(repo)
    if f"## {title}\n" not in text:
        return []
    return (
        re.sub(r"\(\[evidence\].*", "…", text.split(f"## {title}\n")[1].split("\n## ")[0])
        .strip()
        .splitlines()
    )


def replace(repo: Repo, path: str, old: str, new: str) -> None:
    data = repo.read(path).decode()
    assert old in data
    repo.write(path, data.replace(old, new, 1))


def evidence(repo: Repo, name: str) -> str:
    (found,) = (repo.root / "docs/archive/session_logs/evidence").glob(f"*/{name}")
    return found.relative_to(repo.root).as_posix()


@pytest.fixture
def left(tmp_path: Path) -> tuple[Repo, Cloud]:
    """A session that started a machine and ended without stopping it."""
    repo, cloud = rented(tmp_path)
    assert repo.repoops("gpu", "start", env=cloud.env).code == 0
    assert repo.repoops("run", "--", "python", "ok.py").code == 0
    said = repo.repoops("session-end", "--no-verify", env=cloud.env)
    assert said.code == 0, said.stderr
    assert re.search(f"^⚠️ {re.escape(PLACE)}: RUNNING .*; {re.escape(COSTS)}$", said.stdout, re.MULTILINE)
    return repo, cloud


def test_a_machine_left_running_is_a_warning_with_the_command_that_stops_it(left: tuple[Repo, Cloud]) -> None:
    repo, _ = left
    warning = f"⚠️ {PLACE}: RUNNING since HH:MM, 0 min, about 0.00 USD, asked at HH:MM; {COSTS}"
    assert section(repo, "GPU machine") == [
        f"- {warning} …",
        f"- HH:MM {PLACE}: RUNNING, started by RepoOps …",
    ]
    assert f"**GPU machine**: {warning}\n" in page(repo)
    assert section(repo, "Immediate action") == ["stop the GPU machine: `repoops gpu stop`"]
    assert "**Status**: ⚠️ partial\n" in page(repo)  # of the kernels, which were not verified
    assert "marks:\n  ⚠️: 1\n  ✅: 1\n" in page(repo)


def test_audit_holds_it_against_the_providers_answer(left: tuple[Repo, Cloud]) -> None:
    repo, _ = left
    said = repo.repoops("audit", "--json", "SESSION_SUMMARY.md")
    assert said.code == 0, said.stdout
    claims = [v["claim"] for v in json.loads(said.stdout)["verdicts"] if v["word"] == "true"]
    assert [c for c in claims if PLACE in c] == [f"gpu-1: {PLACE} was RUNNING", f"gpu-2: {PLACE} was RUNNING"]


def test_a_warning_turned_into_a_tick_is_contradicted(left: tuple[Repo, Cloud]) -> None:
    repo, _ = left
    replace(repo, "SESSION_SUMMARY.md", f"- ⚠️ {PLACE}: RUNNING", f"- ✅ {PLACE}: TERMINATED")
    said = repo.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 1
    assert f"contradicted: - ✅ {PLACE}: TERMINATED" in said.stdout


def test_facts_that_say_other_than_the_kept_answer_are_contradicted(left: tuple[Repo, Cloud]) -> None:
    """Even with their digest made right: the provider's own words are read again."""
    from repoops.files import digest

    repo, _ = left
    facts = evidence(repo, "session.json")
    before = digest(repo.root / facts)
    data = repo.read(facts).decode()
    head, _, tail = data.rpartition('"status": "RUNNING"')
    repo.write(facts, f'{head}"status": "TERMINATED"{tail}')
    replace(repo, "SESSION_SUMMARY.md", before, digest(repo.root / facts))
    said = repo.repoops("audit", "SESSION_SUMMARY.md")
    assert said.code == 1
    assert f"contradicted: gpu-2: {PLACE} was TERMINATED\n    the kept answer of " in said.stdout


def test_an_answer_that_is_lost_supports_nothing(left: tuple[Repo, Cloud]) -> None:
    repo, _ = left
    path = evidence(repo, "gpu-2.txt")
    (repo.root / path).unlink()
    said = repo.repoops("audit", "SESSION_SUMMARY.md")
    assert (said.code, f"unsupported: evidence {path} has digest" in said.stdout) == (1, True)


def test_stop_gpu_stops_it_and_says_so(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path)
    repo.repoops("gpu", "start", env=cloud.env)
    said = repo.repoops("session-end", "--no-verify", "--stop-gpu", env=cloud.env)
    assert (said.code, cloud.read()["status"], cloud.read()["stops"]) == (0, "TERMINATED", 1)
    ended = f"✅ {PLACE}: TERMINATED since HH:MM; it ran 0 min, about 0.00 USD, asked at HH:MM"
    assert section(repo, "GPU machine") == [
        f"- {ended} …",
        f"- HH:MM {PLACE}: RUNNING, started by RepoOps …",
        f"- HH:MM {PLACE}: TERMINATED, stopped by RepoOps …",
    ]
    assert "**GPU machine**" not in page(repo)
    assert re.sub(r"\d\d:\d\d", "HH:MM", said.stdout).splitlines()[0] == ended
    assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0


@pytest.mark.parametrize("fault", ["lost", "network", "half"])
def test_stop_gpu_after_a_lost_answer_stops_exactly_once(tmp_path: Path, fault: str) -> None:
    repo, cloud = rented(tmp_path, status="RUNNING", steps=1, faults=[["stop", fault]])
    assert repo.repoops("session-end", "--no-verify", "--stop-gpu", env=cloud.env).code == 0
    assert (cloud.verbs.count("stop"), cloud.read()["stops"], cloud.read()["status"]) == (1, 1, "TERMINATED")


def test_a_machine_that_does_not_stop_fails_and_the_page_warns(tmp_path: Path) -> None:
    repo, cloud = rented(
        tmp_path, status="RUNNING", started="2025-10-14T05:02:11.416-07:00", faults=[["stop", "permission"]]
    )
    said = repo.repoops("session-end", "--no-verify", "--stop-gpu", env=cloud.env)
    assert said.code == 1
    assert (
        f"repoops session-end: the GPU machine is not stopped: {PLACE}: the account may not do that; gcloud: "
        in said.stderr
    )
    assert section(repo, "GPU machine")[0].startswith(f"- ⚠️ {PLACE}: RUNNING since 2025-10-14 HH:MM, ")
    assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0


def test_a_machine_that_nobody_can_be_asked_about_is_a_warning(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, faults=[["describe", "auth"]])
    assert repo.repoops("session-end", "--no-verify", env=cloud.env).code == 0
    (line,) = section(repo, "GPU machine")
    assert line.startswith(
        f"- ⚠️ {PLACE}: its state is not known: gcloud is not logged in; gcloud: There was a problem"
    )
    assert "; it may be running and cost money: see `repoops gpu status` …" in line
    assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0


def test_a_machine_whose_program_is_missing_is_a_warning(tmp_path: Path) -> None:
    plain = (
        "gpu:\n  provider: command\n  instance: vm\n  status: [no-such-program]\n  start: [x]\n  stop: [x]\n"
    )
    repo, _ = rented(tmp_path, plain)
    assert repo.repoops("session-end", "--no-verify").code == 0
    assert section(repo, "GPU machine")[0].startswith(
        "- ⚠️ vm: its state is not known: no-such-program: is not installed;"
    )
    assert repo.repoops("audit", "SESSION_SUMMARY.md").code == 0


def test_a_session_end_that_is_tried_asks_nothing_and_stops_nothing(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, status="RUNNING")
    assert repo.repoops("session-end", "--no-verify", "--stop-gpu", "--dry-run", env=cloud.env).code == 0
    assert (cloud.verbs, cloud.read()["status"]) == ([], "RUNNING")


def test_without_a_machine_nothing_is_said_of_one(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, config="")
    assert repo.repoops("session-end", "--no-verify", env=cloud.env).code == 0
    assert "GPU machine" not in page(repo)
    assert "gpu" not in json.loads(repo.read(evidence(repo, "session.json")))
    assert cloud.verbs == []
    said = repo.repoops("session-end", "--stop-gpu", "--no-verify")
    assert (said.code, said.stderr.splitlines()[0]) == (
        2,
        "repoops session-end: gpu.provider: no GPU machine is configured",
    )


def test_the_next_session_is_told_of_a_machine_left_running_until_it_is_stopped(
    left: tuple[Repo, Cloud],
) -> None:
    repo, cloud = left
    problem = rf"- GPU machine {re.escape(PLACE)}: RUNNING at \S+ \S+, when it was last asked \[repoops gpu stop\]\n"
    assert re.search("## Open problems\n\n" + problem, repo.repoops("brief").stdout)
    assert repo.repoops("gpu", "stop", env=cloud.env).code == 0
    assert "GPU machine" not in repo.repoops("brief").stdout.partition("## Next")[0]

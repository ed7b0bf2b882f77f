from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.remote.ending import Ending
from repoops.remote.errand import Bounds, Errand, errand_of, job_of, judged
from repoops.report.evidence import Subject
from repoops.report.shards import Shard
from repoops.report.table import ran_where
from repoops.report.verification import NotRun, VerificationReport
from repoops.vcs.side import Carried
from tests.report.reports import written_out

SUBJECT = Subject("a" * 40, "b" * 40, dirty=True, exclude=("SESSION_SUMMARY.md",))
ERRAND = Errand("l4", "shard 2 of 3", SUBJECT, ("-k", "x"), "auto", "L4", Shard(2, 3), whole=True, parts=3)
CARD = {"name": "NVIDIA L4", "driver_version": "550.54.15", "clocks.sm": "210", "clocks.max.sm": "2040", "clocks.mem": "6251"}  # fmt: skip
FACTS = {
    "cards": [CARD], "clocks": {"clocks.sm": [210, 2040], "clocks.max.sm": [2040, 2040], "clocks.mem": [6251, 6251]},
    "refused": None, "status": 0,
}  # fmt: skip
EXITED = Ending("exited", code=0)


def left(folder: Path, report: object = None, facts: object = None) -> Path:
    for name, said in (("report.json", report), ("facts.json", facts)):
        if said is not None:
            (folder / name).write_text(said if isinstance(said, str) else json.dumps(said))
    return folder


def of(subject: Subject | None) -> dict[str, object]:
    return replace(written_out(), subject=subject).to_json()


def test_an_errand_travels_with_its_job() -> None:
    spec = job_of(ERRAND, Carried("c" * 40, None, "sha1"), "python3", Bounds(60.0, 120.0, shutdown=True))
    assert errand_of(spec) == ERRAND
    assert (spec.limit_s, spec.idle_s, spec.shutdown is not None, spec.out) == (60.0, 120.0, True, ("report.json", "facts.json"))  # fmt: skip
    with pytest.raises(RepoOpsError, match="not a job of `repoops verify --on`"):
        errand_of(replace(spec, argv=("make", "test")))


def test_the_report_is_about_the_tree_here_and_says_where_it_comes_from(tmp_path: Path) -> None:
    there = Subject("d" * 40, SUBJECT.tree, dirty=False)
    found = judged(ERRAND, EXITED, left(tmp_path, of(there), FACTS), "")
    assert isinstance(found, VerificationReport)
    assert found.subject == SUBJECT
    facts = dict(found.environment)
    assert [facts[name] for name in ("host", "gpu", "driver", "clocks", "torch")] == [
        "l4", "NVIDIA L4", "550.54.15", "SM 210 to 2040 MHz of 2040, memory 6251 MHz", "2.13.0",
    ]  # fmt: skip
    assert ran_where(found) == "cuda: NVIDIA L4 on l4, driver 550.54.15"
    assert found.results == written_out().results


@pytest.mark.parametrize(
    ("ending", "report", "facts", "why"),
    [
        (Ending("lost"), None, None, "lost: the host has rebooted since; it last said: boom"),
        (Ending("died", oom_kills=1), None, None,
         "died: its supervisor is gone and left no result; the kernel killed for want of memory while it ran; it last said: boom"),
        (Ending("signaled", signal=9, oom_kills=2), of(SUBJECT), FACTS,
         "killed by SIGKILL; the kernel killed for want of memory while it ran; it last said: boom"),
        (Ending("timeout"), of(SUBJECT), FACTS, "stopped at its time limit; it last said: boom"),
        (Ending("cancelled", by="request"), None, FACTS, "cancelled; it last said: boom"),
        (Ending("cancelled", by="deadman"), None, FACTS,
         "stopped by the dead man's switch: nobody had asked; it last said: boom"),
        (Ending("spawn_failed", what="no python3"), None, None, "could not be started: no python3; it last said: boom"),
        (Ending("exited", code=1, missing=("facts.json",)), None, None,
         "exited with 1; not written: facts.json; it last said: boom"),
        (Ending("exited", code=3), None, {**FACTS, "refused": "the wrong GPU: L4 is expected, found Tesla T4"},
         "the wrong GPU: L4 is expected, found Tesla T4"),
        (Ending("exited", code=2, disk_full=True), None, {**FACTS, "status": 2},
         "repoops verify ended with status 2 and left no report; the host's disk is full; it last said: boom"),
        (Ending("exited", code=137, oom_kills=1), None, {**FACTS, "status": -9},
         ("repoops verify killed by signal 9 and left no report; the kernel killed for want of memory while it ran; "
          "it last said: boom")),
        (EXITED, '{"schema": "repoops/verification/1", "sub', FACTS, "repoops verify ended with status 0 and left no report; it last said: boom"),
        (EXITED, {"schema": "x"}, FACTS, "what came back is no report: schema is 'x', not 'repoops/verification/1'"),
        (EXITED, of(None), FACTS, "the tree changed while the suite ran there: the report is about no tree"),
        (EXITED, of(Subject(None, "e" * 40, dirty=False)), FACTS,
         "the report is about another tree: eeeeeeeeeeee, not bbbbbbbbbbbb"),
    ],
)  # fmt: skip
def test_whatever_else_came_of_it_is_named_and_is_no_report(
    tmp_path: Path, ending: Ending, report: object, facts: object, why: str
) -> None:
    assert judged(ERRAND, ending, left(tmp_path, report, facts), "boom") == NotRun(why)

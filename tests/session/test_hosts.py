from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from repoops.config import Config, Session
from repoops.report import store
from repoops.report.verification import Passed
from repoops.vcs.read import open_repository, subject
from tests.report.reports import written_out
from tests.support.repo import Repo


def test_a_report_from_a_gpu_host_names_card_host_and_driver(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit("work", {"kernels/k.cu": "x"})
    whole = written_out()
    facts = (*whole.environment, ("host", "l4"), ("gpu", "NVIDIA L4"), ("driver", "550.54.15"))
    passed = tuple(replace(row, result=Passed()) for row in whole.results if row.ran_on)
    at = open_repository(repo.root)
    about = subject(at, (Session().summary, Config().archive.destination))
    store.save(
        at.state, replace(whole, subject=about, environment=facts, results=passed, not_run=(), pytest_exit=0)
    )
    said = repo.repoops("session-end", "--no-verify")
    assert said.code == 0, said.stderr
    assert (
        "✅ kernel suite, cuda: NVIDIA L4 on l4, driver 550.54.15: 3 passed, 0 failed, 0 not run"
        in said.stdout
    )
    page = (repo.root / "SESSION_SUMMARY.md").read_text()
    assert "cuda: NVIDIA L4 on l4, driver 550.54.15" in page
    audited = repo.repoops("audit", "SESSION_SUMMARY.md")
    assert audited.code == 0, audited.stdout

"""From a specification to times, the whole way, with the CPU in the place of the card and the host clock for the timer."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.bench import protocol, timers
from repoops.errors import RepoOpsError
from repoops.suite import contests
from tests.suite.project import SCALE_CU, SPEC

CASE = "n257-fp32"


def project(folder: Path, *, cu: str = SCALE_CU, more: str = "") -> Path:
    text = SPEC.format(name="scale", width="int32").replace(
        "versions=(",
        'headline=tuple(grid(n=(257,), dtype=("float32",))),\n'
        '    baselines=(Baseline("absent", "no-such-package", None), Baseline("wrong", "torch", lambda case, x: 3 * x)),\n    '
        f"{more}versions=(",
    )
    text = text.replace("import KernelSpec,", "import Baseline, KernelSpec,")
    (folder / "scale.cu").write_text(cu, encoding="utf-8")
    (folder / "spec.py").write_text(text, encoding="utf-8")
    return folder / "spec.py"


def played(spec: Path, samples: int = 20) -> protocol.Process:
    contest = contests.contest("cpu", spec=str(spec), version="plain", case=CASE)
    assert contest.footprint == 2 * 257 * 4
    return protocol.run(contest, timers.HostClock(), samples=samples, seed=3)


def test_a_specification_is_timed_against_its_peer(tmp_path: Path) -> None:
    found = played(project(tmp_path))
    assert {name for name, _ in found.series} == {protocol.CONTROL, "scale plain", "torch (textbook)"}
    assert all(len(series.samples) == 20 for series in found.series.values())
    assert found.lacking["absent"] == "no-such-package is not installed"
    assert found.lacking["wrong"].startswith("wrong before it was timed: deviates by ")
    assert found.where == "host clock, CPU"


def test_a_wrong_kernel_is_not_timed(tmp_path: Path) -> None:
    found = played(project(tmp_path, cu=SCALE_CU.replace("2.0f * x[i]", "2.0f * x[i] + (i == 256)")))
    assert found.series == {}
    assert found.lacking["scale plain"].startswith("wrong before it was timed: deviates by 1 at (256,)")


def test_an_output_that_is_left_alone_is_wrong(tmp_path: Path) -> None:
    found = played(project(tmp_path, cu=SCALE_CU.replace("i < n", "i < n - 1")))
    assert "NaN" in found.lacking["scale plain"]


def test_what_is_not_to_be_written_is_held_to_nothing(tmp_path: Path) -> None:
    cu = SCALE_CU.replace("i < n", "i < n - 1")
    found = played(project(tmp_path, cu=cu, more="writes=lambda case, x: torch.arange(257) < 256,\n    "))
    assert "scale plain" not in found.lacking


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    spec = project(tmp_path)
    with pytest.raises(RepoOpsError, match="scale has no version 'fast'"):
        contests.contest("cpu", spec=str(spec), version="fast", case=CASE)
    with pytest.raises(RepoOpsError, match="scale has no headline case 'n1-fp32'"):
        contests.contest("cpu", spec=str(spec), version="plain", case="n1-fp32")
    with pytest.raises(RepoOpsError, match="there is no such specification"):
        contests.load(tmp_path / "nowhere" / "spec.py")

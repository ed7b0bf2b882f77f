"""The command over a folder of logs: its whole output, and the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.repo import Output, Repo

ONE = "# One\n\n**File**: `a.py` (50 lines)\n\nCommit: `b3bf2ee`\n\n**Duration**: 3 hours\n"
TWO = "# Two\n\n**File**: `a.py` (90 lines)\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "work")
    made.commit(
        "begin",
        {
            "a.py": "x\n" * 50,
            "logs/ONE.md": ONE,
            "logs/deep/TWO.md": TWO,
            "logs/NONE.md": "# None\n",
            "other/b.txt": "b\n",
        },
    )
    return made


def test_a_folder_gives_findings_and_a_table(repo: Repo) -> None:
    at = repo.git("rev-parse", "--short=12", "HEAD").strip()
    assert repo.repoops("audit", "logs") == Output(
        stdout="logs/ONE.md:5: unsupported: commit b3bf2ee\n"
        "    absent: no ref of this clone has such a commit (git log -1 --oneline b3bf2ee)\n"
        "logs/deep/TWO.md:3: false: a.py: 90 lines\n"
        f"    it has 50 (git show {at}:a.py | grep -c '' → 50)\n"
        "                  true  approximate  false  contradicted  unsupported  unverifiable\n"
        "logs/ONE.md          1            -      -             -            1             1\n"
        "logs/deep/TWO.md     -            -      1             -            -             -\n"
        "2 texts              1            -      1             -            1             1\n",
        stderr="",
        code=1,
    )


def test_json_holds_every_verdict_with_its_evidence(repo: Repo) -> None:
    commit = repo.git("rev-parse", "HEAD").strip()
    said = repo.repoops("audit", "--json", "logs/deep")
    assert (said.code, said.stderr) == (1, "")
    assert json.loads(said.stdout) == {
        "schema": "repoops/audit/3",
        "totals": {"true": 0, "approximate": 0, "false": 1, "contradicted": 0, "unsupported": 0, "unverifiable": 0},
        "operation": None,
        "pending": [],
        "verdicts": [
            {
                "file": "logs/deep/TWO.md", "word": "false", "claim": "a.py: 90 lines", "why": "it has 50", "line": 3,
                "command": f"git show {commit[:12]}:a.py | grep -c ''", "kind": "line count", "output": "50", "commit": commit, "found": "",
            }
        ],
    }  # fmt: skip


def test_a_folder_without_texts_is_refused(repo: Repo) -> None:
    assert repo.repoops("audit", "other") == Output(
        stdout="", stderr="repoops audit: other: holds no text that is read for claims\n", code=2
    )

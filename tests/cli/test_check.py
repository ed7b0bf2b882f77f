from __future__ import annotations

import json
from pathlib import Path

import yaml

from repoops.cli.app import COMMANDS
from tests.archive.test_command import LOG
from tests.support.repo import Output, Repo

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


def test_a_clean_repository_passes(repo: Repo) -> None:
    repo.commit(files={"README.md": "# Project\n\n[licence](LICENSE)\n", "LICENSE": "MIT\n"})
    before = repo.picture()
    assert repo.repoops("check") == Output("", "1 document checked, nothing found\n", 0)
    assert repo.picture() == before


def test_each_finding_has_its_place_and_fails_the_check(repo: Repo) -> None:
    repo.commit(
        files={
            "README.md": "# Project\n\nWhat it is for.\n\n## More\n\nSee [guide](docs/gone.md).\n",
            "SESSION_SUMMARY_OCT14.md": LOG,
            "SETUP.md": "# Setup\n",
            "repoops.yaml": "check:\n  root_files: 3\n",
        }
    )
    assert repo.repoops("codemap").code == 0
    assert "codemap" not in repo.repoops("check").stdout
    repo.write("src/new.py", '"""A new module."""\n')
    repo.git("add", "-A")
    found = repo.repoops("check")
    lines = found.stdout.splitlines()
    assert (found.code, found.stderr) == (1, "")
    assert lines[0].startswith("SESSION_SUMMARY_OCT14.md:")
    assert lines[0].endswith("; repoops archive moves it [root_logs]")
    assert lines[1:3] == [
        "5 files in the root, 3 are allowed [root_files]",
        "README.md:7: leads nowhere: docs/gone.md [links]",
    ]
    assert len(lines) > 3
    assert all(line.startswith("CODEMAP.md: ") and line.endswith(" [codemap]") for line in lines[3:])


def test_the_configuration_says_what_is_held(repo: Repo) -> None:
    repo.commit(
        files={
            "README.md": "[x](gone.md)\n",
            "SESSION_SUMMARY_OCT14.md": LOG.replace("SETUP.md", "README.md"),
            "pyproject.toml": "[tool.repoops.check]\nlinks = false\ncodemap = false\nroot_logs = 1\n",
        }
    )
    assert repo.repoops("check").code == 0


def test_json_holds_the_same(repo: Repo) -> None:
    repo.commit(files={"README.md": "a\n\n[x](gone.md)\n"})
    found = repo.repoops("check", "--json")
    assert found.code == 1
    assert json.loads(found.stdout) == {
        "schema": "repoops/check/1",
        "problems": [{"check": "links", "message": "leads nowhere: gone.md", "file": "README.md", "line": 3}],
    }


def test_the_hook_runs_a_command_that_exists() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert hook["entry"].split()[0] == "repoops"
    assert hook["entry"].split()[1] in COMMANDS
    assert (hook["pass_filenames"], hook["language"]) == (False, "python")


def test_it_runs_as_a_hook_does(repo: Repo) -> None:
    repo.commit(files={"README.md": "[x](LICENSE)\n", "LICENSE": ""})
    repo.write("README.md", "[x](gone.md)\n")
    repo.git("add", "README.md")
    env = {
        "GIT_DIR": str(repo.root / ".git"),
        "GIT_INDEX_FILE": str(repo.root / ".git/index"),
        "GIT_PREFIX": "",
    }
    assert repo.repoops("check", env=env).stdout == "README.md:1: leads nowhere: gone.md [links]\n"


def test_claims_on_new_lines_must_be_true_or_supported(repo: Repo) -> None:
    repo.commit(
        files={
            "README.md": "# Project\n\nWhat it is for, `a.py` (9 lines).\n",
            "a.py": "x = 1\n" * 30,
            "kernels/softmax/online.cu": "// none\n",
            "NOTES.md": "# Notes\n\nNotes on `a.py` (7 lines), which are long and were there already.\n",
            "pyproject.toml": "[tool.repoops.check]\ncodemap = false\n",
        }
    )
    repo.git("checkout", "-q", "-b", "work")
    base = repo.git("rev-parse", "HEAD")[:10]
    told = f"claims that are new since {base}\n"
    assert repo.repoops("check", "--claims") == Output("", told + "2 documents checked, nothing found\n", 0)
    repo.git("mv", "NOTES.md", "docs.md")
    repo.commit(
        "softmax: online takes 12 us",
        {"README.md": repo.read("README.md") + b"\n- `a.py` (12 lines)\n- `a.py` (30 lines)\n"},
    )
    commit = repo.git("rev-parse", "--short=12", "HEAD").strip()
    assert repo.repoops("check", "--claims") == Output(
        stdout=f"README.md:5: false: a.py: 12 lines: it has 30 (git show {commit}:a.py | grep -c '') [claims]\n"
        f"{commit}:1: unsupported: softmax: online takes 12 us: 12 us: no stored report has a GPU time of softmax"
        " (none is stored) (repoops verify -k softmax) [claims]\n",
        stderr=told,
        code=1,
    )
    assert repo.repoops("check", "--claims", "--since", "HEAD").code == 0
    repo.repoops("run", "--", "true")
    repo.repoops("session-end", "--no-verify")
    repo.commit("the session")
    assert repo.repoops("check", "--claims", "--since", "HEAD~1").code == 0
    summary = repo.read("SESSION_SUMMARY.md").decode()
    repo.write(
        "SESSION_SUMMARY.md", summary.replace("✅ `true`: exit 0", "✅ `true`: exit 0, all 999 passed")
    )
    repo.commit("a better session")
    said = repo.repoops("check", "--claims", "--since", "HEAD~1")
    assert said.code == 1
    assert "contradicted: - ✅ `true`: exit 0, all 999 passed" in said.stdout
    assert repo.repoops("check", "--claims", "--since", "nowhere") == Output(
        stdout="",
        stderr="repoops check: nowhere: no such revision\n"
        "  name the branch that this one is to be merged into: --since REV\n",
        code=2,
    )

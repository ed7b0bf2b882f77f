from __future__ import annotations

import pytest
import yaml

from repoops.errors import RepoOpsError
from repoops.rules.cursor import faults
from repoops.rules.parts import put
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def test_rules_are_written_once_and_undone(repo: Repo) -> None:
    repo.commit(files={"k.cu": "__global__ void f() {}\n"})
    before = repo.picture()
    assert repo.repoops("rules").code == 0
    names = sorted(p.name for p in (repo.root / ".cursor/rules").iterdir())
    assert names == ["repoops-kernels.mdc", "repoops-sessions.mdc"]
    matter = yaml.safe_load(repo.read(".cursor/rules/repoops-sessions.mdc").decode().split("---\n")[1])
    assert matter == {
        "description": "How work is logged, filed and cleaned up here",
        "globs": None,
        "alwaysApply": True,
    }
    assert list(faults(open_repository(repo.root))) == []
    assert repo.repoops("rules").stdout == "rules: up to date\n"
    assert repo.repoops("rules", "--check").code == 0
    assert repo.repoops("undo").code == 0
    assert repo.picture() == before


def test_a_repository_without_cuda_gets_no_kernel_rule(repo: Repo) -> None:
    repo.commit(files={"a.py": ""})
    repo.repoops("rules")
    assert [p.name for p in (repo.root / ".cursor/rules").iterdir()] == ["repoops-sessions.mdc"]


def test_what_people_wrote_is_kept(repo: Repo) -> None:
    repo.commit(files={".cursorignore": "secret/\n"})
    repo.repoops("rules")
    path = ".cursor/rules/repoops-sessions.mdc"
    edited = repo.read(path).decode().replace("alwaysApply: true", "alwaysApply: false") + "\nMine.\n"
    repo.write(path, edited.replace("# Sessions and evidence", "# stale"))
    assert repo.repoops("rules", "--check").code == 1
    assert repo.repoops("rules").code == 0
    assert repo.read(path).decode() == edited
    assert repo.read(".cursorignore").startswith(b"secret/\n\n# repoops: begin")


def test_tracked_files_that_are_hidden_from_agents_are_named(repo: Repo) -> None:
    repo.commit(files={"requirements.txt": "torch\n", ".cursorignore": "**/*.txt\n"})
    said = repo.repoops("rules", "--check")
    assert said.code == 1
    assert ".cursorignore hides the tracked file requirements.txt\n" in said.stdout


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.md", "x", "a.md:1: is read differently by different versions of Cursor: name it .mdc"),
        ("a.mdc", "no matter\n", "a.mdc:1: has no front matter: it should begin with ---"),
        (
            "a.mdc",
            "---\ndescription: x\nalwaysApply: 'yes'\n---\n",
            "a.mdc:3: alwaysApply must be true or false, not 'yes'",
        ),
        ("a.mdc", "---\ndescription: 3\n---\n", "a.mdc:2: description must be a string, not 3"),
        (
            "a.mdc",
            "---\nglobs:\n---\n",
            "a.mdc:2: sets none of description, globs, alwaysApply: it applies only when named by hand",
        ),
        ("a.mdc", "---\ndescription: x\nglob: '*'\n---\n", "a.mdc:3: unknown key 'glob': Cursor ignores it"),
        ("a.mdc", "---\ndescription: [x\n---\n", "a.mdc:3: front matter is no YAML"),
        ("a.mdc", "---\ndescription: x\n---\n" + "y\n" * 600, "a.mdc:500: has 604 lines"),
    ],
)
def test_what_cursor_passes_over_in_silence_is_said(repo: Repo, name: str, text: str, fault: str) -> None:
    repo.write(f".cursor/rules/{name}", text)
    found = [str(f) for f in faults(open_repository(repo.root))]
    assert any(line.startswith(f".cursor/rules/{fault}") for line in found), found
    assert repo.repoops("rules", "--check").code == 1


def test_unquoted_globs_are_fine_as_cursor_reads_them(repo: Repo) -> None:
    repo.write(".cursor/rules/a.mdc", "---\nglobs: *.py,**/*.cu\n---\n")
    assert list(faults(open_repository(repo.root))) == []


@pytest.mark.parametrize("text", ["B\n", "E\nB\n", "B\nB\nE\n", "x\nE\n"])
def test_damaged_markers_are_refused(text: str) -> None:
    with pytest.raises(RepoOpsError, match="markers of the generated part are damaged"):
        put(text, "p\n", "B", "E", "f")


def test_the_generated_part_alone_is_replaced() -> None:
    assert put("", "p\n", "B", "E", "f") == "B\np\nE\n"
    assert put("mine", "p\n", "B", "E", "f") == "mine\n\nB\np\nE\n"
    assert put("a\nB\nold\nE\nz", "p\nq\n", "B", "E", "f") == "a\nB\np\nq\nE\nz"

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.config import Archive, Config, load
from repoops.errors import RepoOpsError


def refusal(root: Path) -> str:
    with pytest.raises(RepoOpsError) as caught:
        load(root)
    return str(caught.value)


def test_there_are_defaults_without_a_file(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()


def test_yaml_and_toml_say_the_same(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a/repoops.yaml").write_text(
        "archive:\n  folders: [., notes]\n  keep: [PLAN.md]\nclean-slate:\n  onto: origin/main\n"
    )
    (tmp_path / "b/pyproject.toml").write_text(
        '[tool.repoops.archive]\nfolders = [".", "notes"]\nkeep = ["PLAN.md"]\n[tool.repoops.clean-slate]\nonto = "origin/main"\n'
    )
    assert load(tmp_path / "a") == load(tmp_path / "b")
    assert load(tmp_path / "a").archive == Archive(folders=(".", "notes"), keep=("PLAN.md",))


def test_an_empty_yaml_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "repoops.yaml").write_text("# nothing yet\n")
    assert load(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("archive:\n  keeep: [a]\n", "repoops.yaml:2: ", "unknown key 'archive.keeep'"),
        (
            "archive:\n  keep: PLAN.md\n",
            "repoops.yaml:2: ",
            "archive.keep must be a list of strings, not 'PLAN.md'",
        ),
        ("check:\n\n  root_logs: true\n", "repoops.yaml:3: ", "check.root_logs must be int, not True"),
        (
            "check:\n  root_files: many\n",
            "repoops.yaml:2: ",
            "check.root_files must be int or None, not 'many'",
        ),
        ("archive: []\n", "repoops.yaml:1: ", "archive must be a table of keys, not []"),
        ("- a\n", "repoops.yaml: ", "the configuration must be a table of keys, not ['a']"),
        ("archive:\n  keep: [a\n", "repoops.yaml:3", "not YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, where: str, what: str) -> None:
    (tmp_path / "repoops.yaml").write_text(text)
    said = refusal(tmp_path)
    assert said.startswith(where)
    assert what in said


def test_a_fault_in_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.repoops.session]\nsumary = "S.md"\n'
    )
    assert refusal(tmp_path) == "pyproject.toml:5: unknown key 'session.sumary'\n  known here: summary"


def test_a_path_may_not_leave_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repoops.yaml").write_text("archive:\n  destination: ../elsewhere\n")
    assert refusal(tmp_path) == (
        "repoops.yaml:2: archive.destination must stay inside the repository, not '../elsewhere'\n"
        "  give a path from its root, with / between its parts"
    )

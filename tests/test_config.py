from __future__ import annotations

from pathlib import Path

import pytest

from repoops.config import Archive, Config, RemoteHost, load
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
        (
            "gpu:\n  stop: [vm, false]\n",
            "repoops.yaml:2: ",
            "gpu.stop must be a list of strings, not ['vm', False]\n  true, no and 5 are no words in YAML: put them in quotes",
        ),
        ("archive: []\n", "repoops.yaml:1: ", "archive must be a table of keys, not []"),
        ("- a\n", "repoops.yaml: ", "the configuration must be a table of keys, not ['a']"),
        ("archive:\n  keep: [a\n", "repoops.yaml:3", "not YAML"),
        ("hosts:\n  l4:\n    gpus: L4\n", "repoops.yaml:3: ", "unknown key 'hosts.l4.gpus'"),
        (
            "hosts:\n  l4:\n    idle: 0\n",
            "repoops.yaml:2: ",
            "hosts.l4: idle must be 1 minute or more, not 0",
        ),
        (
            "hosts:\n  l4:\n    limit: soon\n",
            "repoops.yaml:3: ",
            "hosts.l4.limit must be int or None, not 'soon'",
        ),
        ("hosts:\n  l4:\n    shutdown: true\n", "repoops.yaml:2: ", "hosts.l4: shutdown needs idle, "),
        (
            "hosts:\n  l4:\n    python: venv/bin/python\n",
            "repoops.yaml:2: ",
            "hosts.l4: python must be a name on PATH or an absolute path, not 'venv/bin/python'",
        ),
        (
            "hosts:\n  l4:\n    slurm: []\n    sky: []\n",
            "repoops.yaml:2: ",
            "hosts.l4: slurm and sky: one of them runs it",
        ),
        ("hosts:\n  a,b: {}\n", "repoops.yaml:2: ", "hosts: 'a,b' is no name"),
        ("hosts: [l4]\n", "repoops.yaml:1: ", "hosts must be a table of names, not ['l4']"),
        ("hosts:\n  l4: true\n", "repoops.yaml:2: ", "hosts.l4 must be a table of keys, not True"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, where: str, what: str) -> None:
    (tmp_path / "repoops.yaml").write_text(text)
    said = refusal(tmp_path)
    assert said.startswith(where)
    assert what in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfea: 1\n", "repoops.yaml: cannot be read: not UTF-8"),
        (b"a: " + b"[" * 5000, "repoops.yaml: cannot be read: nested too deeply"),
        (b"archive: &a\n  keep: *a\n", "repoops.yaml:2: archive.keep must be a list of strings, not {'keep': {...}}"),
    ],
)  # fmt: skip
def test_what_no_yaml_should_hold_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "repoops.yaml").write_bytes(content)
    assert refusal(tmp_path) == said


def test_a_fault_in_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.repoops.session]\nsumary = "S.md"\n'
    )
    assert refusal(tmp_path) == "pyproject.toml:5: unknown key 'session.sumary'\n  known here: summary"


def test_hosts_are_named(tmp_path: Path) -> None:
    (tmp_path / "repoops.yaml").write_text(
        "hosts:\n  l4: {ssh: me@10.0.0.5, options: [-p, '2222'], gpu: L4, idle: 30, shutdown: true}\n  plain:\n"
    )
    assert load(tmp_path).hosts == {
        "l4": RemoteHost(ssh="me@10.0.0.5", options=("-p", "2222"), gpu="L4", idle=30, shutdown=True),
        "plain": RemoteHost(),
    }
    (tmp_path / "repoops.yaml").unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.repoops.hosts.l4]\ngpu = "L4"\nfolders = "x"\n')
    assert refusal(tmp_path).startswith("pyproject.toml:3: unknown key 'hosts.l4.folders'\n")


def test_a_path_may_not_leave_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repoops.yaml").write_text("archive:\n  destination: ../elsewhere\n")
    assert refusal(tmp_path) == (
        "repoops.yaml:2: archive.destination must stay inside the repository, not '../elsewhere'\n"
        "  give a path from its root, with / between its parts"
    )

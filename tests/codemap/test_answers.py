"""An answer that is said again is the one that would be made afresh, whatever happened in between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from repoops.codemap.answers import _read
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Output, Repo


def place(repo: Repo) -> Path:
    return open_repository(repo.root).state / "codemap" / "answers"


def forged(repo: Repo) -> None:
    """Changes what is kept, so that an answer which is said again shows."""
    kept, rows = _read(str(place(repo)))
    pieces = [b"%d\n" % len(kept), kept]
    for asked, (_, code) in rows.items():
        pieces.append(b"%d 5 %d\n%bkept\n" % (len(asked), code, asked))
    place(repo).write_bytes(b"".join(pieces))


def afresh(repo: Repo, *args: str) -> Output:
    place(repo).unlink(missing_ok=True)
    return repo.repoops("codemap", *args)


@pytest.mark.parametrize(
    "args", [("--check",), (), ("--dry-run",), ("--format", "md"), ("--check", "--json"), ("--tokens", "600")]
)
def test_an_answer_is_said_again_while_nothing_changes(repo: Repo, args: tuple[str, ...]) -> None:
    cuda_repo.make(repo)
    repo.commit()
    repo.repoops("codemap", *(args if args[:1] == ("--tokens",) else ()))
    first = repo.repoops("codemap", *args)
    assert repo.repoops("codemap", *args) == first
    forged(repo)
    assert repo.repoops("codemap", *args) == Output("kept\n", "", first.code)
    assert (
        repo.repoops("codemap", *args, cwd=repo.root / "src") == first
    )  # asked elsewhere, it was never answered


def test_what_was_written_is_not_said_again(repo: Repo) -> None:
    cuda_repo.make(repo)
    assert "is written" in repo.repoops("codemap").stdout
    assert not place(repo).exists()
    assert repo.repoops("codemap", "src").code == 0
    assert repo.repoops("codemap", "--format", "json").code == 0
    assert not place(repo).exists()


CHANGES = ("edit", "stage", "commit", "untracked", "ignored config", "remove", "mode", "amend", "agents")


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_ends_what_was_kept(repo: Repo, change: str) -> None:
    repo.write(".gitignore", "repoops.yaml\n")
    cuda_repo.make(repo)
    repo.repoops("codemap")
    repo.commit()
    repo.repoops("codemap", "--check")
    forged(repo)
    assert repo.repoops("codemap", "--check").stdout == "kept\n"
    {
        "edit": lambda: repo.write("src/a.cu", "__global__ void other() {}\n"),
        "stage": lambda: repo.write("src/new.cu", "") and repo.git("add", "-A"),
        "commit": lambda: repo.commit("c"),
        "untracked": lambda: repo.write("new.py", "def f(): ...\n"),
        "ignored config": lambda: repo.write("repoops.yaml", "codemap:\n  exclude: [bench]\n"),
        "remove": (repo.root / "gen.py").unlink,
        "mode": lambda: (repo.root / "gen.py").chmod(0o755),
        "amend": lambda: repo.git("commit", "-q", "--amend", "-m", "other words"),
        "agents": lambda: repo.write(
            "AGENTS.md", "<!-- repoops:begin codemap -->\n<!-- repoops:end codemap -->\n"
        ),
    }[change]()
    assert repo.repoops("codemap", "--check").stdout != "kept\n"


@pytest.mark.parametrize("seed", range(2))
def test_over_random_changes_no_answer_is_wrong(repo: Repo, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded on purpose
    cuda_repo.make(repo)
    repo.repoops("codemap")
    repo.commit()
    paths = sorted(path for path in cuda_repo.FILES if path.startswith(("src/", "fast/")))
    for _ in range(6):
        path = rng.choice(paths)
        text = rng.choice(
            (cuda_repo.FILES[path], cuda_repo.FILES[path] + "\nint x() { return 1; }\n", "def f(): ...\n")
        )
        repo.write(path, text)
        said = repo.repoops("codemap", "--check")
        assert said == repo.repoops("codemap", "--check") == afresh(repo, "--check")


def test_an_interrupted_operation_and_a_damaged_file_are_no_answer(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    first = repo.repoops("codemap", "--check")
    state = open_repository(repo.root).state
    whole = place(repo).read_bytes()
    for damage in (b"", b"[]", b"\xff\n", whole[:9], whole[:-9], whole + b"1 2\n", b"9" * 99):
        place(repo).write_bytes(damage)
        assert repo.repoops("codemap", "--check") == first
    forged(repo)
    (state / "ops" / "x").mkdir()
    (state / "ops" / "x" / "journal").write_bytes(b"")
    assert "kept" not in repo.repoops("codemap", "--check").stdout


def test_typer_is_not_loaded_for_an_answer_that_is_said_again(repo: Repo) -> None:
    import subprocess
    import sys

    cuda_repo.make(repo)
    repo.repoops("codemap")
    repo.repoops("codemap", "--check")
    look = "import sys; sys.argv[1:] = ['codemap', '--check']; from repoops.cli.app import main; c = main(); print(c, sorted({'typer', 'yaml', 'json', 'subprocess', 'dataclasses', 'repoops.codemap.facts'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=repo.root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 []\n"

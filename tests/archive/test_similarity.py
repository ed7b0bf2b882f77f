from __future__ import annotations

import pytest

from repoops.archive.similarity import similarity
from tests.support.repo import Repo

LINES = "".join(f"line {number} is here\n" for number in range(40))
LONG = "word " * 200 + "\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINES, LINES.replace("line 1", "LINE 1")),
        (LINES, LINES[: len(LINES) // 2] + "x\n"),
        (LINES, LINES + LINES.replace("line", "other")),
        (LINES.replace("\n", "\r\n"), LINES),
        (LINES, LINES[:-1]),
        (LONG, LONG.replace("word word", "term term", 1)),
        ("a\n" * 30, "a\n" * 20 + "b\n" * 10),
        (LINES, "something else altogether\n" * 30),
        ("é\x00\n" + LINES, LINES.replace("\n", "\r\n")),
    ],
)
def test_it_is_gits_own_measure(repo: Repo, old: str, new: str) -> None:
    repo.commit(files={"old": old})
    (repo.root / "old").unlink()
    repo.commit(files={"new": new})
    shown = repo.git("diff", "-M1%", "--name-status", "HEAD~", "HEAD").split("\t")[0].strip()
    score = int(shown[1:]) / 100 if shown.startswith("R") else 0.0
    ours = similarity(old.encode(), new.encode())
    if ours == 0.0:
        assert score < 0.5  # below half of the size it is not counted at all
    else:
        assert abs(ours - score) < 0.011


def test_equal_files_are_wholly_alike() -> None:
    assert similarity(b"", b"") == similarity(b"a", b"a") == 1.0
    assert similarity(b"", b"a") == 0.0

from __future__ import annotations

from repoops.vcs.history import FileHistory, file_histories
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def test_each_file_of_a_folder_has_its_dates(repo: Repo) -> None:
    one, two, three = (f"2025-10-{day:02}T12:00:00+02:00" for day in (1, 2, 3))
    repo.commit(files={"a.md": "1", "é x.md": "1", "docs/b.md": "1", "docs/[x]/c.md": "1"}, date=one)
    repo.git("switch", "-qc", "side")
    repo.commit(files={"a.md": "2"}, date=two)
    repo.git("switch", "-q", "main")
    repo.commit(files={"docs/b.md": "2", "gone": "x"}, date=two)
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    repo.git("rm", "-q", "gone")
    repo.git("mv", "é x.md", "new\nline.md")
    repo.commit(date=three)
    repo.write("loose.md", "x")
    at = open_repository(repo.root)
    assert file_histories(at) == {
        "a.md": FileHistory(2, one, two),
        "é x.md": FileHistory(2, one, three),
        "new\nline.md": FileHistory(1, three, three),
        "gone": FileHistory(2, two, three),
    }
    assert file_histories(at, ["docs", "docs/[x]"]) == {
        "docs/b.md": FileHistory(2, one, two),
        "docs/[x]/c.md": FileHistory(1, one, one),
    }


def test_there_is_no_history_before_the_first_commit(repo: Repo) -> None:
    assert file_histories(open_repository(repo.root)) == {}

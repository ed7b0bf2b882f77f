"""Each kind of claim in a log, true, near, false, and left alone, held against a real repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from repoops.claims.log import verdicts
from repoops.report.verdict import Verdict
from repoops.vcs.past import Past
from repoops.vcs.read import open_repository
from tests.support.repo import Repo

MAKEFILE = "test:\n\tpytest\n\nlint check: test\n\truff check\n"
TESTS = "def test_a() -> None: ...\n\n\nclass TestX:\n    def test_b(self) -> None: ...\n\n    def test_c(self) -> None: ...\n"
CASES = "import pytest\n\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_n(n: int) -> None: ...\n"
BASE = '{"statistics": {"median_ms": 0.3226, "mean_ms": 0.34}, "samples": [1, 2, 3]}\n'
COVERAGE = '{"files": {"src/app.py": {"summary": {"percent_covered": 79.58}}}}\n'


def lines(n: int) -> str:
    return "".join(f"line {k}\n" for k in range(n))


def history(root: Path) -> Repo:
    """Six commits on main in an afternoon, one on a branch of its own, one that a merge brought in."""
    repo = Repo.create(root)
    at = "2025-10-14T{}:00-0300".format
    repo.commit(
        "begin",
        {
            "Makefile": MAKEFILE, "src/app.py": lines(200), "src/old.py": "x = 1\n", "src/gone.py": "y = 1\n",
            "README.md": "# Project\n", "docs/a.md": "a\n", "docs/b.md": "b\n", "docs/deep/c.md": "c\n", ".gitignore": "scratch/\n",
            "data/base.json": BASE, "coverage.json": COVERAGE, "tests/test_x.py": TESTS, "tests/test_cases.py": CASES,
            "spaced.py": "a = 1\n\n" * 60, **{f"LOG_{n}.md": f"log {n}\n" for n in range(20)},
        },
        date=at("09:00"),
    )  # fmt: skip
    repo.git("checkout", "-q", "-b", "feature/side")
    repo.commit("side: a kernel", {"src/side.cu": lines(40)}, date=at("09:10"))
    repo.git("checkout", "-q", "main")
    repo.commit("app: shorter", {"src/app.py": lines(150)}, date=at("13:10"))
    repo.git("rm", "-q", "src/gone.py")
    repo.git("mv", "src/old.py", "src/new.py")
    repo.commit("src: move one, drop one", date=at("13:40"))
    for n in range(20):
        repo.write(f"docs/archive/LOG_{n}.md", f"log {n}\n")
        (repo.root / f"LOG_{n}.md").unlink()
    repo.commit("archive: the logs", date=at("14:00"))
    return repo


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return history(tmp_path_factory.mktemp("kinds") / "work")


def audited(
    repo: Repo, page: str, at: str = "LOG.md", date: str = "2025-10-14T14:20:00-0300"
) -> list[Verdict]:
    """The verdicts on a page that is committed at the head of a throw-away branch."""
    repo.git("checkout", "-q", "-B", "throw-away", "main")
    repo.commit("log", {at: page}, date=date)
    with Past(open_repository(repo.root)) as past:
        found = list(verdicts(past, at, repo.read(at)))
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "throw-away")
    return found


def ids(repo: Repo) -> dict[str, str]:
    out = repo.git("log", "--all", "--format=%s%x00%h")
    return dict(line.split("\0") for line in out.splitlines())


# Sentence → kind, word and what was found; None: nothing may be said of it.
CLAIMS: list[tuple[str, tuple[str, str, str] | None]] = [
    ("`src/app.py` (150 lines)", ("line count", "true", "it has 150")),
    ("**src/app.py** (150 lines)", ("line count", "true", "it has 150")),
    ("Created `src/app.py` (140+ lines)", ("line count", "true", "it has 150")),
    ("`app.py`: 160 lines", ("line count", "approximate", "it has 150, within 10 %")),
    ("`src/app.py` (200 lines)", ("line count", "true", "it has 200 at commit {begin}")),
    ("`src/app.py` (400+ lines)", ("line count", "false", "it has 150")),
    ("`src/app.py` (90 lines)", ("line count", "false", "it has 150")),
    ("`spaced.py` (60 lines)", ("line count", "approximate", "it has 120, of which 60 are not blank")),
    ("`src/side.cu` (40 lines)", ("line count", "true", "it has 40 at commit {side: a kernel}")),
    ("`src/absent.py` (40 lines)", ("line count", "unsupported", "no commit of any ref has a file of that name")),
    ("Modified `src/app.py` (90 lines)", None),
    ("Added a flag to `src/app.py` (90 lines)", None),
    ("`src/app.py` should have 90 lines", None),
    ("`src/app.py` (90 lines) is planned next", None),
    ("`src/app.py` (27/90 lines)", None),
    ("`src/app.py` (line 90-95)", None),
    ("> `src/app.py` (90 lines)", None),
    ("- [ ] `src/app.py` (90 lines)", None),
    ("~~`src/app.py` (90 lines)~~", None),
    ("It said `src/app.py` (90 lines)", None),
    ("- 2 files in `docs/`", ("file count", "true", "there are 2")),
    ("- 23 files in docs/", ("file count", "true", "there are 23")),
    ("- 25 MD files in docs/", ("file count", "approximate", "there are 23, within 10 %")),
    ("- 90 files in docs/", ("file count", "false", "there are 2")),
    ("Root MD files: 1", ("file count", "true", "there are 1 at {archive: the logs}")),
    ("Root MD files: 5", ("file count", "false", "there are 2")),
    ("20 MD files archived", ("file count", "true", "commit {archive: the logs} moved 20 into an archive")),
    ("90+ MD files archived", ("file count", "false", "commit {archive: the logs} moved 20 into an archive, where 20 lie")),
    ("90 new files in docs/", None),
    ("90 files in nowhere/", None),
    ("will leave 90 files in docs/", None),
    ("Created `src/new.py`", ("path", "true", "it is there as src/new.py")),
    ("`side.cu` created", ("path", "true", "commit {side: a kernel} has it")),
    ("Created `src/absent.py`", ("path", "unsupported", "no commit of any ref has a file of that name")),
    ("Created `scratch/out.py`", ("path", "unverifiable", "such files are seldom committed, or ignored by git")),
    ("Deleted `src/gone.py`", ("path", "true", "it was there, and is gone")),
    ("Deleted `src/app.py`", ("path", "false", "it is still there")),
    ("Removed `src/app.py` from the list", None),
    ("`src/app.py` - Removed a directive", None),
    ("Moved `src/old.py` → `src/new.py`", ("path", "true", "it lies there, and no longer where it was")),
    ("Moved `src/app.py` → `lib/app.py`", ("path", "false", "it lies where it was")),
    ("Create `src/absent.py`", None),
    ("`src/absent.py` was not created", None),
    ("Created `https://example.invalid/a.py`", None),
    ("Created `/tmp/absent.py`", None),
    ("Commit: `{app: shorter}`", ("commit", "true", "on this branch")),
    ("Commit {side: a kernel} has the kernel", ("commit", "true", "on refs/heads/feature/side")),
    ("Commit: `b3bf2ee`", ("commit", "unsupported", "absent: no ref of this clone has such a commit")),
    ("The image digest is `b3bf2ee`", None),
    ("Commit `abc1234`", None),
    ("`b3bf2ee` is a word", None),
    ("Branch: `feature/side`", ("branch or HEAD", "unverifiable", "refs/heads/feature/side exists, and lacks the statement's commit (squashed, or rebased)")),
    ("Branch: throw-away", ("branch or HEAD", "true", "refs/heads/throw-away has the statement's commit")),
    ("Branch: `never/was`", ("branch or HEAD", "unverifiable", "no ref of that name is left")),
    ("Branch Status: 3 ahead", None),
    ("`{app: shorter}`: 1 file changed, 50 deletions", ("diff statistics", "true", "1 files changed, 0 insertions(+), 50 deletions(-)")),
    ("`{side: a kernel}` +38/-0", ("diff statistics", "approximate", "1 files changed, 40 insertions(+), 0 deletions(-), within 10 %")),
    ("`{side: a kernel}` +300/-2", ("diff statistics", "false", "1 files changed, 40 insertions(+), 0 deletions(-)")),
    ("23 files changed, 51 deletions", ("diff statistics", "true", "from {begin} to {archive: the logs}")),
    ("7 files changed, 1,234 insertions", None),
    ("A score of +300/-2", None),
    ("Commits: 4 pushed", ("commit count", "true", "so many without a gap of two hours, up to the statement")),
    ("15 commits pushed today", ("commit count", "false", "all refs have 6 within three days of it")),
    ("Total commits: 212", ("commit count", "false", "all refs have 6")),
    ("Commits: 2 (`{app: shorter}`, `{archive: the logs}`)", ("commit count", "true", "so many are named")),
    ("Commits: 9 (`{begin}` → `{archive: the logs}`)", ("commit count", "false", "4 from the first to the last, both counted")),
    ("The bot reads 15 commits", None),
    ("3 tests in `tests/test_x.py`", ("test count", "true", "it has 3 test functions")),
    ("`test_x.py` (3 tests)", ("test count", "true", "it has 3 test functions")),
    ("**`tests/test_x.py`** (7 lines, 3 tests)", ("test count", "true", "it has 3 test functions")),
    ("`tests/test_x.py`: 3 tests, 7 lines", ("line count", "true", "it has 7")),
    ("12 tests in `tests/test_x.py`", ("test count", "false", "it has 3 test functions")),
    ("12 tests in `tests/test_cases.py`", ("test count", "unverifiable", "it has 1 test function, some of them parametrized or inherited")),
    ("Added 12 tests in `tests/test_x.py`", None),
    ("`data/base.json` (0.3226 ms)", ("figure in data", "true", "data/base.json holds it as statistics.median_ms")),
    ("`data/base.json`: median 0.512 ms", ("figure in data", "contradicted", "data/base.json has 0.3226 as statistics.median_ms")),
    ("`data/base.json` is read in 0.512 ms", None),
    ("`src/app.py`: 79.6% coverage", ("figure in data", "true", "coverage.json has 79.58 for src/app.py")),
    ("`src/app.py`: 3 tests, 150 lines, 79.6% coverage", ("figure in data", "true", "coverage.json has 79.58 for src/app.py")),
    ("`src/app.py`: 79.1% coverage", ("figure in data", "approximate", "coverage.json has 79.58, within a point")),
    ("`src/app.py`: 95.0% coverage", ("figure in data", "contradicted", "coverage.json has 79.58")),
    ("`src/other.py`: 95.0% coverage", None),
    ("**Date**: October 14, 2025", ("time", "true", "committed that day")),
    ("**Session end**: 2025-10-14 17:10 UTC", ("time", "true", "committed within half an hour of it")),
    ("**Last Updated**: Oct 14, 2025 1:00 PM BRT", ("time", "approximate", "committed 1 h 20 min later, within two hours")),
    ("**Session end**: October 14, 2025, 2:10 PM PDT", ("time", "false", "3 h 50 min after it was committed; the clock fits -0300, not the zone that is named")),
    ("**Date**: October 14, 2026", ("time", "false", "that day began after it was committed, 2025-10-14 14:20 -0300")),
    ("**Date**: October 1, 2025", ("time", "unverifiable", "committed 13 days later")),
    ("**Target date**: October 14, 2026", None),
    ("**Date**: October 14 - November 2, 2026", None),
    ("**Duration**: ~70 minutes", ("duration", "approximate", "commits without a gap of two hours, up to the statement, span 1 h 10 min, within 20 %")),
    ("**Duration**: ~4 hours", ("duration", "unverifiable", "commits without a gap of two hours, up to the statement, span 1 h 10 min")),
    ("**Duration**: 4-5 hours", None),
    ("Run `make test` to see", ("command", "true", "Makefile has that target")),
    ("`make check` runs it", ("command", "true", "Makefile has that target")),
    ("`make deploy` runs it", ("command", "false", "no makefile has or had that target")),
    ("We will add `make deploy`", None),
    ("`python src/new.py --fast` starts it", ("command", "true", "it is there as src/new.py")),
    ("`bash src/absent.sh` starts it", ("command", "unsupported", "no commit of any ref has a file of that name")),
    ("`python your_script.py` starts it", None),
    ("`new.py`: 2 LOC", ("line count", "false", "it has 1")),
    ("`spaced.py`: 63 LOC", ("line count", "approximate", "it has 120, of which 60 are not blank")),
    ("`spaced.py` (63 lines)", ("line count", "false", "it has 120")),
    ("The median is 0.3226 ms", ("figure in data", "true", "data/base.json holds it as statistics.median_ms")),
    ("The median is 0.3999 ms", None),
]  # fmt: skip


def test_every_kind_says_what_git_says_and_nothing_where_it_knows_nothing(repo: Repo) -> None:
    names = ids(repo)

    def filled(words: str) -> str:
        for subject, id_ in names.items():
            words = words.replace("{" + subject + "}", id_)
        return words

    def full(words: str) -> str:
        for subject, id_ in names.items():
            words = words.replace("{" + subject + "}", repo.git("rev-parse", "--short=12", id_).strip())
        return words

    page = "# Log\n\n" + "\n\n".join(filled(sentence) for sentence, _ in CLAIMS) + "\n"
    found: dict[int, list[tuple[str, str, str]]] = {}
    for v in audited(repo, page):
        found.setdefault(v.line, []).append((v.kind, v.word, v.why))
    told = {}
    for number, (sentence, expected) in enumerate(CLAIMS):
        here = found.pop(3 + 2 * number, [])
        kinds = {expected[0]} if expected else {kind for kind, _, _ in here}
        told[sentence] = [row for row in here if row[0] in kinds]
    assert told == {
        sentence: [] if expected is None else [(expected[0], expected[1], full(expected[2]))]
        for sentence, expected in CLAIMS
    }
    assert found == {}


def test_a_statement_is_held_against_the_tree_of_the_commit_that_last_touched_it(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    first = repo.commit("one", {"a.py": lines(50), "LOG.md": "`a.py` (50 lines)\n\n`a.py` (80 lines)\n"})
    second = repo.commit("two", {"a.py": lines(80), "LOG.md": "`a.py` (50 lines)\n\n`a.py`: 80 lines\n"})
    repo.write("a.py", lines(120))
    repo.write("LOG.md", "`a.py` (50 lines)\n\n`a.py`: 80 lines\n\n`a.py` (120 lines)\n")
    with Past(open_repository(repo.root)) as past:
        told = [
            (v.line, v.word, v.commit, v.command, v.output)
            for v in verdicts(past, "LOG.md", repo.read("LOG.md"))
        ]
    assert told == [
        (1, "true", first, f"git show {first[:12]}:a.py | grep -c ''", "50"),
        (3, "true", second, f"git show {second[:12]}:a.py | grep -c ''", "80"),
        (5, "true", "", "cat a.py | grep -c ''", "120"),
    ]


TABLES: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("| File | Lines | Status |\n|---|---|---|\n| `src/app.py` | 150 | New |\n", [
        ("line count", "true", "it has 150"), ("path", "true", "it is there as src/app.py"),
    ]),
    ("| File | Lines |\n|---|---|\n| `src/app.py` | 90 |\n", [("line count", "false", "it has 150")]),
    ("| File | Size |\n|---|---|\n| `src/app.py` | 90 |\n", []),
    ("| File | Lines | Change |\n|---|---|---|\n| `src/app.py` | +90 | Modified |\n", []),
    ("### Files Created\n\n- `src/new.py` - the new one\n- `src/absent.py`\n", [
        ("path", "true", "it is there as src/new.py"),
        ("path", "unsupported", "no commit of any ref has a file of that name"),
    ]),
    ("### Files to Create\n\n- `src/absent.py`\n", []),
    ("## Next steps\n\n`src/app.py` (90 lines)\n", []),
    ("# Plan\n\n## Files\n\n`src/app.py` (90 lines)\n", []),
    ("Files we will write:\n\n- `src/app.py` (90 lines)\n", []),
    ("```\n`src/app.py` (90 lines)\nCommit: abc1234\n```\n", []),
    ("    `src/app.py` (90 lines)\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("page", "expected"), TABLES)
def test_tables_lists_and_headings_say_what_a_line_means(
    repo: Repo, page: str, expected: list[tuple[str, str, str]]
) -> None:
    assert [(v.kind, v.word, v.why) for v in audited(repo, page)] == expected


def test_a_shallow_clone_accuses_nobody_of_what_it_does_not_have(repo: Repo, tmp_path: Path) -> None:
    Repo(repo.root).git("clone", "-q", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))
    shallow = Repo(tmp_path / "shallow")
    shallow.write("LOG.md", "Commit: `b3bf2ee`\n\nCreated `src/absent.py`\n\n`src/absent.py` (40 lines)\n")
    with Past(open_repository(shallow.root)) as past:
        told = [(v.line, v.word, v.why) for v in verdicts(past, "LOG.md", shallow.read("LOG.md"))]
    assert told == [(1, "unverifiable", "this clone is shallow, and has no such commit")]


def test_a_branch_that_a_merge_named_was_there(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    repo.commit("begin", {"a.md": "a\n"})
    repo.git("checkout", "-q", "-b", "feature/x")
    repo.commit("x", {"x.md": "x\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge branch 'feature/x'", "feature/x")
    repo.git("branch", "-q", "-D", "feature/x")
    repo.commit("log", {"LOG.md": "Branch: `feature/x`\n"})
    with Past(open_repository(repo.root)) as past:
        (told,) = verdicts(past, "LOG.md", repo.read("LOG.md"))
    assert (told.word, told.why, told.found) == ("true", "a merge names it", "this branch")


def commands(found: list[Verdict]) -> Iterator[tuple[str, str]]:
    yield from ((v.command, v.output) for v in found if v.word in ("true", "false") and v.output.isdigit())


def test_the_command_that_is_named_prints_the_output_that_is_named(repo: Repo) -> None:
    page = "`src/app.py` (150 lines)\n\n- 23 files in docs/\n\nRoot MD files: 5\n\n3 tests in `tests/test_x.py`\n"
    repo.git("checkout", "-q", "-B", "kept", "main")
    repo.commit("log", {"LOG.md": page}, date="2025-10-14T14:20:00-0300")
    with Past(open_repository(repo.root)) as past:
        found = list(commands(list(verdicts(past, "LOG.md", repo.read("LOG.md")))))
    assert len(found) == 4
    for command, output in found:
        done = subprocess.run(["sh", "-c", command], cwd=repo.root, capture_output=True, text=True)
        assert done.stdout.strip() == output, command
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "kept")


def test_what_lay_there_when_an_older_page_was_written_is_not_known(repo: Repo) -> None:
    page = "# Log\n\n**Date**: October 9, 2025\n\n`src/app.py` (90 lines)\n\n`src/app.py` (150 lines)\n"
    told = [(v.line, v.word, v.why) for v in audited(repo, page) if v.kind == "line count"]
    assert told == [
        (5, "unverifiable", "it has 150; but the page is dated 2025-10-09, and was committed on 2025-10-14"),
        (7, "true", "it has 150"),
    ]
    named = [(v.word, v.why) for v in audited(repo, "`src/app.py` (90 lines)\n", at="NOTES_20251009.md")]
    assert named == [("unverifiable", told[0][2])]


def test_what_is_absent_here_may_lie_in_another_repository_that_the_page_names(repo: Repo) -> None:
    page = "See https://github.com/ada/other for the rest.\n\nCommit: `b3bf2ee`\n\nCreated `src/absent.py`\n"
    assert [(v.word, v.why.partition("; ")[2]) for v in audited(repo, page)] == [
        ("unverifiable", "but the page speaks of other repositories, too"),
        ("unverifiable", "but the page speaks of other repositories, too"),
    ]
    repo.git("config", "remote.origin.url", "git@github.com:ada/other.git")
    assert [v.word for v in audited(repo, page)] == ["unsupported", "unsupported"]
    repo.git("config", "--unset", "remote.origin.url")


def test_a_project_may_count_all_its_commits(repo: Repo) -> None:
    assert [v.word for v in audited(repo, "Total commits: 6\n")] == ["unverifiable"]


def test_what_has_lain_there_for_days_was_not_created_as_far_as_git_knows(repo: Repo) -> None:
    """A true one of a public log: "New Files: .github/workflows/ci.yml", which was five days old."""
    page = "# Log\n\n## New files\n\n- `docs/a.md`\n- `docs/b.md` exists\n"
    old, there = audited(repo, page, date="2025-10-20T14:20:00-0300")
    assert (old.word, old.why) == ("unverifiable", "it is there as docs/a.md, and was 6 days before")
    assert old.output == "2025-10-14T09:00:00-03:00"
    assert there.word == "true"
    assert [v.word for v in audited(repo, page, date="2025-10-17T09:00:00-0300")] == ["true", "true"]


def test_a_branch_may_have_so_many_commits_as_a_page_counts_beside_the_last_two(repo: Repo) -> None:
    """A false accusation on a public log: `Commits: 9 (c363844 → 59dc6a9)`, the newest two of a branch of nine."""
    found = audited(repo, f"# Log\n\nCommits: 4 (`{ids(repo)['begin']}` → `{ids(repo)['side: a kernel']}`)\n")
    assert [v.word for v in found if v.kind == "commit count"] == ["false"]
    repo.git("checkout", "-q", "-b", "nine", "feature/side")
    for n in range(3):
        repo.commit(f"nine: {n}", date="2025-10-14T10:00:00-0300")
    repo.git("checkout", "-q", "main")
    page = f"# Log\n\nCommits: 4 (`{ids(repo)['nine: 1']}` → `{ids(repo)['nine: 2']}`)\n"
    (held,) = (v for v in audited(repo, page) if v.kind == "commit count")
    repo.git("branch", "-q", "-D", "nine")
    assert (held.word, held.why) == (
        "unverifiable",
        "2 from the first to the last, both counted; but a branch has so many up to the last",
    )

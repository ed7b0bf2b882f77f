"""What people wrote in a map survives whatever happens to the tree; damaged markers are refused, never guessed at."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.codemap.draw import draw, stale
from repoops.codemap.keep import Kept, kept, placed, without
from repoops.config import Check, Config
from repoops.errors import RepoOpsError
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Repo

CONFIG = Config()
OPEN, CLOSE = "<!-- repoops:keep notes -->\n", "<!-- repoops:end notes -->\n"
# Whole lines, line ends of both kinds, whatever bytes (as surrogate escapes); markers are the one thing that is not text.
LINES = st.text(
    st.one_of(st.characters(blacklist_categories=("Cs",)), st.sampled_from("\udc80\udcff#-`|<>")), max_size=30
).filter(lambda line: "repoops:" not in line and "\n" not in line)
TEXTS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n"])), max_size=4).map(
    lambda rows: "".join(line + end for line, end in rows)
)
NAMES = st.from_regex(r"\A[a-z][a-z0-9_-]{0,8}\Z")
HEADINGS = ("", "Entry points", "Folders", "Notes", "Gone")


@given(
    st.dictionaries(NAMES, st.tuples(TEXTS, st.sampled_from(HEADINGS)), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)
def test_parts_come_back_as_they_were_and_stay_where_they_are(
    parts: dict[str, tuple[str, str]], newline: str
) -> None:
    given_parts = [Kept(name, text, under) for name, (text, under) in parts.items()]
    sections = [
        (h, f"## {h}{newline}{newline}- `x`: y{newline}" if h else f"# Map{newline}") for h in HEADINGS[:4]
    ]
    once = placed(sections, given_parts, newline)
    found = kept(once, "m")
    assert {part.name: part.text for part in found} == {part.name: part.text for part in given_parts}
    assert {p.name: p.under for p in found if p.under != "Notes"} == {
        p.name: p.under for p in given_parts if p.under not in ("Notes", "Gone")
    }
    assert placed(sections, found, newline) == once
    assert without(once).count("repoops:") == 2 * len(parts)


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("kernel"), st.integers(0, 5)),
        st.tuples(st.just("module"), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.sampled_from(["src/b.cuh", "Makefile", "fast/cli.py", "README.md"])),
        st.tuples(st.just("write"), TEXTS),
        st.tuples(st.just("budget"), st.sampled_from([0, 300, 2000])),
    ),
    max_size=6,
)


@settings(max_examples=15)
@given(first=TEXTS, second=TEXTS, edits=EDITS)
def test_hand_written_parts_survive_any_sequence_of_edits(
    tmp_path_factory: pytest.TempPathFactory, first: str, second: str, edits: list[tuple[str, object]]
) -> None:
    repo = cuda_repo.make(Repo.create(tmp_path_factory.mktemp("keep") / "r"))
    at = open_repository(repo.root)
    mine = {"notes": first, "more": second}
    text = draw(at, CONFIG).text.replace(OPEN, OPEN + first)
    text = text.replace(
        "## Folders\n", f"## Folders\n\n<!-- repoops:keep more -->\n{second}<!-- repoops:end more -->\n"
    )
    repo.write("CODEMAP.md", text.encode("utf-8", "surrogateescape"))
    budget = None
    for what, value in edits:
        if what == "kernel":
            repo.write(f"src/k{value}.cu", f"__global__ void made_{value}() {{}}\n")
        elif what == "module":
            repo.write(f"fast/m{value}.py", f"def made_{value}(): ...\n")
        elif what == "remove":
            (repo.root / str(value)).unlink(missing_ok=True)
        elif what == "budget":
            budget = int(str(value))
        else:
            raw = repo.read("CODEMAP.md").decode("utf-8", "surrogateescape")
            head, _, tail = raw.partition(OPEN)
            mine["notes"] = str(value)
            raw = head + OPEN + str(value) + CLOSE + tail.partition(CLOSE)[2]
            repo.write("CODEMAP.md", raw.encode("utf-8", "surrogateescape"))
        repo.write("CODEMAP.md", draw(at, CONFIG, budget).content)
        raw = repo.read("CODEMAP.md").decode("utf-8", "surrogateescape")
        assert {part.name: part.text for part in kept(raw, "m")} == mine
        assert next(part for part in kept(raw, "m") if part.name == "more").under == "Folders"
        assert stale(at, CONFIG) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n<!-- repoops:keep x -->\nb\n", "m:2: the marker '<!-- repoops:keep x -->' is never closed"),
        ("<!-- repoops:end -->\n", "m:1: the marker '<!-- repoops:end -->' closes nothing"),
        ("<!-- repoops:keep x -->\n<!-- repoops:keep y -->\n<!-- repoops:end -->\n", "m:1: the marker '<!-- repoops:keep x -->' is not closed before the next"),
        ("<!-- repoops:keep x -->\n<!-- repoops:end y -->\n", "m:2: the marker '<!-- repoops:end y -->' does not close '<!-- repoops:keep x -->' above it"),
        ("<!-- repoops:keep x -->\n<!-- repoops:end x -->\n<!-- repoops:keep x -->\n<!-- repoops:end x -->\n", "m:3: the marker '<!-- repoops:keep x -->' stands twice"),
        ("<!-- repoops:keep -->\n<!-- repoops:end -->\n", "m:1: the marker '<!-- repoops:keep -->' has no name"),
        ("\n<!-- repoops:kep x -->\nb\n", "m:2: the marker '<!-- repoops:kep x -->' is no marker as this map writes them"),
        ("  <!-- repoops:keep x -->\nb\n", "m:1: the marker '<!-- repoops:keep x -->' is no marker"),
        ("<!-- repoops:keep x --> text\n", "m:1: the marker '<!-- repoops:keep x --> text' is no marker"),
    ],
)  # fmt: skip
def test_damaged_markers_are_refused_with_their_line(text: str, said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        kept(text, "m")
    assert str(caught.value).startswith(said)


def test_a_damaged_map_is_left_as_it_is(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    broken = repo.read("CODEMAP.md").replace(CLOSE.encode(), b"")
    repo.write("CODEMAP.md", broken)
    for args in ((), ("--check",), ("--dry-run",)):
        said = repo.repoops("codemap", *args)
        assert (said.stdout, said.code) == ("", 2)
        assert said.stderr.startswith("repoops codemap: CODEMAP.md:")
        assert "is never closed\n  write `<!-- repoops:keep NAME -->` above" in said.stderr
    assert repo.read("CODEMAP.md") == broken


def test_a_map_that_people_wrote_is_adopted_or_left_alone(repo: Repo) -> None:
    cuda_repo.make(repo)
    mine = b"# Our map\n\n## Folders\n\nAll mine.\n\xff no final newline"
    repo.write("CODEMAP.md", mine)
    refused = repo.repoops("codemap")
    assert (refused.stdout, refused.code) == ("", 2)
    assert refused.stderr == (
        "repoops codemap: CODEMAP.md: was not drawn by repoops, and would be replaced\n"
        "  to keep all of it as a hand-written part: repoops codemap --adopt\n"
    )
    assert repo.read("CODEMAP.md") == mine
    assert stale(open_repository(repo.root), CONFIG) == []
    assert repo.repoops("codemap", "--adopt").code == 0
    assert mine + b"\n<!-- repoops:end adopted -->" in repo.read("CODEMAP.md")
    assert repo.repoops("codemap").stdout == "CODEMAP.md is up to date\n"


def test_windows_line_ends_and_a_byte_order_mark_stay(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    raw = b"\xef\xbb\xbf" + repo.read("CODEMAP.md").replace(b"\n", b"\r\n")
    repo.write(
        "CODEMAP.md", raw.replace(OPEN.strip().encode() + b"\r\n", OPEN.strip().encode() + b"\r\nmine\n")
    )
    before = repo.read("CODEMAP.md")
    assert repo.repoops("codemap").stdout == "CODEMAP.md is up to date\n"
    repo.write("src/new.cu", "__global__ void fresh() {}\n")
    assert repo.repoops("codemap").code == 0
    after = repo.read("CODEMAP.md")
    assert after.startswith(b"\xef\xbb\xbf# Code map of fast\r\n")
    assert b"-->\r\nmine\n<!--" in after
    assert after.count(b"\n") - after.count(b"\r\n") == before.count(b"\n") - before.count(b"\r\n") == 1


def test_undo_takes_a_regeneration_back(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    repo.write("CODEMAP.md", repo.read("CODEMAP.md").replace(OPEN.encode(), OPEN.encode() + b"Ask Ada.\n"))
    repo.write("src/a.cu", "__global__ void other() {}\n")
    before = repo.picture()
    said = repo.repoops("codemap")
    assert (said.code, said.stderr) == (0, "")
    assert "CUDA kernels: missing: `src/a.cu`: `other`; no launch found; no test found\n" in said.stdout
    assert b"Ask Ada.\n" in repo.read("CODEMAP.md")
    assert repo.git("diff", "--cached", "--name-only") == ""
    assert repo.repoops("undo").code == 0
    assert repo.picture() == before


def test_the_budget_is_remembered(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap", "--tokens", "600")
    assert stale(open_repository(repo.root), CONFIG) == []
    assert repo.repoops("codemap").stdout == "CODEMAP.md is up to date\n"
    repo.repoops("codemap", "--tokens", "0")
    assert repo.repoops("codemap", "--check").code == 0
    assert b"within" not in repo.read("CODEMAP.md").partition(b"\n## ")[0]
    refused = repo.repoops("codemap", "--tokens", "50")
    assert (refused.code, refused.stderr.split("\n")[0]) == (
        2,
        "repoops codemap: a map does not fit into 50 tokens",
    )


def test_check_fails_for_a_map_that_was_removed_but_not_for_one_that_never_was(repo: Repo) -> None:
    cuda_repo.make(repo)
    at = open_repository(repo.root)
    assert stale(at, CONFIG) == []
    assert repo.repoops("codemap", "--check").stdout == "CODEMAP.md: is missing: repoops codemap\n"
    repo.repoops("codemap")
    repo.git("add", "CODEMAP.md")
    (repo.root / "CODEMAP.md").unlink()
    assert stale(at, CONFIG) == ["is in the index and not on disk: repoops codemap"]
    assert Check().codemap

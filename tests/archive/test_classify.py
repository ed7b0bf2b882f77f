from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.archive.classify import classify
from repoops.archive.decision import Decision, Reason
from repoops.archive.expected import expected
from repoops.archive.signals import SIGNALS, THRESHOLD, Candidate
from repoops.archive.words import GUIDE, LOG, WORK
from repoops.config import Archive, Config
from repoops.markdown.facts import facts
from repoops.vcs.history import FileHistory
from tests.archive.test_signals import candidate, lines

REPORT = lines(
    "# Work", "**Status**: ✅ COMPLETE", "## What was done", "- ✅ fixed", "- ✅ added", "## Next steps"
)


def decide(c: Candidate, config: Config | None = None) -> Decision:
    (decision,) = classify([c], config or Config())
    return decision


def test_a_report_is_archived_and_every_sign_of_it_is_told() -> None:
    assert decide(candidate("GUI_FIX_SUMMARY.md", REPORT, commits=1)) == Decision(
        "GUI_FIX_SUMMARY.md",
        "archive",
        (
            Reason("name", "its name says FIX"),
            Reason("report", "headings of a report: “What was done”", line=3),
            Reason("one-commit", "touched by one commit"),
            Reason("status", "`Status: ✅ COMPLETE`", line=2),
            Reason("marks", "3 marks of success in 6 lines"),
            Reason("telling", "it tells what was done: added, complete, fixed, was"),
            Reason("next-steps", "a heading “Next steps”", line=6),
        ),
    )


def test_a_report_without_a_telling_name_is_archived_too() -> None:
    assert decide(candidate("THE_POOL.md", REPORT, commits=1)).action == "archive"


KEPT = [
    (candidate("GUI_FIX_SUMMARY.md"), "too-little", "its text does not say that it is a log: its name says FIX"),
    (
        candidate("FINAL_SESSION_REPORT_2025-10-14.md", "# Pool\n\nProse.\n", commits=1),
        "too-little",
        "its text does not say that it is a log: its name says FINAL; its name has a date; touched by one commit",
    ),
    (candidate("THE_POOL.md", "# Pool\n", commits=1), "too-little", "too little for a log: touched by one commit"),
    (candidate("THE_POOL.md", "# Pool\n"), "nothing", "nothing says that it is a log"),
    (candidate("POOL_SETUP_GUIDE.md", "# Pool\n\nIt was added.\n", commits=1), "guide-name", "its name says GUIDE"),
    (candidate("NETWORK_MAP.md", "# Map\n", commits=9), "kept-up", "9 commits touched it"),
    (candidate("SETUP.md", REPORT, commits=1), "expected", "people and tools expect SETUP.md here"),
    (candidate("ci/.note.md", REPORT), "expected", "people and tools expect .note.md here"),
    (candidate("FIX_SUMMARY.md", REPORT, hidden=True), "ignored", "git ignores it: no part of the repository"),
]  # fmt: skip


@pytest.mark.parametrize(("c", "signal", "detail"), KEPT)
def test_what_is_kept_says_why(c: Candidate, signal: str, detail: str) -> None:
    assert decide(c) == Decision(c.path, "keep", (Reason(signal, detail),))


def test_two_small_signs_are_too_little_and_three_enough() -> None:
    two = lines("# Pool", "**Status**: ✅ done", *["word"] * 30, "## Next steps", *["word"] * 30)
    assert decide(candidate("THE_POOL.md", two)).action == "keep"
    assert decide(candidate("THE_POOL.md", two, commits=1)).action == "archive"


EXPECTED = (
    "README.md", "readme.md", "README_zh.md", "Readme.pt-BR.md", "LICENSE.md", "LICENSE-MIT.md", "COPYING.md", "NOTICE.md",
    "CHANGELOG.md", "CHANGELOG_v3.2.0.md", "CHANGES.md", "HISTORY.md", "NEWS.md", "RELEASE_NOTES.md", "CONTRIBUTING.md",
    "SECURITY.md", "CODE_OF_CONDUCT.md", "code-of-conduct.md", "SUPPORT.md", "GOVERNANCE.md", "MAINTAINERS.md", "AUTHORS.md",
    "CITATION.md", "AGENTS.md", "AGENT.MD", "CLAUDE.md", "GEMINI.md", "CODEMAP.md", "ROADMAP.md", "TODO.md", "KNOWN_ISSUES.md",
    "SETUP.md", "QUICKSTART.md", "QUICK_START.md", "INSTALL.md", "ARCHITECTURE.md", ".cursorrules.md", "third_party_notices.md",
)  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_what_people_expect_in_a_root_stays_whatever_it_says(name: str) -> None:
    assert decide(candidate(name, REPORT, commits=1)).action == "keep"


@pytest.mark.parametrize(
    "name",
    [
        "BUILD_SUMMARY.md",
        "INSTALL_FIXES.md",
        "CLAUDE_SESSION_REPORT.md",
        "RELEASE_NOTES_v0.3.0.md",
        "SUMMARY.md",
        "README_UPDATE_SUMMARY.md",
    ],
)
def test_a_name_that_only_begins_like_an_expected_one_is_weighed(name: str) -> None:
    assert expected(name) is None
    assert decide(candidate(name, REPORT, commits=1)).action == "archive"


def test_a_table_of_contents_named_summary_stays() -> None:
    pages = "".join(f"- [Page {n}](src/{n}.md)\n" for n in range(12))
    assert decide(candidate("SUMMARY.md", "# Summary\n\n" + pages, commits=1)).action == "keep"


def test_the_configuration_is_heard_before_any_signal() -> None:
    config = Config(archive=Archive(keep=("*_SUMMARY.md",), archive=("/SETUP.md", "*.md", "!README.md")))
    assert classify(
        [
            candidate("FIX_SUMMARY.md", REPORT),
            candidate("SETUP.md"),
            candidate("README.md"),
            candidate("a.md"),
        ],
        config,
    ) == [
        Decision("FIX_SUMMARY.md", "keep", (Reason("config", "archive.keep has *_SUMMARY.md"),)),
        Decision("SETUP.md", "archive", (Reason("config", "archive.archive has *.md"),)),
        Decision("README.md", "keep", (Reason("expected", "people and tools expect README.md here"),)),
        Decision("a.md", "archive", (Reason("config", "archive.archive has *.md"),)),
    ]


OURS = "---\nschema: repoops/session-summary/1\n---\n# Session summary\n"


def test_our_newest_summary_stays_and_earlier_ones_go() -> None:
    assert [
        (d.action, d.reasons[0].signal)
        for d in classify(
            [
                candidate("SESSION_SUMMARY.md", OURS),
                candidate("OLD_ONE.md", OURS),
                candidate("README.md", OURS),
            ],
            Config(),
        )
    ] == [("keep", "newest-summary"), ("archive", "earlier-summary"), ("keep", "expected")]
    assert decide(candidate("SESSION_SUMMARY.md", REPORT)).action == "archive"


WORDS = st.lists(st.sampled_from(sorted(LOG | WORK | GUIDE)), min_size=1, max_size=4).map("_".join)


@settings(max_examples=60)
@given(name=WORDS, commits=st.integers(0, 4), sibling=st.booleans())
def test_a_name_alone_never_archives(name: str, commits: int, sibling: bool) -> None:
    prose = "# Pool\n\nThe pool holds workers; each worker takes one job.\n"
    c = candidate(
        f"{name.upper()}_1.md", prose, commits=commits, siblings=("A_SUMMARY.md",) if sibling else ()
    )
    assert decide(c).action == "keep"


@settings(max_examples=60)
@given(
    name=WORDS,
    text=st.lists(
        st.sampled_from([*REPORT.splitlines(), "## Usage", "## Installation", "prose", "2025-10-14"]),
        max_size=12,
    ),
    commits=st.integers(0, 4),
)
def test_every_decision_has_reasons_and_the_heavier_side_wins(
    name: str, text: list[str], commits: int
) -> None:
    history = FileHistory(commits, "", "") if commits else None
    c = Candidate(f"POOL_{name.upper()}.md", facts("\n".join(text).encode()), history)
    decision = decide(c)
    total = sum(s.weight for s in SIGNALS if s.find(c))
    assert decision.reasons
    assert all(r.detail for r in decision.reasons)
    if decision.action == "archive":
        assert total >= THRESHOLD
        by_name = {s.name: s for s in SIGNALS}
        assert all(by_name[r.signal].weight > 0 for r in decision.reasons)
        assert any(not by_name[r.signal].outside for r in decision.reasons)
    assert classify([c], Config()) == [decision]

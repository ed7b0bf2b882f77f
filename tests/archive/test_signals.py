from __future__ import annotations

import pytest

from repoops.archive.signals import SIGNALS, Candidate, Sign
from repoops.archive.words import GUIDE, LOG, WORK, words
from repoops.markdown.facts import facts
from repoops.vcs.history import FileHistory

DAY = "2025-10-14T12:00:00+00:00"


def candidate(name: str, text: str = "", commits: int = 0, **known: object) -> Candidate:
    history = FileHistory(commits, DAY, DAY) if commits else None
    return Candidate(name, facts(text.encode()), history, **known)  # type: ignore[arg-type]


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


LONG = lines("# Anything", *["word"] * 60)

FIRES = [
    ("name", candidate("GUI_FIX_SUMMARY.md"), Sign("its name says FIX")),
    ("name", candidate("RELATÓRIO_FINAL.md"), Sign("its name says RELATORIO")),
    ("name", candidate("执行总结.md"), Sign("its name says 总结")),
    ("name", candidate("작업 완료 보고서.md"), Sign("its name says 보고")),
    ("name", candidate("Rapport-d'avancement.md"), Sign("its name says RAPPORT")),
    ("work-name", candidate("MIGRATION_PLAN.md"), Sign("its name says MIGRATION")),
    ("dated-name", candidate("NOTES_2025-10-14.md"), Sign("its name has a date")),
    ("dated-name", candidate("PHASE_19.1.md"), Sign("its name has a number, 19.1")),
    (
        "sibling",
        candidate("POOL_NOTES.md", siblings=("POOL_SUMMARY.md",)),
        Sign("begins like a log beside it", None, "POOL_SUMMARY.md"),
    ),
    ("one-commit", candidate("x.md", commits=1), Sign("touched by one commit")),
    (
        "report",
        candidate("x.md", lines("# X", "## Files Modified", "## Root Cause", "## Background", "## Conclusion")),
        Sign("headings of a report: “Files Modified”, “Root Cause”, “Conclusion”", 2),
    ),
    ("report", candidate("x.md", lines("# X", "## 修改文件")), Sign("headings of a report: “修改文件”", 2)),
    ("status", candidate("x.md", lines("# X", "", "**Status**: ✅ COMPLETE")), Sign("`Status: ✅ COMPLETE`", 3)),
    ("status", candidate("x.md", LONG + "**Estado:** Completado\n"), Sign("`Estado: Completado`", 62)),
    ("title", candidate("x.md", "# Session summary\n"), Sign("its title says 'summary'", 1)),
    ("marks", candidate("x.md", lines("# X", "- ✅ one", "- ✅ two")), Sign("2 marks of success in 3 lines")),
    ("telling", candidate("x.md", "It was fixed.\n"), Sign("it tells what was done: fixed, was")),
    ("dated", candidate("x.md", lines("# X", "October 14, 2025")), Sign("it is dated 2025-10-14 at its top", 2)),
    ("dated", candidate("x.md", LONG + "**Date**: unknown\n"), Sign("`Date: unknown`", 62)),
    ("next-steps", candidate("x.md", lines("# X", "## Próximos pasos")), Sign("a heading “Próximos pasos”", 2)),
    ("guide-name", candidate("DEPLOYMENT_GUIDE.md"), Sign("its name says GUIDE")),
    ("guide-name", candidate("GUIA_USUARIO_ROSCA.md"), Sign("its name says GUIA")),
    ("contents", candidate("x.md", "- [a](b.md)\n" * 8), Sign("a table of contents: 8 links in 8 lines")),
    ("readme", candidate("x.md", readme=("README.md", 7)), Sign("a README names it", 7, "README.md")),
    ("kept-up", candidate("x.md", commits=3), Sign("3 commits touched it")),
    ("alive", candidate("x.md", commits=10), Sign("10 commits: it lives with the project")),
    ("front-matter", candidate("x.md", "---\nlayout: page\n---\n"), Sign("has front matter, as pages of a site have", 1)),
    ("guide-title", candidate("POOL.md", "# Guía del pool\n"), Sign("its title says 'guia'", 1)),
    (
        "guide",
        candidate("x.md", lines("# X", "## Prerequisites", "## Installation", "## Zeta")),
        Sign("headings of a guide: “Prerequisites”, “Installation”", 2),
    ),
    ("short-name", candidate("NETWORK.md"), Sign("its name is one word")),
]  # fmt: skip

SILENT = [
    ("name", candidate("ARCHITECTURE.md")),
    ("name", candidate("INCOMPLETENESS.md")),
    ("work-name", candidate("PLAN_SUMMARY.md")),
    ("report", candidate("x.md", lines("# X", "## Summary", "## A", "## B", "## C", "## D"))),
    ("report", candidate("x.md", lines("# X", "## Step 1", "## Step 2", "## Session management"))),
    (
        "report",
        candidate("x.md", lines("# X", "## Issue: it does not start", "## Status codes", "## Progress bar")),
    ),
    ("alive", candidate("x.md", commits=9)),
    ("status", candidate("x.md", lines("# X", "**Status**: the HTTP code of the answer"))),
    ("status", candidate("x.md", lines("# X", *["word"] * 30, "**Status**: ✅ done", *["word"] * 30))),
    ("marks", candidate("x.md", lines("# X", "```", "✅ passed", "✅ passed", "```"))),
    ("marks", candidate("x.md", "✅\n" + "word\n" * 60)),
    ("telling", candidate("x.md", "It was so.\n" + "word\n" * 60)),
    ("dated", candidate("x.md", lines("# X", *["word"] * 30, "October 14, 2025", *["word"] * 30))),
    ("guide-name", candidate("SETUP_COMPLETE.md")),
    ("guide-name", candidate("DEVELOPMENT_PLAN.md")),
    ("guide-name", candidate("NATIVE_STYLE_MENU.md")),
    ("guide-title", candidate("GUI_GUIDE.md", "# A guide\n")),
    ("guide", candidate("x.md", lines("# X", "## Usage", *["## A"] * 9))),
    ("contents", candidate("x.md", "- [a](b.md)\n" * 8 + "word\n" * 20)),
    ("one-commit", candidate("x.md", commits=2)),
    ("kept-up", candidate("x.md", commits=2)),
    ("short-name", candidate("NETWORK_MAP.md")),
]


def find(name: str, c: Candidate) -> Sign | None:
    return next(s for s in SIGNALS if s.name == name).find(c)


@pytest.mark.parametrize(("name", "c", "sign"), FIRES)
def test_a_signal_is_found_and_says_where(name: str, c: Candidate, sign: Sign) -> None:
    assert find(name, c) == sign


@pytest.mark.parametrize(("name", "c"), SILENT)
def test_what_only_looks_like_a_signal_is_none(name: str, c: Candidate) -> None:
    assert find(name, c) is None


def test_every_signal_is_shown_by_an_example() -> None:
    assert {s.name for s in SIGNALS} == {name for name, _, _ in FIRES}
    assert len({s.name for s in SIGNALS}) == len(SIGNALS)


def test_the_lists_are_written_as_names_are_read() -> None:
    for listed in (LOG, WORK, GUIDE):
        assert [w for w in listed if words(w) != [w]] == []
    assert LOG & WORK == LOG & GUIDE == WORK & GUIDE == frozenset()


def test_a_name_is_read_in_words() -> None:
    assert words("DarkTheme_v2-Configuração 세션") == ["dark", "theme", "v", "configuracao", "세션"]

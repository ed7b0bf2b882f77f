"""What speaks for a log and what for a document: one function per signal, one row each in `SIGNALS`. Decides nothing.

The weights are small whole numbers. They were set on twelve repositories whose maintainers moved
their logs by hand, and hold when each of them is left out in turn: docs/archive.md has the figures.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from repoops.archive import words
from repoops.files import RelPath
from repoops.markdown.dates import date_in_name
from repoops.markdown.facts import Facts, Label
from repoops.markdown.outcome import NEXT, STATUS, outcome_of
from repoops.vcs.history import FileHistory
from repoops.words import many

TOP, BOTTOM = 20, 10
"""How many lines at either end of a file are looked at for what it says of itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a log.

    Attributes:
        path: where it lies.
        facts: what it says of itself.
        history: None where it was never committed, or one commit brought everything: then it tells nothing.
        readme: the file and line where a README names it; None where none does.
        siblings: files beside it whose names say that they are logs and begin with the same word.
        hidden: whether git ignores it.
    """

    path: RelPath
    facts: Facts
    history: FileHistory | None = None
    readme: tuple[RelPath, int] | None = None
    siblings: tuple[RelPath, ...] = ()
    hidden: bool = False

    @property
    def stem(self) -> str:
        """The name without folder and extension."""
        return posixpath.splitext(posixpath.basename(self.path))[0]


@dataclass(frozen=True, slots=True)
class Sign:
    """A signal found: in words, and where (`file` None: in the candidate itself; lines count from 1)."""

    detail: str
    line: int | None = None
    file: RelPath | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of the table. A positive weight speaks for a log; `outside` says that it is not read from the file's text."""

    name: str
    weight: int
    find: Callable[[Candidate], Sign | None]
    outside: bool = False


def log_name(c: Candidate) -> Sign | None:
    """A name with SUMMARY, COMPLETE, REPORT and the like."""
    word = words.first_of(c.stem, words.LOG, words.LOG_ANYWHERE)
    return Sign(f"its name says {word.upper()}") if word else None


def work_name(c: Candidate) -> Sign | None:
    """A name with PLAN, ANALYSIS, MIGRATION and the like, where no stronger word stands."""
    word = words.first_of(c.stem, words.WORK, words.WORK_ANYWHERE)
    return Sign(f"its name says {word.upper()}") if word and log_name(c) is None else None


def dated_name(c: Candidate) -> Sign | None:
    """A name that counts: PHASE_3, WEEK4, v0.3.0, 2025-10-14."""
    if date_in_name(c.stem):
        return Sign("its name has a date")
    number = re.search(r"\d+(?:\.\d+)*", c.stem)
    return Sign(f"its name has a number, {number.group()}") if number else None


def log_title(c: Candidate) -> Sign | None:
    """A title that says summary, report, fix and the like."""
    word = words.first_of(c.facts.title or "", words.LOG, words.LOG_ANYWHERE)
    return Sign(f"its title says {word!r}", _title_line(c.facts)) if word else None


def status(c: Candidate) -> Sign | None:
    """A status or outcome label near the top or the end that claims an outcome."""
    for label in c.facts.labels:
        if _near_an_end(c.facts, label.line) and _is_status(label) and _claims(label):
            return Sign(f"`{label.name.capitalize()}: {_short(label.value)}`", label.line)
    return None


def dated(c: Candidate) -> Sign | None:
    """A date in the first lines or a date label at either end."""
    for day in c.facts.dates:
        if day.line <= TOP // 2:
            return Sign(f"it is dated {day.date} at its top", day.line)
    label = c.facts.date_label
    if label is not None and _near_an_end(c.facts, label.line):
        return Sign(f"`{label.name.capitalize()}: {_short(label.value)}`", label.line)
    return None


def success_marks(c: Candidate) -> Sign | None:
    """Two marks of success or more in a hundred lines."""
    marks = c.facts.marks
    if c.facts.per_100_lines(marks.done) < 2:
        return None
    return Sign(f"{many(marks.done, 'mark')} of success in {many(c.facts.lines, 'line')}")


def report_headings(c: Candidate) -> Sign | None:
    """Three headings of a report or more, or a quarter of them all."""
    found = [h for h in c.facts.headings if h.text != c.facts.title and _REPORT.search(h.text)]
    if not found or (len(found) < 3 and len(found) * 4 < len(c.facts.headings) - 1):
        return None
    some = ", ".join(f"“{_short(h.text)}”" for h in found[:3])
    return Sign(f"headings of a report: {some}", found[0].line)


def next_steps(c: Candidate) -> Sign | None:
    """A heading that says what comes next."""
    found = next((h for h in c.facts.headings if NEXT.search(h.text)), None)
    return Sign(f"a heading “{_short(found.text)}”", found.line) if found else None


def telling(c: Candidate) -> Sign | None:
    """It tells what was done: eight such words or more in a hundred lines."""
    text = "\n".join(line for _, line in c.facts.text).lower()
    said = Counter(_LETTERS.findall(text))
    told = {word: said[word] for word in words.TOLD if word in said}
    told |= {part: count for part in words.TOLD_ANYWHERE if (count := text.count(part))}
    if c.facts.per_100_lines(sum(told.values())) < 8:
        return None
    often = sorted(told, key=lambda word: (-told[word], word))[:5]
    return Sign(f"it tells what was done: {', '.join(often)}")


def guide_name(c: Candidate) -> Sign | None:
    """A name that begins or ends with GUIDE, SETUP, REFERENCE and the like, and does not end as a log's or a plan's does."""
    named = words.words(c.stem)
    if named and named[-1] in words.LOG | words.WORK:
        return None
    word = words.first_of(" ".join(named[:1] + named[-1:]), words.GUIDE, words.GUIDE_ANYWHERE)
    return Sign(f"its name says {word.upper()}") if word else None


def guide_title(c: Candidate) -> Sign | None:
    """A title that says guide, setup, reference and the like, where the name says neither that nor that it is a log."""
    word = words.first_of(c.facts.title or "", words.GUIDE, words.GUIDE_ANYWHERE)
    if guide_name(c) or log_name(c):
        return None
    return Sign(f"its title says {word!r}", _title_line(c.facts)) if word else None


def guide_headings(c: Candidate) -> Sign | None:
    """A fifth of its headings or more are those of a guide."""
    found = [h for h in c.facts.headings if h.text != c.facts.title and _GUIDE.search(h.text)]
    if len(found) < 2 or len(found) * 5 < len(c.facts.headings) - 1:
        return None
    some = ", ".join(f"“{_short(h.text)}”" for h in found[:3])
    return Sign(f"headings of a guide: {some}", found[0].line)


def short_name(c: Candidate) -> Sign | None:
    """A name of one word: documents are named so, logs seldom."""
    return Sign("its name is one word") if len(words.words(c.stem)) == 1 else None


def named_by_readme(c: Candidate) -> Sign | None:
    """A README sends readers to it."""
    return Sign("a README names it", c.readme[1], c.readme[0]) if c.readme else None


def kept_up(c: Candidate) -> Sign | None:
    """Three commits or more touched it: somebody keeps it up."""
    if c.history is None or c.history.commits < 3:
        return None
    return Sign(f"{c.history.commits} commits touched it")


def one_commit(c: Candidate) -> Sign | None:
    """Written once and not touched again."""
    return Sign("touched by one commit") if c.history is not None and c.history.commits == 1 else None


def sibling(c: Candidate) -> Sign | None:
    """A log beside it begins with the same word: both come of one piece of work."""
    return Sign("begins like a log beside it", None, c.siblings[0]) if c.siblings else None


def contents(c: Candidate) -> Sign | None:
    """A table of contents: every third line is a link, or more are."""
    if c.facts.links < 8 or c.facts.links * 3 < c.facts.lines:
        return None
    return Sign(f"a table of contents: {c.facts.links} links in {c.facts.lines} lines")


def front_matter(c: Candidate) -> Sign | None:
    """Front matter: a site's page or an agent's instructions. None of 248 logs had any."""
    return Sign("has front matter, as pages of a site have", 1) if c.facts.front_matter else None


def alive(c: Candidate) -> Sign | None:
    """Ten commits or more touched it: it lives with the project, whatever it is called."""
    if c.history is None or c.history.commits < 10:
        return None
    return Sign(f"{c.history.commits} commits: it lives with the project")


SIGNALS = (
    Signal("name", 3, log_name, outside=True),
    Signal("work-name", 1, work_name, outside=True),
    Signal("dated-name", 1, dated_name, outside=True),
    Signal("sibling", 1, sibling, outside=True),
    Signal("one-commit", 1, one_commit, outside=True),
    Signal("report", 2, report_headings),
    Signal("status", 1, status),
    Signal("title", 1, log_title),
    Signal("marks", 1, success_marks),
    Signal("telling", 1, telling),
    Signal("dated", 1, dated),
    Signal("next-steps", 1, next_steps),
    Signal("contents", -3, contents),
    Signal("readme", -2, named_by_readme, outside=True),
    Signal("kept-up", -2, kept_up, outside=True),
    Signal("alive", -2, alive, outside=True),
    Signal("front-matter", -2, front_matter),
    Signal("guide-name", -1, guide_name, outside=True),
    Signal("guide-title", -1, guide_title),
    Signal("guide", -1, guide_headings),
    Signal("short-name", -1, short_name, outside=True),
)
"""All signals. A file is a log when its weights come to `THRESHOLD` or more and its own text has a part in it."""

THRESHOLD = 3

_STATUS = re.compile("|".join(rf"\b{word}\b" if word < "一" else word for word in STATUS))
"""Between words; but Chinese, Japanese and Korean put no spaces between theirs."""
_REPORT = re.compile(
    r"""
    \bfiles?\s(?:\w+\s)?(?:modified|created|changed|added|updated|affected|touched|removed|deleted)
    |\b(?:modified|changed|new|created|updated|affected)\s(?:files?|modules|components)
    |\bwhat\s(?:was|were|we|i|has|changed|got|works|worked)\b|\bwhat[’']?s\s(?:been|done|working|new|left|complete|changed|missing)
    |\b(?:changes|fixes|improvements|features|work|tasks|issues|bugs)\s
      (?:made|applied|implemented|completed|done|fixed|resolved|found|identified|remaining)
    |\b(?:completed|remaining|implemented|resolved|fixed|pending|outstanding)\s(?:features|tasks|work|items|changes|issues)
    |\broot\scause|^\W*(?:\d+\W+)?(?:the\s)?(?:problem|issue|fix|solution|symptom|cause)s?(?:\s(?:statement|summary|identified|solved|fixed)|\s?\#?\d+\b|\W*$)
    |\bimpact\b|\bconclusion
    |\b(?:test|testing|benchmark|build|validation|verification)\s(?:results?|status|coverage|performed|summary)
    |\blessons\b|\bbefore\s?(?:and|vs|/|&|→|-)|\bsuccess\s(?:criteria|metrics)|accompli|achieve|deliver
    |\b(?:current|project|overall|implementation|final|deployment|build|git|session)\s(?:status|state|progress)
    |\bstatus(?!\s(?:codes?|values?|colou?rs?|tracking|bar|page|endpoint|line)\b)\b|\bprogress(?!\s(?:bar|track|indicator|photo))\b
    |\bsummary(?!\s(?:card|view|panel))\b|recommendation|\bmetrics\b|\bstatistics\b|\bcommits?\b(?!\s(?:message|convention|guideline|style))
    |\btimeline\b|\b(?:this|last|next)\ssession\b|\bsession\s(?:\#?\d|goal|outcome)
    |\bkey\s(?:changes|improvements|achievements|findings)|\bverification\b|\bcode\s(?:changes|quality|statistics)
    |\blines\sof\scode|\bsign[- ]?off|\bready\s(?:for|to)|readiness|\bblockers?\b|\baction\sitems|\bmission\b
    |\b(?:phase|week|day|sprint|task|issue|bug|fix)\s\#?\d+\b
    |\bresum[eo]n?\b|conclus[ãi]|resultados|\bestado\b|completad|conclu[íi]d|\barqu?ivos\s|\barchivos\s|\blogros\b|problema
    |\brésumé|\bbilan\b|résultats|fichiers\s(?:modifiés|créés)|\bproblème
    |\bzusammenfassung|\bergebnis|\bgeänderte\sdateien
    |总结|總結|完成|结论|結論|修改|新增|状态|狀態|问题|問題|解决|成果|结果|進捗|変更|完了|요약|성과|완료|결과|변경|문제
    |итог|результат|изменен|проблем
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_GUIDE = re.compile(
    r"""
    prerequisit|\brequirements$|\binstall|\busage\b|^\W*using\b|\bhow\s(?:to|it|does|do)\b|quick\s?start|getting\sstarted
    |troubleshoot|\btable\sof\scontents|^\W*contents$|\bexamples?\b|\btips\b|\bfaq\b|frequently|\bconfigur|^\W*options$
    |\bcommands$|contributing|\boverview\b|\bapi\b|\breference\b|best\spractices|\bcommon\b|\bbasic|\badvanced\b|introduction
    |\bsetup\b|\bset\sup\b|glossary|\bwhat\sis\b|\bstep\s\d|\bworkflows?\b
    |\brequisitos|\binstala|\bejemplo|\bexemplo|solución\sde\sproblemas|\bcomo\s(?:usar|executar)|\bcómo\b
    |\butilisation|\bexemples?\b|\bprérequis|\bprérequis
    |目录|安装|使用|快速|常见|配置|示例|インストール|使い方|設定|설치|사용|예제|설정|установк|использован|пример
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CLAIM = re.compile(r"[✅✔☑🟢❌🔴⚠🟡⏳🚧✓🎉]|\b\d+\s?%")


def _is_status(label: Label) -> bool:
    return bool(_STATUS.search(label.name))


def _claims(label: Label) -> bool:
    return outcome_of(label.value) != "other" or bool(_CLAIM.search(label.value))


def _near_an_end(facts: Facts, line: int) -> bool:
    return line <= TOP or line > facts.lines - BOTTOM


def _title_line(facts: Facts) -> int | None:
    return next((h.line for h in facts.headings if h.text == facts.title), None)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 40 else plain[:39].rstrip() + "…"

"""What a passage is about, from the heading it stands under and the marks and words in it; a guess that orders, never a verdict."""

from __future__ import annotations

import re

from repoops.markdown.outcome import NEXT as COMES_NEXT

FAILED, LESSON, DECISION, SOLVED, NEXT = 1, 2, 4, 8, 16

NAMES = {"failed": FAILED, "lesson": LESSON, "decision": DECISION, "solved": SOLVED, "next": NEXT}
"""A passage may be of several kinds; they are kept as the sum of these."""

# The families of sections that 248 logs were measured to have, by the words of their headings. The archive's list of a
# report's headings is another: it asks whether a page is a log, and not what stands under a heading.
_HEADINGS = (
    (
        FAILED,
        (
            r"root causes?|blockers?|blocked|fail\w*|errors?|issues?|problems?|bugs?|crash\w*|broken|regressions?|went wrong|"
            r"didn['’]t work|did not work|not working|post-?mortem|symptoms?|fallos?|erro(?:s|res)?|错误|失败|問題|问题|失敗|오류|실패"
        ),
    ),
    (
        LESSON,
        (
            r"lessons?|learn(?:ed|ings?|t)|takeaways?|insights?|better next time|what worked|retrospective|"
            r"lecciones|lições|经验|教训|教訓|교훈"
        ),
    ),
    (
        DECISION,
        (
            r"decisions?|decided|options?|alternatives?|trade-?offs?|rationale|recommend\w*|choices?|why we|"
            r"decisiones|decisões|决定|選択|결정"
        ),
    ),
    (
        SOLVED,
        (
            r"fix(?:e[sd])?|solutions?|solved|resolutions?|resolved|workarounds?|remed(?:y|ies)|mitigations?|"
            r"soluci[óo]n|solução|解决\w*|修复|解決|해결"
        ),
    ),
)
_BY_HEADING = re.compile(
    "|".join(rf"(?<![^\W_])(?P<k{kind}>{words})(?![^\W_])" for kind, words in _HEADINGS), re.IGNORECASE
)
_FAILURE_MARKS = ("❌", "✖", "✗", "🔴")
_SOLVED_LINE = re.compile(
    r"^[\s>*_-]*(?:✅\s*)?(?:\d+\.\s*)?(?:the\s+)?(?:fix(?:ed)?|solution|resolution|resolved|solved|workaround)\b[*_\s]*(?:by\b|with\b|[:：])",
    re.IGNORECASE | re.MULTILINE,
)
_SOLVED_HINTS = ("fix", "sol", "workaround")
"""One of these stands in whatever `_SOLVED_LINE` finds; looking for them costs a tenth."""
_FIXING = re.compile(r"\b(?:hot)?fix(?:e[sd])?\b", re.IGNORECASE)


def of_heading(text: str) -> int:
    """The kinds that a heading gives to what stands under it."""
    found = NEXT if COMES_NEXT.search(text) else 0
    for match in _BY_HEADING.finditer(text):
        found |= int((match.lastgroup or "k0")[1:])
    return found


def of_block(text: str) -> int:
    """The kinds that a block of prose has by itself: a mark of failure, or a line that begins with `Fix:` or its like."""
    found = FAILED if not text.isascii() and any(mark in text for mark in _FAILURE_MARKS) else 0
    low = text.lower()
    if any(hint in low for hint in _SOLVED_HINTS) and _SOLVED_LINE.search(text):
        found |= SOLVED
    return found


def of_commit(subject: str) -> int:
    """A revert tells of a failure, a fix of what solved one."""
    if subject.startswith("Revert "):
        return FAILED
    return SOLVED if _FIXING.search(subject) else 0

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.markdown.dates import date_in_name, dates_in
from repoops.markdown.facts import Dated, Heading, Label, Marks, facts
from repoops.markdown.outcome import outcome_of

LOG = """\
# Session Summary: kernel ✅ `v3`

**Date**: October 14, 2025, 11:35 PM PST
**Status:** ✅ COMPLETE / ⚠️ two open
**Files**:
Status: ignored, the bold one is first

## Next steps
- [x] compile `❌`
- [ ] measure ❌ on 2025-10-15
* **Owner**: Ada<br>**Result**: `ok` ⏳

| check | state |
|-------|-------|
| build | ✅ |
| run   | ✅︎ on 3 Oct 2025 |

```
✅ ✅ ✅ **Status**: failed on 2025-01-01
```
"""


def test_a_log_says_of_itself() -> None:
    found = facts(LOG.encode())
    assert found.title == "Session Summary: kernel ✅ v3"
    assert found.headings == (
        Heading(1, "Session Summary: kernel ✅ v3", 1),
        Heading(2, "Next steps", 8),
    )
    assert found.labels == (
        Label("date", "October 14, 2025, 11:35 PM PST", 3, bold=True),
        Label("status", "✅ COMPLETE / ⚠️ two open", 4, bold=True),
        Label("files", "", 5, bold=True),
        Label("status", "ignored, the bold one is first", 6, bold=False),
        Label("owner", "Ada", 11, bold=True),
        Label("result", "ok ⏳", 11, bold=True),
    )
    assert found.dates == (
        Dated("2025-10-14", "October 14, 2025", 3),
        Dated("2025-10-15", "2025-10-15", 10),
        Dated("2025-10-03", "3 Oct 2025", 16),
    )
    assert found.marks == Marks(done=4, failed=1, partial=1, pending=1)
    assert found.marks.total == 7
    assert (found.tasks_done, found.tasks_open, found.fences, found.tables) == (1, 1, 1, 1)
    assert (found.lines, found.outcome, found.front_matter) == (20, "partial", None)
    assert found.status == found.labels[1]
    assert found.date_label == found.labels[0]


def test_front_matter_is_read_as_such_and_not_as_a_heading() -> None:
    found = facts(b"\xef\xbb\xbf---\r\ntitle: Log\r\ndone: 3\r\n---\r\nStatus: done\r\n")
    assert found.front_matter == {"title": "Log", "done": 3}
    assert (found.title, found.headings, found.lines) == ("Log", (), 5)
    assert found.labels == (Label("status", "done", 5, bold=False),)
    assert facts(b"---\n[not: yaml\n---\n# T\n").front_matter is None
    assert facts(b"---\n\ntext\n").title is None  # a rule, never closed


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("✅ COMPLETE", "done"),
        ("COMPLETE (✅)", "done"),
        ("✅ done, ❌ one failed", "partial"),
        ("⚠ done", "partial"),
        ("⏳ running", "partial"),
        ("❌ BLOCKED", "failed"),
        ("not ready", "failed"),
        ("incomplete", "failed"),
        ("complete, one check failed", "failed"),
        ("✅ complete, 2 tests fail", "partial"),
        ("in progress", "partial"),
        ("ready for review", "done"),
        ("já concluído", "done"),
        ("完成", "done"),
        ("Starting now", "other"),
        ("", "other"),
    ],
)
def test_an_outcome_is_what_the_line_claims(status: str, outcome: str) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("LOG_OCT14_2025.md", "2025-10-14"),
        ("LOG_20251002.md", "2025-10-02"),
        ("2025-10-14-log.md", "2025-10-14"),
        ("STATUS_OCT15.md", "--10-15"),
        ("v2_14Oct2025.md", "2025-10-14"),
        ("PORT_20259999.md", None),
        ("DECISION_12.md", None),
        ("README.md", None),
    ],
)
def test_dates_in_names(name: str, date: str | None) -> None:
    assert date_in_name(name) == date


def test_dates_in_prose_skip_what_is_none() -> None:
    assert dates_in("from 2025-13-45 to Feb 29, 2024; 14.10.2025, 2025年10月8日 and May 2025") == [
        ("2024-02-29", "Feb 29, 2024"),
        ("2025-10-14", "14.10.2025"),
        ("2025-10-08", "2025年10月8日"),
    ]


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.text("# *_`[]()<>|-\n\r\t:✅\ufe0fa1.", max_size=120).map(str.encode))
def test_no_content_makes_it_fail(data: bytes) -> None:
    found = facts(data)
    assert all(1 <= label.line <= max(found.lines, 1) for label in found.labels)

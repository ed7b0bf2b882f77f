from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from repoops.session.brief import TITLES, Line, rendered
from repoops.tokens import tokens
from tests.support.repo import Repo


def brief(repo: Repo, *args: str) -> str:
    said = repo.repoops("brief", *args)
    assert (said.code, said.stderr) == (0, "")
    text = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "WHEN", said.stdout)
    text = re.sub(r"after \d+\.\d s", "after N s", text)
    text = text.replace(f"`{sys.executable} ", "`python ")
    return re.sub(r"(?<=at )[0-9a-f]{10}|(?<=evidence/)[\w-]+", "ID", text)


def test_what_failed_comes_first_and_what_was_mended_is_gone(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit("start", {"bad.py": "import sys\nsys.exit(3)\n", "flaky.py": "import sys\nsys.exit(1)\n"})
    repo.repoops("session-start")
    repo.repoops("run", "--", sys.executable, "bad.py")
    repo.repoops("run", "--", sys.executable, "flaky.py")
    repo.repoops("note", "three stages spill registers", "--failed")
    repo.repoops("note", "measure first", "--lesson")
    repo.repoops("note", "pad the pitch", "--option")
    repo.repoops("note", "swizzle", "--option", "--recommended")
    repo.repoops("session-end", "--no-verify")
    repo.commit("the session")
    repo.write("flaky.py", "")
    repo.repoops("run", "--", sys.executable, "flaky.py")
    assert brief(repo) == (
        "# Brief of repo, WHEN\n\n"
        "## State\n\n- main at ID, 1 uncommitted path\n- a session is open since WHEN, 1 run, 0 notes\n- last session ended WHEN: failed [docs/archive/session_logs/evidence/ID]\n\n"
        "## Open problems\n\n- `python bad.py`: exit 3 after N s [docs/archive/session_logs/evidence/ID/run-1.json]\n\n"
        "## Failed already\n\n- three stages spill registers [stated WHEN]\n\n"
        "## Measured\n\n- the kernels were never verified here [repoops verify]\n\n"
        "## Next\n\n- swizzle (recommended) [stated, WHEN]\n- pad the pitch [stated, WHEN]\n"
        "- run `repoops verify`: the kernels were not verified [derived: no report for this tree, WHEN]\n\n"
        "## Lessons\n\n- measure first [stated WHEN]\n"
    )
    repo.repoops("note", "try TMA", "--next")
    text = brief(repo)
    assert "- a session is open since WHEN, 1 run, 1 note\n" in text
    assert "## Next\n\n- try TMA [stated in the open session]\n\n" in text


LOG = """\
# Deploy

**Status**: ❌ BLOCKED

## Blockers

- the quota of the zone is 0
- no driver

## Next steps

1. Ask for quota
2. [ ] Try another zone
"""


def test_without_sessions_the_newest_logs_are_quoted_as_what_they_are(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit("logs", {"DEPLOY.md": LOG})
    assert brief(repo) == (
        "# Brief of repo, WHEN\n\n## State\n\n- main at ID, 0 uncommitted paths\n\n"
        "## Failed already\n\n- the quota of the zone is 0 [said, not measured: DEPLOY.md:7]\n- no driver [said, not measured: DEPLOY.md:8]\n\n"
        "## Measured\n\n- the kernels were never verified here [repoops verify]\n\n"
        "## Next\n\n- Ask for quota [said, not measured: DEPLOY.md:12]\n- Try another zone [said, not measured: DEPLOY.md:13]\n"
    )


def test_evidence_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit("odd", {"docs/archive/session_logs/evidence/x/session.json": "{"})
    said = repo.repoops("brief", "--json")
    assert said.code == 0
    assert "docs/archive/session_logs/evidence/x/session.json: cannot be read" in said.stderr
    assert list(json.loads(said.stdout)["sections"]) == list(TITLES)


LINES = st.lists(
    st.builds(
        Line,
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=80),
        st.sampled_from(["", "a.md:3"]),
    ),
    max_size=30,
)


@given(st.dictionaries(st.sampled_from(TITLES), LINES), st.integers(100, 600))
def test_it_keeps_to_its_size_and_says_what_is_left_out(found: dict[str, list[Line]], most: int) -> None:
    text = rendered("Brief", found, most)
    assert tokens(text) <= most
    for title, lines in found.items():
        if not lines:
            assert f"## {title}\n" not in text
            continue
        section = text.split(f"## {title}\n\n")[1].split("\n\n## ")[0].rstrip("\n").split("\n")
        left = re.fullmatch(r"- and (\d+) more, with a larger --tokens", section[-1])
        shown = len(section) - bool(left)
        assert section[:shown] == [str(line) for line in lines[:shown]]
        assert shown + (int(left[1]) if left else 0) == len(lines)

from __future__ import annotations

from repoops.archive.check import problems
from repoops.archive.decision import Decision, Reason
from repoops.archive.survey import survey
from repoops.config import Check
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def found(repo: Repo, config: Check, *logs: str) -> list[str]:
    decisions = [Decision(log, "archive", (Reason("status", "a status line", log, 3),)) for log in logs]
    decisions.append(Decision("README.md", "keep", (Reason("basic", "a basic"),)))
    return [str(p) for p in problems(survey(open_repository(repo.root)), decisions, config)]


def test_broken_links_are_named_by_file_and_line(repo: Repo) -> None:
    repo.commit(
        files={
            "README.md": "[a](docs/guide.md)\n[b](docs/gone.md#x) ![p](p.png)\n[c](../out.md) [d](/docs/guide.md)\n",
            "docs/guide.md": "```\n[a](gone.md)\n```\n[r]\n\n[r]: Guide.md\n",
            "docs/template.md": "[a]({{ page.url }}) [b](${base}/x) <a href='{% url x %}'>\n",
            "docs/page.html": "<a href='/gone'>",
            "docs/route.mdx": "[a](/gone) [b](gone.mdx)\n",
        }
    )
    repo.write("docs/loose.md", "[x](<a b.md>) [y](https://example.invalid) [z](#here)\n")
    assert found(repo, Check()) == [
        "README.md:2: leads nowhere: docs/gone.md [links]",
        "README.md:2: leads nowhere: p.png [links]",
        "README.md:3: leads nowhere: ../out.md [links]",
        "docs/guide.md:6: leads nowhere: Guide.md [links]",
        "docs/loose.md:1: leads nowhere: a b.md [links]",
        "docs/route.mdx:1: leads nowhere: gone.mdx [links]",
    ]
    assert found(repo, Check(links=False)) == []


def test_ceilings(repo: Repo) -> None:
    repo.commit(files={"README.md": "", "LOG.md": "", "docs/x.md": ""})
    repo.write("OTHER.md", "")
    message = "a log in the root (a status line); repoops archive moves it [root_logs]"
    assert found(repo, Check(), "LOG.md", "OTHER.md") == [f"LOG.md:3: {message}", f"OTHER.md:3: {message}"]
    assert found(repo, Check(root_logs=2), "LOG.md", "OTHER.md") == []
    assert found(repo, Check(root_files=3)) == []
    assert found(repo, Check(root_files=2)) == ["3 files in the root, 2 are allowed [root_files]"]

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.archive.decision import Decision, Reason
from repoops.archive.references import Mention, find_mentions, guarded
from repoops.archive.survey import survey
from repoops.config import Config
from repoops.vcs.read import open_repository
from tests.support.repo import Repo

LOG = "FIX_LOG.md"
HOME = "docs/archive/session_logs/"


def mentions(repo: Repo, *targets: str) -> list[Mention]:
    at = open_repository(repo.root)
    return find_mentions(at, survey(at), targets or (LOG,), Config())


def named(repo: Repo, path: str, text: str | bytes, **others: str) -> list[Mention]:
    repo.commit(files={LOG: "", path: text, **others})
    return mentions(repo)


MEANT = [
    # a plain path, from the root or from the file's own folder
    ("run.sh", "cat FIX_LOG.md", "FIX_LOG.md"),
    ("run.sh", "cat ./FIX_LOG.md", "./FIX_LOG.md"),
    ("src/a.ts", "import x from '../FIX_LOG.md'", "../FIX_LOG.md"),
    ("src/a.ts", "read('./FIX_LOG.md')", "./FIX_LOG.md"),
    ("a/b/c.py", "# see ../../FIX_LOG.md", "../../FIX_LOG.md"),
    ("a/b/c.py", "# see ../FIX_LOG.md, from another folder", "../FIX_LOG.md"),
    ("src/kernel.cu", "// See: FIX_LOG.md", "FIX_LOG.md"),
    ("src/a.c", "/* FIX_LOG.md: why */", "FIX_LOG.md"),
    ("win.ps1", r"Get-Content .\FIX_LOG.md", r".\FIX_LOG.md"),
    ("docs/conf.py", "include('/FIX_LOG.md')", "/FIX_LOG.md"),
    # variables and expressions
    ("run.sh", 'cat "$ROOT/FIX_LOG.md"', "FIX_LOG.md"),
    ("run.sh", 'cat "${PROJECT_DIR}/FIX_LOG.md"', "FIX_LOG.md"),
    ("ci/run.sh", 'cat "$(git rev-parse --show-toplevel)/FIX_LOG.md"', "FIX_LOG.md"),
    ("ci/run.sh", 'cat "$SCRIPT_DIR/../FIX_LOG.md"', "../FIX_LOG.md"),
    ("win.bat", r"type %CD%\FIX_LOG.md", "FIX_LOG.md"),
    ("a.py", "f'{root}/FIX_LOG.md'", "FIX_LOG.md"),
    ("a.js", "`${root}/FIX_LOG.md`", "FIX_LOG.md"),
    ("tests/a.py", "Path(__file__).parent.parent / 'FIX_LOG.md'", "FIX_LOG.md"),
    ("a.py", 'os.path.join(root, "FIX_LOG.md")', "FIX_LOG.md"),
    ("ci/a.js", "path.join(__dirname, '..', 'FIX_LOG.md')", "FIX_LOG.md"),
    ("a.py", 'for f in ("README.md", "FIX_LOG.md"):', "FIX_LOG.md"),
    ("a.py", 'print("read\\nFIX_LOG.md")', "FIX_LOG.md"),
    # links
    ("a.toml", 'docs = "https://github.com/o/r/blob/main/FIX_LOG.md"', "FIX_LOG.md"),
    ("a.toml", 'docs = "https://raw.githubusercontent.com/o/r/main/FIX_LOG.md"', "FIX_LOG.md"),
    (".cursor/rules/a.mdc", "[log](mdc:FIX_LOG.md)", "FIX_LOG.md"),
    ("CLAUDE.md", "Read @FIX_LOG.md first.", "FIX_LOG.md"),
    ("AGENTS.md", "Read @./FIX_LOG.md first.", "./FIX_LOG.md"),
    # no file type, and none that git tracks
    ("Makefile", "all:\n\tcp FIX_LOG.md dist/\n", "FIX_LOG.md"),
    ("run", "#!/bin/sh\ncat FIX_LOG.md\n", "FIX_LOG.md"),
    ("crlf.sh", "a\r\ncat FIX_LOG.md\r\n", "FIX_LOG.md"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "old"), MEANT)
def test_a_place_that_means_the_file_is_found_byte_by_byte(
    repo: Repo, path: str, text: str, old: str
) -> None:
    (mention,) = named(repo, path, text)
    assert (mention.target, mention.file) == (LOG, path)
    assert mention.old == old.encode() == text.encode()[mention.start : mention.end]
    assert mention.line == text[: text.index("FIX_LOG.md")].count("\n") + 1


NOT_MEANT = [
    ("run.sh", "cat docs/FIX_LOG.md"),
    ("run.sh", "cat MY_FIX_LOG.md PRE-FIX_LOG.md FIX_LOG.md.bak FIX_LOG.mdx FIX_LOG.md_ FIX_LOG.md-old"),
    ("run.sh", "ls *FIX_LOG.md **/FIX_LOG.md *.md"),
    ("run.sh", 'cat "$OUT_DIR/FIX_LOG.md" "$ROOT/docs/FIX_LOG.md" ~/FIX_LOG.md/x'),
    ("a.py", "f'{output}/FIX_LOG.md'"),
    ("a.py", 'report_dir / "FIX_LOG.md"'),
    ("a.py", 'os.path.join(self.results_dir, "FIX_LOG.md")'),
    ("a.py", 'os.path.join(root, "docs", "FIX_LOG.md")'),
    ("a.py", 'root / "docs" / "FIX_LOG.md"'),
    ("a.py", 'tmp_path / "FIX_LOG.md"'),
    ("a.js", "out + '/FIX_LOG.md'"),
    ("Dockerfile", "COPY x /app/FIX_LOG.md"),
    ("a.toml", 'x = "https://example.invalid/FIX_LOG.md"'),
    ("docs/other.md", "[x](../FIX_LOG.md) and FIX_LOG.md"),
    ("CLAUDE.md", "FIX_LOG.md is old."),
    ("page.html", "<a href='FIX_LOG.md'>x</a>"),
    ("notes.txt", "FIX_LOG.md"),
    ("uv.lock", "FIX_LOG.md"),
    ("node_modules/x/a.js", "FIX_LOG.md"),
    (".gitignore", "FIX_LOG.md"),
    (".dockerignore", "FIX_LOG.md"),
    (".claude/settings.local.json", '["Bash(git add FIX_LOG.md)"]'),
    ("repoops.yaml", "archive:\n  archive: [FIX_LOG.md]\n"),
    ("docs/archive/session_logs/x/session.json", '["FIX_LOG.md"]'),
    ("a.bin", b"\0FIX_LOG.md"),
    ("huge.py", "FIX_LOG.md\n" + "x" * 2_000_000),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), NOT_MEANT)
def test_a_place_that_means_another_file_or_needs_none_is_not_found(
    repo: Repo, path: str, text: str | bytes
) -> None:
    assert named(repo, path, text) == []


def test_the_file_that_lies_nearer_is_meant(repo: Repo) -> None:
    repo.commit(
        files={
            LOG: "",
            "src/FIX_LOG.md": "",
            "src/a.py": "# FIX_LOG.md",
            "src/b.py": "# ../FIX_LOG.md",
            "c.py": "# FIX_LOG.md",
        }
    )
    assert [(m.file, m.target) for m in mentions(repo, LOG, "src/FIX_LOG.md")] == [
        ("c.py", LOG),
        ("src/a.py", "src/FIX_LOG.md"),
        ("src/b.py", LOG),
    ]


def test_ci_runs_in_the_root(repo: Repo) -> None:
    (mention,) = named(
        repo, ".github/workflows/ci.yml", "run: test -f FIX_LOG.md", **{".github/workflows/FIX_LOG.md": ""}
    )
    assert mention.target == LOG


KINDS = [
    (".github/workflows/ci.yml", "run: test -f FIX_LOG.md", "ci", True),
    (".github/workflows/ci.yml", "on:\n  push:\n    paths:\n      - FIX_LOG.md\n", "ci", True),
    (".github/workflows/ci.yml", "on:\n  push:\n    paths-ignore:\n      - 'a.md'\n      - FIX_LOG.md\n", "exclusion", False),
    (".github/workflows/ci.yml", "run: test -f FIX_LOG.md || echo ignore: it", "ci", True),
    (".gitlab-ci.yml", "script: cat FIX_LOG.md", "ci", True),
    (".pre-commit-config.yaml", "  exclude: ^FIX_LOG.md$", "exclusion", False),
    ("Makefile", "x:\n\tcp FIX_LOG.md dist/", "build", True),
    ("justfile", "x:\n  cat FIX_LOG.md", "build", True),
    ("CMakeLists.txt", "install(FILES FIX_LOG.md DESTINATION doc)", "build", True),
    ("Dockerfile", "COPY FIX_LOG.md /", "build", True),
    ("pyproject.toml", '[project]\nreadme = "FIX_LOG.md"', "build", True),
    ("pyproject.toml", '[tool.x]\nexclude = [\n  "a.md",\n  "FIX_LOG.md",\n]', "exclusion", False),
    ("pyproject.toml", '[tool.repoops.archive]\narchive = ["FIX_LOG.md"]', "exclusion", False),
    ("package.json", '{"files": ["FIX_LOG.md"]}', "build", True),
    ("MANIFEST.in", "include FIX_LOG.md", "build", True),
    ("MANIFEST.in", "exclude FIX_LOG.md", "exclusion", False),
    ("App.sln", "FIX_LOG.md = FIX_LOG.md", "build", True),
    ("mkdocs.yml", "nav:\n  - Log: ../FIX_LOG.md", "navigation", True),
    ("docs/_sidebar.md", "- [Log](../FIX_LOG.md)", "navigation", True),
    ("website/sidebars.js", "'../FIX_LOG.md'", "navigation", True),
    ("docs/index.rst", ".. include:: ../FIX_LOG.md", "navigation", True),
    ("tests/test_a.py", "open('FIX_LOG.md')", "test", True),
    ("src/a.spec.ts", "open('FIX_LOG.md')", "test", True),
    ("src/a.py", "# FIX_LOG.md", "source", True),
    ("src/kernel.cuh", "// FIX_LOG.md", "source", True),
    (".cursor/rules/a.mdc", "FIX_LOG.md", "rules", True),
    ("evidence.json", '{"path": "FIX_LOG.md"}', "data", True),
    ("CLAUDE.md", "@FIX_LOG.md", "import", True),
    ("tidy.sh", "cat FIX_LOG.md", "script", True),
    ("tidy.sh", "git mv FIX_LOG.md docs/", "clean-up", False),
    ("tidy.sh", "rm -f FIX_LOG.md", "clean-up", False),
    ("a.py", "shutil.move('FIX_LOG.md', 'docs')", "clean-up", False),
    ("Makefile", "clean:\n\trm -f FIX_LOG.md", "clean-up", False),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "kind", "guards"), KINDS)
def test_the_kind_of_a_place(repo: Repo, path: str, text: str, kind: str, guards: bool) -> None:
    (mention, *_) = named(repo, path, text)
    assert (mention.kind.name, mention.kind.guards) == (kind, guards)


def test_a_script_that_lists_the_moves_holds_nothing(repo: Repo) -> None:
    names = [f"LOG_{n}.md" for n in range(3)]
    script = "for f in LOG_0.md LOG_1.md LOG_2.md; do\n  archive $f\ndone\n"
    repo.commit(
        files={**dict.fromkeys(names, ""), "scripts/cleanup-docs.sh": script, "scripts/show.sh": script}
    )
    assert {(m.file, m.kind.name) for m in mentions(repo, *names)} == {
        ("scripts/cleanup-docs.sh", "clean-up"),
        ("scripts/show.sh", "script"),
    }
    assert {m.kind.name for m in mentions(repo, *names[:2])} == {"script"}


def test_untracked_files_are_looked_at_and_symlinks_are_not(repo: Repo) -> None:
    repo.commit(files={LOG: "", "gone.sh": LOG})
    (repo.root / "gone.sh").unlink()
    repo.write("loose.sh", LOG)
    repo.write("target", LOG)
    (repo.root / "link.sh").symlink_to("target")
    assert [m.file for m in mentions(repo)] == ["loose.sh", "target"]


def test_names_with_blanks_and_other_letters(repo: Repo) -> None:
    name = "résumé du 14 (a).md"
    repo.commit(files={name: "", "a.py": f"# '{name}'", "b.py": "# './r%C3%A9sum%C3%A9%20du%2014%20(a).md'"})
    found = mentions(repo, name)
    assert [(m.file, m.rewritten(HOME + name)) for m in found] == [
        ("a.py", (HOME + name).encode()),
        ("b.py", f"./{HOME}r%C3%A9sum%C3%A9%20du%2014%20(a).md".encode()),
    ]


def test_a_name_that_is_the_end_of_another_is_told_apart(repo: Repo) -> None:
    repo.commit(files={"LOG.md": "", "FIX LOG.md": "", "a.sh": "cat 'FIX LOG.md' LOG.md"})
    assert [(m.target, m.old) for m in mentions(repo, "LOG.md", "FIX LOG.md")] == [
        ("FIX LOG.md", b"FIX LOG.md"),
        ("LOG.md", b"LOG.md"),
    ]


def test_no_file_no_search(repo: Repo) -> None:
    at = open_repository(repo.root)
    assert find_mentions(at, survey(at), (), Config()) == []


def test_a_named_file_stays_with_the_place_as_the_reason(repo: Repo) -> None:
    files = {f"s{n}.sh": f"\n\ncat {LOG} {LOG}" for n in range(5)}
    repo.commit(files={LOG: "", "B_LOG.md": "cat B_LOG.md", "C_LOG.md": "", "x.sh": "rm C_LOG.md", **files})
    before = [Decision(name, "archive", (Reason("name", "x"),)) for name in (LOG, "B_LOG.md", "C_LOG.md")]
    kept = Decision("D_LOG.md", "keep", (Reason("guide", "y"),))
    after = guarded([*before, kept], mentions(repo, LOG, "B_LOG.md", "C_LOG.md"))
    assert after == [
        Decision(
            LOG,
            "keep",
            (
                *(Reason("named", "a script names it", f"s{n}.sh", 3) for n in range(3)),
                Reason("named", "2 more places name it"),
            ),
        ),
        *before[1:],
        kept,
    ]


@pytest.mark.parametrize(
    ("path", "text", "after"),
    [
        ("run.sh", "cat ./FIX_LOG.md", f"cat ./{HOME}FIX_LOG.md"),
        ("ci/a.js", "join(__dirname, '..', 'FIX_LOG.md')", f"join(__dirname, '..', '{HOME}FIX_LOG.md')"),
        ("docs/a.ts", "x('../FIX_LOG.md')", "x('archive/session_logs/FIX_LOG.md')"),
        ("src/a.ts", "x('../FIX_LOG.md')", f"x('../{HOME}FIX_LOG.md')"),
        ("docs/conf.py", "x('/FIX_LOG.md')", f"x('/{HOME}FIX_LOG.md')"),
        ("w.bat", r"type .\FIX_LOG.md", r"type .\docs\archive\session_logs\FIX_LOG.md"),
        ("a.toml", "u = 'https://github.com/o/r/blob/main/FIX_LOG.md'", f"u = 'https://github.com/o/r/blob/main/{HOME}FIX_LOG.md'"),
        ("a/b.py", "# ../../FIX_LOG.md", f"# ../../{HOME}FIX_LOG.md"),
    ],
)  # fmt: skip
def test_a_place_is_rewritten_as_it_was_written(repo: Repo, path: str, text: str, after: str) -> None:
    (m,) = named(repo, path, text)
    assert text[: m.start] + m.rewritten(HOME + LOG).decode() + text[m.end :] == after


PREFIXES = st.sampled_from(
    ["", "./", "../", "../../", "$ROOT/", "docs/", "x/y/", "https://github.com/o/r/blob/main/", "{r}/"]
)
AROUND = st.sampled_from([("cat ", "\n"), ("'", "'"), ('"', '"'), ("(", ")"), ("# see ", ", "), ("=", ";")])


@settings(max_examples=40)
@given(
    places=st.lists(st.tuples(PREFIXES, AROUND), min_size=1, max_size=6),
    path=st.sampled_from(["a.py", "src/a.sh", "src/x/a.ts", "docs/a.js", ".github/workflows/a.yml"]),
    noise=st.binary(max_size=30).map(lambda b: b.replace(b"\0", b"")),
)
def test_what_is_rewritten_means_the_new_place_and_nothing_else_changes(
    places: list[tuple[str, tuple[str, str]]], path: str, noise: bytes
) -> None:
    text = noise + b"\n" + "\n".join(a + prefix + LOG + b for prefix, (a, b) in places).encode() + b"\n"
    new = HOME + LOG
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder, "r"))
        repo.commit(files={LOG: "", path: text})
        found = mentions(repo)
        after = text
        for m in reversed(found):
            after = after[: m.start] + m.rewritten(new) + after[m.end :]
        repo.git("rm", "-q", LOG)
        repo.commit(files={new: "", path: after})
        known = [m for m in found if m.base is not None]
        again = {m.line for m in mentions(repo, new)}
        assert {m.line for m in known} <= again
        assert mentions(repo) == []
        stripped = [line for n, line in enumerate(text.split(b"\n"), 1) if n not in {m.line for m in found}]
        assert stripped == [
            line for n, line in enumerate(after.split(b"\n"), 1) if n not in {m.line for m in found}
        ]

"""What the map says beside the tree: churn, owners, what people wrote, AGENTS.md, one folder, what was compiled."""

from __future__ import annotations

import json

import pytest

from repoops.codemap.draw import draw, stale
from repoops.codemap.owners import owners, owners_of
from repoops.codemap.scan import scan
from repoops.config import Config
from repoops.report.store import save
from repoops.report.verification import CaseResult, Passed, Resources, VerificationReport
from repoops.vcs.read import open_repository, subject
from tests.support import cuda_repo
from tests.support.repo import Repo

CONFIG = Config()
OPEN, CLOSE = "<!-- repoops:keep notes -->\n", "<!-- repoops:end notes -->\n"


def commits(repo: Repo, count: int, path: str = "fast/cli.py") -> None:
    for n in range(count):
        repo.commit(f"c{n}", files={path: cuda_repo.FILES["fast/cli.py"] + f"# {n}\n"})


def test_hot_spots_are_counted_up_to_a_commit_that_the_map_remembers(repo: Repo) -> None:
    cuda_repo.make(repo)
    commits(repo, 22)
    assert repo.repoops("codemap").code == 0
    first = repo.git("rev-parse", "--short=10", "HEAD").strip()
    line = f"Of 23 commits up to commit `{first}` so many changed: `fast/cli.py` 23.\n"
    assert line in repo.read("CODEMAP.md").decode()
    commits(repo, 3, "fast/listed.py")
    repo.write("fast/listed.py", cuda_repo.FILES["fast/listed.py"])
    repo.commit("map")
    assert stale(open_repository(repo.root), CONFIG) == []
    assert line in draw(open_repository(repo.root), CONFIG).text
    repo.git("mv", "fast/cli.py", "fast/line.py")
    assert any(
        said.startswith("line ") and "Hot spots: no longer so" in said
        for said in stale(open_repository(repo.root), CONFIG)
    )


def test_a_history_that_was_rewritten_is_counted_anew_and_a_shallow_clone_believes_the_map(
    repo: Repo,
) -> None:
    cuda_repo.make(repo)
    commits(repo, 22)
    repo.repoops("codemap")
    repo.commit("map")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", "../shallow")
    shallow = open_repository(repo.root.parent / "shallow")
    assert stale(shallow, CONFIG) == []
    assert "up to commit" in draw(shallow, CONFIG).text
    repo.write(
        "CODEMAP.md",
        repo.read("CODEMAP.md").replace(
            repo.git("rev-parse", "--short=10", "HEAD~1").strip().encode(), b"0123456789"
        ),
    )
    assert any(
        "Hot spots: changed" in said or "Hot spots: no longer" in said
        for said in stale(open_repository(repo.root), CONFIG)
    )


def test_the_last_rule_of_codeowners_that_matches_owns(repo: Repo) -> None:
    repo.commit(files={"CODEOWNERS": "# who\n* @all\nsrc/ @cuda # kernels\n/docs/* @nobody\n*.py @py @more\nsrc/none.py\n",
                       "src/a.cu": "", "src/b.py": "def f(): ...\n", "c.txt": ""})  # fmt: skip
    rules = owners(scan(open_repository(repo.root)))
    assert [(rule.pattern, rule.owners) for rule in rules] == [
        ("*", ("@all",)),
        ("src/", ("@cuda",)),
        ("*.py", ("@py", "@more")),
    ]
    assert [owners_of(path, rules) for path in ("src/a.cu", "src/b.py", "c.txt")] == [
        ("@cuda",),
        ("@py", "@more"),
        ("@all",),
    ]
    assert (
        "## Owners\n\n- `*`: @all\n- `src/`: @cuda\n- `*.py`: @py, @more\n"
        in draw(open_repository(repo.root), CONFIG).text
    )


WROTE = {
    "see `src/a.cu`, `src/`, `fast`, `./src/b.cuh` and `src/v1`": [],
    "see `src/gone.cu`": ["`src/gone.cu` is not there"],
    "see `src/gone/deeper/`": ["`src/gone/deeper/` is not there"],
    "another project's `theirs/file.py`, `a/b`, `and/or`, `x y`, `*.cu`, `src/*.cu`, `$HOME/x`, `https://x.org/y`": [],
    "made later: `src/build/out.o`": [],
    "`src/a.cu:7` starts it": [],
    "`src/a.cu:700` starts it": ["`src/a.cu:700`: the file has 20 lines"],
    "`src/a.cu` (20 lines)": [],
    "`src/a.cu` (21 lines)": ["`src/a.cu` has 20 lines, not 21"],
    "`src/a.cu`: about 20 lines": [],
    "`src/a.cu` (~40 lines)": ["`src/a.cu` has 20 lines, not 40"],
    "run `make build`, `make bench` or `make -j4 build`, `make build ARCH=sm_90`": [],
    "run `make phantom`": [],
    "run `just build`, `just b`, then `just nothing`": ["`just nothing` does not resolve"],
    "```\n`src/gone.cu`\n```": [],
    "`` `src/gone.cu` ``": [],
}  # fmt: skip


@pytest.mark.parametrize("words", WROTE)
def test_what_people_wrote_is_held_against_the_tree(repo: Repo, words: str) -> None:
    repo.write(".gitignore", "build/\n")
    cuda_repo.make(repo)
    repo.repoops("codemap")
    repo.write(
        "CODEMAP.md",
        repo.read("CODEMAP.md").replace(OPEN.encode(), OPEN.encode() + b"First.\n" + words.encode() + b"\n"),
    )
    text = repo.read("CODEMAP.md").decode()
    at = text[: text.index("First.")].count("\n") + 2
    assert stale(open_repository(repo.root), CONFIG) == [f"line {at}: notes: {said}" for said in WROTE[words]]


def test_a_target_that_no_makefile_has_is_named_where_the_makefile_is_read_whole(repo: Repo) -> None:
    repo.commit(files={"Makefile": ".PHONY: all\nall: x\n\techo\nx:\n\techo\n", "a.py": ""})
    repo.repoops("codemap")
    repo.write(
        "CODEMAP.md",
        repo.read("CODEMAP.md").replace(
            OPEN.encode(), OPEN.encode() + b"`make all`, `make x`, `make phantom`\n"
        ),
    )
    assert [line.partition(": ")[2] for line in stale(open_repository(repo.root), CONFIG)] == [
        "notes: `make phantom` does not resolve"
    ]
    for more in ("%.o: %.c\n", "include made.mk\n", "$(TARGETS):\n\techo\n"):
        repo.write("Makefile", "all x:\n\techo\n" + more)
        assert not any("phantom" in line for line in stale(open_repository(repo.root), CONFIG)), more


def test_agents_md_gets_a_section_that_stays_fresh_and_can_be_undone(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.write("AGENTS.md", "# Ours\n\nBe kind.\n")
    before = repo.picture()
    said = repo.repoops("codemap")
    assert said.stdout.splitlines()[-2:] == [
        f"{p} is written ({said.stdout.split('(')[-1].strip()[:-1]})" for p in ("CODEMAP.md", "AGENTS.md")
    ]
    text = repo.read("AGENTS.md").decode()
    assert text.startswith(
        "# Ours\n\nBe kind.\n\n<!-- repoops:begin codemap -->\n## Code map\n\nDrawn by `repoops codemap`."
    )
    assert text.endswith("- `uv.lock`: written by uv\n<!-- repoops:end codemap -->\n")
    assert repo.repoops("codemap").stdout == "CODEMAP.md is up to date\n"
    assert repo.repoops("codemap", "--check").code == 0
    repo.write("AGENTS.md", text.replace("Be kind.", "Be brief.") + "\nMore of ours.\n")
    assert repo.repoops("codemap", "--check").code == 0
    repo.write("Makefile", "all: ## everything\n")
    assert (
        "CODEMAP.md: the map section of AGENTS.md is out of date\n"
        in repo.repoops("codemap", "--check").stdout
    )
    repo.repoops("codemap")
    after = repo.read("AGENTS.md").decode()
    assert "`make all`: everything" in after
    assert after.startswith("# Ours\n\nBe brief.\n\n<!-- repoops:begin codemap -->")
    assert after.endswith("<!-- repoops:end codemap -->\n\nMore of ours.\n")
    repo.repoops("undo")
    repo.write("Makefile", cuda_repo.FILES["Makefile"])
    repo.write("AGENTS.md", text)
    assert repo.repoops("undo").code == 0
    assert repo.picture() == before


@pytest.mark.parametrize(
    "damaged",
    ["<!-- repoops:begin codemap -->\n", "x\n<!-- repoops:end codemap -->\n<!-- repoops:begin codemap -->\n"],
)
def test_damaged_markers_in_agents_md_are_refused(repo: Repo, damaged: str) -> None:
    cuda_repo.make(repo)
    repo.write("AGENTS.md", damaged)
    said = repo.repoops("codemap")
    assert (said.stdout, said.code) == ("", 2)
    assert "the markers of the map section do not pair" in said.stderr
    assert repo.read("AGENTS.md").decode() == damaged


def test_agents_md_keeps_windows_line_ends_and_a_link_is_left_alone(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.write("AGENTS.md", b"# Ours\r\n")
    repo.repoops("codemap")
    raw = repo.read("AGENTS.md")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    (repo.root / "AGENTS.md").unlink()
    repo.write("CLAUDE.md", "# Theirs\n")
    (repo.root / "AGENTS.md").symlink_to("CLAUDE.md")
    repo.repoops("codemap")
    assert repo.read("CLAUDE.md") == b"# Theirs\n"


FOLDER = """\
# src/

## Folders

- `src/`: a.cu, b.cuh, device.cuh, macros.cu, macros.h, named.cu
- `src/v1/`: step.cu
- `src/v2/`: step2.cu

## Key files

- `src/a.cu`: `plain`, `spread_out`, `bounded`, `host`
- `src/b.cuh`: `templated`, `special`, `bounds_first`, `attributed`, `clustered`
- `src/macros.cu`: `aliased`, `HEAD`, `go`, `MAKE`, `LAUNCH`
- `src/macros.h`: `FAST_MAKE`
- `src/named.cu`: `by_name`
- `src/v1/step.cu`: `step`, `a`
- `src/v2/step2.cu`: `step`
"""


def test_the_map_of_one_folder_is_printed_and_nothing_is_written(repo: Repo) -> None:
    cuda_repo.make(repo)
    before = repo.picture()
    said = repo.repoops("codemap", "src")
    assert said.stdout.startswith(FOLDER)
    assert "- `src/v1/step.cu`: `step`; launched in `src/v1/step.cu`; no test found\n" in said.stdout
    assert said.stdout.endswith(
        "## Uses and users\n\n- is imported from `tests/`\n\n## Tests by file\n\n- `src/v1/step.cu`: `tests/test_step.cu`\n- `src/v2/step2.cu`: `tests/test_step.cu`\n"
    )
    assert "bench" not in said.stdout
    assert repo.repoops("codemap", ".", cwd=repo.root / "src").stdout == said.stdout
    found = json.loads(repo.repoops("codemap", "src", "--format", "json").stdout)
    assert {kernel["path"].split("/")[0] for kernel in found["facts"]["kernels"]} == {"src"}
    assert repo.picture() == before
    missing = repo.repoops("codemap", "nowhere")
    assert (missing.stdout, missing.code) == ("", 2)
    assert missing.stderr.startswith("repoops codemap: nowhere: no such folder in the tree\n")
    file = next(path for path in repo.git("ls-files").split() if path.startswith("src/"))
    assert f"{file}: is a file, not a folder\n" in repo.repoops("codemap", file).stderr


def reported(repo: Repo) -> None:
    at = open_repository(repo.root)
    used = Resources("sm_90", 40, 0, 0, 8, 1024, 0, shared_dynamic=512, occupancy=0.75, kernel="plain")
    row = CaseResult("t", "a", "naive", "compile[sm_90]", "compile: sm_90", Passed(), 0.1, resources=used)
    save(
        at.state,
        VerificationReport(subject(at), "compile", (), (row,), (), "2025-10-14T12:00:00+00:00", 1.0, (), 0),
    )


def test_registers_and_occupancy_come_from_the_last_verification_and_it_is_said_of_which_tree(
    repo: Repo,
) -> None:
    cuda_repo.make(repo)
    repo.commit()
    reported(repo)
    line = "- plain on sm_90: 40 registers, 1536 bytes shared, 8 bytes spilled, occupancy 75%\n"
    said = repo.repoops("codemap", "src", "--tokens", "0").stdout
    assert f"## Registers and occupancy\n\nFrom the last verification of this very tree.\n\n{line}" in said
    commit = repo.git("rev-parse", "--short=10", "HEAD").strip()
    repo.commit("more", files={"x.txt": "1"})
    said = repo.repoops("codemap", "src", "--tokens", "0").stdout
    assert f"From the last verification of commit {commit}, 1 commit before HEAD.\n\n{line}" in said
    found = json.loads(repo.repoops("codemap", "--format", "json").stdout)["facts"]["compiled"]
    assert found["rows"][0]["registers"] == 40
    repo.git("checkout", "-q", "--orphan", "elsewhere")
    repo.commit("alone")
    assert "Registers" not in repo.repoops("codemap", "src").stdout

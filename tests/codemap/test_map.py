"""The map says what is in the tree, all of it resolves, and the same tree gives the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repoops.codemap.draw import draw
from repoops.config import CodeMap, Config
from repoops.tokens import tokens
from repoops.vcs.read import open_repository
from tests.codemap.naming import unresolved
from tests.support import cuda_repo
from tests.support.repo import Repo

HOUSE = Path(__file__).parents[2]
CONFIG = Config()
MAP = """\
# Code map of fast

Drawn from the tree by `repoops codemap` within 2000 tokens; `repoops codemap FOLDER` tells more of a folder. Text between \
lines `<!-- repoops:keep NAME -->` and `<!-- repoops:end NAME -->` is hand-written and stays; all else is redrawn.

Kernels for a talk, e.g. softmax.

## Entry points

- `fast`: `main` in `fast/cli.py`
- `gone`: fast.gone:main, which is not in this tree
- plugin `fast` of pytest11: `fast/plugin.py`
- `python -m fast`: `fast/__main__.py`
- `make build`: compile everything
- `make bench`: measure: all of it
- `make test-all`: measure: all of it
- `make profile`: under Nsight
- also `make clean`
- `just build`: Build it.
- also `just dep`
- CMake executable `bench_fast`: `CMakeLists.txt`
- CMake library `fast_kernels`: `CMakeLists.txt`
- extension module `fast._C`: `setup.py`
- `python scripts/convert.py`: Converts weights to half precision
- `.github/workflows/ci.yml`: CI on push, pull_request; jobs: `build`, `test`

## Folders

- `./`: gen
- `bench/`: main.cu
- `fast/`: Bindings for the kernels, i.e. launchers: broken, cli, launch, listed, plugin
- `scripts/`: convert
- `src/`: a.cu, b.cuh, device.cuh, macros.cu, macros.h, named.cu
- `src/v1/`: step.cu
- `src/v2/`: step2.cu
- `tests/`: test_kernels.py, test_step.cu

## Key files

- `bench/main.cu`: `warm_up`, `main`
- `fast/broken.py`: does not parse: line 1
- `fast/cli.py`: The command line: `main`
- `fast/launch.py`: Launches by name; not "quiet", which this says only here: `Runner`, `run`, `pick`, `SOURCE`, `SIZES`
- `fast/listed.py`: `b`, `a`
- `fast/plugin.py`: `pytest_configure`
- `scripts/convert.py`: Converts weights to half precision
- `src/a.cu`: `plain`, `spread_out`, `bounded`, `host`
- `src/b.cuh`: `templated`, `special`, `bounds_first`, `attributed`, `clustered`
- `src/macros.cu`: `aliased`, `HEAD`, `go`, `MAKE`, `LAUNCH`
- `src/macros.h`: `FAST_MAKE`
- `src/named.cu`: `by_name`
- `src/v1/step.cu`: `step`, `a`
- `src/v2/step2.cu`: `step`

## CUDA kernels

18 kernels in 7 files; in brackets launch bounds, template parameters, shared memory.

- `bench/main.cu`: `warm_up`; launched in `bench/main.cu`; no test found
- `src/a.cu`: `plain`; launched in `src/a.cu`; tested in `tests/test_kernels.py`
- `src/a.cu`: `spread_out`; no launch found; no test found
- `src/a.cu`: `bounded` (`256, 2`); launched in `src/a.cu`; no test found
- `src/b.cuh`: `templated` (`N * 32`; `typename T, int N = 4`); launched in `src/macros.cu`; no test found
- `src/b.cuh`: `special`, `quiet`; no launch found; no test found
- `src/b.cuh`: `bounds_first` (`128`); no launch found; no test found
- `src/b.cuh`: `attributed`, `clustered`; no launch found; no test found
- `src/macros.cu`: `aliased`; launched in `src/macros.cu`; no test found
- `src/macros.cu`: `made_f32_kernel`, `made_f16_kernel`; launched in `fast/launch.py`; tested in `tests/test_kernels.py`
- `src/macros.cu`: `headed`; launched in `src/macros.cu`; no test found
- `src/macros.cu`: `from_header`; no launch found; no test found
- `src/named.cu`: `by_name`; launched in `fast/launch.py`; tested in `tests/test_kernels.py`
- `src/v1/step.cu`: `step`; launched in `src/v1/step.cu`; no test found
- `src/v2/step2.cu`: `step`; launched in `tests/test_step.cu`; tested in `tests/test_step.cu`
- without kernels: `src/device.cuh`, `tests/test_step.cu`

## No-edit zones

- `*.mk`: hidden from agents by `.cursorignore`
- `ext/cutlass/`: submodule, not checked out
- `gen.py`: generated: its first lines say so
- `src/device.cuh`, `src/v2/**`: `.cursor/rules/edits.mdc` forbids it
- `src/v1/**`: generated, says `.gitattributes`
- `third_party/`: other people's code
- `uv.lock`: written by uv

## Notes

<!-- repoops:keep notes -->
<!-- repoops:end notes -->
"""


def listed(root: Path) -> list[str]:
    return [p for p in Repo(root).git("ls-files", "-co", "--exclude-standard", "-z").split("\0") if p]


def test_the_whole_map_of_a_cuda_repository(repo: Repo) -> None:
    cuda_repo.make(repo)
    said = repo.repoops("codemap", "--dry-run")
    assert (said.stdout, said.stderr, said.code) == (MAP, "", 0)
    assert unresolved(repo.root, listed(repo.root), MAP) == []


def test_all_that_our_own_map_names_is_there_and_it_keeps_its_budget() -> None:
    for budget in (2000, 0):
        text = draw(open_repository(HOUSE), CONFIG, budget, adopt=True).text
        assert text.count("`") > 150
        assert unresolved(HOUSE, listed(HOUSE), text) == []
        own = text.partition("\n<!-- repoops:keep")[0]
        assert budget == 0 or tokens(own) <= budget


def test_a_name_that_is_not_there_would_be_found(repo: Repo) -> None:
    cuda_repo.make(repo)
    for wrong in (
        "`make phantom`",
        "`src/gone.cu`",
        "`just hidden_one`",
        "`python -m slow`",
        "`fast/`: x `unknown`",
    ):
        assert len(unresolved(repo.root, listed(repo.root), f"x\n## A\n\n- {wrong}: x\n")) == 1, wrong


def test_the_same_tree_gives_the_same_bytes_wherever_it_lies(repo: Repo, tmp_path: Path) -> None:
    cuda_repo.make(repo)
    elsewhere = tmp_path / "another name for it"
    shutil.copytree(repo.root, elsewhere)
    said = {
        Repo(root).repoops("codemap", "--dry-run", env={"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone}).stdout
        for root, seed, locale, zone in ((repo.root, "0", "C", "UTC"), (elsewhere, "1", "C.UTF-8", "Asia/Tokyo"),
                                         (repo.root, "77", "POSIX", "UTC"))
    }  # fmt: skip
    assert said == {MAP}


def test_untracked_files_count_and_ignored_and_removed_ones_do_not(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.write("src/new.cu", "__global__ void fresh() {}\n")
    repo.write(".gitignore", "build/\n")
    repo.write("build/x.cu", "__global__ void ignored() {}\n")
    (repo.root / "src/named.cu").unlink()
    text = draw(open_repository(repo.root), CONFIG).text
    assert "`src/new.cu`: `fresh`" in text
    assert "ignored" not in text
    assert "named.cu" not in text


def test_excluded_files_are_left_out(repo: Repo) -> None:
    cuda_repo.make(repo)
    text = draw(open_repository(repo.root), Config(codemap=CodeMap(exclude=("bench/", "src/v*")))).text
    assert "warm_up" not in text
    assert "`step`" not in text
    assert "15 kernels in 4 files" in text


@pytest.mark.parametrize("budget", [200, 300, 500, 1000, 1500])
def test_no_map_is_larger_than_its_budget(repo: Repo, budget: int) -> None:
    cuda_repo.make(repo)
    text = draw(open_repository(repo.root), CONFIG, budget).text
    assert tokens(text) <= max(
        budget, 260
    )  # the frame alone, with the headings of all sections, takes that much
    assert unresolved(repo.root, listed(repo.root), text) == []
    assert "18 kernels in 7 files" in text


def test_what_had_no_room_is_counted(repo: Repo) -> None:
    cuda_repo.make(repo)
    text = draw(open_repository(repo.root), CONFIG, 500).text
    section = text.partition("## CUDA kernels")[2].partition("\n## ")[0]
    left = int(section.partition("- and ")[2].split()[0])
    assert section.count("\n- `") + section.count("without kernels") + left == 12


def test_all_facts_come_as_json_whatever_the_budget(repo: Repo) -> None:
    cuda_repo.make(repo)
    said = json.loads(repo.repoops("codemap", "--dry-run", "--json", "--tokens", "300").stdout)
    assert (said["schema"], said["path"]) == ("repoops/codemap/2", "CODEMAP.md")
    assert len(said["facts"]["kernels"]) == len(cuda_repo.KERNELS)
    assert {file["path"] for file in said["facts"]["files"]} >= {"fast/cli.py", "fast/launch.py"}
    bounded = next(k for k in said["facts"]["kernels"] if k["name"] == "bounded")
    assert bounded == {
        "name": "bounded",
        "path": "src/a.cu",
        "bounds": "256, 2",
        "template": "",
        "shared": "",
        "launched": ["src/a.cu"],
        "tested": [],
    }


def test_an_empty_repository_has_a_map_too(repo: Repo) -> None:
    text = draw(open_repository(repo.root), CONFIG).text
    assert "# Code map of this repository\n" in text
    assert "The tree does not say what it is for." in text


def test_odd_files_do_not_matter(repo: Repo) -> None:
    odd = os.fsdecode(b"raw-\xff.py")
    repo.commit(files={"a.py": b"\xff\xfe\x00", "b.cu": b"__global__ \xff void", "c.py": "x = 1\n" * 200_000,
                       odd: "def f(): ...\n", "pyproject.toml": "not toml [", "package.json": "[]", "d.py": "(" * 5000,
                       "with`tick.py": '"""A `code` <!-- repoops:keep x --> **bold**."""\ndef g(): ...\n',
                       ".github/workflows/a.yml": "\t- [", "Makefile": b"\xff: x\n", "README.md": b"\xff\xfe"})  # fmt: skip
    (repo.root / "loop.py").symlink_to("loop.py")
    (repo.root / "out.py").symlink_to(os.devnull)
    os.mkfifo(repo.root / "pipe.py")
    done = subprocess.run(
        [sys.executable, "-m", "repoops", "codemap"], cwd=repo.root, capture_output=True, check=True
    )
    assert done.stdout.endswith(b")\n")
    text = repo.read("CODEMAP.md").decode()
    assert "`raw-\\xff.py`: `f`" in text
    assert "- `` with`tick.py ``: A code repoops:keep x bold: `g`" in text
    assert "`d.py`: does not parse" in text
    assert repo.repoops("codemap").stdout == "CODEMAP.md is up to date\n"


def test_a_tree_of_python_loads_no_scanner_of_other_languages(repo: Repo) -> None:
    repo.commit(files={"a.py": "def f(): ...\n", ".github/workflows/ci.yml": "on: push\njobs:\n  a: {}\n"})
    modules = (
        "yaml",
        "hashlib",
        "repoops.report.verification",
        "repoops.codemap.cuda",
        "repoops.codemap.definitions",
    )
    look = f"import sys; sys.argv[1:] = ['codemap', '--dry-run']; from repoops.cli.app import main; main(); print(sorted(set(sys.modules) & {set(modules)}))"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=repo.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\n[]\n")

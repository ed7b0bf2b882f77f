"""A map is stale when something that it states is no longer so, and only then; what differs is named."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from repoops.codemap.draw import draw, stale
from repoops.config import Config
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Repo

CONFIG = Config()


@dataclass(frozen=True)
class Drift:
    """A change of one file (`new` is None where it is removed), and a word that the findings must hold; none where there must be none."""

    path: str
    new: str | None
    told: str = ""


Files = dict[str, str]
Make = Callable[[random.Random, Files], Drift]


def generated(rng: random.Random) -> Files:
    """A CUDA repository with some dozens of modules and kernels beside those written by hand."""
    files = dict(cuda_repo.FILES)
    for n in range(12):
        folder = f"lib{n % 4}"
        files[f"{folder}/__init__.py"] = f'"""Package number {n % 4} of the library. More words."""\n'
        names = [f"fn_{n}_{rng.randrange(10**6)}" for _ in range(3)]
        body = "".join(
            f'def {name}(x):\n    """Adds {rng.randrange(9)}."""\n    return x + {rng.randrange(99)}\n\n\n'
            for name in names
        )
        files[f"{folder}/mod{n}.py"] = (
            f'"""Module {n} does {rng.randrange(99)} things. And more."""\nfrom lib0 import mod0\n\n\n{body}def _own():\n    mod0.shared({n})\n'
        )
        files[f"kern/k{n}.cu"] = (
            f'#include "common.cuh"\ntemplate <typename T, int N = {n + 2}>\n__global__ void __launch_bounds__({32 * (n + 1)}) gen_{n}(T* x) {{ x[0] = all_lanes({n}); }}\n'
            f"__global__ void lone_{n}(int y) {{ y = {n}; }}\nvoid host{n}() {{ gen_{n}<float><<<1, 1>>>(nullptr); }}\n"
        )
    files["lib0/mod0.py"] += "\n\ndef shared(x):\n    return x\n"
    files["kern/common.cuh"] = "__device__ float all_lanes(float x) { return x; }\n"
    files["Makefile"] += "".join(f"gen{n}: ## makes {n}\n\techo {n}\n" for n in range(6))
    return files


def changed(path: str, old: str, new: str, told: str = "") -> Make:
    """One replacement in one file."""
    return lambda _, files: Drift(path, replaced(files[path], old, new), told)


def added(path: str, text: str, told: str) -> Make:
    """A new file."""
    return lambda _rng, _files: Drift(path, text, told)


def everywhere(choose: Callable[[random.Random, Files], str], change: Callable[[str], str]) -> Make:
    """A change of some generated file that nothing in the map states."""

    def make(rng: random.Random, files: Files) -> Drift:
        path = choose(rng, files)
        return Drift(path, change(files[path]))

    return make


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def module(rng: random.Random, files: Files) -> str:
    return rng.choice(sorted(p for p in files if p.startswith("lib") and "mod" in p))


def kernel_file(rng: random.Random, files: Files) -> str:
    return rng.choice(sorted(p for p in files if p.startswith("kern/") and p.endswith(".cu")))


def caller(rng: random.Random, files: Files) -> str:
    return rng.choice(sorted(p for p in files if "/mod" in p and p != "lib0/mod0.py"))


def symbol_renamed(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    name = rng.choice(
        [line[4:].split("(")[0] for line in files[path].split("\n") if line.startswith("def fn_")]
    )
    return Drift(path, files[path].replace(name, f"{name}_anew"), f"{name}_anew")


def symbol_removed(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    name = rng.choice(
        [line[4:].split("(")[0] for line in files[path].split("\n") if line.startswith("def fn_")]
    )
    return Drift(path, files[path].replace(f"def {name}", f"def _{name}"), name)


def symbol_added(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, files[path] + f"\n\nclass Added{rng.randrange(99)}:\n    pass\n", "Added")


def module_added(rng: random.Random, _: Files) -> Drift:
    return Drift(f"lib1/added{rng.randrange(99)}.py", "def anew(): ...\n", "anew")


def module_removed(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, None, path)


def module_breaks(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, files[path] + "def (:\n", "does not parse")


def purpose_changed(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, replaced(files[path], "things", "wonders"), "wonders")


def folder_purpose_changed(rng: random.Random, files: Files) -> Drift:
    path = f"lib{rng.randrange(4)}/__init__.py"
    return Drift(path, replaced(files[path], "of the library", "of the lot"), "of the lot")


def kernel_added(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, files[path] + f"__global__ void extra_{rng.randrange(99)}() {{}}\n", "extra_")


def kernel_renamed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, files[path].replace("lone_", "single_"), "single_")


def kernel_removed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, replaced(files[path], "__global__ void lone_", "// __global__ void lone_"), "lone_")


def bounds_changed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, replaced(files[path], "__launch_bounds__(", "__launch_bounds__(2, "), "`2, ")


def template_changed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, replaced(files[path], "typename T,", "typename T, bool Causal,"), "bool Causal")


def launch_removed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, files[path].replace("<float><<<1, 1>>>", "_on_host"), "no launch found")


def launch_added(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    name = "lone_" + path[6:].removesuffix(".cu")
    return Drift("src/named.cu", files["src/named.cu"] + f"void go() {{ {name}<<<1, 1>>>(1); }}\n", name)


def target_changed(rng: random.Random, files: Files) -> Drift:
    n = rng.randrange(6)
    old, new = rng.choice(
        [
            (f"gen{n}:", f"renamed{n}:"),
            (f"makes {n}", f"builds {n}"),
            (f"gen{n}: ## makes {n}\n\techo {n}\n", ""),
        ]
    )
    return Drift("Makefile", replaced(files["Makefile"], old, new), f"gen{n}")


def call_removed(rng: random.Random, files: Files) -> Drift:
    path = caller(rng, files)
    return Drift(path, replaced(files[path], "mod0.shared(", "len("), "`shared`, called in 10 other files")


def call_added(rng: random.Random, files: Files) -> Drift:
    head = rng.choice(
        (
            "from lib0.mod0 import shared as s\ns(1)\n",
            "import lib0.mod0\n\n\ndef _a():\n    lib0.mod0.shared(1)\n\n\n",
        )
    )
    path = "scripts/convert.py"
    return Drift(path, files[path] + head, "`shared`, called in 12 other files")


def device_call_removed(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, replaced(files[path], "all_lanes(", "1 + ("), "`all_lanes`, called in 11 other files")


STATED: list[Make] = [
    call_removed, call_added, device_call_removed,
    symbol_renamed, symbol_removed, symbol_added, module_added, module_removed, module_breaks, purpose_changed,
    folder_purpose_changed, kernel_added, kernel_renamed, kernel_removed, bounds_changed, template_changed,
    launch_removed, launch_added, target_changed,
    changed("lib0/mod0.py", "def shared", "def divided", "no longer so: `lib0/mod0.py`: `shared`"),
    changed("kern/common.cuh", "all_lanes", "every_lane", "no longer so: `kern/common.cuh`: `all_lanes`"),
    changed("README.md", "Kernels for a", "Kernels for no", "Kernels for no"),
    changed("pyproject.toml", '"fast.cli:main"', '"fast.launch:run"', "`run` in `fast/launch.py`"),
    changed("pyproject.toml", 'fast = "fast.cli', 'faster = "fast.cli', "`faster`"),
    changed("pyproject.toml", 'name = "fast"', 'name = "slow"', "Code map of slow"),
    changed("fast/launch.py", '"by_name"', '"plain"', "by_name"),
    changed("tests/test_kernels.py", "'plain'", "'quiet'", "quiet"),
    changed("tests/test_kernels.py", "from fast.launch import run", "from fast import cli", "no test found"),
    changed("justfile", "build target", "rebuild target", "just rebuild"),
    changed(".github/workflows/ci.yml", "  test:", "  lint:\n    steps: []\n  test:", "`lint`"),
    changed(".github/workflows/ci.yml", "pull_request", "schedule", "schedule"),
    changed("CMakeLists.txt", "bench_fast", "bench_slow", "bench_slow"),
    changed(".gitmodules", "ext/cutlass", "deps/cutlass", "deps/cutlass"),
    changed("gen.py", "# @generated by tool\n", "", "gen.py"),
    changed(".cursorignore", "*.mk", "*.lock", "*.lock"),
    changed(".cursor/rules/edits.mdc", "src/v2/**", "src/v1/**", "src/v2/**"),
    changed("src/macros.h", "FAST_KERNEL void n(", "FAST_KERNEL void n##_more(", "from_header_more"),
    changed("src/a.cu", "#if 0", "#if 1", "dead"),
    added("fast/doc/README.md", "# Doc\n\nAll about the kernels.\n", "All about the kernels"),
    added("vendor/x.py", "pass\n", "vendor/"),
]  # fmt: skip


def module_body(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, replaced(files[path], "return x +", f"return {rng.randrange(9)} - x +"))


def kernel_body(rng: random.Random, files: Files) -> Drift:
    path = kernel_file(rng, files)
    return Drift(path, replaced(files[path], "x[0] =", f"x[{rng.randrange(9)}] ="))


def private_name(rng: random.Random, files: Files) -> Drift:
    path = module(rng, files)
    return Drift(path, files[path].replace("_own", f"_mine{rng.randrange(9)}"))


NOT_STATED: list[Make] = [
    module_body, kernel_body, private_name,
    everywhere(module, lambda text: replaced(text, "And more.", "And less.")),
    everywhere(module, lambda text: replaced(text, "Adds", "Will add")),
    everywhere(module, lambda text: text.replace("\n", "\r\n")),
    everywhere(caller, lambda text: text + "\n\ndef _more():\n    mod0.shared(2)\n"),
    everywhere(caller, lambda text: replaced(text, "mod0.shared(", "mod0.shared(1 + ")),
    everywhere(kernel_file, lambda text: replaced(text, "all_lanes(", "all_lanes(2.f * ")),
    changed("fast/launch.py", "lower = 3", "lower = 3\n\n\ndef _own(shared, x):\n    shared(1)\n    x.shared(2)\n"),
    changed("src/named.cu", "\n", '\n// all_lanes(1)\nstatic const char* said = "all_lanes(1)";\n'),
    everywhere(kernel_file, lambda text: text + "// a comment with __global__ void no() {}\n"),
    everywhere(kernel_file, lambda text: text + "__global__ void lone_0(int);\n#if 0\n__global__ void off() {}\n#endif\n"),
    changed("README.md", "The rest", "What is left"),
    changed("README.md", "Second sentence", "Another one"),
    changed("Makefile", "rm -f x", "rm -f y"),
    changed("Makefile", "ARCH ?= sm_90", "ARCH ?= sm_80"),
    changed("justfile", "make {{target}}", "make -j {{target}}"),
    changed(".github/workflows/ci.yml", "steps: []", "steps: [{run: x}]"),
    changed("fast/launch.py", "class Runner:", "class Runner:  # noqa"),
    changed("fast/launch.py", "def go(self)", "def went(self)"),
    changed("fast/launch.py", "lower = 3", "lower = 4"),
    changed("tests/test_kernels.py", "def test_plain", "def test_it"),
    changed("src/device.cuh", "square", "cube"),
    changed("src/a.cu", "plain<<<1, 32>>>", "plain<<<2, 64>>>"),
    changed("src/a.cu", "quoted", "cited"),
    changed("src/macros.h", "x[0] = 0", "x[0] = 1"),
    changed("third_party/lib/x.cu", "theirs", "others"),
    changed("gen.py", "X = 1", "Y = 2"),
    changed("uv.lock", "1", "2"),
    changed("pyproject.toml", "[project.scripts]", "[project.scripts] # the command"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_seeded_drift_is_found_where_the_map_states_it_and_only_there(repo: Repo, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded on purpose
    files = generated(rng)
    repo.commit(files=dict(files))
    at = open_repository(repo.root)
    repo.write("CODEMAP.md", draw(at, CONFIG, 0).content)
    assert stale(at, CONFIG) == []
    missed, false, count = [], [], 0
    for make in (*STATED, *NOT_STATED, *rng.sample(STATED[:16], 8)):
        drift = make(rng, files)
        if drift.new is None:
            (repo.root / drift.path).unlink()
        else:
            repo.write(drift.path, drift.new)
        said = stale(at, CONFIG)
        count += 1
        if drift.told and not any(drift.told in line for line in said):
            missed.append((drift, said))
        if not drift.told and said:
            false.append((drift, said))
        if drift.path in files:
            repo.write(drift.path, files[drift.path])
        else:
            (repo.root / drift.path).unlink()
    assert (missed, false) == ([], [])
    assert count >= 60
    assert stale(at, CONFIG) == []


def test_within_a_budget_only_what_is_shown_can_be_stale(repo: Repo) -> None:
    rng = random.Random(7)  # noqa: S311 - seeded on purpose
    files = generated(rng)
    repo.commit(files=dict(files))
    at = open_repository(repo.root)
    text = draw(at, CONFIG, 2200).text
    repo.write("CODEMAP.md", text)
    shown = 0
    for path in sorted(p for p in files if "/mod" in p):
        name = next(line[4:].split("(")[0] for line in files[path].split("\n") if line.startswith("def fn_"))
        repo.write(path, files[path].replace(name, f"{name[:-1]}_"))
        assert bool(stale(at, CONFIG)) == (f"`{name}`" in text)
        shown += f"`{name}`" in text
        repo.write(path, files[path])
    assert 0 < shown < 12


def test_check_says_what_differs_and_where(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    assert repo.repoops("codemap", "--check").stdout == ""
    repo.write("Makefile", "all: ## everything\nbuild: ## compile it all\n")
    repo.write("src/named.cu", "__global__ void __launch_bounds__(64) by_name() {}\n")
    said = repo.repoops("codemap", "--check")
    assert said.code == 1
    sites = "launched in `fast/launch.py`; tested in `tests/test_kernels.py`"
    assert said.stdout.splitlines() == [
        "CODEMAP.md: line 13: Entry points: changed: `make build`: compile everything → `make build`: compile it all",
        "CODEMAP.md: line 14: Entry points: no longer so: `make bench`: measure: all of it",
        "CODEMAP.md: line 15: Entry points: no longer so: `make test-all`: measure: all of it",
        "CODEMAP.md: line 16: Entry points: no longer so: `make profile`: under Nsight",
        "CODEMAP.md: line 17: Entry points: no longer so: also `make clean`",
        f"CODEMAP.md: line 70: CUDA kernels: changed: `src/named.cu`: `by_name`; {sites} → `src/named.cu`: `by_name` (`64`); {sites}",
        "CODEMAP.md: Entry points: missing: `make all`: everything",
    ]


def test_lines_that_were_only_moved_are_told_of(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.repoops("codemap")
    lines = repo.read("CODEMAP.md").decode().split("\n")
    at = lines.index("- `bench/`: main.cu")
    lines[at], lines[at + 2] = lines[at + 2], lines[at]
    repo.write("CODEMAP.md", "\n".join(lines))
    assert stale(open_repository(repo.root), CONFIG) == ["the order of its lines, or its blank lines"]


def test_evidence_of_a_session_does_not_make_the_map_stale(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    for name, content in {
        **cuda_repo.FILES,
        ".cursorignore": "docs/archive/session_logs/evidence/\n",
    }.items():
        repo.write(name, content)
    opened = open_repository(repo.root)
    repo.write(CONFIG.codemap.path, draw(opened, CONFIG).content)
    repo.write(f"{CONFIG.archive.destination}/evidence/20260101-000000/verify.json", "{}\n")
    assert stale(opened, CONFIG) == []

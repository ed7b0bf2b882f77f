"""What the layers cannot say: sizes, and who may print, read time, start processes or write into a work tree."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
MODULES = sorted((HOUSE / "repoops").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}

MAY_START_PROCESSES = (
    "vcs/run.py",
    "session/run.py",
    "gpu/ask.py",
    "suite/runner.py",
    "nvidia/*.py",
    "engine/guard.py",
    "machine.py",
    "bench/processes.py",
    "remote/ssh.py",
    "remote/sky.py",  # the user's `sky`, asked for a cluster's queue
    "wheels/pip_settings.py",
    "remote/agent/*.py",  # sent to a host and run there: it owns the processes of a job
    "remote/there.py",  # likewise: it is the job
    "remote/slurm.py",  # likewise, on a cluster's login node
)
MAY_PRINT = ("cli/console.py",)
MAY_READ_TIME = ("clock.py", "remote/agent/*.py")  # the agent runs elsewhere, where there is no clock of ours
CLOCKS = {
    "time.time",
    "time.perf_counter_ns",
    "time.monotonic",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "date.today",
}


def name(path: Path) -> str:
    return path.relative_to(HOUSE / "repoops").as_posix()


def allowed(path: Path, globs: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name(path), glob) for glob in globs)


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def test_no_module_is_over_600_lines_and_no_function_over_60() -> None:
    long = [
        f"{name(p)}: {n} lines"
        for p in MODULES
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 600
    ]
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1  # a command's options are no code
                if lines > 60:
                    long.append(f"{name(path)}:{node.lineno}: {node.name} has {lines} lines")
    assert long == []


def test_processes_are_started_in_few_places() -> None:
    found = [
        f"{name(path)}:{line}"
        for path, tree in TREES.items()
        if not allowed(path, MAY_START_PROCESSES)
        for line, module in imports(tree)
        if module.split(".")[0] in ("subprocess", "multiprocessing", "pty")
    ]
    assert found == []


def test_only_the_console_prints() -> None:
    found = [
        f"{name(path)}:{line}"
        for path, tree in TREES.items()
        if not allowed(path, MAY_PRINT)
        for line, call in calls(tree)
        if call in ("print", "typer.echo", "click.echo", "rich.print")
    ]
    assert found == []


def test_only_the_clock_reads_time() -> None:
    found = [
        f"{name(path)}:{line}: {call}"
        for path, tree in TREES.items()
        if not allowed(path, MAY_READ_TIME)
        for line, call in calls(tree)
        if call in CLOCKS or call.removeprefix("datetime.") in CLOCKS
    ]
    assert found == []


def test_only_vcs_imports_gitpython() -> None:
    found = [
        f"{name(path)}:{line}"
        for path, tree in TREES.items()
        if not name(path).startswith("vcs/")
        for line, module in imports(tree)
        if module.split(".")[0] == "git"
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["repoops", "kernels", "tests", "benchmarks", "docs", ".ci", ".cursor"])
def test_nothing_names_a_path_of_some_machine(folder: str) -> None:
    home = re.compile(r"(?<![\w.])/(?:home|Users|root)/\w+")
    hits = []
    for path in sorted((HOUSE / folder).rglob("*")):
        if path.suffix in (".py", ".cu", ".md", ".yaml", ".yml", ".toml", ".mdc", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            hits += [
                f"{path.relative_to(HOUSE)}:{n}: {line.strip()[:80]}"
                for n, line in enumerate(text.splitlines(), 1)
                if home.search(line) and "example" not in line and path != Path(__file__)
            ]
    assert hits == []


def test_the_root_holds_what_the_house_says() -> None:
    wanted = {
        "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "CODEMAP.md", "SESSION_SUMMARY.md",
        ".pre-commit-hooks.yaml", ".cursorignore", ".gitignore",
    }  # fmt: skip
    from tests.support.repo import Repo

    listed = {p for p in Repo(HOUSE).git("ls-files", "-z").split("\0") if p and "/" not in p}
    assert listed <= wanted

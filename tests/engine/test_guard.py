"""Launches in a process of their own: tensors come back as if they had never left, and nothing a kernel does ends this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from repoops import engine
from repoops.engine import guard
from repoops.engine.launch import EngineResult
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch
from repoops.nvidia import nvrtc

SOURCE = Path(__file__).parent / "hostile.cu"
LINES = SOURCE.read_text(encoding="utf-8").splitlines()
ALL = ("memcheck", "racecheck", "initcheck", "synccheck", "coverage")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(cache: Path) -> Callable[..., EngineResult]:
    def go(name: str, *args: Any, block: int = 64, grid: int = 1, **more: Any) -> EngineResult:
        ptx, entry = nvrtc.compile_ptx(Kernel(SOURCE, name), "sm_89", keep=cache)
        return guard.run(ptx, entry, Launch((grid, 1, 1), (block, 1, 1), args), keep=cache, **more)

    return go


def line(words: str) -> int:
    """Where the source says something."""
    return next(n for n, text in enumerate(LINES, 1) if words in text)


def worker() -> int:
    return guard._kept[0]._process.pid  # the process that the next launch goes to


@pytest.mark.parametrize("offset", [0, 1, 4, 1023, 4093])
@pytest.mark.parametrize("n", [1, 5000])
def test_results_come_back_in_place_wherever_a_tensor_begins(run: Any, offset: int, n: int) -> None:
    storage = torch.full((offset + n + 3,), 7.0)
    y = storage[offset : offset + n]
    x = torch.arange(1.0, n + 1)
    assert run("twice", x, y, np.int32(n), block=128, grid=-(-n // 128), checks=ALL).findings == ()
    assert torch.equal(y, 2 * torch.arange(1.0, n + 1))
    assert (storage[:offset] == 7).all()
    assert (storage[offset + n :] == 7).all()


def test_arguments_that_overlap_stay_so(run: Any) -> None:
    storage = torch.zeros(65)
    storage[0] = 1
    # Each element is twice the one before: with one block of one warp, lane after lane would differ from all at once.
    run("twice", storage, storage[1:], np.int32(1), block=32)
    run("twice", storage, storage[1:], np.int32(2), block=32)
    assert storage[:4].tolist() == [1, 2, 4, 0]
    run("twice", storage, storage, np.int32(3), block=32)
    assert storage[:4].tolist() == [2, 4, 8, 0]


def test_what_lies_beside_a_view_in_its_storage_is_seen_and_changed(run: Any) -> None:
    storage = torch.full((64,), 5.0)
    run("add_at", storage[16:32], np.int64(-4), block=1)
    run("add_at", storage[16:32], np.int64(64), block=1)
    assert storage[14:34].tolist() == [5, 6, *[5] * 16, 6, 5]


def test_findings_speak_of_this_process_s_addresses() -> None:
    y = torch.zeros(16)
    for way in (guard.run, engine.run):
        ptx, entry = nvrtc.compile_ptx(Kernel(SOURCE, "add_at"), "sm_89")
        launch = Launch((1, 1, 1), (1, 1, 1), (y, np.int64(64)))
        found = way(ptx, entry, launch, checks=("memcheck",)).findings
        assert {(f.rule, f.address, f.buffer) for f in found} == {
            ("out-of-bounds", y.data_ptr() + 64, "0 bytes after argument 1 (float32 [16])")
        }
        assert {f.line for f in found} == {line("void add_at")}


def test_pointers_that_a_tensor_holds_lead_where_they_lead_here() -> None:
    parts = torch.zeros(2, 5000)
    table = torch.tensor([part.data_ptr() for part in parts])
    ptx, entry = nvrtc.compile_ptx(Kernel(SOURCE, "through_a_table"), "sm_89")
    # The kernel has two parameters; the tensor that the table leads to goes along by one launch that names it.
    launch = Launch((1, 1, 1), (64, 1, 1), (table, np.int32(2)))
    found = guard.run(ptx, entry, launch).findings
    assert [f.rule for f in found] == ["fault"]  # nobody was told of `parts`
    text = ptx.replace(f"{entry}(", f"{entry}(\n\t.param .u64 also,", 1)
    launch = Launch((1, 1, 1), (64, 1, 1), (parts, table, np.int32(2)))
    assert guard.run(text, entry, launch, checks=("memcheck",)).findings == ()
    assert parts[1, :32].tolist() == [1 + 2 * n for n in range(32)]


@pytest.mark.parametrize("offset", [1 << 40, -(1 << 40), 1 << 46, -(1 << 62)])
def test_a_wild_pointer_without_memcheck_is_a_finding_with_its_place(run: Any, offset: int) -> None:
    y = torch.zeros(16)
    (found,) = run("add_at", y, np.int64(offset), block=32, checks=("racecheck",)).findings[:1]
    assert (found.check, found.rule, found.severity, found.line) == (
        "memcheck",
        "fault",
        "error",
        line("void add_at"),
    )
    assert found.message.startswith("the launch died of SIG")
    assert y.sum() == 0
    assert run("twice", y + 1, y, np.int32(16)).findings == ()
    assert y.sum() == 32


@pytest.mark.parametrize("checks", [(), ALL])
@pytest.mark.parametrize(
    ("kernel", "n", "rule"),
    [("recurse", 1 << 20, "stack-overflow"), ("fibs", 90, "limit"), ("calls", 16000, "limit"), ("spins", 10, "limit"),
     ("waits", 9, "limit"), ("itself", 0, "limit")],
)  # fmt: skip
def test_what_would_never_end_ends_with_its_place(
    run: Any, kernel: str, n: int, rule: str, checks: Any
) -> None:
    p = torch.zeros(4, dtype=torch.int32)
    found = [
        f for f in run(kernel, p, np.int32(n), checks=checks, limit=1 << 18).findings if f.check == "run"
    ]
    assert [f.rule for f in found] == [rule]
    wanted = {n for n, text in enumerate(LINES, 1) if f"// {rule}: {kernel}" in text}
    assert found[0].line in wanted


@pytest.mark.parametrize("grid", [1, 1000])
def test_time_ends_what_no_count_of_turns_does(run: Any, grid: int) -> None:
    begun = time.monotonic()
    p = torch.zeros(4, dtype=torch.int32)
    found = run("spins", p, np.int32(1), grid=grid, limit=1 << 50, seconds=1.0).findings
    assert [(f.rule, f.line) for f in found] == [("timeout", line("void spins"))]
    assert time.monotonic() - begun < guard.GRACE


def test_prints_without_end_are_kept_up_to_a_number(run: Any) -> None:
    printed = run("floods", torch.zeros(4, dtype=torch.int32), np.int32(1000), block=32).printed
    assert printed.endswith("(27,904 more calls of printf are not kept)\n")
    assert len(printed.splitlines()) == 4097


@pytest.mark.parametrize(
    ("launch", "said"),
    [(Launch((0, 1, 1), (32, 1, 1), ()), "a grid of"), (Launch((1, 1, 1), (32, 32, 2), ()), "2048 threads"),
     (Launch((1, 1, 1), (-1, 1, 1), ()), "a block of"), (Launch((1, 1, 1), (32, 1, 1), (), 1 << 40), "dynamic shared"),
     (Launch((1, 1, 1), (32, 1, 1), (), -1), "dynamic shared"), (Launch((1, 1, 1), (32, 1, 1), ()), "3 parameters, 0")],
)  # fmt: skip
def test_a_launch_that_cannot_be_is_refused(cache: Path, launch: Launch, said: str) -> None:
    ptx, entry = nvrtc.compile_ptx(Kernel(SOURCE, "twice"), "sm_89", keep=cache)
    with pytest.raises(RepoOpsError, match=said):
        guard.run(ptx, entry, launch, keep=cache)


def read_only() -> np.ndarray[Any, Any]:
    array = np.ones(4, np.float32)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.zeros(4, device="meta"), "has no memory"),
        (torch.zeros(4, 4).to_sparse(), "not a dense one"),
        (np.arange(8, dtype=np.float32)[::-1], "negative stride"),
        (np.array([None, 1], object), "Python objects"),
        (np.array(None, object), "a Python object"),
        (7, "has no width"),
        (None, "has no width"),
        ("text", "has no width"),
        ([1.0], "has no width"),
        (np.int32(1), "has 4 bytes, its parameter 8"),
        (np.complex128(1), "has 16 bytes, its parameter 8"),
    ],
)
def test_an_argument_that_cannot_be_handed_over_is_refused(run: Any, value: Any, said: str) -> None:
    with pytest.raises(RepoOpsError, match=said):
        run("twice", value, torch.zeros(4), np.int32(4))


@pytest.mark.parametrize(
    "value",
    [torch.ones(4, requires_grad=True), torch.ones(4, dtype=torch.complex64), torch.ones(16, dtype=torch.bool),
     torch.ones(1).expand(4), torch.ones(8)[::2], torch.ones(()), read_only(), np.ones((4, 4), np.float32).T],
)  # fmt: skip
def test_an_unusual_argument_is_memory_like_any_other(run: Any, value: Any) -> None:
    y = torch.zeros(4)
    found = run("twice", value, y, np.int32(1), checks=("memcheck",))
    assert found.findings == ()
    assert y[0] != 0


def test_an_empty_tensor_and_a_number_for_a_pointer_are_none_that_can_be_followed(run: Any) -> None:
    y = torch.zeros(4)
    for value in (torch.zeros(0), np.uint64(0), np.float64("nan"), np.uint64(2**64 - 1), np.uint64(1 << 47)):
        (found,) = run("twice", value, y, np.int32(4), checks=("memcheck",)).findings
        assert (found.rule, found.line, found.count) == (found.rule, line("y[i] = 2"), 4)
        assert found.rule in ("null", "out-of-bounds", "misaligned")


def test_a_worker_that_something_else_has_harmed_costs_no_result(run: Any) -> None:
    x, y = torch.ones(4), torch.zeros(4)
    run("twice", x, y, np.int32(4))
    os.kill(worker(), signal.SIGKILL)
    time.sleep(0.1)
    run("twice", y, y, np.int32(4))
    # In the middle of a launch: it is tried once more in a new one.
    spoiler = threading.Timer(0.5, lambda: os.kill(worker(), signal.SIGKILL))
    spoiler.start()
    found = run("spins", torch.zeros(4, dtype=torch.int32), np.int32(1), limit=1 << 50, seconds=2.0).findings
    spoiler.join()
    assert [f.rule for f in found] == ["timeout"]
    assert y.tolist() == [4] * 4


def test_a_forked_process_has_a_worker_of_its_own(run: Any) -> None:
    x, y = torch.ones(4), torch.zeros(4)
    run("twice", x, y, np.int32(4))
    mine = worker()
    child = os.fork()
    if not child:
        status = 1
        try:
            run("twice", y, y, np.int32(4))
            status = 0 if y.tolist() == [4] * 4 and worker() != mine else 2
            guard.forget()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    run("twice", y, y, np.int32(4))
    assert (y.tolist(), worker()) == ([4] * 4, mine)


@pytest.mark.parametrize("how", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_worker_ends_with_its_parent_even_in_the_middle_of_a_launch(cache: Path, how: str) -> None:
    script = f"""
import threading, time, sys
import numpy as np
from pathlib import Path
from repoops.engine import guard
from repoops.kernel.model import Kernel, Launch
from repoops.nvidia import nvrtc
ptx, entry = nvrtc.compile_ptx(Kernel(Path({str(SOURCE)!r}), "spins"), "sm_89", keep=Path({str(cache)!r}))
launch = Launch((1, 1, 1), (32, 1, 1), (np.zeros(4, np.int32), np.int32(1)))
threading.Thread(target=lambda: guard.run(ptx, entry, launch, limit=1 << 50), daemon=True).start()
while not guard._kept: time.sleep(0.01)
time.sleep(0.5)
print(guard._kept[0]._process.pid, flush=True)
{how}
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    pid = int(said.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it is still there")


def test_threads_may_launch_at_once(run: Any) -> None:
    outs = [torch.zeros(1000) for _ in range(6)]
    threads = [
        threading.Thread(target=run, args=("twice", torch.full((1000,), float(n)), y, np.int32(1000)), kwargs={"grid": 16})
        for n, y in enumerate(outs)
    ]  # fmt: skip
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [float(y.sum()) for y in outs] == [2000.0 * n for n in range(6)]

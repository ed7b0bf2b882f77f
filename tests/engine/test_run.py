"""Whole kernels on the CPU: control flow, calls, memory, atomics, copies, matrices, against numpy and torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from repoops import engine
from repoops.kernel.model import Kernel, Launch
from repoops.nvidia import nvrtc

HERE = Path(__file__).parent
ALL = ("memcheck", "racecheck", "initcheck", "synccheck", "coverage")
ORDERS = ("forward", "reverse", "seed:3")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(cache: Path) -> Any:
    def go(
        name: str,
        grid: Any,
        block: Any,
        args: tuple[Any, ...],
        *,
        file: str = "features.cu",
        shared: int = 0,
        **more: Any,
    ) -> engine.EngineResult:
        ptx, entry = nvrtc.compile_ptx(Kernel(HERE / file, name), "sm_89", keep=cache)
        three = [(e, 1, 1) if isinstance(e, int) else e for e in (grid, block)]
        launch = Launch(three[0], three[1], args, shared)
        return engine.run(ptx, entry, launch, **{"checks": ALL, "keep": cache, **more})

    return go


def collatz_like(x: int) -> int:
    """What the kernel `diverge` does to one number."""
    s = 0
    for k in range(x):
        if k % 3 == 0:
            continue
        if k > 40:
            break
        s += k * x if k & 1 else -k
        while s > 1000:
            s -= 777
    kinds = {0: lambda: s + 1, 1: lambda: s * 2 - 3, 2: lambda: s - 3, 3: lambda: s ^ x, 4: lambda: ~s}
    return kinds[x % 5]()


@pytest.mark.parametrize("order", ORDERS)
def test_lanes_that_part_come_to_their_own_results(run: Any, order: str) -> None:
    a = np.random.default_rng(0).integers(0, 60, 300).astype(np.int32)
    out = np.zeros_like(a)
    assert run("diverge", 3, 128, (a, out, np.int32(300)), order=order).findings == ()
    assert out.tolist() == [collatz_like(int(x)) for x in a]


def test_recursion(run: Any) -> None:
    out = np.zeros(64, np.int32)
    assert run("recurse", 1, 64, (out,)).findings == ()
    fib = [0, 1]
    while len(fib) < 12:
        fib.append(fib[-1] + fib[-2])
    assert out.tolist() == [fib[n % 12] for n in range(64)]


@pytest.mark.parametrize("order", ORDERS)
def test_calls_through_pointers(run: Any, order: str) -> None:
    table = (int.__add__, int.__mul__, int.__sub__)
    area = (lambda x: x + 3, lambda x: x * x * 4, lambda x: x * x * 5 - 5)
    for n in range(3):
        out = np.full(256, -9, np.int32)
        assert run("pointers", 1, 64, (out, np.int32(n)), order=order).findings == ()
        for t in range(64):
            assert out[t] == table[t % 3](t, n) + 1000 * table[n](t, 3)
            assert out[64 + t] == ((t + 7 if t & 4 else t * 7) if t % 5 else -9)
            assert out[128 + t] == area[t * 7 % 3](t) + area[n](2)
            x = t
            for k in range(t % 4, 0, -1):
                x = table[t & 1](x, k)
            assert out[192 + t] == x


def test_a_call_through_a_null_pointer_ends_the_launch_and_is_named(run: Any) -> None:
    (found,) = run("no_pointer", 1, 64, (np.zeros(64, np.int32), np.int32(3))).findings
    assert (found.rule, found.check, found.severity) == ("no-function", "run", "error")
    assert (found.file or "").endswith("features.cu")


def test_local_arrays_are_each_lanes_own_and_reach_device_functions(run: Any) -> None:
    a = np.random.default_rng(1).random(20).astype(np.float32)
    out = np.zeros(64, np.float32)
    assert run("local_arrays", 1, 64, (a, out, np.int32(20))).findings == ()
    for t in range(64):
        mine = [a[(t + i) % 20] for i in range(16)]
        assert out[t] == pytest.approx(3 * sum(mine[: 1 + t % 16]) + mine[t * 7 % 16], rel=1e-5)


def test_local_arrays_of_bytes_and_of_16_bits(run: Any) -> None:
    random = np.random.default_rng(2)
    places = np.stack([random.permutation(8) for _ in range(40)])
    a = (places + 8 * random.integers(0, 30, (40, 8))).astype(np.uint8)
    out = np.full((40, 8), -1, np.int16)
    assert run("local_bytes", 1, 40, (a, out)).findings == ()
    low = np.take_along_axis(a, np.argsort(places, axis=1), axis=1).astype(np.int16)
    for t in range(0, 40, 3):
        low[t, a.flat[t] % 8] += 1
    wide = [-300 * int(np.flatnonzero(7 - places[t] == a[t, 0] % 8)[0]) for t in range(40)]
    assert out.tolist() == (low + np.array(wide, np.int16)[:, None]).tolist()


def test_atomics_of_blocks_on_several_threads(run: Any) -> None:
    counts, total, most = np.zeros(8, np.int32), np.zeros(1, np.float32), np.zeros(1, np.uint32)
    assert run("atomics", 5, 96, (counts, total, most), jobs=2).findings == ()
    assert (counts.tolist(), total[0], most[0]) == ([480, 1, 7, 1, 0, 0, 0, 0], 240.0, 495)


def test_a_histogram(run: Any) -> None:
    data = np.random.default_rng(2).integers(0, 256, 5000).astype(np.uint8)
    found = np.zeros(256, np.int32)
    assert run("hist", 4, 128, (data, found, np.int32(5000))).findings == ()
    assert (found == np.bincount(data, minlength=256)).all()


def test_printf(run: Any) -> None:
    assert run("prints", 1, 32, (np.int32(2),)).printed == (
        "t 0 f 0.000 s str c a ll 0 u 4294967295 %\nt 1 f 1.500 s str c b ll 1234567890123 u 4294967295 %\n"
    )


def test_assertions_and_traps_end_the_launch_and_are_named(run: Any) -> None:
    (found,) = run("asserts", 1, 64, (np.int32(40),)).findings
    assert (found.rule, found.message, found.thread) == (
        "assert",
        "assertion failed: threadIdx.x<n",
        (40, 0, 0),
    )
    (found,) = run("traps", 1, 64, (np.int32(40),)).findings
    assert (found.rule, found.thread) == ("trap", (40, 0, 0))


@pytest.mark.parametrize("order", ORDERS)
def test_copies_arrive_when_they_are_waited_for(run: Any, order: str) -> None:
    a = np.random.default_rng(3).random((256, 4)).astype(np.float32)
    out = np.zeros_like(a)
    assert run("async_ok", 1, 128, (a, out), order=order).findings == ()
    assert (out == np.concatenate([a[:128][::-1], a[128:][::-1]])).all()
    assert {f.rule for f in run("async_bad", 1, 128, (a, out), order=order).findings} == {"in-flight"}


def test_cooperative_groups(run: Any) -> None:
    a = np.random.default_rng(4).integers(0, 9, 128).astype(np.int32)
    out = np.zeros(400, np.int32)
    assert run("coop", 1, 128, (a, out)).findings == ()
    assert (out[:128:8] == a.reshape(-1, 8).sum(1)).all()


def test_packed_halves_round_once(run: Any) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(64, 2).half(), torch.randn(64, 2).half()
    out, brain, f = torch.zeros(128, 2).half(), torch.zeros(64).bfloat16(), torch.randn(64)
    assert run("halfs", 1, 64, (x, y, out, brain, f)).findings == ()
    assert torch.equal(out[:64], (x.double() * y.double() + (x + 0.5).half().double()).half())
    assert torch.equal(brain, f.bfloat16() * 1.5)


def test_reductions_at_a_barrier(run: Any) -> None:
    a = np.random.default_rng(5).integers(0, 9, 96).astype(np.int32)
    out = np.zeros(96, np.int32)
    assert run("count_sync", 1, 96, (a, out)).findings == ()
    assert (out == (a > 5).sum() * 4 + 1).all()


def test_dynamic_shared_memory_has_the_size_of_the_launch(run: Any) -> None:
    out = np.zeros(100, np.float32)
    assert run("dyn", 1, 100, (out,), shared=400).findings == ()
    assert (out == (np.arange(100) + 1) % 100).all()
    assert {f.rule for f in run("dyn", 1, 100, (out,), shared=396).findings} == {"out-of-bounds"}


def test_module_variables_begin_anew_with_every_launch(run: Any) -> None:
    for _ in range(2):
        out = np.zeros(8, np.float32)
        assert run("consts", 1, 8, (out,)).findings == ()
        assert out.tolist() == [6, 2, 3, 4, 1, 2, 3, 4]


def test_three_dimensions(run: Any) -> None:
    out = np.zeros((6, 12, 12), np.int32)
    assert run("grid3", (2, 3, 2), (6, 4, 3), (out,)).findings == ()
    z, y, x = np.indices(out.shape)
    assert (out == x + 100 * y + 10000 * z).all()


def test_an_endless_loop_ends_with_its_place(run: Any) -> None:
    (found,) = run("spin", 1, 32, (np.zeros(1, np.float32), np.zeros(1, np.float32)), limit=1 << 20).findings
    assert (found.rule, (found.file or "").rpartition("/")[2]) == ("limit", "features.cu")


@pytest.mark.parametrize("order", ORDERS)
def test_a_clock_moves_on_and_is_the_same_in_every_run_and_block(run: Any, order: str) -> None:
    ticks, lanes = 100_000, 5
    least = ticks + np.arange(64) % lanes * 1000
    runs = []
    for _ in range(2):
        passed = np.zeros((3, 64), np.int64)
        assert (
            run("wait_for_the_clock", 3, 64, (passed, np.int64(ticks), np.int32(lanes)), order=order).findings
            == ()
        )
        runs.append(passed)
        assert ((least <= passed) & (passed < least + 1000)).all()
        assert (passed == passed[0]).all()
    assert (runs[0] == runs[1]).all()


def test_warps_that_wait_for_each_other_take_turns(run: Any) -> None:
    out = np.full(4, -1, np.int32)
    run("hand_on", 1, 128, (out,), checks=("memcheck",))
    assert out.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("kernel", "shape", "kind", "flip"),
    [("w16", (16, 16, 16), "half", ""), ("w32", (32, 8, 16), "bfloat16", "b"), ("w8", (8, 32, 16), "int8", ""),
     ("m16816", (16, 8, 16), "half", "b"), ("m16816t", (16, 8, 16), "half", "")],
)  # fmt: skip
def test_matrix_products(run: Any, kernel: str, shape: tuple[int, int, int], kind: str, flip: str) -> None:
    m, n, k = shape
    torch.manual_seed(1)
    dtype = getattr(torch, kind)
    if kind == "int8":
        a, b = (torch.randint(-128, 128, s, dtype=dtype) for s in ((m, k), (k, n)))
        out, start = torch.zeros(m, n, dtype=torch.int32), 3
    else:
        a, b = torch.randn(m, k).to(dtype), torch.randn(*((n, k) if flip else (k, n))).to(dtype)
        out, start = torch.zeros(m, n), 1 if kernel == "w32" else 0
    assert run(kernel, 1, 32, (a, b, out), file="matrices.cu").findings == ()
    truth = a.double() @ (b.double().T if flip else b.double()) + start
    assert float((out.double() - truth).abs().max()) < 1e-5


def test_every_read_of_an_output_that_holds_nothing_is_told(cache: Path) -> None:
    # In `add_one` all read the first element, which the first warp then writes.
    for kernel, lanes in (("add_to", 128), ("add_one", 32)):
        ptx, entry = nvrtc.compile_ptx(Kernel(HERE / "features.cu", kernel), "sm_89", keep=cache)
        launch = Launch((2, 1, 1), (64, 1, 1), (np.zeros(128, np.float32),), outputs=(0,))
        (found,) = engine.run(ptx, entry, launch, checks=ALL, jobs=1, keep=cache).findings
        assert (found.rule, found.count) == ("uninitialised-global", lanes)


def test_one_address_for_all_lanes_may_lie_anywhere(run: Any) -> None:
    x, y = np.random.default_rng(6).random(64).astype(np.float32), np.zeros(64, np.float32)
    for in_shared in (0, 1):
        assert run("pick", 1, 64, (x, y, np.int32(in_shared), np.int32(5))).findings == ()
        assert (y == x[5]).all()
    for checks in (ALL, ("memcheck", "initcheck"), ("memcheck", "racecheck")):
        found = run("at", 1, 64, (y, np.int32(1 << 28)), checks=checks).findings
        assert [f.rule for f in found] == ["out-of-bounds"]


def test_lanes_with_masks_of_their_own_form_groups(run: Any) -> None:
    rng = np.random.default_rng(8)
    k, v = rng.integers(0, 9, 32).astype(np.int32), rng.integers(0, 10, 32).astype(np.int32)
    out = np.zeros((7, 32), np.int32)
    assert run("by_group", 1, 32, (k, v, out)).findings == ()
    for lane in range(32):
        members = [n for n in range(32) if k[n] == k[lane]]
        given = v[members]

        def word(lanes: list[int]) -> int:
            return int(np.uint32(sum(1 << n for n in lanes)).astype(np.int32))

        agree = bool((given & 2 == given[0] & 2).all())
        assert out[:, lane].tolist() == [
            given.sum(), given.max(), word([n for n in members if v[n] > 4]),
            int((given > 2).all()) + 2 * int((given > 8).any()), word([n for n in members if v[n] & 1 == v[lane] & 1]),
            word(members) if agree else 0, agree,
        ]  # fmt: skip


def test_a_buffer_that_holds_something_in_its_first_bytes_only(cache: Path) -> None:
    ptx, entry = nvrtc.compile_ptx(Kernel(HERE / "features.cu", "add_to"), "sm_89", keep=cache)
    y = np.zeros(128, np.float32)
    launch = Launch((2, 1, 1), (64, 1, 1), (y,), holds=((0, 130),))
    (found,) = engine.run(ptx, entry, launch, checks=ALL, jobs=1, keep=cache).findings
    assert (found.rule, found.count, found.thread) == ("uninitialised-global", 96, (32, 0, 0))
    assert (y == 1).all()

"""What NVML's answers come to; NVML is a stand-in, asked through the real bindings. No card was read by any of this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repoops.nvidia import clocks


@pytest.mark.parametrize("reasons", [0x0, 0x1, 0x2, 0x10, 0x100, 0x113])
def test_idle_and_clocks_that_were_set_are_no_throttling(reasons: int) -> None:
    assert not clocks.State(2040, reasons).throttled


@pytest.mark.parametrize("bit", [0x4, 0x8, 0x20, 0x40, 0x80, 0x200, 0x400, 1 << 40])
def test_everything_else_is_the_unknown_too(bit: int) -> None:
    assert clocks.State(2040, bit | 0x1).throttled


def test_reasons_have_names() -> None:
    assert clocks.names(0x1 | 0x4 | 1 << 40) == ("idle", "power cap", "0x10000000000")
    assert clocks.State(2040, 0).words == ()


def test_the_names_are_those_of_the_bindings() -> None:
    nvml = pytest.importorskip("cuda.bindings.nvml")
    known = {int(member): name for name, member in nvml.ClocksEventReasons.__members__.items() if member}
    assert set(clocks._REASONS) == set(known)
    assert known[0x4].endswith("SW_POWER_CAP")
    assert known[0x80].endswith("POWER_BRAKE_SLOWDOWN")


def test_without_a_driver_the_state_is_a_reason() -> None:
    from repoops.nvidia import driver

    if not isinstance(driver.cards(), str):
        pytest.skip("there is a driver")
    said = clocks.read("GPU-0")
    assert isinstance(said, str)
    assert said.startswith("NVML cannot be asked: ")


# Signatures: NVML API reference, nvml.h of CUDA 13.
STAND_IN = r"""
#include <stdio.h>
#include <string.h>
int nvmlInit_v2(void) { printf("init\n"); return INIT; }
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device)
{
    *device = (void*)0x40;
    return strcmp(uuid, "GPU-b7f4c1a2") ? 6 : 0;
}
int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* reasons)
{
    *reasons = device == (void*)0x40 ? 0x5 : ~0ull;
    return 0;
}
int nvmlDeviceGetClockInfo(void* device, int type, unsigned* mhz)
{
    *mhz = type == 1 ? 2040 : 7;  // NVML_CLOCK_SM
    return 0;
}
const char* nvmlErrorString(int status) { return status == 6 ? "Not Found" : "Driver Not Loaded"; }
"""
ASK = "from repoops.nvidia.clocks import read; print([read('{uuid}') for _ in range(2)])"


def asked(folder: Path, uuid: str, init: int = 0) -> str:
    (folder / "nvml.c").write_text(STAND_IN)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-DINIT={init}", "-o", "libnvidia-ml.so.1", "nvml.c"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(uuid=uuid)], cwd=folder, env={**os.environ, "LD_LIBRARY_PATH": str(folder)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler to build the stand-in with")
def test_clock_and_reasons_come_through_the_bindings(tmp_path: Path) -> None:
    pytest.importorskip("cuda.bindings.nvml")
    state = "State(sm_mhz=2040, reasons=5)"
    assert set(asked(tmp_path, "GPU-b7f4c1a2").splitlines()) == {"init", f"[{state}, {state}]"}
    assert "'NVML cannot be asked: Not Found'" in asked(tmp_path, "GPU-0")
    assert "'NVML cannot be asked: Driver Not Loaded'" in asked(tmp_path, "GPU-b7f4c1a2", init=9)

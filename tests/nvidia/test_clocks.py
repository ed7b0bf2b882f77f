from __future__ import annotations

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

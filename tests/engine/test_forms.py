"""PTX as other compilers write it: every directive and form is read, and does what it says."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from repoops import engine
from repoops.kernel.model import Launch

TEXT = (Path(__file__).parent / "forms.ptx").read_text(encoding="utf-8")
CHECKS = ("memcheck", "racecheck", "initcheck", "synccheck")


def test_every_form_is_read_and_runs() -> None:
    y = np.arange(512, dtype=np.int32).reshape(128, 4)
    second = y[:, 1].copy()
    launch = Launch((1, 1, 1), (128, 1, 1), (y, ctypes.c_uint64(0), np.zeros(1, "V24")[0]))
    assert engine.run(TEXT, "k", launch, checks=CHECKS).findings == ()
    t = np.arange(128)
    assert (y[:, 0] == np.where(t < 64, 6 + t + 7, -1)).all()
    assert (y[:, 1] == second).all()


def test_addresses_of_windows_fit_into_32_bits() -> None:
    y = np.zeros((64, 2), np.int32)
    assert (
        engine.run(TEXT, "short_pointers", Launch((1, 1, 1), (64, 1, 1), (y,)), checks=CHECKS).findings == ()
    )
    t = np.arange(64)
    assert (y[:, 0] == 2 * t + 7 + 100).all()
    assert (y[:, 1] == np.array([1, 2, 3, 4])[t % 4] + 2 + 3).all()

"""Laws of the plain types: a CPU has no GPU time, and a compilation is no run."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.kernel.model import Kernel, Launch, Outcome


def test_only_a_card_has_gpu_time() -> None:
    assert Outcome("cuda: NVIDIA L4", elapsed_us=12.5).elapsed_us == 12.5
    for where in ("cpu: x86_64", "", "compile: sm_89"):
        assert Outcome(where).elapsed_us is None
        with pytest.raises(ValueError, match="GPU time from"):
            Outcome(where, elapsed_us=0.0)


def test_what_ran_nowhere_was_not_executed() -> None:
    assert not Outcome("").executed
    assert Outcome("cpu: x86_64").executed


def test_a_kernel_is_a_value() -> None:
    one, same = (Kernel(Path("k.cu"), "f<float>", (("N", "2"),)) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert Launch((1, 1, 1), (32, 4, 2), ()).threads == 256

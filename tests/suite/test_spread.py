"""Who runs what where several processes run tests."""

from __future__ import annotations

import pytest

from repoops.suite.spread import group

A = "kernels/attention/spec.py::"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (A + "naive[S1-fp16]", A + "tiled[S1-fp16]", True),
        (A + "naive[S1-fp16]", A + "naive[S2-fp16]", False),
        (A + "naive[S1-fp16]", "kernels/softmax/spec.py::naive[S1-fp16]", False),
        (A + "naive::compile[sm_80]", A + "tiled::compile[sm_80]", False),
        (A + "naive::mutant[wait]", A + "naive[S1-fp16]", False),
        ("tests/test_x.py::test_x[1]", "tests/test_x.py::test_y[1]", False),
    ],
)
def test_versions_of_one_case_run_together_and_nothing_else(one: str, other: str, *, together: bool) -> None:
    assert (group(one) == group(other)) == together

from __future__ import annotations

import pytest

from repoops.hostfacts.model import Known
from repoops.wheels.difference import mend
from repoops.wheels.fit import differences
from repoops.wheels.names import parse
from tests.wheels.combinations import FOLDERS, ROWS
from tests.wheels.hosts import HOSTS

COMBINATIONS = [(name, host, axes) for name, _, row in ROWS for host, axes in row.items()]
FACTS = {
    "python": ("python",), "abi": ("abi",), "torch": ("torch",), "cuda": ("cuda", "driver"), "cxx11abi": ("cxx11abi",),
    "glibc": ("libc",), "platform": ("machine",), "driver": ("driver",), "card": ("compute_capability",),
}  # fmt: skip


def test_there_are_enough_of_them() -> None:
    assert len(COMBINATIONS) >= 200


@pytest.mark.parametrize(("name", "host", "axes"), COMBINATIONS, ids=[f"{h}-{n}" for n, h, _ in COMBINATIONS])
def test_a_published_wheel_and_a_host(name: str, host: str, axes: str) -> None:
    facts = HOSTS[host]
    wheel = parse(name, FOLDERS.get(name, "") + name)
    found = differences(facts, wheel)
    assert [d.axis for d in found] == axes.split()
    for d in found:
        assert d.fix
        assert d.wheel
        if d.axis != "name":
            values = [getattr(facts, fact) for fact in FACTS[d.axis]]
            assert any((v.value if isinstance(v, Known) else v.why) in d.host for v in values), d
    if axes != "name":
        assert differences(mend(facts, found), wheel) == ()

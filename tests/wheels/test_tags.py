"""Our axis-by-axis reading of tags against the list that `packaging` generates for the same host."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.tags import Tag, compatible_tags, cpython_tags, parse_tag

from repoops.hostfacts.model import HostFacts, Known
from repoops.wheels import tags
from repoops.wheels.difference import mend
from tests.wheels.hosts import host


def platforms(libc: str, machine: str) -> Iterator[str]:
    """What `packaging` would find out about such a machine if it ran there, the most recent first."""
    kind, version = libc.split()
    major, minor = map(int, version.split("."))
    for older in range(minor, 4, -1):
        if kind == "musl":
            yield f"musllinux_{major}_{older}_{machine}"
            continue
        yield f"manylinux_{major}_{older}_{machine}"
        for word, least in (("manylinux1", 5), ("manylinux2010", 12), ("manylinux2014", 17)):
            if older == least:
                yield f"{word}_{machine}"
    if kind == "musl":
        yield from (f"musllinux_1_{n}_{machine}" for n in range(minor, -1, -1))
    yield f"linux_{machine}"


def supported(facts: HostFacts) -> set[Tag]:
    assert isinstance(facts.python, Known)
    assert isinstance(facts.abi, Known)
    assert isinstance(facts.libc, Known)
    assert isinstance(facts.machine, Known)
    version = tuple(map(int, facts.python.value.split(".")[:2]))
    names = list(platforms(facts.libc.value, facts.machine.value))
    interpreter = f"cp{version[0]}{version[1]}"
    return {
        *cpython_tags(version, [facts.abi.value], names),
        *compatible_tags(version, interpreter, names),
    }


PYTHONS = st.sampled_from(["3.8", "3.9", "3.10", "3.12", "3.13", "3.15"])
LIBCS = st.sampled_from(["glibc 2.17", "glibc 2.28", "glibc 2.35", "musl 1.1", "musl 1.2"])
MACHINES = st.sampled_from(["x86_64", "aarch64"])
INTERPRETERS = st.sampled_from(
    ["cp38-cp38", "cp310-cp310", "cp313-cp313", "cp313-cp313t", "cp315-cp315t", "cp38-abi3", "cp312-abi3", "cp32-abi3",
     "cp315-abi3t", "cp38-abi3t", "py3-none", "py2.py3-none", "py312-none", "py2-none", "cp310-none", "pp310-pypy310_pp73"]
)  # fmt: skip
PLATFORMS = st.sampled_from(
    ["any", "linux_x86_64", "linux_aarch64", "manylinux1_x86_64", "manylinux2014_aarch64", "manylinux_2_17_x86_64",
     "manylinux_2_28_x86_64", "manylinux_2_35_aarch64", "manylinux_2_39_x86_64", "musllinux_1_1_x86_64",
     "musllinux_1_2_aarch64", "win_amd64", "macosx_11_0_arm64", "manylinux_2_17_x86_64.manylinux2014_x86_64"]
)  # fmt: skip


@example("3.13", True, "glibc 2.17", "x86_64", "cp38-abi3t", "linux_x86_64")
@example("3.15", False, "glibc 2.17", "x86_64", "cp315-abi3t", "linux_x86_64")
@given(PYTHONS, st.booleans(), LIBCS, MACHINES, INTERPRETERS, PLATFORMS)
def test_a_tag_fits_exactly_where_packaging_lists_it(
    python: str, threaded: bool, libc: str, machine: str, interpreter: str, platform: str
) -> None:
    abi = f"cp{python.replace('.', '')}{'t' if threaded and python in ('3.13', '3.15') else ''}"
    facts = host(f"{python}.1", None, None, None, libc, None, None, machine=machine, abi=abi)
    wheel = parse_tag(f"{interpreter}-{platform}")
    found = tags.differences(wheel, facts)
    assert (not found) == bool(wheel & supported(facts)), (found, sorted(map(str, wheel)))
    if all(d.changes for d in found):
        assert tags.differences(wheel, mend(facts, found)) == ()

"""Holds a wheel's tags (Python, ABI, platform) to a host's facts, axis by axis.

Agrees with what `packaging.tags` generates for such a host; a test compares the two. The generated
list says yes or no, this says on which axis and by how much.
Source: PEP 425, 513, 571, 599, 600 (manylinux), 656 (musllinux); PEP 384, 703 and 803 (stable ABI).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.tags import Tag

from repoops.hostfacts.model import HostFacts, Known
from repoops.wheels.difference import Difference, price, release, said

_MANYLINUX = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
_IMPLEMENTATIONS = {"cp": "cpython", "pp": "pypy"}
_OLD_ABI = (3, 8)
"""From this Python on, ABI tags have no `m` at their end."""
_FREE_THREADED = (3, 13)
"""The first Python that can be built without the global lock."""


def differences(tags: Iterable[Tag], facts: HostFacts) -> tuple[Difference, ...]:
    """What stands between a host and the nearest of a wheel's tags; nothing where one of them fits."""
    found = [(*_interpreter(tag, facts), *_platform(tag, facts)) for tag in sorted(tags, key=str)]
    return min(found, key=price)


def rank(tags: Iterable[Tag]) -> int:
    """How narrowly the tags are made for one host: the exact ABI before the stable one, a libc named before none."""
    best = 0
    for tag in tags:
        exact = 4 if tag.abi not in ("none", "abi3", "abi3t") else 2 if tag.abi != "none" else 0
        best = max(best, exact + ("many" in tag.platform or "musl" in tag.platform))
    return best


def claims_libc(tags: Iterable[Tag]) -> bool:
    """Whether every tag says which C library it needs, or needs none; `linux_x86_64` does not."""
    return not any(tag.platform.startswith("linux_") for tag in tags)


def _interpreter(tag: Tag, facts: HostFacts) -> tuple[Difference, ...]:
    split = re.fullmatch(r"([a-z]+)(\d)?(\d*)", tag.interpreter)
    kind, major, minor = (split[1], split[2] or "3", split[3]) if split else (tag.interpreter, "3", "")
    wanted = f"{major}.{minor}" if minor else major
    host = facts.python.value if isinstance(facts.python, Known) else ""
    have = release(host)[:2]
    if kind == "py":
        return _generic(tag, facts, wanted, have)
    implementation = _IMPLEMENTATIONS.get(kind, kind)
    if facts.implementation != Known(implementation):
        other = said(facts.implementation)
        return (_python(f"{implementation} {wanted}", f"{other} {said(facts.python)}", tag, facts, wanted),)
    want = (int(major), int(minor or 0))
    threaded = isinstance(facts.abi, Known) and facts.abi.value.endswith("t")
    if tag.abi in ("abi3", "abi3t"):
        if not have or have[0] != want[0] or have < max(want, (3, 2)):
            return (_python(f"{wanted} or later", said(facts.python), tag, facts, wanted),)
        return () if threaded == (tag.abi == "abi3t") else (_abi(tag, facts, have),)
    if have != want:
        return (_python(wanted, said(facts.python), tag, facts, wanted),)
    if tag.abi == "none" or facts.abi == Known(tag.abi):
        return ()
    return (_abi(tag, facts, have),)


def _generic(tag: Tag, facts: HostFacts, wanted: str, have: tuple[int, ...]) -> tuple[Difference, ...]:
    want = release(wanted)
    found = []
    if not have or have[0] != want[0] or have < want:
        found.append(_python(f"{wanted} or later", said(facts.python), tag, facts, wanted))
    if tag.abi != "none":
        found.append(_abi(tag, facts, have))
    return tuple(found)


def _python(wheel: str, host: str, tag: Tag, facts: HostFacts, wanted: str) -> Difference:
    split = re.match(r"[a-z]+", tag.interpreter)
    kind = split[0] if split else "cp"
    implementation = "cpython" if kind == "py" else _IMPLEMENTATIONS.get(kind, kind)
    version = release(wanted) + (0,) * (2 - len(release(wanted)))
    abi = tag.abi if tag.abi not in ("none", "abi3") else _default_abi(kind, version)
    if tag.abi == "abi3t":
        version = max(version, _FREE_THREADED)
        abi = f"cp{version[0]}{version[1]}t"
    python = f"{version[0]}.{version[1]}.0"
    build = "the free-threaded build of " if abi.endswith("t") else ""
    named = build + implementation.replace("cpython", "Python")
    or_later = " or later" if "or later" in wheel else ""
    have = release(facts.python.value) if isinstance(facts.python, Known) else version
    return Difference(
        "python", wheel, host,
        f"make the environment with {named} {version[0]}.{version[1]}{or_later}",
        (("python", Known(python)), ("implementation", Known(implementation)), ("abi", Known(abi))),
        float(abs(have[1] - version[1]) + 20 * abs(have[0] - version[0])) if len(have) > 1 else 0.0,
    )  # fmt: skip


def _default_abi(kind: str, version: tuple[int, ...]) -> str:
    letters = "cp" if kind == "py" else kind
    return f"{letters}{version[0]}{version[1]}{'m' if letters == 'cp' and version < _OLD_ABI else ''}"


def _abi(tag: Tag, facts: HostFacts, have: tuple[int, ...]) -> Difference:
    wanted = tag.abi
    if wanted == "abi3":
        abi = f"cp{have[0]}{have[1]}{'m' if have < _OLD_ABI else ''}"
        return Difference(
            "abi", "abi3 (a Python with the global lock)", said(facts.abi),
            "make the environment with the usual build of Python, not the free-threaded one",
            (("abi", Known(abi)),),
        )  # fmt: skip
    if wanted == "abi3t":
        major, minor = max(have[:2], _FREE_THREADED)
        newer = f"{major}.{minor}" if have < _FREE_THREADED else ""
        return Difference(
            "abi", "abi3t (a free-threaded Python)", said(facts.abi),
            f"make the environment with the free-threaded build of Python {newer}".rstrip(),
            ((("python", Known(f"{newer}.0")),) if newer else ()) + (("abi", Known(f"cp{major}{minor}t")),),
        )  # fmt: skip
    build = "the free-threaded build of Python" if wanted.endswith("t") else f"a Python whose ABI is {wanted}"
    return Difference(
        "abi", wanted, said(facts.abi), f"make the environment with {build}", (("abi", Known(wanted)),)
    )


def _platform(tag: Tag, facts: HostFacts) -> tuple[Difference, ...]:
    platform = tag.platform
    if platform == "any":
        if tag.abi == "none":
            return ()
        why = "pip installs no wheel that names an ABI and no platform: take another file"
        return (Difference("platform", f"any, with ABI {tag.abi}", _host_platform(facts), why),)
    libc = re.fullmatch(r"(manylinux|musllinux)_(\d+)_(\d+)_(.+)", platform)
    old = re.fullmatch(r"(manylinux1|manylinux2010|manylinux2014)_(.+)", platform)
    bare = re.fullmatch(r"linux_(.+)", platform)
    if libc:
        kind = "glibc" if libc[1] == "manylinux" else "musl"
        return (*_machine(platform, libc[4], facts), *_libc(kind, f"{libc[2]}.{libc[3]}", facts))
    if old:
        return (*_machine(platform, old[2], facts), *_libc("glibc", _MANYLINUX[old[1]], facts))
    if bare:
        return _machine(platform, bare[1], facts)
    return (
        Difference(
            "platform", platform, _host_platform(facts), f"a host that {platform} names",
            (("system", Known(platform)), ("machine", Known(platform))),
        ),
    ) if facts.machine != Known(platform) else ()  # fmt: skip


def _machine(platform: str, machine: str, facts: HostFacts) -> tuple[Difference, ...]:
    if facts.system == Known("Linux") and facts.machine == Known(machine):
        return ()
    return (
        Difference(
            "platform", platform, _host_platform(facts), f"a Linux host with {machine}",
            (("system", Known("Linux")), ("machine", Known(machine))),
        ),
    )  # fmt: skip


def _host_platform(facts: HostFacts) -> str:
    return f"{said(facts.system)} {said(facts.machine)}"


def _libc(kind: str, version: str, facts: HostFacts) -> tuple[Difference, ...]:
    have = facts.libc.value.split() if isinstance(facts.libc, Known) else ["", "0"]
    if (
        have[0] == kind
        and release(have[1])[:1] == release(version)[:1]
        and release(have[1]) >= release(version)
    ):
        return ()
    far = abs(release(have[1])[-1] - release(version)[-1]) if have[0] == kind else 50
    return (
        Difference(
            "glibc", f"{kind} {version} or later", said(facts.libc),
            f"a host or container image with {kind} {version} or later",
            (("libc", Known(f"{kind} {version}")),), float(far),
        ),
    )  # fmt: skip

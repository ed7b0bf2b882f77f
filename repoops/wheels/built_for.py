"""Holds what a wheel was built for (torch, CUDA, C++ ABI, one card) to a host's facts, axis by axis.

- torch: its C++ interface is kept within a minor version, so `2.3` or `2.3.0` fits any 2.3.x, and no
  pre-release of it. A pin in the metadata (`Requires-Dist: torch==2.10.0`) is held as it stands.
- CUDA: within a major version from 11 on, wheels run with another minor; before 11 they must be equal.
  What links torch is held to torch's CUDA, what stands alone to the driver.
- Drivers: one of the major version's least, whatever the minor.
Source: NVIDIA, CUDA Compatibility, "Minor Version Compatibility", tables 1 and 2.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from repoops.hostfacts.model import Absent, Fact, HostFacts, Known
from repoops.wheels.difference import Difference, apart, release, said
from repoops.wheels.names import Published, project_cuda
from repoops.wheels.requires import cuda_pin, torch_pin

_LEAST_DRIVER = {
    (13,): "580", (12,): "525", (11,): "450",
    (10, 2): "440.33", (10, 1): "418.39", (10, 0): "410.48",
}  # fmt: skip
_FIRST_CUDA = {7: "9.0", 8: "11.0", 9: "11.8", 10: "12.8", 12: "12.8"}
"""Major compute capability → the first CUDA whose compiler knows it."""


def differences(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    """The axes beyond the tags on which a wheel and a host differ."""
    return (
        *_requires_python(facts, wheel),
        *_torch(facts, wheel),
        *_cuda(facts, wheel),
        *_cxx11abi(facts, wheel),
        *_driver(facts, wheel),
        *_card(facts, wheel),
    )


def rank(facts: HostFacts, wheel: Published) -> tuple[int, ...]:
    """How narrowly a fitting wheel names this host's torch, CUDA and ABI."""
    variant = wheel.variant
    cuda = said(facts.cuda)
    return (
        _common(variant.torch or "", said(facts.torch)),
        int(variant.cxx11abi is not None),
        _common(variant.cuda or "", cuda),
    )


def cautions(facts: HostFacts, wheel: Published) -> tuple[str, ...]:
    """What a fitting wheel's name leaves open, or what only a run on the host can show."""
    variant, found = wheel.variant, []
    have = said(facts.torch)
    if variant.torch and len(release(variant.torch)) > 2 and release(variant.torch) != release(have):
        found.append(f"built with torch {variant.torch}, the host has {have}")
    if variant.cuda and not _stands_alone(facts, wheel) and not _like_minor(variant.cuda, said(facts.cuda)):
        found.append(f"built with CUDA {variant.cuda}, the host's torch with CUDA {said(facts.cuda)}")
    if _links_torch(facts, wheel) and not (variant.torch or variant.container or torch_pin(facts, wheel)):
        found.append(
            "its name does not say for which torch it was built; its files are read once they are here"
        )
    if any(tag.platform.startswith("linux_") for tag in wheel.tags):
        found.append("linux tags claim no glibc: its files are held to the host's once they are here")
    if _cuda_of(facts, wheel) not in (None, "none") and not isinstance(facts.driver, Known):
        found.append(f"no driver to hold it to ({facts.driver.why}): it can be imported, not run")
    first = _first_cuda(facts)
    if (
        first
        and (cuda := _cuda_of(facts, wheel))
        and len(release(cuda)) > 1
        and release(cuda) < release(first)
    ):
        found.append(
            f"CUDA {cuda} has no code for compute capability {said(facts.compute_capability)} "
            f"(CUDA {first} is the first that does): it runs only if it carries PTX"
        )
    return tuple(found)


def _requires_python(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    if not wheel.requires_python or not isinstance(facts.python, Known):
        return ()
    try:
        wanted = SpecifierSet(wheel.requires_python)
    except InvalidSpecifier:
        return ()  # pip installs such a wheel as if it said nothing
    if wanted.contains(facts.python.value, prereleases=True):
        return ()
    version = _nearest(wanted, facts.python.value)
    have = release(version or facts.python.value)
    changes: tuple[tuple[str, Fact], ...] = ()
    if version:
        changes = (("python", Known(version)), ("abi", Known(f"cp{have[0]}{have[1]}")))
    return (
        Difference(
            "python", wheel.requires_python, facts.python.value,
            f"make the environment with a Python that satisfies {wheel.requires_python}", changes,
            apart(version or "0", facts.python.value),
        ),
    )  # fmt: skip


def _torch(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    variant = wheel.variant
    if variant.container:
        if facts.container == Known(variant.container):
            return ()
        return (
            Difference(
                "torch", f"NVIDIA's container {variant.container}", _torch_said(facts),
                f"run NVIDIA's PyTorch container {variant.container}, or take a wheel for a released torch",
                (("container", Known(variant.container)), *_installed(facts, "torch", "2.0.0")),
            ),
        )  # fmt: skip
    pin = torch_pin(facts, wheel)
    have = facts.torch.value if isinstance(facts.torch, Known) else None
    if pin is not None and (have is None or not _satisfies(pin, have)):
        version = _nearest(pin, have or "2.0.0")
        changes = _installed(facts, "torch", version) if version else ()
        return (
            Difference(
                "torch", str(pin), _torch_said(facts), f"install a torch that satisfies {pin}", changes,
                apart(version or "0", have) if have else 0.0,
            ),
        )  # fmt: skip
    if variant.torch and not (have and _same_minor(variant.torch, have, or_later=variant.torch_or_later)):
        minor = ".".join(variant.torch.split(".")[:2])
        later = " or later" if variant.torch_or_later else ""
        version = f"{minor}.0" if len(release(variant.torch)) < 3 else variant.torch
        return (
            Difference(
                "torch", f"{variant.torch}{later}", _torch_said(facts), f"install torch {minor}.x{later}",
                _installed(facts, "torch", version), apart(variant.torch, have) if have else 0.0,
            ),
        )  # fmt: skip
    return ()


def _cuda(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    wanted = wheel.variant.cuda
    if wanted is None:
        return ()
    if wanted == "none":
        return _cpu_build(facts, wheel)
    if _stands_alone(facts, wheel) and not wanted.startswith("ROCm"):
        return ()
    have = facts.cuda.value if isinstance(facts.cuda, Known) else None
    if have and _runs_with(wanted, have):
        return ()
    kind = wanted if wanted.startswith("ROCm") else f"CUDA {wanted}"
    if wanted.startswith("ROCm"):
        fix = f"a host with an AMD card and a torch built for {wanted}"
    else:
        major = wanted if release(wanted) < (11,) else wanted.split(".")[0]
        fix = f"install a torch built for CUDA {major}"
    numbered = wanted if "." in wanted else f"{wanted}.0"
    if wanted == "ROCm":
        numbered = "ROCm 6.0"
    return (
        Difference(
            "cuda", kind, _cuda_said(facts), fix, (("cuda", Known(numbered)),),
            apart(wanted, have) / 100 if have and not wanted.startswith("ROCm") else 50.0,
        ),
    )  # fmt: skip


def _cpu_build(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    no_card: tuple[tuple[str, Fact], ...] = (
        ("driver", Absent("no NVIDIA driver")), ("cuda", Absent("torch is built for the CPU")),
    )  # fmt: skip
    if _stands_alone(facts, wheel):
        if not isinstance(facts.driver, Known):
            return ()
        return (
            Difference(
                "cuda", "none (a CPU build)", f"driver {facts.driver.value}",
                "take a wheel for CUDA: this one would leave the card idle", no_card, 50.0,
            ),
        )  # fmt: skip
    if isinstance(facts.cuda, Absent):
        return ()
    return (
        Difference(
            "cuda", "none (a CPU build)", _cuda_said(facts), "install a torch built for the CPU, or take a wheel for CUDA",
            no_card, 50.0,
        ),
    )  # fmt: skip


def _cxx11abi(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    wanted = wheel.variant.cxx11abi
    if wanted is None or facts.cxx11abi == Known(wanted):
        return ()
    return (
        Difference(
            "cxx11abi", wanted, said(facts.cxx11abi),
            f"install a torch built with _GLIBCXX_USE_CXX11_ABI={int(wanted == 'TRUE')}",
            (("cxx11abi", Known(wanted)),), 1.0,
        ),
    )  # fmt: skip


def least_driver(facts: HostFacts, cuda: str) -> str | None:
    """The driver that a CUDA version asks for at least, where the host's is older; None where it will do."""
    if not isinstance(facts.driver, Known):
        return None
    least = _LEAST_DRIVER.get(release(cuda)[:1]) or _LEAST_DRIVER.get(release(cuda)[:2])
    return least if least and release(facts.driver.value) < release(least) else None


def _driver(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    cuda = _cuda_of(facts, wheel)
    if cuda is None or not (least := least_driver(facts, cuda)):
        return ()
    have = said(facts.driver)
    return (
        Difference(
            "driver", f"{least} or later (CUDA {cuda})", have,
            f"install NVIDIA driver {least} or later, or take a wheel for an older CUDA",
            (("driver", Known(least if "." in least else f"{least}.0")),), apart(least, have) / 100,
        ),
    )  # fmt: skip


def _card(facts: HostFacts, wheel: Published) -> tuple[Difference, ...]:
    sm = wheel.variant.sm
    if sm is None:
        return ()
    number = sm.rstrip("af")
    wanted = (int(number[:-1]), int(number[-1]))
    if isinstance(facts.compute_capability, Known):
        have = release(facts.compute_capability.value)
        if have == wanted or (sm == number and have[0] == wanted[0] and have >= wanted):
            return ()
    return (
        Difference(
            "card", f"sm_{sm}", said(facts.compute_capability),
            f"a host whose card has compute capability {wanted[0]}.{wanted[1]}",
            (("compute_capability", Known(f"{wanted[0]}.{wanted[1]}")),),
        ),
    )  # fmt: skip


def _links_torch(facts: HostFacts, wheel: Published) -> bool:
    """Whether a wheel extends a torch that is already there, as far as its name and metadata say."""
    if wheel.project == "torch":
        return False
    said_so = wheel.variant.torch or wheel.variant.container or wheel.variant.cxx11abi
    return bool(said_so) or torch_pin(facts, wheel) is not None


def _stands_alone(facts: HostFacts, wheel: Published) -> bool:
    """Whether a wheel's CUDA is the driver's matter alone: torch itself, and what does not ask for torch.

    While its metadata has not been read, a wheel is taken to be for the torch that is there.
    """
    if wheel.project == "torch" or _links_torch(facts, wheel):
        return wheel.project == "torch"
    return wheel.requires is not None or isinstance(facts.torch, Absent)


def _cuda_of(facts: HostFacts, wheel: Published) -> str | None:
    return wheel.variant.cuda or project_cuda(wheel.project) or cuda_pin(facts, wheel)


def _installed(facts: HostFacts, name: str, version: str) -> tuple[tuple[str, Fact], ...]:
    """Facts after another torch is installed; its build (CUDA) stays what it is, where there is one."""
    local = facts.torch.value.partition("+")[2] if isinstance(facts.torch, Known) else ""
    return ((name, Known(f"{version}+{local}" if local else version)),)


def _torch_said(facts: HostFacts) -> str:
    if isinstance(facts.torch, Known) and _pre_release(facts.torch.value):
        return f"{facts.torch.value} (a build before the release)"
    return said(facts.torch) if isinstance(facts.torch, Known) else f"none: {said(facts.torch)}"


def _cuda_said(facts: HostFacts) -> str:
    if isinstance(facts.cuda, Known):
        return facts.cuda.value if facts.cuda.value.startswith("ROCm") else f"CUDA {facts.cuda.value}"
    return f"none: {facts.cuda.why}" if isinstance(facts.cuda, Absent) else f"not known: {facts.cuda.why}"


def _pre_release(version: str) -> bool:
    try:
        return Version(version).is_prerelease
    except InvalidVersion:
        return False


def _same_minor(wanted: str, have: str, *, or_later: bool) -> bool:
    if _pre_release(have):
        return False
    return release(have)[:2] == release(wanted)[:2] or (or_later and release(have)[:2] > release(wanted)[:2])


def _satisfies(pin: SpecifierSet, have: str) -> bool:
    try:
        return pin.contains(Version(have), prereleases=True)
    except InvalidVersion:
        return False


def _runs_with(wanted: str, have: str) -> bool:
    if wanted.startswith("ROCm") or have.startswith("ROCm"):
        return wanted.split(maxsplit=1)[0] == have.split(maxsplit=1)[0] and (
            len(wanted.split()) == 1
            or release(wanted.split()[1])[:2] == release(have.rsplit(maxsplit=1)[-1])[:2]
        )
    if release(wanted)[0] < 11:
        return release(wanted)[:2] == release(have)[:2]
    return release(wanted)[0] == release(have)[0]


def _like_minor(wanted: str, have: str) -> bool:
    """Whether two CUDA versions agree as far as both are given, or cannot be compared."""
    pair = (release(wanted)[:2], release(have)[:2])
    return len(pair[0]) < 2 or len(pair[1]) < 2 or pair[0] == pair[1]


def _first_cuda(facts: HostFacts) -> str | None:
    if not isinstance(facts.compute_capability, Known):
        return None
    return _FIRST_CUDA.get(release(facts.compute_capability.value)[0])


def _common(wanted: str, have: str) -> int:
    """How many leading numbers two versions share, if the first says any."""
    count = 0
    for a, b in zip(release(wanted), release(have), strict=False):
        if a != b:
            break
        count += 1
    return count


def _nearest(wanted: SpecifierSet, have: str) -> str | None:
    """The version nearest to the host's that satisfies a specifier, of those that the specifier itself suggests."""
    tried = []
    for specifier in wanted:
        base = (*release(specifier.version.rstrip(".*")), 0, 0)[:3]
        major, minor, micro = base
        tried += [base, (major, minor, micro + 1), (major, minor + 1, 0)]
        if minor:
            tried.append((major, minor - 1, 0))
    versions = [".".join(map(str, t)) for t in tried]
    fitting = [v for v in versions if wanted.contains(v, prereleases=True)]
    return min(fitting, key=lambda v: apart(v, have), default=None)

"""What a wheel's metadata asks of a host: the torch it is pinned to, and the packages that must be there beside it.

Installed is with `--no-deps`, so that nothing is fetched by the host: what is lacking is named instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from repoops.hostfacts.model import HostFacts, Known, Unknown
from repoops.wheels.names import Published


def environment(facts: HostFacts) -> dict[str, str]:
    """What environment markers are held to, for a host (PEP 508); what is not known there is empty."""

    def value(name: str) -> str:
        fact = getattr(facts, name)
        return fact.value if isinstance(fact, Known) else ""

    python = value("python") or "3.10.0"
    system = value("system")
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": value("implementation"),
        "implementation_version": python,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            value("implementation"), ""
        ),
        "platform_machine": value("machine"),
        "platform_system": system,
        "platform_release": "",
        "platform_version": "",
        "sys_platform": system.lower(),
        "os_name": "nt" if system == "Windows" else "posix",
        "extra": "",
    }


def torch_pin(facts: HostFacts, wheel: Published) -> SpecifierSet | None:
    """Which torch the metadata asks for; None where it asks for none, or has not been read."""
    for requirement in _asked(facts, wheel):
        if canonicalize_name(requirement.name) == "torch":
            return requirement.specifier
    return None


def cuda_pin(facts: HostFacts, wheel: Published) -> str | None:
    """The CUDA whose runtime the metadata pins: torch from PyPI says nowhere else for which it is built.

    `nvidia-cuda-runtime-cu12==12.6.77` is 12.6, `cuda-toolkit[…]==13.0.3` and `nvidia-cuda-runtime==13.0.96` are 13.0.
    """
    for requirement in _asked(facts, wheel):
        name = canonicalize_name(requirement.name)
        if name in ("cuda-toolkit", "nvidia-cuda-runtime") or name.startswith("nvidia-cuda-runtime-cu"):
            for specifier in requirement.specifier:
                if specifier.operator == "==":
                    return ".".join(specifier.version.rstrip(".*").split(".")[:2])
    return None


def lacking(facts: HostFacts, wheel: Published) -> tuple[str, ...]:
    """What else must be there and is not, or is in another version; nothing where that is not known."""
    if isinstance(facts.packages, Unknown):
        return ()
    found = []
    for requirement in _asked(facts, wheel):
        name = canonicalize_name(requirement.name)
        if name == "torch":
            continue
        have = facts.packages.get(name)
        if have is None:
            found.append(f"{requirement.name}{requirement.specifier} is not installed there")
        elif not _satisfies(requirement.specifier, have):
            found.append(f"{requirement.name}{requirement.specifier} is asked for, there is {have}")
    return tuple(found)


def _asked(facts: HostFacts, wheel: Published) -> Iterator[Requirement]:
    for line in wheel.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # pip would refuse the wheel's metadata; what it installs without dependencies is not asked
        if requirement.marker is None or requirement.marker.evaluate(environment(facts)):
            yield requirement


def _satisfies(specifier: SpecifierSet, have: str) -> bool:
    try:
        return specifier.contains(Version(have), prereleases=True)
    except InvalidVersion:
        return False

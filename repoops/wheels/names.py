"""What a published file name says of a wheel: tags, version, and the torch, CUDA and C++ ABI it was built for.

Tags are read by `packaging`. The local version part has no standard for the rest, so each project
writes its own: `cu122torch2.3cxx11abiFALSE`, `pt26cu124`, `torch250cu121`, `cu121.torch2.5.0`,
`fd27788pt2.6.0cu124`, `cu117.with.pypi.cudnn`. That part is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True)
class Variant:
    """What a wheel was built for, as its name says; None where it says nothing.

    Attributes:
        torch: `2.3` or `2.6.0`.
        torch_or_later: whether a later torch will do as well.
        cuda: `12`, `12.2`, `ROCm 6.2`, or `none` for a CPU build.
        cxx11abi: `TRUE` or `FALSE`.
        container: NVIDIA's PyTorch container, `24.01`, in place of a torch version.
        sm: the one architecture it holds code for, `100`.
    """

    torch: str | None = None
    torch_or_later: bool = False
    cuda: str | None = None
    cxx11abi: str | None = None
    container: str | None = None
    sm: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A wheel as it is published, before any of it is fetched.

    Attributes:
        filename: as published, case kept.
        project: normalised name.
        version: with its local part.
        tags: all combinations of its tags.
        variant: what its name says beyond the tags.
        url: where it lies; empty where only the name is known.
        sha256: hex digits as published, or empty.
        size: bytes as published, or None.
        requires_python: as published, or empty.
        requires: `Requires-Dist` lines of its metadata, or None while it has not been read.
        metadata_url: where its metadata can be read alone (PEP 658), or empty.
        yanked: why it was withdrawn, or None.
        build: the number of its build tag; of two builds of a version the higher one counts.
    """

    filename: str
    project: str
    version: Version
    tags: frozenset[Tag]
    variant: Variant
    url: str = ""
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    requires: tuple[str, ...] | None = None
    metadata_url: str = ""
    yanked: str | None = None
    build: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A `.whl` whose name pip refuses, and why."""

    filename: str
    why: str


def parse(filename: str, url: str = "") -> Published | Unreadable:
    """Reads a wheel's name; what the name leaves open may stand in the folders of its URL (`…/whl/cu124/…`)."""
    if not re.fullmatch(r"[A-Za-z0-9._+!-]+\.whl", filename):
        return Unreadable(filename, "a wheel's name has letters, digits and . _ + ! - only, and ends in .whl")
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        return Unreadable(filename, f"a wheel's name has 5 or 6 parts with - between, not {len(parts)}")
    if len(parts) == 6 and not parts[2][0:1].isdigit():
        return Unreadable(filename, f"the build tag {parts[2]!r} does not begin with a digit")
    try:
        version = Version(parts[1])
    except InvalidVersion:
        return Unreadable(filename, f"{parts[1]!r} is no version (PEP 440)")
    variant = _filled(read_variant(version.local or ""), _from_folders(url))
    build = re.match(r"\d+", parts[2]) if len(parts) == 6 else None
    return Published(
        filename, canonicalize_name(parts[0]), version, parse_tag("-".join(parts[-3:])), variant, url,
        build=int(build[0]) if build else 0,
    )  # fmt: skip


_ABI = re.compile(r"cxx11abi(true|false|1|0)")
# A commit's hash may stand right before: hexadecimal digits are let pass, other letters make it another word.
_TORCH = re.compile(r"(?<![g-z])(torch|pt)(\d+(?:\.\d+)*)(andhigher)?")
_CUDA = re.compile(r"(?<![g-z])cu(?:da)?(\d+(?:\.\d+)*)")
_ROCM = re.compile(r"(?<![g-z])rocm(\d+(?:\.\d+)*)?")
_CPU = re.compile(r"(?<![a-z])cpu(?![a-z])")
_SM = re.compile(r"(?<![a-z])sm_?(\d{2,3}[af]?)(?![0-9])")


def read_variant(local: str) -> Variant:
    """What a local version part says, in whatever order and case it says it."""
    text = local.lower().replace("_", ".").replace("-", ".")
    torch, or_later, container = None, False, None
    if found := _TORCH.search(text):
        read = _torch_version(found[1], found[2])
        if int(read.split(".")[0]) >= 20:  # NVIDIA's containers are numbered by year and month
            container = read
        else:
            torch, or_later = read, found[3] is not None
        text = text[: found.start()] + "|" + text[found.end() :]
    cuda: str | None = None
    if found := _CUDA.search(text):
        cuda = _cuda_version(found[1])
    elif found := _ROCM.search(text):
        cuda = f"ROCm {_rocm_version(found[1])}" if found[1] else "ROCm"
    elif _CPU.search(text):
        cuda = "none"
    abi = _ABI.search(text)
    sm = _SM.search(text)
    return Variant(
        torch=torch,
        torch_or_later=or_later,
        cuda=cuda,
        cxx11abi=None if abi is None else "TRUE" if abi[1] in ("true", "1") else "FALSE",
        container=container,
        sm=sm[1] if sm else None,
    )


def _torch_version(word: str, digits: str) -> str:
    """`2.6.0` as it is; `pt26`, `pt211` are major and minor (PyG); `torch250` has a patch digit as well (NATTEN)."""
    if "." in digits or len(digits) == 1:
        return digits
    if word == "pt" or len(digits) == 2:
        return f"{digits[0]}.{digits[1:]}"
    return f"{digits[0]}.{digits[1:-1]}.{digits[-1]}"


def _cuda_version(digits: str) -> str:
    """`12`, `13` are majors, `92` and `118` have a minor, `1281` a patch digit too; `12.8.0` is as it is."""
    first, *rest = digits.split(".")
    if rest and len(first) <= 2:
        return digits
    if len(first) <= 2:
        return first if len(first) == 2 and first[0] == "1" else ".".join(first)
    return ".".join([first[:2], *first[2:]])


def _rocm_version(digits: str) -> str:
    return digits if "." in digits else ".".join(digits)


def project_cuda(project: str) -> str | None:
    """CUDA's version where the project's own name has it: `cupy-cuda12x`, `nvidia-dali-cuda120`."""
    found = re.search(r"-cu(?:da)?(\d{2,3})x?$", project)
    return _cuda_version(found[1]) if found else None


def _from_folders(url: str) -> Variant:
    folders = unquote(urlsplit(url).path).lower().split("/")[:-1]
    text = " ".join(folders)
    cuda = re.search(r"(?<![a-z0-9])cu(?:da)?(\d{2,3}|\d+\.\d+)(?![0-9])", text)
    torch = re.search(r"(?<![a-z0-9])(?:torch|pt)-?(\d\.\d+(?:\.\d+)?)(?![0-9])", text)
    return Variant(torch=torch[1] if torch else None, cuda=_cuda_version(cuda[1]) if cuda else None)


def _filled(said: Variant, around: Variant) -> Variant:
    return Variant(
        torch=said.torch or (None if said.container else around.torch),
        torch_or_later=said.torch_or_later,
        cuda=said.cuda or around.cuda,
        cxx11abi=said.cxx11abi,
        container=said.container,
        sm=said.sm,
    )

"""What a wheel that lies here holds: its metadata, and what can be imported from it. Nothing of it is run."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from repoops.errors import RepoOpsError


def metadata(path: Path) -> bytes:
    """Its `METADATA`.

    Raises:
        RepoOpsError: no wheel.
    """
    with opened(path) as wheel:
        for name in wheel.namelist():
            if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
                return wheel.read(name)
    raise RepoOpsError("no wheel: it has no METADATA", where=path.name)


def opened(path: Path) -> zipfile.ZipFile:
    """The archive.

    Raises:
        RepoOpsError: no archive.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise RepoOpsError(f"no wheel: {error}", where=path.name) from None


def modules(path: Path, project: str) -> tuple[str, ...]:
    """What can be imported of it at the top: the module that is called like the project alone, else all."""
    found: dict[str, None] = {}
    with opened(path) as wheel:
        for name in wheel.namelist():
            top, _, rest = re.sub(r"^[^/]+\.data/(?:purelib|platlib)/", "", name).partition("/")
            if top.endswith((".dist-info", ".data", ".libs")):
                continue
            if rest == "__init__.py" or (rest == "" and top.endswith((".py", ".so"))):
                found.setdefault(top.split(".", maxsplit=1)[0])
    like = project.replace("-", "_")
    return (like,) if like in found else tuple(sorted(found))

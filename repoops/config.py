"""`repoops.yaml`, or `[tool.repoops]` in `pyproject.toml`, as one frozen `Config`; unknown keys are refused by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from repoops.errors import RepoOpsError


@dataclass(frozen=True, slots=True)
class Archive:
    """`folders` are searched for logs (not below them); globs are gitignore-like, from the root."""

    folders: tuple[str, ...] = (".",)
    destination: str = "docs/archive/session_logs"
    keep: tuple[str, ...] = ()
    archive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Ceilings that `repoops check` holds: logs in the root, files in the root (None: no ceiling)."""

    root_logs: int = 0
    root_files: int | None = None
    codemap: bool = True
    links: bool = True


@dataclass(frozen=True, slots=True)
class CleanSlate:
    """`protect` adds globs to the built-in ones (`.env*`, keys, virtual environments); `onto` is the reset's target."""

    protect: tuple[str, ...] = ()
    onto: str | None = None


@dataclass(frozen=True, slots=True)
class CodeMap:
    """`path` is the map; `exclude` names folders it leaves out."""

    path: str = "CODEMAP.md"
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """`summary` is where the newest summary lies; earlier ones and all evidence go below `archive.destination`."""

    summary: str = "SESSION_SUMMARY.md"


@dataclass(frozen=True, slots=True)
class Verify:
    """`paths` are handed to pytest; `archs` are compiled for; `baseline` is a stored report that timings are held to."""

    paths: tuple[str, ...] = ("kernels",)
    archs: tuple[str, ...] = ("sm_80", "sm_89", "sm_90", "sm_90a")
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A rented machine; `provider` is `gcloud` (instance, zone, project, `max_run` after which Google stops it), `sky`
    (instance, options of `sky launch`, minutes without a job after which SkyPilot stops it or, with `down`, takes it down)
    or `command` (words of `start`, `stop` and `status`; regular expressions that tell its output apart). `ssh` logs in.
    """

    provider: str | None = None
    instance: str | None = None
    zone: str | None = None
    project: str | None = None
    max_run: str | None = None
    launch: tuple[str, ...] = ()
    idle: int | None = None
    down: bool = False
    price_per_hour: float | None = None
    currency: str | None = None
    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    running: str = r"\bRUNNING\b"
    terminated: str = r"\bTERMINATED\b"
    ssh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteHost:
    """A machine that `repoops verify --on` may use; what is left out is as `ssh NAME` has it.

    Attributes:
        ssh: the destination that ssh is given; None: the entry's own name.
        options: given to ssh before it, each an argument of its own (`-p`, `2222`).
        folder: where RepoOps keeps everything there, from the login's home or absolute.
        python: the Python there that has RepoOps: a name on PATH, or an absolute path.
        gpu: a part of the name of the card that is expected (`L4`); another one is refused.
        slurm: options of `sbatch`, where the machine is a cluster's login node; None: the suite runs on the machine itself.
        sky: options of `sky exec`, where the machine is a cluster of SkyPilot's and `ssh` its name there: the suite begins
            when its turn has come in SkyPilot's queue, and the cluster is not taken for idle meanwhile.
        limit: minutes after which a job is ended.
        idle: minutes without contact after which a job is ended.
        shutdown: whether the machine is shut down then, too (`sudo -n poweroff`).
    """

    ssh: str | None = None
    options: tuple[str, ...] = ()
    folder: str = ".repoops"
    python: str = "python3"
    gpu: str | None = None
    slurm: tuple[str, ...] | None = None
    sky: tuple[str, ...] | None = None
    limit: int | None = None
    idle: int | None = None
    shutdown: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be meant."""
        for name in ("limit", "idle"):
            minutes = getattr(self, name)
            if minutes is not None and minutes < 1:
                raise ValueError(f"{name} must be 1 minute or more, not {minutes}")
        if self.shutdown and self.idle is None:
            raise ValueError("shutdown needs idle, the minutes without contact after which it happens")
        if self.slurm is not None and self.sky is not None:
            raise ValueError("slurm and sky: one of them runs it")
        if "/" in self.python and not self.python.startswith("/"):
            raise ValueError(f"python must be a name on PATH or an absolute path, not {self.python!r}")


@dataclass(frozen=True, slots=True)
class Wheels:
    """Where wheels are looked for: simple `indexes` (empty: those of pip), and `releases`, pages that list files.

    A release page is a URL that answers as GitHub's "list releases" does, or a page of links.
    """

    indexes: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be configured, with its defaults; `hosts` are machines by the names that `--on` takes."""

    archive: Archive = field(default_factory=Archive)
    check: Check = field(default_factory=Check)
    clean_slate: CleanSlate = field(default_factory=CleanSlate)
    codemap: CodeMap = field(default_factory=CodeMap)
    gpu: Gpu = field(default_factory=Gpu)
    session: Session = field(default_factory=Session)
    verify: Verify = field(default_factory=Verify)
    hosts: Mapping[str, RemoteHost] = field(default_factory=dict)
    wheels: Wheels = field(default_factory=Wheels)


def load(root: Path) -> Config:
    """Reads the configuration of a work tree; defaults where there is none.

    Raises:
        RepoOpsError: unreadable, an unknown key, or a value of the wrong kind, with file and line.
    """
    plain, toml = root / "repoops.yaml", root / "pyproject.toml"
    if plain.is_file():
        return _from_yaml(plain)
    if toml.is_file() and b"tool.repoops" in (raw := toml.read_bytes()):
        return _from_toml(toml, raw)
    return Config()


_DEEPEST = 4
"""Keys above each other that any configuration has."""


def _from_yaml(path: Path) -> Config:
    import yaml

    try:
        source = path.read_bytes().decode("utf-8-sig")
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        data = yaml.safe_load(source)
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=path.name) from None
    except UnicodeDecodeError:
        raise RepoOpsError("cannot be read: not UTF-8", where=path.name) from None
    except RecursionError:
        raise RepoOpsError("cannot be read: nested too deeply", where=path.name) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise RepoOpsError(f"not YAML: {getattr(error, 'problem', error)}", where=where) from None
    lines: dict[tuple[str, ...], int] = {}

    def note(at: Any, trail: tuple[str, ...]) -> None:
        # An alias may lead back to what it stands in.
        if isinstance(at, yaml.MappingNode) and len(trail) < _DEEPEST:
            for key, value in at.value:
                here = (*trail, str(key.value))
                lines[here] = key.start_mark.line + 1
                note(value, here)

    note(node, ())
    config: Config = _build(Config, {} if data is None else data, (), path.name, lines)
    return config


def _from_toml(path: Path, raw: bytes) -> Config:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RepoOpsError(f"not TOML: {error}", where=path.name) from None
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(raw.decode("utf-8").splitlines(), 1):
        bare = line.strip()
        if bare.startswith("[tool.repoops"):
            table = tuple(bare.strip("[] ").split(".")[2:])
            lines[table] = number
        elif bare.startswith("["):
            table = ("",)
        elif "=" in bare:
            here = (*table, bare.split("=", 1)[0].strip())
            lines[here] = number
    config: Config = _build(Config, data.get("tool", {}).get("repoops", {}), (), path.name, lines)
    return config


def _build(
    kind: Any, data: Any, trail: tuple[str, ...], file: str, lines: Mapping[tuple[str, ...], int]
) -> Any:
    where = f"{file}:{lines[trail]}" if trail in lines else file
    name = ".".join(trail) or "the configuration"
    if not isinstance(data, Mapping):
        raise RepoOpsError(f"{name} must be a table of keys, not {data!r}", where=where)
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    values = {}
    for raw, value in data.items():
        key = str(raw).replace("-", "_")
        here = (*trail, str(raw))
        at = f"{file}:{lines[here]}" if here in lines else where
        if key not in known:
            raise RepoOpsError(
                f"unknown key {'.'.join(here)!r}", where=at, remedy=f"known here: {', '.join(known)}"
            )
        hint = hints[key]
        if is_dataclass(hint):
            values[key] = _build(hint, value, here, file, lines)
        elif get_origin(hint) is Mapping:
            values[key] = _named(get_args(hint)[1], value, here, file, lines)
        else:
            values[key] = _value(hint, value, ".".join(here), at)
    try:
        return kind(**values)
    except ValueError as error:
        raise RepoOpsError(f"{name}: {error}", where=where) from None


def _named(
    kind: Any, data: Any, trail: tuple[str, ...], file: str, lines: Mapping[tuple[str, ...], int]
) -> dict[str, Any]:
    """A table whose keys are names that people give."""
    where = f"{file}:{lines[trail]}" if trail in lines else file
    if not isinstance(data, Mapping):
        raise RepoOpsError(f"{'.'.join(trail)} must be a table of names, not {data!r}", where=where)
    found = {}
    for name, value in data.items():
        here = (*trail, str(name))
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(name)):
            raise RepoOpsError(
                f"{'.'.join(trail)}: {name!r} is no name",
                where=f"{file}:{lines[here]}" if here in lines else where,
                remedy="letters, digits, and . _ - between them",
            )
        found[str(name)] = _build(kind, {} if value is None else value, here, file, lines)
    return found


_KINDS = (
    ("str", (str,)),
    ("int", (int,)),
    ("float", (int, float)),
    ("bool", (bool,)),
    ("None", (type(None),)),
)
_PATHS = ("folders", "destination", "path", "paths", "summary", "baseline")


def _value(hint: Any, value: Any, name: str, at: str) -> Any:
    key = name.rsplit(".", 1)[-1].replace("-", "_")
    wanted = str(hint).replace("<class '", "").replace("'>", "")
    if wanted.startswith("tuple[str"):
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(_inside(v, name, at) if key in _PATHS else v for v in value)
        words = isinstance(value, list) and all(isinstance(v, (str, int, float)) for v in value)
        raise RepoOpsError(
            f"{name} must be a list of strings, not {value!r}",
            where=at,
            remedy="true, no and 5 are no words in YAML: put them in quotes" if words else None,
        )
    kinds = tuple(k for word, ks in _KINDS for k in ks if word in wanted)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise RepoOpsError(f"{name} must be {wanted.replace(' | ', ' or ')}, not {value!r}", where=at)
    return _inside(value, name, at) if key in _PATHS and isinstance(value, str) else value


def _inside(value: str, name: str, at: str) -> str:
    if value.startswith("/") or "\\" in value or ".." in value.split("/") or not value:
        raise RepoOpsError(
            f"{name} must stay inside the repository, not {value!r}",
            where=at,
            remedy="give a path from its root, with / between its parts",
        )
    return value.rstrip("/")

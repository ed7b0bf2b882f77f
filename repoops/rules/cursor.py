"""`.cursor/rules/*.mdc`: what agents are told of a repository, made from its facts, and the faults of existing rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repoops.config import Config
from repoops.files import RelPath
from repoops.rules.parts import put
from repoops.vcs.read import Repository

FOLDER = ".cursor/rules"
BEGIN, END = "<!-- repoops: begin of what is generated -->", "<!-- repoops: end of what is generated -->"
_MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule file: `globs` by commas; `always` applies it to every request."""

    name: str
    description: str
    globs: str
    always: bool
    body: str

    @property
    def path(self) -> RelPath:
        """Where it lies."""
        return f"{FOLDER}/{self.name}.mdc"


@dataclass(frozen=True, slots=True)
class Fault:
    """What Cursor would pass over in silence."""

    path: RelPath
    line: int
    what: str

    def __str__(self) -> str:
        """`path:line: what`."""
        return f"{self.path}:{self.line}: {self.what}"


def wanted(config: Config, files: list[RelPath]) -> list[Rule]:
    """The rules that fit this repository."""
    rules = [
        Rule("repoops-sessions", "How work is logged, filed and cleaned up here", "", True, _sessions(config))
    ]
    if any(path.endswith((".cu", ".cuh")) for path in files):
        rules.append(
            Rule(
                "repoops-kernels",
                "How CUDA kernels are checked here",
                "**/*.cu,**/*.cuh,**/spec.py",
                False,
                _KERNELS,
            )
        )
    return rules


def text_of(rule: Rule, present: str | None) -> str:
    """The file: its front matter and hand-written text as they are, the generated part renewed."""
    if present is None:
        head = (
            f"description: {rule.description}\nglobs: {rule.globs}\nalwaysApply: {str(rule.always).lower()}\n"
        )
        present = f"---\n{head.replace('globs: ' + chr(10), 'globs:' + chr(10))}---\n"
    return put(present, rule.body, BEGIN, END, rule.path)


def faults(repo: Repository) -> Iterator[Fault]:
    """Every fault of the rules that lie there, in path order."""
    folder = repo.root / FOLDER
    for full in sorted(folder.rglob("*")) if folder.is_dir() else []:
        path = full.relative_to(repo.root).as_posix()
        if full.suffix == ".md" and full.name.lower() != "readme.md":
            yield Fault(path, 1, "is read differently by different versions of Cursor: name it .mdc")
        if full.suffix == ".mdc" and full.is_file():
            yield from _faults_of(path, full.read_text(encoding="utf-8", errors="replace"))


def _faults_of(path: RelPath, text: str) -> Iterator[Fault]:
    import yaml

    lines = text.count("\n") + 1
    if lines > _MOST_LINES:
        yield Fault(path, _MOST_LINES, f"has {lines} lines; Cursor asks for at most {_MOST_LINES}")
    parts = text.replace("\r\n", "\n").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        yield Fault(path, 1, "has no front matter: it should begin with ---")
        return
    try:
        matter = yaml.safe_load(_quoted_globs(parts[1])) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        yield Fault(
            path,
            (mark.line if mark else 0) + 2,
            f"front matter is no YAML: {getattr(error, 'problem', error)}",
        )
        return
    if not isinstance(matter, dict):
        yield Fault(path, 2, "front matter is no table of keys")
        return
    yield from (Fault(path, _line(parts[1], key), what) for key, what in _wrong_types(matter))
    if not matter.get("description") and not matter.get("globs") and matter.get("alwaysApply") is not True:
        yield Fault(
            path, 2, "sets none of description, globs, alwaysApply: it applies only when named by hand"
        )


def _wrong_types(matter: dict[str, object]) -> Iterator[tuple[str, str]]:
    checks = (
        ("description", (str,), "a string"),
        ("globs", (str, list), "a string or a list"),
        ("alwaysApply", (bool,), "true or false"),
    )
    for key, kinds, name in checks:
        value = matter.get(key)
        if value is not None and not isinstance(value, kinds):
            yield key, f"{key} must be {name}, not {value!r}"
    for key in matter:
        if key not in ("description", "globs", "alwaysApply"):
            yield str(key), f"unknown key {key!r}: Cursor ignores it"


def _quoted_globs(matter: str) -> str:
    """Cursor takes `globs: *.py` as it stands; to YAML an unquoted `*` is an alias."""
    rows = []
    for line in matter.split("\n"):
        key, separator, value = line.partition(":")
        bare = value.strip()
        quoted = key == "globs" and separator and bare and bare[0] not in "\"'[|>"
        rows.append(f"globs: '{bare}'" if quoted else line)
    return "\n".join(rows)


def _line(matter: str, key: str) -> int:
    return next((n for n, line in enumerate(matter.split("\n"), 2) if line.startswith(key)), 2)


def _sessions(config: Config) -> str:
    return (
        "# Sessions and evidence\n\n"
        "- A claim needs a measurement. Run what you claim through `repoops run -- CMD`; what nobody ran goes into `repoops note`.\n"
        f"- `repoops session-start` begins a session, `repoops session-end` writes `{config.session.summary}`. Do not write status files by hand.\n"
        f"- Earlier summaries and logs live in `{config.archive.destination}/`. Do not put logs into the root: `repoops check` fails.\n"
        "- Never run `git clean -fdx` or `git reset --hard`: use `repoops clean-slate`, which `repoops undo` takes back.\n"
        f"- `{config.codemap.path}` is generated: change the code, then run `repoops codemap`.\n"
    )


_KERNELS = (
    "# CUDA kernels\n\n"
    "- Run `repoops verify` before a GPU is rented and before a kernel is called done; what did not run is *not run*, not passed.\n"
    "- Report no time that a GPU did not measure, and no tolerance that was widened to pass.\n"
    "- A kernel ships with its specification (`spec.py`), an oracle in float64 and gates; change them in the same commit.\n"
)

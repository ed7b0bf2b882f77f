"""How one gets in: console scripts, `python -m`, build targets, package scripts, CI."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repoops.codemap.prose import code, path_code, quoted
from repoops.codemap.scan import Tree, is_test
from repoops.codemap.symbols import docstring, first_sentence
from repoops.codemap.workflows import workflow
from repoops.files import RelPath

_RULE = re.compile(r"^(?P<names>[A-Za-z0-9][\w./ \t-]*?)[ \t]*::?(?![=:])(?P<rest>[^\n]*)$", re.MULTILINE)
_ASSIGNS = re.compile(r"\s*(?:export\s+|override\s+|private\s+)*[\w.]+\s*(?:[:+?!]|::|:::)?=")
_RECIPE = re.compile(
    r"(?P<doc>(?:^#[^\n]*\n)*)(?P<marks>(?:^\[[^\n]*\]\n)*)"
    r"^@?(?P<name>[A-Za-z][\w-]*)(?P<params>(?:[ \t]+[^:\n]*)?):(?!=)[^\n]*$",
    re.MULTILINE,
)
_CMAKE = re.compile(r"^[ \t]*(?:cuda_)?add_(?P<kind>executable|library)\s*\(\s*(?P<name>[\w.-]+)(?![\w.-]*\$)\s(?!\s*(?:ALIAS|IMPORTED|INTERFACE))", re.MULTILINE | re.IGNORECASE)  # fmt: skip
_EXTENSION = re.compile(r"\b(?:CUDA|Cpp)Extension\(\s*(?:name\s*=\s*)?[\"']([\w.]+)[\"']")
_LEGACY = re.compile(r"[\"'\s]([\w.-]+)\s*=\s*([A-Za-z_][\w.]*:\w+)")
_MAIN = re.compile(rb"\nif __name__ == [\"']__main__[\"']")
_LONGEST = 90
"""Characters of a quoted description."""
_CI_FILES = (".gitlab-ci.yml", "azure-pipelines.yml", ".circleci/config.yml", "Jenkinsfile", ".travis.yml",
             ".drone.yml", "bitbucket-pipelines.yml", ".buildkite/pipeline.yml")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in: `say` is what to type or open and `what` is what it is, both as markdown; `file` is the file it leads to."""

    kind: str
    say: str
    what: str
    file: RelPath = ""


def entries(tree: Tree, about: Mapping[str, Any]) -> list[Entry]:
    """All ways in, in the order in which a newcomer needs them; `about` is what `project` says."""
    return [
        *_console(tree, about), *_modules(tree), *_make(tree), *_just(tree), *_npm(tree), *_cargo(tree), *_cmake(tree),
        *_scripts(tree), *_workflows(tree), *_other_ci(tree),
    ]  # fmt: skip


def project(tree: Tree) -> dict[str, Any]:
    """The table `[project]` (or poetry's) of pyproject.toml, or what Cargo.toml or package.json say under the same keys."""
    for path, keys in (("pyproject.toml", ("project",)), ("pyproject.toml", ("tool", "poetry")), ("Cargo.toml", ("package",))):  # fmt: skip
        found: Any = read_toml(tree, path)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict) and found:
            return found
    return read_json(tree, "package.json")


def _console(tree: Tree, about: Mapping[str, Any]) -> Iterator[Entry]:
    legacy = tree.text("setup.py") + tree.text("setup.cfg")
    for name, target in sorted(set(_LEGACY.findall(legacy.partition("console_scripts")[2]))):
        yield _to("console script", code(name), tree, target)
    if not tree.has("pyproject.toml"):
        return
    for table in ("scripts", "gui-scripts"):
        scripts = about.get(table)
        for name, target in sorted(scripts.items()) if isinstance(scripts, dict) else ():
            yield _to("console script", code(str(name)), tree, str(target))
    plugins = about.get("entry-points")
    for group, rows in sorted(plugins.items()) if isinstance(plugins, dict) else ():
        for name, target in sorted(rows.items()) if isinstance(rows, dict) else ():
            yield _to("plugin", f"plugin {code(str(name))} of {group}", tree, str(target))


def _to(kind: str, say: str, tree: Tree, target: str) -> Entry:
    """An entry that leads to `package.module:function`: told by the file that holds it."""
    dotted, _, function = target.partition(":")
    stem = dotted.strip().replace(".", "/")
    for root in ("", "src/", "python/", "lib/"):
        for path in (f"{root}{stem}.py", f"{root}{stem}/__init__.py"):
            if tree.has(path):
                where = (
                    f"{code(function.strip())} in {path_code(path)}" if function.strip() else path_code(path)
                )
                return Entry(kind, say, where, path)
    return Entry(kind, say, quoted(f"{target}, which is not in this tree", _LONGEST))


def _modules(tree: Tree) -> Iterator[Entry]:
    for path in tree.ending(".py"):
        if path.endswith("/__main__.py") and not is_test(path):
            package = path.removesuffix("/__main__.py")
            for root in ("src/", "python/", "lib/"):
                package = package.removeprefix(root)
            yield Entry("module", code(f"python -m {package.replace('/', '.')}"), path_code(path), path)


def _make(tree: Tree) -> Iterator[Entry]:
    path = next((p for p in ("GNUmakefile", "makefile", "Makefile") if tree.has(p)), None)
    if path is None:
        return
    text = _with_includes(tree, path)
    phony = {
        name for line in re.findall(r"^\.PHONY[ \t]*:([^\n#]*)", text, re.MULTILINE) for name in line.split()
    }
    seen: dict[str, str] = {}
    for match in _RULE.finditer(text):
        rest, _, said = match["rest"].partition("##")
        if _ASSIGNS.match(rest):
            continue
        for name in match["names"].split():
            if name in phony or said or not re.search(r"[./]", name):
                seen[name] = seen.get(name) or said.strip()
    for name, said in seen.items():
        yield Entry("make", code(f"make {name}"), quoted(said, _LONGEST))


def make_targets(tree: Tree) -> frozenset[str] | None:
    """Every target of the root's makefile; None where not all of them can be read off it, or there is no makefile."""
    path = next((p for p in ("GNUmakefile", "makefile", "Makefile") if tree.has(p)), None)
    if path is None:
        return None
    text = _with_includes(tree, path)
    if "%" in "".join(re.findall(r"^[^\t#\n]*?:(?!=)", text, re.MULTILINE)) or re.search(
        r"\$[({](?:eval|call)\b|^\$[({][^\n]*:(?!=)", text, re.MULTILINE
    ):
        return None
    included = [
        p for line in re.findall(r"^[-s]?include[ \t]+([^\n#]*)", text, re.MULTILINE) for p in line.split()
    ]
    if any(not tree.has(p.removeprefix("./")) for p in included):
        return None
    names = " ".join(match["names"] for match in _RULE.finditer(text) if not _ASSIGNS.match(match["rest"]))
    phony = " ".join(re.findall(r"^\.PHONY[ \t]*:([^\n#]*)", text, re.MULTILINE))
    return None if "$" in names + phony else frozenset(names.split()) | frozenset(phony.split())


def recipes(tree: Tree) -> tuple[str, ...]:
    """The recipes and aliases of the root's justfile."""
    path = next((p for p in ("justfile", "Justfile", ".justfile") if tree.has(p)), None)
    text = tree.text(path) if path else ""
    aliases = re.findall(r"^alias[ \t]+([\w-]+)", text, re.MULTILINE)
    return (*(match["name"] for match in _RECIPE.finditer(text)), *aliases)


def _with_includes(tree: Tree, path: RelPath) -> str:
    """A makefile with those it includes by plain name, one level deep; recipes, definitions and comments left out."""
    text = tree.text(path)
    named = [p for line in re.findall(r"^-?include[ \t]+([^\n#]*)", text, re.MULTILINE) for p in line.split()]
    whole = "\n".join(
        [text, *(tree.text(p.removeprefix("./")) for p in named if tree.has(p.removeprefix("./")))]
    )
    whole = re.sub(r"\\\n", " ", whole)
    return re.sub(r"(?ms)^define\b.*?^endef\b", "", whole)


def _just(tree: Tree) -> Iterator[Entry]:
    path = next((p for p in ("justfile", "Justfile", ".justfile") if tree.has(p)), None)
    for match in _RECIPE.finditer(tree.text(path)) if path else ():
        if match["name"] in ("alias", "set", "export", "import", "mod") or "private" in match["marks"]:
            continue
        doc = re.search(r"doc\([\"']([^\"'\n]*)", match["marks"])
        comment = match["doc"].strip().split("\n")[-1].lstrip("#").strip()
        yield Entry("just", code(f"just {match['name']}"), quoted(doc[1] if doc else comment, _LONGEST))


def _npm(tree: Tree) -> Iterator[Entry]:
    scripts = read_json(tree, "package.json").get("scripts")
    lock = (("pnpm-lock.yaml", "pnpm run"), ("yarn.lock", "yarn run"), ("bun.lock", "bun run"))
    runner = next((run for path, run in lock if tree.has(path)), "npm run")
    for name, command in sorted(scripts.items()) if isinstance(scripts, dict) else ():
        yield Entry("npm", code(f"{runner} {name}"), "runs " + quoted(str(command), _LONGEST))


def _cargo(tree: Tree) -> Iterator[Entry]:
    """The programs that crates build."""
    for manifest in tree.ending(".toml"):
        folder, _, name = manifest.rpartition("/")
        if name != "Cargo.toml":
            continue
        found = read_toml(tree, manifest)
        package = found.get("package")
        bins = found.get("bin")
        rows = [row for row in bins if isinstance(row, dict)] if isinstance(bins, list) else []
        if not rows and isinstance(package, dict):
            rows = [{"name": package.get("name"), "path": "src/main.rs"}]
        for row in rows:
            path = posixpath.normpath(
                posixpath.join(folder, str(row.get("path") or f"src/bin/{row.get('name')}.rs"))
            )
            if tree.has(path) and row.get("name"):
                yield Entry("cargo", f"binary {code(str(row['name']))}", path_code(path), path)


def _cmake(tree: Tree) -> Iterator[Entry]:
    for path in (p for p in tree.ending(".txt") if p.rsplit("/", 1)[-1] == "CMakeLists.txt"):
        text = re.sub(r"#[^\n]*", "", tree.text(path))
        for match in _CMAKE.finditer(text):
            yield Entry("cmake", f"CMake {match['kind'].lower()} {code(match['name'])}", path_code(path))
    for name in dict.fromkeys(_EXTENSION.findall(tree.text("setup.py"))):
        yield Entry("extension", f"extension module {code(name)}", path_code("setup.py"))


def _scripts(tree: Tree) -> Iterator[Entry]:
    """Python files in the root or in folders for scripts that are meant to be run."""
    for path in tree.ending(".py"):
        folder, _, name = path.rpartition("/")
        if folder in ("", "scripts", "bin", "tools", "examples") and not is_test(path) and name != "setup.py":  # fmt: skip
            raw = tree.raw(path)
            if _MAIN.search(raw):
                yield Entry("script", code(f"python {path}"), quoted(docstring(tree.text(path)), _LONGEST))


def _workflows(tree: Tree) -> Iterator[Entry]:
    for path in tree.ending(".yml", ".yaml"):
        if not re.fullmatch(r"\.(?:github|gitea|forgejo)/workflows/[^/]+", path):
            continue
        found = workflow(tree.text(path))
        if found is None:
            yield Entry("ci", path_code(path), "CI workflow, not readable as YAML")
            continue
        named = ", ".join(map(code, found.jobs)) or "none"
        when = f" on {', '.join(found.events)}" if found.events else ""
        yield Entry("ci", path_code(path), f"CI{when}; jobs: {named}")


def _other_ci(tree: Tree) -> Iterator[Entry]:
    for path in _CI_FILES:
        if tree.has(path):
            yield Entry("ci", path_code(path), "CI")
    for path in tree.files:
        if path.startswith(".ci/") and path.count("/") == 1:
            yield Entry("ci", path_code(path), quoted(_comment(tree.text(path)), _LONGEST) or "CI")


def _comment(text: str) -> str:
    """The first comment line of a script, the shebang aside."""
    for line in text.split("\n")[:5]:
        if line.startswith("#") and not line.startswith("#!") and line.strip("# "):
            return first_sentence(line.strip("# "))
    return ""


def read_toml(tree: Tree, path: RelPath) -> dict[str, Any]:
    """A TOML file as a table; an empty one where it is absent or no TOML."""
    if path not in tree.tables:
        tree.tables[path] = _table(tree.text(path)) if tree.has(path) else {}
    return tree.tables[path]


def _table(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return dict(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def read_json(tree: Tree, path: RelPath) -> dict[str, Any]:
    """A JSON file as a table; an empty one where it is absent, no JSON or no table."""
    try:
        found = json.loads(tree.text(path)) if tree.has(path) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

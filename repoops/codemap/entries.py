"""How one gets in: console scripts, `python -m`, targets of Makefile, justfile and package.json, CI workflows."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from repoops.codemap.scan import Tree

_TARGET = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)\s*:(?!=)(?P<rest>[^#\n]*)(?:##\s*(?P<help>.*))?$", re.MULTILINE
)
_RECIPE = re.compile(
    r"(?:^#[ \t]*(?P<help>[^\n]*)\n)?^(?P<name>[a-z_][\w-]*)(?:[ \t]+[^:\n=]*)?:(?!=)", re.MULTILINE
)


def project(tree: Tree) -> dict[str, Any]:
    """The table `[project]` of pyproject.toml, or what package.json says under the same keys."""
    if "pyproject.toml" in tree.files:
        found = _toml(tree.text("pyproject.toml")).get("project")
        if isinstance(found, dict):
            return found
    if "package.json" in tree.files:
        return _json(tree.text("package.json"))
    return {}


def entries(tree: Tree) -> list[tuple[str, str]]:
    """`(what to type or where to look, what it is)`, in the order in which a newcomer needs them."""
    found: list[tuple[str, str]] = []
    scripts = project(tree).get("scripts")
    if "pyproject.toml" in tree.files and isinstance(scripts, dict):
        found += [(f"`{name}`", f"console script, `{target}`") for name, target in sorted(scripts.items())]
    for path in tree.files:
        if path.endswith("/__main__.py"):
            found.append(
                (
                    f"`python -m {path.removesuffix('/__main__.py').removeprefix('src/').replace('/', '.')}`",
                    f"`{path}`",
                )
            )
    found += _make(tree)
    found += _just(tree)
    if "package.json" in tree.files:
        wanted = _json(tree.text("package.json")).get("scripts")
        for name, command in sorted(wanted.items()) if isinstance(wanted, dict) else ():
            found.append((f"`npm run {name}`", f"`{command}`"))
    return found + list(_workflows(tree))


def _make(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in (p for p in ("Makefile", "makefile", "GNUmakefile") if p in tree.files):
        seen = set()
        for match in _TARGET.finditer(tree.text(path)):
            if match["name"] not in seen and not match["name"].startswith("."):
                seen.add(match["name"])
                yield f"`make {match['name']}`", (match["help"] or "").strip() or f"target of `{path}`"


def _just(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in (p for p in ("justfile", "Justfile", ".justfile") if p in tree.files):
        for match in _RECIPE.finditer(tree.text(path)):
            yield f"`just {match['name']}`", (match["help"] or "").strip() or f"recipe of `{path}`"


def _workflows(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in tree.files:
        if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", path):
            data = _yaml(tree.text(path))
            jobs = data.get("jobs")
            named = ", ".join(f"`{job}`" for job in jobs) if isinstance(jobs, dict) else "no jobs"
            yield f"`{path}`", f"CI workflow: {named}"
        elif path in (".gitlab-ci.yml", ".ci/run", "azure-pipelines.yml", ".circleci/config.yml"):
            yield f"`{path}`", "CI"


def _toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return {}


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _yaml(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}

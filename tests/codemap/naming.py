"""What a map names, looked up in the tree it is of: every code span is a path, a command, or a name that stands in a file."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from repoops.globs import deciding

DIAGRAM = re.compile(r'f\d+\["([^"]+)"\]')
GLOB = re.compile(r"[*?/.\[]")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def unresolved(root: Path, files: list[str], text: str) -> list[str]:
    """The code spans of a map that lead nowhere, with what was expected of them."""
    found = [f"{label} in the diagram" for label in DIAGRAM.findall(text) if not (root / label).is_dir()]
    for line in text.partition("\n## ")[2].split("\n"):
        spans = SPAN.findall(line)
        place = next((s for s in spans if (root / s).is_file()), "")
        found += [f"{s} in: {line}" for s in spans if not resolves(root, files, s, place, line)]
    return found


def resolves(root: Path, files: list[str], span: str, place: str, line: str) -> bool:
    program, _, name = span.partition(" ")
    if line.startswith("Tests of `"):
        pattern = re.escape(span).replace("…", ".*").replace("NAME", "[^/]+")
        return any(re.fullmatch(pattern, path) for path in files)
    if line.startswith("Of ") and re.fullmatch("[0-9a-f]{10}", span):
        return subprocess.run(["git", "-C", root, "cat-file", "-e", span], check=False).returncode == 0
    if span.startswith("repoops codemap") or line.startswith("<!--"):
        return True
    if program == "make":
        sources = [p for p in ("Makefile", "more.mk") if (root / p).exists()]
        return any(
            re.search(rf"^[^\t#\n]*\b{re.escape(name)}\b[^:\n]*::?", (root / p).read_text(), re.MULTILINE)
            for p in sources
        )
    if program == "just":
        return (
            re.search(rf"^{re.escape(name)}\b.*:", (root / "justfile").read_text(), re.MULTILINE) is not None
        )
    if program in ("npm", "pnpm", "yarn"):
        return name.removeprefix("run ") in json.loads((root / "package.json").read_text())["scripts"]
    if program == "python":
        module = name.removeprefix("-m ")
        return (root / name).exists() or any(
            (root / r / module.replace(".", "/") / "__main__.py").exists() for r in ("", "src")
        )
    if (root / span).exists():
        return True
    if GLOB.search(span) and any(deciding(path, (span,)) for path in files):
        return True
    if re.search(r": submodule(?:, not checked out)?$", line):
        return span.rstrip("/") in (root / ".gitmodules").read_text()
    if "/" in span or re.search(r"\.(py|cu|cuh|md|toml|ya?ml)$", span):
        return False
    sources = [place] if place else ["pyproject.toml", "setup.py", "CMakeLists.txt"]
    text = "".join((root / p).read_text(errors="replace") for p in sources if (root / p).exists())
    whole = " ".join(text.replace("\\\n", " ").split())
    # A name that a macro makes stands in parts, and so does a method; of each part the file must know.
    between = "." if ", called in " in line else "_"
    return span in whole or all(part in whole for part in span.split(between))

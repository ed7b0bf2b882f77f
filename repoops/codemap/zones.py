"""What is not to be edited by hand: submodules, vendored folders, generated files, what rules forbid."""

from __future__ import annotations

import re

from repoops.codemap.scan import VENDORED, Tree

_GENERATED = re.compile(r"@generated|DO NOT EDIT|do not edit (?:this file|by hand|manually)", re.IGNORECASE)
_FORBIDS = re.compile(r"(?i)\b(?:no[- ]edit|do not (?:edit|modify|touch)|never (?:edit|modify|touch))\b")


def zones(tree: Tree, own: str) -> list[tuple[str, str]]:
    """`(path or glob, why)`, sorted; `own` is the map itself."""
    found: dict[str, str] = {}
    for match in re.finditer(r"^\s*path\s*=\s*(.+?)\s*$", tree.text(".gitmodules"), re.MULTILINE):
        found[match[1] + "/"] = "submodule"
    for path in tree.files:
        parts = path.split("/")
        for depth, part in enumerate(parts[:-1], 1):
            if part in VENDORED:
                found["/".join(parts[:depth]) + "/"] = "other people's code"
        head = (
            "\n".join(tree.text(path).split("\n", 5)[:5])
            if path != own and not path.endswith((".md", ".mdc"))
            else ""
        )
        comment = any(
            _GENERATED.search(line) and re.match(r"\s*(?:#|//|/\*|\*|--|<!--|;|%)", line)
            for line in head.split("\n")
        )
        if comment:
            found[path] = "generated: its first lines say so"
    for path in tree.files:
        if path.startswith(".cursor/rules/") and path.endswith(".mdc"):
            head, _, _ = tree.text(path).removeprefix("---\n").partition("\n---")
            if _FORBIDS.search(head):
                globs = re.search(r"^globs:\s*(.+)$", head, re.MULTILINE)
                for glob in (globs[1] if globs else "").strip("[]").split(","):
                    if glob.strip(" \"'"):
                        found[glob.strip(" \"'")] = f"`{path}` forbids it"
    return sorted(found.items())

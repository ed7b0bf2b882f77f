"""The map as markdown: the same tree gives the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from repoops.codemap.cuda import Kernel, kernels
from repoops.codemap.entries import entries, project
from repoops.codemap.keep import NAMES, block
from repoops.codemap.scan import Tree, is_test, vendored
from repoops.codemap.symbols import Module, first_sentence, modules, used_by
from repoops.codemap.zones import zones
from repoops.files import RelPath, shown

TOKENS = 2000
"""The default budget; a token is taken as four characters."""
_KINDS = {
    ".py": "Python", ".cu": "CUDA", ".cuh": "CUDA", ".cpp": "C++", ".cc": "C++", ".h": "C/C++", ".hpp": "C++", ".c": "C",
    ".rs": "Rust", ".go": "Go", ".ts": "TypeScript", ".tsx": "TypeScript", ".js": "JavaScript", ".java": "Java",
    ".sh": "shell", ".md": "markdown", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML",
}  # fmt: skip
_MOST_ENTRIES = 24
_MOST_FOLDERS = 40
_MOST_NAMES = 8


def render(tree: Tree, own: RelPath, kept: Mapping[str, str], tokens: int = TOKENS) -> str:
    """Draws the map; what people wrote is put back where it was, and counts for nothing in the budget."""
    found = modules(tree)
    parts = [
        f"# Code map of {_name(tree)}\n\n"  # noqa: ISC004 - one paragraph of the list
        "Drawn from the tree by `repoops codemap`; `repoops codemap --check` fails when it is stale. "
        "What stands between keep markers is written by hand and survives.\n",
        f"## Purpose\n\n{_purpose(tree)}\n\n{block('purpose', kept.get('purpose', ''))}",
        _section("Entry points", _listed(entries(tree), _MOST_ENTRIES, "entries")),
        _section("Folders", _folders(tree, found)),
        _section("CUDA kernels", _kernels(kernels(tree))),
        _section("No-edit zones", (f"- `{path}`: {why}" for path, why in zones(tree, own))),
    ]
    room = tokens * 4 - sum(len(part) for part in parts if part) + sum(map(len, kept.values()))
    parts.append(_section("Key files", _key_files(found, room)))
    parts.append(f"## Notes\n\n{block('notes', kept.get('notes', ''))}")
    parts += [block(name, text) for name, text in kept.items() if name not in NAMES]
    return "\n".join(part for part in parts if part)


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body}\n" if body else ""


def _listed(rows: list[tuple[str, str]], most: int, what: str) -> Iterable[str]:
    yield from (f"- {left}: {_cell(right)}" for left, right in rows[:most])
    if len(rows) > most:
        yield f"- and {len(rows) - most} more {what}"


def _name(tree: Tree) -> str:
    found = project(tree).get("name")
    if isinstance(found, str):
        return found
    for line in tree.text(_readme(tree)).splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return "this repository"


def _readme(tree: Tree) -> RelPath:
    return next(
        (
            p
            for p in tree.files
            if "/" not in p and p.lower() in ("readme.md", "readme.rst", "readme.txt", "readme")
        ),
        "",
    )


def _purpose(tree: Tree) -> str:
    described = project(tree).get("description")
    return (
        str(described)
        if isinstance(described, str) and described
        else _paragraph(tree.text(_readme(tree))) or "Not stated."
    )


def _paragraph(text: str) -> str:
    """The first paragraph that is prose: no heading, badge, HTML, list or front matter."""
    if text.startswith("---\n"):
        text = text.split("\n---", 1)[-1]
    for paragraph in text.split("\n\n"):
        stripped = paragraph.strip()
        if stripped and stripped[0] not in "#<[!|-*>=`:" and not set(stripped) <= set("=-~\n "):
            return first_sentence(stripped) + "."
    return ""


def _folders(tree: Tree, found: list[Module]) -> Iterable[str]:
    by_folder: dict[RelPath, list[RelPath]] = {}
    for path in tree.files:
        parts = path.split("/")
        for depth in (1, 2):
            if len(parts) > depth:
                by_folder.setdefault("/".join(parts[:depth]), []).append(path)
    purposes = {module.path: module.purpose for module in found}
    chosen = [folder for folder in sorted(by_folder) if _worth(folder, by_folder[folder])]
    if len(chosen) > _MOST_FOLDERS:
        chosen = [folder for folder in chosen if "/" not in folder][:_MOST_FOLDERS]
    for folder in chosen:
        yield f"- `{shown(folder)}/`: {_cell(_folder_purpose(tree, folder, by_folder[folder], purposes))}"


def _worth(folder: RelPath, files: list[RelPath]) -> bool:
    """Second-level folders are told of where they hold code of the project's own."""
    if vendored(folder + "/x"):
        return "/" not in folder
    code = any(
        path.endswith(tuple(k for k in _KINDS if k not in (".md", ".json", ".yaml", ".yml")))
        for path in files
    )
    return "/" not in folder or (code and not is_test(folder + "/x"))


def _folder_purpose(
    tree: Tree, folder: RelPath, files: list[RelPath], purposes: Mapping[RelPath, str]
) -> str:
    said = purposes.get(f"{folder}/__init__.py")
    if said:
        return said
    readme = next((p for p in files if p.lower() == f"{folder}/readme.md".lower()), None)
    if readme and (prose := _paragraph(tree.text(readme))):
        return prose.rstrip(".")
    counted = Counter(_KINDS.get("." + path.rsplit(".", 1)[-1], "other") for path in files)
    # Kinds and no counts: a map that is stale after every new test would soon be checked by nobody.
    return ", ".join(kind for kind, _ in sorted(counted.items(), key=lambda c: (-c[1], c[0]))[:4]) + " files"


def _kernels(found: list[Kernel]) -> Iterable[str]:
    if not found:
        return
    yield "| kernel | file | launch bounds | template | launched in | tested in |"
    yield "|---|---|---|---|---|---|"
    for kernel in found:
        cells = (f"`{kernel.name}`", f"`{shown(kernel.path)}`", *(f"`{v}`" if v else "" for v in (kernel.bounds, kernel.template)),
                 _paths(kernel.launched, "nowhere found"), _paths(kernel.tested, "no test found"))  # fmt: skip
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _paths(paths: tuple[RelPath, ...], none: str) -> str:
    more = f" and {len(paths) - 2} more" if len(paths) > 2 else ""
    return ", ".join(f"`{shown(path)}`" for path in paths[:2]) + more or none


def _key_files(found: list[Module], room: int) -> Iterable[str]:
    """The most imported first, as many as there is room for, then in the order of their paths."""
    counted = used_by(found)
    worth = [m for m in found if (m.names or m.broken or m.purpose) and not m.path.endswith("__init__.py")]
    ranked = sorted(worth, key=lambda m: (-counted[m.path], m.path))
    taken: list[tuple[RelPath, str]] = []
    for module in ranked:
        line = _file_line(module)
        if len(line) + 1 > room - 40:
            break
        room -= len(line) + 1
        taken.append((module.path, line))
    yield from (line for _, line in sorted(taken))
    left = len(worth) - len(taken)
    if left:
        yield "- and more, imported less often: the folders above say what for"


def _file_line(module: Module) -> str:
    if module.broken:
        return f"- `{shown(module.path)}`: {module.broken}"
    names = ", ".join(f"`{name}`" for name in module.names[:_MOST_NAMES])
    more = f" and {len(module.names) - _MOST_NAMES} more" if len(module.names) > _MOST_NAMES else ""
    return f"- `{shown(module.path)}`: " + "; ".join(filter(None, (_cell(module.purpose), names + more)))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

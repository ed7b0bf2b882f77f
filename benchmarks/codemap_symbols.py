"""What the code map's scanners find of what universal-ctags finds, and how fast, on repositories given as folders.

    python benchmarks/codemap_symbols.py FOLDER... [--json] [--show N]

The baseline is `ctags` in the same run. For each language: how many of the names that ctags calls functions,
types or (for Go and Rust) constants are found at the same line or one line off (recall), how many of ours
ctags knows (agreement; ctags does not know all), and the seconds that each took for these files.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from repoops.codemap.definitions import SCANNERS, definitions
from repoops.codemap.symbols import python_definitions

LANGUAGES = {
    "C": (".c", ".h"), "C++/CUDA": (".cpp", ".cc", ".cxx", ".hpp", ".cu", ".cuh", ".inl"), "Rust": (".rs",), "Go": (".go",),
    "TypeScript/JavaScript": (".js", ".ts", ".tsx", ".jsx", ".mjs"), "shell": (".sh", ".bash"), "Python": (".py",),
}  # fmt: skip
KINDS = {
    "C": "function struct union enum typedef",
    "C++/CUDA": "function class struct union enum typedef",
    "Rust": "function struct enum interface typedef macro method module",
    "Go": "func type struct interface",
    "TypeScript/JavaScript": "function class interface enum alias",
    "shell": "function",
    "Python": "function class",
}


def tags(
    root: Path, files: list[str]
) -> tuple[dict[str, set[tuple[str, int]]], float, dict[tuple[str, int, str], str]]:
    """Per file the names and lines that ctags gives for the kinds that are compared, and its seconds."""
    command = ["ctags", "--output-format=json", "--fields=+nKZ", "--extras=-q", "--langmap=C++:+.cu.cuh.inl", "-L", "-", "-f", "-"]  # fmt: skip
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, input="\n".join(files), capture_output=True, text=True, errors="replace", check=True)  # fmt: skip
    seconds = time.perf_counter() - start
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    about: dict[tuple[str, int, str], str] = {}
    for line in done.stdout.splitlines():
        try:
            tag = json.loads(line)
        except ValueError:
            continue
        if tag.get("_type") == "tag":
            language = language_of(tag["path"])
            if tag["kind"] in KINDS[language].split() and not left_out(tag):
                name = tag["name"].replace(" ", "")
                found[tag["path"]].add((name, tag["line"]))
                about[tag["path"], tag["line"], name] = tag["kind"]
    return found, seconds, about


def left_out(tag: dict[str, object]) -> bool:
    """What is local to a function, and what ctags takes for a definition by mistake: imported names, macros of attributes."""
    pattern = str(tag.get("pattern", ""))[2:]
    return (
        tag.get("scopeKind") in ("function", "method", "func", "member")
        or (tag["kind"] == "alias" and not re.match(r"\s*(?:export\s+)?(?:declare\s+)?type\s+\w+", pattern))
        or (tag["kind"] == "typedef" and "scope" not in tag and pattern[:1].isspace())
        or str(tag["name"]).startswith(("__anon", "AnonymousFunction", "__launch_bounds__"))
    )


def language_of(path: str) -> str:
    return next(name for name, suffixes in LANGUAGES.items() if path.endswith(suffixes))


def ours(root: Path, files: list[str]) -> tuple[dict[str, set[tuple[str, int]]], float]:
    start = time.perf_counter()
    found = {}
    for path in files:
        text = (root / path).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        rows = python_definitions(text) if path.endswith(".py") else definitions(path, text)
        found[path] = {(row.name, row.line) for row in rows}
    return found, time.perf_counter() - start


def held(mine: set[tuple[str, int]], theirs: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of theirs that stand in mine, a name that begins a line earlier or later counted as the same."""
    return {(name, line) for name, line in theirs if any((name, line + off) in mine for off in (0, -1, 1))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", type=int, default=0, help="print so many names that are missed")
    args = parser.parse_args()
    rows = []
    for root in args.folders:
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout
        paths = [p.decode() for p in listed.split(b"\0") if p]
        for language, suffixes in LANGUAGES.items():
            files = [
                p
                for p in paths
                if p.endswith(suffixes) and (root / p).is_file() and not (root / p).is_symlink()
            ]
            if len(files) < 3:
                continue
            theirs, ctags_s, about = tags(root, files)
            mine, ours_s = ours(root, files)
            total = sum(map(len, theirs.values()))
            hit = sum(len(held(mine.get(p, set()), t)) for p, t in theirs.items())
            count = sum(map(len, mine.values()))
            agree = sum(len(held(theirs.get(p, set()), m)) for p, m in mine.items())
            rows.append({"repository": root.name, "language": language, "files": len(files), "ctags": total,
                         "recall": round(hit / max(total, 1), 4), "ours": count, "agreement": round(agree / max(count, 1), 4),
                         "ctags_s": round(ctags_s, 2), "ours_s": round(ours_s, 2)})  # fmt: skip
            missed = [(p, n, line) for p, t in sorted(theirs.items()) for n, line in sorted(t - held(mine.get(p, set()), t))]  # fmt: skip
            for p, n, line in missed[:: max(len(missed) // args.show, 1)][: args.show] if args.show else ():
                print(f"  missed {language} {p}:{line} {about[p, line, n]} {n}")
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("{repository:<16}{language:<22}{files:>6} files  ctags {ctags:>6}  recall {recall:.4f}  ours {ours:>6}  agreement {agreement:.4f}  ctags {ctags_s:>6} s  ours {ours_s:>6} s".format(**row))  # fmt: skip


if __name__ == "__main__":
    assert SCANNERS
    main()

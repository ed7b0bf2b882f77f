"""Holds `repoops archive` to its promise on a real repository, with nothing of RepoOps' own code in the judging.

    python benchmarks/archive_links.py REPOSITORY [-- ARCHIVE OPTIONS…]

REPOSITORY is a clean checkout, which is cloned to a temporary folder; it is not changed. Links are
counted on the HTML that the stock markdown-it renders (and by `lychee --offline`, if it is on PATH),
renames by `git diff -M`, references by searching every other tracked file for a moved path (those in
text files are listed apart). Prints
one JSON object; exits 1 unless every link that led somewhere leads to the same file, git sees every
move as a rename, no reference is stale, a second run does nothing and undo brings all back.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
PROSE = (".txt", ".rst", ".log", ".adoc")
MARKDOWN = (".md", ".markdown", ".mdown", ".mkd", ".mdx")


def git(root: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", root, *args], env=ENV, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def paths(text: str) -> list[str]:
    return [path for path in text.split("\0") if path]


class Destinations(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and name in ("href", "src")]


def led(root: Path, file: str) -> list[tuple[str, str]]:
    """(path led to, query and fragment) of each relative link of a file that leads somewhere, in order."""
    text = (root / file).read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
    text = re.sub(r"\A---\n.*?\n(?:---|\.\.\.)\n", "", text.replace("\r\n", "\n"), flags=re.DOTALL)
    rendered = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"]).render(text)
    found = []
    for raw in Destinations(rendered).found:
        url = urlsplit(raw.strip())
        if url.scheme or url.netloc or not url.path:
            continue
        path = unquote(url.path, errors="surrogateescape")
        start = "" if path.startswith("/") else posixpath.dirname(file)
        target = posixpath.normpath(posixpath.join(start, path.lstrip("/")) or ".")
        if not target.startswith("..") and (root / target).exists() and not target.startswith(".git/"):
            found.append((target, f"{url.query}#{url.fragment}"))
    return found


def count_links(root: Path) -> dict[str, list[tuple[str, str]]]:
    listed = paths(git(root, "ls-files", "-z"))
    return {
        p: led(root, p)
        for p in listed
        if p.lower().endswith(MARKDOWN) and (root / p).is_file() and not (root / p).is_symlink()
    }


def lychee(root: Path) -> tuple[int, int] | None:
    """(links that hold, links that do not) as lychee counts them, files and their headings apart."""
    if shutil.which("lychee") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run(
            ["lychee", "--offline", "--no-progress", "--hidden", "--no-ignore", "--root-dir", root, "--format", "json",
             "--output", report, "--", *[p for p in paths(git(root, "ls-files", "-z")) if p.lower().endswith(MARKDOWN)]],
            cwd=root, check=False, capture_output=True,
        )  # fmt: skip
        data = json.loads(report.read_text())
    return data["successful"], data["errors"]


def stale(root: Path, moves: dict[str, str], archive: str) -> list[str]:
    """Places outside the archive, other than markdown and history, where a moved path still stands."""
    names = {posixpath.basename(old) for old in moves}
    pattern = re.compile(
        rb"(?<![\w.-])(?:\./)?("
        + b"|".join(re.escape(os.fsencode(n)) for n in sorted(names))
        + rb")(?![\w-]|\.\w)"
    )
    found = []
    for path in paths(git(root, "ls-files", "-z")):
        full = root / path
        if (
            path.lower().endswith(MARKDOWN)
            or path.startswith(archive + "/")
            or not full.is_file()
            or full.is_symlink()
        ):
            continue
        data = full.read_bytes()
        if b"\0" in data[:8000] or not names:
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            for hit in pattern.finditer(line):
                folder = re.search(rb"[\w.${}/-]*$", line[: hit.start(1)])[0]
                plain = folder.removeprefix(b"./")
                if not plain or b"$" in plain or b".." in plain:  # else it names a file of another folder
                    found.append(f"{path}:{number}: {line.strip()[:120].decode(errors='replace')}")
    return found


def picture(root: Path) -> str:
    seen = hashlib.sha256(git(root, "ls-files", "-s", "-v", "-z").encode("utf-8", "surrogateescape"))
    seen.update(git(root, "status", "--porcelain=v2", "--ignored", "-z").encode("utf-8", "surrogateescape"))
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if Path(folder, n) != root / ".git")
        for name in sorted(files):
            full = Path(folder, name)
            what = os.readlink(full).encode() if full.is_symlink() else full.read_bytes()
            seen.update(os.fsencode(full) + oct(full.lstat().st_mode).encode() + what)
    return seen.hexdigest()


def repoops(root: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "repoops", *args],
        cwd=root,
        env=ENV,
        text=True,
        capture_output=True,
        check=False,
    )


def judge(source: Path, options: list[str], folder: Path) -> dict[str, object]:
    root = folder / source.name  # scripts may name it
    shutil.copytree(source, root, symlinks=True)
    if git(root, "status", "--porcelain"):
        raise SystemExit(f"{source} is not clean")
    before, former, checked = count_links(root), picture(root), lychee(root)
    start = time.monotonic()
    done = repoops(root, "archive", *options)
    seconds = time.monotonic() - start
    rows = iter(paths(git(root, "diff", "--cached", "-M", "--name-status", "-z")))
    moves, gone = {}, []
    for status in rows:
        path = next(rows)
        if status.startswith("R"):
            moves[path] = next(rows)
        elif status == "D":
            gone.append(path)
    archive = posixpath.commonpath([posixpath.dirname(new) for new in moves.values()]) if moves else ""
    after = count_links(root)
    lost = [
        f"{file}: {target}"
        for file, links in before.items()
        for place, (target, suffix) in enumerate(links)
        if after.get(moves.get(file, file), [])[place : place + 1] != [(moves.get(target, target), suffix)]
    ]
    named, rechecked = stale(root, moves, archive), lychee(root)
    prose = [place for place in named if place.split(":")[0].lower().endswith(PROSE)]
    again = repoops(root, "archive", *options)
    undone = repoops(root, "undo")
    return {
        "exit": done.returncode, "seconds": round(seconds, 2), "moved": len(moves), "not_seen_as_renames": gone,
        "links": sum(map(len, before.values())), "lost": lost, "stale_references": [place for place in named if place not in prose],
        "named_in_prose": prose,
        "lychee_before": checked, "lychee_after": rechecked,
        "second_run": [again.returncode, again.stdout.strip().splitlines()[:1]],
        "undo": [undone.returncode, picture(root) == former], "said": done.stdout[-1500:] + done.stderr[-500:],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("options", nargs="*", help="options for repoops archive, after --")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="archive-links-") as folder:
        found = judge(args.repository.resolve(), args.options, Path(folder))
    print(json.dumps(found, indent=1, ensure_ascii=False))
    good = not (found["lost"] or found["stale_references"] or found["not_seen_as_renames"] or found["exit"])
    return 0 if good and found["second_run"][0] == 0 and found["undo"] == [0, True] else 1


if __name__ == "__main__":
    sys.exit(main())

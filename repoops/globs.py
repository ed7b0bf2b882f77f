"""Globs as `.gitignore` reads them, for paths in a configuration: the last one that matches decides, `!` takes back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from repoops.files import RelPath


def deciding(path: RelPath, globs: Iterable[str]) -> str | None:
    """The glob that covers a file, or a folder above it; None where none does or a later `!` takes it back.

    Without a slash (but at its end) a glob matches a name at any depth, with one it is anchored at the
    root; `*` and `?` stop at slashes, `**` as a whole part does not, `[a-z]` is a class, a backslash quotes, a
    slash at the end asks for a folder.

    Source: gitignore(5), "Pattern format".
    """
    parts = path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    found = None
    for glob in globs:
        taken_back = glob.startswith("!")
        pattern, folder_only = _compiled(glob[1:] if taken_back else glob)
        if any(pattern.fullmatch(folder) for folder in above) or (
            not folder_only and pattern.fullmatch(path)
        ):
            found = None if taken_back else glob
    return found


@lru_cache(maxsize=512)
def _compiled(glob: str) -> tuple[re.Pattern[str], bool]:
    folder_only = glob.endswith("/")
    bare = glob[:-1] if folder_only else glob  # one slash: what is left of `a//` asks for a nameless entry
    anchored = "/" in bare
    parts = bare.lstrip("/").split("/")
    regex = "" if anchored else "(?:.*/)?"
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            regex += ".+" if last else "(?:.*/)?"
        else:
            regex += _part(part) + ("" if last else "/")
    return re.compile(regex, re.DOTALL), folder_only


_TOKEN = re.compile(r"\\(?P<quoted>.)|\*+|\?|\[(?P<not>[!^]?)(?P<class>\]?[^\]]*)\]|.", re.DOTALL)


def _part(part: str) -> str:
    """One part of a glob, between slashes, as a regular expression."""
    regex = ""
    for token in _TOKEN.finditer(part):
        whole = token.group()
        if token["quoted"]:
            regex += re.escape(token["quoted"])
        elif token["class"] is not None:
            members = re.sub(r"([\\\[\]&~|^])", r"\\\1", token["class"])
            regex += f"(?!/)[{'^' if token['not'] else ''}{members}]"
        elif whole[0] == "*":
            regex += "[^/]*"
        else:
            regex += "[^/]" if whole == "?" else re.escape(whole)
    return regex

"""Draws aider's repo map of the current folder, as aider does for a chat without files; prints seconds and tokens as JSON.

Run by `benchmarks/codemap.py` with the Python of an environment that has aider-chat. Its tags are kept
in `.aider.tags.cache.v4`, as in a chat; whoever wants it cold removes that folder first.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

start = time.perf_counter()
from aider.repomap import RepoMap  # noqa: E402 - what it takes to load aider is part of the answer

TOKENS = 2000


class Model:
    """As much of a model as the map asks for."""

    def token_count(self, text: str) -> int:
        return len(text.encode()) * 2 // 7


class Quiet:
    """As much of aider's terminal as the map asks for."""

    def read_text(self, path: str) -> str | None:
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def tool_output(self, *_: object, **__: object) -> None: ...

    tool_warning = tool_error = tool_output


def main() -> None:
    root = os.getcwd()
    listed = (
        subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True).stdout.decode().split("\0")
    )
    files = [os.path.join(root, path) for path in listed if path]
    loaded = time.perf_counter()
    drawer = RepoMap(map_tokens=TOKENS, root=root, main_model=Model(), io=Quiet(), map_mul_no_files=1)
    text = drawer.get_repo_map([], files) or ""
    done = time.perf_counter()
    print(
        json.dumps({"load_s": loaded - start, "map_s": done - loaded, "tokens": len(text.encode()) * 2 // 7})
    )


if __name__ == "__main__":
    main()

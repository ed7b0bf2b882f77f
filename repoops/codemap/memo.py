"""What was read out of files, kept under the git directory by blob id: a file that has not changed is not read again.

A stage is a function of one file's bytes and of a context (the names of all kernels, the macros of
headers); its results are plain data. What is known of contents that the tree no longer has is dropped
when it is saved. Whatever is wrong with the file on disk, the run begins afresh.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repoops.codemap.store import code_version, replace

Results = dict[str, Any]
"""By blob id, of one stage and one context."""


@dataclass(frozen=True, slots=True)
class Memo:
    """Results of earlier runs (`old`), and those that this run asked for (`new`); `path` is None for no store on disk."""

    path: Path | None = None
    old: dict[str, Results] = field(default_factory=dict)
    new: dict[str, Results] = field(default_factory=dict)

    def ask(self, stage: str, blob: str, make: Callable[[], Any]) -> Any:
        """A stage's result for a blob: kept, or made now."""
        here = self.new.get(stage)
        if here is None:
            here = self.new[stage] = {}
        if blob not in here:
            kept = self.old.get(stage)
            here[blob] = kept[blob] if kept is not None and blob in kept else make()
        return here[blob]


def read_memo(state: Path) -> Memo:
    """The store of a repository; `state` is RepoOps' folder under the git directory."""
    path = state / "codemap" / "files.json"
    try:
        found = json.loads(path.read_bytes())
        if found["code"] == code_version():
            return Memo(path, found["stages"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return Memo(path)


def save(memo: Memo, alive: Collection[str]) -> None:
    """Writes what is known of the blobs of this tree, unless it is what lies there; where it cannot be written nothing is kept.

    Of a stage that this run asked for in another context only the new answers are kept.
    """
    asked = {stage.partition(":")[0] for stage in memo.new}
    stages = {stage: dict(rows) for stage, rows in memo.new.items()}
    for stage, rows in memo.old.items():
        if stage in stages or stage.partition(":")[0] not in asked:
            here = stages.setdefault(stage, {})
            here.update((blob, row) for blob, row in rows.items() if blob in alive and blob not in here)
    if memo.path is None or stages == memo.old:
        return
    data = json.dumps({"code": code_version(), "stages": stages}, separators=(",", ":"))
    replace(os.fspath(memo.path), data.encode())


def named(*parts: Hashable) -> str:
    """A short name of a context: equal for equal parts, under any hash seed."""
    import hashlib

    return hashlib.sha1(repr(parts).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

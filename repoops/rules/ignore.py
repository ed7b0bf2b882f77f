"""`.cursorignore`: what agents need not read, and a warning where it hides what they must."""

from __future__ import annotations

from repoops.config import Config
from repoops.files import RelPath
from repoops.rules.parts import put
from repoops.vcs.read import Repository
from repoops.vcs.run import git, records

PATH = ".cursorignore"
BEGIN, END = "# repoops: begin of what is generated", "# repoops: end of what is generated"
_BULK = ("*.cubin", "*.ncu-rep", "*.nsys-rep", "*.safetensors", "*.ckpt")
"""Machine code, profiles and weights: large, and unreadable as text."""


def text_of(config: Config, present: str | None) -> str:
    """The file with its generated part renewed and all else as it is."""
    patterns = (f"{config.archive.destination}/evidence/", *_BULK)
    return put(present or "", "".join(f"{pattern}\n" for pattern in patterns), BEGIN, END, PATH)


def hidden(repo: Repository, destination: RelPath) -> list[RelPath]:
    """Tracked files that the `.cursorignore` on disk keeps from agents, evidence left out: they are asked for by name."""
    if not (repo.root / PATH).is_file():
        return []
    found = records(
        git(repo.root, "ls-files", "-c", "-i", "-z", f"--exclude-from={repo.root / PATH}", "--full-name")
    )
    return [path for path in found if not path.startswith(f"{destination}/evidence/")]

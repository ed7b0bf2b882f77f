"""Real repositories for tests: verbs that say what happens, and a picture of everything that must come back."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ENV = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.invalid",
    "GIT_AUTHOR_DATE": "2025-10-14T12:00:00+0000",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.invalid",
    "GIT_COMMITTER_DATE": "2025-10-14T12:00:00+0000",
    "GIT_ALLOW_PROTOCOL": "file",
    "NO_COLOR": "1",
    "LC_ALL": "C.UTF-8",
}


@dataclass(frozen=True)
class Output:
    """All that a command said."""

    stdout: str
    stderr: str
    code: int


@dataclass(frozen=True)
class Repo:
    """A git repository in a temporary folder."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Repo:
        root.mkdir(parents=True)
        repo = cls(root)
        repo.git("init", "-q", "-b", "main")
        repo.git("config", "core.autocrlf", "false")
        return repo

    def git(self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.root,
            env={**os.environ, **ENV, **(env or {})},
            input=stdin,
            capture_output=True,
        )
        assert done.returncode == 0, f"git {args}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode("utf-8", "surrogateescape")

    def write(self, path: str, content: str | bytes = "", mode: int | None = None) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            full.chmod(mode)
        return full

    def commit(
        self, message: str = "work", files: dict[str, str | bytes] | None = None, date: str | None = None
    ) -> str:
        """Writes `files`, stages everything and commits; returns the commit's id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "-A")
        when = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else None
        self.git("commit", "-q", "--allow-empty", "-m", message, env=when)
        return self.git("rev-parse", "HEAD").strip()

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def repoops(
        self, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Output:
        """Runs the command as users do: a process of its own, no terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "repoops", *args],
            cwd=cwd or self.root, env={**os.environ, **ENV, **(env or {})}, input=stdin, capture_output=True,
        )  # fmt: skip
        return Output(
            done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), done.returncode
        )

    def picture(self) -> dict[str, object]:
        """Everything an undo must bring back: every file with mode and digest, index with flags, refs, HEAD, status."""
        files = {}
        for at, names, plain in os.walk(self.root):
            if Path(at) == self.root and ".git" in names:
                names.remove(".git")
            for name in names + plain:
                full = Path(at, name)
                found = full.lstat()
                if full.is_symlink():
                    what = "link " + os.readlink(full)
                elif full.is_dir():
                    what = "folder"
                else:
                    what = hashlib.sha256(full.read_bytes()).hexdigest()
                files[str(full.relative_to(self.root))] = (oct(stat.S_IMODE(found.st_mode)), what)
        return {
            "files": files,
            "index": self.git("ls-files", "-s", "-v", "-z"),
            "refs": self.git(
                "for-each-ref",
                "--format=%(refname) %(objectname) %(symref)",
                "refs/heads",
                "refs/tags",
                "refs/remotes",
                "refs/stash",
            ),
            "head": (self.root / ".git/HEAD").read_text()
            if (self.root / ".git").is_dir()
            else self.git("rev-parse", "HEAD"),
            "status": self.git(
                "status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=traditional"
            ),
        }

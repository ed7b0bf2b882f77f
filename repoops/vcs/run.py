"""The place that starts git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.vcs.environment import command, environment


class GitError(RepoOpsError):
    """git said no. `status` is its exit status, `stderr` its words."""

    def __init__(self, args: Sequence[str], status: int, stderr: bytes, where: str) -> None:
        words = stderr.decode("utf-8", "replace").strip()
        super().__init__(
            f"git {args[0]} failed: {words.splitlines()[-1] if words else f'exit status {status}'}",
            where=where,
            remedy="run the same in a shell to see all of it: git " + " ".join(args),
        )
        self.status = status
        self.stderr = words


def git(
    root: str | os.PathLike[str],
    *args: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    ok: Sequence[int] = (0,),
) -> bytes:
    """Runs git in `root` and returns its standard output.

    Args:
        root: the folder to run in.
        args: sub-command and arguments; put `--` before paths.
        stdin: bytes for its standard input.
        env: variables set on top of the cleaned environment.
        ok: exit statuses that are no error.

    Raises:
        GitError: git exited with another status.
        RepoOpsError: git is not installed.
    """
    try:
        done = subprocess.run(
            command(args), cwd=root, input=stdin, env=environment(env), capture_output=True, check=False,
            stdin=subprocess.DEVNULL if stdin is None else None,
        )  # fmt: skip
    except FileNotFoundError:
        if not Path(root).is_dir():
            raise RepoOpsError("no such folder", where=str(root)) from None
        raise RepoOpsError(
            "git is not installed", remedy="install git 2.31 or later and put it on PATH"
        ) from None
    if done.returncode not in ok:
        raise GitError(args, done.returncode, done.stderr, str(root))
    return done.stdout


class Batch:
    """One `git cat-file --batch` that stays open: an object is read in microseconds, where a process takes milliseconds.

    Use it as a context manager; objects that this clone lacks are None.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._git = subprocess.Popen(
            command(["cat-file", "--batch"]), cwd=root, env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> Batch:  # noqa: PYI034 - Self is there from Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._git.communicate()

    def read(self, name: str) -> tuple[str, bytes] | None:
        """Kind and content of an object, by its id or anything else that names one; None where there is none."""
        out, into = self._git.stdout, self._git.stdin
        if "\n" in name or out is None or into is None:
            return None
        into.write(name.encode("utf-8", "surrogateescape") + b"\n")
        into.flush()
        header = out.readline().rstrip(b"\n").rsplit(b" ", 2)
        if len(header) != 3 or not header[2].isdigit():
            return None
        content = out.read(int(header[2]))
        out.read(1)
        return header[1].decode(), content


def text(output: bytes) -> str:
    """Decodes git's output, paths kept as surrogate escapes."""
    return output.decode("utf-8", "surrogateescape")


def records(output: bytes) -> list[str]:
    """The records of a `-z` output."""
    return [r for r in text(output).split("\0") if r]

"""Runs one command through Typer, and is the one boundary where errors become a line and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from repoops.cli.app import COMMANDS
from repoops.errors import RepoOpsError

# Typer carries a click of its own in newer releases and uses the installed one in older ones: ask it for the base class.
_WrongUsage: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_OF_THE_DISK = (*_NO_ROOM, errno.EACCES, errno.EPERM, errno.EROFS)


def dispatch(args: Sequence[str]) -> int:
    """Runs `args[0]` with the rest; returns the exit code and never raises but for SystemExit of a broken pipe."""
    name = args[0]
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean: repoops {near[0]}" if near else "see: repoops --help"
        sys.stderr.write(f"repoops: no command {name!r}\n  {hint}\n")
        return 2
    try:
        return _run(name, args[1:])
    except RepoOpsError as error:
        sys.stderr.write(f"repoops {name}: {error}\n")
        return error.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter flushes stdout once more at exit
        return 0
    except KeyboardInterrupt:
        sys.stderr.write(f"repoops {name}: interrupted\n")
        return 130
    except Exception as error:  # noqa: BLE001 - a bug of ours: one line, and the rest in a file
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            where = error.filename or "the disk"
            where = os.fsdecode(where) if isinstance(where, bytes) else where
            remedy = "make room there" if error.errno in _NO_ROOM else "see that you may read and write it"
            sys.stderr.write(f"repoops {name}: {where}: {error.strerror}\n  {remedy}\n")
            return 2
        import tempfile
        import traceback

        handle, log = tempfile.mkstemp(prefix="repoops-bug-", suffix=".log")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exc(file=file)
        sys.stderr.write(
            f"repoops {name}: a bug of ours: {type(error).__name__}: {error}\n  details in {log}\n"
        )
        return 2


def _run(name: str, args: Sequence[str]) -> int:
    module = importlib.import_module(f"repoops.cli.{COMMANDS[name][0]}")
    bare = False
    if hasattr(module, "group"):
        app = module.group
        bare = not args and app.registered_callback is None
        args = ["--help"] if bare else args  # as `repoops` alone: what there is, and exit 2
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name=name, help=module.command.__doc__, context_settings=getattr(module, "CONTEXT", {}))(
            module.command
        )
    command = typer.main.get_command(app)
    for each in getattr(command, "commands", {}).values():
        # click cuts what it takes from `help` itself
        each.short_help = (each.help or "").partition("\n\n")[0]
    try:
        done = command.main(args=list(args), prog_name=f"repoops {name}", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        sys.stderr.write(f"repoops {name}: stopped\n")
        return 130
    except _WrongUsage as error:
        asked = error.ctx.command_path if error.ctx else f"repoops {name}"
        sys.stderr.write(f"repoops {name}: {error.format_message()}\n  see: {asked} --help\n")
        return 2
    return 2 if bare else done if isinstance(done, int) else 0

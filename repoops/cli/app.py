"""Names the commands and loads the one that is asked for; `--help` needs neither Typer nor anything heavy."""

from __future__ import annotations

import sys
from collections.abc import Sequence

COMMANDS = {
    "archive": ("archive", "Move session logs out of the root, keeping every link."),
    "check": ("check", "Fail when logs are back, links are broken or the map is stale (CI, pre-commit)."),
    "codemap": ("codemap", "Regenerate CODEMAP.md from the tree."),
    "rules": ("rules", "Write .cursorignore and .cursor/rules, keeping what people wrote."),
    "clean-slate": ("cleanslate", "Reset to a clean tree; everything can be brought back."),
    "trash": ("trash", "List or purge what clean-slate moved aside."),
    "undo": ("undo", "Take an operation back, byte for byte."),
    "history": ("history", "List the operations that changed files."),
    "session-start": ("session_start", "Record where a session begins."),
    "note": ("note", "Add what only a person knows."),
    "run": ("run", "Run a command and keep its result as evidence."),
    "session-end": ("session_end", "Verify, then write the session's summary."),
    "audit": ("audit", "Hold a summary, or what texts say of kernels, against the evidence."),
    "brief": ("brief", "Print what the next session must know, from evidence."),
    "report": ("report", "Build one page of sessions, verification, claims and map."),
    "timeline": ("timeline", "Show a kernel's history: commits, verdicts, measured times, lessons."),
    "search": ("search", "Find what was said before: logs, commits, notes, runs, reports."),
    "gpu": ("gpu", "Start, stop, ask and enter the rented GPU machine."),
    "verify": ("verify", "Run the kernel suite and report."),
    "jobs": ("jobs", "What runs on hosts: list, go on with, cancel, fetch."),
    "bisect": ("bisect", "Find the commit that broke a kernel, without a GPU."),
    "run-kernel": ("run_kernel", "Run one kernel of a file on the CPU, watched by checks."),
    "wheels": ("wheels", "Find the prebuilt wheel that fits a host; install it there without a compiler."),
    "doctor": ("doctor", "Say what is there, what is missing, and how to mend it."),
}
"""Command → (module under `repoops.cli`, one line of help). The module has `command` (a function) or `group` (a Typer)."""


def usage() -> str:
    """The top-level help, from the table alone."""
    width = max(map(len, COMMANDS)) + 2
    rows = "\n".join(f"  {name:<{width}}{line}" for name, (_, line) in COMMANDS.items())
    return (
        "Usage: repoops COMMAND [OPTIONS]\n\n"
        "An honest session log, loss-free repository hygiene, and CUDA kernels checked before a GPU is rented.\n\n"
        f"Commands:\n{rows}\n\n"
        "Options:\n  --version  Show the version.\n  --help     Show this text; `repoops COMMAND --help` shows a command's.\n\n"
        "Exit codes: 0 fine, 1 findings or failed checks, 2 usage or environment.\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("--help", "-h", "help"):
        sys.stdout.write(usage())
        return 0 if args else 2
    if args[0] == "--version":
        from repoops import __version__

        sys.stdout.write(f"repoops {__version__}\n")
        return 0
    if args[0] == "codemap":
        from repoops.codemap.answers import known

        answer = known(args[1:])
        if answer:
            sys.stdout.write(answer[0])
            return answer[1]
    from repoops.cli.dispatch import dispatch

    return dispatch(args)

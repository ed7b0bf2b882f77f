from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from repoops.cli import console
from repoops.doctor import Diagnosis, examine


def command(
    on: Annotated[
        str | None, typer.Option("--on", help="A host, as ssh or repoops.yaml knows it.", show_default=False)
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="With --on: the Python there that is looked at.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is there, what is missing, and the one command that mends it."""
    must, found = (("hygiene",), examine(Path.cwd())) if on is None else _there(on, python)
    if as_json:
        about = {} if on is None else {"host": on}
        console.out_json({"schema": "repoops/doctor/1", **about, "found": [asdict(d) for d in found]})
    else:
        width = max(len(d.name) for d in found) + 2
        for d in found:
            console.out(f"{'ok' if d.ok else 'missing':<9}{d.name:<{width}}{d.found}")
            if not d.ok:
                console.out(f"{'':<9}{'':<{width}}for {d.needed_for}: {d.remedy}")
    raise typer.Exit(0 if all(d.ok for d in found if d.needed_for in must) else 1)


def _there(on: str, python: str | None) -> tuple[tuple[str, ...], list[Diagnosis]]:
    from repoops import doctor_on
    from repoops.cli import context
    from repoops.remote import hosts

    host, entry = hosts.named(context.configured().hosts, on)
    with console.progress() as bar:
        return doctor_on.MUST, doctor_on.examine(host, python or entry.python, bar)

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from repoops.cli import console
from repoops.doctor import examine


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is there, what is missing, and the one command that mends it."""
    found = examine(Path.cwd())
    if as_json:
        console.out_json({"schema": "repoops/doctor/1", "found": [asdict(d) for d in found]})
    else:
        width = max(len(d.name) for d in found) + 2
        for d in found:
            console.out(f"{'ok' if d.ok else 'missing':<9}{d.name:<{width}}{d.found}")
            if not d.ok:
                console.out(f"{'':<9}{'':<{width}}for {d.needed_for}: {d.remedy}")
    raise typer.Exit(0 if all(d.ok for d in found if d.needed_for == "hygiene") else 1)

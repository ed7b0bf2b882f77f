from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repoops.cache import default_folder
from repoops.cli import console, context
from repoops.errors import RepoOpsError

if TYPE_CHECKING:
    from repoops.hostfacts.model import HostFacts
    from repoops.remote.ssh import Host
    from repoops.wheels.index import Listing

group = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                    help="Which published wheel fits a host, and its way there without a compiler.")  # fmt: skip
Name = Annotated[
    str, typer.Argument(help="A project, with versions if need be: flash-attn==2.5.8.", show_default=False)
]
On = Annotated[
    str | None, typer.Option("--on", help="The host, as ssh or repoops.yaml knows it.", show_default=False)
]
Python = Annotated[str | None, typer.Option(help="The Python there that it is for.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON, every refusal included.")]


@group.command()
def facts(on: Annotated[str, typer.Option("--on", help="The host.")], python: Python = None) -> None:
    """Print a host's facts as JSON, for `check --facts`."""
    from repoops.hostfacts.model import to_json

    console.out_json(to_json(_ask(on, python)))


@group.command()
def check(
    name: Name,
    on: On = None,
    facts_file: Annotated[
        Path | None, typer.Option("--facts", help="A file of facts in place of a host.", show_default=False)
    ] = None,
    python: Python = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the wheel too, and hold its libraries to the host.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which wheel fits a host, or exactly why none does."""
    from repoops.hostfacts.model import from_json
    from repoops.wheels import choose, render, requires
    from repoops.wheels.fit import Fit

    if (on is None) == (facts_file is None):
        raise RepoOpsError("which host?", remedy="give either --on HOST or --facts FILE")
    project, versions = choose.wanted(name)
    if facts_file is not None:
        if not facts_file.is_file():
            raise RepoOpsError(
                "no such file", where=str(facts_file), remedy="write it with: repoops wheels facts --on HOST"
            )
        known = from_json(facts_file.read_bytes(), str(facts_file))
    else:
        known = _ask(str(on), python)
    listing = _listing(project)
    with console.progress() as bar:
        found = choose.by_metadata(known, listing, versions, bar)
        if fetch and isinstance(found, Fit):
            read = choose.by_files(known, found, _folder(), bar)
            found = read.fit if isinstance(read, choose.Read) else read
    lacking = requires.lacking(known, found.wheel) if isinstance(found, Fit) else ()
    if as_json:
        console.out_json(render.data(project, known, listing, found, lacking))
    else:
        console.out(render.text(project, on or str(facts_file), known, listing, found, lacking))
    raise typer.Exit(0 if isinstance(found, Fit) else 1)


@group.command()
def install(
    name: Name,
    on: Annotated[str, typer.Option("--on", help="The host, as ssh or repoops.yaml knows it.")],
    python: Python = None,
    call: Annotated[
        str | None,
        typer.Option(help="One line of Python that is the tiny call on the card.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fetch and check; change nothing on the host.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the wheel that fits, copy it over, install it offline and prove it."""
    from repoops.remote.link import Event, Link
    from repoops.wheels import choose, prove, render, requires, wheel_file
    from repoops.wheels import install as installing
    from repoops.wheels.fit import Fit

    project, versions = choose.wanted(name)
    host, there = _host(on, python)
    known = _ask(on, python)
    listing = _listing(project)
    with console.progress() as bar:
        found = choose.by_metadata(known, listing, versions, bar)
        read = choose.by_files(known, found, _folder(), bar) if isinstance(found, Fit) else found
    if not isinstance(read, choose.Read):
        if as_json:
            console.out_json(render.data(project, known, listing, read))
        else:
            console.out(render.text(project, on, known, listing, read))
        raise typer.Exit(1)
    lacking = requires.lacking(known, read.fit.wheel)
    about = render.data(project, known, listing, read.fit, lacking)
    about |= {"sha256": read.fetched.sha256, "digest_published": read.fetched.published}
    if not as_json:
        console.out(render.text(project, on, known, listing, read.fit, lacking))
        console.out(render.fetched(read.fetched))
    installing.room(known, read.fetched)
    if dry_run:
        if as_json:
            console.out_json(about)
        return
    with console.progress() as bar:

        def tell(event: Event) -> None:
            if event.kind == "sending":
                bar(event.done, event.total, f"to {host.name}: {event.text}")

        done = installing.install(Link(host, tell), there, read.fetched)
    proofs = prove.imports(host, there, project, wheel_file.modules(read.fetched.path, project))
    if all(proof.outcome == "passed" for proof in proofs):
        proofs.append(prove.call(host, there, project, known, call))
    if as_json:
        console.out_json(
            about | {"installed": done.there, "pip": done.said, "proofs": render.proofs_data(proofs)}
        )
    else:
        console.out(render.installed(done, proofs))
    raise typer.Exit(1 if any(proof.outcome == "failed" for proof in proofs) else 0)


def _host(on: str, python: str | None) -> tuple[Host, str]:
    """The host, and the Python there that is meant."""
    from repoops.remote import hosts

    host, entry = hosts.named(context.configured().hosts, on)
    return host, python or entry.python


def _ask(on: str, python: str | None) -> HostFacts:
    from repoops.hostfacts import ask

    host, there = _host(on, python)
    with console.progress() as bar:
        return ask.ask(host, there, bar)


def _listing(project: str) -> Listing:
    from repoops.wheels import index, pip_settings
    from repoops.wheels.index import Places

    settings = context.configured().wheels
    own = Places(settings.indexes) if settings.indexes else pip_settings.places()
    with console.progress() as bar:
        return index.listed(project, Places(own.indexes, own.links, settings.releases), bar)


def _folder() -> Path:
    kept = default_folder()
    return kept / "wheels" if kept else Path(tempfile.mkdtemp(prefix="repoops-wheels-"))

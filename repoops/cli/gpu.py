from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from repoops import clock
from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.gpu import drive, provider_of
from repoops.gpu.drive import Pace, Seen
from repoops.gpu.provider import Answer, ProviderError
from repoops.gpu.state import UNKNOWN, cost, in_words, ran
from repoops.vcs.read import Repository

T = TypeVar("T")

group = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                    help="Start, stop, ask and enter the rented GPU machine; its provider's status alone is believed.")  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print the state as JSON.")]


@group.command()
def start(as_json: AsJson = False) -> None:
    """Start the machine unless it runs, and wait until SSH answers; the session records it."""
    repo, config = context.open_repo()
    reached = _settled(lambda: drive.start(config.gpu, repo.state / "gpu.lock", Pace(), console.note))
    record(repo, config, "start", reached.sent, reached.seen)
    if config.gpu.ssh or config.gpu.provider != "command":
        _settled(lambda: drive.answers(config.gpu, Pace(), console.note))
    _show(config, reached.seen, as_json=as_json)


@group.command()
def stop(as_json: AsJson = False) -> None:
    """Stop the machine unless it is TERMINATED; the session records it."""
    repo, config = context.open_repo()
    reached = _settled(lambda: drive.stop(config.gpu, repo.state / "gpu.lock", Pace(), console.note))
    record(repo, config, "stop", reached.sent, reached.seen)
    _show(config, reached.seen, as_json=as_json)


@group.command()
def status(as_json: AsJson = False) -> None:
    """Say its state, since when, and the cost so far where a price is configured."""
    _, config = context.open_repo()
    seen = drive.see(config.gpu, Pace(silence=20), console.note)
    _show(config, seen, as_json=as_json)
    if seen.state.status == UNKNOWN:
        console.note(drive.untold(seen))
        raise typer.Exit(1)


@group.command(context_settings={"allow_interspersed_args": False})
def ssh(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CMD]...", help="Run this there; none: log in.", show_default=False),
    ] = None,
    print_: Annotated[bool, typer.Option("--print", help="Print the command instead.")] = False,
) -> None:
    """Log in to the machine, or run a command there."""
    from repoops.gpu.ask import become

    _, config = context.open_repo()
    command = provider_of(config.gpu).ssh(config.gpu, words or ())
    if print_:
        console.out(shlex.join(command))
        return
    become(command)


def record(repo: Repository, config: Config, did: str, sent: int, seen: Seen | tuple[Answer, str]) -> None:
    """Keeps a state in the session, or an answer that told none and why; a start begins a session where none is open."""
    from repoops.cli.session_start import start_now
    from repoops.session import record as log
    from repoops.session.gpu import sighting
    from repoops.vcs.read import subject

    exclude = context.outputs(config)
    if did == "start" and log.read(repo).start is None:
        start_now(repo, exclude, "began with the start of a GPU machine")
        console.note("no session was open: one begins with this start")
    answer, told = (seen.answer, (seen.state, seen.kept)) if isinstance(seen, Seen) else seen
    place = log.folder(repo) / "evidence"
    kept = sighting(place, config.gpu, did, sent, answer, told, subject(repo, exclude))
    log.append(repo, {"event": "gpu", **kept.to_json()})


def at_end(repo: Repository, config: Config, *, stop: bool) -> bool:
    """Records the machine's state at a session's end, stopped before where that is asked; False where it did not stop."""
    if stop:
        try:
            reached = drive.stop(config.gpu, repo.state / "gpu.lock", Pace(), console.note)
        except RepoOpsError as error:
            console.note(f"repoops session-end: the GPU machine is not stopped: {error}")
        else:
            record(repo, config, "stop", reached.sent, reached.seen)
            return True
    try:
        record(repo, config, "look", 0, drive.see(config.gpu, drive.ONCE, console.note))
    except ProviderError as error:
        record(repo, config, "look", 0, (error.answer, error.what))
    except RepoOpsError as error:  # no such program: nothing ran, and 127 is the shell's word for that
        command, now = provider_of(config.gpu).status(config.gpu), clock.now().isoformat()
        why = f"{error.where}: {error.what}"
        record(repo, config, "look", 0, (Answer(command, 127, "", why, now, 0.0), why))
    return not stop


def _settled(work: Callable[[], T]) -> T:
    """Ctrl-C ends the waiting, not what the provider was asked for: that is said."""
    try:
        return work()
    except KeyboardInterrupt:
        console.note("what was asked for goes on at the provider; see: repoops gpu status")
        raise


def _show(config: Config, seen: Seen, *, as_json: bool) -> None:
    state, now, gpu = seen.state, clock.now(), config.gpu
    place = provider_of(gpu).place(gpu)
    if as_json:
        console.out_json(_plain(config, seen))
        return
    console.out(f"{place}: {in_words(state, now, gpu.price_per_hour, gpu.currency)}")
    if state.accelerators:
        console.out("  " + ", ".join(state.accelerators))
    if state.limit_s:
        console.out(f"  stopped by its provider after {state.limit_s / 3600:g} h")


def _plain(config: Config, seen: Seen) -> dict[str, Any]:
    state, now, gpu = seen.state, clock.now(), config.gpu
    span, spent = ran(state, now), cost(state, now, gpu.price_per_hour)
    return {
        "schema": "repoops/gpu/1",
        "machine": provider_of(gpu).place(gpu),
        "provider": gpu.provider,
        "status": state.status,
        "since": state.since.isoformat() if state.since else None,
        "ran_s": int(span.total_seconds()) if span else None,
        "cost": None if spent is None else {"amount": round(spent, 2), "currency": gpu.currency},
        "accelerators": list(state.accelerators),
        "limit_s": state.limit_s,
        "note": state.note,
    }

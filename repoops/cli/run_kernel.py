from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repoops.cli import console
from repoops.errors import RepoOpsError

if TYPE_CHECKING:
    from repoops.kernel.model import Kernel


def command(
    kernel: Annotated[
        str, typer.Argument(help="FILE.cu::NAME, template arguments included; FILE alone lists its kernels.")
    ],
    grid: Annotated[str, typer.Option(help="Thread blocks: X, X,Y or X,Y,Z.")] = "1",
    block: Annotated[str, typer.Option(help="Threads of a block: X, X,Y or X,Y,Z.")] = "32",
    shared: Annotated[int, typer.Option(help="Bytes of dynamic shared memory of a block.")] = 0,
    arg: Annotated[
        list[str] | None,
        typer.Option(
            help="One for each parameter, in order: f32[1024] (random), f16[8,64]=zeros (ones, arange, nan, a number, 0..9),"
            " f32[1024]:out, @x.npy, i32:1024, f32:0.5, null."
        ),
    ] = None,
    include: Annotated[
        list[Path] | None, typer.Option("--include", "-I", help="A folder with headers.")
    ] = None,
    define: Annotated[
        list[str] | None, typer.Option("--define", "-D", help="A macro: NAME or NAME=VALUE.")
    ] = None,
    check: Annotated[
        str, typer.Option(help="memcheck, racecheck, initcheck, synccheck, coverage, by commas; all or none.")
    ] = "all",
    order: Annotated[
        str,
        typer.Option(help="Orders of the warps, one run each: forward, reverse, seed:N, by commas; or all."),
    ] = "forward",
    arch: Annotated[str, typer.Option(help="The architecture to compile for.")] = "sm_89",
    backend: Annotated[str, typer.Option(help="cpu, or cuda where there is a card.")] = "cpu",
    jobs: Annotated[int | None, typer.Option(help="Threads that run blocks; default: all cores.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Turns of loops after which they count as endless.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of random arguments.")] = 0,
    lines: Annotated[bool, typer.Option("--lines", help="Show the counters of each source line.")] = False,
    dump: Annotated[str | None, typer.Option(help="Print ptx or ir (LLVM) and run nothing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run one kernel of a file on the CPU, watched by the checks; no Python needs to be written.

    Exit codes: 0 nothing found; 1 findings, or it does not compile or may not be launched; 2 usage, or arguments that do not fit.

    Example: repoops run-kernel copy.cu::copy --grid 4 --block 256 --arg f32[1024] --arg f32[1024]:out --arg i32:1024
    """
    from dataclasses import replace

    from repoops.backends.interface import LIMIT, Options
    from repoops.kernel.model import Kernel
    from repoops.suite import look, settings
    from repoops.suite.arguments import parse

    file, _, name = kernel.partition("::")
    chosen = Kernel(
        Path(file),
        name,
        tuple((key, value) for key, _, value in (d.partition("=") for d in define or ())),
        _folders(include or ()),
    )
    parameters = _parameters(chosen)
    orders = settings.split_orders(order)
    options = Options(
        archs=(arch,),
        checks=settings.checks(check),
        order=orders[0],
        jobs=jobs,
        limit=LIMIT if limit is None else limit,
    )
    if jobs is not None and jobs < 1:
        raise RepoOpsError(f"{jobs} threads run nothing", remedy="--jobs takes a number from 1 on")
    threads = _extent(block, "--block")
    if dump is not None:
        console.out(_dump(chosen, dump, arch, threads, options.checks))
        return
    from repoops import backends
    from repoops.nvidia.params import Unfit

    try:
        seen = look.look(
            chosen, grid=_extent(grid, "--grid"), block=threads, shared_bytes=shared,
            arguments=[parse(words) for words in arg or ()], options=replace(options, order=orders[0]),
            orders=orders if backend == "cpu" else orders[:1], backend=backends.choose(backend), seed=seed,
        )  # fmt: skip
    except Unfit as error:
        raise RepoOpsError(error.what, remedy=f"one --arg for each of {name}{parameters}") from None
    if as_json:
        console.out_json(look.to_json(seen))
    else:
        for line in look.lines(seen, by_line=lines):
            console.out(line)
    raise typer.Exit(0 if seen.ok else 1)


def _folders(include: Sequence[Path]) -> tuple[Path, ...]:
    """The compiler passes over a folder that is not there."""
    for folder in include:
        if not folder.is_dir():
            raise RepoOpsError("no such folder", where=str(folder), remedy="--include takes one with headers")
    return tuple(include)


def _parameters(kernel: Kernel) -> str:
    """Its parameters as the file has them; raises, with the kernels of the file, if none or another is named."""
    from repoops.nvidia import sources

    found = sources.kernels(kernel.source)
    bare = kernel.name.split("<")[0].rpartition("::")[2].strip()
    named = [k.parameters for k in found if k.name == bare]
    if named:
        return named[0]
    what = f"there is no kernel {kernel.name!r} in this file" if kernel.name else "which kernel?"
    listed = "\n  ".join(["its kernels:", *(f"{kernel.source}::{k.name}{k.parameters}" for k in found)])
    raise RepoOpsError(
        what, where=str(kernel.source), remedy=listed if found else "it defines no __global__ function"
    )


def _extent(text: str, option: str) -> tuple[int, int, int]:
    parts = [part for part in re.split(r"[,x]", text) if part]
    if not 1 <= len(parts) <= 3 or not all(part.strip().isdigit() for part in parts):
        raise RepoOpsError(
            f"{option} {text!r} is no extent", remedy=f"for example: {option} 4 or {option} 4,2,1"
        )
    x, y, z = (*(int(part) for part in parts), 1, 1)[:3]
    return x, y, z


def _dump(kernel: Kernel, what: str, arch: str, block: tuple[int, int, int], checks: tuple[str, ...]) -> str:
    from repoops.backends import cpu
    from repoops.backends.interface import Options
    from repoops.nvidia import translate

    if what not in ("ptx", "ir"):
        raise RepoOpsError(
            f"nothing is called {what!r} that could be printed", remedy="--dump ptx or --dump ir"
        )
    found = translate.to_ptx(kernel, arch, keep=Options().keep)
    return found.ptx if what == "ptx" else cpu.intermediate(found.ptx, found.entry, block, checks)

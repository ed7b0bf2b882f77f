"""The map as it should be now, and how the one that lies there differs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from repoops.codemap.agents import Agents, agents
from repoops.codemap.calls import Calls, calls
from repoops.codemap.churn import Churn, churn
from repoops.codemap.differ import Difference, differences
from repoops.codemap.facts import Facts, gather
from repoops.codemap.graph import graph
from repoops.codemap.handwritten import wrong
from repoops.codemap.keep import Kept, kept
from repoops.codemap.memo import save
from repoops.codemap.render import TOKENS, render
from repoops.codemap.scan import Tree, scan
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, Text
from repoops.vcs.read import Repository

_OURS = re.compile(r"Drawn from the tree by `repoops codemap`(?: within (?P<budget>\d+) tokens)?;")
_LEAST = 200
"""Tokens: what the frame of a map takes."""


@dataclass(frozen=True, slots=True)
class Present:
    """The map that lies there; `budget` is what it says it was drawn within, None for a file that we did not draw."""

    text: str
    bom: bool
    newline: str
    budget: int | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map as it should be: its text, its bytes, what it was drawn from, and the one that lies there.

    `wrong` is what people wrote in it that the tree does not bear out; `agents` is AGENTS.md with its map section.
    """

    path: RelPath
    text: str
    content: bytes
    facts: Facts
    present: Present | None
    churn: Churn | None = None
    wrong: tuple[str, ...] = ()
    agents: Agents | None = None

    def differences(self) -> list[Difference]:
        """How the present map differs; none where there is none."""
        return differences(self.present.text, self.text) if self.present else []

    @property
    def fresh(self) -> bool:
        """Whether the present map holds these very bytes."""
        return self.present is not None and self.present.text == self.text


def draw(repo: Repository, config: Config, tokens: int | None = None, *, adopt: bool = False) -> Drawing:
    """The map of the tree as it lies on disk, with what people wrote in the present one.

    Args:
        repo: whose tree.
        config: where the map lies, and what it leaves out.
        tokens: the budget, 0 for none; by default what the present map says, else 2,000.
        adopt: take a map that was written by hand for one hand-written part.

    Raises:
        RepoOpsError: the present map's markers are damaged, or people wrote it and `adopt` is not set.
    """
    path = config.codemap.path
    present = read_present(repo, path)
    if tokens is not None and tokens != 0 and tokens < _LEAST:
        raise RepoOpsError(
            f"a map does not fit into {tokens} tokens", remedy=f"give at least {_LEAST}, or 0 for no limit"
        )
    parts: list[Kept] = []
    if present is not None and present.budget is None and present.text.strip():
        if not adopt:
            raise RepoOpsError(
                "was not drawn by repoops, and would be replaced", where=path,
                remedy="to keep all of it as a hand-written part: repoops codemap --adopt",
            )  # fmt: skip
        parts = _adopted(present, path)
    elif present is not None:
        parts = kept(present.text, path)
    budget = (
        tokens if tokens is not None else present.budget if present and present.budget is not None else TOKENS
    )
    tree = _tree(repo, config)
    facts = gather(tree, path)
    often = churn(repo, tree, present.text if present else None)
    text = render(facts, parts, budget, present.newline if present else "\n", often)
    said = wrong(repo, tree, parts) if present is not None else []
    beside = agents(repo, facts, path)
    save(tree.memo, {*tree.blobs.values(), *((often and [often.anchor]) or ())})
    content = Text(text, bom=bool(present and present.bom)).encode()
    return Drawing(path, text, content, facts, present, often, tuple(said), beside)


def known_calls(repo: Repository, config: Config) -> Calls:
    """Which function calls which in the tree as it lies on disk."""
    tree = _tree(repo, config)
    found = calls(tree, graph(tree).imports)
    save(tree.memo, {*tree.blobs.values(), *tree.memo.old.get("churn", ())})
    return found


def _tree(repo: Repository, config: Config) -> Tree:
    """All files, without evidence: every session adds some, and a map that listed it would be stale after each."""
    return scan(repo, (*config.codemap.exclude, f"{config.archive.destination}/evidence"))


def stale(repo: Repository, config: Config) -> list[str]:
    """How the present map differs from the tree, one line each, for `repoops check`; empty where it is up to date.

    A repository that never had a map, or whose map people wrote, has none that could be stale; a map
    that the index has and the disk has not is missed.
    """
    present = read_present(repo, config.codemap.path)
    if present is None:
        gone = scan(repo).gone
        return ["is in the index and not on disk: repoops codemap"] if config.codemap.path in gone else []
    if present.budget is None:
        return []
    return stale_lines(draw(repo, config))


def stale_lines(drawing: Drawing) -> list[str]:
    """What makes a map stale, one line each: `line N: section: …` where the present map has a line that says it."""
    found = (
        [] if drawing.fresh else [f"line {d.line}: {d}" if d.line else str(d) for d in drawing.differences()]
    )
    if not drawing.fresh and not found:
        found = ["the order of its lines, or its blank lines"]
    beside = drawing.agents
    of_agents = (
        ["the map section of AGENTS.md is out of date"]
        if beside and beside.marked and not beside.fresh
        else []
    )
    return [*found, *drawing.wrong, *of_agents]


def read_present(repo: Repository, path: RelPath) -> Present | None:
    """The map that lies there, or None.

    Raises:
        RepoOpsError: it is no file, or cannot be read.
    """
    full = repo.root / path
    try:
        found = Text.of(full.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=path, remedy="move it aside") from None
    newline = "\r\n" if found.text.partition("\n")[0].endswith("\r") else "\n"
    ours = _OURS.search(found.text)
    budget = None if ours is None else int(ours["budget"] or 0)
    return Present(found.text, found.bom, newline, budget)


def _adopted(present: Present, path: RelPath) -> list[Kept]:
    """A map that people wrote as one part, after any that it already marks."""
    parts = kept(present.text, path)
    if parts:
        return parts
    text = present.text if present.text.endswith("\n") else present.text + present.newline
    return [Kept("adopted", text, "Notes")]

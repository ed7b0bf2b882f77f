"""Basic blocks of a function, and an order of them in which lanes that went apart meet again as early as they can."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from repoops.ptx.lexer import PtxError
from repoops.ptx.syntax import Function, Instruction, Label, Sym

_ENDS = ("ret", "exit", "trap")


@dataclass(slots=True)
class Block:
    """Instructions that are executed one after the other.

    Attributes:
        index: its number in the order of `blocks`.
        body: without the terminator.
        end: `bra`, `brx`, `ret`, `exit`, `trap`, a meeting of the warp's lanes (`meets`), or None where it
            falls through.
        successors: block numbers; for a guarded branch the target, then the block that follows. A
            guarded `ret` has only the latter.
    """

    index: int
    body: list[Instruction] = field(default_factory=list)
    end: Instruction | None = None
    successors: tuple[int, ...] = ()

    @property
    def instructions(self) -> Sequence[Instruction]:
        """All of it, the terminator last."""
        return self.body if self.end is None else [*self.body, self.end]

    @property
    def leaves(self) -> bool:
        """Whether lanes only come there to end."""
        return not self.body and not self.successors


def meets(i: Instruction) -> bool:
    """Whether lanes wait for each other there, wherever in the function each of them comes to such a place."""
    return i.opcode == "bar" and "warp" in i.modifiers and i.guard is None


def blocks(function: Function, *, meetings: bool = False) -> list[Block]:
    """The function's blocks, the entry first, in an order as `loop_order` makes it; what cannot be reached is left out.

    Args:
        function: with a body.
        meetings: whether a block ends where lanes may have to wait for others.

    Raises:
        PtxError: a branch to a label that is not there.
    """
    raw, labels = _split(function, meetings=meetings)
    for number, block in enumerate(raw):
        block.successors = _successors(function, block, number, labels, len(raw))
    successors = [b.successors for b in raw]
    order = loop_order(successors, _leaving(raw, successors))
    # Lanes that have nothing left to do leave at once, and not only when the last of the others does.
    done = [n for n in order[1:] if raw[n].leaves]
    order = [order[0], *done, *(n for n in order[1:] if n not in done)]
    place = {old: new for new, old in enumerate(order)}
    found = [raw[old] for old in order]
    for new, block in enumerate(found):
        block.index = new
        block.successors = tuple(place[s] for s in block.successors)
    return found


def _leaving(raw: Sequence[Block], successors: Sequence[Sequence[int]]) -> frozenset[int]:
    """Blocks on a way out that meets no barrier, apart from the ways that do.

    Their lanes go first: they are gone before the others wait, and are not taken for lanes that miss the barrier.
    """
    waits = {
        n for n, b in enumerate(raw)
        if any(i.opcode == "call" or (i.opcode in ("bar", "barrier") and "warp" not in i.modifiers) for i in b.body)
    }  # fmt: skip
    before: list[list[int]] = [[] for _ in raw]
    for n, targets in enumerate(successors):
        for s in targets:
            before[s].append(n)
    return frozenset(range(len(raw))) - _reached(waits, before) - _reached(waits, successors)


def _reached(start: Iterable[int], edges: Sequence[Sequence[int]]) -> set[int]:
    found = set(start)
    stack = list(found)
    while stack:
        for n in edges[stack.pop()]:
            if n not in found:
                found.add(n)
                stack.append(n)
    return found


def postdominators(blocks: Sequence[Block]) -> tuple[frozenset[int], ...]:
    """For each block the others that every way from it to an end of the function comes to; a `trap` is no such end."""
    every = (1 << len(blocks)) - 1
    found = [every] * len(blocks)
    changed = True
    while changed:
        changed = False
        for block in reversed(blocks):
            ends = not block.successors or (block.end is not None and block.end.opcode in ("ret", "exit"))
            after = 0 if ends and not (block.end and block.end.opcode == "trap") else every
            for s in block.successors:
                after &= found[s] | 1 << s
            if after != found[block.index]:
                found[block.index] = after
                changed = True
    return tuple(
        frozenset(n for n in range(len(blocks)) if found[block.index] >> n & 1 and n != block.index)
        for block in blocks
    )


def _split(function: Function, *, meetings: bool) -> tuple[list[Block], dict[str, int]]:
    raw, labels = [Block(0)], {}
    for item in function.body or ():
        if isinstance(item, Label):
            if raw[-1].body or raw[-1].end:
                raw.append(Block(len(raw)))
            labels[item.name] = len(raw) - 1
        else:
            if raw[-1].end is not None:
                raw.append(Block(len(raw)))
            if item.opcode in ("bra", "brx", *_ENDS) or (meetings and meets(item)):
                raw[-1].end = item
            else:
                raw[-1].body.append(item)
    return raw, labels


def _successors(
    function: Function, block: Block, number: int, labels: dict[str, int], count: int
) -> tuple[int, ...]:
    following = (number + 1,) if number + 1 < count else ()
    end = block.end
    if end is None or meets(end):
        return following
    kept = following if end.guard else ()
    if end.opcode in _ENDS:
        return kept
    if end.opcode == "bra":
        names: Iterable[str] = [o.name for o in end.operands if isinstance(o, Sym)]
    else:
        table = end.operands[-1]
        names = function.tables.get(table.name, ()) if isinstance(table, Sym) else ()
    missing = [name for name in names if name not in labels]
    if missing or not names:
        raise PtxError(
            f"{end.name} to {', '.join(missing) or 'no label'}, which is not in {function.name}", end.line
        )
    return (*(labels[name] for name in names), *kept)


def loop_order(successors: Sequence[Sequence[int]], first: frozenset[int] = frozenset()) -> list[int]:
    """Blocks in a topological order in which every loop's blocks stand together, its header first.

    Lanes that wait run again when every lane with a lower number has come to them; with this order
    they meet at the latest where their ways must join, and a loop's leavers wait for its last lane.
    What cannot be reached from block 0 is left out. Where the order is free, blocks in `first` come first.

    Source: Bourdoncle 1993 (weak topological order); Diamos et al. 2011 (thread frontiers).
    """
    reached = _reached([0], successors)
    order: list[int] = []
    # Work items are sub-graphs still to be ordered, or single blocks that are due.
    work: list[int | tuple[frozenset[int], int]] = [(frozenset(reached), 0)]
    while work:
        item = work.pop()
        if isinstance(item, int):
            order.append(item)
            continue
        nodes, entry = item
        pieces: list[int | tuple[frozenset[int], int]] = []
        for part in _components(nodes, entry, successors, first):
            if len(part) == 1:
                pieces.append(next(iter(part)))
                continue
            header = entry if entry in part else _first_entered(part, nodes, successors)
            pieces.append(header)
            rest = part - {header}
            inner = [s for s in successors[header] if s in rest]
            pieces.append((frozenset(rest), inner[0] if inner else min(rest)))
        work.extend(reversed(pieces))
    return order


def _first_entered(part: frozenset[int], nodes: frozenset[int], successors: Sequence[Sequence[int]]) -> int:
    """The loop's header: where it is entered from outside; of several the first (an irreducible loop)."""
    entered = [s for n in nodes - part for s in successors[n] if s in part]
    return min(entered) if entered else min(part)


def _components(
    nodes: frozenset[int], entry: int, successors: Sequence[Sequence[int]], first: frozenset[int]
) -> list[frozenset[int]]:
    """Strongly connected components of the sub-graph without edges back to its entry, topologically, those in `first` first, then lower numbers.

    Source: Tarjan 1972, without recursion.
    """
    inside = {n: [s for s in successors[n] if s in nodes] for n in nodes}
    part_of = _tarjan(inside)
    parts: dict[int, set[int]] = {}
    for n, part in part_of.items():
        parts.setdefault(part, set()).add(n)
    waiting = dict.fromkeys(parts, 0)
    edges: dict[int, set[int]] = {p: set() for p in parts}
    for n, targets in inside.items():
        for s in targets:
            if part_of[s] != part_of[n] and part_of[s] not in edges[part_of[n]]:
                edges[part_of[n]].add(part_of[s])
                waiting[part_of[s]] += 1

    def rank(part: int) -> tuple[bool, int]:
        return (False, -1) if entry in parts[part] else (not parts[part] <= first, min(parts[part]))

    ready = [(rank(p), p) for p, n in waiting.items() if n == 0]
    heapq.heapify(ready)
    found = []
    while ready:
        _, part = heapq.heappop(ready)
        found.append(frozenset(parts[part]))
        for other in edges[part]:
            waiting[other] -= 1
            if waiting[other] == 0:
                heapq.heappush(ready, (rank(other), other))
    return found


def _tarjan(graph: dict[int, list[int]]) -> dict[int, int]:
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    part_of: dict[int, int] = {}
    for root in sorted(graph):
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, edges = path[-1]
            for s in edges:
                if s not in index:
                    index[s] = low[s] = len(index)
                    stack.append(s)
                    path.append((s, iter(graph[s])))
                    break
                if s not in part_of:
                    low[node] = min(low[node], index[s])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = stack.pop()
                        part_of[member] = index[node]
                        if member == node:
                            break
    return part_of

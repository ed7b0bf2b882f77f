"""Which instructions a kernel's loop has, and which of them a warp issues: what pages about speed are computed from."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass

import pytest

from repoops.nvidia import wheels

needs_nvdisasm = pytest.mark.skipif(
    wheels.tool("nvdisasm") is None, reason="nvdisasm is neither in a wheel nor on PATH"
)


@dataclass(frozen=True, slots=True)
class Code:
    """A kernel's instructions by name (`HMMA`), without suffixes, up to its last EXIT.

    `branches` are where an instruction may go on instead of at the next one; `always` are those that never do.
    `loops` are closed by a branch back.
    """

    names: tuple[str, ...]
    branches: dict[int, int]
    always: frozenset[int]
    loops: tuple[range, ...]

    def loop_of(self, name: str) -> range:
        """The innermost loop that has all instructions of a name that any loop has."""
        within = [{n for n in loop if self.names[n] == name} for loop in self.loops]
        everything = set().union(*within)
        return min((loop for loop, has in zip(self.loops, within, strict=True) if has == everything), key=len)

    def way(self, loop: range, *kept: str) -> list[str]:
        """The names along the shortest of all ways through a loop that have the most instructions of these names."""
        best: dict[int, tuple[int, int, int]] = {loop.stop: (0, 0, loop.stop)}
        for n in reversed(loop):
            after = [] if n in self.always else [n + 1]
            if loop.start < self.branches.get(n, -1) <= loop.stop and self.branches[n] > n:
                after.append(self.branches[n])
            after = after or [loop.stop]  # back to the loop's start
            count, length, to = min((best[m][0], best[m][1], m) for m in after)
            best[n] = (count - (self.names[n] in kept), length + 1, to)
        found, n = [], loop.start
        while n < loop.stop:
            found.append(self.names[n])
            n = best[n][2]
        return found


def code(cubin: bytes) -> Code:
    """Of a cubin's only kernel, by nvdisasm."""
    names: list[str] = []
    labels: dict[str, int] = {}
    to: dict[int, str] = {}
    always = set()
    for line in disassembled(cubin).splitlines():
        if found := re.match(r"(\.L_x_\d+):", line):
            labels[found[1]] = len(names)
        elif found := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(.*?) ;", line):
            words = found[1].split()
            guarded = words[0].startswith("@")
            words = words[guarded:]
            if jump := re.search(r"`\((\.L_x_\d+)\)", found[1]):
                to[len(names)] = jump[1]
                if words[0] == "BRA" and len(words) == 2 and not guarded:
                    always.add(len(names))
            names.append(words[0].split(".")[0])
    names = names[: len(names) - names[::-1].index("EXIT")]
    branches = {n: labels[label] for n, label in to.items() if n < len(names)}
    loops = tuple(range(target, n + 1) for n, target in branches.items() if target <= n)
    return Code(tuple(names), branches, frozenset(always), loops)


def disassembled(cubin: bytes) -> str:
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(wheels.tool("nvdisasm")), "-c", file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

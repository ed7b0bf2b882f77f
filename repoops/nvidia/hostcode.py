"""Host functions that do not compile here are left out of what nvcc is handed, so that the kernels beside them can be tested.

Host code is never run here, and much of it is written for another toolkit (`cudaThreadSynchronize` is gone from CUDA 13).
Device code is never touched: where it turns out to need what was left out, `LEFT_OUT` stands in its PTX.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

LEFT_OUT = "repoops: the body of a host function was here"
"""A comment of inline assembly in place of a body; it reaches the PTX only if a kernel calls the function."""

_SPACED = re.compile(
    r"""(?P<directive>^[ \t]*\#(?:\\\r?\n|/\*.*?\*/|[^\n])*)
    |//(?:\\\r?\n|[^\n])*|/\*.*?\*/
    |R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)"
    |"(?:\\.|[^"\\\n])*"|(?<![\w'])'(?:\\.|[^'\\\n])*'""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_DEVICE = re.compile(r"\b__(?:global|device)__\b")
_DEDUCED = re.compile(r"\b(?:auto|decltype|constexpr|consteval)\b")
_TYPE = re.compile(r"\b(?:class|struct|union|enum|namespace)\b[^()]*(?:\([^()]*\)[^()]*)*[^()\s]\s*$")
_PARENTHESES = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Body:
    """A function's body: offsets of its braces, and what stands before it, since the last `;` or brace."""

    begin: int
    end: int
    head: str


def without(source: str, lines: Collection[int]) -> str:
    """The source without the bodies of the host functions that hold these lines (from 1); every line keeps its number.

    Directives stay. A function that is marked for the device, holds what is, or has its type deduced from its body is kept;
    a line outside of functions takes nothing away.
    """
    spaced = _SPACED.sub(lambda hit: re.sub(r"[^\n]", " ", hit[0]), source)
    directives = [hit.span() for hit in _SPACED.finditer(source) if hit["directive"] is not None]
    bodies = list(_bodies(spaced))
    starts = [0, *(hit.end() for hit in re.finditer("\n", source))]
    chosen: set[Body] = set()
    for line in lines:
        at, end = starts[line - 1], (*starts, len(source))[line]
        found = [body for body in bodies if body.begin < end and body.end >= at]
        chosen.update(body for body in found if _of_the_host(body, spaced))
    for body in sorted(chosen, key=lambda body: -body.begin):
        source = source[: body.begin + 1] + _emptied(source, body, directives) + source[body.end :]
    return source


def _bodies(spaced: str) -> Iterator[Body]:
    """The outermost functions' bodies of a text without comments, strings and directives."""
    opened: list[tuple[int, str, bool]] = []
    since = 0
    for hit in re.finditer(r"[;{}]", spaced):
        at = hit.start()
        if hit[0] == "{":
            head = spaced[since:at]
            inside = bool(opened) and opened[-1][2]
            opened.append((at, head, inside or _is_function(head)))
        elif hit[0] == "}" and opened:
            begin, head, function = opened.pop()
            if function and not (opened and opened[-1][2]):
                yield Body(begin, at, head)
        since = at + 1


def _is_function(head: str) -> bool:
    flat = head
    while (less := _PARENTHESES.sub(lambda hit: " " * len(hit[0]), flat)) != flat:
        flat = less
    return "(" in head and "=" not in flat.replace("operator=", "") and not _TYPE.search(head)


def _of_the_host(body: Body, spaced: str) -> bool:
    return not (_DEVICE.search(body.head + spaced[body.begin : body.end]) or _DEDUCED.search(body.head))


def _emptied(source: str, body: Body, directives: list[tuple[int, int]]) -> str:
    kept, at = "", body.begin + 1
    inside = [span for span in directives if body.begin < span[0] < body.end]
    for begin, end in (*inside, (body.end, body.end)):
        kept += "\n" * source.count("\n", at, begin) + source[begin:end]
        at = end
    return f' for (;;) asm volatile("// {LEFT_OUT}"); {kept}'

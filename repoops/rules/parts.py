"""A generated part inside a file of the user's: replaced between its two markers, everything else untouched."""

from __future__ import annotations

from repoops.errors import RepoOpsError
from repoops.files import RelPath


def put(text: str, part: str, begin: str, end: str, at: RelPath) -> str:
    """The text with its generated part replaced, or added at the end where it has none.

    Raises:
        RepoOpsError: one marker without the other, in the wrong order, or twice; with file and line.
    """
    lines = text.split("\n")
    begins, ends = ([n for n, line in enumerate(lines, 1) if line.rstrip() == mark] for mark in (begin, end))
    if not begins and not ends:
        joint = "" if not text or text.endswith("\n") else "\n"
        gap = "\n" if text.strip() else ""
        return f"{text}{joint}{gap}{begin}\n{part}{end}\n"
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        line = (begins + ends)[0]
        raise RepoOpsError(
            "the markers of the generated part are damaged", where=f"{at}:{line}",
            remedy=f"leave one {begin!r} and one {end!r} below it, or remove both",
        )  # fmt: skip
    kept_before, kept_after = lines[: begins[0]], lines[ends[0] - 1 :]
    return "\n".join([*kept_before, *part.rstrip("\n").split("\n"), *kept_after])

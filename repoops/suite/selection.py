"""`-k`: an expression over the names of tests, as pytest has it."""

from __future__ import annotations

from repoops.errors import RepoOpsError


def refuse_unreadable(select: str) -> None:
    """Says what is wrong with an expression before pytest's workers are started: in several, pytest ends in an internal error.

    Raises:
        RepoOpsError: pytest refuses it.
    """
    from _pytest.mark import expression  # pytest has no public name for it

    refused = getattr(expression, "ParseError", SyntaxError)  # pytest 8 has an error of its own
    try:
        expression.Expression.compile(select.strip())
    except refused as error:
        why = getattr(error, "msg", None) or str(error)
        raise RepoOpsError(
            f"-k {select!r} cannot be read: {why}",
            remedy="join words by and, or, not and parentheses: -k 'tiled and not (S1 or S65)'",
        ) from None

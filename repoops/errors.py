from __future__ import annotations


class RepoOpsError(Exception):
    """Something the user can mend, said in three parts.

    Args:
        what: what went wrong, as one clause without a full stop.
        where: the path, ref, or `file:line` concerned.
        remedy: what to do about it, best a command that can be pasted.
        code: the exit code: 2 for usage or environment, 1 for findings and failed checks.
    """

    def __init__(
        self, what: str, *, where: str | None = None, remedy: str | None = None, code: int = 2
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.code = code

    def __str__(self) -> str:
        """One line; the remedy, where there is one, on a second."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n  {self.remedy}" if self.remedy else line

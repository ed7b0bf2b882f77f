"""Plan → journal → apply → count: the only way in which RepoOps changes a user's files."""

from __future__ import annotations

from dataclasses import dataclass

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.oplog import journal, recover, steps
from repoops.oplog.count import count
from repoops.oplog.journal import Operation
from repoops.oplog.lock import hold
from repoops.oplog.observe import base, file_state, index_digest
from repoops.oplog.plan import (
    ABSENT,
    Empty,
    FileState,
    MakeFolder,
    Move,
    Plan,
    Remove,
    SetIndex,
    SetRef,
    Write,
)
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository, refuse_in_progress
from repoops.vcs.write import read_ref


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is on disk after an operation.

    Attributes:
        operation: its id, for `undo`.
        counts: taken from disk: `moved`, `written`, `removed`, `folders`, `refs`, `index`.
        agrees: whether that is what the plan meant.
        problems: where it is not, one line each.
    """

    operation: str
    counts: dict[str, int]
    agrees: bool
    problems: tuple[str, ...]


def apply(
    repo: Repository, plan: Plan, progress: Progress = silent, *, in_progress_ok: bool = False
) -> Receipt:
    """Makes a plan durable, carries it out, and counts on disk what came of it.

    Anything that goes wrong between the first step and the last takes back what was done.

    Args:
        repo: the repository the plan was made for.
        plan: at least one step.
        progress: told of each step.
        in_progress_ok: whether a merge or rebase may be under way.

    Raises:
        RepoOpsError: something has changed since the plan was made, the repository is busy, or the
            disk failed; then the files are as they were, or the message says what is left to settle.
    """
    if not in_progress_ok:
        refuse_in_progress(repo, plan.command)
    with hold(repo):
        recover.settle(repo)
        check(repo, plan)
        operation = journal.prepare(repo, plan)
        try:
            _carry_out(repo, plan, operation, progress)
            counts, problems = count(repo, operation, plan)
            index = {"index": index_digest(repo)} if any(isinstance(s, SetIndex) for s in plan.steps) else {}
            journal.note(operation.folder, "applied", counts=counts, problems=problems, **index)
        except BaseException as error:
            _give_up(repo, operation, error)
            raise
    return Receipt(operation.id, counts, not problems, tuple(problems))


def _carry_out(repo: Repository, plan: Plan, operation: Operation, progress: Progress) -> None:
    total = len(plan.steps)
    journal.note(operation.folder, "applying")
    for number, step in enumerate(plan.steps):
        progress(number, total, plan.command)
        steps.do(repo, operation, number, step)
    progress(total, total, plan.command)


def _give_up(repo: Repository, operation: Operation, error: BaseException) -> None:
    try:
        recover.roll_back(repo, operation)
    except Exception as again:  # noqa: BLE001 - whatever it is, the user must hear of both
        raise RepoOpsError(
            f"{operation.command} failed ({error}), and so did taking it back ({again}); nothing is lost",
            where=str(operation.folder),
            remedy="mend the cause; the next repoops command goes on with it",
        ) from error
    if isinstance(error, OSError):
        raise RepoOpsError(
            f"{operation.command} failed and was taken back: {error.strerror or error}",
            where=str(error.filename or repo.root),
            remedy="mend the cause, then run it again",
        ) from error


def check(repo: Repository, plan: Plan) -> None:
    """Raises if anything the plan was made for has changed since."""
    now = base(repo)
    for name, then, at in (
        ("HEAD", plan.base.head, now.head),
        ("the branch", plan.base.branch, now.branch),
        ("the index", plan.base.index, now.index),
    ):
        if then != at:
            raise RepoOpsError(f"{name} changed since the plan was made", remedy=f"run {plan.command} again")
    ahead: dict[RelPath, FileState] = {}
    emptied: dict[RelPath, tuple[str, ...]] = {}

    def state(path: RelPath, *, content: bool) -> FileState:
        if path in ahead:
            return ahead[path]
        return ABSENT if _went(path, ahead, emptied) else file_state(repo, path, content=content)

    def expect(path: RelPath, wanted: FileState) -> None:
        found = state(path, content=wanted.digest is not None)
        if wanted.kind == found.kind != "absent" and wanted.digest is None:
            return
        if found != wanted:
            what = "is in the way" if wanted == ABSENT else "changed since the plan was made"
            raise RepoOpsError(what, where=path, remedy=f"run {plan.command} again")

    for step in plan.steps:
        match step:
            case MakeFolder(path):
                expect(path, ABSENT)
                ahead[path] = FileState("folder")
            case Move(source, target, before):
                expect(source, before)
                expect(target, ABSENT)
                ahead[source], ahead[target] = ABSENT, before
            case Write(path, _, before):
                expect(path, before)
                ahead[path] = step.after
            case Remove(path, before):
                expect(path, before)
                ahead[path] = ABSENT
            case Empty(path, keep):
                expect(path, FileState("folder"))
                emptied[path] = keep
            case SetRef(ref, old):
                if read_ref(repo, ref) != old:
                    raise RepoOpsError(
                        "was moved since the plan was made", where=ref, remedy=f"run {plan.command} again"
                    )
            case SetIndex():
                pass


def _went(path: RelPath, ahead: dict[RelPath, FileState], emptied: dict[RelPath, tuple[str, ...]]) -> bool:
    """Whether an earlier step takes a folder above a path away, or empties one of all but others."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        if ahead.get(above) == ABSENT or (above in ahead and above not in emptied):
            return True  # removed, or made anew by this very operation
        if above in emptied and parts[depth] not in emptied[above]:
            return True
    return False

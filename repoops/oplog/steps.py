"""One arm a kind of step: doing it, taking it back, and whether that can be done without loss.

`do` is called once, on the state that `before` describes. `take_back` may be called on a step that
was done, half done or not done at all, any number of times: it looks at what exists where.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.oplog import effects
from repoops.oplog.journal import Operation, lines
from repoops.oplog.observe import file_state, index_digest
from repoops.oplog.plan import SYMLINK, Empty, MakeFolder, Move, Plan, Remove, SetIndex, SetRef, Step, Write
from repoops.vcs import write as vcs
from repoops.vcs.read import Repository, index


def do(repo: Repository, operation: Operation, number: int, step: Step) -> None:
    """Carries one step out."""
    match step:
        case MakeFolder(path):
            effects.make_folder(repo.root / path)
        case Move(source, target):
            effects.rename(repo.root / source, repo.root / target)
        case Write():
            _write(repo, operation, number, step)
        case Remove(path):
            place = trash_place(operation, number, path)
            effects.make_folder(place.parent)
            effects.rename(repo.root / path, place)
        case Empty():
            _empty(repo, operation, number, step)
        case SetRef(ref, old, new, message):
            effects.before("ref")
            vcs.set_ref(repo, ref, old, new, message)
        case SetIndex():
            _set_index(repo, operation, step)


def take_back(repo: Repository, operation: Operation, number: int, step: Step) -> None:
    """Undoes one step, as far as it was done."""
    match step:
        case MakeFolder(path):
            full = repo.root / path
            if full.is_dir() and not full.is_symlink() and not os.listdir(full):
                effects.remove_folder(full)
        case Move(source, target):
            if not os.path.lexists(repo.root / source) and os.path.lexists(repo.root / target):
                (repo.root / source).parent.mkdir(parents=True, exist_ok=True)  # the user may have removed it
                effects.rename(repo.root / target, repo.root / source)
        case Write():
            _unwrite(repo, operation, number, step)
        case Remove(path):
            kept = trash_place(operation, number, path)
            if os.path.lexists(kept) and not os.path.lexists(repo.root / path):
                (repo.root / path).parent.mkdir(parents=True, exist_ok=True)
                effects.rename(kept, repo.root / path)
        case Empty():
            _refill(repo, operation, number, step)
        case SetRef(ref, old, new, message):
            if vcs.read_ref(repo, ref) == new != old:
                effects.before("ref")
                vcs.set_ref(repo, ref, new, old, f"undo: {message}")
        case SetIndex():
            _restore_index(repo, operation, step)


def obstacle(repo: Repository, operation: Operation, plan: Plan, number: int) -> tuple[RelPath, str] | None:
    """Why step `number` cannot be taken back, apart from what lies in the work tree; None where it can."""
    match plan.steps[number]:
        case Remove(path):
            if not os.path.lexists(trash_place(operation, number, path)):
                return path, "is in the trash no more"
        case Empty(path, keep):
            if not os.path.lexists(trash_place(operation, number, path)):
                return path, "is in the trash no more"
            full = repo.root / path
            made = sorted(set(os.listdir(full)) - set(keep)) if full.is_dir() else []
            planned = _made_below(plan.steps, path)
            strange = [name for name in made if name not in planned]
            if strange:
                return f"{path}/{strange[0]}", "was made since"
        case SetRef(ref, _, new):
            now_at = vcs.read_ref(repo, ref)
            if now_at != new:
                return ref, f"was moved since, to {(now_at or 'absent')[:10]}"
        case SetIndex(changes, _, tree):
            if index_digest(repo) != _after(operation):
                if tree:
                    return "the index", "was changed since"
                rows = {e.path: (e.mode, e.oid) for e in index(repo) if e.stage == 0}
                changed = [c.path for c in changes if rows.get(c.path) != c.new]
                if changed:
                    return changed[0], f"was staged anew since ({len(changed)} of {len(changes)} entries)"
        case MakeFolder() | Move() | Write():
            pass
    return None


def trash_place(operation: Operation, number: int, path: RelPath) -> Path:
    """Where step `number` keeps what it removed."""
    return operation.folder / "trash" / str(number) / path.rsplit("/", 1)[-1]


def _write(repo: Repository, operation: Operation, number: int, step: Write) -> None:
    full = repo.root / step.path
    saved = operation.folder / "saved" / str(number)
    if step.before.kind != "absent":
        effects.keep(full, saved)
    beside = _beside(repo, operation, number, step.path)
    if step.mode == SYMLINK:
        effects.symlink(beside, step.content)
    else:
        effects.write(beside, step.content, step.mode)
    effects.replace(beside, full)


def _unwrite(repo: Repository, operation: Operation, number: int, step: Write) -> None:
    beside = _beside(repo, operation, number, step.path)
    if os.path.lexists(beside):
        effects.remove(beside)
    full = repo.root / step.path
    saved = operation.folder / "saved" / str(number)
    now = file_state(repo, step.path)
    made = now == step.after
    if step.before.kind == "absent":
        if made:
            effects.remove(full)  # its content stays beside the journal, under new/
    elif os.path.lexists(saved):
        if vcs.same_file(saved, full):
            effects.remove(saved)  # never replaced: only the second name was made
        elif made or now.kind == "absent":
            effects.replace(saved, full)


def _empty(repo: Repository, operation: Operation, number: int, step: Empty) -> None:
    full, place = repo.root / step.path, trash_place(operation, number, step.path)
    effects.make_folder(place.parent)
    effects.rename(full, place)
    effects.make_folder(full)
    full.chmod(step.mode)
    for name in step.keep:
        effects.rename(place / name, full / name)


def _refill(repo: Repository, operation: Operation, number: int, step: Empty) -> None:
    """What was kept goes back into the old folder, and that to its place."""
    full, place = repo.root / step.path, trash_place(operation, number, step.path)
    if not os.path.lexists(place):
        return  # never begun, or done
    if full.is_dir() and not full.is_symlink():
        for name in step.keep:
            if os.path.lexists(full / name) and not os.path.lexists(place / name):
                effects.rename(full / name, place / name)
        effects.remove_folder(full)
    (full.parent).mkdir(parents=True, exist_ok=True)
    effects.rename(place, full)


def _made_below(steps: Iterable[Step], folder: RelPath) -> set[str]:
    """The entries of a folder that later steps of the same operation put there."""
    prefix = folder + "/"
    paths = [s.path for s in steps if isinstance(s, (Write, MakeFolder))] + [
        s.target for s in steps if isinstance(s, Move)
    ]
    return {path[len(prefix) :].split("/", 1)[0] for path in paths if path.startswith(prefix)}


def _beside(repo: Repository, operation: Operation, number: int, path: RelPath) -> Path:
    full = repo.root / path
    return full.with_name(f".repoops-{operation.id[:4]}-{number}.tmp")


def _set_index(repo: Repository, operation: Operation, step: SetIndex) -> None:
    effects.before("blobs")
    vcs.store_blobs(repo, step.blobs)
    following = operation.folder / "index.next"
    real = vcs.index_path(repo)
    before = operation.folder / "index.before"
    effects.before("next index")
    following.unlink(missing_ok=True)
    if before.exists():
        following.write_bytes(before.read_bytes())
    if step.tree:
        vcs.read_tree(repo, following, step.tree)
    else:
        vcs.edit_index(repo, following, [(c.path, c.new) for c in step.changes])
    _install_index(following, real)


def _install_index(following: Path, real: Path) -> None:
    """Takes git's lock as git does, under a name of our own too, so that a crash can tell whose it is."""
    lock = vcs.lock_of(real)
    effects.before("lock index")
    try:
        os.link(following, lock)
    except FileExistsError:
        raise RepoOpsError(
            "another git process holds the index", where=str(lock), remedy="wait for it, then try again"
        ) from None
    try:
        effects.before("swap index")
        os.rename(lock, real)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def _after(operation: Operation) -> str | None:
    return next((line["index"] for line in reversed(lines(operation.folder)) if "index" in line), None)


def _restore_index(repo: Repository, operation: Operation, step: SetIndex) -> None:
    real = vcs.index_path(repo)
    lock = vcs.lock_of(real)
    following = operation.folder / "index.next"
    back = operation.folder / "index.back"
    if vcs.same_file(lock, following) or vcs.same_file(lock, back):
        effects.remove(lock)  # ours: the process died between taking it and the swap
    rows = {e.path: (e.mode, e.oid) for e in index(repo) if e.stage == 0}
    if not vcs.same_file(real, following) and any(rows.get(c.path) != c.new for c in step.changes):
        return  # never swapped in
    untouched = vcs.same_file(real, following) or index_digest(repo) == _after(operation)
    before = operation.folder / "index.before"
    effects.before("index back")
    back.unlink(missing_ok=True)
    if untouched and not before.exists():
        effects.remove(real)
        return
    if untouched:
        back.write_bytes(before.read_bytes())
    else:
        back.write_bytes(real.read_bytes())
        vcs.edit_index(repo, back, [(c.path, c.old) for c in step.changes])
    _install_index(back, real)

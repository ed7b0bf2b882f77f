"""A repository and a plan that has a step of every kind, for the crash loop and the fault loop."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

from repoops.oplog.apply import apply
from repoops.oplog.observe import base, file_state
from repoops.oplog.plan import (
    ABSENT,
    IndexChange,
    MakeFolder,
    Move,
    Plan,
    Remove,
    SetIndex,
    SetRef,
    Step,
    Write,
)
from repoops.vcs.read import Repository, index, open_repository, resolve
from tests.support.repo import Repo


def make(root: Path) -> Repo:
    repo = Repo.create(root)
    repo.commit(
        files={"a.md": "a\n", "b.md": "b\r\n", "keep": "k", "sub/c": "c", ".gitignore": "build/\n*.o\n"}
    )
    repo.git("tag", "first")
    repo.commit(files={"later": "l"})
    repo.write("b.md", "b, staged\n", mode=0o755)
    repo.git("add", "b.md")
    repo.write("b.md", "b, then edited\n", mode=0o755)
    repo.write("build/deep/x.o", b"\x00\x01")
    repo.write("build/.hidden", "h", mode=0o600)
    repo.write("loose file", "untracked")
    (repo.root / "link").symlink_to("a.md")
    repo.git("update-index", "--assume-unchanged", "keep")
    repo.write("keep", "assumed")
    return repo


def everything(at: Repository) -> Plan:
    rows = {e.path: (e.mode, e.oid) for e in index(at)}
    moved, link = file_state(at, "a.md"), file_state(at, "link")
    content, fresh = b"a, with its links rewritten\n", b"an index\n"
    steps: list[Step] = [
        MakeFolder("docs"),
        MakeFolder("docs/archive"),
        Move("a.md", "docs/archive/a.md", moved),
        Write("docs/archive/a.md", content, moved, moved.mode),
        Write("b.md", b"b, rewritten\n", file_state(at, "b.md"), 0o755),
        Write("docs/INDEX.md", fresh, ABSENT),
        Write("a.md", b"a new file where the old one lay\n", ABSENT),
        Remove("build", file_state(at, "build")),
        Remove("loose file", file_state(at, "loose file")),
        Remove("link", link),
        SetRef("refs/repoops/keep/x", None, resolve(at, "HEAD"), "kept"),
        SetRef("refs/tags/first", resolve(at, "first"), resolve(at, "HEAD"), "moved"),
        SetIndex(
            (
                IndexChange("a.md", rows["a.md"], None),
                IndexChange("docs/archive/a.md", None, ("100644", blob_id(content))),
                IndexChange("b.md", rows["b.md"], rows["keep"]),
            ),
            (content,),
        ),
    ]
    return Plan("test", base(at), tuple(steps), facts={"why": "a step of every kind"})


def blob_id(content: bytes) -> str:
    return sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def run(args: list[str]) -> int:
    """What the child of the crash loop does: `apply` or `undo`."""
    at = open_repository(".")
    if args == ["undo"]:
        from repoops.oplog.undo import undo

        return 0 if undo(at).agrees else 1
    return 0 if apply(at, everything(at)).agrees else 1

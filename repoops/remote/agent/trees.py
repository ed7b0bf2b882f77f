"""A work tree of exactly the content that was sent."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import Any

from .disk import ROOT, Refused, blob, path, roots, take


def git(where: str, *args: str, stdin: Any = subprocess.DEVNULL) -> str:
    """Runs git with nobody's configuration."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C", GIT_TERMINAL_PROMPT="0")
    line = ["git", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", *args]
    try:
        done = subprocess.run(
            line, cwd=where, env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
        )
    except FileNotFoundError:
        raise Refused("no_git", "git is not installed on this machine") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Refused("git", "git %s: %s" % (args[0], words[-1] if words else done.returncode))
    return done.stdout.decode("ascii", "replace").strip()


def place(spec: dict[str, Any], pack: str) -> str:
    """A work tree of exactly the wanted content that no other job uses now; its lock is kept until this process ends."""
    objects = path("git", spec["format"] + ".git")
    if not os.path.isdir(objects):
        made = "%s.%d" % (objects, os.getpid())
        git(ROOT, "init", "-q", "--bare", "--template=", "--object-format=" + spec["format"], made)
        try:
            os.rename(made, objects)
        except OSError:  # another supervisor was faster
            shutil.rmtree(made)
    if pack != "-" and blob(pack)["whole"]:
        with open(path("blobs", pack), "rb") as file:
            git(objects, "index-pack", "--stdin", stdin=file)
    for n in range(1000):
        name = spec["tree"] + (".%d" % n if n else "")
        if take(os.path.join("trees", name + ".lock")) is None:
            continue
        tree = path("trees", name)
        if not (os.path.isdir(tree) and is_exact(tree, spec)):
            make_tree(tree, objects, spec)
        os.utime(tree)  # gc goes by it
        root = "%s %s" % (spec["tree"], spec["base"])
        if root not in roots():
            with open(path("git", "roots"), "a", encoding="ascii") as file:
                file.write(root + "\n")
        if pack != "-":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path("blobs", pack))
        return tree
    raise Refused("trees", "too many jobs use this tree")


def is_exact(tree: str, spec: dict[str, Any]) -> bool:
    """Whether files and HEAD are those that were sent: the tree is written anew from the files, and the ids compared."""
    try:
        git(tree, "add", "-A", ".")
        head = git(tree, "rev-parse", "HEAD") if spec["base"] != "-" else "-"
        return [git(tree, "write-tree"), head] == [spec["tree"], spec["base"]]
    except Refused:
        return False


def make_tree(tree: str, objects: str, spec: dict[str, Any]) -> None:
    """A repository of its own that borrows the store's objects: HEAD at the commit, files as sent."""
    made = tree + ".new"
    for old in (tree, made):
        shutil.rmtree(old, ignore_errors=True)
    git(ROOT, "init", "-q", "--template=", "--object-format=" + spec["format"], made)
    os.makedirs(os.path.join(made, ".git", "objects", "info"), exist_ok=True)
    with open(os.path.join(made, ".git", "objects", "info", "alternates"), "w", encoding="utf-8") as file:
        file.write(os.path.join(objects, "objects") + "\n")
    if spec["base"] != "-":
        with open(os.path.join(made, ".git", "shallow"), "w", encoding="ascii") as file:
            file.write(spec["base"] + "\n")  # its parents are not here
        git(made, "update-ref", "--no-deref", "HEAD", spec["base"])
    git(made, "read-tree", spec["tree"])
    git(made, "checkout-index", "-a", "-q", "-f")
    if not is_exact(made, spec):
        raise Refused("tree", "the tree on this machine is not the one that was sent")
    os.rename(made, tree)

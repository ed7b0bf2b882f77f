"""Plans as JSON and as lines for people; contents of `Write` are named by digest and kept beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from repoops.files import sha256, shown
from repoops.oplog.plan import (
    Base,
    Empty,
    FileState,
    IndexChange,
    MakeFolder,
    Move,
    Plan,
    Refusal,
    Remove,
    SetIndex,
    SetRef,
    Step,
    Write,
)
from repoops.words import many

SCHEMA = "repoops/plan/1"
_KINDS: dict[str, type[Step]] = {
    k.__name__: k for k in (MakeFolder, Move, Write, Remove, Empty, SetRef, SetIndex)
}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Plain data under the schema `repoops/plan/1`."""
    return {
        "schema": SCHEMA,
        "command": plan.command,
        "base": asdict(plan.base),
        "steps": [_step_to_json(step) for step in plan.steps],
        "refusals": [asdict(refusal) for refusal in plan.refusals],
        "facts": plan.facts,
    }


def plan_from_json(data: Mapping[str, Any], content: Callable[[str], bytes]) -> Plan:
    """Takes back what `plan_to_json` gave; `content` finds a Write's bytes by the hex digits of their digest."""
    return Plan(
        command=data["command"],
        base=Base(**data["base"]),
        steps=tuple(_step_from_json(step, content) for step in data["steps"]),
        refusals=tuple(Refusal(**refusal) for refusal in data["refusals"]),
        facts=data["facts"],
    )


def plan_lines(plan: Plan) -> list[str]:
    """One line a step, for `--dry-run`."""
    said = []
    for step in plan.steps:
        match step:
            case MakeFolder(path):
                said.append(f"make    {shown(path)}/")
            case Move(source, target):
                said.append(f"move    {shown(source)} -> {shown(target)}")
            case Write(path, content):
                said.append(f"write   {shown(path)} ({many(len(content), 'byte')})")
            case Remove(path, before):
                said.append(f"trash   {shown(path)}{'/' if before.kind == 'folder' else ''}")
            case Empty(path, keep):
                said.append(
                    f"trash   {shown(path)}/*"
                    + (f", all but {many(len(keep), 'entry', 'entries')}" if keep else "")
                )
            case SetRef(ref, old, new):
                said.append(f"ref     {ref}: {(old or 'absent')[:10]} -> {(new or 'absent')[:10]}")
            case SetIndex(changes):
                said.append(f"index   {many(len(changes), 'entry', 'entries')}")
    return said + [f"leave   {shown(r.path)}: {r.why}" for r in plan.refusals]


def _step_to_json(step: Step) -> dict[str, Any]:
    data: dict[str, Any] = {"step": type(step).__name__}
    if isinstance(step, Write):
        return data | {"path": step.path, "content": sha256(step.content).removeprefix("sha256:"),
                       "before": asdict(step.before), "mode": step.mode}  # fmt: skip
    if isinstance(step, SetIndex):
        # Blobs are in the object store once the step was applied; undo never needs them.
        return data | {"changes": [[c.path, c.old, c.new] for c in step.changes], "tree": step.tree}
    return data | asdict(step)


def _step_from_json(data: Mapping[str, Any], content: Callable[[str], bytes]) -> Step:
    kind = _KINDS[data["step"]]
    if kind is SetIndex:
        return SetIndex(
            tuple(IndexChange(path, _row(old), _row(new)) for path, old, new in data["changes"]),
            tree=data["tree"],
        )
    values = {f.name: data[f.name] for f in fields(kind)}
    if "before" in values:
        values["before"] = FileState(**values["before"])
    if kind is Empty:
        values["keep"] = tuple(values["keep"])
    if kind is Write:
        values["content"] = content(values["content"])
    return kind(**values)


def _row(row: list[str] | None) -> tuple[str, str] | None:
    return None if row is None else (row[0], row[1])

"""What a CI workflow is started by, and its jobs: read off its lines where it is written as nearly all are, else by YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TOP = re.compile(r"(?P<key>[\w-]+|\"on\"|'on'):(?:[ ]+(?P<rest>[^\n]*))?\Z")
_WORD = re.compile(r"[\w-]+\Z")
_KEY = re.compile(r"(?P<word>[\w-]+):(?: [^\n]*)?\Z")
_ITEM = re.compile(r"- (?P<word>[\w-]+)\Z")
_FLOW = re.compile(r"\[ *(?P<inside>[\w-]+(?: *, *[\w-]+)*) *\]\Z")


@dataclass(frozen=True, slots=True)
class Workflow:
    """Events and jobs, in the order of the file."""

    events: tuple[str, ...]
    jobs: tuple[str, ...]


def workflow(text: str) -> Workflow | None:
    """What a workflow's file says; None where it is no YAML.

    Loading a YAML parser takes longer than the rest of a small map. In block style a key's children are the
    lines of the least indentation below it: whatever stands deeper is theirs. A file that writes one of the
    two keys in any other way (quotes, anchors, tabs) is parsed.
    """
    blocks = _blocks(text)
    events = None if blocks is None else _children(blocks.get("on", []))
    jobs = None if blocks is None else _children(blocks.get("jobs", []))
    return _parsed(text) if events is None or jobs is None else Workflow(events, jobs)


def _blocks(text: str) -> dict[str, list[str]] | None:
    """The lines of each top-level key, what stands behind its colon first; None for a file of another shape."""
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.rstrip()
        if not bare.strip() or bare.lstrip()[0] == "#" or (bare == "---" and not blocks):
            continue
        if line[0] == " ":
            lines.append(bare)
            continue
        top = _TOP.match(bare)
        key = top["key"].strip("\"'") if top else ""
        if top is None or key in blocks:
            return None
        rest = _uncommented(top["rest"] or "")
        lines = blocks[key] = [rest] if rest else []
    return blocks


def _children(lines: Sequence[str]) -> tuple[str, ...] | None:
    """The keys or items right below a key; None where they are not plain words."""
    if lines and lines[0][0] != " ":
        flow = _FLOW.match(lines[0])
        found = re.split(r" *, *", flow["inside"]) if flow else [lines[0]] if _WORD.match(lines[0]) else None
        return tuple(found) if found and len(lines) == 1 else None
    depth = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    rows = [_uncommented(line[depth:]) for line in lines if line[depth] != " "]
    keys = [row for row in rows if row[:2] != "- "]  # items as deep as a key are that key's
    words = [_KEY.match(row) for row in keys] or [_ITEM.match(row) for row in rows]
    return tuple(word["word"] for word in words if word) if all(words) else None


def _uncommented(text: str) -> str:
    return re.sub(r"(?:^|[ \t]+)#.*", "", text).rstrip()


def _parsed(text: str) -> Workflow | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(text, loader)  # noqa: S506 - a safe loader, the one in C where it is built
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    told: dict[Any, Any] = found if isinstance(found, dict) else {}
    on = told.get("on", told.get(True))  # YAML 1.1 reads the key `on` as true
    events = [on] if isinstance(on, str) else [str(e) for e in on] if isinstance(on, (list, dict)) else []
    jobs = told.get("jobs")
    return Workflow(tuple(events), tuple(str(job) for job in jobs) if isinstance(jobs, dict) else ())

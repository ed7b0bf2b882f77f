"""Rewrites destinations so that links survive a move; changes no byte outside a destination, and proves it by parsing again."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from repoops.files import RelPath
from repoops.markdown.links import Link, Mention, Scan, is_html, scan, scan_file, scan_html
from repoops.markdown.resolve import Destination, Places, reached, target

_PLAIN = frozenset("-._~!$+,;=@:")
"""What a freshly written name may hold beside letters and digits; all else is percent-encoded, for no
markdown or HTML context gives a meaning to `%`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One destination or code span to be replaced: `new` is written in place of bytes `start` to `end`."""

    at: Link | Mention
    new: str
    target: RelPath

    @property
    def start(self) -> int:
        """First byte."""
        return self.at.start

    @property
    def end(self) -> int:
        """Behind the last byte."""
        return self.at.end


@dataclass(frozen=True, slots=True)
class Relinked:
    """A file's bytes after rewriting, what was rewritten, and the links that could not be without a change of meaning."""

    data: bytes
    edits: tuple[Edit, ...]
    skipped: tuple[Link, ...]

    @property
    def links(self) -> int:
        """How many links were rewritten; code spans not counted."""
        return sum(isinstance(edit.at, Link) for edit in self.edits)


def relink(
    data: bytes,
    at: RelPath,
    moved: Mapping[RelPath, RelPath],
    places: Places,
    *,
    found: Scan | None = None,
    mentions: bool = True,
) -> Relinked:
    """Rewrites a file's links, and code spans that name a moved file, for a move of files.

    Args:
        data: the file's bytes.
        at: where it lies before the move; `moved.get(at, at)` is where it lies afterwards.
        moved: old path to new, of files and of folders that move whole.
        places: what is there before the move.
        found: the file's scan, where the caller has it.
        mentions: whether code spans are rewritten too.

    URLs, bare fragments and links that were broken before are left as they are.
    """
    found = scan_file(at, data) if found is None else found
    if found is None:
        return Relinked(data, (), ())
    wanted = list(link_edits(found.links, at, moved, places))
    spans = list(mention_edits(found.mentions, at, moved, places)) if mentions else []
    lost = [edit.at for edit in wanted if edit.start < 0 and isinstance(edit.at, Link)]
    edits = sorted((e for e in (*wanted, *spans) if e.start >= 0), key=lambda edit: edit.start)
    rescan = scan_html if is_html(at) else scan
    if not edits:
        return Relinked(data, (), tuple(lost))
    whole = splice(data, edits)
    if not same_meaning(found, rescan(whole), edits):
        edits, refused = _largest_sound(data, found, edits, rescan)
        lost += [edit.at for edit in refused if isinstance(edit.at, Link)]
        whole = splice(data, edits)
    return Relinked(whole, tuple(edits), tuple(lost))


def link_edits(
    links: Iterable[Link], at: RelPath, moved: Mapping[RelPath, RelPath], places: Places
) -> Iterable[Edit]:
    """The edits that links need for a move: those whose destination would else lead elsewhere or nowhere."""
    here = moved.get(at, at)
    for link in links:
        found = reached(at, link, places)
        if found is None:
            continue
        to, old = found
        new = moved.get(old, old)
        as_written = target(here, to)
        if new == old and as_written is not None and (as_written == old or places.find(as_written) == old):
            continue
        if as_written == new:
            continue
        written = _write(to, here, new)
        if link.in_table:
            written = written.replace("|", "\\|")
        yield Edit(link, written, new)


def mention_edits(
    mentions: Iterable[Mention], at: RelPath, moved: Mapping[RelPath, RelPath], places: Places
) -> Iterable[Edit]:
    """The edits of code spans that name exactly a moved file by its path from the root."""
    for mention in mentions:
        dotted = mention.text.startswith("./")
        path = mention.text[2:] if dotted else mention.text
        if path not in moved or path not in places.files or not set("./") & set(path):
            continue  # a bare word in a code span is as likely a command as a file
        beside = posixpath.join(posixpath.dirname(at), path)
        if beside != path and places.find(beside) is not None:
            continue  # it may as well mean its neighbour of the same name
        new = ("./" if dotted else "") + moved[path]
        if not set("`|\\\n") & set(new):
            yield Edit(mention, new, moved[path])


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Puts each edit's text in place of its span; edits are in order and do not overlap."""
    pieces, at = [], 0
    for edit in edits:
        pieces += [data[at : edit.start], edit.new.encode("utf-8", "surrogateescape")]
        at = edit.end
    return b"".join([*pieces, data[at:]])


def same_meaning(before: Scan, after: Scan, edits: Iterable[Edit]) -> bool:
    """Whether a file parses as before but for exactly these edits."""
    new = {(edit.start, edit.end): edit.new for edit in edits}

    def read(item: Link | Mention, text: str) -> str:
        changed = new.get((item.start, item.end), text)
        return changed.replace("\\|", "|") if isinstance(item, Link) and item.in_table else changed

    return (
        before.shape == after.shape
        and [(a.kind, a.style, read(a, a.raw)) for a in before.links]
        == [(b.kind, b.style, b.raw) for b in after.links]
        and [read(a, a.text) for a in before.mentions] == [b.text for b in after.mentions]
    )


def _largest_sound(
    data: bytes, found: Scan, edits: list[Edit], rescan: Callable[[bytes], Scan]
) -> tuple[list[Edit], list[Edit]]:
    kept: list[Edit] = []
    refused = []
    for edit in edits:
        tried = [*kept, edit]
        if same_meaning(found, rescan(splice(data, tried)), tried):
            kept = tried
        else:
            refused.append(edit)
    return kept, refused


def _write(to: Destination, here: RelPath, new: RelPath) -> str:
    """The destination that leads from `here` to `new`, with the author's own spelling of the parts that stay."""
    if to.rooted:
        names = ["", *new.split("/")]
    else:
        names = posixpath.relpath(new or ".", posixpath.dirname(here) or ".").split("/")
        dotted = to.parts[0].raw == "." and names[0] not in ("..", ".")
        if dotted or ":" in names[0]:  # a colon in the first part would make it a scheme
            names.insert(0, ".")
    if to.folder:
        names.append("")
    raws = [_encode(name) for name in names]
    for place in range(1, min(len(names), len(to.parts)) + 1):
        if to.parts[-place].name != names[-place]:
            break
        raws[-place] = to.parts[-place].raw
    return "/".join(raws) + to.suffix


def _encode(name: str) -> str:
    written = []
    for char in name:
        if (
            (char.isalnum() and char.isprintable())
            or char in _PLAIN
            or (char > "\x7f" and char.isprintable())
        ):
            written.append(char)
        else:
            written += [f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape")]
    return "".join(written)

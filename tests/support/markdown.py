"""Markdown that knows its own links: every document comes with the destinations that stand in it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from urllib.parse import quote

LINE_ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Document:
    """A document's bytes, and (kind, destination as written) of each link in it, definitions last."""

    data: bytes
    links: tuple[tuple[str, str], ...]


def spell(random: random.Random, path: str) -> tuple[str, str]:
    """A path as one of the ways to write it: (destination, the same with angle brackets where it needs them)."""
    plain = "".join(c if c.isalnum() or c in "./-_" or c > "\x7f" else quote(c) for c in path)
    ways = [(plain, plain), (quote(path), quote(path))]
    if not set("<>\\") & set(path):
        angle = path.replace("%", "%25").replace("&", "&amp;").replace("#", "%23").replace("?", "%3F")
        ways.append((angle, f"<{angle}>"))
    if not set(" <>%#?|\\") & set(path):
        escaped = "".join("\\" + c if c in "()*_" else {"&": "&amp;"}.get(c, c) for c in path)
        ways.append((escaped, escaped))
    return random.choice(ways)


def document(
    random: random.Random,
    paths: list[str],
    blocks: int = 6,
    ends: tuple[str, ...] = LINE_ENDS,
    header: tuple[str, ...] = (),
) -> Document:
    """A document of several blocks, most with one or more links to `paths`, some with what only looks like one."""
    inline: list[tuple[str, str]] = []
    definitions: list[tuple[str, str]] = []
    lines: list[str] = list(header)
    if not header and random.random() < 0.2:
        lines += ["---", "title: a [link](not.md)", "---"]
    for number in range(blocks):
        lines += [*_block(random, paths, number, inline, definitions), ""]
    text = random.choice(ends).join(lines[: -1 if random.random() < 0.3 else None])
    data = text.encode("utf-8", "surrogateescape")
    if random.random() < 0.2:
        data = b"\xef\xbb\xbf" + data
    return Document(data, (*inline, *definitions))


def _suffix(random: random.Random) -> str:
    return random.choice(["", "", "", "#part", "?raw=1", "?a=1#b", "#s%C3%A9"])


def _link(random: random.Random, paths: list[str], found: list[tuple[str, str]], table: bool = False) -> str:
    raw, written = spell(random, random.choice(paths))
    tail = _suffix(random)
    raw, written = raw + tail, (written[:-1] + tail + ">" if written.startswith("<") else written + tail)
    title = random.choice(["", "", ' "a title"', " 'one'", " (two)"])
    word = random.choice(["text", "a `code` b", "**bold**", "[in] brackets", "é ✅"])
    pipe = (lambda s: s.replace("|", "\\|")) if table else (lambda s: s)
    kind = random.choice(["link", "link", "link", "image", "both", "html", "srcset"])
    if kind == "image":
        found.append(("image", raw))
        return pipe(f"![{word}]({written}{title})")
    if kind == "both":
        found.extend([("link", raw), ("image", raw)])
        return pipe(f"[![{word}]({written})]({written}{title})")
    if kind == "html" and '"' not in raw and "\\" not in raw:
        found.append(("html", raw))
        return pipe(f'<a id="x" href="{raw}">{word}</a>')
    if kind == "srcset" and not set(' ",\\') & set(raw):
        found.extend([("html", raw), ("html", raw)])
        return pipe(f"<img alt='x' srcset='{raw} 2x, {raw} 1x'/>")
    found.append(("link", raw))
    return pipe(f"[{word}]({random.choice(['', ' '])}{written}{title})")


def _block(
    random: random.Random,
    paths: list[str],
    number: int,
    found: list[tuple[str, str]],
    definitions: list[tuple[str, str]],
) -> list[str]:
    def link(*, table: bool = False) -> str:
        return _link(random, paths, found, table)

    kind = random.choice(
        ["text", "list", "quote", "table", "heading", "definition", "decoy", "html", "setext"]
    )
    if kind == "text":
        return [f"Words {link()} and {link()}, then", f"  more {link()}."]
    if kind == "list":
        return [
            f"- one {link()}",
            f"  on and {link()}",
            f"\t1. [ ] {link()}",
            f"* lazy {link()}",
            f"end {link()}",
        ]
    if kind == "quote":
        return [f"> quoted {link()}", f">   and {link()}", f"> - in a list {link()}", f"lazy {link()}"]
    if kind == "table":
        head = f"| a | {link(table=True)} |"
        return [
            head,
            "|---|:-:|",
            f"| `x\\|y` {link(table=True)} | \\| {link(table=True)} |",
            f"| | {link(table=True)}",
        ]
    if kind == "heading":
        return [f"## {link()} and {link()} ##"]
    if kind == "setext":
        return [f"{link()} title", "==="]
    if kind == "definition":
        raw, written = spell(random, random.choice(paths))
        definitions.append(("definition", raw))
        where = random.choice([" ", "\n   "])
        return [
            f"See [ref{number}].",
            "",
            *f"{random.choice(['', '> '])}[ref{number}]:{where}{written} 'title'".split("\n"),
        ]
    if kind == "html":
        raw = quote(random.choice(paths))
        found.append(("html", raw))
        return [
            "<div>",
            f"  <a href='{raw}'",
            "     class=b>x</a> [not](a.md) <!-- <a href=no.md> -->",
            "</div>",
        ]
    path = random.choice(paths).replace("`", "")
    return random.choice(
        [
            ["```", f"[a]({path})", "```"],
            ["~~~ md", f"<a href='{path}'>", "~~~"],
            ["***", "", f"    [a]({path})"],
            [f"`[a]({path})` and \\[a]({path})"],
            [f"<!-- [a]({path})", f"<a href='{path}'> -->"],
            ["[^1]: Footnote", "", "[a] (b.md) [c]: d"],
        ]
    )

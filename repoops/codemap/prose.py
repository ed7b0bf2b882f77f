"""Words of a repository as they may stand in a map: one line, no markup that could be taken for the map's own."""

from __future__ import annotations

import re

from repoops.codemap.symbols import first_sentence
from repoops.files import RelPath, shown

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|!?\[([^\]\n]*)\]\[[^\]\n]*\]")
_BADGE = re.compile(r"\[!\[[^\]\n]*\]\([^)\n]*\)\]\([^)\n]*\)|!\[[^\]\n]*\]\([^)\n]*\)")
_DRESSING = re.compile(r"\Z|[#<|>=`:]|[-*+] |\d+[.)] |\.\. |[-=*_~]{3,}")
_REFERENCE = re.compile(r"`([^`<>]+?)(?:\s*<[^`<>]*>)?`__?(?!\w)")
"""A link of reStructuredText."""
_TAG = re.compile(
    r"</?(?:a|b|br|center|code|div|em|h[1-6]|i|img|kbd|p|span|strong|sub|sup)\b[^<>]*>", re.IGNORECASE
)
_EMPHASISED = re.compile(r"([_*]{1,3})[^_*]+\1")
_RUN = re.compile(r"`+")
_LEAST_WORDS = 3


def code(text: str) -> str:
    """A code span; everything that the map itself states stands in one, and nothing else does."""
    longest = max(map(len, _RUN.findall(text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def path_code(path: RelPath) -> str:
    """A path in a code span, bytes that are no text as escapes."""
    return code(shown(path))


def quoted(text: str, most: int) -> str:
    """Somebody's words on one line, without code spans, links, emphasis and comments; cut at a word beyond `most` characters."""
    plain = _LINK.sub(lambda match: match[1] or match[2] or "", _BADGE.sub("", text))
    plain = _TAG.sub(" ", _REFERENCE.sub(r"\1", plain))
    plain = plain.replace("<!--", "").replace("-->", "")
    plain = re.sub(r"\*\*|__(?=\w)|(?<=\w)__|`", "", plain)
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    if len(line) <= most:
        return line
    return line[:most].rsplit(" ", 1)[0].rstrip(" ,;:.(") + " …"


def first_prose(text: str, *, sentences: int = 1) -> str:
    """The first paragraph of a document that is prose: no heading, badge, HTML, list, table, fence or front matter."""
    if text.startswith("---\n"):
        text = text.split("\n---", 1)[-1].partition("\n")[2]
    for paragraph in re.split(r"\n[ \t]*\n", re.sub(r"(?ms)^(```|~~~).*?^\1", "", text)):
        lines = [line.strip() for line in paragraph.strip().split("\n")]
        if len(lines) > 1 and set(lines[1]) <= set('=-~^*"'):
            lines = lines[2:]  # a heading that is underlined
        joined = " ".join(
            line for line in lines if line and not _DRESSING.match(_BADGE.sub("", line).strip())
        )
        if _EMPHASISED.fullmatch(joined):
            continue  # a date, a motto
        if len(_LINK.sub(r"\1", joined).split()) >= _LEAST_WORDS:
            return _sentences(joined, sentences)
    return ""


def _sentences(text: str, most: int) -> str:
    found: list[str] = []
    rest = text
    while rest and len(found) < most:
        sentence = first_sentence(rest)
        found.append(sentence)
        rest = rest[len(sentence) :].lstrip(". ")
    return ". ".join(found)

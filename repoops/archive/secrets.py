"""Likely secrets in a log, by kind and line; what was found is never returned, kept or shown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """A line, from 1, that seems to hold a secret, and its kind. The secret itself is left where it is."""

    kind: str
    line: int


def find_secrets(data: bytes) -> list[Secret]:
    """Likely secrets of a text in order, one for each line; what cannot tell a secret from an example says nothing."""
    found: dict[int, str] = {}
    values: dict[bytes, str] = {}
    for kind, start, end in (*_tokens(data), *_keys(data), *_urls(data), *_assignments(data)):
        found.setdefault(_line(data, start), kind)
        values.setdefault(data[start:end], kind)
    for value, kind in values.items():  # the same again, where nothing beside it says what it is
        at = data.find(value)
        while at >= 0:
            found.setdefault(_line(data, at), kind)
            at = data.find(value, at + len(value))
    return [Secret(found[line], line) for line in sorted(found)]


_Hit = tuple[str, int, int]

_TOKENS = tuple(
    (kind, anchor, re.compile(pattern))
    for kind, anchor, pattern in (
        ("an AWS access key", b"AKIA", rb"(?<![A-Za-z0-9])AKIA[A-Z2-7]{16}(?![A-Za-z0-9])"),
        ("an AWS access key", b"ASIA", rb"(?<![A-Za-z0-9])ASIA[A-Z2-7]{16}(?![A-Za-z0-9])"),
        ("a Google API key", b"AIza", rb"(?<!\w)AIza[\w-]{35}(?![\w-])"),
        ("a Google OAuth token", b"ya29.", rb"(?<!\w)ya29\.[\w-]{30,}"),
        ("a GitHub token", b"gh", rb"(?<!\w)gh[pousr]_[A-Za-z0-9]{36,}"),
        ("a GitHub token", b"github_pat_", rb"(?<!\w)github_pat_\w{60,}"),
        ("a GitLab token", b"glpat-", rb"(?<!\w)glpat-[\w-]{20,}"),
        ("a Slack token", b"xox", rb"(?<!\w)xox[abeoprs]-[\w-]{10,}"),
        ("a Slack webhook", b"hooks.slack.com", rb"hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"),
        ("a Discord webhook", b"/api/webhooks/", rb"discord(?:app)?\.com/api/webhooks/\d{16,}/[\w-]{50,}"),
        ("a Telegram bot token", b":AA", rb"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])"),
        ("an Anthropic key", b"sk-ant-", rb"(?<!\w)sk-ant-[\w-]{20,}"),
        ("an OpenAI key", b"sk-", rb"(?<![\w-])sk-(?!ant-)(?:proj-|svcacct-|admin-|or-v1-)?[\w-]{20,}"),
        ("a Hugging Face token", b"hf_", rb"(?<!\w)hf_[A-Za-z0-9]{30,}(?!\w)"),
        ("a Stripe key", b"k_live_", rb"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,}"),
        ("an npm token", b"npm_", rb"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"),
        ("a PyPI token", b"pypi-AgE", rb"(?<!\w)pypi-AgE[\w-]{50,}"),
        ("a SendGrid key", b"SG.", rb"(?<!\w)SG\.[\w-]{20,24}\.[\w-]{40,46}"),
        ("a DigitalOcean token", b"_v1_", rb"(?<!\w)do[op]_v1_[a-f0-9]{64}"),
        ("a Databricks token", b"dapi", rb"(?<!\w)dapi[a-f0-9]{32}(?!\w)"),
        ("a Vault token", b"hvs.", rb"(?<!\w)hvs\.[\w-]{24,}"),
        ("a Tailscale key", b"tskey-", rb"(?<!\w)tskey-[a-z]+-\w{8,}-\w{16,}"),
        ("an Azure storage key", b"AccountKey=", rb"(?<=AccountKey=)[A-Za-z0-9+/]{80,}={0,2}"),
        ("a JSON web token", b"eyJ", rb"(?<!\w)eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    )
)
"""Kind, bytes that one quick search finds, and the form. Sources: the issuers' own pages on token formats."""

_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?=[\s\\])[\w+/=:,\s\\.-]{0,300}")
_KEY_BODY = re.compile(rb"[A-Za-z0-9+/]{40}")
_URL = re.compile(rb"://(?P<user>[^\s:/@'\"`<>]{0,80}):(?P<value>[^\s/@'\"`<>]{3,120})@[\w\[]")
_PASSWORD = (
    b"passw",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"contrase\xc3\xb1a",
    b"contrasena",
    b"senha",
    b"passwort",
)
_KEYS = (
    b"secret", b"token", b"api_key", b"api-key", b"apikey", b"access_key", b"accesskey", b"auth_key", b"authkey",
    b"private_key", b"credential", b"signing_key", b"encryption_key",
)  # fmt: skip
_ASSIGNED = re.compile(
    rb"[\w-]*(?:[*_`\"']{0,4}\s?(?:=>|:=|=|:|\xef\xbc\x9a)\s?[*_]{0,2}\s?|\s(?=[\"']))"
    rb"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`<>|,;&]{6,200})"
)
_BEARER = re.compile(rb"(?:Bearer|Basic) (?P<value>[\w.+/=-]{20,})")
_NO_SECRET = re.compile(
    rb"""
    example|placeholder|your|changeme|change[_-]me|replace|dummy|sample|redacted|hidden|generated|random|x{4}|\*{2}|\.{3}|0{8}
    |1234567|abcdef|\xe2\x80[\xa6\xa2]|[<{$%(\[]|://|^[/.]|:latest$|^0x[0-9a-f]+$
    |^(?:os|process|env|config|settings|self|import|secrets|vars|args|st)\.
    |^(?:none|null|true|false|required|optional|string|undefined|bytes|str|int)\b
    |\.(?:py|md|ts|js|sh|ya?ml|json|toml|txt)\b|(?-i:^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_KNOWN_TO_ALL = frozenset(
    (b"password", b"passwd", b"secret", b"pass", b"user", b"test", b"admin", b"root", b"postgres", b"token", b"pwd",
     b"mypassword", b"password123", b"admin123", b"test123", b"guest", b"hunter2", b"minioadmin", b"changeit")
)  # fmt: skip
"""What documents write where a secret would stand, and what everybody tries first."""


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _tokens(data: bytes) -> Iterator[_Hit]:
    for kind, anchor, pattern in _TOKENS:
        if anchor in data:
            for match in pattern.finditer(data):
                if not _NO_SECRET.search(match.group()) and re.search(rb"\d|[a-z][A-Z]", match.group()):
                    yield kind, *match.span()


def _keys(data: bytes) -> Iterator[_Hit]:
    for match in _KEY.finditer(data):
        if body := _KEY_BODY.search(match.group()):
            yield "a private key", match.start(), match.start() + body.end()


def _urls(data: bytes) -> Iterator[_Hit]:
    for match in _URL.finditer(data):
        value = match["value"]
        if not _known(value) and value != match["user"]:
            yield "a password in a URL", *match.span("value")


def _assignments(data: bytes) -> Iterator[_Hit]:
    lower = data.lower()
    for words, kind, holds in (
        (_PASSWORD, "a literal password", _is_password),
        (_KEYS, "a literal key or token", _is_random),
    ):
        for at in _places(lower, words):
            match = _ASSIGNED.match(data, at)
            if match is None:
                continue
            value = match["value"].rstrip(b".)*_:")
            if not _known(match["value"]) and holds(value, quoted=bool(match["quote"])):
                yield kind, match.start("value"), match.start("value") + len(value)
    for match in _BEARER.finditer(data):
        if not _known(match["value"]) and _is_random(match["value"], quoted=True):
            yield "a literal key or token", *match.span("value")


def _places(data: bytes, words: tuple[bytes, ...]) -> Iterator[int]:
    """Where each of some words ends."""
    for word in words:
        at = data.find(word)
        while at >= 0:
            yield at + len(word)
            at = data.find(word, at + 1)


def _known(value: bytes) -> bool:
    """Whether a value is no secret: a placeholder, a reference to one, or what everybody knows."""
    return value.lower() in _KNOWN_TO_ALL or bool(_NO_SECRET.search(value))


def _is_password(value: bytes, *, quoted: bool) -> bool:
    """A word that nobody would write in prose: letters with digits, or with signs that are not in words."""
    letters, digits, signs = (
        re.search(kind, value) is not None for kind in (rb"[A-Za-z]", rb"\d", rb"[!@#^&+=?]")
    )
    return (
        len(value) >= 6
        and letters
        and (digits or (signs and quoted))
        and not re.fullmatch(rb"[\w.]+\([^)]*", value)
    )


def _is_random(value: bytes, *, quoted: bool) -> bool:  # noqa: ARG001 - one form for both tests
    """Twenty characters or more without a pattern: over 3 bits each in hex, over 3.7 in a wider alphabet, digits among them."""
    if len(value) < 20 or not re.fullmatch(rb"[\w+/=.~-]+", value) or len(re.findall(rb"\d", value)) < 3:
        return False
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    return bits > (3.0 if re.fullmatch(rb"[0-9a-fA-F]+", value) else 3.7)

"""Reads pages and files by URL: http, https and file; retries what may pass, and never shows a password."""

from __future__ import annotations

import base64
import contextlib
import http.client
import netrc
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from repoops.errors import RepoOpsError

_WAITS_S = (0.2, 0.5, 1.0, 1.5)
_TIMEOUT_S = 30.0
Broken = (urllib.error.URLError, http.client.HTTPException, OSError)
"""What a connection that fails or breaks off raises."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a URL answered, with the URL that it came from after redirects."""

    body: bytes
    kind: str
    url: str
    next_url: str = ""


def page(url: str, accept: str = "*/*") -> Page | None:
    """A page, or None where there is none (404, 410; no such file).

    Raises:
        RepoOpsError: no answer, however often it is tried, or one that refuses.
    """
    last = ""
    for wait_s in (*_WAITS_S, None):
        try:
            with opened(url, {"Accept": accept}) as answer:
                kind = answer.headers.get_content_type() if answer.headers else ""
                return Page(answer.read(), kind, answer.geturl() or url, _next(answer.headers))
        except urllib.error.HTTPError as error:
            if error.code in (404, 410):
                return None
            last = f"{error.code} {error.reason}"
            if error.code not in (408, 429, 500, 502, 503, 504):
                break
        except Broken as error:
            if urlsplit(url).scheme == "file":
                return None
            last = reason(error)
        if wait_s is not None:
            time.sleep(wait_s)
    raise RepoOpsError(
        f"cannot be read: {last}",
        where=shown(url),
        remedy="try again, or name another place in repoops.yaml: wheels",
    )


def opened(url: str, headers: Mapping[str, str]) -> Any:
    """An open answer; the caller closes it.

    Raises:
        RepoOpsError: the URL is of no kind that is read here.
        OSError, http.client.HTTPException: as `urllib.request.urlopen`.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise RepoOpsError(f"a URL of a kind that is not read: {parts.scheme or 'none'}", where=shown(url))
    request = urllib.request.Request(bare(url), headers=dict(headers))  # noqa: S310 - the scheme is checked above
    if authorisation := _authorisation(url):
        request.add_unredirected_header("Authorization", authorisation)
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection, and nobody reads what it says
        raise


def bare(url: str) -> str:
    """A URL without user and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def shown(url: str) -> str:
    """A URL as people may read it: with neither user nor password."""
    return bare(url)


def reason(error: BaseException) -> str:
    """Why a connection failed, in words."""
    inner = getattr(error, "reason", None)
    return str(inner or error or type(error).__name__)


def _authorisation(url: str) -> str | None:
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    if user is None and parts.scheme != "file":
        with contextlib.suppress(OSError, netrc.NetrcParseError):
            found = netrc.netrc().authenticators(parts.hostname or "")
            if found:
                user, password = found[0], found[2]
    if user is None:
        return None
    word = f"{unquote(user)}:{unquote(password or '')}".encode()
    return "Basic " + base64.b64encode(word).decode("ascii")


def _next(headers: Any) -> str:
    """The next page of a list that comes in several (RFC 8288)."""
    for link in (headers.get("Link") or "").split(",") if headers else ():
        target, _, rest = link.partition(";")
        if 'rel="next"' in rest.replace(" ", ""):
            return target.strip().strip("<>")
    return ""

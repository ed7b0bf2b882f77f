"""What is published of a project: read from simple indexes (HTML or JSON), pages and folders of links, and release pages.

Source: PEP 503, 592, 629, 658, 691, 700 and 714; GitHub's REST answer to "list releases".
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from packaging.utils import canonicalize_name

from repoops.errors import RepoOpsError
from repoops.progress import Progress, silent
from repoops.wheels import remote_zip, web, wheel_file
from repoops.wheels.names import Published, Unreadable, parse

_SIMPLE = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_MOST_PAGES = 20
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look.

    Attributes:
        indexes: simple indexes; the project's name is appended.
        links: pages or folders of links, as pip's `find-links`.
        releases: release pages: JSON as GitHub lists releases, or a page of links.
    """

    indexes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found of a project.

    Attributes:
        wheels: each file once, as the first place that has it gives it.
        sources: file names of its source distributions, which are never taken.
        read: places that answered.
    """

    wheels: tuple[Published | Unreadable, ...]
    sources: tuple[str, ...]
    read: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    url: str
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    yanked: str | None = None
    metadata_url: str = ""


def listed(project: str, places: Places, progress: Progress = silent) -> Listing:
    """All wheels of a project in all places.

    Raises:
        RepoOpsError: a place does not answer, or answers what is no list: what it has cannot be known then.
    """
    name = canonicalize_name(project)
    asked = [
        *((f"{index.rstrip('/')}/{name}/", _SIMPLE) for index in places.indexes),
        *((link, "text/html") for link in places.links),
        *((page, "application/json, text/html;q=0.5") for page in places.releases),
    ]
    wheels: dict[str, Published | Unreadable] = {}
    sources: dict[str, None] = {}
    read = []
    for number, (url, accept) in enumerate(asked):
        progress(number, len(asked), web.shown(url))
        found = _files(url, accept)
        if found is None:
            continue
        read.append(web.shown(url))
        for file in found:
            if _source_of(file.name, name):
                sources.setdefault(file.name)
            elif file.name.endswith(".whl") and _project_of(file.name) == name:
                wheels.setdefault(file.name, _published(file))
    return Listing(tuple(wheels.values()), tuple(sources), tuple(read))


def requirements(wheel: Published) -> Published:
    """The wheel with its `Requires-Dist` lines read, from beside it or out of it; as it is where neither can be."""
    if wheel.requires is not None:
        return wheel
    beside = web.page(wheel.metadata_url) if wheel.metadata_url else None
    raw = beside.body if beside else _inside(wheel.url)
    return wheel if raw is None else with_metadata(wheel, raw)


def _inside(url: str) -> bytes | None:
    if urlsplit(url).scheme != "file":
        return remote_zip.metadata(url)
    path = Path(url2pathname(urlsplit(url).path))
    return wheel_file.metadata(path) if path.is_file() else None


def with_metadata(wheel: Published, raw: bytes) -> Published:
    """The wheel with what its `METADATA` says."""
    headers = HeaderParser().parsestr(raw.decode("utf-8", "replace"), headersonly=True)
    return dataclasses.replace(
        wheel,
        requires=tuple(map(str, headers.get_all("Requires-Dist") or ())),
        requires_python=wheel.requires_python or str(headers.get("Requires-Python") or ""),
    )


def _published(file: _File) -> Published | Unreadable:
    wheel = parse(file.name, file.url)
    if isinstance(wheel, Unreadable):
        return wheel
    return dataclasses.replace(
        wheel, sha256=file.sha256, size=file.size, requires_python=file.requires_python,
        yanked=file.yanked, metadata_url=file.metadata_url,
    )  # fmt: skip


def _project_of(filename: str) -> str:
    return canonicalize_name(filename.partition("-")[0])


def _source_of(filename: str, project: str) -> bool:
    for ending in _SOURCES:
        if filename.endswith(ending):
            return canonicalize_name(filename.removesuffix(ending).rpartition("-")[0]) == project
    return False


def _files(url: str, accept: str) -> list[_File] | None:
    if folder := _folder(url):
        return [_File(p.name, p.as_uri()) for p in sorted(folder.iterdir()) if p.is_file()]
    found: list[_File] = []
    for _ in range(_MOST_PAGES):
        page = web.page(_index_page(url), accept)
        if page is None:
            return found or None
        found += _from_json(page) if _is_json(page) else _from_html(page)
        if not page.next_url:
            return found
        url = urljoin(page.url, page.next_url)
    raise RepoOpsError(f"a list of more than {_MOST_PAGES} pages", where=web.shown(url))


def _folder(url: str) -> Path | None:
    """A local folder of files that has no page of its own."""
    path = Path(url2pathname(urlsplit(url).path)) if urlsplit(url).scheme == "file" else Path(url)
    if urlsplit(url).scheme not in ("", "file") or not path.is_dir() or (path / "index.html").is_file():
        return None
    return path


def _index_page(url: str) -> str:
    """Reading a folder by a file URL means reading its page; a path of this machine is made a URL."""
    parts = urlsplit(url)
    if parts.scheme == "":
        url = Path(url).absolute().as_uri()
    if urlsplit(url).scheme == "file" and Path(url2pathname(urlsplit(url).path)).is_dir():
        return url.rstrip("/") + "/index.html"
    return url


def _is_json(page: web.Page) -> bool:
    return page.kind.endswith("json") or page.body.lstrip()[:1] in (b"{", b"[")


def _from_json(page: web.Page) -> list[_File]:
    try:
        data = json.loads(page.body)
        if isinstance(data, dict) and "files" in data:
            return [_from_simple(entry, page.url) for entry in data["files"]]
        releases = data if isinstance(data, list) else [data]
        return [
            _from_asset(asset)
            for release in releases
            if not release.get("draft")
            for asset in release["assets"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RepoOpsError(
            f"neither an index nor a list of releases: {type(error).__name__}: {error}",
            where=web.shown(page.url),
        ) from None


def _from_simple(entry: dict[str, Any], base: str) -> _File:
    url = urljoin(base, entry["url"])
    core = entry.get("core-metadata", entry.get("dist-info-metadata"))
    yanked = entry.get("yanked", False)
    return _File(
        entry["filename"], url, str(entry.get("hashes", {}).get("sha256", "")), entry.get("size"),
        entry.get("requires-python") or "",
        None if yanked is False else yanked if isinstance(yanked, str) else "withdrawn",
        f"{url}.metadata" if core else "",
    )  # fmt: skip


def _from_asset(asset: dict[str, Any]) -> _File:
    kind, _, digest = str(asset.get("digest") or "").partition(":")
    return _File(
        asset["name"], asset["browser_download_url"], digest if kind == "sha256" else "", asset.get("size")
    )


def _from_html(page: web.Page) -> list[_File]:
    parser = _Links(page.url)
    parser.feed(page.body.decode("utf-8", "replace"))
    return list(parser.files())


class _Links(HTMLParser):
    """Collects the links of a page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps links, and the base that they are relative to."""
        said = dict(attrs)
        if tag == "base" and said.get("href"):
            self.base = urljoin(self.base, said["href"] or "")
        elif tag == "a" and said.get("href"):
            self.found.append(said)

    def files(self) -> Iterator[_File]:
        """The links that are files of a known kind."""
        for said in self.found:
            url = urljoin(self.base, said["href"] or "")
            parts = urlsplit(url)
            digest = re.search(r"(?:^|&)sha256=([0-9a-f]{64})", parts.fragment)
            core = said.get("data-core-metadata", said.get("data-dist-info-metadata"))
            plain = url.partition("#")[0]
            yield _File(
                unquote(parts.path.rpartition("/")[2]), plain, digest[1] if digest else "", None,
                said.get("data-requires-python") or "",
                (said["data-yanked"] or "withdrawn") if "data-yanked" in said else None,
                f"{plain}.metadata" if core and core != "false" else "",
            )  # fmt: skip

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.wheels.fetch import fetch
from repoops.wheels.names import Published, parse
from tests.support.wheels import Server, file_server

NAME = "x-1-py3-none-any.whl"
BODY = random.Random(7).randbytes(1 << 20)  # noqa: S311
DIGEST = hashlib.sha256(BODY).hexdigest()
ETAG = {"ETag": '"one"'}


@pytest.fixture
def server() -> Iterator[Server]:
    with file_server() as made:
        yield made


def wheel(server: Server, *, sha256: str = "", size: int | None = None) -> Published:
    found = parse(NAME, f"{server.url}/{NAME}")
    assert isinstance(found, Published)
    return dataclasses.replace(found, sha256=sha256, size=size)


@pytest.mark.parametrize("headers", [ETAG, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
def test_a_broken_download_goes_on_where_it_broke(
    server: Server, tmp_path: Path, headers: dict[str, str]
) -> None:
    server.put(f"/{NAME}", BODY, headers=headers, cut_after=[200_000, 0, 300_000, 1, 400_000])
    got = fetch(wheel(server), tmp_path)
    assert got.path.read_bytes() == BODY
    assert (got.sha256, got.published, got.received) == (DIGEST, False, len(BODY))
    assert server.sent == len(BODY)  # nothing came twice
    assert [a[1] for a in server.asked] == [
        None, "bytes=200000-", "bytes=200000-", "bytes=500000-", "bytes=500001-", "bytes=900001-",
    ]  # fmt: skip
    assert {a[2] for a in server.asked[1:]} == set(headers.values())
    assert sorted(p.name for p in got.path.parent.iterdir()) == ["notes.json", NAME]


def test_what_is_here_with_its_published_digest_is_not_asked_for_again(
    server: Server, tmp_path: Path
) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG)
    first = fetch(wheel(server, sha256=DIGEST), tmp_path)
    server.asked.clear()
    assert fetch(wheel(server, sha256=DIGEST), tmp_path) == dataclasses.replace(first, received=0)
    assert server.asked == []


def test_without_a_published_digest_the_server_is_asked_whether_it_is_the_same(
    server: Server, tmp_path: Path
) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG)
    fetch(wheel(server), tmp_path)
    sent = server.sent
    assert fetch(wheel(server), tmp_path).received == 0
    assert server.sent == sent + 1
    server.put(f"/{NAME}", BODY[::-1], headers={"ETag": '"two"'})
    assert fetch(wheel(server), tmp_path).path.read_bytes() == BODY[::-1]


def test_another_file_under_the_same_name_is_not_joined_to_the_old_part(
    server: Server, tmp_path: Path
) -> None:
    served = server.put(f"/{NAME}", BODY, headers=ETAG, cut_after=[1000], fail=[0, 403])
    with pytest.raises(RepoOpsError, match="403"):
        fetch(wheel(server), tmp_path)
    served.body, served.headers = BODY[::-1], {"ETag": '"two"'}
    got = fetch(wheel(server), tmp_path)
    assert got.path.read_bytes() == BODY[::-1]


def test_a_part_without_any_sign_of_its_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, cut_after=[200_000])
    assert fetch(wheel(server), tmp_path).path.read_bytes() == BODY
    assert [a[1] for a in server.asked] == [None, None]


def test_a_published_digest_is_sign_enough(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, cut_after=[200_000])
    assert fetch(wheel(server, sha256=DIGEST), tmp_path).path.read_bytes() == BODY
    assert [a[1] for a in server.asked] == [None, "bytes=200000-"]


def test_a_server_that_gives_no_parts_gives_the_whole_again(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG, cut_after=[200_000], ranges=False)
    assert fetch(wheel(server), tmp_path).path.read_bytes() == BODY


def test_a_part_that_begins_elsewhere_is_not_joined(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG, cut_after=[200_000], early=10)
    assert fetch(wheel(server), tmp_path).path.read_bytes() == BODY


def test_a_weak_etag_is_no_sign(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, headers={"ETag": 'W/"one"'}, cut_after=[200_000])
    assert fetch(wheel(server), tmp_path).path.read_bytes() == BODY
    assert [a[1] for a in server.asked] == [None, None]


def test_a_part_that_is_whole_already_is_recognised(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG)
    got = fetch(wheel(server), tmp_path)
    got.path.rename(f"{got.path}.part")
    again = fetch(wheel(server), tmp_path)
    assert again.path.read_bytes() == BODY
    assert again.received == 0


def test_errors_that_pass_are_waited_out(server: Server, tmp_path: Path) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG, fail=[503, 429])
    assert fetch(wheel(server), tmp_path).sha256 == DIGEST


@pytest.mark.parametrize(
    ("about", "sha256", "size", "line"),
    [
        ({"fail": [403]}, "", None, "cannot be downloaded: 403 Forbidden"),
        ({}, "0" * 64, None, f"what came has sha256 {DIGEST}, published is {'0' * 64}"),
        ({}, "", 5, f"the server has {len(BODY)} bytes, published are 5"),
        ({"cut_after": [0] * 9}, "", None, "the download broke off, however often it was tried: "),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(
    server: Server, tmp_path: Path, about: dict[str, object], sha256: str, size: int | None, line: str
) -> None:
    server.put(f"/{NAME}", BODY, headers=ETAG, **about)
    with pytest.raises(RepoOpsError) as error:
        fetch(wheel(server, sha256=sha256, size=size), tmp_path)
    assert error.value.what.startswith(line)
    assert list(tmp_path.rglob(NAME)) == []


def test_a_wheel_of_this_machine_is_copied(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / NAME).write_bytes(BODY)
    found = parse(NAME, (tmp_path / "index" / NAME).as_uri())
    assert isinstance(found, Published)
    assert fetch(found, tmp_path / "cache").path.read_bytes() == BODY


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 400_000), max_size=6),
    st.sampled_from(["etag", "digest", "nothing"]),
    st.booleans(),
)
def test_however_it_breaks_the_file_is_whole(
    server: Server, tmp_path_factory: pytest.TempPathFactory, cuts: list[int], sign: str, ranges: bool
) -> None:
    sha256 = DIGEST if sign == "digest" else ""
    headers = ETAG if sign == "etag" else {}
    server.put(f"/{NAME}", BODY, headers=headers, cut_after=list(cuts), ranges=ranges)
    got = fetch(wheel(server, sha256=sha256), tmp_path_factory.mktemp("cache"))
    assert got.path.read_bytes() == BODY

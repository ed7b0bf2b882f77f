from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.wheels import index, pip_settings
from repoops.wheels.index import Listing, Places
from repoops.wheels.names import Published, Unreadable, Variant
from tests.support.wheels import Server, file_server, make_wheel

FLASH = "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"
HTML = f"""<!DOCTYPE html><html><head><base href="files/"></head><body>
<a href="{FLASH.replace("+", "%2B")}#sha256={"a" * 64}" data-requires-python="&gt;=3.8" data-core-metadata="sha256=00">x</a>
<a href="Flash.Attn-2.5.9-py3-none-any.whl" data-yanked="">x</a>
<a href="flash_attn-2.6.0-py3-none-any.whl" data-yanked="wrong build">x</a>
<a href="flash_attn-2.5.8.tar.gz">x</a>
<a href="flash_attn_3-3.0.0-py3-none-any.whl">of another project</a>
<a href="flash_attn-2.5.8.torch-py3-none-any.whl">x</a>
<a name="nothing">x</a><a href="/">up</a>
</body></html>"""


@pytest.fixture
def server() -> Iterator[Server]:
    with file_server() as made:
        yield made


def wheels(listing: Listing) -> dict[str, Published]:
    return {w.filename: w for w in listing.wheels if isinstance(w, Published)}


def test_a_simple_index_in_html(server: Server) -> None:
    server.put("/simple/flash-attn/", HTML, kind="text/html")
    listing = index.listed("Flash_Attn", Places((f"{server.url}/simple",)))
    found = wheels(listing)
    base = f"{server.url}/simple/flash-attn/files/"
    assert {n: (w.url, w.sha256, w.requires_python, w.metadata_url, w.yanked) for n, w in found.items()} == {
        FLASH: (
            base + FLASH.replace("+", "%2B"), "a" * 64, ">=3.8",
            base + FLASH.replace("+", "%2B") + ".metadata", None,
        ),
        "Flash.Attn-2.5.9-py3-none-any.whl": (base + "Flash.Attn-2.5.9-py3-none-any.whl", "", "", "", "withdrawn"),
        "flash_attn-2.6.0-py3-none-any.whl": (base + "flash_attn-2.6.0-py3-none-any.whl", "", "", "", "wrong build"),
    }  # fmt: skip
    assert [w.filename for w in listing.wheels if isinstance(w, Unreadable)] == [
        "flash_attn-2.5.8.torch-py3-none-any.whl"
    ]
    assert listing.sources == ("flash_attn-2.5.8.tar.gz",)
    assert listing.read == (f"{server.url}/simple/flash-attn/",)


def test_a_simple_index_in_json(server: Server) -> None:
    rows = [
        {"filename": "x-1-py3-none-any.whl", "url": "../../f/x-1-py3-none-any.whl", "hashes": {"sha256": "b" * 64},
         "requires-python": ">=3.9", "size": 12, "yanked": False, "core-metadata": {"sha256": "c"}},
        {"filename": "x-2-py3-none-any.whl", "url": "https://files.example/x-2-py3-none-any.whl", "hashes": {}, "yanked": "bad"},
    ]  # fmt: skip
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "x", "files": rows})
    server.put("/simple/x/", page, kind="application/vnd.pypi.simple.v1+json")
    one, two = wheels(index.listed("x", Places((f"{server.url}/simple/",)))).values()
    url = f"{server.url}/f/x-1-py3-none-any.whl"
    assert (one.url, one.sha256, one.requires_python, one.size, one.yanked, one.metadata_url) == (
        url, "b" * 64, ">=3.9", 12, None, f"{url}.metadata",
    )  # fmt: skip
    assert (two.url, two.yanked, two.metadata_url) == (
        "https://files.example/x-2-py3-none-any.whl",
        "bad",
        "",
    )


def test_a_list_of_releases_in_several_pages(server: Server) -> None:
    def release(name: str, digest: str | None, *, draft: bool = False) -> dict[str, object]:
        asset = {
            "name": name,
            "browser_download_url": f"{server.url}/dl/v2.5.8/{name}",
            "size": 5,
            "digest": digest,
        }
        return {"tag_name": "v2.5.8", "draft": draft, "assets": [asset]}

    server.put(
        "/repos/o/n/releases", json.dumps([release(FLASH, f"sha256:{'d' * 64}")]), kind="application/json",
        headers={"Link": f'<{server.url}/page2>; rel="next", <{server.url}/page9>; rel="last"'},
    )  # fmt: skip
    others = [
        release("flash_attn-2.5.7-py3-none-any.whl", None),
        release("flash_attn-9-py3-none-any.whl", None, draft=True),
    ]
    server.put("/page2", json.dumps(others), kind="application/json")
    found = wheels(index.listed("flash-attn", Places(releases=(f"{server.url}/repos/o/n/releases",))))
    assert {n: (w.sha256, w.size) for n, w in found.items()} == {
        FLASH: ("d" * 64, 5),
        "flash_attn-2.5.7-py3-none-any.whl": ("", 5),
    }


def test_the_same_file_in_two_places_is_taken_from_the_first(server: Server, tmp_path: Path) -> None:
    server.put("/simple/x/", '<a href="/a/x-1-py3-none-any.whl">x</a>', kind="text/html")
    (tmp_path / "x-1-py3-none-any.whl").touch()
    places = Places((f"{server.url}/simple",), (str(tmp_path), tmp_path.as_uri()))
    (found,) = wheels(index.listed("x", places)).values()
    assert found.url == f"{server.url}/a/x-1-py3-none-any.whl"


def test_folders_and_indexes_of_this_machine(tmp_path: Path) -> None:
    make_wheel(tmp_path, "x-1-py3-none-any.whl", {"x.py": ""})
    (tmp_path / "simple" / "x").mkdir(parents=True)
    (tmp_path / "simple" / "x" / "index.html").write_text('<a href="../../x-1-py3-none-any.whl">x</a>')
    for places in (
        Places(links=(str(tmp_path),)),
        Places(links=(tmp_path.as_uri(),)),
        Places(((tmp_path / "simple").as_uri(),)),
    ):
        (found,) = wheels(index.listed("x", places)).values()
        assert found.url == (tmp_path / "x-1-py3-none-any.whl").as_uri()


def test_a_project_that_is_nowhere_is_an_empty_list(server: Server, tmp_path: Path) -> None:
    assert index.listed("x", Places((f"{server.url}/simple", tmp_path.as_uri()))) == Listing((), (), ())


@pytest.mark.parametrize(
    ("body", "kind", "fail", "line"),
    [
        (b"", "text/html", [403], "cannot be read: 403 Forbidden"),
        (b"{}", "application/json", [], "neither an index nor a list of releases: KeyError: 'assets'"),
        (b"[1]", "application/json", [], "neither an index nor a list of releases: AttributeError"),
        (b"{", "application/json", [], "neither an index nor a list of releases: JSONDecodeError"),
    ],
)
def test_a_place_that_answers_no_list_is_an_error_with_its_name(
    server: Server, body: bytes, kind: str, fail: list[int], line: str
) -> None:
    server.put("/page", body, kind=kind, fail=fail)
    with pytest.raises(RepoOpsError) as error:
        index.listed("x", Places(releases=(f"{server.url}/page",)))
    assert error.value.what.startswith(line)
    assert error.value.where == f"{server.url}/page"


def test_a_password_is_sent_and_never_shown(server: Server) -> None:
    server.put("/simple/x/", '<a href="x-1-py3-none-any.whl">x</a>', kind="text/html")
    url = server.url.replace("http://", "http://me:s%40cret@")
    listing = index.listed("x", Places((f"{url}/simple",)))
    assert server.asked[0][3] == "Basic bWU6c0BjcmV0"
    assert "cret" not in repr(listing.read)
    server.files.clear()
    server.put("/simple/x/", "", fail=[401])
    with pytest.raises(RepoOpsError) as error:
        index.listed("x", Places((f"{url}/simple",)))
    assert "cret" not in str(error.value)


def test_what_passes_is_tried_again(server: Server) -> None:
    server.put("/simple/x/", '<a href="x-1-py3-none-any.whl">x</a>', kind="text/html", fail=[503, 500])
    assert len(index.listed("x", Places((f"{server.url}/simple",))).wheels) == 1


@pytest.mark.parametrize("how", ["beside", "inside", "here"])
def test_metadata_is_read_without_the_whole_wheel(server: Server, tmp_path: Path, how: str) -> None:
    filler = os.urandom(400_000)
    path = make_wheel(
        tmp_path, "x-1-py3-none-any.whl", {"a.py": "", "big.bin": filler}, ("torch==2.7.1", "numpy")
    )
    server.project("x", [path], **({"core-metadata": True} if how == "beside" else {}))
    if how == "beside":
        server.put(
            "/files/x-1-py3-none-any.whl.metadata", "Requires-Dist: torch==2.7.1\nRequires-Dist: numpy\n"
        )
    places = Places(links=(str(tmp_path),)) if how == "here" else Places((f"{server.url}/simple",))
    (found,) = wheels(index.listed("x", places)).values()
    sent = server.sent
    read = index.requirements(found)
    assert read.requires == ("torch==2.7.1", "numpy")
    assert server.sent - sent < 100_000
    assert index.requirements(read) is read


def test_a_server_without_parts_leaves_the_metadata_unread(server: Server, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "x-1-py3-none-any.whl", {"a.py": ""})
    server.project("x", [path])
    server.files["/files/x-1-py3-none-any.whl"].ranges = False
    (found,) = wheels(index.listed("x", Places((f"{server.url}/simple",)))).values()
    assert index.requirements(found).requires is None


def test_a_folder_of_the_url_says_what_the_name_does_not(server: Server) -> None:
    server.put(
        "/whl/cu124/xformers/", '<a href="../xformers-1-cp39-abi3-linux_x86_64.whl">x</a>', kind="text/html"
    )
    (found,) = wheels(index.listed("xformers", Places((f"{server.url}/whl/cu124",)))).values()
    assert found.variant == Variant(cuda="12.4")


def test_pips_settings_are_read_as_pip_ranks_them() -> None:
    listing = (
        ":env:.find-links='/opt/wheels /opt/more'\nglobal.index-url='https://global.example/simple'\n"
        "install.index-url='https://install.example/simple'\nglobal.extra-index-url='\\nhttps://a.example\\nhttps://b.example'\n"
        "list.format='json'\nbroken\nglobal.timeout=\n"
    )
    assert pip_settings.read(listing) == {
        "find-links": "/opt/wheels /opt/more",
        "index-url": "https://install.example/simple",
        "extra-index-url": "\nhttps://a.example\nhttps://b.example",
    }


def test_pip_itself_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    file.write_text(
        "[global]\nindex-url = https://one.example/simple\nextra-index-url =\n  https://two.example\n"
    )
    assert pip_settings.places() == Places(("https://one.example/simple", "https://two.example"))
    file.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path}\n")
    assert pip_settings.places() == Places((), (str(tmp_path),))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (default,) = pip_settings.places().indexes
    assert default.startswith("https://")


def test_help_that_names_no_index_is_an_error() -> None:
    with pytest.raises(RepoOpsError, match="pip does not say which index it takes"):
        pip_settings.default_index("-i, --index-url <url>  Base URL")

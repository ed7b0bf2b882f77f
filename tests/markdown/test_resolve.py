from __future__ import annotations

from pathlib import Path

import pytest

from repoops.markdown.links import find_links
from repoops.markdown.resolve import Places, destination, is_broken, reached, target

FILES = ["README.md", "docs/a b.md", "docs/sub/é.md", "x#y.md", "latin-\udce9.md", "50%.md"]


def leads(text: str, at: str = "docs/here.md") -> str | None:
    (link,) = find_links(text.encode("utf-8", "surrogateescape"))
    to = reached(at, link, Places(FILES))
    return None if to is None else to[1]


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("[x](../README.md)", "README.md"),
        ("[x](.././docs/../README.md?raw=1#top)", "README.md"),
        ("[x](/README.md#top)", "README.md"),
        ("[x](a%20b.md)", "docs/a b.md"),
        ("[x](<a b.md>)", "docs/a b.md"),
        ("[x](a&#32;b.md)", "docs/a b.md"),
        ("[x](./sub/%C3%A9.md)", "docs/sub/é.md"),
        ("[x](sub/é.md)", "docs/sub/é.md"),
        ("[x](sub)", "docs/sub"),
        ("[x](sub/)", "docs/sub"),
        ("[x](..)", ""),
        ("[x](/)", ""),
        ("[x](../x%23y.md)", "x#y.md"),
        ("[x](../50%25.md)", "50%.md"),
        ("[x](../50%.md)", "50%.md"),
        ("[x](../latin-%E9.md)", "latin-\udce9.md"),
        ("[x](../latin-\udce9.md)", "latin-\udce9.md"),
        ("<a href='../README.md&#63;x'>", "README.md"),
        ("[x](../README.md/)", None),
        ("[x](README.md)", None),
        ("[x](../readme.md)", None),
        ("[x](../../README.md)", None),
        ("[x](../x#y.md)", None),
    ],
)
def test_where_a_destination_leads(text: str, leads_to: str | None) -> None:
    assert leads(text) == leads_to
    (link,) = find_links(text.encode("utf-8", "surrogateescape"))
    assert is_broken("docs/here.md", link, Places(FILES)) == (leads_to is None)


@pytest.mark.parametrize(
    "text", ["[x](#part)", "[x](?a)", "[x](http://a/b)", "[x](//a/b)", "[x](mailto:a@b.c)", "[x](C:/a.md)"]
)
def test_what_is_no_path_is_neither_followed_nor_broken(text: str) -> None:
    (link,) = find_links(text.encode())
    assert destination(link) is None
    assert not is_broken("a.md", link, Places(FILES))


def test_a_name_of_nul_leads_nowhere() -> None:
    (link,) = find_links(b"[x](a%00b.md)")
    to = destination(link)
    assert to is not None
    assert target("x.md", to) is None


def test_what_lies_on_disk_only_is_found_in_the_repositorys_own_spelling(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("a")
    (tmp_path / "built.png").write_text("")
    (tmp_path / "linked").symlink_to("docs")
    (tmp_path / "out").symlink_to("..")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / ".git").mkdir()
    places = Places(["docs/a.md", "linked", "gone"], tmp_path)
    assert places.find("linked/a.md") == "docs/a.md"
    assert places.find("built.png") == "built.png"
    assert places.find("out") == "out"
    assert places.find("absent.md") is None
    assert places.find(".git") is None
    assert places.is_folder("linked")
    assert not places.is_folder("built.png")

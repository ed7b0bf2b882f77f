from __future__ import annotations

import os
import posixpath
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.markdown.links import Link, scan, scan_file
from repoops.markdown.relink import Edit, relink, same_meaning, splice
from repoops.markdown.resolve import Places, reached
from tests.support.markdown import document

FILES = [
    "LOG.md",
    "OTHER LOG.md",
    "a:b.md",
    "SETUP.md",
    "docs/x.md",
    "docs/pic.png",
    "TODO",
    "docs/R&D (1).md",
]
HOME = "docs/archive/logs"


def move(text: str, *moved: str, at: str = "LOG.md", mentions: bool = True) -> str:
    done = relink(text.encode(), at, {m: f"{HOME}/{m}" for m in moved}, Places(FILES), mentions=mentions)
    assert done.skipped == ()
    return done.data.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a](SETUP.md)", "[a](../../../SETUP.md)"),
        ("[a](./SETUP.md#x 't')", "[a](../../../SETUP.md#x 't')"),
        ("[a](OTHER%20LOG.md)", "[a](OTHER%20LOG.md)"),
        ("![a](<docs/pic.png>)", "![a](<../../pic.png>)"),
        ("[a](docs/R&amp;D%20\\(1\\).md)", "[a](../../R&amp;D%20\\(1\\).md)"),
        ("[a](docs/)", "[a](../../)"),
        ("[a](docs)", "[a](../..)"),
        ("[a](/SETUP.md)", "[a](/SETUP.md)"),
        ("[a](/LOG.md)", f"[a](/{HOME}/LOG.md)"),
        ("[a](LOG.md#top)", "[a](LOG.md#top)"),
        ("[a](gone.md) [b](http://x/SETUP.md)", "[a](gone.md) [b](http://x/SETUP.md)"),
        ("[r]: SETUP.md 't'\r\n", "[r]: ../../../SETUP.md 't'\r\n"),
        ("<a href=SETUP.md>", "<a href=../../../SETUP.md>"),
        ("<img srcset='docs/pic.png 2x, docs/pic.png'>", "<img srcset='../../pic.png 2x, ../../pic.png'>"),
        ("[a](a%3Ab.md)", "[a](../../../a%3Ab.md)"),
    ],
)
def test_a_moved_file_still_reaches_what_it_did(before: str, after: str) -> None:
    assert move(before, "LOG.md", "OTHER LOG.md") == after


@pytest.mark.parametrize(
    ("at", "before", "after"),
    [
        ("README.md", "[a](LOG.md)", f"[a]({HOME}/LOG.md)"),
        ("README.md", "[a](./LOG.md)", f"[a](./{HOME}/LOG.md)"),
        ("README.md", "[a](<OTHER LOG.md>)", f"[a](<{HOME}/OTHER LOG.md>)"),
        ("README.md", "[a](./a:b.md)", f"[a](./{HOME}/a:b.md)"),
        ("docs/x.md", "[a](../LOG.md)", "[a](archive/logs/LOG.md)"),
        ("README.md", "see `LOG.md`, `./LOG.md` and `cat LOG.md`", f"see `{HOME}/LOG.md`, `./{HOME}/LOG.md` and `cat LOG.md`"),
        ("README.md", "```\nLOG.md [a](LOG.md)\n```", "```\nLOG.md [a](LOG.md)\n```"),
        ("README.md", "`TODO` it", "`TODO` it"),
        ("p.html", "<a href='LOG.md'>`LOG.md`</a>", f"<a href='{HOME}/LOG.md'>`LOG.md`</a>"),
    ],
)  # fmt: skip
def test_a_file_that_stays_reaches_what_moved(at: str, before: str, after: str) -> None:
    assert move(before, "LOG.md", "OTHER LOG.md", "a:b.md", "TODO", at=at) == after


def test_a_mention_that_means_its_neighbour_is_left() -> None:
    moved = {"LOG.md": f"{HOME}/LOG.md"}
    done = relink(b"`LOG.md`", "docs/x.md", moved, Places([*FILES, "docs/LOG.md"]))
    assert done.data == b"`LOG.md`"
    assert relink(b"`LOG.md`", "docs/x.md", moved, Places(FILES)).data == f"`{HOME}/LOG.md`".encode()


def test_a_new_home_with_odd_characters_is_encoded_where_it_must_be() -> None:
    home = "docs/old (1) `x` | 50% é/LOG.md"
    files = Places(["LOG.md", "README.md"])
    text = b"| [a](LOG.md) [b](<LOG.md>) `LOG.md` |\n|-|\n"
    done = relink(text, "README.md", {"LOG.md": home}, files)
    encoded = "docs/old%20%281%29%20%60x%60%20%7C%2050%25%20é/LOG.md"
    assert done.data.decode() == f"| [a]({encoded}) [b](<{encoded}>) `LOG.md` |\n|-|\n"
    assert (done.links, done.skipped) == (2, ())


def test_an_edit_that_would_change_the_meaning_is_dropped_and_named() -> None:
    before = scan(b"[a](b.md) [c](d.md)\n")
    first, second = before.links
    ruinous = Edit(first, "x y.md", "x y.md")
    harmless = Edit(second, "e.md", "e.md")
    for edits, same in (([ruinous, harmless], False), ([harmless], True)):
        after = scan(splice(b"[a](b.md) [c](d.md)\n", edits))
        assert same_meaning(before, after, edits) is same


def test_a_way_through_a_symlink_is_kept_while_it_leads_there(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("a")
    (tmp_path / "linked").symlink_to("docs")
    places = Places(["docs/a.md", "linked", "README.md", "LOG.md"], tmp_path)
    text = b"[a](linked/a.md)"
    assert relink(text, "README.md", {"LOG.md": "old/LOG.md"}, places).data == text
    assert relink(text, "README.md", {"docs/a.md": "old/a.md"}, places).data == b"[a](old/a.md)"


def test_a_colon_in_front_does_not_become_a_scheme() -> None:
    done = relink(b"[a](../a:b.md)", "docs/x.md", {"docs/x.md": "x.md"}, Places(FILES))
    assert done.data == b"[a](./a:b.md)"


def test_text_that_reads_otherwise_is_another_meaning() -> None:
    before, after = (scan(text) for text in (b"a [x](b.md)", b"*a* [x](b.md)"))
    assert not same_meaning(before, after, [])


def test_a_link_that_cannot_be_located_is_named() -> None:
    done = relink(
        b"<a href='\nSE\nTUP.md'>", "LOG.md", {"LOG.md": f"{HOME}/LOG.md"}, Places(["LOG.md", "SE\nTUP.md"])
    )
    assert [link.raw for link in done.skipped] == ["SE\nTUP.md"]
    assert done.edits == ()


PATHS = ["a.md", "b c.md", "x (1).md", "docs/é/ü.md", "docs/R&D.md", "50%.md", "docs/c#.md", "p|q.md", "docs", "q?.md",
         "gone.md", "sub/../a.md", "../outside.md"]  # fmt: skip
THERE = [
    "a.md",
    "b c.md",
    "x (1).md",
    "docs/é/ü.md",
    "docs/R&D.md",
    "50%.md",
    "docs/c#.md",
    "p|q.md",
    "q?.md",
    "sub/s.md",
]


@settings(max_examples=200)
@given(
    st.randoms(use_true_random=False),
    st.sets(st.sampled_from(THERE)),
    st.sampled_from(["a.md", "docs/R&D.md", "b c.md"]),
    st.sampled_from(["docs/archive/logs", "old (2) & é|", "sub"]),
)
def test_every_link_leads_to_the_same_target_and_nothing_else_changes(
    source: random.Random, moving: set[str], at: str, home: str
) -> None:
    start = posixpath.dirname(at)
    made = document(source, [os.path.relpath(path, start or ".") for path in PATHS])
    before = Places(THERE)
    moved = {path: f"{home}/{posixpath.basename(path)}" for path in moving}
    after = Places(moved.get(path, path) for path in THERE)
    done = relink(made.data, at, moved, before, mentions=False)
    assert done.skipped == ()
    old, new = scan(made.data), scan(done.data)
    assert old.shape == new.shape
    here = moved.get(at, at)
    for was, now in zip(old.links, new.links, strict=True):
        led, leads = reached(at, was, before), reached(here, now, after)
        if led is None:
            assert now.raw == was.raw
            continue
        to, path = led
        folder_emptied = path not in THERE and not any(f.startswith(path + "/") for f in after.files)
        if not folder_emptied:  # the caller names those in `moved`
            assert leads is not None
            assert (leads[1], leads[0].suffix) == (moved.get(path, path), to.suffix)
    assert outside(made.data, old.links) == outside(done.data, new.links)


def outside(data: bytes, links: tuple[Link, ...]) -> list[bytes]:
    pieces, at = [], 0
    for link in sorted(links, key=lambda link: link.start):
        pieces.append(data[at : link.start])
        at = link.end
    return [*pieces, data[at:]]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_there_and_back_gives_the_same_bytes_where_spelling_is_plain(source: random.Random) -> None:
    files = ["LOG.md", "SETUP.md", "docs/x.md"]
    made = document(source, files)
    there = relink(made.data, "LOG.md", {"LOG.md": f"{HOME}/LOG.md"}, Places(files))
    moved = ["SETUP.md", "docs/x.md", f"{HOME}/LOG.md"]
    back = relink(there.data, f"{HOME}/LOG.md", {f"{HOME}/LOG.md": "LOG.md"}, Places(moved))
    assert back.data == made.data


def test_a_file_of_another_kind_is_left() -> None:
    assert scan_file("a.txt", b"[a](LOG.md)") is None
    assert relink(b"[a](LOG.md)", "a.txt", {"LOG.md": "x/LOG.md"}, Places(FILES)).data == b"[a](LOG.md)"

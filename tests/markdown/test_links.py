from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.markdown.links import find_links, may_link, scan, scan_html
from tests.support.markdown import document

PATHS = [
    "a.md",
    "docs/b c.md",
    "x (1).md",
    "été/ü.md",
    "R&D.md",
    "50%.md",
    "c#.md",
    "p|q.md",
    "pic.png",
    "../up.md",
    "q?.md",
]


def found(text: str | bytes) -> list[tuple[str, str, int]]:
    data = text.encode() if isinstance(text, str) else text
    links = find_links(data)
    for link in links:
        assert data[link.start : link.end].decode("utf-8", "surrogateescape") == link.raw
    return [(link.kind, link.raw, link.line) for link in links]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](b.md)", [("link", "b.md", 1)]),
        ("[a]( <b c.md> 'title (x)' )", [("link", "b c.md", 1)]),
        ("[a](b\\(1\\).md) [c](d(e).md)", [("link", "b\\(1\\).md", 1), ("link", "d(e).md", 1)]),
        ("[a](R&amp;D.md)", [("link", "R&amp;D.md", 1)]),
        ("[![i](i.png)](b.md)", [("link", "b.md", 1), ("image", "i.png", 1)]),
        ("![alt [not](x.md)](i.png)", [("image", "i.png", 1)]),
        ("[a [b] c](d.md) [a\\]](e.md)", [("link", "d.md", 1), ("link", "e.md", 1)]),
        ("[outer [in](a.md)](b.md)", [("link", "a.md", 1)]),
        ("[a](\nb.md\n'x')", [("link", "b.md", 2)]),
        ("[a][b]\n\n[b]: c.md\n[b]: d.md", [("definition", "c.md", 3), ("definition", "d.md", 4)]),
        ("> [b]:\n>   <c d.md>\n>   'title'\n", [("definition", "c d.md", 2)]),
        ("[^1]: Note\n", []),
        ("<http://a.b/c> <a@b.cd> [x](#y)", [("autolink", "http://a.b/c", 1), ("autolink", "a@b.cd", 1), ("link", "#y", 1)]),
        ("a <img\n src='b.png'\n/> c", [("html", "b.png", 2)]),
        ("<A HREF=b.md>x</A>", [("html", "b.md", 1)]),
        ('<p>\n<a\nhref=" b.md ">\n', [("html", "b.md", 3)]),
        ("<img srcset='a.png 1x,b.png 2x' src=c.png src=d.png>", [("html", "a.png", 1), ("html", "b.png", 1), ("html", "c.png", 1)]),
        ("<script>\n'<a href=b.md>'\n</script>", []),
        ("<!-- <a href=b.md> -->", []),
        ("| [a\\|b](c\\|d.md) |\n|-|\n", [("link", "c|d.md", 1)]),
        ("`[a](b.md)` \\[a](b.md) [a] (b.md)", []),
        ("```\n[a](b.md)\n```\n\n    [a](b.md)\n", []),
        ("---\nx: '[a](b.md)'\n---\n[c](d.md)", [("link", "d.md", 4)]),
        ("[a]()", []),
    ],
)  # fmt: skip
def test_links_and_what_only_looks_like_one(text: str, links: list[tuple[str, str, int]]) -> None:
    data = text.encode()
    assert [(link.kind, link.raw, link.line) for link in scan(data).links] == links
    for link in scan(data).links:
        assert link.start >= 0
        assert (
            data[link.start : link.end].decode().replace("\\|", "|" if link.in_table else "\\|") == link.raw
        )


def test_spans_hold_through_bom_line_ends_and_odd_bytes() -> None:
    assert found(b"\xef\xbb\xbfa\r\nb\rc \xe9 \x00 \xc3\xa9 [x](d\xe9.md)\r\n> [y](e.md)") == [
        ("link", "d\udce9.md", 3),
        ("link", "e.md", 4),
    ]


def test_tabs_and_nesting_do_not_shift_spans() -> None:
    text = "1. a\n\t- [b](c.md)\n\n\t  > ##\t[d](e.md) #\n\t  > [f](g.md)\t \n"
    assert [raw for _, raw, _ in found(text)] == ["c.md", "e.md", "g.md"]


def test_deep_nesting_is_read() -> None:
    assert found("> " * 40 + "[a](b.md)") == [("link", "b.md", 1)]


def test_a_base_makes_an_html_files_links_unreadable_from_where_it_lies() -> None:
    page = b"<!doctype html>\r\n<a href='b.md#x'>b</a><img src=c.png>"
    assert [(link.raw, link.line) for link in scan_html(page).links] == [("b.md#x", 2), ("c.png", 2)]
    assert scan_html(b"<base href='/x/'>" + page).links == ()


def test_mentions_are_code_spans_without_their_blanks() -> None:
    data = "a ` b.md ` ``c`d`` é `e.md`\n`two\nlines`\n| `f\\|g` |\n|-|\n".encode()
    mentions = scan(data).mentions
    assert [(m.text, m.line) for m in mentions if m.start >= 0] == [
        ("b.md", 1),
        ("c`d", 1),
        ("e.md", 1),
        ("f|g", 4),
    ]
    assert [data[m.start : m.end] for m in mentions[:3]] == [b"b.md", b"c`d", b"e.md"]


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_every_generated_link_is_found_where_it_stands(source: random.Random) -> None:
    made = document(source, PATHS)
    links = scan(made.data).links
    assert sorted((link.kind, link.raw) for link in links) == sorted(made.links)
    assert not links or may_link(made.data)
    for link in links:
        stands = made.data[link.start : link.end].decode("utf-8", "surrogateescape")
        assert (stands.replace("\\|", "|") if link.in_table else stands) == link.raw


@settings(max_examples=100)
@given(
    st.text("[]()<>!`\\|#>-*_: \n\r\ta.1\"'=&;é\x00", max_size=60).map(str.encode) | st.binary(max_size=80)
)
def test_whatever_is_found_stands_where_it_says(data: bytes) -> None:
    for link in scan(data).links:
        if link.start >= 0:
            stands = data[link.start : link.end].decode("utf-8", "surrogateescape").replace("\0", "\ufffd")
            assert (stands.replace("\\|", "|") if link.in_table else stands) == link.raw

"""Sentences come with the line they stand on, and code that a page quotes is nobody's claim."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.claims.statements import Statement, of_c, of_markdown, of_message, of_python, sentences


def texts(said: list[Statement]) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in said]


def test_prose_is_read_sentence_by_sentence_with_its_lines() -> None:
    page = b"# Attention\n\nIt is fast. It takes\n12.5 us. Good.\n\n- a point\n- `tiled` is\n  another\n"
    assert texts(list(of_markdown(page))) == [
        (1, "Attention"),
        (3, "It is fast."),
        (3, "It takes 12.5 us."),
        (4, "Good."),
        (6, "a point"),
        (7, "`tiled` is another"),
    ]


def test_a_sentence_stands_under_its_headings_and_in_its_paragraph() -> None:
    page = b"# Kernels\n\n## On the CPU\n\nOne. Two.\n\n## On a card\n\nThree.\n"
    under = {each.text: each.context for each in of_markdown(page)}
    assert under["Two."] == "Kernels On the CPU One. Two."
    assert under["Three."] == "Kernels On a card Three."


def test_a_row_of_a_table_has_its_column_heads() -> None:
    page = b"| kernel | time (us) |\n|---|---|\n| `tiled` | 22.4 |\n| naive | 45 |\n"
    assert texts(list(of_markdown(page))) == [
        (3, "kernel: `tiled`; time (us): 22.4"),
        (4, "kernel: naive; time (us): 45"),
    ]


def test_what_a_page_quotes_in_a_code_block_is_left_out() -> None:
    assert list(of_markdown(b"```\nattention: 12 us\n```\n\n    attention: 13 us\n")) == []


def test_comments_of_cuda_are_read_and_strings_are_not() -> None:
    source = 'int a;  // one\n// two,\n// still two\nconst char* s = "// no";\n/* three.\n * four. */\n'
    assert texts(list(of_c(source))) == [
        (1, "one two, still two"),
        (5, "three."),
        (6, "four."),
    ]


def test_comments_and_docstrings_of_python_are_read_and_other_strings_are_not() -> None:
    source = '"""Of a module."""\nX = "no"  # yes\n\n\ndef f() -> None:\n    """Of a function."""\n'
    assert texts(list(of_python(source))) == [(1, "Of a module."), (2, "yes"), (6, "Of a function.")]
    assert list(of_python("def (")) == []


def test_a_message_has_its_subject_and_its_paragraphs() -> None:
    said = list(of_message("attention: faster\n\nIt takes\n3 us.\n"))
    assert texts(said) == [(1, "attention: faster"), (3, "It takes 3 us.")]
    assert "attention" in said[1].context


@given(st.lists(st.text(alphabet="ab c1.;\n", min_size=1), min_size=1), st.integers(1, 50))
def test_every_word_stays_in_order_and_on_its_line(parts: list[str], line: int) -> None:
    text = " ".join(parts)
    said = list(sentences(text, line))
    assert " ".join(each.text for each in said).split() == text.split()
    rows = text.split("\n")
    for each in said:
        assert each.text.split()[0] in rows[each.line - line].split()

"""What the scanners find of each language, and where; no bytes make them fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.codemap.blank import C_NOISE, GO_NOISE, JS_NOISE, RUST_NOISE, SHELL_NOISE, blanked
from repoops.codemap.definitions import SCANNERS, definitions
from repoops.codemap.symbols import leading_comment, python_definitions

CASES = {
    "a.c": (
        ("#include <x.h>\n// int commented(void) {}\nstatic int helper(int a) { return a; }\nint\nspread(\n  int a)\n{\n  if (a) { a(); }\n}\n"
        "typedef struct node { int x; } node_t;\ntypedef int (*callback)(void);\ntypedef unsigned long word;\nenum colour { RED };\n"
        '#define SQUARE(x) ((x)*(x))\nint declared(int);\nint table[] = { 1, 2 };\nchar *s = "int quoted(void) {";\n'
        "#ifdef A\nint one(void) {\n#else\nint one_else(void) {\n#endif\n  return 1;\n}\n#if 0\nint dead(void) {}\n#endif\nvoid last(void) {}\n"),
        {("helper", 3), ("spread", 5), ("node", 10), ("node_t", 10), ("callback", 11), ("word", 12), ("colour", 13), ("SQUARE", 14),
         ("one", 19), ("one_else", 21), ("last", 28)},
    ),
    "a.cu": (
        ('namespace n {\nextern "C" {\ntemplate <typename T, class U = A<B>>\n__global__ void __launch_bounds__(256, 2) kernel(T* x) { x[0] = T{1}; }\n}\n'
        "struct __align__(16) Pair final : Base<int> {\n  int first() const { return 1; }\n  using Element = decltype(make(A{}, B<1>{}));\n"
        "  Pair& operator+=(Pair o) { return *this; }\n  float operator()(int i) const { return 0; }\n};\n}\n"
        "template <> void run<90, half>(Params& p) {\n}\nauto made() -> int { return 0; }\nN::Type N::method(int a) : b{a} { }\n"
        "using Short = n::Pair;\nclass Forward;\nenum class Kind : int { A };\nconst auto lambda = [](int x) { return x; };\n"),
        {("kernel", 4), ("Pair", 6), ("first", 7), ("Element", 8), ("operator+=", 9), ("operator()", 10), ("run", 13), ("made", 15),
         ("method", 16), ("Short", 17), ("Kind", 19)},
    ),
    "a.rs": (
        ("//! Crate.\npub mod inner;\npub(crate) struct S<T> { a: T }\nimpl<T> S<T> {\n    pub const fn new() -> Self { todo!() }\n    async unsafe fn go(&self) {}\n}\n"
        'pub enum E { A }\ntrait T { fn must(&self); }\nmacro_rules! mac { () => {} }\nconst N: usize = 1;\nstatic mut M: u8 = b\'"\';\n'
        'let s = r#"\nfn quoted() {}\n"#;\n/* fn commented() {} */\npub type Alias = u8;\nextern "C" fn ext<\'a>() {}\n'),
        {("inner", 2), ("S", 3), ("new", 5), ("go", 6), ("E", 8), ("T", 9), ("must", 9), ("mac", 10), ("N", 11), ("M", 12),
         ("Alias", 17), ("ext", 18)} - {("must", 9)},
    ),
    "a.go": (
        ("package a\n\nfunc Plain() {}\nfunc (s *S) Method(x int) error { return nil }\ntype S struct {\n\tField int\n}\ntype (\n\tA int\n\tB interface{}\n)\n"
        "const (\n\tOne = iota\n\ttwo\n)\nvar Global = `\nfunc quoted() {}\n`\n// func commented() {}\nfunc generic[T any](t T) {}\n"),
        {("Plain", 3), ("Method", 4), ("S", 5), ("A", 9), ("B", 10), ("One", 13), ("two", 14), ("Global", 16), ("generic", 20)},
    ),
    "a.ts": (
        ("export default class Main extends Base {}\nexport async function go() {}\ninterface Shape { a: string }\nexport type Id = string;\n"
        "declare enum Level { A }\nexport const limit = 3;\nconst local = /function no() \\{/;\n// function commented() {}\nconst t = `\nfunction quoted() {}\n`;\n"
        "function* gen() {}\nmodule.exports.out = 1;\nfunction used() {}\nexport { used as other };\nnamespace N {}\n"),
        {("Main", 1), ("go", 2), ("Shape", 3), ("Id", 4), ("Level", 5), ("limit", 6), ("local", 7), ("t", 9), ("gen", 12), ("out", 13),
         ("used", 14), ("N", 16)},
    ),
    "a.sh": (
        "#!/bin/sh\n# commented() {\nplain() {\n  X=\"$(type \"${A}\")\"\n}\nfunction word {\n  :\n}\nfunction both() {\n  :\n}\ncat <<EOF\nquoted() {\nEOF\nlast ()\n{\n  echo 'no() {'\n}\n",
        {("plain", 3), ("word", 6), ("both", 9), ("last", 15)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", CASES)
def test_every_definition_is_found_at_its_line_and_nothing_else(path: str) -> None:
    text, wanted = CASES[path]
    assert {(d.name, d.line) for d in definitions(path, text)} == wanted


def test_python_is_read_by_its_own_parser() -> None:
    found = python_definitions(
        "class A:\n    def m(self):\n        def inner(): ...\n\nif x:\n    def f(): ...\nasync def _g(): ...\n"
    )
    assert [(d.name, d.line, d.public) for d in found] == [
        ("A", 1, True),
        ("m", 2, True),
        ("f", 6, True),
        ("_g", 7, False),
    ]
    assert python_definitions("def (") == []


def test_what_is_public_is_told_as_the_language_says() -> None:
    assert {d.name: d.public for d in definitions("a.rs", "pub fn a() {}\nfn b() {}\n")} == {
        "a": True,
        "b": False,
    }
    assert {d.name: d.public for d in definitions("a.go", "func A() {}\nfunc b() {}\n")} == {
        "A": True,
        "b": False,
    }
    assert {d.name: d.public for d in definitions("a.ts", "export function a() {}\nfunction b() {}\n")} == {
        "a": True,
        "b": False,
    }
    assert {d.name: d.public for d in definitions("a.c", "int a(void) {}\nstatic int b(void) {}\n")} == {
        "a": True,
        "b": False,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("// Copyright 2020 X.\n// All rights reserved.\n\n/*! \\file\n    \\brief Tiles of a matrix. More.\n*/\n#pragma once\n", "Tiles of a matrix"),
        ("#!/bin/sh\n# Builds everything.\nset -e\n", "Builds everything"),
        ("#pragma once\n// Shared device code: warps.\n", "Shared device code: warps"),
        ("int x;\n// Not at the top.\n", ""),
        ("/* one */\n", ""),
    ],
)  # fmt: skip
def test_a_file_says_what_it_is_for_in_its_first_comment_that_is_no_licence(text: str, said: str) -> None:
    assert leading_comment(text) == said


ONE = {
    ".c": "int {}(int a) {{ return a; }}", ".cu": "__global__ void {}(int* x) {{ x[0] = 1; }}", ".rs": "pub fn {}() {{}}",
    ".go": "func {}() {{}}", ".ts": "export function {}() {{}}", ".sh": "{}() {{ :; }}",
}  # fmt: skip
FILLER = {
    ".c": ("", "// x() {", "/* a\nb */", 'char *s = "}";', "#define A {", "struct s { int a; };", "int y = 'x';"),
    ".cu": ("", "// {", "/* a\n{ */", 'auto r = R"({\n)";', "#include <a>", "template <int N> struct q { };", "int n = 1'000;"),
    ".rs": ("", "// {", "/* fn no() {\n */", 'let s = "}\n";', "#[cfg(test)]", "let c = '\"';", 'let r = r#"fn no() {"#;'),
    ".go": ("", "// {", "/* a\n */", "var s = `\n}`", 'var t = "func no() {"', 'import "x"'),
    ".ts": ("", "// {", "/* a\n */", "const s = `\n}`;", 'const r = /[/"]/;', "import x from './x';", "let q = 'it\\'s';"),
    ".sh": ("", "# {", "A='x\ny'", 'B="$(c "d")"', "cat <<EOF\nno() {\nEOF", "if true; then :; fi"),
}  # fmt: skip


@given(st.sampled_from(sorted(ONE)), st.data())
def test_lines_are_right_whatever_stands_before(suffix: str, data: st.DataObject) -> None:
    before = data.draw(st.lists(st.sampled_from(FILLER[suffix]), max_size=8))
    text = "\n".join([*before, ONE[suffix].format("wanted")]) + "\n"
    line = text[: text.index("wanted")].count("\n") + 1
    assert ("wanted", line) in {(d.name, d.line) for d in definitions("x" + suffix, text)}


PIECES = st.sampled_from(
    ["fn ", "func ", "type ", "struct ", "class ", "{", "}", "(", ")", ";", '"', "'", "`", "//", "/*", "*/", "\n", "\\", "#", "<<EOF\n",
     "EOF\n", "x", "template<", ">", "operator", "=", "typedef ", "using ", "export ", 'r#"', "$(", "é", "#if 0\n", "#else\n", "#endif\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_makes_a_scanner_fail_and_every_line_is_one_of_the_text(text: str) -> None:
    for suffix in sorted(SCANNERS):
        for found in definitions("x" + suffix, text):
            assert 1 <= found.line <= text.count("\n") + 1
    for noise in (C_NOISE, RUST_NOISE, GO_NOISE, JS_NOISE, SHELL_NOISE):
        blank = blanked(text, noise)
        assert [len(line) for line in blank.split("\n")] == [len(line) for line in text.split("\n")]


@given(st.binary(max_size=300))
def test_no_bytes_make_a_scanner_fail(raw: bytes) -> None:
    for text in (raw.decode("utf-8", "replace"), raw.decode("latin-1")):
        for suffix in (".c", ".rs", ".go", ".ts", ".sh"):
            definitions("x" + suffix, text)
        leading_comment(text)

"""Who names whom in each language, what matters most, and which tests run what."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.codemap.diagram import diagram
from repoops.codemap.graph import graph, pagerank
from repoops.codemap.imports import asked
from repoops.codemap.scan import scan
from repoops.codemap.suffixes import SOURCES
from repoops.codemap.tested import convention, runs_of
from repoops.vcs.read import open_repository
from tests.support.repo import Repo

FILES: dict[str, str | bytes] = {
    "pkg/__init__.py": "", "pkg/a.py": "from . import b\nfrom pkg.sub import (\n    c,  # a comment\n)\nimport os, pkg.d as d\n# import pkg.no\n",
    "pkg/b.py": "if x:\n    from .sub.c import y\n", "pkg/d.py": "", "pkg/no.py": "", "pkg/sub/__init__.py": "", "pkg/sub/c.py": "from ..d import z\n",
    "src/main.cc": '#include "util.h"\n  #  include <lib/deep.h>\n// #include "no.h"\n#include <vector>\n#include <unistd.h>\n', "src/util.h": "", "src/unistd.h": "", "include/lib/deep.h": "",
    "src/no.h": "", "include/other/util.h": "", "web/a.ts": "import {\n  x,\n} from './b.js'\nconst c = require('../web/c')\nexport * from './dir'\nimport z from 'zod'\n",
    "web/b.ts": "", "web/c.js": "", "web/dir/index.tsx": "", "go.mod": "module example.org/app\n\ngo 1.22\n",
    "cmd/main.go": 'package main\n\nimport (\n\t"fmt"\n\tx "example.org/app/lib"\n)\n', "lib/lib.go": "package lib\n", "lib/lib_test.go": "package lib\n",
    "crate/Cargo.toml": '[package]\nname = "my-crate"\n', "crate/src/lib.rs": "mod one;\npub mod two;\nuse crate::two::{deep::Thing, Other as O};\n",
    "crate/src/one.rs": "//! may\nuse super::two;\n/* so that\n   use and more */\nuse crate::two::deep::X;\n", "crate/src/two/mod.rs": "pub mod deep;\n", "crate/src/two/deep.rs": "", "bin/Cargo.toml": '[package]\nname = "bin"\n',
    "bin/src/main.rs": "use my_crate::one::x;\n", "scripts/a.sh": '. ./lib.sh\nsource "$HERE/more.sh"\nbash scripts/run.sh now\n./lib.sh\n', "scripts/lib.sh": "",
    "scripts/more.sh": "", "scripts/run.sh": "",
}  # fmt: skip
NAMED = {
    "pkg/a.py": {"pkg/b.py", "pkg/sub/c.py", "pkg/d.py"}, "pkg/b.py": {"pkg/sub/c.py"}, "pkg/sub/c.py": {"pkg/d.py"},
    "src/main.cc": {"src/util.h", "include/lib/deep.h"}, "web/a.ts": {"web/b.ts", "web/c.js", "web/dir/index.tsx"},
    "cmd/main.go": {"lib/lib.go"}, "crate/src/lib.rs": {"crate/src/one.rs", "crate/src/two/mod.rs", "crate/src/two/deep.rs"},
    "crate/src/one.rs": {"crate/src/two/mod.rs", "crate/src/two/deep.rs"}, "crate/src/two/mod.rs": {"crate/src/two/deep.rs"}, "bin/src/main.rs": {"crate/src/one.rs"},
    "scripts/a.sh": {"scripts/lib.sh", "scripts/more.sh", "scripts/run.sh"},
}  # fmt: skip


def test_every_file_that_a_line_names_is_found_in_every_language(repo: Repo) -> None:
    repo.commit(files=FILES)
    found = graph(scan(open_repository(repo.root)))
    assert {path: set(targets) for path, targets in found.imports.items()} == NAMED
    assert found.importers["pkg/d.py"] == {"pkg/a.py", "pkg/sub/c.py"}


@given(st.binary(max_size=300), st.sampled_from(SOURCES))
def test_no_bytes_make_the_reader_of_imports_fail(raw: bytes, suffix: str) -> None:
    asked("x" + suffix, raw)
    asked("x" + suffix, b"import (" + raw + b"\nuse {" + raw + b"};\nfrom . import " + raw)


NODES = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.just([f"f{i}" for i in range(n)]), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30))
)  # fmt: skip


@given(NODES)
def test_the_ranks_come_to_one_and_nothing_is_forgotten(
    drawn: tuple[list[str], list[tuple[int, int]]],
) -> None:
    nodes, edges = drawn
    imports: dict[str, list[str]] = {}
    for left, right in edges:
        imports.setdefault(nodes[left], []).append(nodes[right])
    rank = pagerank(nodes, imports)
    assert math.isclose(sum(rank.values()), 1.0, abs_tol=1e-9)
    assert min(rank.values()) > 0
    assert pagerank(nodes, imports) == rank


def test_what_many_need_ranks_above_what_few_need_and_a_way_in_above_its_like() -> None:
    nodes = ["a", "b", "c", "hub", "leaf"]
    rank = pagerank(nodes, {"a": ["hub"], "b": ["hub"], "c": ["hub", "leaf"]})
    assert max(rank, key=lambda path: rank[path]) == "hub"
    assert rank["leaf"] > rank["a"] == rank["b"]
    assert pagerank(nodes, {}, {"b"})["b"] > pagerank(nodes, {}, {"b"})["a"]


def test_tests_are_linked_by_imports_and_by_name_where_they_lie_near() -> None:
    paths = [
        "pkg/a.py",
        "pkg/b.py",
        "pkg/sub/c.py",
        "tests/other/test_c.py",
        "tests/pkg/test_a.py",
        "tests/sub/test_c.py",
        "tests/test_b.py",
        "tests/use_a.py",
    ]
    links = runs_of(paths, {"pkg/a.py": frozenset(("tests/use_a.py", "pkg/b.py"))})
    assert links == {
        "pkg/a.py": ("tests/pkg/test_a.py", "tests/use_a.py"),
        "pkg/b.py": ("tests/test_b.py",),
        "pkg/sub/c.py": ("tests/sub/test_c.py",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(f"pkg/x/m{n}.py", f"tests/x/test_m{n}.py") for n in range(5)], "Tests of `pkg/…/NAME.py` mostly lie in `tests/…/test_NAME.py`."),
        ([(f"lib/m{n}.go", f"lib/m{n}_test.go") for n in range(5)], "Tests of `…/NAME.go` mostly lie in `…/NAME_test.go`."),
        ([(f"src/m{n}.ts", f"tests/m{n}.test.ts") for n in range(5)], "Tests of `src/NAME.ts` mostly lie in `tests/NAME.test.ts`."),
        ([(f"pkg/m{n}.py", f"tests/test_m{n}.py") for n in range(3)], ""),
    ],
)  # fmt: skip
def test_where_tests_lie_is_told_when_most_lie_so(rows: list[tuple[str, str]], said: str) -> None:
    paths = sorted(path for row in rows for path in row)
    assert (
        convention(paths, {source: (test,) for source, test in rows})
        .replace("`src/…/", "`src/")
        .replace("`tests/…/NAME.test", "`tests/NAME.test")
        == said
    )


def test_the_diagram_leaves_out_what_follows_and_tests() -> None:
    drawn = diagram({
        "cli/a.py": ["core/b.py", "base/c.py"], "core/b.py": ["base/c.py"], "tests/test_x.py": ["cli/a.py"], "core/d.py": ["core/b.py"],
    })  # fmt: skip
    assert drawn == ["graph LR", 'f0["cli/"] --> f1["core/"]', 'f1 --> f2["base/"]']
    assert diagram({"core/d.py": ["core/b.py"]}) == []


def test_the_diagram_stays_small() -> None:
    imports = {f"p/d{n:02}/a.py": [f"p/d{m:02}/a.py" for m in range(n)] for n in range(40)}
    drawn = diagram(imports)
    assert sum(line.count('["') for line in drawn) <= 12
    assert sum(line.count(" & ") + line.count(" --> ") for line in drawn) <= 16

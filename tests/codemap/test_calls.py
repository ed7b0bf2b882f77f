"""Calls are told where names say them beyond doubt, and nowhere else."""

from __future__ import annotations

import json

import pytest

from repoops.codemap.bracecalls import brace_calls
from repoops.codemap.calls import calls
from repoops.codemap.graph import graph
from repoops.codemap.pycalls import python_calls
from repoops.codemap.scan import scan
from repoops.codemap.symbols import parsed
from repoops.vcs.read import open_repository
from tests.support.repo import Output, Repo

PYTHON: dict[str, str | bytes] = {
    "src/pkg/__init__.py": "from .core import run as start\nfrom . import core\n",
    "src/pkg/core.py": (
        "from pkg.base import Base\n\n\ndef run(x):\n    return _inner(x)\n\n\ndef _inner(x): ...\n\n\n"
        "class Job(Base):\n    @classmethod\n    def make(cls):\n        return cls.own()\n\n"
        "    @classmethod\n    def own(cls): ...\n\n    def go(self):\n        self.own()\n        self.inherited()\n        super().go()\n"
        "        self.unknown()\n        self.kept()\n        self.kept = run\n\n    def kept(self): ...\n"
    ),
    "src/pkg/base.py": "class Base:\n    def go(self): ...\n\n    def inherited(self):\n        def inside():\n            self.go()\n",
    "use.py": (
        "import pkg\nimport pkg.core as c\nfrom pkg import core, start\nfrom pkg.core import Job\n\n\n@start\ndef one():\n    start(1)\n"
        "    c.run(1)\n    core._inner(1)\n    pkg.core.run(1)\n    Job().go()\n    Job.make()\n    Job.inherited(1)\n\n\n"
        "def late():\n    from pkg.base import Base\n\n    return [Base() for _ in range(3)]\n\n\nlate()\n"
    ),
    "doubt.py": (
        "import elsewhere\nfrom pkg.base import Base\nfrom pkg.core import *\nfrom pkg.core import run, _inner\n\ntry:\n    from pkg import start\nexcept ImportError:\n    def start(): ...\n\n\n"
        "def shadowed(run, x):\n    run(1)\n    x.run(1)\n    start()\n    for _inner in x:\n        _inner(2)\n    map(run, x)\n    len(x)\n    own = shadowed\n    own(1)\n\n\n"
        "def resets():\n    global resets_it\n    resets_it = 1\n\n\ndef resets_it(): ...\n\n\ndef asks():\n    resets_it()\n    (lambda run: run(1))(2)\n\n\n"
        "class Odd(elsewhere.Thing, Base):\n    def go(self):\n        self.inherited()\n"
    ),
    "twice/a.py": "def both(): ...\n",
    "src/twice/a.py": "def both(): ...\n",
    "two.py": "from twice.a import both\nboth()\n",
    "broken.py": "def (:\n",
}  # fmt: skip
BRACES: dict[str, str | bytes] = {
    "k/common.cuh": (
        "#define CHECK(x) check_(x)\ntemplate <typename T> __device__ T sum(T v) { return v; }\n"
        "inline void check_(int e) {}\nnamespace app { inline int scale(int a) { return a; } }\n"
    ),
    "k/a.cu": (
        '#include "common.cuh"\n__global__ void __launch_bounds__(64) kern(float* x) { // sum(1)\n  x[0] = 2 * sum<float>(x[1]);\n}\n'
        "static int only_here(int a) { Tensor kern(a); return app::scale(a) + std::sum(a); }\n"
        'void launch(float* x, int sum) {\n  kern<<<1, 64>>>(x);\n  CHECK(only_here(3));\n  sum(1); obj.sum(2); p->sum(3); "sum(4)";\n  Tensor kern(2);\n  if (x < check_) helper(1);\n}\n'
    ),
    "k/helper.cpp": "int helper(int a) { return a; }\nint CHECK(int a) { return helper(a); }\nint __ldg(int a) { return a; }\n",
    "k/other.cu": "float use(float v) { only_here(1); __ldg(1); program(1); lost(1); return sum(v); }\n",
    "k/less.cpp": "static int less(int a) { return a; }\nbool is(int a) { return less < at; }\nbool no(int a) { return at > (a); }\n",
    "k/program.cu": "int program(int a) { return a; }\nint lost(int a);\nint main() { return program(1); }\n",
    "go.mod": "module x.org/m\n",
    "main.go": 'package m\nimport "x.org/m/tool"\nfunc main() { tool.Do(1); near(2); other.Do(3); y.near() }\n',
    "near.go": "package m\nfunc near(a int) { defer gone() }\n",
    "tool/t.go": "package tool\nfunc Do(a int) { do(a) }\nfunc do(a int) {}\n",
    "Cargo.toml": '[package]\nname = "c"\n',
    "src/lib.rs": "mod deep;\nuse crate::deep::under;\npub fn top(x: u8) { deep::under(x); under(x); x.under(); own!(x); Self::top(x) }\n",
    "src/deep.rs": "pub fn under(x: u8) {}\npub struct S;\nimpl S {\n    pub fn top(x: u8) { under(x) }\n}\n"
    "pub fn each<F: Fn(u8) -> u8>(f: F) { under(f(1)) }\n",
    "js/a.ts": "import {b} from './b.js';\nexport function a(cb) { cb(); b(1); this.b(); c(2) }\nexport function c(x) { return new D(x) }\n",
    "js/b.ts": "export function b(x) {}\nexport function cb() {}\n",
}  # fmt: skip


def edges(repo: Repo) -> list[str]:
    tree = scan(open_repository(repo.root))
    return [
        f"{row.caller.path}:{row.line} {row.caller.name} -> {row.target.path} {row.target.name}"
        for row in calls(tree, graph(tree).imports).rows
    ]


def test_calls_of_python(repo: Repo) -> None:
    repo.commit(files=PYTHON)
    assert edges(repo) == [
        "src/pkg/base.py:6 Base.inherited -> src/pkg/base.py Base.go",
        "src/pkg/core.py:22 Job.go -> src/pkg/base.py Base.go",
        "src/pkg/core.py:21 Job.go -> src/pkg/base.py Base.inherited",
        "src/pkg/core.py:20 Job.go -> src/pkg/core.py Job.own",
        "src/pkg/core.py:14 Job.make -> src/pkg/core.py Job.own",
        "src/pkg/core.py:5 run -> src/pkg/core.py _inner",
        "use.py:7  -> src/pkg/core.py run",
        "use.py:24  -> use.py late",
        "use.py:21 late -> src/pkg/base.py Base",
        "use.py:15 one -> src/pkg/base.py Base.inherited",
        "use.py:13 one -> src/pkg/core.py Job",
        "use.py:14 one -> src/pkg/core.py Job.make",
        "use.py:11 one -> src/pkg/core.py _inner",
        "use.py:9 one -> src/pkg/core.py run",
    ]


def test_calls_and_launches_of_other_languages(repo: Repo) -> None:
    repo.commit(files=BRACES)
    assert edges(repo) == [
        "js/a.ts:2 a -> js/a.ts c",
        "js/a.ts:2 a -> js/b.ts b",
        "k/a.cu:3 kern -> k/common.cuh sum",
        "k/a.cu:7 launch -> k/a.cu kern",
        "k/a.cu:8 launch -> k/a.cu only_here",
        "k/a.cu:11 launch -> k/helper.cpp helper",
        "k/a.cu:5 only_here -> k/common.cuh scale",
        "k/helper.cpp:2 CHECK -> k/helper.cpp helper",
        "k/program.cu:3 main -> k/program.cu program",
        "main.go:3 main -> near.go near",
        "main.go:3 main -> tool/t.go Do",
        "src/deep.rs:6 each -> src/deep.rs under",
        "src/deep.rs:4 top -> src/deep.rs under",
        "src/lib.rs:3 top -> src/deep.rs under",
        "tool/t.go:2 Do -> tool/t.go do",
    ]


def test_who_calls_a_function_is_a_command(repo: Repo) -> None:
    repo.commit(files=PYTHON)
    said = """\
src/pkg/core.py:17 Job.own
  called by 2, in 1 file
    src/pkg/core.py:20 Job.go
    src/pkg/core.py:14 Job.make
Not known: calls through objects, of functions that are handed on, and of names that several things have.
"""
    for name in ("own", "Job.own", "src/pkg/core.py:own"):
        assert repo.repoops("codemap", "--calls", name) == Output(said, "", 0)
    data = json.loads(repo.repoops("codemap", "--calls", "late", "--json").stdout)
    assert data["functions"] == [
        {"path": "use.py", "name": "late", "line": 18, "called_by": [{"path": "use.py", "name": "", "line": 24}],
         "calls": [{"path": "src/pkg/base.py", "name": "Base", "line": 21}]}
    ]  # fmt: skip
    assert repo.repoops("codemap", "--calls", "ownn") == Output(
        "", "repoops codemap: ownn: no function, class or method of this name\n  nearest: own\n", 2
    )
    assert repo.repoops("codemap", "--calls", "own", "--check").code == 2
    assert not (repo.root / "CODEMAP.md").exists()


def test_what_many_files_call_stands_in_maps_with_room_and_in_the_facts(repo: Repo) -> None:
    body = "import a\n\n\ndef own_{n}():\n    a.wanted()\n    a.wanted()\n"
    repo.commit(files={
        "a.py": "def wanted(): ...\n", **{f"b{n}.py": body.format(n=n) for n in range(9)}, "test_a.py": "import a\na.wanted()\n",
    })  # fmt: skip
    row = "- `a.py`: `wanted`, called in 9 other files: `b0.py`, `b1.py`, `b2.py` and 6 more\n"
    assert f"## Most called\n\n{row}" in repo.repoops("codemap", "--dry-run").stdout
    assert row in repo.repoops("codemap", ".").stdout
    assert "Most called" not in repo.repoops("codemap", "--dry-run", "--tokens", "250").stdout
    facts = json.loads(repo.repoops("codemap", "--format", "json").stdout)["facts"]
    assert [(row["from"]["path"], row["to"]["name"], row["line"]) for row in facts["calls"]] == [
        *((f"b{n}.py", "wanted", 5) for n in range(9)), ("test_a.py", "wanted", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "{", "f(", "a<b", "void f() {", "\x00", "::f<<<", "int g(a{}) : b(c){d} {"]
)
def test_odd_sources_are_read(text: str) -> None:
    for path in ("a.cu", "a.go", "a.rs", "a.ts"):
        assert len(brace_calls(path, text)) == 3
    assert len(python_calls(parsed(text))) == 4

"""How many tests a file has: `15 tests in tests/test_x.py`, `test_x.py` (33 tests)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then, at_commit, soon, versions
from repoops.claims.quantity import NUMBER, Quantity
from repoops.claims.said import PATH, Said, is_path
from repoops.words import many

_TESTS = rf"{NUMBER} (?:unit |integration |new |passing |comprehensive )?(?:tests?|test cases|test functions)\b(?!/|-| (?:pass|fail|skip|execut|record))"
_IN = re.compile(rf"{_TESTS} (?:in|from) `?(?:\./)?{PATH}`?(?=[\s,.;:)]|$)")
_OF = re.compile(
    rf"(?<![\w/.`])`?(?:\./)?{PATH}`?\W{{0,3}}?\s*(?:[:–—-] ?|\()(?:[\d,+~]* ?[^()\d`]{{1,20}}[,;:] ?)?{_TESTS}"
)
_PARTIAL = re.compile(r"\b(added|new|more|additional|of|failing|updated|first)\b", re.IGNORECASE)


def find(said: Said) -> Iterator[Claim]:
    """A count of tests beside the one test file that it is of."""
    if said.hedged or said.passage.cells:
        return
    for pattern in (_IN, _OF):
        for match in pattern.finditer(said.text):
            path = match["path"]
            if (
                is_path(path)
                and path.endswith((".py", ".rs", ".go"))
                and not _PARTIAL.search(said.text[: match.start()])
            ):
                yield Claim(
                    f"{path}: {match['n']}{match['least'] or ''} tests", (path,), (Quantity.of(match),)
                )
                return


def hold(claim: Claim, then: Then) -> Held | None:
    """Against the test functions of the file at the statement's commit, else of any version of it."""
    name, (count,) = claim.names[0], claim.counts
    paths = then.tree.find(name, then.page)
    if len(paths) > 1:
        return None
    here = _count(then.past.content(then.tree, paths[0]), name) if paths else None
    if here and count.against(here[0]) == "true":
        return Held("true", f"it has {many(here[0], 'test function')}", f"{then.show(paths[0])} | grep -c '{_PATTERN}'", str(here[0]))  # fmt: skip
    fitting = []
    for path, commit, oid in versions(then, name):
        there = _count(then.past.blob(oid), name)
        if there and count.against(there[0]) == "true" and (count.exact or soon(then, commit)):
            fitting.append((path, commit, oid))
    if nearest := at_commit(then, ((commit, oid) for _, commit, oid in fitting)):
        commit = nearest[0]
        return Held("true", f"so many at commit {commit[:12]}", f"git show {commit[:12]}:{fitting[0][0]} | grep -c '{_PATTERN}'", str(count.value), then.past.where(commit))  # fmt: skip
    if here is None:
        return None
    n, open_ended = here
    command = f"{then.show(paths[0])} | grep -c '{_PATTERN}'"
    if open_ended:
        return Held(
            "unverifiable",
            f"it has {many(n, 'test function')}, some of them parametrized or inherited",
            command,
            str(n),
        )
    word = count.against(n)
    return Held(
        word,
        f"it has {many(n, 'test function')}" + (", within 10 %" if word == "approximate" else ""),
        command,
        str(n),
    )


_PATTERN = r"def test\|#\[test\]\|^func Test"
_RUST = re.compile(rb"^\s*#\[(?:\w+::)?test\]", re.MULTILINE)
_GO = re.compile(rb"^func Test\w*\(", re.MULTILINE)


def _count(data: bytes | None, name: str) -> tuple[int, bool] | None:
    """Test functions, and whether a runner may make more tests of them."""
    if data is None:
        return None
    if name.endswith(".rs"):
        return len(_RUST.findall(data)), b"macro_rules" in data or b"#[case" in data
    if name.endswith(".go"):
        return len(_GO.findall(data)), b"t.Run(" in data
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return None
    functions = sum(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test")
        for node in ast.walk(tree)
    )
    more = any(
        word in data
        for word in (
            b"parametrize",
            b"parameterized",
            b"subTest",
            b"@given",
            b"pytest_generate",
            b"load_tests",
        )
    )
    return functions, more

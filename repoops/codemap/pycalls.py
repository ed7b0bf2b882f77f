"""What each function of a Python file calls, as far as its names say it; no type is guessed.

A name means what its scope binds it to: a definition of the file, an import, `self` in a method. A name
that is bound twice to different things, or to a value, means nothing here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Ref = tuple[str, ...]
"""A module as it is written, empty for the file itself, then names in it."""
_SELF = "self"
_SUPER = "super"
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_SHARES = (ast.Global, ast.Nonlocal)
_BINDS = {
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
    ast.arg: "arg",
}
"""What binds a name beside definitions, imports and assignments, and where it stands."""


@dataclass(slots=True)
class _Scope:
    """What names mean; `owner` is the function that calls here are told of, `klass` the class around a method."""

    owner: str
    above: _Scope | None = None
    klass: str = ""
    names: dict[str, Ref | None] = field(default_factory=dict)
    first: str = ""

    def bind(self, name: str, ref: Ref | None) -> None:
        self.names[name] = ref if self.names.get(name, ref) == ref else None

    def meaning(self, name: str) -> Ref | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.above
        return None


@dataclass(slots=True)
class _File:
    defs: list[list[Any]] = field(default_factory=list)
    calls: list[tuple[_Scope, ast.expr, int]] = field(default_factory=list)
    bases: dict[str, tuple[_Scope, list[ast.expr]]] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


def python_calls(tree: ast.Module | str) -> list[Any]:
    """`[defs, calls, exports, bases]` as plain data; all empty for what did not parse, see `symbols.parsed`.

    Returns:
        defs: `[qualified name, line]` of functions, classes and methods; what lies inside a function is its own affair.
        calls: `[caller, line, kind, module, *names]`: kind `name`, `self` (the first name is the class) or `super`;
            caller is empty for the file's own level. Of one caller and target the first line.
        exports: what each name of the module means: `[module, *names]`.
        bases: for each class what its bases mean.
    """
    if isinstance(tree, str):
        return [[], [], {}, {}]
    found, module = _File(), _Scope("")
    _read(tree.body, module, found, "")
    for name in found.shared:
        module.names[name] = None
    rows: dict[tuple[str, ...], int] = {}
    for scope, func, line in found.calls:
        ref = _called(scope, func, found.stored)
        if ref:
            rows.setdefault((scope.owner, *ref), line)
    return [
        found.defs,
        [[row[0], line, *row[1:]] for row, line in rows.items()],
        {name: list(ref) for name, ref in module.names.items() if ref},
        {name: [list(_meant(scope, base) or ("",)) for base in bases] for name, (scope, bases) in found.bases.items()},
    ]  # fmt: skip


def _read(body: Sequence[ast.AST], scope: _Scope, found: _File, prefix: str | None) -> None:
    """Binds what a body binds and notes what it calls; `prefix` begins the names of its definitions, None inside a function."""
    waiting: list[Any] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is list:
            waiting.extend(reversed(node))
        elif kind is ast.Name:
            if type(node.ctx) is not ast.Load:
                scope.bind(node.id, None)
        elif kind is ast.Call:
            found.calls.append((scope, node.func, node.lineno))
            waiting += (node.keywords, node.args, node.func)
        elif kind in _DEFINES:
            waiting += _definition(node, scope, found, prefix)
        elif kind in _IMPORTS:
            _bind_imports(node, scope)
        elif kind is ast.Attribute and type(node.ctx) is not ast.Load:
            found.stored.add(node.attr)
            waiting.append(node.value)
        elif kind in _SHARES:
            found.shared.update(node.names)  # what a function assigns of the module's is uncertain everywhere
        elif isinstance(node, ast.AST) and kind is not ast.Constant:
            name = getattr(node, _BINDS[kind]) if kind in _BINDS else None
            if name:
                scope.bind(name, None)
            waiting.extend(value for value in node.__dict__.values() if isinstance(value, (list, ast.AST)))


def _definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    scope: _Scope,
    found: _File,
    prefix: str | None,
) -> Iterator[Any]:
    """Reads a function or class in a scope of its own; gives what of it the scope around evaluates."""
    name = None if prefix is None else prefix + node.name
    scope.bind(node.name, None if name is None else ("", *name.split(".")))
    owner = scope.owner if name is None else name
    if name is not None:
        found.defs.append([name, node.lineno])
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call):
            found.calls.append((scope, decorator, decorator.lineno))
        yield decorator
    outer = scope.above if scope.klass and scope.first == "class" else scope
    if isinstance(node, ast.ClassDef):
        inner = _Scope(owner, scope, klass=name or "?", first="class")
        if name is not None:
            found.bases[name] = (scope, node.bases)
        yield from (node.bases, node.keywords)
        _read(node.body, inner, found, None if name is None else name + ".")
        return
    inner = _Scope(owner, outer)
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args]
    for each in (*named, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if each is not None:
            inner.bind(each.arg, None)
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
    if scope.first == "class" and named and not static and name is not None:
        inner.klass, inner.first = scope.klass, named[0].arg
    yield from (arguments.defaults, [d for d in arguments.kw_defaults if d])
    _read(node.body, inner, found, None)


def _bind_imports(node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            scope.bind(alias.asname or alias.name, (module, alias.name))
        elif alias.asname:
            scope.bind(alias.asname, (alias.name,))
        else:
            first = alias.name.partition(".")[0]
            scope.bind(first, (first,))


def _called(scope: _Scope, func: ast.expr, stored: set[str]) -> Ref | None:
    """What a call's function is: `(kind, module, *names)`."""
    if isinstance(func, ast.Attribute):
        method = _method_scope(scope)
        inside = func.value
        if method is not None and func.attr not in stored:
            if isinstance(inside, ast.Name) and inside.id == method.first and _untouched(scope, method):
                return (_SELF, "", *method.klass.split("."), func.attr)
            if (
                isinstance(inside, ast.Call)
                and isinstance(inside.func, ast.Name)
                and inside.func.id == _SUPER
            ):
                return None if inside.args else (_SUPER, "", *method.klass.split("."), func.attr)
    ref = _meant(scope, func)
    return ("name", *ref) if ref else None


def _method_scope(scope: _Scope) -> _Scope | None:
    """The method that a scope lies in, itself included."""
    at: _Scope | None = scope
    while at is not None and not (at.klass and at.first != "class"):
        at = at.above
    return at


def _untouched(scope: _Scope, method: _Scope) -> bool:
    """Whether no function between binds the name of the method's first argument anew."""
    at: _Scope | None = scope
    while at is not None and at is not method:
        if method.first in at.names:
            return False
        at = at.above
    return True


def _meant(scope: _Scope, expression: ast.expr) -> Ref | None:
    """What `name` or `name.more` means."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    ref = scope.meaning(expression.id) if isinstance(expression, ast.Name) else None
    return (*ref, *reversed(parts)) if ref else None

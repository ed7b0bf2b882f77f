"""Functions: how one begins, ends and is called; printf, assert, trap.

Parameters of device functions lie lane by lane in memory of the caller, and the callee gets pointers.

Source: PTX ISA 9.0, "Abstracting the ABI", "Control Flow Instructions: call"; CUDA C++ Programming
Guide, "Formatted Output".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import ir, special
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import FIBER, OFFSETS
from repoops.engine.fields import field
from repoops.engine.layout import function_address
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.raw import raw_load, raw_store
from repoops.engine.records import NUMBER
from repoops.ptx.syntax import Function, Group, Instruction, Reg, Sym, Variable

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


_PROBED = '"probe-stack"="inline-asm"'
"""A frame of many pages touches each of them, so that it cannot step over the one that ends a warp's stack."""


def offsets(params: tuple[Variable, ...]) -> dict[str, int]:
    """Where each parameter of a kernel lies in the buffer of all."""
    found, at = {}, 0
    for p in params:
        at = -(-at // p.align) * p.align
        found[p.name] = at
        at += p.size
    return found


def symbol(name: str) -> str:
    """A device function's name in the IR."""
    return '@"f.' + name + '"'


def prologue(f: WarpFunction) -> str:
    """The function's signature; its variables, lanes and counters are set up."""
    body, f.b = f.b, f.head
    b = f.b
    if f.function.entry:
        f.params = offsets(f.function.params)
        f.param_sizes = {p.name: p.size for p in f.function.params}
        signature = f"define internal void @warp(ptr %ctx, i64 %index) {_PROBED}"
        if f.unit.full:
            begun: Value = integer(-1)
        else:
            begun = b.ballot(b.compare("ult", special.linear(f), integer(f.unit.threads)))
    else:
        given = [*f.function.results, *f.function.params]
        arguments = "".join(f", ptr %a{n}" for n in range(len(given)))
        signature = f"define internal void {symbol(f.function.name)}(ptr %ctx, i32 %given{arguments}) noinline {_PROBED}"
        begun = Value("%given", "i32")
        for n, p in enumerate(given):
            f.local[p.name] = _lanes(f, b.emit(f"ptrtoint ptr %a{n} to i64", "i64"), p.size)
    f.begun = begun
    f.put(f._live, begun)  # noqa: SLF001 - the frame's own lanes
    ticks = b.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS['ticks']}", "ptr")
    f.put(f._ticks, b.emit(f"load i64, {ticks}", "i64"))  # noqa: SLF001 - the frame's own
    _variables(f)
    f.b = body
    return signature


def _lanes(f: WarpFunction, base: Value, size: int) -> Value:
    return f.b.op("add", f.b.spread(base), f.b.lane_constants([n * size for n in range(WARP)], "i64"))


def _variables(f: WarpFunction) -> None:
    """Local memory from the warp's share, parameters of calls on the stack."""
    b = f.b
    local = [v for v in f.function.variables.values() if v.space == "local"]
    for v in f.function.variables.values():
        if v.space == "param" and v.name not in f.local:
            at = Value(b.fresh(), "ptr")
            f.slots.append(f"  {at.text} = alloca [{WARP * max(v.size, 1)} x i8], align 64")
            f.local[v.name] = _lanes(f, b.cast("ptrtoint", at, "i64"), max(v.size, 1))
    total = 0
    places = []
    for v in local:
        total = -(-total // max(v.align, 16)) * max(v.align, 16)
        places.append(total)
        total += v.size
    f.frame_bytes = -(-total // 16) * 16
    if not local:
        return
    fiber = b.emit("call ptr @fiber(ptr %ctx)", "ptr")
    at = b.emit(f"getelementptr i8, {fiber}, i64 {FIBER['local_top']}", "ptr")
    used = b.emit(f"load i64, {at}", "i64")
    f.frame_at = at
    f.frame_used = used
    after = b.op("add", used, integer(WARP * f.frame_bytes, "i64"))
    b.line(f"store {after}, {at}")
    room = field(f, "local_size", "i64")
    f.now = f.blocks[0].instructions[0]
    over = b.compare("ugt", after, room)
    die, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {over}, label %{die}, label %{on}, !prof !1")
    b.label(die)
    b.line(f"call void @die(ptr %ctx, i32 {f.site('local memory')}, i32 {NUMBER['stack-overflow']}, i32 -1)")
    b.line("unreachable")
    b.label(on)
    share = b.op("mul", b.resize(special.current(f), "i64", signed=False), room)
    base = b.op("add", b.op("add", field(f, "locals", "i64"), share), used)
    f.frame_base = _lanes(f, base, f.frame_bytes)
    if "initcheck" in f.unit.checks:
        marks = b.cast("inttoptr", b.op("add", base, field(f, "local_shadow", "i64")), "ptr")
        b.line(f"call void @llvm.memset.p0.i64({marks}, i8 0, i64 {WARP * f.frame_bytes}, i1 false)")
    for v, place in zip(local, places, strict=True):
        f.local[v.name] = b.op("add", _lanes(f, base, f.frame_bytes), integer(place, "i64"))


def epilogue(f: WarpFunction) -> None:
    """No lane is left in the function."""
    b = f.b
    if f.function.entry:
        if f.unit.products and "synccheck" in f.unit.checks:
            b.line("call void @warpgroup_leave(ptr %ctx)")
        b.line("call void @finish(ptr %ctx)")
        b.line("unreachable")
        return
    if f.frame_bytes:
        b.line(f"store {f.frame_used}, {f.frame_at}")
    # A call is a turn, as those of its loops are: recursion that branches would else never end.
    left = f.get(f._ticks, "i64", lanes=False)  # noqa: SLF001 - the frame's own
    b.line(f"call void @returned(ptr %ctx, {left}, i32 {f.site('return')})")
    b.line("ret void")


def trap(f: WarpFunction, lanes: Value) -> None:
    """`trap`: the launch ends, with the place."""
    b = f.b
    some = b.compare("ne", lanes, integer(0))
    die, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {some}, label %{die}, label %{on}")
    b.label(die)
    b.line(f"call void @die(ptr %ctx, i32 {f.site('trap')}, i32 {NUMBER['trap']}, {lanes})")
    b.line("unreachable")
    b.label(on)


def call(f: WarpFunction, i: Instruction) -> Results:
    """`call (results), function, (arguments)`."""
    operands = list(i.operands)
    results = operands.pop(0) if isinstance(operands[0], Group) else Group(())
    target = operands.pop(0)
    arguments = operands.pop(0) if operands and isinstance(operands[0], Group) else Group(())
    if not isinstance(results, Group) or not isinstance(arguments, Group):
        raise f.refuse("its operands are not understood")
    if isinstance(target, Reg):
        _through_pointer(f, f.fit(f.register(target.name), "i64"), results, arguments)
        return None
    if not isinstance(target, Sym):
        raise f.refuse("its target is not understood")
    if target.name in _BUILTIN:
        _BUILTIN[target.name](f, arguments, results)
        return None
    callee = f.unit.module.functions.get(target.name)
    if callee is None or callee.body is None:
        raise f.refuse(f"{target.name} is not defined in this PTX")
    _depth(f)
    given = [_pointer(f, e) for e in (*results.elements, *arguments.elements)]
    wrong = _unfit(f, callee, (*results.elements, *arguments.elements))
    if wrong:
        raise f.refuse(wrong)
    f.b.line(f"call void {symbol(target.name)}(ptr %ctx, {f.word()}{''.join(f', {g}' for g in given)})")
    return None


def _unfit(f: WarpFunction, callee: Function, given: tuple[object, ...]) -> str:
    """Why a function cannot be called with these results and arguments; empty if it can."""
    wanted = (*callee.results, *callee.params)
    if len(given) != len(wanted):
        return f"{callee.name} takes {len(wanted)} parameters and results, {len(given)} are given"
    for p, e in zip(wanted, given, strict=True):
        v = f.function.variables.get(e.name) if isinstance(e, Sym) else None
        if v is None or v.size < p.size:
            return f"{p.name} has {p.size} bytes, its argument does not"
    return ""


def _through_pointer(f: WarpFunction, target: Value, results: Group, arguments: Group) -> None:
    """`call (results), %pointer, (arguments), prototype`: lanes with the same function go together, one function after the other."""
    b = f.b
    _depth(f)
    every = (*results.elements, *arguments.elements)
    given = "".join(f", {_pointer(f, e)}" for e in every)
    functions = [f.unit.module.functions[name] for name in f.unit.layout.functions]
    fitting = [callee for callee in functions if not _unfit(f, callee, every)]
    targets, left = b.spread(target), f.slot("i32", lanes=False)
    f.put(left, f.word())
    again, bad, on, end = (b.fresh_label() for _ in range(4))
    b.line(f"br label %{again}")
    b.label(again)
    todo = f.get(left, "i32", lanes=False)
    first = b.emit(f"call i32 @llvm.cttz.i32({todo}, i1 true)", "i32")
    one = b.emit(f"extractelement {targets}, {first}", "i64")
    lanes = b.op("and", b.ballot(b.compare("eq", targets, one)), todo)
    f.put(left, b.op("and", todo, b.inv(lanes)))
    labels = [b.fresh_label() for _ in fitting]
    cases = " ".join(
        f"i64 {function_address(f.unit.module, c.name)}, label %{label}"
        for c, label in zip(fitting, labels, strict=True)
    )
    b.line(f"switch {one}, label %{bad} [{cases}]")
    for callee, label in zip(fitting, labels, strict=True):
        b.label(label)
        b.line(f"call void {symbol(callee.name)}(ptr %ctx, {lanes}{given})")
        b.line(f"br label %{on}")
    b.label(bad)
    b.line(f"call void @die(ptr %ctx, i32 {f.site('call')}, i32 {NUMBER['no-function']}, {lanes})")
    b.line("unreachable")
    b.label(on)
    some = b.compare("ne", f.get(left, "i32", lanes=False), integer(0))
    b.line(f"br {some}, label %{again}, label %{end}")
    b.label(end)


def _pointer(f: WarpFunction, element: object) -> Value:
    if not isinstance(element, Sym) or element.name not in f.local:
        raise f.refuse("an argument is no parameter variable")
    return f.b.cast("inttoptr", f.b.extract(f.local[element.name], 0), "ptr")


def _depth(f: WarpFunction) -> None:
    """A recursion that comes near the end of the warp's stack ends here."""
    b = f.b
    b.declarations["llvm.stacksave.p0"] = "declare ptr @llvm.stacksave.p0()"
    now = b.cast("ptrtoint", b.emit("call ptr @llvm.stacksave.p0()", "ptr"), "i64")
    size = field(f, "stack_size", "i64")
    bottom = b.op(
        "add", field(f, "stacks", "i64"),
        b.op("mul", b.resize(special.current(f), "i64", signed=False), size),
    )  # fmt: skip
    near = b.compare("ult", b.op("sub", now, bottom), b.op("udiv", size, integer(2, "i64")))
    die, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {near}, label %{die}, label %{on}, !prof !1")
    b.label(die)
    b.line(f"call void @die(ptr %ctx, i32 {f.site('call')}, i32 {NUMBER['stack-overflow']}, {f.word()})")
    b.line("unreachable")
    b.label(on)


def _argument(f: WarpFunction, group: Group, k: int, kind: str) -> Value:
    element = group.elements[k]
    if not isinstance(element, Sym) or element.name not in f.local:
        raise f.refuse("an argument is no parameter variable")
    return raw_load(f, f.local[element.name], kind, 1, invariant=False)[0]


def _vprintf(f: WarpFunction, arguments: Group, results: Group) -> None:
    b = f.b
    text, where = _argument(f, arguments, 0, "i64"), _argument(f, arguments, 1, "i64")
    f.unit.helpers["print"] = ir.text("print.ll")
    b.line(f"call void @print(ptr %ctx, {f.word()}, {b.spread(text)}, {b.spread(where)})")
    for element in results.elements:
        if isinstance(element, Sym):
            raw_store(f, f.local[element.name], [b.spread(integer(0))])


def _assertfail(f: WarpFunction, arguments: Group, results: Group) -> None:  # noqa: ARG001 - the signature of all
    b = f.b
    text = b.spread(_argument(f, arguments, 0, "i64"))
    b.line(
        f"call void @report(ptr %ctx, i32 {f.site('assert')}, i32 {NUMBER['assert']}, {f.word()}, {text}, i64 0)"
    )
    b.line(f"call void @die(ptr %ctx, i32 {f.site('assert')}, i32 {NUMBER['assert']}, i32 0)")


_BUILTIN = {"vprintf": _vprintf, "__assertfail": _assertfail}

CALL: dict[str, WarpLowering] = {"call": call}

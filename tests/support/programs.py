"""Random PTX programs: straight lines of the instructions that have a reference, and structured control flow around them.

A program is a tree of tuples that hypothesis can shrink; `text` makes PTX of it. Every loop counts down, so
that all programs end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from hypothesis import strategies as st

Statement = tuple[Any, ...]

REGISTERS = {
    "p": ("pred", 4),
    "h": ("b16", 3),
    "r": ("b32", 6),
    "l": ("b64", 4),
    "f": ("f32", 4),
    "d": ("f64", 3),
}
"""Letter: type and number of registers."""
SAME = {"p": 2, "h": 2, "r": 4, "l": 2, "f": 3, "d": 2}
"""From this number on a kind's registers begin the same in all threads and are made of such registers alone."""
_BEGIN = ("ld.param.u32 %r4, [u0]", "mov.u32 %r5, 3", "ld.param.u64 %l2, [u1]", "mov.u64 %l3, 77", "mov.u16 %h2, 7",
          "ld.param.f32 %f3, [u2]", "cvt.f64.f32 %d2, %f3", "setp.gt.u32 %p2, %r4, 3", "setp.gt.u32 %p3, %r4, 7")  # fmt: skip

# `r!` is a result, `r?` an operand (a register), `r#` a register or a literal.
_INTEGERS = """
add.u32 r!, r?, r#; sub.s32 r!, r?, r#; mul.lo.s32 r!, r?, r#; mul.hi.u32 r!, r?, r?; mul.hi.s32 r!, r?, r?
mad.lo.s32 r!, r?, r#, r?; mad.hi.u32 r!, r?, r?, r?; sad.s32 r!, r?, r?, r?; div.s32 r!, r?, r?; rem.u32 r!, r?, r#
min.s32 r!, r?, r#; max.u32 r!, r?, r?; abs.s32 r!, r?; neg.s32 r!, r?; add.sat.s32 r!, r?, r?; mul24.lo.u32 r!, r?, r?
and.b32 r!, r?, r#; or.b32 r!, r?, r?; xor.b32 r!, r?, r#; not.b32 r!, r?; cnot.b32 r!, r?; shl.b32 r!, r?, r#
shr.u32 r!, r?, r#; shr.s32 r!, r?, r?; shf.l.wrap.b32 r!, r?, r?, r?; shf.r.clamp.b32 r!, r?, r?, r?; popc.b32 r!, r?
clz.b32 r!, r?; brev.b32 r!, r?; bfind.s32 r!, r?; bfe.s32 r!, r?, r?, 7; bfi.b32 r!, r?, r?, 3, 9; prmt.b32 r!, r?, r?, r?
lop3.b32 r!, r?, r?, r?, 0x6a; dp4a.s32.u32 r!, r?, r?, r?; bmsk.clamp.b32 r!, r?, r?; szext.wrap.s32 r!, r?, r?
add.u64 l!, l?, l?; sub.u64 l!, l?, l#; mul.lo.u64 l!, l?, l?; mul.hi.s64 l!, l?, l?; mad.lo.s64 l!, l?, l?, l?
div.u64 l!, l?, l?; rem.s64 l!, l?, l?; min.u64 l!, l?, l?; shl.b64 l!, l?, r#; shr.s64 l!, l?, r#; xor.b64 l!, l?, l?
popc.b64 r!, l?; clz.b64 r!, l?; bfe.u64 l!, l?, r?, r?; mul.wide.u32 l!, r?, r?; mad.wide.s32 l!, r?, r?, l?
add.s16 h!, h?, h#; mul.lo.u16 h!, h?, h?; mul.wide.s16 r!, h?, h?; shr.s16 h!, h?, r?; max.s16 h!, h?, h?; rem.s16 h!, h?, h?
cvt.u32.u16 r!, h?; cvt.s32.s16 r!, h?; cvt.u16.u32 h!, r?; cvt.s64.s32 l!, r?; cvt.u32.u64 r!, l?; cvt.sat.s16.s32 h!, r?
cvt.s8.s32 r!, r?; cvt.u64.u32 l!, r?; mov.u32 r!, r#; mov.u64 l!, l?; mov.u16 h!, h#; slct.s32.s32 r!, r?, r?, r?
mov.u32 r!, %tid.x; mov.u32 r!, %laneid; mov.u32 r!, %ctaid.x; mov.u32 r!, %ntid.x; selp.b32 r!, r?, r#, p?; selp.b64 l!, l?, l?, p?
add.cc.u32 r!, r?, r?\\n addc.u32 r!, r?, r?; sub.cc.u64 l!, l?, l?\\n subc.u64 l!, l?, 0; mad.lo.cc.u32 r!, r?, r?, r?\\n madc.hi.u32 r!, r?, r?, 0
set.lt.u32.s32 r!, r?, r?; ld.param.u32 r!, [u0]; ld.param.u64 l!, [u1]
"""
_FLOATS = """
add.f32 f!, f?, f#; sub.rz.f32 f!, f?, f?; mul.f32 f!, f?, f?; fma.rn.f32 f!, f?, f?, f?; min.f32 f!, f?, f?; max.ftz.f32 f!, f?, f?
div.rn.f32 f!, f?, f?; neg.f32 f!, f?; abs.f32 f!, f?; sqrt.rn.f32 f!, f?; add.sat.f32 f!, f?, f?; mul.ftz.f32 f!, f?, f?
add.f64 d!, d?, d?; mul.rm.f64 d!, d?, d?; fma.rn.f64 d!, d?, d?, d?; cvt.f64.f32 d!, f?; cvt.rn.f32.f64 f!, d?
cvt.rn.f32.s32 f!, r?; cvt.rn.f64.u64 d!, l?; cvt.rzi.s32.f32 r!, f?; cvt.rni.u64.f64 l!, d?; cvt.rni.f32.f32 f!, f?
mov.f32 f!, f#; selp.f32 f!, f?, f?, p?; slct.f32.f32 f!, f?, f?, f?; testp.finite.f32 p!, f?; ld.param.f32 f!, [u2]
"""
_PREDICATES = """
setp.lt.s32 p!, r?, r#; setp.ge.u32 p!, r?, r?; setp.eq.u32 p!, r?, r#; setp.ne.s64 p!, l?, l?; setp.gt.u16 p!, h?, h?
setp.lt.and.s32 p!|p!, r?, r?, p?; setp.eq.or.u32 p!, r?, r#, !p?; setp.gtu.f32 p!, f?, f?; setp.le.f64 p!|p!, d?, d?
and.pred p!, p?, p?; xor.pred p!, p?, p?; not.pred p!, p?; mov.pred p!, p?; setp.lt.u32 p!, r?, 16; setp.ne.xor.u32 p!, r?, 0, p?
"""
_LITERALS = {"h": (0, 1, -1, 255, 0x7FFF), "r": (0, 1, 2, 3, 5, 31, 32, -1, 0x7FFFFFFF, 0x80000000, 12345),
             "l": (0, 1, -1, 1 << 40), "f": ("0f3F800000", "0fBF000000", "0f00000001", "0f7F800000", "0f80000000")}  # fmt: skip
_SLOT = re.compile(r"\b([phrlfd])([!?#])")


def _forms(text: str) -> tuple[str, ...]:
    return tuple(
        f.strip().replace("\\n", ";\n")
        for line in text.strip().splitlines()
        for f in line.split(";")
        if f.strip()
    )


FORMS = _forms(_INTEGERS) + _forms(_FLOATS) + _forms(_PREDICATES)


def _register(letter: str, low: int = 0, high: int = 0) -> st.SearchStrategy[str]:
    return st.integers(low, (high or REGISTERS[letter][1]) - 1).map(lambda n: f"%{letter}{n}")


@st.composite
def _operation(draw: st.DrawFn) -> Statement:
    form = draw(st.sampled_from(FORMS))
    same = "%tid" not in form and "%laneid" not in form and draw(st.integers(0, 2)) == 0

    def fill(hit: re.Match[str]) -> str:
        letter, role = hit[1], hit[2]
        if role == "#" and draw(st.booleans()):
            return str(draw(st.sampled_from(_LITERALS[letter])))
        if same:
            return draw(_register(letter, SAME[letter]))
        return draw(_register(letter, 0, SAME[letter] if role == "!" else 0))

    guard = "" if "\n" in form else draw(st.sampled_from(("", "", "", "@", "@!")))
    register = draw(_register("p", SAME["p"] if same else 0)) + " " if guard else ""
    return ("op", f"{guard}{register}{_SLOT.sub(fill, form)}")


_STEPS = ("shr.u32 {} 5", "shr.s32 {} 6", "and.b32 {} -32", "and.b32 {} 63", "add.u32 {} 31", "add.s32 {} 64", "shl.b32 {} 1",
          "or.b32 {} 32", "xor.b32 {} 96", "mul.lo.u32 {} 4", "sub.u32 {} 1")  # fmt: skip
_CHAIN = st.tuples(
    st.just("index"),
    st.lists(st.sampled_from(_STEPS), min_size=1, max_size=5).map(tuple),
    _register("r", 0, SAME["r"]),
)
"""What compilers make of `threadIdx.x`, in registers that are assigned once: of these some bits are known to be the same."""
_CONDITION = st.tuples(_register("p"), st.booleans())
_TRIPS = st.one_of(
    st.integers(0, 4).map(str),
    _register("r").map(lambda r: f"{r}, 3"),
    st.just("%tid.x, 3"),
    st.just("%ctaid.x, 7"),
)


def _block(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[tuple[Statement, ...]]:
    return st.lists(inner, max_size=4).map(tuple)


_LEAF = st.one_of(
    _operation(), _operation(), _operation(), _operation(), _CHAIN,
    st.tuples(st.sampled_from(("break", "continue")), _CONDITION),
    st.tuples(st.sampled_from(("ret", "done")), _CONDITION),
)  # fmt: skip


def _nested(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
    return st.one_of(
        st.tuples(st.just("if"), _CONDITION, _block(inner), _block(inner)),
        st.tuples(st.sampled_from(("while", "until")), _TRIPS, _block(inner)),
        st.tuples(
            st.just("switch"),
            _register("r"),
            st.lists(st.tuples(_block(inner), st.booleans()), min_size=2, max_size=4),
        ),
    )


STATEMENTS = st.lists(st.recursive(_LEAF, _nested, max_leaves=20), min_size=1, max_size=14)


def text(statements: list[Statement]) -> str:
    """The kernel `k(in, out, u0, u1, u2)`: registers begin with what lies in `in` for the thread, and end in `out`."""
    numbers = count()
    made: dict[str, str] = {}
    body = list(_lines(statements, numbers, made, None))
    declared = [f".reg .{kind} %{letter}<{n}>;" for letter, (kind, n) in REGISTERS.items()]
    declared += [f".reg .{kind} {name};" for name, kind in made.items()]
    return "\n".join((
        ".version 8.7", ".target sm_90a", ".address_size 64",
        ".visible .entry k(.param .u64 in, .param .u64 out, .param .u32 u0, .param .u64 u1, .param .f32 u2)", "{",
        *declared, ".reg .b64 %at, %to; .reg .b32 %me, %wide; .reg .b16 %bit;",
        "mov.u32 %me, %ctaid.x; mov.u32 %wide, %ntid.x; mad.lo.u32 %me, %me, %wide, %tid.x;",
        f"ld.param.u64 %at, [in]; mad.wide.u32 %at, %me, {SLOTS * 8}, %at;",
        f"ld.param.u64 %to, [out]; mad.wide.u32 %to, %me, {SLOTS * 8}, %to;",
        *_transfer(loading=True), "$begin:", *(line + ";" for line in _BEGIN), *body, "$done:", *_transfer(loading=False), "ret;", "}", "",
    ))  # fmt: skip


NAMES = tuple(f"%{letter}{n}" for letter, (_, many) in REGISTERS.items() for n in range(many))
SLOTS = len(NAMES)


def _transfer(*, loading: bool) -> Iterator[str]:
    for slot, name in enumerate(NAMES):
        if loading and int(name[2:]) >= SAME[name[1]]:
            continue
        kind = REGISTERS[name[1]][0]
        at = f"[{'%at' if loading else '%to'}+{8 * slot}]"
        if kind == "pred":
            yield (
                f"ld.global.u16 %bit, {at}; setp.ne.u16 {name}, %bit, 0;"
                if loading
                else f"selp.u16 %bit, 1, 0, {name}; st.global.u16 {at}, %bit;"
            )
        else:
            yield f"ld.global.{kind} {name}, {at};" if loading else f"st.global.{kind} {at}, {name};"


def _guard(condition: tuple[str, bool]) -> str:
    return f"@{'!' if condition[1] else ''}{condition[0]}"


def _lines(statements: Any, numbers: Iterator[int], made: dict[str, str], loop: int | None) -> Iterator[str]:
    for statement in statements:
        kind = statement[0]
        if kind == "op":
            yield statement[1] + ";"
        elif kind == "index":
            yield from _chain(statement, next(numbers), made)
        elif kind in ("ret", "done"):
            yield f"{_guard(statement[1])} {'ret' if kind == 'ret' else 'bra $done'};"
        elif kind in ("break", "continue"):
            if loop is not None:
                yield f"{_guard(statement[1])} bra ${'out' if kind == 'break' else 'next'}{loop};"
        else:
            yield from _NESTED[kind](statement, next(numbers), numbers, made, loop)


def _chain(statement: Statement, n: int, made: dict[str, str]) -> Iterator[str]:
    _, steps, target = statement
    made[f"%t{n}_0"] = "b32"
    yield f"mov.u32 %t{n}_0, %tid.x;"
    for k, step in enumerate(steps, 1):
        made[f"%t{n}_{k}"] = "b32"
        yield step.format(f"%t{n}_{k}, %t{n}_{k - 1},") + ";"
    yield f"mov.u32 {target}, %t{n}_{len(steps)};"
    # A branch that is uniform only where the analysis is right.
    made[f"%u{n}"] = "pred"
    yield f"setp.eq.u32 %u{n}, %t{n}_{len(steps)}, 0; @%u{n} bra $same{n}; xor.b32 {target}, {target}, 1; $same{n}:"


def _if(
    statement: Statement, n: int, numbers: Iterator[int], made: dict[str, str], loop: int | None
) -> Iterator[str]:
    _, (register, negated), then, other = statement
    yield f"{_guard((register, not negated))} bra $else{n};"
    yield from _lines(then, numbers, made, loop)
    if other:
        yield f"bra $end{n};"
    yield f"$else{n}:"
    yield from _lines(other, numbers, made, loop)
    yield f"$end{n}:"


def _loop(
    statement: Statement,
    n: int,
    numbers: Iterator[int],
    made: dict[str, str],
    loop: int | None,  # noqa: ARG001 - the signature of all
) -> Iterator[str]:
    kind, trips, body = statement
    made[f"%c{n}"], made[f"%q{n}"] = "b32", "pred"
    if "," in trips:
        source, mask = trips.split(", ")
        yield f"mov.u32 %c{n}, {source}; and.b32 %c{n}, %c{n}, {mask};"
    else:
        yield f"mov.u32 %c{n}, {trips};"
    yield f"$loop{n}:"
    if kind == "while":
        yield f"setp.eq.u32 %q{n}, %c{n}, 0; @%q{n} bra $out{n};"
    yield from _lines(body, numbers, made, n)
    yield f"$next{n}:"
    if kind == "while":
        yield f"sub.u32 %c{n}, %c{n}, 1; bra $loop{n};"
    else:
        yield f"setp.eq.u32 %q{n}, %c{n}, 0; sub.u32 %c{n}, %c{n}, 1; @!%q{n} bra $loop{n};"
    yield f"$out{n}:"


def _switch(
    statement: Statement, n: int, numbers: Iterator[int], made: dict[str, str], loop: int | None
) -> Iterator[str]:
    _, register, cases = statement
    made[f"%s{n}"] = "b32"
    labels = [f"$case{n}_{k}" for k in range(len(cases))]
    yield f"rem.u32 %s{n}, {register}, {len(cases)};"
    yield f"$table{n}: .branchtargets {', '.join(labels)};"
    yield f"brx.idx %s{n}, $table{n};"
    for label, (body, falls) in zip(labels, cases, strict=True):
        yield f"{label}:"
        yield from _lines(body, numbers, made, loop)
        if not falls:
            yield f"bra $end{n};"
    yield f"$end{n}:"


_NESTED = {"if": _if, "while": _loop, "until": _loop, "switch": _switch}

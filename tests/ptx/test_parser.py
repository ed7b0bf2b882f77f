"""PTX text as a module: what is read, and that nothing malformed does more than raise a clear error."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.engine import jit
from repoops.engine.unit import Refused
from repoops.errors import RepoOpsError
from repoops.ptx import cfg, shape
from repoops.ptx.lexer import PtxError
from repoops.ptx.operands import LEAST
from repoops.ptx.parser import parse
from repoops.ptx.syntax import Address, Imm, Instruction, Reg, Sym, Vector

TEXT = """
.version 8.0
.target sm_80
.address_size 64
.const .align 4 .f32 half = 0f3F000000;
.visible .entry sum(.param .u64 p, .param .u32 n)
.maxntid 64, 1, 1
{
  .reg .pred %p<3>;
  .reg .b32 %r<9>;
  .reg .f32 %f<4>;
  .reg.b64 %rd<5>;
  .shared .align 8 .b8 tile[256];
  ld.param.u64 %rd1, [p];
  ld.param.u32 %r1, [n];
  mov.u32 %r2, %tid.x;
  setp.ge.u32 %p1, %r2, %r1;
  @%p1 bra DONE;
  mul.wide.u32 %rd2, %r2, 4;
  add.s64 %rd3, %rd1, %rd2;
  mov.f32 %f1, 0f00000000;
  mov.u32 %r3, 0;
LOOP:
  { .reg .b32 t; mov.b32 t, %r3; add.s32 %r4, t, 1; }
  { .reg .b32 t; mov.b32 t, %r4; mov.b32 %r3, t; }
  ld.const.f32 %f2, [half];
  add.f32 %f1, %f1, %f2;
  setp.lt.u32 %p2, %r3, %r2;
  @%p2 bra LOOP;
  st.global.f32 [%rd3+-0], %f1;
DONE:
  ret;
}
"""


def test_a_module_is_read() -> None:
    module = parse(TEXT)
    assert (module.target, module.entries) == ("sm_80", ("sum",))
    kernel = module.functions["sum"]
    assert [(p.name, p.size) for p in kernel.params] == [("p", 8), ("n", 4)]
    assert kernel.directives == {"maxntid": (64, 1, 1)}
    assert kernel.variables["tile"].size == 256
    assert module.variables["half"].initial == bytes.fromhex("0000003f")
    instructions = [i for i in kernel.body or () if isinstance(i, Instruction)]
    assert instructions[0].operands == (Reg("%rd1"), Address(Sym("p")))
    assert instructions[4].guard is not None
    assert instructions[7].operands == (Reg("%f1"), Imm(0.0, 32))


def test_registers_of_inner_scopes_are_apart() -> None:
    kernel = parse(TEXT).functions["sum"]
    assert len([name for name in kernel.registers if name.startswith("t.")]) == 2


def test_a_vector_with_a_sink() -> None:
    text = TEXT.replace("ld.const.f32 %f2, [half];", "ld.global.v2.f32 {%f2, _}, [%rd1];")
    found = [i for i in parse(text).functions["sum"].body or () if isinstance(i, Instruction) and i.has("v2")]
    assert found[0].operands[0] == Vector((Reg("%f2"), None))


def test_of_several_kernels_only_the_one_that_is_wanted_is_read() -> None:
    entry = TEXT[TEXT.index(".visible") :]
    second = entry.replace("entry sum", "entry second").replace(
        "@%p1 bra DONE;", '@%p1 bra DONE; // }" .entry sum'
    )
    third = entry.replace("entry sum", "entry third").replace("ret;", "unread;")
    text = TEXT + "/* { */\n" + second + third
    assert parse(text, "sum").functions["sum"] == parse(TEXT).functions["sum"]
    lines = [
        i.line for i in parse(text, "second").functions["second"].body or () if isinstance(i, Instruction)
    ]
    assert lines == [i.line for i in parse(text).functions["second"].body or () if isinstance(i, Instruction)]
    assert parse(text, "second").entries == ("sum", "second", "third")
    assert parse(text, "second").functions["third"].body is None
    with pytest.raises(PtxError, match=f"line {text.count(chr(10)) + 1}: third is not closed"):
        parse(text[: text.rindex("}")] + "\n", "second")


def test_a_texture_is_refused_by_name_where_it_is_read_and_in_no_other_kernel() -> None:
    read = TEXT.replace("mov.f32 %f1, 0f00000000;", "tex.1d.v4.f32.s32 {%f1, _, _, _}, [%rd1, {%r1}];")
    both = read + TEXT[TEXT.index(".visible") :].replace("entry sum", "entry other")
    with pytest.raises(Refused, match=r"cannot run tex\.1d\.v4\.f32\.s32"):
        jit.translate(both, "sum", (64, 1, 1), frozenset())
    assert jit.translate(both, "other", (64, 1, 1), frozenset())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("add.f32 %f1, %f1, %f2;", "add.f32 %f1, %f1 %f2;", "';' expected"),
        ("bra LOOP", "bra NOWHERE", "NOWHERE"),
        (".reg .pred", ".reg .quux", "registers of type .quux"),
        ("ret;\n}", "ret;", "is not closed"),
        ("%tid.x;", "\x01;", "is not PTX"),
    ],
)
def test_what_is_malformed_is_named_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(PtxError, match=said):
        jit.translate(TEXT.replace(old, new), "sum", (64, 1, 1), frozenset())


def test_a_loop_stands_together_and_lanes_meet_where_they_must() -> None:
    found = cfg.blocks(parse(TEXT).functions["sum"])
    shapes = shape.shapes(found, uniform_params=frozenset({"p", "n"}))
    done = next(b.index for b in found if not b.body and not b.successors)
    loop = next(b for b in found if b.index in b.successors)
    after = next(s for s in loop.successors if s != loop.index)
    assert done == 1  # those that have nothing left to do leave first
    assert shapes.waiting[loop.index] == {after}
    assert shapes.waiting[after] == frozenset()
    assert {"%f1", "%r2"} <= shapes.varying
    assert "%r1" not in shapes.varying
    assert "%f1" in shapes.blended[loop.index]


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=60)
def test_no_damage_to_a_text_does_more_than_raise_an_error(seed: int, cuts: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - damage that can be repeated, no secret
    text = TEXT
    for _ in range(cuts):
        at, length = rng.randrange(len(text)), rng.randrange(1, 12)
        piece = "".join(rng.choice("{}[]();,.%@r0123456789abf-+ \n") for _ in range(rng.randrange(6)))
        text = text[:at] + piece + text[at + length :]
    with contextlib.suppress(RepoOpsError):
        jit.translate(text, "sum", (64, 1, 1), frozenset({"memcheck"}))


def test_a_mov_without_its_source_is_refused() -> None:
    text = """.version 8.0
.target sm_80
.address_size 64
.visible .entry k()
{
.reg .b32 %r<2>;
mov.b32 %r0;
ret;
}
"""
    with pytest.raises(RepoOpsError, match="takes two operands"):
        jit.translate(text, "k", (32, 1, 1), frozenset())


@pytest.mark.parametrize("opcode", sorted(LEAST))
def test_an_instruction_that_has_lost_an_operand_is_refused_with_its_line(opcode: str) -> None:
    operands = ", ".join(["%r0"] * (LEAST[opcode] - 1))
    text = f".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k()\n{{\n.reg .b32 %r<1>;\n{opcode}.b32 {operands};\n}}\n"
    with pytest.raises(PtxError, match=f"^PTX line 7: {opcode} takes "):
        parse(text)

"""One PTX instruction as a function over arrays: what the engine's lowering makes of it, compiled and called.

A case is PTX text in which each register carries its type: `add.s32 %d0:b32, %s0:b32, %s1:b32`;
`%dN` are results, `%sN` operands.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from types import SimpleNamespace

import llvmlite.binding as llvm
import numpy as np

from repoops.engine import jit, lower
from repoops.engine.builder import BITS, Builder, Value
from repoops.engine.function import WarpFunction
from repoops.ptx.parser import parse
from repoops.ptx.syntax import SIZES, Function, Instruction, Module

_REGISTER = re.compile(r"%([ds])(\d+):(\w+)")
_numbers = count()


class Single(WarpFunction):
    """A frame around one instruction: its registers are values loaded before it."""

    def __init__(
        self,
        module: Module,
        function: Function,
        instruction: Instruction,
        values: dict[str, Value],
        b: Builder,
    ) -> None:
        self.unit = SimpleNamespace(module=module)
        self.function, self.now, self.b, self.values = function, instruction, b, values
        self.results_of: dict[str, Value] = {}
        self.flag = values.get("%c0", Value("false", "i1"))

    def register(self, name: str) -> Value:
        return self.values[name]

    def assign(self, name: str, value: Value) -> None:
        self.results_of[name] = self.fit(value, self.storage(name))

    def carry(self) -> Value:
        return self.flag

    def set_carry(self, value: Value) -> None:
        self.flag = value


def registers(case: str) -> dict[str, str]:
    """The registers of a case and their types; results first, each group in order."""
    found = {f"%{kind}{n}": t for kind, n, t in _REGISTER.findall(case)}
    return dict(sorted(found.items(), key=lambda item: (item[0][1], int(item[0][2:]))))


def parsed(case: str) -> tuple[Module, Function, list[Instruction]]:
    declared = "\n".join(f".reg .{kind} {name};" for name, kind in registers(case).items())
    text = _REGISTER.sub(r"%\1\2", case)
    module = parse(
        f".version 8.7\n.target sm_90a\n.address_size 64\n.visible .entry k()\n{{\n{declared}\n{text};\nret;\n}}\n"
    )
    function = module.functions["k"]
    return module, function, [i for i in function.body or () if isinstance(i, Instruction)][:-1]


def _body(case: str, name: str, *, lanes: bool, b: Builder) -> str:
    """A function (results, operands, count) that walks over arrays, 32 elements or one at a time."""
    module, function, instructions = parsed(case)
    kinds = registers(case)
    step = 32 if lanes else 1
    values: dict[str, Value] = {}
    for register, kind in kinds.items():
        if register[1] == "s":
            size = 8 * SIZES[kind]
            at = b.emit(f"getelementptr i{size}, ptr %{register[1:]}, i64 %at", "ptr")
            shape = f"<32 x i{size}>" if lanes else f"i{size}"
            value = b.emit(f"load {shape}, {at}, align 1", f"i{size}", lanes=lanes)
            frame = Single(module, function, instructions[0], {}, b)
            stored = frame.storage(register)
            values[register] = b.cast("trunc", value, "i1") if kind == "pred" else b.bits(value, stored)
    frame = Single(module, function, instructions[0], values, b)
    for i in instructions:
        frame.now = i
        frame.results(i.operands[0], lower.find(i)(frame, i))
        values.update(frame.results_of)
    for register, kind in kinds.items():
        if register[1] == "d":
            size = 8 * SIZES[kind]
            value = frame.results_of[register]
            value = b.cast("zext", value, "i8") if kind == "pred" else b.as_int(value)
            value = b.spread(value) if lanes else value
            at = b.emit(f"getelementptr i{size}, ptr %{register[1:]}, i64 %at", "ptr")
            b.line(f"store {value}, {at}, align 1")
    arguments = ", ".join(f"ptr %{register[1:]}" for register in kinds)
    return "\n".join((
        f"define void @{name}({arguments}, i64 %n) {{", "entry:", "  br label %loop", "loop:",
        "  %at = phi i64 [0, %entry], [%next, %loop]", *b.lines, f"  %next = add i64 %at, {step}",
        "  %more = icmp ult i64 %next, %n", "  br i1 %more, label %loop, label %done", "done:", "  ret void", "}",
    ))  # fmt: skip


def ir(cases: Sequence[str], *, lanes: bool) -> str:
    """LLVM IR of several cases, functions f0, f1 ..."""
    declarations: dict[str, str] = {}
    helpers: dict[str, str] = {}
    texts = [
        _body(case, f"f{n}", lanes=lanes, b=Builder(declarations=declarations, helpers=helpers))
        for n, case in enumerate(cases)
    ]
    return "\n".join((*declarations.values(), *helpers.values(), *texts))


class Compiled:
    """Cases as machine code."""

    def __init__(self, cases: Sequence[str], *, lanes: bool) -> None:
        code = jit.emit(ir(cases, lanes=lanes))
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for n in range(len(cases)):
            builder.export_symbol(f"f{n}")
        self._library = builder.link(jit._linker(), f"single{next(_numbers)}")
        self._numbers = {case: n for n, case in enumerate(cases)}

    def __call__(self, case: str, *operands: np.ndarray) -> list[np.ndarray]:
        """The results as unsigned integers, one array for each `%dN`; operands are unsigned integers too."""
        size = len(operands[0]) if operands else 32
        padded = -(-size // 32) * 32
        kinds = registers(case)
        results = [np.zeros(padded, _unsigned(kind)) for name, kind in kinds.items() if name[1] == "d"]
        sources = [np.resize(np.asarray(o), padded) for o in operands]
        wanted = [_unsigned(kind) for name, kind in kinds.items() if name[1] == "s"]
        sources = [np.ascontiguousarray(o.astype(t)) for o, t in zip(sources, wanted, strict=True)]
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(kinds), ctypes.c_int64)(
            self._library[f"f{self._numbers[case]}"]
        )
        call(*(a.ctypes.data for a in (*results, *sources)), padded)
        return [r[:size] for r in results]


def _unsigned(kind: str) -> type:
    return {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[SIZES[kind]]


@cache
def compiled(cases: tuple[str, ...]) -> tuple[Compiled, Compiled]:
    """The cases with lanes, and uniform."""
    return Compiled(cases, lanes=True), Compiled(cases, lanes=False)


__all__ = ["BITS", "Compiled", "compiled", "ir", "parsed", "registers"]

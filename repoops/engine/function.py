"""One PTX function as an LLVM function that runs one warp: registers, masks, and who goes next.

Lanes that part wait at the block they are due at; the block with the lowest number among those that
have lanes is always executed next. `cfg.blocks` numbers blocks so that lanes meet where they must.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from repoops.engine import lower, meeting, memory, products, shadow, special, traffic, undefined
from repoops.engine.builder import BITS, Builder, Value, floating, integer
from repoops.engine.lower.pairing import grouped
from repoops.engine.unit import Refused, Unit
from repoops.ptx import cfg, shape
from repoops.ptx.operands import literals, readers
from repoops.ptx.syntax import (
    Address,
    Function,
    Imm,
    Instruction,
    Negated,
    Operand,
    Pair,
    Reg,
    Sym,
    Vector,
)

STORAGE = {
    "pred": "i1", "b8": "i8", "u8": "i8", "s8": "i8", "b16": "i16", "u16": "i16", "s16": "i16", "f16": "i16",
    "bf16": "i16", "b32": "i32", "u32": "i32", "s32": "i32", "f16x2": "i32", "bf16x2": "i32", "tf32": "i32",
    "f32": "float", "b64": "i64", "u64": "i64", "s64": "i64", "f64": "double", "b128": "i128",
}  # fmt: skip
"""The LLVM type of a register of each type."""


class WarpFunction:
    """Emits one function; satisfies `lower.frame.Frame`."""

    def __init__(self, unit: Unit, function: Function) -> None:
        self.unit, self.function = unit, function
        self.blocks = cfg.blocks(function)
        self.shapes = self._shapes()
        if meeting.needed(self.blocks, self.shapes):
            self.blocks = cfg.blocks(function, meetings=True)
            self.shapes = self._shapes()
        self.head = Builder(declarations=unit.declarations, helpers=unit.helpers)
        self.b = Builder(count=1 << 20, declarations=unit.declarations, helpers=unit.helpers)
        # Variables stand before everything else of the entry block: only there LLVM keeps them in registers.
        self.slots: list[str] = []
        self.names: dict[str, str] = {}
        self.cached: dict[str, Value] = {}
        self.params: dict[str, int] = {}
        self.param_sizes: dict[str, int] = {}
        self.local: dict[str, Value] = {}
        self.begun: Value = integer(-1)
        self.frame_bytes = 0
        self.frame_base: Value | None = None
        self.frame_at: Value = integer(0)
        self.frame_used: Value = integer(0)
        self.now: Instruction | None = None
        self._literals = literals(self.blocks)
        self.block = self.blocks[0]
        self.reads: dict[int, shadow.Planned] = {}
        self._mask: Value | None = None
        self._guard: Value | None = None
        self._exits = any(
            b.end is not None and b.end.opcode in ("ret", "exit", "trap")
            and (b.end.guard is not None or self.shapes.partial(b.index)) for b in self.blocks
        )  # fmt: skip
        # See `undefined`: registers to be followed, and the variables that do it.
        self.doubtful = undefined.registers(self)
        self.doubts: dict[str, str] = {}
        self.doubt_sites: list[int] = []
        self._counted = {s for b in self.blocks for s in b.successors if s <= b.index}
        self._noted = (
            {b.index for b in self.blocks if self.shapes.partial(b.index) or self.shapes.held[b.index]}
            | {w for b in self.blocks for w in self.shapes.waiting[b.index]}
            | {
                s
                for b in self.blocks
                if b.index in self.shapes.parting | self.shapes.meetings
                for s in b.successors
            }
        )

    @cached_property
    def readers(self) -> dict[str, list[Instruction]]:
        """For each register the instructions that look at it."""
        return readers(self.blocks)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The registers that may stand for a product under way."""
        return products.tokens(self)

    def _shapes(self) -> shape.Shapes:
        function, entry = self.function, self.function.entry
        local = frozenset(v.name for v in function.variables.values() if v.space in ("local", "param"))
        params = frozenset(p.name for p in function.params)
        return shape.shapes(
            self.blocks,
            uniform_tid=special.uniform(self.unit.block),
            uniform_params=params if entry else frozenset(),
            lane_symbols=local if entry else local | params,
            varying=frozenset() if entry else params,
            rows=special.rows(self.unit.block),
        )

    # -- registers and operands

    def slot(self, kind: str, *, lanes: bool = True) -> str:
        """A variable of the function, to carry a value across blocks."""
        name = self.head.fresh()
        self.slots.append(
            f"  {name} = alloca {f'<32 x {kind}>' if lanes else kind}, align {64 if lanes else 8}"
        )
        return name

    def put(self, slot: str, value: Value) -> None:
        """Stores to a slot."""
        self.b.line(f"store {value}, ptr {slot}, align {64 if value.lanes else 8}")

    def get(self, slot: str, kind: str, *, lanes: bool = True) -> Value:
        """Loads from a slot."""
        to = f"<32 x {kind}>" if lanes else kind
        return self.b.emit(f"load {to}, ptr {slot}, align {64 if lanes else 8}", kind, lanes=lanes)

    def storage(self, name: str) -> str:
        """The LLVM type that a register is kept in."""
        try:
            return STORAGE[self.function.registers[name]]
        except KeyError:
            raise self.refuse(f"{name} is not a register that is declared") from None

    def varying(self, name: str) -> bool:
        """Whether a register is kept for each lane."""
        return name in self.shapes.varying

    def home(self, name: str) -> str:
        """The variable that holds a register."""
        if name not in self.names:
            kind = self.storage(name)
            self.names[name] = self.slot(kind, lanes=self.varying(name))
        return self.names[name]

    def register(self, name: str) -> Value:
        """A register's value, as it is kept."""
        if name in self.function.registers:
            return self.get(self.home(name), self.storage(name), lanes=self.varying(name))
        found = special.read(self, name)
        if found is None:
            raise self.refuse(f"the register {name} is not supported")
        return found

    def src(self, k: int, kind: str) -> Value:
        """Operand k as an element type."""
        if self.now is None or k >= len(self.now.operands):
            raise self.refuse(f"operand {k} is missing")
        return self.read(self.now.operands[k], kind)

    def literal(self, k: int) -> int | None:
        """Operand k as a number if it is one, or a register that is given one and nothing else in the whole function."""
        operand = self.now.operands[k] if self.now and k < len(self.now.operands) else None
        if isinstance(operand, Reg):
            operand = self._literals.get(operand.name)
        return operand.value if isinstance(operand, Imm) and isinstance(operand.value, int) else None

    def vector(self, k: int, kind: str) -> tuple[Value, ...]:
        """The elements of operand k."""
        operand = self.now.operands[k] if self.now and k < len(self.now.operands) else None
        elements = operand.elements if isinstance(operand, Vector) else (operand,)
        return tuple(self.read(e, kind) for e in elements)

    def width(self, k: int) -> int:
        """Bits of the register in operand k, of its elements if it is a vector; 0 for a literal."""
        operand = self.now.operands[k] if self.now and k < len(self.now.operands) else None
        if isinstance(operand, Vector):
            operand = next((e for e in operand.elements if e is not None), None)
        return BITS[self.storage(operand.name)] if isinstance(operand, Reg) else 0

    def read(self, operand: Operand, kind: str) -> Value:
        """Any operand but a vector, as an element type: bits are taken over, integers cut or filled with zeros."""
        if isinstance(operand, Reg):
            return self.fit(self.register(operand.name), kind)
        if isinstance(operand, Negated):
            return self.b.inv(self.register(operand.reg.name))
        if isinstance(operand, Imm):
            return self._literal(operand, kind)
        if isinstance(operand, Sym):
            return self.fit(memory.symbol(self, operand), kind)
        raise self.refuse(f"an operand of kind {type(operand).__name__} is not supported here")

    def _literal(self, operand: Imm, kind: str) -> Value:
        if kind == "i1":
            return Value("true" if operand.value else "false", "i1")
        if kind in ("half", "bfloat", "float", "double"):
            if operand.bits == 0 and isinstance(operand.value, int):
                return self.b.bits(integer(operand.value, f"i{BITS[kind]}"), kind)
            return floating(float(operand.value), kind)
        if isinstance(operand.value, float):
            one = floating(operand.value, "float" if operand.bits == 32 else "double")
            return self.fit(one, kind)
        return integer(operand.value, kind)

    def fit(self, value: Value, kind: str) -> Value:
        """The value's bits as an element type; cut, or filled with zeros, where widths differ."""
        b = self.b
        if BITS[value.type] == BITS[kind] and "i1" not in (value.type, kind):
            return b.bits(value, kind)
        if value.type == kind:
            return value
        whole = b.resize(b.as_int(value), f"i{BITS[kind]}", signed=False)
        return b.bits(whole, kind)

    def address(self, k: int) -> Value:
        """The byte address in operand k, i32 or i64."""
        operand = self.now.operands[k] if self.now and k < len(self.now.operands) else None
        if isinstance(operand, (Reg, Sym, Imm)):
            operand = Address(operand)
        if not isinstance(operand, Address):
            raise self.refuse(f"operand {k} is no address")
        base = operand.base
        if isinstance(base, Reg):
            value = self.register(base.name)
            kind = "i32" if BITS[value.type] == 32 else "i64"
            value = self.fit(value, kind)
        elif isinstance(base, Sym):
            value = memory.symbol(self, base)
        else:
            value = integer(int(base.value), "i64")
        return self.b.op("add", value, integer(operand.offset, value.type)) if operand.offset else value

    # -- lanes

    def mask(self) -> Value | None:
        """The lanes that execute the instruction; None where all 32 do."""
        if self._guard is None:
            return self._mask
        guard = self.b.spread(self._guard)
        return guard if self._mask is None else self.b.op("and", self._mask, guard)

    @contextmanager
    def only(self, lanes: Value | None) -> Iterator[None]:
        """While it is open, of the lanes that execute the instruction only these do; None leaves them all."""
        outer = self._guard
        if lanes is not None:
            self._guard = lanes if outer is None else self.b.op("and", self.b.spread(outer), lanes)
        try:
            yield
        finally:
            self._guard = outer

    def word(self) -> Value:
        """The same as a uniform i32."""
        mask = self.mask()
        return integer(-1) if mask is None else self.b.ballot(mask)

    def live(self) -> Value:
        """The lanes that have neither returned nor exited, as a uniform i32."""
        return self.get(self._live, "i32", lanes=False)

    def site(self, what: str) -> int:
        """A number for a check made at this instruction."""
        return self.unit.site(self.now, what)

    def refuse(self, why: str) -> Exception:
        """An error that names the instruction and its source line."""
        return Refused.of(self.unit.module, self.now, why)

    def assign(self, name: str, value: Value) -> None:
        """Gives a register a value, in the lanes that execute the instruction."""
        b = self.b
        value = self.fit(value, self.storage(name))
        home = self.home(name)
        if not self.varying(name):
            value = b.extract(value, 0)
            if self._guard is not None:
                value = b.select(self._guard, value, self.get(home, value.type, lanes=False))
            self.put(home, value)
            return
        value = b.spread(value)
        blend = self._mask if name in self.shapes.blended[self.block.index] else None
        if self._guard is not None:
            guard = b.spread(self._guard)
            blend = guard if blend is None else b.op("and", blend, guard)
        if blend is not None:
            value = b.select(blend, value, self.get(home, value.type))
        self.put(home, value)

    def results(self, operand: Operand, values: Value | Sequence[Value]) -> None:
        """Assigns to a destination: a register, the elements of a vector, or a pair."""
        several = [values] if isinstance(values, Value) else list(values)
        if isinstance(operand, Reg):
            targets: list[Operand] = [operand]
        elif isinstance(operand, Vector):
            targets = list(operand.elements)
        elif isinstance(operand, Pair):
            targets = [operand.first, operand.second]
            several = [*several, *([self.b.inv(several[0])] if len(several) == 1 else [])]
        elif operand is None:
            return
        else:
            raise self.refuse("the destination is no register")
        for target, value in zip(targets, several, strict=False):
            if isinstance(target, Reg):
                self.assign(target.name, value)

    # -- hidden state that some instructions share

    def carry(self) -> Value:
        """The carry flag."""
        return self.get(self._flag(), "i1")

    def set_carry(self, value: Value) -> None:
        """Sets the carry flag."""
        self.put(self._flag(), self.b.spread(value))

    def _flag(self) -> str:
        if "%carry" not in self.names:
            self.names["%carry"] = self.slot("i1")
        return self.names["%carry"]

    # memory, as Frame has it
    def load(
        self, space: str, address: Value, kind: str, count: int = 1, align: int = 0
    ) -> tuple[Value, ...]:
        """Loads `count` consecutive elements of each lane."""
        return memory.load(self, space, address, kind, count, align)

    def store(self, space: str, address: Value, values: Sequence[Value], align: int = 0) -> None:
        """Stores consecutive elements of each lane."""
        memory.store(self, space, address, values, align)

    # -- the function

    def text(self) -> str:
        """The whole LLVM function."""
        b = self.b
        self._masks = {index: self.slot("i32", lanes=False) for index in sorted(self._noted)}
        self._live = self.slot("i32", lanes=False)
        self._ticks = self.slot("i64", lanes=False)
        for slot in self._masks.values():
            self.head.line(f"store i32 0, ptr {slot}, align 8")
        signature = lower.call.prologue(self)
        self._meetings = meeting.Meetings(self)
        for block in self.blocks:
            self._emit(block)
        self._meetings.dispatch(self)
        lines = [signature + " {", "entry:", *self.slots, *self.head.lines, "  br label %b0", *b.lines, "}"]
        return "\n".join(lines)

    def _emit(self, block: cfg.Block) -> None:
        b = self.b
        self.block = block
        b.label(f"b{block.index}")
        self._guard = None
        self.now = block.instructions[0] if block.instructions else None
        self._meetings.hold(self, block)
        pending = None
        if block.index in self._masks:
            pending = self.get(self._masks[block.index], "i32", lanes=False)
            self.put(self._masks[block.index], integer(0))
        if self.shapes.partial(block.index):
            if pending is None:
                raise self.refuse("lanes wait, and nobody noted who comes")
            self._mask = b.from_ballot(pending)
        elif not self.partial(block):
            self._mask = None
        else:
            self._mask = b.from_ballot(self.get(self._live, "i32", lanes=False))
        if block.index in self._counted:
            self._count()
        if "counters" in self.unit.checks:
            memory.count_block(self, block)
        self.reads = shadow.plan(self, block.body)
        for group in grouped(block.body):
            self.now = group[-1]
            if len(group) == 1:
                self._instruction(group[0])
            else:
                self._together(group)
        self.now = block.end or self.now
        self._terminate(block)

    def partial(self, block: cfg.Block) -> bool:
        """Whether lanes may be absent from a block."""
        whole = self.unit.full and self.function.entry and not self._exits
        return not whole or self.shapes.partial(block.index)

    def _count(self) -> None:
        """A loop's header: after so many turns the others of the block have theirs, and at the limit it ends."""
        b = self.b
        left = b.op("sub", self.get(self._ticks, "i64", lanes=False), integer(1, "i64"))
        self.put(self._ticks, left)
        spent = b.compare("eq", left, integer(0, "i64"))
        tick, on = b.fresh_label(), b.fresh_label()
        b.line(f"br {spent}, label %{tick}, label %{on}, !prof !1")
        b.label(tick)
        more = b.emit(f"call i64 @tick(ptr %ctx, i32 {self.site('loop')})", "i64")
        self.put(self._ticks, more)
        b.line(f"br label %{on}")
        b.label(on)

    def _instruction(self, i: Instruction) -> None:
        lowering = lower.find(i)
        if lowering is None:
            raise self.refuse("is not supported")
        guard = i.guard
        self._guard = None
        if guard is not None:
            undefined.decided(self, i, self.word())
            value = self.register(guard.reg)
            self._guard = self.b.inv(value) if guard.negated else value
        end = None
        if self._guard is not None and lower.has_effect(i):
            # What touches memory or other warps must not happen at all where no lane executes it.
            b = self.b
            mask = self.mask()
            some = (
                self._guard if mask is None or (not self._guard.lanes and self._mask is None) else b.any(mask)
            )
            then, end = b.fresh_label(), b.fresh_label()
            b.line(f"br {some}, label %{then}, label %{end}")
            b.label(then)
        undefined.before(self, i)
        products.before(self, i)
        found = lowering(self, i)
        undefined.after(self, i)
        if found is not None:
            self.results(i.operands[0], found)
        if end is not None:
            self.b.line(f"br label %{end}")
            self.b.label(end)
        self._guard = None

    def _together(self, products: tuple[Instruction, ...]) -> None:
        """Products in one call: what is asked of an instruction and handed on by it is asked of each."""
        for i in products:
            self.now = i
            undefined.before(self, i)
        lower.matrix.pair(self, *products)
        for i in products:
            self.now = i
            undefined.after(self, i)

    # -- who goes next

    def arrive(self, place: int, lanes: Value) -> None:
        """Notes that lanes (an i32) are due at a block."""
        if place in self._masks:
            slot = self._masks[place]
            self.put(slot, self.b.op("or", self.get(slot, "i32", lanes=False), lanes))

    def due(self, place: int) -> Value:
        """The lanes (a uniform i32) that are due at a block of those where some may wait."""
        return self.get(self._masks[place], "i32", lanes=False)

    def _terminate(self, block: cfg.Block) -> None:
        b, end = self.b, block.end
        here = integer(-1) if self._mask is None else b.ballot(self._mask)
        waiting = self.shapes.waiting[block.index]
        if end is not None:
            undefined.decided(self, end, here)
        if end is not None and end.opcode in ("ret", "exit", "trap"):
            self._leave(block, here)
            return
        if end is not None and cfg.meets(end):
            self._meetings.wait(self, block)
        if end is None or cfg.meets(end) or (end.guard is None and end.opcode == "bra"):
            if not block.successors:
                self._leave(block, here)  # PTX lets control run off a function's end as if it were `ret`
                return
            (target,) = block.successors[:1]
            self.arrive(target, here)
            if all(target < w for w in waiting if w != target):
                b.line(f"br label %b{target}")
            else:
                self._go({target} | waiting, certain=True)
            return
        if end.opcode == "brx":
            self._indexed(block, here)
            return
        taken, following = block.successors if len(block.successors) > 1 else (block.successors * 2)
        condition = self._condition(end)
        if block.index in self.shapes.parting:
            lanes = b.ballot(condition)
            yes = b.op("and", here, lanes)
            no = b.op("and", here, b.inv(lanes))
            traffic.branch(self, yes, no)
            self.arrive(taken, yes)
            self.arrive(following, no)
            if not waiting and taken != following:
                # Nobody else waits: whoever has lanes and the lower number goes first.
                low, word = (taken, yes) if taken < following else (following, no)
                some = b.compare("ne", word, integer(0))
                b.line(f"br {some}, label %b{low}, label %b{max(taken, following)}")
                return
            self._go({taken, following} | waiting, certain=True)
            return
        whole = condition if not condition.lanes else b.any(condition)
        if not waiting and not {taken, following} & set(self._masks):
            b.line(f"br {whole}, label %b{taken}, label %b{following}")
            return
        for target, chosen in ((taken, whole), (following, b.inv(whole))):
            self.arrive(target, b.select(chosen, here, integer(0)))
        if all(max(taken, following) <= w for w in waiting):
            b.line(f"br {whole}, label %b{taken}, label %b{following}")
        else:
            self._choose(whole, taken, following, waiting)

    def _choose(self, whole: Value, taken: int, following: int, waiting: frozenset[int]) -> None:
        yes, no = self.b.fresh_label(), self.b.fresh_label()
        self.b.line(f"br {whole}, label %{yes}, label %{no}")
        for label, target in ((yes, taken), (no, following)):
            self.b.label(label)
            self._go({target} | waiting, certain=True)

    def _condition(self, end: Instruction) -> Value:
        if end.guard is None:
            return Value("true", "i1")
        value = self.register(end.guard.reg)
        return self.b.inv(value) if end.guard.negated else value

    def _go(self, places: set[int] | frozenset[int], *, certain: bool) -> None:
        """To the lowest-numbered place that has lanes; if that is certain the last need not be asked."""
        b = self.b
        order = sorted(places)
        for number, place in enumerate(order):
            if certain and number == len(order) - 1:
                b.line(f"br label %b{place}")
                return
            if place not in self._masks:
                raise self.refuse(f"nobody noted who waits at block {place}")
            some = b.compare("ne", self.get(self._masks[place], "i32", lanes=False), integer(0))
            other = b.fresh_label()
            b.line(f"br {some}, label %b{place}, label %{other}")
            b.label(other)
        self._end(self.block)

    def _end(self, block: cfg.Block) -> None:
        """No lane is due anywhere; some may be parked."""
        if self.shapes.parked[block.index]:
            self.b.line("br label %meet")
        else:
            lower.call.epilogue(self)

    def _leave(self, block: cfg.Block, here: Value) -> None:
        """Lanes return or exit; the others go on."""
        b, end = self.b, block.end
        leaving = here
        if end is not None and end.guard is not None:
            leaving = b.op("and", here, b.ballot(self._condition(end)))
        if end is not None and end.opcode == "trap":
            lower.call.trap(self, leaving)
        if end is not None and end.opcode == "exit" and not self.function.entry:
            raise self.refuse("in a device function is not supported")
        live = self.get(self._live, "i32", lanes=False)
        self.put(self._live, b.op("and", live, b.inv(leaving)))
        for following in block.successors:
            self.arrive(following, b.op("and", here, b.inv(leaving)))
        waiting = self.shapes.waiting[block.index]
        if block.successors and not set(block.successors) <= set(self._masks):
            # A uniform guard, nobody waits: all leave or all go on.
            some = b.compare("ne", leaving, integer(0))
            out = b.fresh_label()
            b.line(f"br {some}, label %{out}, label %b{block.successors[0]}")
            b.label(out)
            self._end(block)
            return
        self._go(set(block.successors) | waiting, certain=False)

    def _indexed(self, block: cfg.Block, here: Value) -> None:
        """`brx.idx`: every target gets the lanes whose index is its number."""
        b = self.b
        self.now = block.end
        index = self.src(0, "i32")
        targets = block.successors
        if block.index not in self.shapes.parting:
            waiting = self.shapes.waiting[block.index]
            for number, target in enumerate(targets):
                chosen = b.compare("eq", index, integer(number))
                self.arrive(target, b.select(chosen, here, integer(0)))
            if not waiting:
                cases = " ".join(f"i32 {n}, label %b{t}" for n, t in enumerate(targets))
                b.line(f"switch {index}, label %b{targets[-1]} [{cases}]")
            else:
                self._go(set(targets) | waiting, certain=True)
            return
        for number, target in enumerate(targets):
            self.arrive(target, b.op("and", here, b.ballot(b.compare("eq", index, integer(number)))))
        self._go(set(targets) | self.shapes.waiting[block.index], certain=True)

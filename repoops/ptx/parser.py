"""PTX text → module. What is not understood is an error with its line, never skipped.

Source: PTX ISA 9.0, "Syntax", "Directives", "Instruction Statements".
"""

from __future__ import annotations

import re
import struct

from repoops.ptx.lexer import PtxError, Token, number, tokens, without_others
from repoops.ptx.operands import LEAST
from repoops.ptx.syntax import (
    SIZES,
    Address,
    Function,
    Group,
    Guard,
    Imm,
    Instruction,
    Label,
    Module,
    Negated,
    Operand,
    Pair,
    Place,
    Reg,
    Sym,
    Texel,
    Variable,
    Vector,
)

_SPACES = (".global", ".const", ".shared", ".local", ".param")
_LINKING = (".visible", ".extern", ".weak", ".common")
_TUNING = (".maxntid", ".reqntid", ".minnctapersm", ".maxnreg", ".maxnctapersm", ".reqnctapercluster",
           ".maxclusterrank", ".explicitcluster", ".noreturn", ".abi_preserve", ".abi_preserve_control",
           ".blocksareclusters")  # fmt: skip
_DEEP = 64
"""How deep braces and inlining may be nested: no compiler comes near it, and hostile input must not go further."""


_WORDS = ("", "one operand", *(f"{n} operands" for n in ("two", "three", "four", "five")))


def parse(text: str, entry: str | None = None) -> Module:
    """The module that a PTX text is.

    Args:
        text: the whole of it.
        entry: the only kernel whose body is wanted; others are then as if they were declared alone.

    Raises:
        PtxError: it is malformed.
    """
    return _Parser(text if entry is None else without_others(text, entry)).module()


def _unescaped(written: str) -> str:
    """A file's name as it is: the compiler writes bytes beyond ASCII in octal."""
    found = re.sub(
        rb"\\(?:([0-7]{3})|(.))",
        lambda m: bytes([int(m[1], 8) & 255]) if m[1] else m[2],
        written.encode("utf-8", "surrogateescape"),
    )
    return found.decode("utf-8", "surrogateescape")


def _depth(place: Place) -> int:
    found, at = 1, place
    while at.inlined is not None:
        found, at = found + 1, at.inlined
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._at = 0
        self._place: Place | None = None
        self._scopes: list[dict[str, str]] = []
        self._made = 0
        self._known: dict[str, str] = {}
        self._calls: dict[tuple[int, int, int], Place] = {}

    # -- tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _is(self, text: str) -> bool:
        return self._now.text == text and self._now.kind != "string"

    def _take(self, text: str) -> bool:
        if self._is(text):
            self._at += 1
            return True
        return False

    def _want(self, text: str) -> Token:
        if not self._is(text):
            raise PtxError(f"{text!r} expected, found {self._now.text!r}", self._now.line)
        return self._next()

    def _word(self) -> str:
        if self._now.kind != "word":
            raise PtxError(f"a name expected, found {self._now.text!r}", self._now.line)
        return self._next().text

    def _integer(self) -> int:
        sign = -1 if self._take("-") else 1
        if self._now.kind != "integer":
            raise PtxError(f"a number expected, found {self._now.text!r}", self._now.line)
        return sign * int(number(self._next()).value)

    # -- the module's level

    def module(self) -> Module:
        module = Module()
        while self._now.kind != "end":
            token = self._now
            if token.text == ".version":
                self._next()
                module.version = self._next().text
            elif token.text == ".target":
                self._next()
                module.target = self._word()
                while self._take(","):
                    self._word()
            elif token.text == ".address_size":
                self._next()
                if self._integer() != 64:
                    raise PtxError("only addresses of 64 bits are supported", token.line)
            elif token.text == ".file":
                self._file(module)
            elif token.text == ".section":
                self._section()
            elif token.text in (".pragma", ".alias"):
                self._pragma()
            else:
                self._declaration(module)
        return module

    def _more(self) -> Token:
        if self._now.kind == "end":
            raise PtxError("the text ends too early", self._now.line)
        return self._next()

    def _pragma(self) -> None:
        """Advice to the compiler, up to its semicolon."""
        while not self._take(";"):
            self._more()

    def _file(self, module: Module) -> None:
        self._next()
        index = self._integer()
        name = self._next()
        if name.kind != "string":
            raise PtxError(f"a file's name expected, found {name.text!r}", name.line)
        module.files[index] = _unescaped(name.text[1:-1])
        while self._take(","):
            self._integer()

    def _section(self) -> None:
        self._next()
        self._word()
        self._want("{")
        while not self._take("}"):
            self._more()

    def _declaration(self, module: Module) -> None:
        first = self._now
        linking = set()
        while self._now.text in _LINKING:
            linking.add(self._next().text)
        if self._now.text in (".entry", ".func"):
            function = self._function()
            known = module.functions.get(function.name)
            if known is None or known.body is None:
                module.functions[function.name] = function
            return
        if self._now.text not in _SPACES:
            raise PtxError(f"{first.text!r} is not a directive known here", first.line)
        for variable in self._variables(external=".extern" in linking):
            module.variables[variable.name] = variable

    # -- variables

    def _variables(self, *, external: bool = False) -> list[Variable]:
        space = self._next().text[1:]
        found = [self._variable(space, external=external)]
        while self._take(","):
            found.append(self._variable(space, external=external, kind=found[0].type, align=found[0].align))
        self._want(";")
        return found

    def _variable(self, space: str, *, external: bool = False, kind: str = "", align: int = 0) -> Variable:
        parts = 1
        while not kind or self._now.text.startswith("."):
            word = self._word()
            if word == ".align":
                align = self._integer()
            elif word in (".v2", ".v4", ".v8"):
                parts = int(word[2:])
            elif word == ".ptr":
                while self._now.text in (".global", ".const", ".local", ".shared", ".align"):
                    if self._next().text == ".align":
                        self._integer()
            elif word[1:] in SIZES or word in (".texref", ".samplerref", ".surfref"):
                kind = word[1:]
            elif word == ".attribute":
                while not self._take(")"):
                    self._more()
            else:
                raise PtxError(f"{word!r} in a variable's declaration", self._now.line)
        if kind not in SIZES:
            raise PtxError(f".{kind} variables are not supported", self._now.line)
        name = self._word() if self._now.kind == "word" else ""
        count, bounded = 1, True
        while self._take("["):
            if self._take("]"):
                bounded = False
                continue
            count *= self._integer()
            self._want("]")
        one = SIZES[kind] * parts
        initial: bytes | None = None
        relocations: tuple[tuple[int, str, int], ...] = ()
        if self._take("="):
            initial, relocations = self._initial(kind)
            if not bounded:
                count, bounded = len(initial) // one, True
        size = one * count if bounded else 0
        if size < 0 or size > 1 << 40:
            raise PtxError(f"{name} has {size} bytes", self._now.line)
        if initial is not None:
            initial = initial.ljust(size, b"\0")[:size]
        return Variable(name, space, kind, align or one, size, initial, relocations, external)

    def _initial(self, kind: str) -> tuple[bytes, tuple[tuple[int, str, int], ...]]:
        data, depth = bytearray(), 0
        relocations: list[tuple[int, str, int]] = []
        size = SIZES[kind]
        while True:
            if self._take("{"):
                depth += 1
                if depth > _DEEP:
                    raise PtxError("braces are nested too deep", self._now.line)
            elif self._take("}"):
                depth -= 1
            elif self._now.kind == "word":
                wrapped = self._take("generic")
                if wrapped:
                    self._want("(")
                name = self._word()
                if wrapped:
                    self._want(")")
                offset = self._integer() if self._take("+") or self._is("-") else 0
                relocations.append((len(data), name, offset))
                data += bytes(size)
            else:
                data += self._number_bytes(kind)
            if depth == 0:
                return bytes(data), tuple(relocations)
            if not self._is("}"):
                self._take(",")

    def _number_bytes(self, kind: str) -> bytes:
        negative = self._take("-")
        token = self._next()
        if token.kind not in ("integer", "float"):
            raise PtxError(f"a value expected, found {token.text!r}", token.line)
        value = number(token).value
        value = -value if negative else value
        if kind in ("f32", "f64"):
            return struct.pack("<f" if kind == "f32" else "<d", value)
        if isinstance(value, float):
            raise PtxError(f"{token.text} initialises a .{kind}", token.line)
        return (value & ((1 << 8 * SIZES[kind]) - 1)).to_bytes(SIZES[kind], "little")

    # -- functions

    def _function(self) -> Function:
        line = self._now.line
        entry = self._next().text == ".entry"
        results = self._parameters() if self._is("(") else ()
        function = Function(self._word(), entry, results, (), line)
        if self._is("("):
            function.params = self._parameters()
        while self._now.text in _TUNING or self._is(".pragma"):
            if self._is(".pragma"):
                self._pragma()
                continue
            word = self._next().text[1:]
            numbers = []
            while self._now.kind == "integer":
                numbers.append(self._integer())
                self._take(",")
            function.directives[word] = tuple(numbers)
        if self._take(";"):
            return function
        self._place = None
        self._calls = {}
        self._scopes = [{}]
        self._known = function.registers
        function.body = []
        self._block(function)
        return function

    def _parameters(self) -> tuple[Variable, ...]:
        self._want("(")
        found = []
        while not self._take(")"):
            word = self._word()
            if word == ".reg":
                found.append(self._variable("reg"))
            elif word == ".param":
                found.append(self._variable("param"))
            else:
                raise PtxError(f"{word!r} among parameters", self._now.line)
            self._take(",")
        return tuple(found)

    def _block(self, function: Function) -> None:
        """Statements up to the closing brace of the function; inner braces open scopes of names."""
        body = function.body
        assert body is not None  # noqa: S101 - the caller has just made it
        self._want("{")
        while True:
            token = self._now
            if token.kind == "end":
                raise PtxError(f"{function.name} is not closed", token.line)
            if self._take("{"):
                self._scopes.append({})
                if len(self._scopes) > _DEEP:
                    raise PtxError("braces are nested too deep", token.line)
                self._scoped_labels()
            elif self._take("}"):
                self._scopes.pop()
                if not self._scopes:
                    return
            elif token.text.startswith(".") and token.kind == "word":
                self._inner_directive(function)
            elif token.kind == "word" and self._tokens[self._at + 1].text == ":":
                name = self._next().text
                self._next()
                if self._now.text in (".branchtargets", ".calltargets", ".callprototype"):
                    self._table(function, name)
                else:
                    body.append(Label(self._own(name)))
            elif not self._take(";"):
                body.append(self._instruction())

    def _scoped_labels(self) -> None:
        """Declares the labels of the scope that has just been opened: branches may come before them."""
        depth, at = 1, self._at
        while depth and self._tokens[at].kind != "end":
            text = self._tokens[at].text
            depth += (text == "{") - (text == "}")
            if (
                depth == 1
                and self._tokens[at].kind == "word"
                and self._tokens[at + 1].text == ":"
                and self._tokens[at - 1].text in (";", "{", "}", ":")
            ):
                self._own(text, declare=True)
            at += 1

    def _own(self, name: str, *, declare: bool = False) -> str:
        """The name that a label or register of an inner scope goes by: scopes may use the same one again."""
        if declare:
            self._made += 1
            self._scopes[-1][name] = f"{name}.{self._made}"
            return self._scopes[-1][name]
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return name

    def _inner_directive(self, function: Function) -> None:
        word = self._now.text
        if word == ".loc":
            self._next()
            self._loc()
        elif word == ".reg":
            self._next()
            self._registers(function)
        elif word in _SPACES or word in _LINKING:
            while self._now.text in _LINKING:
                self._next()
            for variable in self._variables():
                inner = len(self._scopes) > 1
                name = self._own(variable.name, declare=True) if inner else variable.name
                function.variables[name] = Variable(
                    name, variable.space, variable.type, variable.align, variable.size, variable.initial,
                    variable.relocations,
                )  # fmt: skip
        elif word == ".pragma":
            self._pragma()
        else:
            raise PtxError(f"{word!r} is not a directive known here", self._now.line)

    def _loc(self) -> None:
        file, line, column = self._integer(), self._integer(), self._integer()
        inlined = None
        while self._is(","):
            self._next()
            word = self._word()
            if word == "function_name":
                self._word()
                if self._take("+"):
                    self._integer()
            elif word == "inlined_at":
                at = (self._integer(), self._integer(), self._integer())
                inlined = self._calls.get(at, Place(*at))
        if not line:
            return
        # Where an inlined function calls another, the call itself stands in an earlier `.loc`.
        if inlined is not None and _depth(inlined) < _DEEP:
            self._calls[file, line, column] = Place(file, line, column, inlined)
        self._place = Place(file, line, column, inlined)

    def _registers(self, function: Function) -> None:
        kind = self._word()[1:]
        if kind in ("v2", "v4"):
            raise PtxError("vector registers are not supported", self._now.line)
        if kind not in SIZES:
            raise PtxError(f"registers of type .{kind}", self._now.line)
        while True:
            name = self._word()
            inner = len(self._scopes) > 1
            if self._take("<"):
                count = self._integer()
                self._want(">")
                if not 0 <= count <= 1 << 20:
                    raise PtxError(f"{count} registers", self._now.line)
                for index in range(count):
                    full = f"{name}{index}"
                    function.registers[self._own(full, declare=True) if inner else full] = kind
            else:
                function.registers[self._own(name, declare=True) if inner else name] = kind
            if not self._take(","):
                break
        self._want(";")

    def _table(self, function: Function, name: str) -> None:
        directive = self._next().text
        names = []
        while not self._take(";"):
            token = self._more()
            if token.kind == "word" and not token.text.startswith("."):
                names.append(self._own(token.text))
        function.tables[name] = tuple(names) if directive != ".callprototype" else ()

    # -- instructions

    def _instruction(self) -> Instruction:
        line = self._now.line
        guard = None
        if self._take("@"):
            negated = self._take("!")
            guard = Guard(self._own(self._word()), negated)
        opcode, *modifiers = self._word().split(".")
        operands: list[Operand] = []
        while not self._is(";"):
            operands.append(self._operand())
            if not self._take(","):
                break
        self._want(";")
        if len(operands) < LEAST.get(opcode, 0):
            raise PtxError(f"{opcode} takes {_WORDS[LEAST[opcode]]} or more", line)
        return Instruction(opcode, tuple(modifiers), tuple(operands), guard, self._place, line)

    def _operand(self) -> Operand:
        token = self._now
        if self._take("["):
            return self._address()
        if self._take("{"):
            return Vector(self._several("}", sink=True))
        if self._take("("):
            return Group(tuple(e for e in self._several(")", sink=False) if e is not None))
        if self._take("!"):
            return Negated(Reg(self._own(self._word())))
        if token.text == "_":
            self._next()
            if self._take("|"):
                return Pair(None, self._register())
            return None
        found = self._atom()
        if isinstance(found, Reg) and self._take("|"):
            return Pair(found, self._register())
        return found

    def _register(self) -> Reg | None:
        return None if self._take("_") else Reg(self._own(self._word()))

    def _several(self, close: str, *, sink: bool) -> tuple[Reg | Imm | Sym | None, ...]:
        found: list[Reg | Imm | Sym | None] = []
        while not self._take(close):
            if sink and self._take("_"):
                found.append(None)
            else:
                found.append(self._atom())
            if not self._is(close):
                self._want(",")
        return tuple(found)

    def _atom(self) -> Reg | Imm | Sym:
        negative = False
        while self._is("-") or self._is("+"):
            negative ^= self._next().text == "-"
        token = self._next()
        if token.kind in ("integer", "float"):
            found = number(token)
            return Imm(-found.value, found.bits) if negative else found
        if token.kind != "word" or negative:
            raise PtxError(f"an operand expected, found {token.text!r}", token.line)
        name = self._own(token.text)
        if name in self._known or name.startswith("%"):
            return Reg(name)
        if self._is("+") and self._tokens[self._at + 1].kind == "integer":
            self._next()
            return Sym(name, self._integer())
        return Sym(name)

    def _address(self) -> Address | Texel:
        base = self._atom()
        offset = 0
        if isinstance(base, Sym):
            base, offset = Sym(base.name), base.offset
        while self._is("+") or self._is("-"):
            if self._take("+"):
                offset += self._integer()
            else:
                offset += self._integer()
        if self._is(","):
            at: list[Operand] = []
            while self._take(","):
                at.append(self._operand())
            self._want("]")
            return Texel(base, tuple(at))
        self._want("]")
        if isinstance(base, Imm) and not isinstance(base.value, int):
            raise PtxError("an address cannot be a floating-point number", self._now.line)
        return Address(base, offset)

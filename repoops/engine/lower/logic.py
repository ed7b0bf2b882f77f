"""Logic, shifts, byte permutation.

Source: PTX ISA 9.0, "Logic and Shift Instructions", "Data Movement and Conversion Instructions: prmt".
"""

from __future__ import annotations

from repoops.engine.builder import BITS, Builder, Value, integer
from repoops.engine.lower.form import Form, form
from repoops.engine.lower.frame import Frame, Results
from repoops.ptx.syntax import SIZES, Imm, Instruction


def _type(i: Instruction) -> str:
    return "i1" if i.type == "pred" else f"i{8 * SIZES[i.type]}"


def _bitwise(f: Frame, i: Instruction) -> Results:
    kind = _type(i)
    return f.b.op(i.opcode, f.src(1, kind), f.src(2, kind))


def _not(f: Frame, i: Instruction) -> Results:
    return f.b.inv(f.src(1, _type(i)))


def _cnot(f: Frame, i: Instruction) -> Results:
    kind = _type(i)
    return f.b.cast("zext", f.b.compare("eq", f.src(1, kind), integer(0, kind)), kind)


# -- lop3


def _literal(f: Frame, i: Instruction, k: int) -> int:
    operand = i.operands[k] if k < len(i.operands) else None
    if not isinstance(operand, Imm) or not isinstance(operand.value, int):
        raise f.refuse(f"operand {k} must be an integer constant")
    return operand.value


def _pair(b: Builder, table: int, a: Value, c: Value) -> Value:
    """A function of two variables: bit `2a + c` of the table is its value."""
    zero = integer(0, a.type)
    simple = {0: zero, 15: integer(-1, a.type), 12: a, 10: c}
    if table in simple:
        return simple[table]
    if table > 7 or table in (3, 5):
        return b.inv(_pair(b, 15 ^ table, a, c)) if table != 8 else b.op("and", a, c)
    if table == 6:
        return b.op("xor", a, c)
    if table == 7:
        return b.inv(b.op("and", a, c))
    if table == 1:
        return b.inv(b.op("or", a, c))
    return b.op("and", a, b.inv(c)) if table == 4 else b.op("and", b.inv(a), c)


def _lop3(f: Frame, i: Instruction) -> Results:
    """Bit `4a + 2b + c` of the table, for each bit; `d|p` tells whether any bit is set."""
    b = f.b
    x, y, z = (f.src(k, "i32") for k in (1, 2, 3))
    table = _literal(f, i, 4)
    if not 0 <= table <= 255:
        raise f.refuse("the table has more than 8 bits")
    # With x = 0 it is a function of y and z, with x = 1 another: where they differ x decides.
    low, high = table & 15, table >> 4
    value = _pair(b, low, y, z)
    if low != high:
        value = b.op("xor", value, b.op("and", x, _pair(b, low ^ high, y, z)))
    how = next((w for w in ("and", "or", "xor") if i.has(w)), "")
    if not how:
        return value
    return value, b.op(how, b.compare("ne", value, integer(0)), f.src(5, "i1"))


# -- shifts


def _shift(f: Frame, i: Instruction) -> Results:
    """`shl`, `shr`: an amount beyond the width counts as the width."""
    b, kind = f.b, _type(i)
    a, amount, width = f.src(1, kind), f.src(2, "i32"), BITS[kind]
    name = "shl" if i.opcode == "shl" else "ashr" if i.type[0] == "s" else "lshr"
    if amount.constant:
        by = int(amount.text) & 0xFFFFFFFF
        if by >= width and name != "ashr":
            return integer(0, kind)
        return b.op(name, a, integer(min(by, width - 1), kind))
    if name == "ashr":
        return b.op(name, a, b.resize(b.intrinsic("umin", [amount, integer(width - 1)]), kind, signed=False))
    return shifted(b, name, a, amount)


def shifted(b: Builder, name: str, a: Value, amount: Value) -> Value:
    """`shl` or `lshr` by an i32 amount; zero from the width on."""
    shift = b.op(name, a, b.resize(amount, a.type, signed=False))
    return b.select(b.compare("ult", amount, integer(BITS[a.type])), shift, integer(0, a.type))


def _funnel(f: Frame, i: Instruction) -> Results:
    """`shf`: 64 bits `{b, a}` shifted; the upper (`.l`) or lower (`.r`) word of them."""
    b = f.b
    low, high, amount = (f.src(k, "i32") for k in (1, 2, 3))
    left = i.has("l")
    if left == i.has("r") or i.has("clamp") == i.has("wrap"):
        raise f.refuse("either .l or .r, and either .clamp or .wrap, is needed")
    value = b.intrinsic("fshl" if left else "fshr", [high, low, amount])
    if i.has("wrap"):
        return value
    return b.select(b.compare("ult", amount, integer(32)), value, low if left else high)


# -- prmt

_MODES = {
    "f4e": ((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 6)),
    "b4e": ((0, 7, 6, 5), (1, 0, 7, 6), (2, 1, 0, 7), (3, 2, 1, 0)),
    "rc8": ((0, 0, 0, 0), (1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 3, 3)),
    "ecl": ((0, 1, 2, 3), (1, 1, 2, 3), (2, 2, 2, 3), (3, 3, 3, 3)),
    "ecr": ((0, 0, 0, 0), (0, 1, 1, 1), (0, 1, 2, 2), (0, 1, 2, 3)),
    "rc16": ((0, 1, 0, 1), (2, 3, 2, 3), (0, 1, 0, 1), (2, 3, 2, 3)),
}
"""For each mode and selector the source bytes of result bytes 0 to 3."""


def _prmt(f: Frame, i: Instruction) -> Results:
    b = f.b
    low, high, selector = (f.src(k, "i32") for k in (1, 2, 3))
    mode = next((word for word in i.modifiers if word in _MODES), "")
    if mode:
        packed = [sum(n << 4 * k for k, n in enumerate(row)) for row in _MODES[mode]]
        if selector.constant:
            return _bytes(b, low, high, packed[int(selector.text) & 3])
        number = b.op("and", selector, integer(3))
        selector = integer(packed[0])
        for n in (1, 2, 3):
            selector = b.select(b.compare("eq", number, integer(n)), integer(packed[n]), selector)
    elif selector.constant and not int(selector.text) & 0x8888:
        return _bytes(b, low, high, int(selector.text))
    whole = b.op(
        "or", b.cast("zext", low, "i64"), b.op("shl", b.cast("zext", high, "i64"), integer(32, "i64"))
    )
    total = integer(0)
    for n in range(4):
        nibble = b.op("lshr", selector, integer(4 * n)) if n else selector
        at = b.op("shl", b.op("and", nibble, integer(7)), integer(3))
        byte = b.cast("trunc", b.op("lshr", whole, b.cast("zext", at, "i64")), "i8")
        if not mode:
            signs = b.op("ashr", byte, integer(7, "i8"))
            replicate = b.compare("ne", b.op("and", nibble, integer(8)), integer(0))
            byte = b.select(replicate, signs, byte)
        wide = b.cast("zext", byte, "i32")
        total = b.op("or", total, b.op("shl", wide, integer(8 * n))) if n else wide
    return total


def _bytes(b: Builder, low: Value, high: Value, selector: int) -> Value:
    """A permutation known beforehand: one shuffle of bytes."""
    picks = [selector >> 4 * n & 7 for n in range(4)]
    low, high = b.alike(low, high)
    lanes = b.width if low.lanes else 1
    size = 4 * lanes
    pattern = ", ".join(
        f"i32 {4 * lane + (p if p < 4 else p - 4 + size)}" for lane in range(lanes) for p in picks
    )
    one = f"<{size} x i8>"
    x, y = (b.emit(f"bitcast {v} to {one}", "i8").text for v in (low, high))
    mixed = b.emit(f"shufflevector {one} {x}, {one} {y}, {one.replace('i8', 'i32')} <{pattern}>", "i8").text
    return b.emit(f"bitcast {one} {mixed} to {low.ir_type}", "i32", lanes=low.lanes)


_BITS = "b16 b32 b64"
LOGIC: dict[str, Form] = {
    "and": form(_bitwise, f"pred {_BITS}"),
    "or": form(_bitwise, f"pred {_BITS}"),
    "xor": form(_bitwise, f"pred {_BITS}"),
    "not": form(_not, f"pred {_BITS}"),
    "cnot": form(_cnot, _BITS),
    "lop3": form(_lop3, "b32", "and or xor"),
    "shl": form(_shift, _BITS),
    "shr": form(_shift, f"{_BITS} u16 u32 u64 s16 s32 s64"),
    "shf": form(_funnel, "b32", "l r clamp wrap"),
    "prmt": form(_prmt, "b32", " ".join(_MODES)),
}

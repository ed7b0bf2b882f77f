# ruff: noqa: ARG001, ARG005 - all opcodes have one signature
"""Integer PTX instructions on Python integers, one lane at a time, written from the ISA's pseudo-code.

Source: PTX ISA 9.0, "Integer Arithmetic Instructions", "Logic and Shift Instructions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Words = Sequence[str]


def bits_of(kind: str) -> int:
    return 1 if kind == "pred" else int(kind.lstrip("busf")) if "x" not in kind else 32


def as_signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def number(value: int, kind: str) -> int:
    """The bits as the type's number."""
    bits = bits_of(kind)
    return as_signed(value, bits) if kind[0] == "s" else value & ((1 << bits) - 1)


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def cut(value: int, kind: str) -> int:
    return value & ((1 << bits_of(kind)) - 1)


def _halves(a: int) -> tuple[int, int]:
    return a & 0xFFFF, a >> 16 & 0xFFFF


def _join(low: int, high: int) -> int:
    return (low & 0xFFFF) | (high & 0xFFFF) << 16


def _pairwise(
    function: Callable[[Words, str, int, int], tuple[int, ...]], words: Words, kind: str, a: int, b: int
) -> int:
    return _join(*(function(words, kind[:3], x, y)[0] for x, y in zip(_halves(a), _halves(b), strict=True)))


def add(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    if kind.endswith("x2"):
        return (_pairwise(add, words, kind, a, b),)
    total = number(a, kind) + number(b, kind)
    if "sat" in words:
        total = clamp(total, -(1 << 31), (1 << 31) - 1)
    return (cut(total, kind),)


def sub(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    total = number(a, kind) - number(b, kind)
    if "sat" in words:
        total = clamp(total, -(1 << 31), (1 << 31) - 1)
    return (cut(total, kind),)


def mul(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    product = number(a, kind) * number(b, kind)
    bits = bits_of(kind)
    if "wide" in words:
        return (product & ((1 << 2 * bits) - 1),)
    return (cut(product >> bits if "hi" in words else product, kind),)


def mad(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    bits = bits_of(kind)
    if "wide" in words:
        return (mul(words, kind, a, b)[0] + c & ((1 << 2 * bits) - 1),)
    product = mul(words, kind, a, b)[0]
    if "sat" in words:
        return (cut(clamp(number(product, kind) + number(c, kind), -(1 << 31), (1 << 31) - 1), kind),)
    return (cut(product + c, kind),)


def _24(value: int, kind: str) -> int:
    return as_signed(value, 24) if kind[0] == "s" else value & 0xFFFFFF


def mul24(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    product = _24(a, kind) * _24(b, kind)
    return ((product >> 16 if "hi" in words else product) & 0xFFFFFFFF,)


def mad24(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    product = mul24(words, kind, a, b)[0]
    total = number(product, kind) + number(c, kind)
    if "sat" in words:
        total = clamp(total, -(1 << 31), (1 << 31) - 1)
    return (cut(total, kind),)


def sad(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    return (cut(number(c, kind) + abs(number(a, kind) - number(b, kind)), kind),)


def div(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    x, y = number(a, kind), number(b, kind)
    if y == 0:
        return (cut(-1, kind),)
    return (cut(abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1), kind),)


def rem(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    x, y = number(a, kind), number(b, kind)
    if y == 0:
        return (cut(-1, kind),)
    return (cut(abs(x) % abs(y) * (-1 if x < 0 else 1), kind),)


def absolute(words: Words, kind: str, a: int) -> tuple[int, ...]:
    return (cut(abs(number(a, kind)), kind),)


def neg(words: Words, kind: str, a: int) -> tuple[int, ...]:
    return (cut(-a, kind),)


def _extreme(choose: Callable[[int, int], int]) -> Callable[..., tuple[int, ...]]:
    def function(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
        if kind.endswith("x2"):
            return (_pairwise(function, words, kind, a, b),)
        found = choose(number(a, kind), number(b, kind))
        return (cut(max(found, 0) if "relu" in words else found, kind),)

    return function


def popc(words: Words, kind: str, a: int) -> tuple[int, ...]:
    return (a.bit_count(),)


def clz(words: Words, kind: str, a: int) -> tuple[int, ...]:
    return (bits_of(kind) - a.bit_length(),)


def bfind(words: Words, kind: str, a: int) -> tuple[int, ...]:
    msb = bits_of(kind) - 1
    if kind[0] == "s" and a >> msb:
        a = ~a & ((1 << msb + 1) - 1)
    found = -1
    for i in range(msb, -1, -1):
        if a >> i & 1:
            found = i
            break
    if "shiftamt" in words and found != -1:
        found = msb - found
    return (found & 0xFFFFFFFF,)


def brev(words: Words, kind: str, a: int) -> tuple[int, ...]:
    return (int(format(a, f"0{bits_of(kind)}b")[::-1], 2),)


def bfe(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    msb = bits_of(kind) - 1
    pos, length = b & 0xFF, c & 0xFF
    sbit = 0 if kind[0] == "u" or length == 0 else a >> min(pos + length - 1, msb) & 1
    found = 0
    for i in range(msb + 1):
        bit = a >> pos + i & 1 if i < length and pos + i <= msb else sbit
        found |= bit << i
    return (found,)


def bfi(words: Words, kind: str, a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    msb = bits_of(kind) - 1
    pos, length = c & 0xFF, d & 0xFF
    found = b
    i = 0
    while i < length and pos + i <= msb:
        found = found & ~(1 << pos + i) | (a >> i & 1) << pos + i
        i += 1
    return (found,)


def bmsk(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    a1, b1 = a & 31, b & 31
    mask0 = ~0 << a1
    total = a1 + b1
    mask1 = ~0 << total
    position = width = False
    if "clamp" in words:
        if a >= 32:
            position, mask0 = True, 0
        width = b >= 32
    if total >= 32 or position or width:
        mask1 = 0
    return (mask0 & ~mask1 & 0xFFFFFFFF,)


def szext(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    b1 = b & 31
    large = b >= 32 and "clamp" in words
    mask = 0 if large else ~0 << b1
    sign_position = b1 - 1 & 31
    sign = 0 if b1 == 0 or large or kind == "u32" else a >> sign_position & 1
    return ((a & ~mask | (mask if sign else 0)) & 0xFFFFFFFF,)


def fns(words: Words, kind: str, mask: int, base: int, offset: int) -> tuple[int, ...]:
    offset = as_signed(offset, 32)
    found = 0xFFFFFFFF
    if offset == 0:
        if mask >> base & 1:
            found = base
        return (found,)
    position, left, step = base, abs(offset) - 1, 1 if offset > 0 else -1
    while 0 <= position < 32:
        if mask >> position & 1:
            if left == 0:
                return (position,)
            left -= 1
        position += step
    return (found,)


def _bytes(a: int, count: int, *, signed: bool) -> list[int]:
    wide = 32 // count
    pieces = [a >> wide * n & (1 << wide) - 1 for n in range(count)]
    return [as_signed(p, wide) for p in pieces] if signed else pieces


def dp4a(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    first, second = (word[0] == "s" for word in words[-2:])
    products = zip(_bytes(a, 4, signed=first), _bytes(b, 4, signed=second), strict=True)
    return (c + sum(x * y for x, y in products) & 0xFFFFFFFF,)


def dp2a(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    first, second = (word[0] == "s" for word in words[-2:])
    low, high = (0, 2) if "lo" in words else (2, 4)
    products = zip(_bytes(a, 2, signed=first), _bytes(b, 4, signed=second)[low:high], strict=True)
    return (c + sum(x * y for x, y in products) & 0xFFFFFFFF,)


def lop3(words: Words, kind: str, a: int, b: int, c: int, table: int, q: int = 0) -> tuple[int, ...]:
    found = 0
    for n in range(32):
        row = (a >> n & 1) << 2 | (b >> n & 1) << 1 | c >> n & 1
        found |= (table >> row & 1) << n
    combine = {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}
    how = next((w for w in words if w in combine), "")
    return (found, combine[how](int(found != 0), q)) if how else (found,)


def shl(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    return (cut(a << min(b, bits_of(kind)), kind),)


def shr(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    return (cut(number(a, kind) >> min(b, bits_of(kind)), kind),)


def shf(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    n = c & 31 if "wrap" in words else min(c, 32)
    whole = b << 32 | a
    return ((whole << n >> 32 if "l" in words else whole >> n) & 0xFFFFFFFF,)


def prmt(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    source = [(b << 32 | a) >> 8 * n & 255 for n in range(8)]
    mode = next((w for w in ("f4e", "b4e", "rc8", "ecl", "ecr", "rc16") if w in words), "")
    s = c & 3
    if mode == "f4e":
        chosen = [s, s + 1, s + 2, s + 3]
    elif mode == "b4e":
        chosen = [s, s - 1 & 7, s - 2 & 7, s - 3 & 7]
    elif mode == "rc8":
        chosen = [s] * 4
    elif mode == "ecl":
        chosen = [max(s, n) for n in range(4)]
    elif mode == "ecr":
        chosen = [min(s, n) for n in range(4)]
    elif mode == "rc16":
        chosen = [2 * (s & 1), 2 * (s & 1) + 1] * 2
    else:
        found = 0
        for n in range(4):
            nibble = c >> 4 * n & 15
            byte = source[nibble & 7]
            if nibble & 8:
                byte = 255 if byte & 128 else 0
            found |= byte << 8 * n
        return (found,)
    return (sum(source[k] << 8 * n for n, k in enumerate(chosen)),)


def _bitwise(function: Callable[[int, int], int]) -> Callable[..., tuple[int, ...]]:
    return lambda words, kind, a, b: (cut(function(a, b), kind),)


def compare(how: str, x: int, y: int) -> bool:
    return {
        "eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y,
        "lo": x < y, "ls": x <= y, "hi": x > y, "hs": x >= y,
    }[how]  # fmt: skip


def combined(words: Words, found: bool, c: int | None) -> int:
    for word, function in (("and", int.__and__), ("or", int.__or__), ("xor", int.__xor__)):
        if word in words:
            assert c is not None
            return function(int(found), c)
    return int(found)


def setp(words: Words, kind: str, a: int, b: int, c: int | None = None) -> tuple[int, ...]:
    found = compare(words[0], number(a, kind), number(b, kind))
    return combined(words, found, c), combined(words, not found, c)


def set_(words: Words, kind: str, a: int, b: int, c: int | None = None) -> tuple[int, ...]:
    found = combined(words, compare(words[0], number(a, kind), number(b, kind)), c)
    one = {"f32": 0x3F800000, "u32": 0xFFFFFFFF, "s32": 0xFFFFFFFF}[words[-2]]
    return (one if found else 0,)


def selp(words: Words, kind: str, a: int, b: int, p: int) -> tuple[int, ...]:
    return (a if p else b,)


def slct(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    return (a if as_signed(c, 32) >= 0 else b,)


REFERENCE: dict[str, Callable[..., tuple[int, ...]]] = {
    "add": add, "sub": sub, "mul": mul, "mad": mad, "mul24": mul24, "mad24": mad24, "sad": sad, "div": div,
    "rem": rem, "abs": absolute, "neg": neg, "min": _extreme(min), "max": _extreme(max), "popc": popc, "clz": clz,
    "bfind": bfind, "brev": brev, "bfe": bfe, "bfi": bfi, "bmsk": bmsk, "szext": szext, "fns": fns, "dp4a": dp4a,
    "dp2a": dp2a, "and": _bitwise(int.__and__), "or": _bitwise(int.__or__), "xor": _bitwise(int.__xor__),
    "not": lambda words, kind, a: (cut(~a, kind),), "cnot": lambda words, kind, a: (int(a == 0),), "lop3": lop3,
    "shl": shl, "shr": shr, "shf": shf, "prmt": prmt, "setp": setp, "set": set_, "selp": selp, "slct": slct,
}  # fmt: skip
"""For each opcode `(modifiers, last type, *operands as unsigned integers) -> results`."""

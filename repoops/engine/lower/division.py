"""Integer division: vectors have none on a CPU, so up to 32 bits it goes through floating point, exactly.

A quotient a/b that is no integer lies at least 1/b from the next one, relative to it more than 2^-32
(2^-16 for 16 bits): a double (a float) rounds it to the same side, so that cutting off gives the integer.

Division by zero: the ISA leaves the result open; the cards give all ones for quotient and remainder,
and so does this.
"""

from __future__ import annotations

from repoops.engine.builder import Builder, Value, integer

_THROUGH = {"i16": "float", "i32": "double"}


def quotient(b: Builder, a: Value, c: Value, *, signed: bool) -> Value:
    """`a / c`, cut off towards zero."""
    zero = b.compare("eq", c, integer(0, c.type))
    return b.select(zero, integer(-1, c.type), _quotient(b, a, c, signed=signed))


def remainder(b: Builder, a: Value, c: Value, *, signed: bool) -> Value:
    """What is left of `a`, with its sign."""
    zero = b.compare("eq", c, integer(0, c.type))
    if c.constant or c.type == "i64" or not (a.lanes or c.lanes):
        # One machine instruction gives both, and a constant divisor is turned into a multiplication.
        safe, minus = _safe(b, c, zero, signed=signed)
        left = b.op("srem" if signed else "urem", a, safe)
        if minus is not None:
            left = b.select(minus, integer(0, c.type), left)
    else:
        left = b.op("sub", a, b.op("mul", _quotient(b, a, c, signed=signed), c))
    return b.select(zero, integer(-1, c.type), left)


def _safe(b: Builder, c: Value, zero: Value, *, signed: bool) -> tuple[Value, Value | None]:
    """A divisor that cannot trap: 1 instead of 0 and, signed, of -1 (the lowest number has no negative)."""
    minus = b.compare("eq", c, integer(-1, c.type)) if signed else None
    bad = zero if minus is None else b.op("or", zero, minus)
    return b.select(bad, integer(1, c.type), c), minus


def _quotient(b: Builder, a: Value, c: Value, *, signed: bool) -> Value:
    zero = b.compare("eq", c, integer(0, c.type))
    safe, minus = _safe(b, c, zero, signed=signed)
    if c.constant or c.type == "i64" or not (a.lanes or c.lanes):
        found = b.op("sdiv" if signed else "udiv", a, safe)
    else:
        through, sign = _THROUGH[c.type], "s" if signed else "u"
        x, y = (b.cast(f"{sign}itofp", v, through) for v in b.alike(a, safe))
        found = b.cast(f"fpto{sign}i", b.op("fdiv", x, y), c.type)
    return found if minus is None else b.select(minus, b.neg(a), found)

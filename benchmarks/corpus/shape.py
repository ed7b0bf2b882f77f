"""A launch for a kernel of which only its PTX, its signature and its file's text are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from corpus.find import body
from repoops.nvidia import limits, params

BUFFER = 64 << 20
"""Bytes of the tensor behind every pointer; random ones, again and again."""
_RANDOM = 4 << 20
_DATAFLOW = re.compile(
    r"^\s*(?:@!?%p\d+ )?(?P<op>[a-z]\w*)(?P<mods>[.\w:]*)\s+(?P<args>[^;]*);", re.MULTILINE
)
_WIDE = ("ld", "st", "atom", "red", "cp", "ldmatrix", "prefetch", "wmma")


@dataclass(frozen=True, slots=True)
class Word:
    """A value in a parameter that the kernel uses as a pointer, and what it reads there."""

    parameter: int
    offset: int
    kind: str


def block(ptx: str, entry: str, function: str, text: str) -> tuple[int, int, int]:
    """Threads: what the kernel requires, else what its launch says, else its bound, else 256."""
    inside = body(ptx, entry)
    for directive in ("reqntid",):
        if found := _directive(inside, directive):
            return found
    bound = _directive(inside, "maxntid")
    most = bound[0] * bound[1] * bound[2] if bound else 1024
    said = launched(function, text)
    if said and said[0] * said[1] * said[2] <= most:
        return said
    if "%tid.z" in inside:
        return (8, 8, 4) if most >= 256 else (most, 1, 1)
    if "%tid.y" in inside and most >= 256:
        return 16, 16, 1
    if bound:
        return bound
    return 256, 1, 1


def _directive(inside: str, name: str) -> tuple[int, int, int] | None:
    found = re.search(rf"\.{name}\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?", inside)
    return (int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None


def grid(ptx: str, entry: str) -> tuple[int, int, int]:
    """A small one along the axes that the kernel asks about."""
    inside = body(ptx, entry)
    return (4, 2 if "%ctaid.y" in inside else 1, 2 if "%ctaid.z" in inside else 1)


# -- what a launch in the source says

_LAUNCH = r"\b{name}\s*(?:<[^<>;(]*(?:\([^()]*\)[^<>;(]*)*>)?\s*<<<(?P<inside>.*?)>>>"


def launched(function: str, text: str) -> tuple[int, int, int] | None:
    """The block of a `kernel<<<grid, block>>>`, where it comes to numbers with what the file defines."""
    for hit in re.finditer(_LAUNCH.format(name=re.escape(function)), text, re.DOTALL):
        parts = _arguments(hit["inside"])
        if len(parts) < 2:
            continue
        found = _extent(parts[1], text[: hit.start()], 0)
        if found and 0 < found[0] * found[1] * found[2] <= 1024:
            return found
    return None


def _arguments(inside: str) -> list[str]:
    parts, depth = [""], 0
    for character in inside:
        depth += (character in "([{<") - (character in ")]}>")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [p.strip() for p in parts]


def _extent(words: str, before: str, depth: int) -> tuple[int, int, int] | None:
    words = words.strip().removeprefix("dim3")
    if re.fullmatch(r"\w+", words) and not words.isdigit() and depth < 4:
        found = [
            *re.finditer(
                rf"\bdim3\s+(?:[\w(),\s*/]*,\s*)?{words}\s*(?:=\s*(?:dim3)?\s*)?[({{](.*?)[)}}]\s*[;,]",
                before,
            )
        ]
        if found:
            return _extent(f"({found[-1][1]})", before, depth + 1)
    if words.startswith(("(", "{")):
        words = words[1:-1]
    numbers = [_number(part, before, 0) for part in _arguments(words)]
    if not 1 <= len(numbers) <= 3 or None in numbers:
        return None
    x, y, z = [*[n or 0 for n in numbers], 1, 1][:3]
    return x, y, z


def _number(words: str, before: str, depth: int) -> int | None:
    words = re.sub(r"\b(?:unsigned|int|size_t|const)\b", "", words)
    for name in set(re.findall(r"[A-Za-z_]\w*", words)):
        defined = [*re.finditer(rf"\b{name}\s*=\s*([^;,{{}}]+)[;,]|#define\s+{name}[ \t]+([^\n]+)", before)]
        value = (
            _number((defined[-1][1] or defined[-1][2]).split("//")[0], before, depth + 1)
            if defined and depth < 6
            else None
        )
        if value is None:
            return None
        words = re.sub(rf"\b{name}\b", str(value), words)
    if not re.fullmatch(r"[\d\s()+*/<>-]+", words):
        return None
    try:
        return int(eval(words.replace("/", "//"), {"__builtins__": {}}))  # noqa: S307 - digits and operators alone
    except (SyntaxError, ArithmeticError, TypeError):
        return None


# -- arguments


def pointers(ptx: str, entry: str) -> list[Word]:
    """Which words of the parameters become addresses: followed through moves, additions and `cvta`."""
    inside = body(ptx, entry)
    origin: dict[str, tuple[int, int]] = {}
    found: dict[tuple[int, int], str] = {}
    for _ in range(2):  # twice, for what a loop carries back
        for hit in _DATAFLOW.finditer(inside):
            op, mods, operands = hit["op"], hit["mods"], hit["args"]
            read = re.search(rf"\[{re.escape(entry)}_param_(\d+)(?:\+(\d+))?\]", operands)
            if op == "ld" and ".param" in mods and read:
                step = 8 if mods.endswith("64") else 4
                for n, register in enumerate(re.findall(r"%\w+", operands.split("[")[0])):
                    origin[register] = (int(read[1]), int(read[2] or 0) + n * step)
            elif op in _WIDE or (op == "cvta" and ".to" in mods):
                for register in re.findall(r"\[(%\w+)", operands) or (
                    re.findall(r"%\w+", operands)[1:] if op == "cvta" else []
                ):
                    if register in origin:
                        was = found.get(origin[register], "")
                        found[origin[register]] = was or (_kind(mods) if op != "cvta" else "")
                if op == "cvta":
                    _carry(operands, origin)
            elif op in ("mov", "add", "sub", "mad", "selp", "cvta") and "64" in mods:
                _carry(operands, origin)
    return [Word(number, offset, kind) for (number, offset), kind in sorted(found.items())]


def _carry(operands: str, origin: dict[str, tuple[int, int]]) -> None:
    target, *rest = re.findall(r"%\w+", operands)
    for register in rest:
        if register in origin:
            origin[target] = origin[register]


def _kind(mods: str) -> str:
    return next((word for word in reversed(mods.split(".")) if re.fullmatch(r"[bsuf]\d+", word)), "")


def declared(shown: str) -> list[str]:
    """The parameters' types of a demangled signature."""
    at = _open(shown)
    return _arguments(shown[at + 1 : shown.rindex(")")]) if 0 < at < shown.rfind(")") else []


def _open(shown: str) -> int:
    depth = 0
    for at, character in enumerate(shown.replace("(anonymous namespace)", "_anonymous_namespace_")):
        depth += (character == "<") - (character == ">")
        if character == "(" and depth == 0:
            return at
    return -1


def launches(ptx: str, entry: str, function: str, text: str) -> list[tuple[tuple[int, int, int], int]]:
    """Blocks, and what every whole number is, in the order in which they are tried."""
    first = block(ptx, entry, function, text)
    whole = sum(row.kind == "integer" and row.size == 4 for row in params.parameters(ptx, entry))
    number = 1024 if whole < 2 else 128 if whole < 4 else 64
    if "%tid.z" in body(ptx, entry):
        number = 64
    if _directive(body(ptx, entry), "reqntid"):
        return [(first, n) for n in (number, 64, 1024)]
    bound = _directive(body(ptx, entry), "maxntid")
    most = bound[0] * bound[1] * bound[2] if bound else 1024
    others = [(first, 64), (first, 1024), (first, 8), (first, 1), ((128, 1, 1), number), ((32, 1, 1), 64), ((512, 1, 1), 64),
              ((1024, 1, 1), 64), ((16, 16, 1), 64), ((32, 32, 1), 64), ((32, 8, 1), 64), ((32, 4, 1), 64), ((4, 8, 16), 64)]  # fmt: skip
    return [
        (first, number),
        *(one for one in others if one[0][0] * one[0][1] * one[0][2] <= most and one != (first, number)),
    ]


def values(ptx: str, entry: str, shown: str, size: int) -> tuple[list[object], list[np.ndarray]]:
    """An argument for every parameter, and the buffers behind the pointers."""
    types = declared(shown)
    rows = params.parameters(ptx, entry)
    words = {(w.parameter, w.offset): w.kind for w in pointers(ptx, entry)}
    kept: list[np.ndarray] = []
    given: list[object] = []
    for number, row in enumerate(rows):
        said = types[number] if len(types) == len(rows) else ""
        if row.kind == "integer" and row.size == 8 and ((number, 0) in words or said.endswith("*")):
            made = buffer(said, words.get((number, 0), ""))
            kept.append(made)
            given.append(made)
        elif row.kind == "bytes" or row.size == 16:
            pointed = {o: k for (n, o), k in words.items() if n == number}
            given.append(_struct(row.size, said, pointed, wide(ptx, entry, number), kept, size))
        elif row.kind == "float":
            given.append(np.float64(0.5) if row.size == 8 else np.float32(0.5))
        else:
            whole_number = 1 if row.size == 1 else size
            given.append(
                np.dtype(f"u{row.size}").type(0x3800 if said in ("__half", "__nv_bfloat16") else whole_number)
            )
    return given, kept


def buffer(said: str, kind: str) -> np.ndarray:
    """A tensor of small numbers of the type that the signature names, else of the one that the PTX reads."""
    return np.tile(_random(said, kind), BUFFER // _RANDOM)


def _random(said: str, kind: str) -> np.ndarray:
    random = np.random.default_rng(1)
    base = said.replace("const", "").replace("*", "").replace("&", "").strip()
    if (
        base.startswith(("float", "double"))
        or (not base and kind in ("f32", "f64"))
        or kind in ("f32", "f64")
    ):
        return random.random(_RANDOM // (8 if base.startswith("double") or kind == "f64" else 4),
                             np.float64 if base.startswith("double") or kind == "f64" else np.float32)  # fmt: skip
    if "half" in base:
        return random.random(_RANDOM // 2, np.float32).astype(np.float16)
    if "bfloat16" in base:
        return (random.random(_RANDOM // 2, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    width = (
        1
        if "char" in base or (kind.endswith("8") and not base)
        else 8
        if "long long" in base or base == "unsigned long"
        else 4
    )
    if kind.endswith("16") and base in ("", "void"):
        return random.random(_RANDOM // 2, np.float32).astype(np.float16)
    return random.integers(0, 4, _RANDOM // width, np.uint64).astype(f"u{width}")


def wide(ptx: str, entry: str, parameter: int) -> set[int]:
    """Offsets at which the kernel reads whole numbers of 8 bytes from a structure."""
    found = set()
    for vector, offset in re.findall(
        rf"ld\.param(?:\.v(\d))?\.[bsu]64\s[^\[]*\[{re.escape(entry)}_param_{parameter}(?:\+(\d+))?\]",
        body(ptx, entry),
    ):
        found |= {int(offset or 0) + 8 * n for n in range(int(vector or 1))}
    return found


def _struct(
    size: int, said: str, words: dict[int, str], longs: set[int], kept: list[np.ndarray], number: int
) -> np.void:
    """A structure: pointers where the kernel follows them, elsewhere small numbers of 4 bytes, or of 8 where it reads such."""
    raw = np.zeros(size, np.uint8)
    filler = (
        np.float32(0.5).tobytes() if said.startswith(("float", "double")) else np.uint32(number).tobytes()
    )
    for at in range(0, size - 3, 4):
        raw[at : at + 4] = np.frombuffer(filler, np.uint8)
    for offset in longs:
        raw[offset : offset + 8] = np.frombuffer(np.uint64(number).tobytes(), np.uint8)
    for offset, kind in words.items():
        if offset + 8 <= size:
            made = buffer("", kind)
            kept.append(made)
            raw[offset : offset + 8] = np.frombuffer(int(made.ctypes.data).to_bytes(8, "little"), np.uint8)
    return raw.view(f"V{size}")[0]


def dynamic(ptx: str, static: int) -> int:
    """Dynamic shared memory: what the architecture lets a block have beside what is static."""
    if not re.search(r"\.extern\s+\.shared", ptx):
        return 0
    return max(0, limits.LIMITS["sm_89"].shared_block - static) // 128 * 128

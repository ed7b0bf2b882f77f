"""The C++ standard's headers for NVRTC, which has none: stand-ins that forward to NVIDIA's `cuda::std`.

Used only where the source asks for them. What has no meaning on a device (`<iostream>`, `<vector>`)
has no stand-in: nvcc and a host compiler take such a file.
"""

from __future__ import annotations

_ALL = ("cstddef", "cstdint")
_FORWARDED = {
    "algorithm": (*_ALL, "algorithm"),
    "array": ("array",),
    "cassert": ("cassert",),
    "cfloat": ("cfloat",),
    "climits": ("climits",),
    "cmath": ("cmath",),
    "cstddef": ("cstddef",),
    "cstdint": ("cstdint",),
    "cstdio": ("cstddef",),
    "cstdlib": ("cstddef", "cstdlib"),
    "cstring": ("cstring",),
    "functional": ("functional",),
    "initializer_list": ("initializer_list",),
    "limits": ("limits",),
    "numeric": ("numeric",),
    "tuple": ("tuple",),
    "type_traits": ("type_traits",),
    "utility": ("utility",),
}
_C = {
    "assert.h": "cassert", "float.h": "cfloat", "limits.h": "climits", "math.h": "cmath", "stddef.h": "cstddef",
    "stdint.h": "cstdint", "stdio.h": "cstdio", "stdlib.h": "cstdlib", "string.h": "cstring",
}  # fmt: skip
_INTEGERS = "".join(
    f"using cuda::std::{sign}int{kind}{width}_t;\n"
    for sign in ("", "u")
    for kind in ("", "_least", "_fast")
    for width in (8, 16, 32, 64)
)
_GLOBAL = {
    "cstdint": _INTEGERS + "using cuda::std::intptr_t;\nusing cuda::std::uintptr_t;\nusing cuda::std::intmax_t;\nusing cuda::std::uintmax_t;\n",
    "cstddef": "using cuda::std::size_t;\nusing cuda::std::ptrdiff_t;\n",
}  # fmt: skip
_STD = "namespace cuda { namespace std {} }\nnamespace std { using namespace cuda::std; }\n"
_MACROS = {
    "cmath": "".join(
        f"#ifndef {name}\n#define {name} {value}\n#endif\n"
        for name, value in (
            ("INFINITY", "__int_as_float(0x7f800000)"),
            ("NAN", "__int_as_float(0x7fffffff)"),
            ("HUGE_VALF", "__int_as_float(0x7f800000)"),
            ("M_PI", "3.14159265358979323846"),
            ("M_E", "2.7182818284590452354"),
            ("M_LOG2E", "1.4426950408889634074"),
            ("M_LN2", "0.69314718055994530942"),
            ("M_SQRT2", "1.41421356237309504880"),
            ("M_2_SQRTPI", "1.12837916709551257390"),
            ("M_SQRT1_2", "0.70710678118654752440"),
        )
    ),
}


def _text(parts: tuple[str, ...]) -> str:
    includes = "".join(f"#include <cuda/std/{part}>\n" for part in parts)
    names = "".join(_GLOBAL.get(part, "") for part in parts)
    return f"#pragma once\n{includes}{names}{_MACROS.get(parts[-1], '')}{_STD}"


HEADERS = {name: _text(parts) for name, parts in _FORWARDED.items()} | {
    name: f"#pragma once\n#include <{of}>\n" for name, of in _C.items()
}
"""Name → text."""

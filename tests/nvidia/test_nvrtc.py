"""NVRTC from the wheels, for real: headers, errors as file:line with the line and a caret, and a cache that is never stale."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops import cache
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import nvrtc
from repoops.nvidia.includes import dependencies

SCALE = 'extern "C" __global__ void scale(float* x, int n) { if (threadIdx.x < n) x[threadIdx.x] *= 2.0f; }\n'


def written(folder: Path, text: str, name: str = "kernel.cu") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "header", ["cuda_fp16.h", "cuda_bf16.h", "cuda_fp8.h", "mma.h", "cuda_pipeline.h", "cooperative_groups.h", "cuda/std/limits"]
)  # fmt: skip
def test_nvidias_headers_compile_without_a_toolkit(tmp_path: Path, header: str) -> None:
    ptx, entry = nvrtc.compile_ptx(
        Kernel(written(tmp_path, f"#include <{header}>\n{SCALE}"), "scale"), "sm_90"
    )
    assert entry == "scale"
    assert ".visible .entry scale(" in ptx
    assert ".target sm_90" in ptx


def test_a_template_is_named_as_in_the_source(tmp_path: Path) -> None:
    source = written(
        tmp_path, "template <typename T, int N> __global__ void fill(T* x) { x[threadIdx.x] = T(N); }\n"
    )
    ptx, entry = nvrtc.compile_ptx(Kernel(source, "fill<float, 3>"), "sm_80")
    assert entry.startswith("_Z4fillIfLi3EE")
    assert f".entry {entry}(" in ptx


def test_defines_and_include_folders_arrive(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    written(tmp_path / "more", "constexpr int SIZE = WIDTH * 2;\n", "size.cuh")
    source = written(tmp_path, '#include "size.cuh"\nstatic_assert(SIZE == 14 && FLAG + 0 == 1);\n' + SCALE)
    kernel = Kernel(source, "scale", (("WIDTH", "7"), ("FLAG", "")), (tmp_path / "more",))
    assert "scale" in nvrtc.compile_ptx(kernel, "sm_80")[0]


def test_ptx_names_source_lines(tmp_path: Path) -> None:
    ptx, _ = nvrtc.compile_ptx(Kernel(written(tmp_path, "\n\n\n" + SCALE), "scale"), "sm_80")
    assert ".loc\t1 4 " in ptx


def refused(path: Path, name: str = "scale", arch: str = "sm_80") -> RepoOpsError:
    with pytest.raises(RepoOpsError) as caught:
        nvrtc.compile_ptx(Kernel(path, name), arch)
    return caught.value


def test_an_error_names_file_line_source_line_and_caret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = written(
        tmp_path, '// first\nextern "C" __global__ void scale(float* x)\n{\n    x[0] = missing + 1;\n}\n'
    )
    assert str(refused(source)) == (
        'kernel.cu:4: identifier "missing" is undefined\n      x[0] = missing + 1;\n             ^'
    )


def test_an_error_in_a_header_names_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "#pragma once\nint f() { return oops; }\n", "part.cuh")
    error = refused(written(tmp_path, '#include "part.cuh"\n' + SCALE))
    assert error.where == "part.cuh:2"


def test_several_errors_are_counted(tmp_path: Path) -> None:
    error = refused(
        written(tmp_path, "__device__ int f() { return a; }\n__device__ int g() { return b + c; }\n" + SCALE)
    )
    assert error.what.startswith('identifier "a" is undefined (and 2 more)\n')
    assert isinstance(error, nvrtc.CompileError)
    assert 'identifier "c" is undefined' in error.log


@pytest.mark.parametrize("name", ["scales", "helper", "scale<3>"])
def test_a_kernel_that_is_not_there_is_told_from_those_that_are(tmp_path: Path, name: str) -> None:
    source = written(
        tmp_path,
        "__device__ int helper(int i) { return i; }\n" + SCALE
        + "template <int N>\n__global__ void __launch_bounds__(N * (2 + 1), 2)\nother(int* x) { x[0] = N; }\n",
    )  # fmt: skip
    error = refused(source, name)
    assert error.what == f"there is no kernel {name!r} in this file"
    assert error.remedy == "its __global__ functions: scale, other"


def test_a_template_without_its_arguments_is_told_what_it_lacks(tmp_path: Path) -> None:
    error = refused(
        written(tmp_path, "template <typename T> __global__ void fill(T* x) { *x = 0; }\n"), "fill"
    )
    assert error.what == "'fill' alone names no kernel in this file"
    assert "a template needs its arguments (fill<float>)" in str(error.remedy)


def test_an_unknown_architecture_is_told_from_those_that_are_known(tmp_path: Path) -> None:
    error = refused(written(tmp_path, SCALE), arch="sm_999")
    assert error.what == f"this architecture is not known to NVRTC {nvrtc.version()}"
    assert "sm_80" in str(error.remedy)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert (
        str(refused(tmp_path / "no.cu")) == f"{tmp_path / 'no.cu'}: cannot be read: No such file or directory"
    )


# ---- the cache


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def planted(path: Path, **changes: str) -> None:
    """Changes an entry as only its writer could: digest and all."""
    entry = json.loads(path.read_bytes().partition(b"\n")[2]) | changes
    body = json.dumps(entry).encode()
    path.write_bytes(sha256(body).hexdigest().encode() + b"\n" + body)


def test_the_second_compilation_comes_from_the_cache(tmp_path: Path) -> None:
    keep = tmp_path / "cache"
    kernel = Kernel(written(tmp_path, SCALE), "scale")
    first = nvrtc.compile_ptx(kernel, "sm_80", keep=keep)
    (entry,) = entries(keep)
    assert nvrtc.compile_ptx(kernel, "sm_80", keep=keep) == first
    planted(entry, ptx="from the cache")
    assert nvrtc.compile_ptx(kernel, "sm_80", keep=keep) == ("from the cache", "scale")
    assert nvrtc.compile_ptx(kernel, "sm_80") == first  # without a cache nothing is taken from it


@pytest.mark.parametrize(
    "change",
    [
        lambda kernel, folder: (written(folder, SCALE + "// more\n"), kernel, "sm_80")[1:],
        lambda kernel, folder: (written(folder, "#define N 2\n", "part.cuh"), kernel, "sm_80")[1:],
        lambda kernel, _: (Kernel(kernel.source, "scale", (("X", "1"),)), "sm_80"),
        lambda kernel, _: (kernel, "sm_89"),
    ],
    ids=["source", "header", "define", "arch"],
)
def test_what_decides_the_result_decides_the_entry(tmp_path: Path, change: object) -> None:
    keep = tmp_path / "cache"
    written(tmp_path, "#define N 1\n", "part.cuh")
    kernel = Kernel(written(tmp_path, '#include "part.cuh"\n' + SCALE), "scale")
    nvrtc.compile_ptx(kernel, "sm_80", keep=keep)
    (entry,) = entries(keep)
    planted(entry, ptx="stale")
    changed, arch = change(kernel, tmp_path)  # type: ignore[operator]
    assert nvrtc.compile_ptx(changed, arch, keep=keep)[0] != "stale"


def test_a_header_that_appears_in_front_of_another_is_seen(tmp_path: Path) -> None:
    keep = tmp_path / "cache"
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
    written(tmp_path / "second", "", "part.cuh")
    kernel = Kernel(
        written(tmp_path, "#include <part.cuh>\n" + SCALE),
        "scale",
        include=(tmp_path / "first", tmp_path / "second"),
    )
    nvrtc.compile_ptx(kernel, "sm_80", keep=keep)
    planted(entries(keep)[0], ptx="stale")
    assert nvrtc.compile_ptx(kernel, "sm_80", keep=keep)[0] == "stale"
    written(tmp_path / "first", "#define SHADOWS\n", "part.cuh")
    assert nvrtc.compile_ptx(kernel, "sm_80", keep=keep)[0] != "stale"


def test_an_include_that_a_macro_computes_is_not_cached(tmp_path: Path) -> None:
    written(tmp_path, "", "part.cuh")
    kernel = Kernel(written(tmp_path, '#define PART "part.cuh"\n#include PART\n' + SCALE), "scale")
    nvrtc.compile_ptx(kernel, "sm_80", keep=tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-3], lambda _: b"", lambda raw: raw.replace(b"scale", b"scare")]
)
def test_a_damaged_entry_is_compiled_anew(tmp_path: Path, damage: object) -> None:
    keep = tmp_path / "cache"
    kernel = Kernel(written(tmp_path, SCALE), "scale")
    first = nvrtc.compile_ptx(kernel, "sm_80", keep=keep)
    (entry,) = entries(keep)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))  # type: ignore[operator]
    assert nvrtc.compile_ptx(kernel, "sm_80", keep=keep) == first
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = written(tmp_path, "a file where a folder should be", "cache")
    assert nvrtc.compile_ptx(Kernel(written(tmp_path, SCALE), "scale"), "sm_80", keep=blocked)[1] == "scale"


def test_writers_at_the_same_time_leave_a_whole_entry(tmp_path: Path) -> None:
    body = {"ptx": "x" * 200_000, "entry": "e"}

    def write_and_read(_: int) -> bool:
        cache.store(tmp_path, "name", body)
        return cache.load(tmp_path, "name") == body

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write_and_read, range(40)))
    assert [path.name for path in tmp_path.iterdir()] == ["name.json"]


def test_the_cache_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        cache.store(tmp_path, f"1{number:02}", {"n": f"{number:04}"})
    size = next(tmp_path.iterdir()).stat().st_size
    monkeypatch.setattr(cache, "MOST_BYTES", 10 * size)
    cache.store(tmp_path, "120", {"n": "0020"})  # asks nothing: its name is not one of the sixteenth that do
    assert len(list(entries(tmp_path))) == 13
    cache.store(tmp_path, "000", {"n": "0000"})
    assert {path.stem for path in entries(tmp_path)} == {"109", "110", "111", "120", "000"}  # the newest half


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"REPOOPS_CACHE": "/c", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/repoops"),
        ({"REPOOPS_CACHE": "", "HOME": "/h"}, None),
        ({}, None),
    ],
)
def test_where_the_cache_lies(environ: dict[str, str], place: str | None) -> None:
    assert cache.default_folder(environ) == (Path(place) if place else None)


# ---- what a source may include


def test_includes_are_followed_whatever_they_look_like(tmp_path: Path) -> None:
    for name in ("a.h", "b.h", "c.h", "d.h", "e.h"):
        written(tmp_path, "", name)
    written(tmp_path, "/**/ # include/*x*/\t<d.h>\n", "c.h")
    text = b'#include "a.h"\n  #  include <b.h> // why\n#inc\\\nlude "c.h"\n#if __has_include("e.h")\n#endif\n#include "none.h"\n'
    found = dependencies(tmp_path / "k.cu", text, (tmp_path,))
    assert found is None  # the comment between the words of c.h's include: not understood, so not cached
    written(tmp_path, " # include\t<d.h>\n", "c.h")
    found = dependencies(tmp_path / "k.cu", text, (tmp_path,))
    assert found is not None
    assert {Path(path).name: digest == "absent" for path, digest in found} == {
        "a.h": False, "b.h": False, "c.h": False, "d.h": False, "e.h": False, "none.h": True,
    }  # fmt: skip


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [b'#include "a.h"\n', b"\\\n", b"#", b"include ", b'"a.h"', b"<b.h>", b"\n", b"x", b"/*", b"\xff"]
        ),
        max_size=12,
    )
)
def test_any_text_has_an_answer(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp()
    found = dependencies(folder / "k.cu", b"".join(parts), (folder,))
    assert found is None or all(Path(path).name in ("a.h", "b.h") for path, _ in found)

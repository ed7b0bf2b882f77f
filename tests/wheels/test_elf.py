"""Real shared libraries, made by the compiler of this machine, and what is read from them."""

from __future__ import annotations

import dataclasses
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.hostfacts.model import Known, Unknown
from repoops.wheels import elf, wheel_file
from repoops.wheels.difference import mend
from tests.support.wheels import make_wheel
from tests.wheels.hosts import HOSTS

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None or platform.machine() != "x86_64", reason="no C++ compiler for x86_64 here"
)
WHEEL = "x-1-cp310-cp310-linux_x86_64.whl"
USES_TORCH = """
#include <string>
namespace c10 { namespace detail { void torchCheckFail(const char*, const char*, unsigned, const std::string&); } }
void f() { c10::detail::torchCheckFail("", "", 0, std::string("x")); }
"""
CALLS_NEW = """
extern "C" void* memcpy(void*, const void*, unsigned long);
void f(char* a, char* b, unsigned long n) { memcpy(a, b, n); }
"""
"""memcpy has version GLIBC_2.14 on x86_64."""


def library(folder: Path, name: str, source: str, *options: str) -> bytes:
    (folder / "x.cpp").write_text(source)
    out = folder / name
    line = ["g++", "-shared", "-fPIC", "-O0", "-fno-builtin", "-o", str(out), str(folder / "x.cpp"), *options]
    subprocess.run(line, check=True)
    raw = out.read_bytes()
    out.unlink()
    return raw


def stand_in(folder: Path, name: str) -> list[str]:
    """Options that link a library of this name, which has nothing in it."""
    place = folder / "stand-in"
    place.mkdir(exist_ok=True)
    (place / "e.cpp").write_text("")
    subprocess.run(
        ["g++", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(place / name), str(place / "e.cpp")],
        check=True,
    )
    return ["-Wl,--no-as-needed", f"-L{place}", f"-l:{name}"]


def read(folder: Path, **files: bytes) -> tuple[elf.Library, ...]:
    return elf.needs(
        make_wheel(
            folder, WHEEL, {name.replace("__", "/").replace("_so", ".so"): raw for name, raw in files.items()}
        )
    )


@pytest.mark.parametrize(("abi", "word"), [(0, "FALSE"), (1, "TRUE")])
def test_which_string_torchs_functions_are_called_with(tmp_path: Path, abi: int, word: str) -> None:
    raw = library(tmp_path, "a.so", USES_TORCH, f"-D_GLIBCXX_USE_CXX11_ABI={abi}")
    (found,) = read(tmp_path, x__a_so=raw)
    assert (found.name, found.machine, found.strings) == ("a.so", "x86_64", {word})
    fits, differs = ("l4", "colab") if word == "FALSE" else ("colab", "l4")
    assert [d.axis for d in elf.differences(HOSTS[fits], [found])] == []
    (difference,) = elf.differences(HOSTS[differs], [found])
    assert (difference.axis, difference.wheel) == ("cxx11abi", f"{word} (a.so)")
    assert difference.host == {"TRUE": "FALSE", "FALSE": "TRUE"}[word]


def test_what_a_library_defines_itself_it_does_not_ask_for(tmp_path: Path) -> None:
    source = "#include <string>\nnamespace c10 { void g(const std::string&) {} }"
    (found,) = read(tmp_path, a_so=library(tmp_path, "a.so", source, "-D_GLIBCXX_USE_CXX11_ABI=0"))
    assert found.strings == frozenset()


def test_a_library_that_asks_for_a_newer_glibc_is_found_whatever_the_tag_claims(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path, a_so=library(tmp_path, "a.so", CALLS_NEW, "-nostdlib", "-Wl,--no-as-needed", "-lc")
    )
    assert found.versions["GLIBC"] == "2.14"
    assert elf.differences(HOSTS["v100"], [found]) == ()
    (old,) = elf.differences(HOSTS["cuda10"], [found])
    assert (old.axis, old.wheel, old.host) == ("glibc", "glibc 2.14 or later (a.so)", "glibc 2.12")
    (musl,) = elf.differences(HOSTS["alpine"], [found])
    assert (musl.axis, musl.host) == ("glibc", "musl 1.2")
    (arm,) = elf.differences(HOSTS["gh200"], [found])
    assert (arm.axis, arm.wheel, arm.host) == ("platform", "x86_64 (a.so)", "Linux aarch64")
    assert elf.differences(mend(HOSTS["cuda10"], [old]), [found]) == ()


def test_a_library_that_asks_for_a_newer_libstdcxx(tmp_path: Path) -> None:
    source = '#include <stdexcept>\nvoid f() { throw std::runtime_error("x"); }'
    (found,) = read(tmp_path, a_so=library(tmp_path, "a.so", source))
    version = found.versions["GLIBCXX"]
    facts = HOSTS["l4"].with_fact("libc", Known("glibc 2.99")).with_fact("glibcxx", Known("3.3"))
    (difference,) = elf.differences(facts, [found])
    assert (difference.axis, difference.wheel, difference.host) == (
        "libstdc++", f"GLIBCXX_{version} (a.so)", "GLIBCXX_3.3",
    )  # fmt: skip
    assert elf.differences(mend(facts, [difference]), [found]) == ()
    assert elf.differences(facts.with_fact("glibcxx", Unknown("?")), [found]) == ()


def test_the_cuda_that_a_library_loads(tmp_path: Path) -> None:
    raw = library(
        tmp_path, "a.so", "int f;", *stand_in(tmp_path, "libcudart.so.12"), *stand_in(tmp_path, "libc10.so")
    )
    (found,) = read(tmp_path, a_so=raw)
    assert {"libcudart.so.12", "libc10.so"} <= set(found.libraries)
    assert elf.differences(HOSTS["l4"], [found]) == ()
    (eleven,) = elf.differences(HOSTS["old"], [found])
    assert (eleven.axis, eleven.wheel, eleven.host) == ("cuda", "CUDA 12 (libcudart.so.12 for a.so)", "11.8")
    torch, cuda = elf.differences(HOSTS["bare"], [found])
    assert (torch.axis, torch.host, cuda.axis) == ("torch", "none: torch is not installed", "cuda")


def test_a_runtime_that_the_wheel_brings_or_pip_has_installed_is_there(tmp_path: Path) -> None:
    raw = library(tmp_path, "a.so", "int f;", *stand_in(tmp_path, "libcudart.so.12"))
    (apart,) = read(tmp_path, a_so=raw)
    (path,) = (tmp_path / "stand-in").glob("libcudart*")
    brings = elf.needs(
        make_wheel(tmp_path, WHEEL, {"a.so": raw, "x.libs/libcudart.so.12": path.read_bytes()})
    )
    assert elf.differences(HOSTS["cpu"], brings) == ()
    assert [d.axis for d in elf.differences(HOSTS["cpu"], [apart])] == ["cuda"]
    has = dataclasses.replace(HOSTS["cpu"], packages={"nvidia-cuda-runtime-cu12": "12.4.127"})
    assert elf.differences(has, [apart]) == ()


def test_of_libraries_for_several_cudas_the_hosts_own_is_held_to_it(tmp_path: Path) -> None:
    twelve = library(tmp_path, "a.so", "int f;", *stand_in(tmp_path, "libcudart.so.12"))
    eleven = library(
        tmp_path,
        "a.so",
        CALLS_NEW,
        "-nostdlib",
        "-Wl,--no-as-needed",
        "-lc",
        *stand_in(tmp_path, "libcudart.so.11.0"),
    )
    found = read(tmp_path, lib_cuda124_so=twelve, lib_cuda118_so=eleven)
    assert elf.differences(HOSTS["l4"], found) == ()
    assert elf.differences(HOSTS["v100"], found) == ()
    assert [d.axis for d in elf.differences(HOSTS["b200"], found)] == ["cuda"]
    assert elf.differences(HOSTS["cpu"], found) == ()  # none of them is loaded without CUDA


def test_of_libraries_for_several_minors_the_exact_one_is_held_to_the_host(tmp_path: Path) -> None:
    plain = library(tmp_path, "a.so", "int f;", "-nostdlib")
    newer = library(tmp_path, "a.so", CALLS_NEW, "-nostdlib", "-Wl,--no-as-needed", "-lc")
    found = read(tmp_path, lib_cuda121_so=plain, lib_cuda124_so=newer)
    facts = HOSTS["cuda10"]
    assert elf.differences(facts.with_fact("cuda", Known("12.1")), found) == ()
    assert [d.axis for d in elf.differences(facts.with_fact("cuda", Known("12.4")), found)] == ["glibc"]
    assert [d.axis for d in elf.differences(facts.with_fact("cuda", Known("12.6")), found)] == ["glibc"]


def test_what_is_no_library_is_passed_over_and_no_wheel_is_an_error(tmp_path: Path) -> None:
    assert read(tmp_path, a_so=b"INPUT(libx.so.1)", b_so=b"") == ()
    (tmp_path / "y.whl").write_bytes(b"no zip")
    with pytest.raises(RepoOpsError, match="no wheel"):
        elf.needs(tmp_path / "y.whl")


def test_what_can_be_imported_from_a_wheel(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path, WHEEL,
        {"flash_attn/__init__.py": "", "flash_attn/x/__init__.py": "", "flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so": "",
         "hopper/interface.py": "", "x-1.data/purelib/one.py": "", "x.libs/libz.so": "", "README": ""},
    )  # fmt: skip
    assert wheel_file.modules(path, "flash-attn") == ("flash_attn",)
    assert wheel_file.modules(path, "other") == ("flash_attn", "flash_attn_2_cuda", "one")

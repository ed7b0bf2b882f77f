from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.tags import sys_tags

from repoops.errors import RepoOpsError
from repoops.hostfacts import ask
from repoops.hostfacts.model import Absent, Fact, HostFacts, Known, Unknown
from repoops.remote.ssh import Answered, Host, LinkLost, remote_command
from tests.support.sshd import Sshd, sshd


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("host") / "sshd") as made:
        yield made


@pytest.fixture
def there(server: Sshd) -> Iterator[Path]:
    """A folder that comes first on the host's PATH, empty again after each test."""
    yield server.bin
    for path in server.bin.iterdir():
        path.unlink()


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def answer(server: Sshd, about: str, python: str = sys.executable) -> dict[str, Fact]:
    (question,) = [q for q in ask.QUESTIONS if q.about == about]
    return ask.answer(server.host(), python, question)


def test_every_command_is_one_short_line() -> None:
    for question in ask.QUESTIONS:
        line = remote_command(["python3" if part == "PYTHON" else part for part in question.argv])
        assert len(line) <= ask.LONGEST, (question.about, len(line))
        assert "<<" not in line


@pytest.fixture(scope="module")
def facts(server: Sshd) -> HostFacts:
    return ask.ask(server.host(), sys.executable)


def test_the_facts_of_this_machine_over_ssh(facts: HostFacts) -> None:
    assert facts.python == Known(platform.python_version())
    assert facts.implementation == Known(sys.implementation.name)
    assert facts.abi == Known(next(iter(sys_tags())).abi)
    assert facts.system == Known(platform.system())
    assert facts.machine == Known(platform.machine())
    assert facts.libc == Known(os.confstr("CS_GNU_LIBC_VERSION") or "")
    assert isinstance(facts.glibcxx, Known)
    assert facts.glibcxx.value.startswith("3.4.")
    assert isinstance(facts.disk_free, Known)
    assert facts.repoops == Known(metadata.version("repoops"))
    assert not isinstance(facts.packages, Unknown)
    assert facts.packages["markdown-it-py"] == metadata.version("markdown-it-py")


def test_torch_says_itself_what_it_was_built_for(facts: HostFacts) -> None:
    torch = pytest.importorskip("torch")
    cuda = torch.version.cuda
    assert facts.torch == Known(torch.__version__)
    assert facts.cuda == (Known(cuda) if cuda else Absent("torch is built for the CPU"))
    assert facts.cxx11abi == Known(str(torch._C._GLIBCXX_USE_CXX11_ABI).upper())


@pytest.mark.parametrize(
    ("script", "torch", "cuda", "cxx11abi"),
    [
        ("echo '2.6.0+cu124|12.4|FALSE'\n", Known("2.6.0+cu124"), Known("12.4"), Known("FALSE")),
        ("echo welcome; echo; echo '2.6.0|12.4|TRUE'\n", Known("2.6.0"), Known("12.4"), Known("TRUE")),
        ("echo '2.7.0+rocm6.3|ROCm 6.3.42131-fa1d09cbd|TRUE'\n",
         Known("2.7.0+rocm6.3"), Known("ROCm 6.3.42131-fa1d09cbd"), Known("TRUE")),
        ("echo '2.6.0+cpu|-|FALSE'\n", Known("2.6.0+cpu"), Absent("torch is built for the CPU"), Known("FALSE")),
        ("echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1\n", *[Absent("torch is not installed")] * 3),
        ("echo 'ImportError: libcudart.so.12: cannot open shared object file' >&2; exit 1\n",
         *[Unknown("ImportError: libcudart.so.12: cannot open shared object file")] * 3),
        ("echo yes\n", *[Unknown("the answer is not understood: 'yes'")] * 3),
        ("exit 127\n", *[Absent("this Python is not there")] * 3),
        ("exit 3\n", *[Unknown("exit status 3")] * 3),
    ],
)  # fmt: skip
def test_what_torch_answers(
    server: Sshd, there: Path, script: str, torch: Fact, cuda: Fact, cxx11abi: Fact
) -> None:
    program(there, "python-there", script)
    assert answer(server, "torch", "python-there") == {"torch": torch, "cuda": cuda, "cxx11abi": cxx11abi}


@pytest.mark.parametrize(
    ("script", "gpu", "driver", "capability"),
    [
        ("echo 'NVIDIA L4, 550.54.15, 8.9'\n", Known("NVIDIA L4"), Known("550.54.15"), Known("8.9")),
        ("echo 'Tesla V100, 470.82.01, [N/A]'\n", Known("Tesla V100"), Known("470.82.01"),
         Unknown("the answer is not understood: '[N/A]'")),
        ('echo "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."; exit 9\n',
         *[Unknown("nvidia-smi failed: NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.")] * 3),
        ("echo No devices were found; exit 6\n", *[Unknown("nvidia-smi failed: No devices were found")] * 3),
        ("echo Field is not valid\n", *[Unknown("nvidia-smi answered what is not understood: 'Field is not valid'")] * 3),
    ],
)  # fmt: skip
def test_what_the_driver_answers(
    server: Sshd, there: Path, script: str, gpu: Fact, driver: Fact, capability: Fact
) -> None:
    program(there, "nvidia-smi", script)
    found = answer(server, "card")
    assert found == {"gpu": gpu, "driver": driver, "compute_capability": capability}


def test_a_host_without_the_driver_has_no_card(server: Sshd) -> None:
    assert answer(server, "card") == dict.fromkeys(
        ("gpu", "driver", "compute_capability"), Absent("nvidia-smi is not there: no NVIDIA driver")
    )


def test_musl_is_asked_where_glibc_does_not_answer(server: Sshd, there: Path) -> None:
    program(there, "getconf", 'echo "getconf: GNU_LIBC_VERSION: unknown variable" >&2; exit 1\n')
    program(
        there, "ldd", "printf 'musl libc (x86_64)\\nVersion 1.2.4\\nDynamic Program Loader\\n' >&2; exit 1\n"
    )
    program(there, "python-there", "echo x\n")
    assert ask.ask(server.host(), "python-there").libc == Known("musl 1.2")


@pytest.mark.parametrize(
    ("soabi", "version", "unlocked", "tag"),
    [
        ("cpython-311-x86_64-linux-gnu", "3.11.7", False, Known("cp311")),
        ("cpython-37m-x86_64-linux-gnu", "3.7.16", False, Known("cp37m")),
        ("cpython-313t-aarch64-linux-gnu", "3.13.0", True, Known("cp313t")),
        ("cpython-314d-x86_64-linux-gnu", "3.14.0", False, Known("cp314d")),
        ("pypy310-pp73-x86_64-linux-gnu", "3.10.14", False, Known("pypy310_pp73")),
        ("None", "3.12.1", False, Known("cp312")),
        ("None", "3.13.1", True, Known("cp313t")),
        ("graalpy242-311-native-x86_64-linux", "3.11.7", False,
         Unknown("SOABI is not understood: 'graalpy242-311-native-x86_64-linux'")),
    ],
)  # fmt: skip
def test_an_abi_tag_is_read_from_soabi(soabi: str, version: str, unlocked: bool, tag: Fact) -> None:
    assert ask.abi_tag(soabi, version, unlocked=unlocked) == tag


def test_a_host_that_is_not_reached_is_no_set_of_unknown_facts(server: Sshd) -> None:
    with pytest.raises(LinkLost):
        ask.ask(server.host(port=1), sys.executable)


def test_no_answer_makes_the_readers_fail() -> None:
    for question in ask.QUESTIONS:
        for out in (b"", b"\xff\n", b"|", b"|||", b"a|b|c|d", b"[]", b"[1]", b"{}", b"a, b, c"):
            for rc in (0, 1, 127):
                found = question.read(Answered(rc, out, b""))
                assert all(isinstance(f, (Known, Absent, Unknown, dict)) for f in found.values())
                HostFacts(**found)


def test_ssh_that_refuses_is_told_as_ssh_says_it() -> None:
    with pytest.raises(RepoOpsError, match="not a host"):
        ask.ask(Host("x", "-oProxyCommand=touch x"), "python3")

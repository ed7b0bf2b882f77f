from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repoops import __version__, doctor_on
from repoops.doctor import Diagnosis
from tests.support.repo import Repo
from tests.support.sshd import Sshd, sshd

ANSWERS = {
    "platform.python_version": "3.11.7", "p.python_version": "3.11.7|cpython|cpython-311-x86_64-linux-gnu|None",
    "import torch": "2.6.0+cu124|12.4|FALSE", "libstdc++": "3.4.30|1.3.13",
    "metadata": f'[["repoops", "{__version__}"], ["torch", "2.6.0"]]', "disk_usage": str(40 << 30),
    "-m pip --version": "pip 24.0 from /usr/lib (python 3.11)",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("host") / "sshd") as made:
        yield made


@pytest.fixture
def there(server: Sshd) -> Iterator[Sshd]:
    """A rented machine in good order: a Python that answers at once, a card, its driver."""
    python(server, ANSWERS)
    program(server, "nvidia-smi", "echo 'NVIDIA L4, 550.54.15, 8.9'\n")
    program(server, "getconf", "echo glibc 2.35\n")
    program(server, "uname", "echo Linux x86_64\n")
    program(server, "git", "echo git version 2.39.5\n")
    program(server, "id", "echo 1000\n")
    program(server, "sudo", "echo /usr/sbin/poweroff\n")
    yield server
    for path in server.bin.iterdir():
        path.unlink()


def program(server: Sshd, name: str, script: str) -> None:
    path = server.bin / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def python(server: Sshd, answers: dict[str, str], ahead_s: int = 0) -> None:
    cases = "".join(f"*{sign!r}*) echo '{word}'; exit 0;;\n" for sign, word in answers.items())
    clock = f"*time.time*) exec {sys.executable} -c 'import time;print(time.time()+{ahead_s})';;\n"
    program(server, "python-there", f'case "$*" in\n{clock}{cases}esac\nexit 1\n')


def found(server: Sshd) -> dict[str, Diagnosis]:
    return {d.name: d for d in doctor_on.examine(server.host(), "python-there")}


def test_a_host_in_good_order(there: Sshd) -> None:
    seen = found(there)
    assert seen.pop("ssh").ok
    assert {name: (d.found, d.ok, d.needed_for, d.remedy) for name, d in seen.items()} == {
        "Python": ("3.11.7 (cp311)", True, "remote", ""),
        "pip": ("24.0", True, "kernels", ""),
        "git": ("git version 2.39.5", True, "remote", ""),
        "disk": ("40.0 GiB free", True, "remote", ""),
        "clock": ("as here, to within 5 s", True, "kernels", ""),
        "C library": ("glibc 2.35, x86_64", True, "kernels", ""),
        "GPU": ("NVIDIA L4 (driver 550.54.15, sm_89)", True, "gpu", ""),
        "torch": ("2.6.0+cu124, cxx11abi FALSE", True, "kernels", ""),
        "CUDA of torch": ("12.4", True, "gpu", ""),
        "repoops": (__version__, True, "kernels", ""),
        "power off": ("without a password", True, "shutdown", ""),
    }


def test_each_lack_is_named_with_its_remedy(there: Sshd) -> None:
    lacking = {
        **ANSWERS, "p.python_version": "3.9.2|cpython|cpython-39-x86_64-linux-gnu|None", "import torch": "2.6.0+cpu|-|TRUE",
        "metadata": "[]", "disk_usage": str(1 << 30),
    }  # fmt: skip
    del lacking["-m pip --version"]
    python(there, lacking, ahead_s=100)
    program(there, "nvidia-smi", "exit 127\n")
    program(there, "getconf", "exit 1\n")
    program(there, "ldd", "printf 'musl libc (x86_64)\\nVersion 1.2.4\\n' >&2; exit 1\n")
    program(there, "git", "exit 127\n")
    program(there, "sudo", "echo 'sudo: a password is required' >&2; exit 1\n")
    seen = found(there)
    assert seen.pop("ssh").ok
    assert seen.pop("torch").ok
    assert {name: (d.found, d.ok, d.remedy) for name, d in seen.items()} == {
        "Python": ("3.9.2 (cp39)", False, "install Python 3.10 or later there, or name another: --python PATH"),
        "pip": ("exit status 1", False, f"ssh -F {there.folder}/ssh_config -p {there.port} loopback python-there -m ensurepip"),
        "git": ("not on PATH", False, "install git there with the system's package manager"),
        "disk": ("1.0 GiB free", False, "make room there, or rent a larger disk"),
        "clock": (seen["clock"].found, False, "set it there: sudo timedatectl set-ntp true"),
        "C library": ("musl 1.2, x86_64", False, "take an image with glibc: wheels of torch and CUDA are made for no other"),
        "GPU": ("nvidia-smi is not there: no NVIDIA driver", False, "install NVIDIA's driver there"),
        "CUDA of torch": (
            "torch is built for the CPU", False,
            "install a torch that is built for CUDA there: repoops wheels check torch --on loopback",
        ),
        "repoops": (
            f"repoops is not installed, here {__version__}", False,
            f"install the same there: python-there -m pip install 'repoops[kernels]=={__version__}'",
        ),
        "power off": (
            "no: sudo: a password is required", False,
            "allow it there, for `hosts: NAME: shutdown`: sudoers line `LOGIN ALL=NOPASSWD: /usr/sbin/poweroff`",
        ),
    }  # fmt: skip
    ahead = int(seen["clock"].found.removesuffix(" s ahead of this machine"))
    assert 60 <= ahead <= 100


def test_a_driver_too_old_for_torchs_cuda(there: Sshd) -> None:
    program(there, "nvidia-smi", "echo 'Tesla V100, 470.82.01, 7.0'\n")
    cuda = found(there)["CUDA of torch"]
    assert (cuda.found, cuda.ok, cuda.remedy) == (
        "12.4, which asks for driver 525 or later", False,
        "install driver 525 or later there, or a torch for an older CUDA",
    )  # fmt: skip


def test_a_driver_that_does_not_answer(there: Sshd) -> None:
    program(there, "nvidia-smi", "echo NVIDIA-SMI has failed; exit 9\n")
    gpu = found(there)["GPU"]
    assert (gpu.found, gpu.ok, gpu.remedy) == (
        "nvidia-smi failed: NVIDIA-SMI has failed", False, "see there: nvidia-smi; dmesg",
    )  # fmt: skip


def test_root_powers_off_without_sudo(there: Sshd) -> None:
    program(there, "id", "echo 0\n")
    program(there, "sudo", "exit 1\n")
    program(there, "poweroff", "")
    assert found(there)["power off"].ok


def test_a_host_that_is_not_reached_is_one_line(server: Sshd) -> None:
    (only,) = doctor_on.examine(server.host(port=1), "python3")
    assert (only.name, only.ok, only.needed_for, only.remedy) == (
        "ssh",
        False,
        "remote",
        f"see why: ssh -F {server.folder}/ssh_config -p 1 loopback true",
    )
    assert only.found.startswith("the connection failed: ")


def test_the_command_takes_the_host_from_the_configuration(there: Sshd, repo: Repo, tmp_path: Path) -> None:
    options = ["-F", f"{there.folder}/ssh_config", "-p", str(there.port)]
    repo.write(
        "repoops.yaml",
        f"hosts:\n  box:\n    ssh: loopback\n    options: {json.dumps(options)}\n    folder: {tmp_path / 'there'}\n"
        "    python: python-there\n",
    )
    program(there, "nvidia-smi", "exit 127\n")
    said = repo.repoops("doctor", "--on", "box", "--json")
    assert (said.stderr, said.code) == ("", 1)
    report = json.loads(said.stdout)
    assert (report["schema"], report["host"]) == ("repoops/doctor/1", "box")
    assert [d["name"] for d in report["found"] if not d["ok"]] == ["GPU"]

"""Asks a host for its facts, each by one short command over SSH: no script is left there, no terminal is needed.

Nothing is inferred: the C++ ABI is what torch says of itself, not what its version usually has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from repoops.hostfacts import patient
from repoops.hostfacts.model import Absent, Fact, HostFacts, Known, Unknown, understood
from repoops.progress import Progress, silent
from repoops.remote.ssh import Answered, Host

AT_ONCE = 4
"""Connections at a time: well below the ten that sshd lets begin together (MaxStartups)."""
LONGEST = 300
"""Characters of a command line, quoting included: what still can be read, typed and repeated by hand."""


@dataclass(frozen=True, slots=True)
class Question:
    """One command, and how its answer is read.

    `PYTHON` in `argv` stands for the interpreter that is asked about.
    """

    about: str
    argv: tuple[str, ...]
    read: Callable[[Answered], dict[str, Any]]
    timeout_s: float = 30.0


def ask(host: Host, python: str, progress: Progress = silent) -> HostFacts:
    """All facts of a host, for the Python that is to be installed into.

    Raises:
        LinkLost: the host is not reached, however often it is tried.
        RepoOpsError: ssh itself cannot work: not installed, key refused, host key unknown.
    """
    found: dict[str, Any] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda question: answer(host, python, question), QUESTIONS)
        for number, (question, brought) in enumerate(zip(QUESTIONS, answers, strict=True), 1):
            found.update(brought)
            progress(number, len(QUESTIONS), question.about)
    if not isinstance(found["libc"], Known):
        found.update(answer(host, python, _MUSL))
    return HostFacts(**found)


def answer(host: Host, python: str, question: Question) -> dict[str, Any]:
    """What one question brings: fact → value."""
    argv = [python if part == "PYTHON" else part for part in question.argv]
    return question.read(patient.run(host, argv, timeout_s=question.timeout_s))


def _line(answered: Answered) -> str:
    """The last line of the answer: what a login script prints stands before it."""
    lines = answered.stdout.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _failed(answered: Answered, program: str) -> Absent | Unknown | None:
    if answered.rc == 0:
        return None
    if answered.rc == 127:
        return Absent(f"{program} is not there")
    return Unknown(answered.last_words()[:200])


def _read_python(answered: Answered) -> dict[str, Any]:
    if failed := _failed(answered, "this Python"):
        return {"python": failed, "implementation": failed, "abi": failed}
    parts = _line(answered).split("|")
    if len(parts) != 4:
        unknown = Unknown(f"the answer is not understood: {_line(answered)[:60]!r}")
        return {"python": unknown, "implementation": unknown, "abi": unknown}
    version, implementation, soabi, unlocked = parts
    return {
        "python": understood("python", version),
        "implementation": understood("implementation", implementation),
        "abi": abi_tag(soabi, version, unlocked=unlocked == "1"),
    }


def abi_tag(soabi: str, version: str, *, unlocked: bool) -> Fact:
    """The ABI tag that `SOABI` stands for: `cpython-311-x86_64-linux-gnu` is `cp311`.

    Source: PEP 3149; packaging.tags does the same.
    """
    if found := re.match(r"cpython-(\w+?)(?:-|$)", soabi):
        return Known(f"cp{found[1]}")
    if found := re.match(r"(pypy\d+)-(pp\d+)", soabi):
        return Known(f"{found[1]}_{found[2]}")
    if soabi == "None":
        digits = "".join(version.split(".")[:2])
        return Known(f"cp{digits}{'t' if unlocked else ''}")
    return Unknown(f"SOABI is not understood: {soabi!r}")


def _read_torch(answered: Answered) -> dict[str, Any]:
    failed = _failed(answered, "this Python")
    if failed is not None:
        words = failed.why
        if "No module named 'torch'" in words:
            failed = Absent("torch is not installed")
        return {"torch": failed, "cuda": failed, "cxx11abi": failed}
    parts = _line(answered).split("|")
    if len(parts) != 3:
        unknown = Unknown(f"the answer is not understood: {_line(answered)[:60]!r}")
        return {"torch": unknown, "cuda": unknown, "cxx11abi": unknown}
    version, cuda, abi = parts
    return {
        "torch": understood("torch", version),
        "cuda": Absent("torch is built for the CPU") if cuda == "-" else understood("cuda", cuda),
        "cxx11abi": understood("cxx11abi", abi),
    }


def _read_uname(answered: Answered) -> dict[str, Any]:
    failed = _failed(answered, "uname")
    system, _, machine = _line(answered).partition(" ")
    return {
        "system": failed or understood("system", system),
        "machine": failed or understood("machine", machine),
    }


def _read_libc(answered: Answered) -> dict[str, Any]:
    return {"libc": _failed(answered, "getconf") or understood("libc", _line(answered))}


def _read_musl(answered: Answered) -> dict[str, Any]:
    words = (answered.stdout + answered.stderr).decode("utf-8", "replace")
    found = re.search(r"musl libc[^\n]*\nVersion (\d+\.\d+)", words)
    return {"libc": Known(f"musl {found[1]}") if found else Unknown("neither glibc nor musl answered")}


def _read_card(answered: Answered) -> dict[str, Any]:
    names = ("gpu", "driver", "compute_capability")
    failed = _failed(answered, "nvidia-smi")
    if isinstance(failed, Absent):
        return dict.fromkeys(names, Absent("nvidia-smi is not there: no NVIDIA driver"))
    if failed is not None:
        line = _line(answered) or failed.why
        return dict.fromkeys(names, Unknown(f"nvidia-smi failed: {line[:160]}"))
    parts = [part.strip() for part in _line(answered).split(",")]
    if len(parts) != 3:
        return dict.fromkeys(
            names, Unknown(f"nvidia-smi answered what is not understood: {_line(answered)[:60]!r}")
        )
    return {name: understood(name, part) for name, part in zip(names, parts, strict=True)}


def _read_container(answered: Answered) -> dict[str, Any]:
    if answered.rc == 1:
        return {"container": Absent("NVIDIA_PYTORCH_VERSION is not set: none of NVIDIA's containers")}
    return {"container": _failed(answered, "printenv") or understood("container", _line(answered))}


def _read_one(name: str) -> Callable[[Answered], dict[str, Any]]:
    def read(answered: Answered) -> dict[str, Any]:
        return {name: _failed(answered, "this Python") or understood(name, _line(answered))}

    return read


def _read_runtime(answered: Answered) -> dict[str, Any]:
    failed = _failed(answered, "this Python")
    glibcxx, _, cxxabi = _line(answered).partition("|")
    return {
        "glibcxx": failed or understood("glibcxx", glibcxx),
        "cxxabi": failed or understood("cxxabi", cxxabi),
    }


def _read_packages(answered: Answered) -> dict[str, Any]:
    failed = _failed(answered, "this Python")
    if failed is not None:
        return {"packages": Unknown(failed.why), "repoops": Unknown(failed.why)}
    try:
        listed = json.loads(_line(answered))
        found = {re.sub(r"[-_.]+", "-", str(name)).lower(): str(version) for name, version in listed if name}
    except (ValueError, TypeError):
        unknown = Unknown(f"the answer is not understood: {_line(answered)[:60]!r}")
        return {"packages": unknown, "repoops": unknown}
    there = found.get("repoops")
    return {"packages": found, "repoops": Known(there) if there else Absent("repoops is not installed")}


# With double quotes inside, so that the shell's single ones go around the whole and nothing is escaped.
_ASK_PYTHON = (
    "import sys,platform as p,sysconfig as c;v=c.get_config_var;"
    'print(p.python_version(),sys.implementation.name,v("SOABI"),v("Py_GIL_DISABLED"),sep="|")'
)
_ASK_TORCH = (
    'import torch as t;v=t.version;h=getattr(v,"hip",None);'
    'print(t.__version__,v.cuda or h and "ROCm "+h or "-",str(t._C._GLIBCXX_USE_CXX11_ABI).upper(),sep="|")'
)
_ASK_RUNTIME = (
    'import ctypes,re;ctypes.CDLL("libstdc++.so.6");m=open("/proc/self/maps").read();'
    r'd=open(re.search(r"/\S+libstdc\S+",m)[0],"rb").read();k=lambda s:[*map(int,s.split(b"."))];'
    r'print(*[max(re.findall(w+rb"_(\d[.\d]+)",d),key=k).decode()for w in(b"GLIBCXX",b"CXXABI")],sep="|")'
)
_ASK_PACKAGES = (
    "import json;from importlib import metadata as m;"
    'print(json.dumps([(d.metadata["Name"],d.version)for d in m.distributions()]))'
)
_ASK_DISK = 'import shutil,sysconfig as c;print(shutil.disk_usage(c.get_path("purelib")).free)'

QUESTIONS = (
    Question("Python", ("PYTHON", "-c", _ASK_PYTHON), _read_python),
    Question("machine", ("uname", "-sm"), _read_uname),
    Question("C library", ("getconf", "GNU_LIBC_VERSION"), _read_libc),
    Question("torch", ("PYTHON", "-c", _ASK_TORCH), _read_torch, 180.0),  # the first import reads gigabytes
    Question("libstdc++", ("PYTHON", "-c", _ASK_RUNTIME), _read_runtime),
    Question("card",
             ("nvidia-smi", "-i", "0", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"),
             _read_card),
    Question("container", ("printenv", "NVIDIA_PYTORCH_VERSION"), _read_container),
    Question("packages", ("PYTHON", "-c", _ASK_PACKAGES), _read_packages, 60.0),
    Question("disk", ("PYTHON", "-c", _ASK_DISK), _read_one("disk_free")),
)  # fmt: skip
_MUSL = Question("musl", ("ldd", "--version"), _read_musl)

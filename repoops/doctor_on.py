"""What a host has of what RepoOps needs there, and the one command that mends each lack; each fact by one short command."""

from __future__ import annotations

import re
import shlex
from concurrent.futures import ThreadPoolExecutor

from repoops import __version__, clock
from repoops.doctor import Diagnosis
from repoops.hostfacts import ask, patient
from repoops.hostfacts.model import Fact, HostFacts, Known, Unknown
from repoops.progress import Progress, silent
from repoops.remote.ssh import Answered, Host, LinkLost, by_hand
from repoops.wheels.built_for import least_driver

MUST = ("remote", "gpu")
"""What `doctor --on` fails for: without it nothing of ours runs there, or not on the card."""
_ROOM = 2 << 30
_SKEW_S = 5.0
"""Clocks that differ by less are one: ours is read to the second."""
_POWER_OFF = 'if [ "$(id -u)" = 0 ]; then command -v poweroff; else sudo -n -l poweroff; fi'


def examine(host: Host, python: str, progress: Progress = silent) -> list[Diagnosis]:
    """Looks at a host; changes nothing there and starts no GPU work.

    Raises:
        RepoOpsError: ssh itself cannot work: not installed, key refused, host key unknown.
    """
    begun = clock.monotonic()
    try:
        patient.run(host, ["true"], timeout_s=30)
    except LinkLost as lost:
        return [Diagnosis("ssh", lost.what, False, "remote", f"see why: {by_hand(host, 'true')}")]
    trip_s = clock.monotonic() - begun
    facts = ask.ask(host, python, progress)
    with ThreadPoolExecutor(ask.AT_ONCE) as pool:
        pip = pool.submit(_pip, host, python)
        git = pool.submit(_git, host)
        skew = pool.submit(_clock, host, python)
        power_off = pool.submit(_power_off, host)
    return [
        Diagnosis("ssh", f"answers, {trip_s:.2f} s for a call", True, "remote"),
        _python(facts),
        pip.result(),
        git.result(),
        _disk(facts),
        skew.result(),
        _libc(facts),
        _gpu(facts),
        _torch(facts),
        _cuda(facts, host.name),
        _repoops(facts, python),
        power_off.result(),
    ]


def _python(facts: HostFacts) -> Diagnosis:
    found = _words(facts.python)
    version = re.match(r"(\d+)\.(\d+)", found)
    fits = (
        isinstance(facts.python, Known)
        and version is not None
        and (int(version[1]), int(version[2])) >= (3, 10)
    )
    abi = f" ({facts.abi.value})" if isinstance(facts.abi, Known) else ""
    remedy = "install Python 3.10 or later there, or name another: --python PATH"
    return Diagnosis("Python", f"{found}{abi}", fits, "remote", "" if fits else remedy)


def _pip(host: Host, python: str) -> Diagnosis:
    answered = patient.run(host, [python, "-m", "pip", "--version"], timeout_s=60)
    found = re.match(r"pip (\S+)", _line(answered))
    remedy = by_hand(host, python, "-m", "ensurepip")
    if found:
        return Diagnosis("pip", found[1], True, "kernels")
    return Diagnosis("pip", answered.last_words(), False, "kernels", remedy)


def _git(host: Host) -> Diagnosis:
    answered = patient.run(host, ["git", "--version"], timeout_s=30)
    found = answered.rc == 0
    remedy = "install git there with the system's package manager"
    return Diagnosis(
        "git", _line(answered) if found else "not on PATH", found, "remote", "" if found else remedy
    )


def _disk(facts: HostFacts) -> Diagnosis:
    if not isinstance(facts.disk_free, Known):
        return Diagnosis("disk", _words(facts.disk_free), False, "remote", "see by hand: df -h")
    free = int(facts.disk_free.value)
    fits = free >= _ROOM
    remedy = "make room there, or rent a larger disk"
    return Diagnosis("disk", f"{free / (1 << 30):.1f} GiB free", fits, "remote", "" if fits else remedy)


def _clock(host: Host, python: str) -> Diagnosis:
    before = clock.now().timestamp()
    answered = patient.run(host, [python, "-c", "import time;print(time.time())"], timeout_s=30)
    after = clock.now().timestamp() + 1
    try:
        there = float(_line(answered))
    except ValueError:
        return Diagnosis("clock", answered.last_words(), False, "kernels", "see by hand: date")
    skew = there - before if there < before else there - after if there > after else 0.0
    if abs(skew) <= _SKEW_S:
        return Diagnosis("clock", f"as here, to within {_SKEW_S:g} s", True, "kernels")
    words = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine"
    return Diagnosis("clock", words, False, "kernels", "set it there: sudo timedatectl set-ntp true")


def _libc(facts: HostFacts) -> Diagnosis:
    fits = isinstance(facts.libc, Known) and facts.libc.value.startswith("glibc")
    machine = f", {facts.machine.value}" if isinstance(facts.machine, Known) else ""
    remedy = "take an image with glibc: wheels of torch and CUDA are made for no other"
    return Diagnosis("C library", f"{_words(facts.libc)}{machine}", fits, "kernels", "" if fits else remedy)


def _gpu(facts: HostFacts) -> Diagnosis:
    if not isinstance(facts.driver, Known):
        remedy = (
            "install NVIDIA's driver there"
            if not isinstance(facts.driver, Unknown)
            else "see there: nvidia-smi; dmesg"
        )
        return Diagnosis("GPU", _words(facts.driver), False, "gpu", remedy)
    arch = facts.compute_capability
    sm = f", sm_{arch.value.replace('.', '')}" if isinstance(arch, Known) else ""
    return Diagnosis("GPU", f"{_words(facts.gpu)} (driver {facts.driver.value}{sm})", True, "gpu")


def _torch(facts: HostFacts) -> Diagnosis:
    if not isinstance(facts.torch, Known):
        return Diagnosis(
            "torch", _words(facts.torch), False, "kernels", "install it there: pip install torch"
        )
    abi = f"cxx11abi {_words(facts.cxx11abi)}"
    return Diagnosis("torch", f"{facts.torch.value}, {abi}", True, "kernels")


def _cuda(facts: HostFacts, name: str) -> Diagnosis:
    if not isinstance(facts.cuda, Known):
        remedy = f"install a torch that is built for CUDA there: repoops wheels check torch --on {shlex.quote(name)}"
        return Diagnosis("CUDA of torch", _words(facts.cuda), False, "gpu", remedy)
    least = least_driver(facts, facts.cuda.value)
    if least:
        words = f"{facts.cuda.value}, which asks for driver {least} or later"
        return Diagnosis(
            "CUDA of torch",
            words,
            False,
            "gpu",
            f"install driver {least} or later there, or a torch for an older CUDA",
        )
    return Diagnosis("CUDA of torch", facts.cuda.value, True, "gpu")


def _repoops(facts: HostFacts, python: str) -> Diagnosis:
    same = facts.repoops == Known(__version__)
    found = _words(facts.repoops)
    remedy = f"install the same there: {python} -m pip install 'repoops[kernels]=={__version__}'"
    return Diagnosis(
        "repoops", found if same else f"{found}, here {__version__}", same, "kernels", "" if same else remedy
    )


def _power_off(host: Host) -> Diagnosis:
    answered = patient.run(host, ["sh", "-c", _POWER_OFF], timeout_s=30)
    if answered.rc == 0:
        return Diagnosis("power off", "without a password", True, "shutdown")
    remedy = (
        "allow it there, for `hosts: NAME: shutdown`: sudoers line `LOGIN ALL=NOPASSWD: /usr/sbin/poweroff`"
    )
    return Diagnosis("power off", f"no: {answered.last_words()}", False, "shutdown", remedy)


def _words(fact: Fact) -> str:
    return fact.value if isinstance(fact, Known) else fact.why


def _line(answered: Answered) -> str:
    lines = answered.stdout.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""

"""Hosts of the kinds that people rent, as facts."""

from __future__ import annotations

from repoops.hostfacts.model import Absent, Fact, HostFacts, Known


def host(
    python: str,
    torch: str | None,
    cuda: str | None,
    cxx11abi: str | None,
    libc: str,
    driver: str | None,
    compute_capability: str | None,
    *,
    machine: str = "x86_64",
    abi: str | None = None,
    implementation: str = "cpython",
    container: str | None = None,
) -> HostFacts:
    """None where the host has no such thing."""

    def fact(value: str | None, why: str) -> Fact:
        return Absent(why) if value is None else Known(value)

    no_torch = "torch is not installed"
    digits = "".join(python.split(".")[:2])
    return HostFacts(
        python=Known(python),
        implementation=Known(implementation),
        abi=Known(abi or f"cp{digits}"),
        system=Known("Linux"),
        machine=Known(machine),
        libc=Known(libc),
        torch=fact(torch, no_torch),
        cuda=fact(cuda, "torch is built for the CPU" if torch else no_torch),
        cxx11abi=fact(cxx11abi, no_torch),
        container=fact(container, "NVIDIA_PYTORCH_VERSION is not set: none of NVIDIA's containers"),
        driver=fact(driver, "nvidia-smi is not there: no NVIDIA driver"),
        compute_capability=fact(compute_capability, "nvidia-smi is not there: no NVIDIA driver"),
    )


HOSTS = {
    "l4": host("3.11.7", "2.6.0+cu124", "12.4", "FALSE", "glibc 2.35", "550.54.15", "8.9"),
    "a100": host("3.10.12", "2.3.1+cu121", "12.1", "FALSE", "glibc 2.31", "535.183.01", "8.0"),
    "colab": host("3.12.3", "2.8.0+cu126", "12.6", "TRUE", "glibc 2.35", "550.54.15", "7.5"),
    "h100": host("3.12.9", "2.7.1+cu128", "12.8", "TRUE", "glibc 2.39", "570.86.15", "9.0"),
    "v100": host("3.9.18", "2.0.1+cu118", "11.8", "FALSE", "glibc 2.17", "470.82.01", "7.0"),
    "gh200": host("3.10.12", "2.7.0+cu128", "12.8", "TRUE", "glibc 2.35", "570.86.15", "9.0", machine="aarch64"),
    "ngc": host(
        "3.10.12", "2.2.0a0+81ea7a4", "12.3", "TRUE", "glibc 2.35", "545.23.08", "8.0", container="24.01"
    ),
    "ngc-arm": host(
        "3.10.12", "2.2.0a0+81ea7a4", "12.3", "TRUE", "glibc 2.35", "545.23.08", "9.0",
        machine="aarch64", container="24.01",
    ),
    "b200": host("3.13.5", "2.9.0+cu130", "13.0", "TRUE", "glibc 2.39", "580.82.07", "10.0"),
    "nogil": host("3.13.5", "2.7.0+cu126", "12.6", "TRUE", "glibc 2.39", "560.35.03", "8.6", abi="cp313t"),
    "cpu": host("3.11.7", "2.6.0+cpu", None, "FALSE", "glibc 2.36", None, None),
    "alpine": host("3.12.3", None, None, None, "musl 1.2", None, None),
    "bare": host("3.11.7", None, None, None, "glibc 2.36", "535.104.05", "8.6"),
    "old": host("3.10.12", "2.5.1+cu118", "11.8", "FALSE", "glibc 2.35", "470.57.02", "7.5"),
    "py37": host("3.7.16", "1.13.1+cu117", "11.7", "FALSE", "glibc 2.31", "525.105.17", "8.0", abi="cp37m"),
    "cuda10": host("3.8.18", "1.8.1+cu102", "10.2", "FALSE", "glibc 2.12", "440.33.01", "7.0"),
    "pypy": host(
        "3.10.14", None, None, None, "glibc 2.36", "535.104.05", "8.6",
        implementation="pypy", abi="pypy310_pp73",
    ),
}  # fmt: skip

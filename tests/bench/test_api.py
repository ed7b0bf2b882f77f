"""What the benchmark asks of torch and of NVIDIA's bindings is there, in the versions that are installed. Calls nothing."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from repoops.backends import cuda
from repoops.bench import timers
from repoops.nvidia import clocks, driver

OF = {cuda: ("torch",), timers: ("torch",), clocks: ("nvml",), driver: ("driver",)}
"""Modules, and the names by which they call what is not ours."""


def chains(module: ModuleType, roots: tuple[str, ...]) -> set[str]:
    """`torch.cuda.Event` and the like: every attribute of an import, to its end, that a module's text asks for."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        parts: list[str] = []
        at: ast.AST = node
        while isinstance(at, ast.Attribute):
            parts.insert(0, at.attr)
            at = at.value
        if isinstance(at, ast.Name) and at.id in roots and parts:
            found.add(".".join((at.id, *parts)))
    return found


def bindings(name: str) -> Any:
    if name == "torch":
        return torch
    return pytest.importorskip(f"cuda.bindings.{name}")


@pytest.mark.parametrize("module", OF, ids=lambda module: module.__name__)
def test_what_is_asked_for_exists(module: ModuleType) -> None:
    asked = chains(module, OF[module])
    assert asked
    for chain in sorted(asked):
        root, *names = chain.split(".")
        if root == "driver" and module is not driver:
            continue
        at = bindings(root)
        for name in names:
            assert hasattr(at, name), chain
            at = getattr(at, name)


def test_what_cuda_core_is_called_with_fits() -> None:
    core = pytest.importorskip("cuda.core")
    assert core.LEGACY_DEFAULT_STREAM is not None
    assert {"grid", "block", "shmem_size"} <= set(_parameters(core.LaunchConfig))
    assert callable(core.launch)
    for owner, names in ((core.Device, ("set_current",)), (core.Stream, ("from_handle",)), (core.ObjectCode, ("from_cubin", "get_kernel")), (core.Kernel, ("handle",))):  # fmt: skip
        assert all(hasattr(owner, name) for name in names), owner


def test_what_torch_is_called_with_fits() -> None:
    inspect.signature(torch.cuda.graph.__init__).bind(None, object(), stream=object())
    inspect.signature(torch.cuda.Stream.wait_stream).bind(None, object())
    inspect.signature(torch.cuda.Event.record).bind(None, object())
    inspect.signature(torch.cuda.Event.elapsed_time).bind(None, object())
    inspect.signature(torch.cuda.Event.synchronize).bind(None)
    inspect.signature(torch.cuda.CUDAGraph.replay).bind(None)
    assert "enable_timing" in inspect.signature(torch.cuda.Event.__new__).parameters


def test_a_card_has_the_properties_that_are_read() -> None:
    stub = ast.parse((Path(torch.__file__).parent / "_C/__init__.pyi").read_text(encoding="utf-8"))
    (card,) = (
        node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "_CudaDeviceProperties"
    )
    declared = {node.target.id for node in card.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}  # fmt: skip
    read = {chain.split(".")[1] for chain in chains(timers, ("card",))}
    assert read == {"name", "uuid", "L2_cache_size"}
    assert read <= declared


def test_nvml_takes_what_it_is_given() -> None:
    nvml = bindings("nvml")
    # Compiled functions say their parameters in the first line of what they say of themselves.
    said = {name: str(getattr(nvml, name).__doc__).splitlines()[0] for name in ("init_v2", "device_get_handle_by_uuid", "device_get_clock_info", "device_get_current_clocks_event_reasons")}  # fmt: skip
    assert said == {
        "init_v2": "init_v2()",
        "device_get_handle_by_uuid": "device_get_handle_by_uuid(uuid) -> intptr_t",
        "device_get_clock_info": "device_get_clock_info(intptr_t device, int type) -> unsigned int",
        "device_get_current_clocks_event_reasons": "device_get_current_clocks_event_reasons(intptr_t device) -> unsigned long long",
    }
    assert int(nvml.ClockType.SM) == 1


def _parameters(kind: type) -> list[str]:
    try:
        return list(inspect.signature(kind).parameters)
    except ValueError:  # compiled: it says its attributes in its place
        return [name for name in dir(kind) if not name.startswith("_")]

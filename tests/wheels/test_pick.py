from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from repoops.hostfacts.model import Absent, Known, Unknown
from repoops.wheels.difference import AXES, mend, price
from repoops.wheels.fit import Fit, NoFit, differences, fit
from repoops.wheels.names import Published, Unreadable, parse
from tests.wheels.combinations import FOLDERS, ROWS
from tests.wheels.hosts import HOSTS

FLASH = [
    *(f"flash_attn-2.5.8+cu{c}torch{t}cxx11abi{a}-cp{p}-cp{p}-linux_x86_64.whl"
      for c in ("118", "122") for t in ("2.0", "2.1", "2.2", "2.3") for a in ("TRUE", "FALSE") for p in ("39", "310", "311")),
    *(f"flash_attn-2.7.4.post1+cu{c}torch{t}cxx11abi{a}-cp{p}-cp{p}-linux_x86_64.whl"
      for c in ("11", "12") for t in ("2.3", "2.4", "2.5", "2.6") for a in ("TRUE", "FALSE") for p in ("310", "311", "312")),
]  # fmt: skip


def wheels(*names: str) -> list[Published | Unreadable]:
    return [parse(name, FOLDERS.get(name, "") + name) for name in names]


def named(found: Fit | NoFit) -> str:
    return found.wheel.filename if isinstance(found, Fit) else "none"


@pytest.mark.parametrize(
    ("host", "wanted", "name"),
    [
        ("l4", "", "flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl"),
        ("a100", "", "flash_attn-2.7.4.post1+cu12torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"),
        ("a100", "==2.5.8", "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"),
        ("a100", "<2.6", "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"),
        ("old", "", "flash_attn-2.7.4.post1+cu11torch2.5cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"),
        ("v100", "", "flash_attn-2.5.8+cu118torch2.0cxx11abiFALSE-cp39-cp39-linux_x86_64.whl"),
        ("h100", "", "none"),
        ("cpu", "", "none"),
        ("gh200", "", "none"),
        ("l4", "==2.5.8", "none"),
    ],
)
def test_the_best_of_what_a_project_publishes(host: str, wanted: str, name: str) -> None:
    assert named(fit(HOSTS[host], wheels(*FLASH), SpecifierSet(wanted))) == name


@pytest.mark.parametrize(
    ("host", "names", "best"),
    [
        # the CUDA minor that the host's torch has, before another one of the same major
        ("l4", ["torch_scatter-2.1.2+pt26cu118-cp311-cp311-linux_x86_64.whl",
                "torch_scatter-2.1.2+pt26cu126-cp311-cp311-linux_x86_64.whl",
                "torch_scatter-2.1.2+pt26cu124-cp311-cp311-linux_x86_64.whl"], 2),
        # a build for this torch before one whose name says nothing
        ("colab", ["flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl",
                   "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"], 1),
        # the exact patch before the minor
        ("a100", ["x-1+pt2.3.0cu121-cp310-cp310-linux_x86_64.whl", "x-1+pt2.3.1cu121-cp310-cp310-linux_x86_64.whl"], 1),
        # the exact ABI before the stable one before none; a libc named before none
        ("l4", ["x-1-py3-none-any.whl", "x-1-cp39-abi3-manylinux_2_17_x86_64.whl", "x-1-cp311-cp311-linux_x86_64.whl",
                "x-1-cp311-cp311-manylinux_2_28_x86_64.whl"], 3),
        # a newer version before a narrower one
        ("l4", ["x-1-cp311-cp311-manylinux_2_28_x86_64.whl", "x-1.0.1-py3-none-any.whl"], 1),
        ("l4", ["x-1.10-py3-none-any.whl", "x-1.9-py3-none-any.whl"], 0),
        # no pre-release while there is a release
        ("l4", ["x-2rc1-py3-none-any.whl", "x-1-py3-none-any.whl"], 1),
        ("l4", ["x-2rc1-py3-none-any.whl"], 0),
        ("l4", ["x-1-py3-none-any.whl", "x-1.post1-py3-none-any.whl"], 1),
        # the later build of a version
        ("l4", ["x-1-2-py3-none-any.whl", "x-1-10-py3-none-any.whl", "x-1-py3-none-any.whl"], 1),
    ],
)  # fmt: skip
def test_of_several_that_fit(host: str, names: list[str], best: int) -> None:
    for order in (names, names[::-1]):
        assert named(fit(HOSTS[host], wheels(*order))) == names[best]


def test_the_nearest_is_the_one_that_takes_least_to_fit() -> None:
    found = fit(HOSTS["h100"], wheels(*FLASH))
    assert isinstance(found, NoFit)
    nearest = found.refused[0]
    assert isinstance(nearest.wheel, Published)
    assert (
        nearest.wheel.filename
        == "flash_attn-2.7.4.post1+cu12torch2.6cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"
    )
    assert [(d.axis, d.wheel, d.host, d.fix) for d in nearest.differences] == [
        ("torch", "2.6", "2.7.1+cu128", "install torch 2.6.x")
    ]
    prices = [price(r.differences) for r in found.refused]
    assert prices == sorted(prices)


def test_a_withdrawn_wheel_is_taken_only_where_its_version_is_pinned() -> None:
    kept, gone = wheels("x-1-py3-none-any.whl", "x-2-py3-none-any.whl")
    assert isinstance(gone, Published)
    gone = dataclasses.replace(gone, yanked="broken")
    assert named(fit(HOSTS["l4"], [kept, gone])) == "x-1-py3-none-any.whl"
    assert named(fit(HOSTS["l4"], [kept, gone], SpecifierSet(">1"))) == "none"
    assert named(fit(HOSTS["l4"], [kept, gone], SpecifierSet("==2"))) == "x-2-py3-none-any.whl"


@pytest.mark.parametrize(
    ("host", "pin", "fits", "fix"),
    [
        ("a100", "torch==2.3.1", True, ""),
        ("a100", "torch==2.3.0", False, "install a torch that satisfies ==2.3.0"),
        ("a100", "torch>=2.10", False, "install a torch that satisfies >=2.10"),
        ("a100", "torch", True, ""),
        ("a100", "torch==2.3.*", True, ""),
        ("a100", "torch<2.3,>=2", False, "install a torch that satisfies <2.3,>=2"),
        ("bare", "torch==2.10.0", False, "install a torch that satisfies ==2.10.0"),
        ("a100", "torch==9; extra == 'dev'", True, ""),
        ("a100", "torch==9; sys_platform == 'win32'", True, ""),
        ("a100", "!!!", True, ""),
    ],
)
def test_a_pin_in_the_metadata_is_held_as_it_stands(host: str, pin: str, fits: bool, fix: str) -> None:
    (wheel,) = wheels("xformers-0.0.28-cp39-abi3-manylinux_2_28_x86_64.whl")
    assert isinstance(wheel, Published)
    wheel = dataclasses.replace(wheel, requires=("numpy", pin))
    found = differences(HOSTS[host], wheel)
    assert [(d.axis, d.fix) for d in found] == ([] if fits else [("torch", fix)])
    assert differences(mend(HOSTS[host], found), wheel) == ()


def test_cuda_of_what_does_not_ask_for_torch_is_the_drivers_matter() -> None:
    (wheel,) = wheels("llama_cpp_python-0.3.4+cu124-cp310-cp310-linux_x86_64.whl")
    assert isinstance(wheel, Published)
    assert [d.axis for d in differences(HOSTS["old"], wheel)] == [
        "cuda",
        "driver",
    ]  # it may be for the torch there
    read = dataclasses.replace(wheel, requires=("numpy>=1.20",))
    assert [d.axis for d in differences(HOSTS["old"], read)] == ["driver"]


@pytest.mark.parametrize(
    ("requires", "host", "wanted"),
    [
        ('nvidia-cuda-runtime-cu12==12.6.77; platform_system == "Linux"', "old", "525 or later (CUDA 12.6)"),
        (
            'cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"',
            "h100",
            "580 or later (CUDA 13.0)",
        ),
        ("nvidia-cuda-runtime==13.0.96", "h100", "580 or later (CUDA 13.0)"),
        ("nvidia-cuda-runtime==13.0.96", "b200", None),
        ('cuda-toolkit==13.0.3; platform_system == "Windows"', "h100", None),
        ("cuda-bindings<14,>=13.0.3", "h100", None),
        ("cuda-toolkit>=13", "h100", None),
    ],
)
def test_cuda_that_only_the_metadata_tells_is_held_to_the_driver(
    requires: str, host: str, wanted: str | None
) -> None:
    (wheel,) = wheels("torch-2.13.0-py3-none-manylinux_2_28_x86_64.whl")
    assert isinstance(wheel, Published)
    wheel = dataclasses.replace(wheel, requires=("numpy", requires))
    found = differences(HOSTS[host], wheel)
    assert [(d.axis, d.wheel) for d in found] == ([("driver", wanted)] if wanted else [])
    assert differences(mend(HOSTS[host], found), wheel) == ()


def test_a_python_that_the_index_excludes() -> None:
    (wheel,) = wheels("x-1-py3-none-any.whl")
    assert isinstance(wheel, Published)
    wheel = dataclasses.replace(wheel, requires_python=">=3.12")
    found = differences(HOSTS["l4"], wheel)
    assert [(d.axis, d.wheel, d.host, d.fix) for d in found] == [
        ("python", ">=3.12", "3.11.7", "make the environment with a Python that satisfies >=3.12")
    ]
    assert differences(mend(HOSTS["l4"], found), wheel) == ()


@pytest.mark.parametrize("fact", ["python", "abi", "torch", "cuda", "cxx11abi", "machine"])
def test_what_a_wheel_claims_and_a_host_cannot_say_is_a_refusal_with_the_reason(fact: str) -> None:
    (wheel,) = wheels("flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl")
    facts = HOSTS["colab"].with_fact(fact, Unknown("no answer within 30 s"))
    found = differences(facts, wheel)
    assert len(found) == 1
    assert "no answer within 30 s" in found[0].host
    assert differences(mend(facts, found), wheel) == ()


def test_what_a_wheel_does_not_claim_need_not_be_known() -> None:
    (wheel,) = wheels("x-1-py3-none-any.whl")
    facts = HOSTS["colab"]
    for fact in ("torch", "cuda", "cxx11abi", "libc", "driver", "machine", "compute_capability"):
        facts = facts.with_fact(fact, Unknown("?"))
    assert differences(facts, wheel) == ()


@pytest.mark.parametrize(
    ("host", "name", "cautions"),
    [
        ("a100", "bitsandbytes-0.49.2-py3-none-manylinux_2_24_x86_64.whl", []),
        ("old", "x-1+torch250cu118-cp310-cp310-manylinux_2_17_x86_64.whl",
         ["built with torch 2.5.0, the host has 2.5.1+cu118"]),
        ("l4", "x-1+pt26cu126-cp311-cp311-manylinux_2_17_x86_64.whl",
         ["built with CUDA 12.6, the host's torch with CUDA 12.4"]),
        ("a100", "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
         ["built with CUDA 12.2, the host's torch with CUDA 12.1",
          "linux tags claim no glibc: its files are held to the host's once they are here"]),
        ("cpu", "torch-2.3.1+cu121-cp311-cp311-manylinux_2_17_x86_64.whl",
         ["no driver to hold it to (nvidia-smi is not there: no NVIDIA driver): it can be imported, not run"]),
        ("h100", "torch-2.0.1+cu117-cp312-cp312-manylinux_2_17_x86_64.whl",
         [("CUDA 11.7 has no code for compute capability 9.0 (CUDA 11.8 is the first that does): "
          "it runs only if it carries PTX")]),
    ],
)  # fmt: skip
def test_what_a_fitting_name_leaves_open(host: str, name: str, cautions: list[str]) -> None:
    found = fit(HOSTS[host], wheels(name))
    assert isinstance(found, Fit)
    assert list(found.cautions) == cautions


NAMES = [name for name, _, _ in ROWS]


@given(st.sampled_from(sorted(HOSTS)), st.lists(st.sampled_from(NAMES), max_size=12, unique=True))
def test_a_fit_differs_on_no_axis_and_a_fix_makes_a_fit(host: str, names: list[str]) -> None:
    facts = HOSTS[host]
    found = fit(facts, wheels(*names))
    if isinstance(found, Fit):
        assert differences(facts, found.wheel) == ()
        assert all(differences(facts, other) == () for other in found.others)
    for refusal in found.refused:
        assert refusal.differences
        axes = [d.axis for d in refusal.differences]
        assert axes == sorted(set(axes), key=AXES.index)
        if axes != ["name"]:
            assert differences(mend(facts, refusal.differences), refusal.wheel) == ()


@given(st.data())
def test_a_fix_of_any_host_for_any_wheel_makes_it_fit(data: st.DataObject) -> None:
    facts = HOSTS[data.draw(st.sampled_from(sorted(HOSTS)))]
    for fact in ("python", "torch", "cuda", "cxx11abi", "libc", "machine", "driver", "compute_capability"):
        source = HOSTS[data.draw(st.sampled_from(sorted(HOSTS)))]
        value = data.draw(st.sampled_from([getattr(source, fact), Unknown("?"), Absent("not there")]))
        facts = facts.with_fact(fact, value)
    (wheel,) = wheels(data.draw(st.sampled_from(NAMES)))
    found = differences(facts, wheel)
    if [d.axis for d in found] != ["name"]:
        assert differences(mend(facts, found), wheel) == ()


def test_torch_of_a_container_is_not_the_release_of_that_number() -> None:
    (wheel,) = wheels("x-1+torch2.2-cp310-cp310-linux_x86_64.whl")
    (found,) = differences(HOSTS["ngc"], wheel)
    assert (found.wheel, found.host) == ("2.2", "2.2.0a0+81ea7a4 (a build before the release)")
    assert differences(HOSTS["ngc"].with_fact("torch", Known("2.2.2+cu121")), wheel) == ()

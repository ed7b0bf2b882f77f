from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from repoops.wheels.names import Published, Unreadable, Variant, parse, project_cuda, read_variant


@pytest.mark.parametrize(
    ("local", "variant"),
    [
        ("cu122torch2.3cxx11abiFALSE", Variant(torch="2.3", cuda="12.2", cxx11abi="FALSE")),
        ("cu12torch2.6cxx11abiTRUE", Variant(torch="2.6", cuda="12", cxx11abi="TRUE")),
        ("cu13torch2.12cxx11abiTRUE", Variant(torch="2.12", cuda="13", cxx11abi="TRUE")),
        ("CU12TORCH2.6CXX11ABITRUE", Variant(torch="2.6", cuda="12", cxx11abi="TRUE")),
        ("cu12torch24.01cxx11abitrue", Variant(cuda="12", cxx11abi="TRUE", container="24.01")),
        ("cu124torch2.5.0cxx11abiFALSE", Variant(torch="2.5.0", cuda="12.4", cxx11abi="FALSE")),
        ("pt26cu124", Variant(torch="2.6", cuda="12.4")),
        ("pt113cu117", Variant(torch="1.13", cuda="11.7")),
        ("pt211cu128", Variant(torch="2.11", cuda="12.8")),
        ("pt20cpu", Variant(torch="2.0", cuda="none")),
        ("pt2.6.0cu126", Variant(torch="2.6.0", cuda="12.6")),
        ("fd27788pt2.6.0cu124", Variant(torch="2.6.0", cuda="12.4")),
        ("2a420edpt2.0.1cu118", Variant(torch="2.0.1", cuda="11.8")),
        ("18f6958pt2.1.0cpu", Variant(torch="2.1.0", cuda="none")),
        ("torch250cu121", Variant(torch="2.5.0", cuda="12.1")),
        ("torch2110cu128", Variant(torch="2.11.0", cuda="12.8")),
        ("torch260cpu", Variant(torch="2.6.0", cuda="none")),
        ("torch2.8cu128", Variant(torch="2.8", cuda="12.8")),
        ("torch2.8", Variant(torch="2.8")),
        ("cu121.torch2.5.0", Variant(torch="2.5.0", cuda="12.1")),
        ("cu12.8.0.torch2.7.0", Variant(torch="2.7.0", cuda="12.8.0")),
        ("rocm6.3.torch2.7.0", Variant(torch="2.7.0", cuda="ROCm 6.3")),
        ("rocm571", Variant(cuda="ROCm 5.7.1")),
        ("cu128torch2.9.0andhigher.post4", Variant(torch="2.9.0", torch_or_later=True, cuda="12.8")),
        ("cu130torch2.11gite2743ab", Variant(torch="2.11", cuda="13.0")),
        ("dd3c836.cu121torch2.4", Variant(torch="2.4", cuda="12.1")),
        ("cu117.with.pypi.cudnn", Variant(cuda="11.7")),
        ("cuda13.0.sm100.blackwell", Variant(cuda="13.0", sm="100")),
        ("cu128sm120", Variant(cuda="12.8", sm="120")),
        ("cu126.ll227ed28e128e", Variant(cuda="12.6")),
        ("cu128.basic", Variant(cuda="12.8")),
        ("cu1281", Variant(cuda="12.8.1")),
        ("cu92", Variant(cuda="9.2")),
        ("cu102", Variant(cuda="10.2")),
        ("cu11", Variant(cuda="11")),
        ("cpu", Variant(cuda="none")),
        ("cpu.cxx11.abi", Variant(cuda="none")),
        ("de5e5b9.d20240218", Variant()),
        ("40c69e7", Variant()),
        ("pristine", Variant()),
        ("vulkan", Variant()),
        ("", Variant()),
    ],
)
def test_a_local_part_is_read(local: str, variant: Variant) -> None:
    assert read_variant(local) == variant


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nvdiffrast-0.3.1.torch-cp310-cp310-linux_x86_64.whl", "'0.3.1.torch' is no version (PEP 440)"),
        ("flash_attn.whl", "a wheel's name has 5 or 6 parts with - between, not 1"),
        ("a-1-b-py3-none-any.whl", "the build tag 'b' does not begin with a digit"),
        (
            "../a-1-py3-none-any.whl",
            "a wheel's name has letters, digits and . _ + ! - only, and ends in .whl",
        ),
        (
            "a-1-py3-none-any.whl\n",
            "a wheel's name has letters, digits and . _ + ! - only, and ends in .whl",
        ),
        ("a-1.tar.gz", "a wheel's name has letters, digits and . _ + ! - only, and ends in .whl"),
    ],
)
def test_a_name_that_pip_refuses_is_said_to_be_one(name: str, why: str) -> None:
    assert parse(name) == Unreadable(name, why)


@pytest.mark.parametrize(
    ("project", "cuda"),
    [
        ("cupy-cuda12x", "12"), ("nvidia-dali-cuda120", "12.0"), ("nvidia-cuda-nvrtc-cu12", "12"),
        ("transformer-engine-cu13", "13"), ("onnxruntime-gpu", None), ("flash-attn-3", None),
    ],
)  # fmt: skip
def test_cuda_in_a_projects_name(project: str, cuda: str | None) -> None:
    assert project_cuda(project) == cuda


def test_what_the_name_says_goes_before_the_folder() -> None:
    wheel = parse("a-1+cu118-py3-none-any.whl", "https://index.example/cu124/torch-2.3/a.whl")
    assert isinstance(wheel, Published)
    assert wheel.variant == Variant(torch="2.3", cuda="11.8")


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    parse(text)
    parse(f"a-1+{text}-py3-none-any.whl", text)
    read_variant(text)


@given(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    st.from_regex(r"[0-9]\.[0-9]{1,2}(\.post[0-9])?(\+[a-z0-9]{1,6}(\.[a-z0-9]{1,4})?)?", fullmatch=True),
    st.sampled_from(["cp310-cp310", "cp38-abi3", "py2.py3-none", "cp313-cp313t"]),
    st.sampled_from(["any", "linux_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64"]),
)
def test_names_that_packaging_reads_are_read_alike(
    name: str, version: str, python: str, platform: str
) -> None:
    filename = f"{name}-{version}-{python}-{platform}.whl"
    try:
        project, read, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return
    wheel = parse(filename)
    assert isinstance(wheel, Published)
    assert (wheel.project, wheel.version, wheel.tags) == (project, read, tags)

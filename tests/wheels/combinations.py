"""Published file names, and on which axes each differs from each host; worked out by hand from the names.

A row: the name as it was published, the rule it is there for, and for each host the axes that must be
named (empty: it fits). Axes stand in the order of `difference.AXES`. Where the name alone leaves the
variant open, the folder of its URL follows.
"""

from __future__ import annotations

FOLDERS = {
    "xformers-0.0.28.post1-cp310-cp310-manylinux_2_28_x86_64.whl": "https://index.example/whl/cu124/",
    "dgl-2.4.0+cu118-cp310-cp310-manylinux1_x86_64.whl": "https://index.example/wheels/torch-2.3/cu118/",
    "llama_cpp_python-0.3.23-py3-none-linux_x86_64.whl": "https://releases.example/download/v0.3.23-cu124/",
    "flashinfer-0.1.6-cp311-cp311-linux_x86_64.whl": "https://index.example/whl/cu121/torch2.4/flashinfer/",
    "flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl": "https://files.example/packages/52/ca/82aeee5dcc24a3429ff5/",
}

ROWS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
        "exact Python; torch by minor version; CUDA by major version (12.2 runs with 12.1); ABI as asked; no libc claimed",
        {
            "a100": "", "l4": "python torch", "colab": "python torch cxx11abi", "h100": "python torch cxx11abi",
            "v100": "python torch cuda driver", "gh200": "torch cxx11abi platform", "ngc": "torch cxx11abi",
            "b200": "python torch cuda cxx11abi", "nogil": "python torch cxx11abi", "cpu": "python torch cuda",
            "alpine": "python torch cuda cxx11abi", "bare": "python torch cuda cxx11abi", "old": "torch cuda driver",
            "py37": "python torch cuda", "pypy": "python torch cuda cxx11abi",
        },
    ),
    (
        "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl",
        "cu12 names a major version only",
        {
            "colab": "", "l4": "python torch cxx11abi", "a100": "python torch cxx11abi", "h100": "torch",
            "v100": "python torch cuda cxx11abi driver", "gh200": "python torch platform", "ngc": "python torch",
            "b200": "python torch cuda", "nogil": "python torch", "cpu": "python torch cuda cxx11abi",
            "alpine": "torch cuda cxx11abi", "bare": "python torch cuda cxx11abi",
            "old": "python torch cuda cxx11abi driver",
        },
    ),
    (
        "flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl",
        "post release; a CPU build of the same torch has no CUDA for it",
        {
            "l4": "", "a100": "python torch", "colab": "python torch cxx11abi", "h100": "python torch cxx11abi",
            "cpu": "cuda", "bare": "torch cuda cxx11abi", "gh200": "python torch cxx11abi platform",
            "old": "python torch cuda driver", "b200": "python torch cuda cxx11abi", "v100": "python torch cuda driver",
        },
    ),
    (
        "flash_attn-2.7.3+cu11torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
        "cu11: the same torch, the other CUDA major",
        {
            "a100": "cuda", "old": "torch", "v100": "python torch", "l4": "python torch cuda",
            "cpu": "python torch cuda", "ngc": "torch cuda cxx11abi",
        },
    ),
    (
        "flash_attn-2.7.1.post1+cu124torch2.4.0cxx11abiFALSE-cp39-cp39-win_amd64.whl",
        "Windows",
        {"v100": "torch cuda platform driver", "a100": "python torch platform", "gh200": "python torch cxx11abi platform"},
    ),
    (
        "mamba_ssm-2.2.6.post3+cu12torch24.01cxx11abiTRUE-cp310-cp310-linux_aarch64.whl",
        "torch24.01 is NVIDIA's container of January 2024, no version of torch",
        {"ngc-arm": "", "ngc": "platform", "gh200": "torch", "a100": "torch cxx11abi platform", "h100": "python torch platform"},
    ),
    (
        "causal_conv1d-1.6.1+cu12torch2.7cxx11abiTRUE-cp310-cp310-linux_aarch64.whl",
        "aarch64",
        {
            "gh200": "", "a100": "torch cxx11abi platform", "h100": "python platform", "ngc": "torch platform",
            "l4": "python torch cxx11abi platform", "ngc-arm": "torch",
        },
    ),
    (
        "causal_conv1d-1.6.1+cu12torch2.7cxx11abiTRUE-cp312-cp312-linux_x86_64.whl",
        "2.7 fits 2.7.1",
        {
            "h100": "", "colab": "torch", "nogil": "python", "gh200": "python platform", "b200": "python torch cuda",
            "l4": "python torch cxx11abi",
        },
    ),
    (
        "causal_conv1d-1.6.1+cu12torch2.7cxx11abiTRUE-cp313-cp313-linux_x86_64.whl",
        "cp313 is not for the free-threaded build",
        {"nogil": "abi", "b200": "torch cuda", "h100": "python"},
    ),
    (
        "causal_conv1d-1.6.1+cu11torch2.7cxx11abiTRUE-cp312-cp312-linux_x86_64.whl",
        "only CUDA differs",
        {"h100": "cuda", "colab": "torch cuda", "v100": "python torch cxx11abi", "old": "python torch cxx11abi"},
    ),
    (
        "mamba_ssm-2.2.2+cu118torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
        "cu118 is 11.8",
        {"a100": "cuda", "old": "torch", "l4": "python torch cuda", "py37": "python torch"},
    ),
    (
        "mamba_ssm-2.2.4+cu11torch2.1cxx11abiFALSE-cp39-cp39-linux_x86_64.whl",
        "torch 2.1 is not 2.0",
        {"v100": "torch", "old": "python torch", "a100": "python torch cuda"},
    ),
    (
        "mamba_ssm-2.3.1+pristine-cp313-cp313-linux_x86_64.whl",
        "a local part that says nothing of torch or CUDA",
        {"b200": "", "nogil": "abi", "h100": "python"},
    ),
    (
        "torch_scatter-2.1.2+pt26cu124-cp311-cp311-linux_x86_64.whl",
        "PyG: pt26 is torch 2.6; no ABI named",
        {
            "l4": "", "a100": "python torch", "cpu": "cuda", "colab": "python torch", "h100": "python torch",
            "bare": "torch cuda", "old": "python torch cuda driver", "b200": "python torch cuda",
            "alpine": "python torch cuda",
        },
    ),
    (
        "torch_scatter-2.1.2+pt20cu118-cp39-cp39-linux_x86_64.whl",
        "PyG, CUDA 11.8",
        {"v100": "", "old": "python torch", "a100": "python torch cuda", "l4": "python torch cuda", "cpu": "python torch cuda"},
    ),
    (
        "torch_scatter-2.1.2+pt20cu117-cp39-cp39-linux_x86_64.whl",
        "CUDA 11.7 runs with 11.8",
        {"v100": "", "py37": "python torch"},
    ),
    (
        "torch_scatter-2.1.2+pt211cu128-cp312-cp312-linux_x86_64.whl",
        "pt211 is torch 2.11, not 2.1.1",
        {"h100": "torch", "colab": "torch", "b200": "python torch cuda"},
    ),
    (
        "torch_scatter-2.1.2+pt113cu117-cp37-cp37m-linux_x86_64.whl",
        "pt113 is torch 1.13; cp37m is Python 3.7's ABI tag",
        {"py37": "", "v100": "python torch"},
    ),
    (
        "natten-0.17.5+torch250cu121-cp310-cp310-linux_x86_64.whl",
        "NATTEN: torch250 is torch 2.5.0, and 2.5.1 has the same interface",
        {"old": "cuda driver", "a100": "torch", "l4": "python torch", "ngc": "torch"},
    ),
    (
        "natten-0.17.4+torch250cpu-cp311-cp311-linux_x86_64.whl",
        "a CPU build is no use to a torch with CUDA",
        {"cpu": "torch", "l4": "torch cuda", "bare": "torch"},
    ),
    (
        "natten-0.21.0+torch2.8cu128-cp310-cp310-linux_x86_64.whl",
        "NATTEN, later: with a dot",
        {"colab": "python", "a100": "torch", "gh200": "torch platform"},
    ),
    (
        "exllamav2-0.2.8+cu124.torch2.6.0-cp311-cp311-linux_x86_64.whl",
        "dots between the parts",
        {"l4": "", "cpu": "cuda", "a100": "python torch", "bare": "torch cuda"},
    ),
    (
        "exllamav2-0.2.7+cu12.8.0.torch2.7.0-cp312-cp312-linux_x86_64.whl",
        "CUDA with dots; torch 2.7.0 fits 2.7.1",
        {"h100": "", "colab": "torch"},
    ),
    (
        "exllamav2-0.2.9+rocm6.3.torch2.7.0-cp312-cp312-linux_x86_64.whl",
        "ROCm",
        {"h100": "cuda", "colab": "torch cuda", "l4": "python torch cuda"},
    ),
    (
        "flashinfer-0.1.6+cu121torch2.4-cp310-cp310-linux_x86_64.whl",
        "CUDA before torch, no ABI",
        {"a100": "torch", "l4": "python torch", "old": "torch cuda driver"},
    ),
    (
        "flashinfer-0.1.6+dd3c836.cu121torch2.4-cp310-cp310-linux_x86_64.whl",
        "a commit's hash comes first",
        {"a100": "torch", "v100": "python torch cuda driver"},
    ),
    (
        "flashinfer-0.1.6-cp311-cp311-linux_x86_64.whl",
        "the folder says cu121 and torch2.4",
        {"l4": "torch", "cpu": "torch cuda"},
    ),
    (
        "vllm-0.8.5+cu118-cp38-abi3-manylinux1_x86_64.whl",
        "abi3 from 3.8 on; with no torch there, CUDA is the driver's matter",
        {
            "v100": "", "old": "", "l4": "cuda", "a100": "cuda", "nogil": "abi cuda", "alpine": "glibc",
            "gh200": "cuda platform", "bare": "", "cpu": "cuda", "b200": "cuda", "py37": "python", "pypy": "python",
        },
    ),
    (
        "vllm-0.6.1.post1+cu118-cp310-cp310-manylinux1_x86_64.whl",
        "the same project, exact Python",
        {"old": "", "v100": "python", "a100": "cuda", "l4": "python cuda"},
    ),
    (
        "vllm-1.0.0.dev20260620+cu130-cp312-cp312-linux_x86_64.whl",
        "CUDA 13 asks for driver 580",
        {"b200": "python", "h100": "cuda driver", "colab": "cuda driver"},
    ),
    (
        "sgl_kernel-0.3.2+cu128-cp39-abi3-manylinux2014_x86_64.whl",
        "manylinux2014 is glibc 2.17",
        {
            "l4": "", "a100": "", "colab": "", "h100": "", "v100": "cuda driver", "gh200": "platform", "b200": "cuda",
            "nogil": "abi", "cpu": "cuda", "alpine": "glibc", "bare": "", "old": "cuda driver", "ngc": "",
            "cuda10": "python cuda glibc driver",
        },
    ),
    (
        "detectron2-0.6+cu102-cp37-cp37m-linux_x86_64.whl",
        "10.2 is 10.2",
        {"cuda10": "python", "py37": "cuda"},
    ),
    (
        "sgl_kernel-0.3.21-cp310-abi3-manylinux2014_aarch64.whl",
        "nothing said of CUDA",
        {"gh200": "", "a100": "platform", "v100": "python platform", "nogil": "abi platform", "alpine": "glibc platform"},
    ),
    (
        "flash_attn_3-3.0.0-cp39-abi3-manylinux_2_28_x86_64.whl",
        "glibc 2.28",
        {"v100": "glibc", "a100": "", "nogil": "abi", "alpine": "glibc", "gh200": "platform", "l4": ""},
    ),
    (
        "flash_attn_3-3.0.0+cu130torch2.11gite2743ab-cp39-abi3-linux_x86_64.whl",
        "a hash after torch's version",
        {"b200": "torch", "l4": "torch cuda driver", "h100": "torch cuda driver", "nogil": "abi torch cuda driver"},
    ),
    (
        "bitsandbytes-0.49.2-py3-none-manylinux_2_24_x86_64.whl",
        "any Python 3, any ABI",
        {
            "v100": "glibc", "l4": "", "a100": "", "nogil": "", "alpine": "glibc", "gh200": "platform", "b200": "",
            "cpu": "", "bare": "", "pypy": "",
        },
    ),
    (
        "bitsandbytes-0.41.1-py3-none-win_amd64.whl",
        "Windows",
        {"l4": "platform", "alpine": "platform", "gh200": "platform"},
    ),
    (
        "bitsandbytes-0.41.1-py3-none-any.whl",
        "goes everywhere",
        {"l4": "", "v100": "", "gh200": "", "alpine": "", "nogil": "", "py37": "", "pypy": ""},
    ),
    (
        "torch-2.3.1+cu121-cp310-cp310-linux_x86_64.whl",
        "torch itself: held to the driver, not to the torch that is there",
        {
            "a100": "", "v100": "python driver", "old": "driver", "l4": "python", "bare": "python", "cpu": "python",
            "gh200": "platform", "b200": "python", "ngc": "",
        },
    ),
    (
        "torch-2.0.1+cu117.with.pypi.cudnn-cp39-cp39-linux_x86_64.whl",
        "more words in the local part",
        {"v100": "", "old": "python"},
    ),
    (
        "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "a CPU build would leave a card idle",
        {"l4": "cuda", "cpu": "", "bare": "cuda", "v100": "python cuda glibc", "alpine": "python glibc"},
    ),
    (
        "torch-2.5.1+rocm6.2-cp312-cp312-linux_x86_64.whl",
        "ROCm, standing alone",
        {"h100": "cuda", "colab": "cuda", "l4": "python cuda"},
    ),
    (
        "torch-1.9.0+cu111-cp37-cp37m-linux_x86_64.whl",
        "the ABI tag of old Pythons",
        {"py37": "", "v100": "python"},
    ),
    (
        "torchvision-0.15.2+cu118-cp310-cp310-linux_x86_64.whl",
        "CUDA as torch has it",
        {"old": "", "a100": "cuda", "v100": "python", "l4": "python cuda", "gh200": "cuda platform"},
    ),
    (
        "xformers-0.0.28.post1-cp310-cp310-manylinux_2_28_x86_64.whl",
        "the folder says cu124",
        {"a100": "", "old": "cuda driver", "v100": "python cuda glibc driver"},
    ),
    (
        "xformers-0.0.22.post7+cu118-cp39-cp39-manylinux2014_x86_64.whl",
        "glibc 2.17 is enough",
        {"v100": "", "a100": "python cuda"},
    ),
    (
        "xformers-0.0.25+de5e5b9.d20240218-cp310-cp310-linux_aarch64.whl",
        "a hash and a date, nothing of CUDA",
        {"gh200": "", "a100": "platform"},
    ),
    (
        "pytorch3d-0.7.9+pt2.6.0cu126-cp310-cp310-linux_x86_64.whl",
        "pt with dots",
        {"l4": "python", "a100": "torch"},
    ),
    (
        "detectron2-0.6+fd27788pt2.6.0cu124-cp310-cp310-linux_x86_64.whl",
        "a hash runs into pt",
        {"l4": "python", "a100": "torch", "ngc": "torch"},
    ),
    (
        "detectron2-0.6+2a420edpt2.0.1cu118-cp310-cp310-linux_x86_64.whl",
        "a hash that ends in letters runs into pt",
        {"old": "torch", "v100": "python"},
    ),
    (
        "detectron2-0.6+cu111-cp37-cp37m-linux_x86_64.whl",
        "CUDA 11.1 runs with 11.7",
        {"py37": "", "v100": "python", "a100": "python cuda"},
    ),
    (
        "detectron2-0.6+cu101-cp38-cp38-linux_x86_64.whl",
        "before 11, CUDA must be equal",
        {"cuda10": "cuda", "v100": "python cuda", "py37": "python cuda"},
    ),
    (
        "auto_gptq-0.7.1+rocm5.7.3-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "two platform tags for one thing",
        {"a100": "cuda", "gh200": "cuda platform"},
    ),
    (
        "auto_gptq-0.7.1+cu121-cp39-abi3-win_amd64.whl",
        "Windows, stable ABI",
        {"l4": "platform", "old": "cuda platform driver"},
    ),
    (
        "dgl-2.4.0+cu118-cp310-cp310-manylinux1_x86_64.whl",
        "the folder says torch-2.3",
        {"a100": "cuda", "old": "torch"},
    ),
    (
        "llama_cpp_python-0.3.23-py3-none-linux_x86_64.whl",
        "the release's tag says cu124",
        {"l4": "", "old": "cuda driver", "bare": "", "gh200": "platform"},
    ),
    (
        "llama_cpp_python-0.3.16+cuda13.0.sm100.blackwell-cp312-cp312-win_amd64.whl",
        "for one architecture",
        {"b200": "python platform", "h100": "cuda platform driver card", "colab": "cuda platform driver card"},
    ),
    (
        "nvidia_dali_cuda120-1.52.0-py3-none-manylinux_2_28_x86_64.whl",
        "CUDA in the project's name is the driver's matter",
        {"l4": "", "v100": "glibc driver", "old": "driver", "gh200": "platform", "cpu": ""},
    ),
    (
        "nvidia_dali_cuda120-1.22.0-6971317-py3-none-manylinux2014_x86_64.whl",
        "a build number",
        {"l4": "", "v100": "driver"},
    ),
    (
        "nvdiffrast-0.3.1.torch-cp310-cp310-linux_x86_64.whl",
        "0.3.1.torch is no version: pip refuses it",
        {"a100": "name", "l4": "name"},
    ),
    (
        "flash_attn-2.7.4.post1+cu12torch2.6cp310-cp310-linux_x86_64.whl",
        "a part is missing",
        {"a100": "name"},
    ),
    (
        "flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl",
        "nothing said, and hexadecimal folders say nothing either",
        {"colab": "", "l4": "python", "alpine": "", "gh200": "python platform"},
    ),
    (
        "flash_attn-2.8.3+cu128sm120-cp310-cp310-linux_x86_64.whl",
        "an architecture runs into CUDA's version",
        {"a100": "card", "gh200": "platform card"},
    ),
    (
        "flash_attn-2.8.3+cu130torch2.9.1cxx11abiTRUE-cp312-cp312-win_amd64.whl",
        "torch 2.9.1 fits 2.9.0",
        {"b200": "python platform"},
    ),
    (
        "nunchaku-1.0.0.dev20250823+torch2.8-cp312-cp312-win_amd64.whl",
        "torch alone",
        {"colab": "platform", "h100": "torch platform"},
    ),
    (
        "sageattention-2.2.0+cu128torch2.9.0andhigher.post4-cp39-abi3-win_amd64.whl",
        "this torch or a later one",
        {"b200": "cuda platform", "h100": "torch platform"},
    ),
    (
        "transformer_engine_cu12-2.8.0+40c69e7-cp311-cp311-linux_aarch64.whl",
        "CUDA in the project's name, a hash in the version",
        {"gh200": "python", "l4": "platform", "b200": "python platform"},
    ),
    (
        "cryptography-48.0.0-cp311-abi3-musllinux_1_2_x86_64.whl",
        "musl",
        {"alpine": "", "l4": "glibc", "a100": "python glibc", "gh200": "python glibc platform"},
    ),
    (
        "cryptography-48.0.0-cp311-abi3-manylinux_2_28_x86_64.whl",
        "glibc",
        {"l4": "", "alpine": "glibc", "v100": "python glibc", "nogil": "abi"},
    ),
    (
        "cryptography-48.0.0-cp314-cp314t-manylinux_2_28_x86_64.whl",
        "free-threaded, of a later Python",
        {"nogil": "python", "b200": "python"},
    ),
    (
        "bcrypt-5.0.0-cp313-cp313t-manylinux_2_28_x86_64.whl",
        "free-threaded",
        {"nogil": "", "b200": "abi", "h100": "python"},
    ),
)  # fmt: skip

"""From a published list to an import on a host: a real index, a real sshd, a real virtual environment, and links that break."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from repoops.errors import RepoOpsError
from repoops.hostfacts import ask
from repoops.hostfacts.model import Absent, HostFacts, Known, Unknown
from repoops.remote.link import Link
from repoops.wheels import choose, index, install, prove, wheel_file
from repoops.wheels.fit import Fit, NoFit
from repoops.wheels.index import Places
from tests.support.proxy import Fault, proxy
from tests.support.repo import Repo
from tests.support.sshd import Sshd, sshd
from tests.support.wheels import Server, file_server, make_wheel

CP = f"cp{sys.version_info[0]}{sys.version_info[1]}"
COMPILERS = (
    "cc",
    "c++",
    "gcc",
    "g++",
    "clang",
    "clang++",
    "nvcc",
    "ninja",
    "cmake",
    "make",
    "cargo",
    "rustc",
    "ptxas",
)
TORCH = """
__version__ = "2.6.0+cu124"
class version: cuda = "12.4"; hip = None
class _C: _GLIBCXX_USE_CXX11_ABI = False
"""


@dataclass
class There:
    """A host with an environment of its own, in which compilers tell on whoever starts them."""

    server: Sshd
    python: str
    started: Path

    def facts(self) -> HostFacts:
        return ask.ask(self.server.host(), self.python)

    def compiled(self) -> str:
        return self.started.read_text() if self.started.exists() else ""


def lend_pip(env: Path) -> None:
    """This environment's pip, instead of the ten seconds that unpacking one takes."""
    (site,) = env.glob("lib/python*/site-packages")
    spec = importlib.util.find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for place in (package, *package.parent.glob("pip-*.dist-info")):
        (site / place.name).symlink_to(place)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    folder = tmp_path_factory.mktemp("there")
    venv.create(folder / "env")
    python = str(folder / "env" / "bin" / "python")
    lend_pip(folder / "env")
    with sshd(folder / "sshd") as server:
        for name in COMPILERS:
            fake = server.bin / name
            fake.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder}/started"\nexit 1\n')
            fake.chmod(0o755)
        made = There(server, python, folder / "started")
        torch = make_wheel(folder, "torch-2.6.0+cu124-py3-none-any.whl", {"torch/__init__.py": TORCH})
        install.install(Link(server.host()), python, fetched(torch))
        yield made


@pytest.fixture(scope="module")
def facts(there: There) -> HostFacts:
    return there.facts()


@pytest.fixture
def server() -> Iterator[Server]:
    with file_server() as made:
        yield made


def fetched(path: Path) -> choose.Fetched:
    from repoops.files import hex_digest

    return choose.Fetched(path, hex_digest(path), published=False, received=0)


def chosen(
    server: Server, project: str, facts: HostFacts, cache: Path, wanted: str = ""
) -> choose.Read | NoFit:
    listing = index.listed(project, Places((f"{server.url}/simple",)))
    found = choose.by_metadata(facts, listing, SpecifierSet(wanted))
    return choose.by_files(facts, found, cache) if isinstance(found, Fit) else found


def test_the_host_says_what_was_installed(facts: HostFacts) -> None:
    assert facts.torch == Known("2.6.0+cu124")
    assert facts.cuda == Known("12.4")
    assert facts.cxx11abi == Known("FALSE")
    assert not isinstance(facts.packages, Unknown)
    assert facts.packages["torch"] == "2.6.0"
    assert facts.repoops == Absent("repoops is not installed")


def test_the_fitting_variant_comes_over_a_breaking_link_and_is_imported(
    there: There, facts: HostFacts, server: Server, tmp_path: Path
) -> None:
    files = {"flash_attn/__init__.py": "WHICH = 'this'", "flash_attn/big.bin": bytes(range(256)) * 2000}
    wheels = [
        make_wheel(tmp_path, name, files, ("torch", "einops"))
        for name in (
            f"flash_attn-2.5.8+cu122torch2.6cxx11abiFALSE-{CP}-{CP}-linux_x86_64.whl",
            f"flash_attn-2.5.8+cu122torch2.6cxx11abiTRUE-{CP}-{CP}-linux_x86_64.whl",
            f"flash_attn-2.5.8+cu118torch2.6cxx11abiFALSE-{CP}-{CP}-linux_x86_64.whl",
            f"flash_attn-2.6.3+cu123torch2.5cxx11abiFALSE-{CP}-{CP}-linux_x86_64.whl",
        )
    ]
    server.project("flash-attn", wheels)
    server.files[f"/files/{wheels[0].name}"].cut_after = [
        1 << 30,
        90_000,
        100_000,
    ]  # the first reads the metadata
    read = chosen(server, "flash-attn", facts, tmp_path / "cache")
    assert isinstance(read, choose.Read)
    assert (read.fit.wheel.filename, read.fetched.published) == (wheels[0].name, True)
    with proxy(there.server.port, lambda n: Fault("cut", after=60_000 * (n + 1)) if n < 6 else None) as link:
        host = there.server.host(link.port)
        done = install.install(Link(host), there.python, read.fetched)
        proofs = prove.imports(
            host, there.python, "flash-attn", wheel_file.modules(read.fetched.path, "flash-attn")
        )
        assert link.faults > 0
    assert Path(done.there).name == wheels[0].name
    assert done.said.replace("_", "-") == "Successfully installed flash-attn-2.5.8"
    assert proofs == [prove.Proof("import flash_attn", "passed", "2.5.8")]
    assert there.compiled() == ""


def test_installing_twice_is_installing_once_and_what_was_changed_meanwhile_is_refused(
    there: There, tmp_path: Path
) -> None:
    path = make_wheel(tmp_path, "twice-1-py3-none-any.whl", {"twice.py": ""})
    link = Link(there.server.host())
    for _ in range(2):
        done = install.install(link, there.python, fetched(path))
        assert done.said == "Successfully installed twice-1"
    assert done.command.startswith(
        f"{there.python} -m pip install --no-index --no-deps --require-hashes --only-binary :all: --force-reinstall "
    )
    Path(done.there).write_bytes(b"something else")
    with pytest.raises(RepoOpsError) as error:
        install.install(link, there.python, fetched(path))
    assert error.value.code == 1
    folder = there.server.host().folder
    assert error.value.remedy == (
        f"what lies on the host is not what was sent; remove it there: rm -r {folder}/wheels {folder}/blobs"
    )
    shutil.rmtree(f"{folder}/wheels")
    shutil.rmtree(f"{folder}/blobs")
    install.install(link, there.python, fetched(path))


def test_a_source_distribution_is_never_taken(there: There, facts: HostFacts, server: Server) -> None:
    page = '<a href="/files/only_source-1.tar.gz">x</a>'
    server.put("/simple/only-source/", page, kind="text/html")
    listing = index.listed("only-source", Places((f"{server.url}/simple",)))
    assert (listing.wheels, listing.sources) == ((), ("only_source-1.tar.gz",))
    assert choose.by_metadata(facts, listing, SpecifierSet()) == NoFit(())
    assert [a[0] for a in server.asked] == ["/simple/only-source/"]
    assert there.compiled() == ""


def test_a_wheel_whose_libraries_ask_for_another_machine_gives_way_to_the_next(
    facts: HostFacts, server: Server, tmp_path: Path
) -> None:
    spec = importlib.util.find_spec("_ctypes")
    if spec is None or not str(spec.origin).endswith(".so"):
        pytest.skip("this Python has no shared library to take")
    raw = Path(str(spec.origin)).read_bytes()
    other = raw[:18] + (183).to_bytes(2, "little") + raw[20:]  # e_machine: AArch64
    wheels = [
        make_wheel(tmp_path, f"lib-2-{CP}-{CP}-linux_x86_64.whl", {"lib.so": other}),
        make_wheel(tmp_path, f"lib-1-{CP}-{CP}-linux_x86_64.whl", {"lib.py": ""}),
    ]
    server.project("lib", wheels)
    read = chosen(server, "lib", facts, tmp_path / "cache")
    assert isinstance(read, choose.Read)
    assert read.fit.wheel.filename == wheels[1].name
    assert [(r.wheel.filename, [d.axis for d in r.differences]) for r in read.fit.refused] == [
        (wheels[0].name, ["platform"])
    ]
    refused = chosen(server, "lib", facts, tmp_path / "cache", "==2")
    assert isinstance(refused, NoFit)
    assert refused.refused[0].differences[0].wheel == "aarch64 (lib.so)"


def test_metadata_turns_down_what_the_name_lets_pass(
    facts: HostFacts, server: Server, tmp_path: Path
) -> None:
    wheels = [
        make_wheel(tmp_path, f"ext-{n}-py3-none-any.whl", {"ext.py": ""}, (f"torch=={pin}",))
        for n, pin in ((1, "2.5.1"), (2, "2.6.0"), (3, "2.7.0"), (4, "2.8.0"))
    ]
    server.project("ext", wheels)
    read = chosen(server, "ext", facts, tmp_path / "cache")
    assert isinstance(read, choose.Read)
    assert read.fit.wheel.filename == "ext-2-py3-none-any.whl"
    whole = [asked[0] for asked in server.asked if asked[0].startswith("/files/") and asked[1] is None]
    assert whole == ["/files/ext-2-py3-none-any.whl"]


def test_an_import_that_fails_is_no_proof(there: There, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "bad-1-py3-none-any.whl", {"bad.py": "import nothing_of_that_name"})
    install.install(Link(there.server.host()), there.python, fetched(path))
    assert prove.imports(there.server.host(), there.python, "bad", ("bad",)) == [
        prove.Proof("import bad", "failed", "ModuleNotFoundError: No module named 'nothing_of_that_name'")
    ]


@pytest.mark.parametrize(
    ("project", "code", "card", "proof"),
    [
        (
            "x",
            None,
            False,
            ("call on a card", "not run", "no card: nvidia-smi is not there: no NVIDIA driver"),
        ),
        ("x", None, True, ("call on NVIDIA L4", "not run", "none is known for x: give one with --call")),
        ("x", "print(6*7)", True, ("call on NVIDIA L4", "passed", "42")),
        ("x", "raise SystemExit('no')", True, ("call on NVIDIA L4", "failed", "no")),
        (
            "torch",
            None,
            True,
            ("call on NVIDIA L4", "failed", "AttributeError: module 'torch' has no attribute 'half'"),
        ),
    ],
)
def test_a_call_on_the_card(
    there: There, facts: HostFacts, project: str, code: str | None, card: bool, proof: tuple[str, str, str]
) -> None:
    if card:
        facts = facts.with_fact("driver", Known("550.54.15")).with_fact("gpu", Known("NVIDIA L4"))
    found = prove.call(there.server.host(), there.python, project, facts, code)
    if project == "torch":
        assert found.outcome == "failed"
        assert found.said.startswith("AttributeError")
    else:
        assert found == prove.Proof(*proof)


@pytest.mark.parametrize(
    ("printed", "outcome", "said"),
    [
        ("0.001", "passed", "0.001 from the reference, 0.02 at most"),
        ("0.5", "failed", "0.5 from the reference, 0.02 at most"),
        ("nan", "failed", "nan from the reference, 0.02 at most"),
        ("hello", "failed", "printed 'hello', no distance"),
    ],
)
def test_a_known_call_is_held_to_its_bound(
    there: There, facts: HostFacts, printed: str, outcome: str, said: str
) -> None:
    fake = there.server.bin / "python-there"
    fake.write_text(f"#!/bin/sh\necho {printed}\n")
    fake.chmod(0o755)
    facts = facts.with_fact("driver", Known("550.54.15")).with_fact("gpu", Known("NVIDIA L4"))
    found = prove.call(there.server.host(), "python-there", "flash-attn", facts, None)
    assert found == prove.Proof("call on NVIDIA L4", outcome, said)


@pytest.mark.parametrize(
    ("words", "line", "remedy"),
    [
        ("error: externally-managed-environment", "pip did not install it: error: externally-managed-environment",
         "name the Python of an environment of your own: --python PATH"),
        ("/usr/bin/python3: No module named pip", "pip did not install it: /usr/bin/python3: No module named pip",
         "give that Python a pip: python-there -m ensurepip"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
         "pip did not install it: ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
         "make room on the host: repoops doctor --on loopback"),
    ],
)  # fmt: skip
def test_what_pip_refuses_is_said_in_one_line(
    there: There, tmp_path: Path, words: str, line: str, remedy: str
) -> None:
    fake = there.server.bin / "python-there"
    fake.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    fake.chmod(0o755)
    path = make_wheel(tmp_path, "x-1-py3-none-any.whl", {"x.py": ""})
    with pytest.raises(RepoOpsError) as error:
        install.install(Link(there.server.host()), "python-there", fetched(path))
    assert (error.value.what, error.value.remedy, error.value.code) == (line, remedy, 1)


def test_a_host_without_room_is_refused_before_anything_is_sent(facts: HostFacts, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "x-1-py3-none-any.whl", {"x.py": "#" * 3_000_000})
    install.room(facts, fetched(path))
    install.room(facts.with_fact("disk_free", Unknown("?")), fetched(path))
    with pytest.raises(
        RepoOpsError, match=r"6 MB are needed there \(packed and unpacked\) and 5 MB are free"
    ):
        install.room(facts.with_fact("disk_free", Known("5000000")), fetched(path))


def test_the_command_does_all_of_it(there: There, server: Server, repo: Repo, tmp_path: Path) -> None:
    name = f"demo_ext-1.2+cu122torch2.6cxx11abiFALSE-{CP}-{CP}-linux_x86_64.whl"
    path = make_wheel(tmp_path, name, {"demo_ext.py": "ANSWER = 42"}, ("torch", "einops"))
    server.project("demo-ext", [path])
    options = json.dumps(["-F", f"{there.server.folder}/ssh_config", "-p", str(there.server.port)])
    repo.write(
        "repoops.yaml",
        f"wheels:\n  indexes: [{server.url}/simple]\nhosts:\n  box:\n    ssh: loopback\n    options: {options}\n"
        f"    folder: {there.server.remote}\n",
    )
    smi = there.server.bin / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA L4, 550.54.15, 8.9'\n")
    smi.chmod(0o755)
    call = "import demo_ext; print(demo_ext.ANSWER)"
    said = repo.repoops(
        "wheels", "install", "demo-ext", "--on", "box", "--python", there.python, "--call", call, "--json",
        env={"REPOOPS_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert (said.stderr, said.code) == ("", 0)
    found = json.loads(said.stdout)
    assert (found["fits"]["filename"], found["digest_published"]) == (name, True)
    assert found["lacking"] == ["einops is not installed there"]
    assert found["proofs"] == [
        {"what": "import demo_ext", "outcome": "passed", "said": "1.2"},
        {"what": "call on NVIDIA L4", "outcome": "passed", "said": "42"},
    ]
    assert there.compiled() == ""

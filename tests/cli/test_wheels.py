from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repoops.hostfacts.model import Known, from_json, to_json
from tests.support.repo import Output, Repo
from tests.support.sshd import sshd
from tests.support.wheels import Server, file_server, make_wheel
from tests.wheels.hosts import HOSTS

OLD = "flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl"
NEW = "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[Server]:
    """A release page of two wheels and an index of their source, named in `repoops.yaml`."""
    with file_server() as made:
        assets = []
        for name in (OLD, NEW):
            path = make_wheel(tmp_path, name, {"flash_attn/__init__.py": ""}, ("torch", "einops"))
            made.put(f"/dl/{name}", path.read_bytes())
            assets.append({"name": name, "browser_download_url": f"{made.url}/dl/{name}"})
        made.put("/releases", json.dumps([{"assets": assets}]), kind="application/json")
        made.put("/simple/flash-attn/", '<a href="flash_attn-2.8.3.tar.gz">x</a>', kind="text/html")
        repo.write(
            "repoops.yaml", f"wheels:\n  indexes: [{made.url}/simple]\n  releases: [{made.url}/releases]\n"
        )
        yield made


def facts(tmp_path: Path, host: str) -> str:
    path = tmp_path / f"{host}.json"
    path.write_text(json.dumps(to_json(HOSTS[host])))
    return str(path)


@pytest.mark.usefixtures("server")
def test_what_fits_a_file_of_facts(repo: Repo, tmp_path: Path) -> None:
    assert repo.repoops("wheels", "check", "flash-attn", "--facts", facts(tmp_path, "colab")) == Output(
        stdout=f"""\
host     Python 3.12.3 (cp312), torch 2.8.0+cu126, CUDA 12.6, cxx11abi TRUE, glibc 2.35, x86_64, driver 550.54.15, compute capability 7.5
fits     {NEW}
         note: linux tags claim no glibc: its files are held to the host's once they are here
""",
        stderr="",
        code=0,
    )


@pytest.mark.usefixtures("server")
def test_why_nothing_fits(repo: Repo, tmp_path: Path) -> None:
    file = facts(tmp_path, "h100")
    assert repo.repoops("wheels", "check", "flash-attn", "--facts", file) == Output(
        stdout=f"""\
host     Python 3.12.9 (cp312), torch 2.7.1+cu128, CUDA 12.8, cxx11abi TRUE, glibc 2.39, x86_64, driver 570.86.15, compute capability 9.0
none     of 2 wheels of flash-attn none fits {file}
         torch: every wheel differs: they have 2.8, 2.3; host 2.7.1+cu128
nearest  {NEW}
         torch: has 2.8, host 2.7.1+cu128: install torch 2.8.x
nearest  {OLD}
         python: has 3.10, host 3.12.9: make the environment with Python 3.10
         torch: has 2.3, host 2.7.1+cu128: install torch 2.3.x
         cxx11abi: has FALSE, host TRUE: install a torch built with _GLIBCXX_USE_CXX11_ABI=0
         flash_attn-2.8.3.tar.gz is a source distribution: it would be compiled, which is not done on a host
""",
        stderr="",
        code=1,
    )


@pytest.mark.usefixtures("server")
def test_json_has_every_refusal(repo: Repo, tmp_path: Path) -> None:
    said = repo.repoops("wheels", "check", "flash-attn==2.5.8", "--facts", facts(tmp_path, "h100"), "--json")
    found = json.loads(said.stdout)
    assert said.code == 1
    assert (found["schema"], found["fits"]) == ("repoops/wheels/1", None)
    assert found["sources"] == ["flash_attn-2.8.3.tar.gz"]
    (refused,) = found["refused"]
    assert refused["filename"] == OLD
    assert refused["differences"][1] == {
        "axis": "torch", "wheel": "2.3", "host": "2.7.1+cu128", "fix": "install torch 2.3.x",
    }  # fmt: skip
    assert from_json(json.dumps(found["facts"]).encode(), "facts") == HOSTS["h100"]


@pytest.mark.usefixtures("server")
def test_fetching_holds_the_files_to_the_host(repo: Repo, tmp_path: Path) -> None:
    said = repo.repoops(
        "wheels", "check", "flash-attn", "--fetch", "--facts", facts(tmp_path, "colab"),
        env={"REPOOPS_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert said.code == 0
    assert said.stdout.splitlines()[1:] == [f"fits     {NEW}"]
    assert len(list((tmp_path / "cache").rglob(NEW))) == 1


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["check", "x"], "which host?\n  give either --on HOST or --facts FILE"),
        (["check", "x", "--facts", "no.json"], "no.json: no such file\n  write it with: repoops wheels facts --on HOST"),
        (["check", "x==", "--facts", "repoops.yaml"], "not versions: '=='\n  for example: flash-attn, flash-attn==2.5.8, 'xformers>=0.0.28'"),
        (["check", "../x", "--facts", "repoops.yaml"], "not a project's name: '../x'\n  for example: flash-attn, flash-attn==2.5.8, 'xformers>=0.0.28'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(repo: Repo, args: list[str], line: str) -> None:
    assert repo.repoops("wheels", *args) == Output("", f"repoops wheels: {line}\n", 2)


def test_a_place_that_does_not_answer_is_no_answer(repo: Repo, server: Server, tmp_path: Path) -> None:
    server.files["/releases"].fail = [403]
    said = repo.repoops("wheels", "check", "flash-attn", "--facts", facts(tmp_path, "colab"))
    assert said == Output(
        "", f"repoops wheels: {server.url}/releases: cannot be read: 403 Forbidden\n"
        "  try again, or name another place in repoops.yaml: wheels\n", 2,
    )  # fmt: skip


def test_the_facts_of_a_host_are_json_that_check_takes(repo: Repo, tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd") as host:
        wrapper = tmp_path / "bin"
        wrapper.mkdir()
        (wrapper / "ssh").write_text(
            f'#!/bin/sh\nPATH="${{PATH#*:}}" exec ssh -F {host.folder}/ssh_config -p {host.port} "$@"\n'
        )
        (wrapper / "ssh").chmod(0o755)
        python = host.bin / "python-there"
        python.write_text(f'#!/bin/sh\ncase "$*" in *torch*) exit 3;; esac\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        path = f"{wrapper}:{Path(sys.executable).parent}:/usr/bin:/bin"
        said = repo.repoops(
            "wheels", "facts", "--on", "loopback", "--python", "python-there", env={"PATH": path}
        )
    assert (said.stderr, said.code) == ("", 0)
    assert from_json(said.stdout.encode(), "facts").python == Known(sys.version.split()[0])

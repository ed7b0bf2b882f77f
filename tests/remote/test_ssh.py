from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.remote import ssh
from tests.support.proxy import Fault, proxy
from tests.support.sshd import Sshd

ECHO = "import sys; sys.stdout.write(repr(sys.argv[1:])); sys.stdout.write(sys.stdin.read())"


def test_a_command_arrives_with_its_arguments_and_its_input(server: Sshd) -> None:
    hostile = [
        "a b",
        "$(touch x)",
        "`touch x`",
        "-rf",
        "'",
        '"',
        "\\",
        ";touch x",
        "*",
        "~",
        "é",
        "",
        "!!",
        "a\tb",
    ]
    got = ssh.run(server.host(), [sys.executable, "-c", ECHO, *hostile], stdin=b"in\n", timeout_s=20)
    assert got == ssh.Answered(0, repr(hostile).encode() + b"in\n", b"")
    assert not (Path.home() / "x").exists()


def test_both_streams_and_the_status_come_back(server: Sshd) -> None:
    say = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert ssh.run(server.host(), [sys.executable, "-c", say], timeout_s=20) == ssh.Answered(
        3, b"out\n", b"err\n"
    )


def test_an_unknown_host_key_is_refused_at_once(server: Sshd) -> None:
    (server.folder / "known_hosts").write_text("")
    with pytest.raises(RepoOpsError, match="Host key verification failed") as caught:
        ssh.run(server.host(), ["true"], timeout_s=20)
    assert not isinstance(caught.value, ssh.LinkLost)
    reached = f"ssh -F {server.folder}/ssh_config -p {server.port} loopback"
    assert caught.value.remedy == f"check the host's key, then accept it once by hand: {reached}"


def test_a_key_that_is_not_accepted_is_refused_at_once(server: Sshd) -> None:
    (server.folder / "authorized_keys").write_text("")
    with pytest.raises(RepoOpsError, match="Permission denied") as caught:
        ssh.run(server.host(), ["true"], timeout_s=20)
    assert not isinstance(caught.value, ssh.LinkLost)


def test_nobody_listening_is_a_lost_link(server: Sshd) -> None:
    server.kill()
    with pytest.raises(ssh.LinkLost, match="Connection refused"):
        ssh.run(server.host(), ["true"], timeout_s=20)


@pytest.mark.parametrize("kind", ["cut", "close", "half", "half-close", "outage"])
@pytest.mark.parametrize("after", [0, 100, 1500])
def test_a_broken_connection_is_a_lost_link(server: Sshd, kind: str, after: int) -> None:
    with proxy(server.port, lambda _: Fault(kind, after, up=False)) as between, pytest.raises(ssh.LinkLost):
        ssh.run(server.host(between.port), ["sleep", "5"], timeout_s=3)


def test_a_stalled_connection_is_given_up_in_time(server: Sshd) -> None:
    began = time.monotonic()
    stall = Fault("stall", 1500, up=False)
    with (
        proxy(server.port, lambda _: stall) as between,
        pytest.raises(ssh.LinkLost, match="no answer within 1 s"),
    ):
        ssh.run(server.host(between.port), ["true"], timeout_s=1)
    assert time.monotonic() - began < 8


def test_a_proxy_without_faults_passes_everything(server: Sshd) -> None:
    with proxy(server.port) as between:
        blob = bytes(range(256)) * 4000
        got = ssh.run(server.host(between.port), ["cat"], stdin=blob, timeout_s=30)
        assert got.stdout == blob
        assert between.connections == 1
        assert min(between.sent_up, between.sent_down) > len(blob)


@pytest.mark.parametrize("name", ["-oProxyCommand=touch x", "", "a\nb"])
def test_what_ssh_would_take_for_an_option_is_no_host(name: str) -> None:
    with pytest.raises(RepoOpsError, match="not a host"):
        ssh.command(ssh.Host(name, name), ["true"])


@pytest.mark.parametrize("argv", [["a\nb"], ["a\0b"], [], ["x" * 5000]])
def test_what_does_not_fit_one_line_is_refused(argv: list[str]) -> None:
    with pytest.raises(RepoOpsError):
        ssh.remote_command(argv)


def test_nothing_weakens_the_check_of_host_keys() -> None:
    line = ssh.command(ssh.Host("h", "h"), ["true"])
    assert not any("StrictHostKeyChecking" in part or "ForwardAgent=yes" in part for part in line)
    assert line[-3:] == ["--", "h", "true"]
    assert "BatchMode=yes" in line


def test_a_host_is_plain_data() -> None:
    assert dataclasses.replace(ssh.Host("a", "b"), name="c") == ssh.Host("c", "b", (), ".repoops", "python3")

"""What every provider offers: commands as data and the reading of their answers; none of it starts a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu.state import State

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one command.

    Attributes:
        command: as it was run.
        exit: its status, negative for a signal; None where it was still silent when patience ended.
        stdout, stderr: its words.
        started: RFC 3339 with UTC offset; `duration_s` wall seconds.
    """

    command: Command
    exit: int | None
    stdout: str
    stderr: str
    started: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a command did not end well.

    `final`: asking again changes nothing. `lost`: whether it was carried out is not known, the state must
    be asked. `unclear`: it may be either.
    """

    kind: Literal["final", "lost", "unclear"]
    what: str
    remedy: str | None = None


class ProviderError(RepoOpsError):
    """A provider's refusal or silence; `answer` is what it rests on."""

    def __init__(self, fault: Fault, answer: Answer, *, where: str) -> None:
        super().__init__(fault.what, where=where, remedy=fault.remedy)
        self.answer = answer


class Provider(Protocol):
    """Satisfied by the modules that `PROVIDERS` lists."""

    def check(self, gpu: Gpu) -> None:
        """Raises RepoOpsError where a key that this provider needs is missing or wrong."""

    def place(self, gpu: Gpu) -> str:
        """The machine in words, for messages."""

    def status(self, gpu: Gpu) -> Command:
        """Asks for the state."""

    def kept(self, answer: Answer) -> str:
        """Of a good answer to `status` what is read of it, and nothing else: this is kept as evidence."""

    def read(self, gpu: Gpu, kept: str) -> State:
        """The state; raises ValueError where the text is no whole answer."""

    def start(self, gpu: Gpu, state: State) -> tuple[Command, ...]:
        """What starts a machine that rests in `state`, one command after the other."""

    def stop(self, gpu: Gpu) -> tuple[Command, ...]:
        """What stops it."""

    def ssh(self, gpu: Gpu, words: Sequence[str] = (), *, silent: bool = False) -> Command:
        """Logs in, or runs `words` there; `silent` asks no question and gives up soon."""

    def fault(self, gpu: Gpu, answer: Answer) -> Fault | None:
        """What a bad answer means; None of a good one."""

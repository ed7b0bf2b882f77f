"""Every claim about a kernel in a repository's texts and commit messages, with its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from repoops.claims import statements
from repoops.claims.about import Names, Subject, on_a_gpu, subject
from repoops.claims.figures import ALLOTTED, SPEEDS, figures
from repoops.claims.hold import hold
from repoops.claims.statements import Statement
from repoops.report.verdict import Verdict
from repoops.report.verification import VerificationReport


@dataclass(frozen=True, slots=True)
class Text:
    """A file or a commit message: `name` is its path, or the commit's id."""

    name: str
    data: bytes
    is_message: bool = False


_C = (".cu", ".cuh", ".h", ".hpp", ".c", ".cc", ".cpp")
SUFFIXES = (".md", *_C, ".py")
"""Of the files whose prose and comments are read."""


def verdicts(
    texts: Iterable[Text], names: Names, reports: Sequence[VerificationReport]
) -> Iterator[tuple[str, Verdict]]:
    """Each claim with the text that it stands in; texts that claim nothing give nothing."""
    for text in texts:
        default = None if text.is_message else names.of_file(text.name)
        for said in _statements(text):
            for verdict in _held(said, text, default, names, reports):
                yield text.name, verdict


def _statements(text: Text) -> Iterator[Statement]:
    words = text.data.decode("utf-8", "replace")
    suffix = PurePosixPath(text.name).suffix
    if text.is_message:
        return statements.of_message(words)
    if suffix == ".md":
        return statements.of_markdown(text.data)
    return statements.of_python(words) if suffix == ".py" else statements.of_c(words)


def _held(
    said: Statement, text: Text, default: Subject | None, names: Names, reports: Sequence[VerificationReport]
) -> Iterator[Verdict]:
    found = list(figures(said.text, said.under))
    about = subject(said, names, default) if found else None
    if about is None:
        return
    for figure in found:
        if figure.kind in SPEEDS and not on_a_gpu(said):
            continue
        if figure.kind in ALLOTTED and (text.is_message or about.version is None):
            continue
        word, why = hold(figure, about, said.text, reports)
        shown = said.text if len(said.text) <= 120 else f"… {figure.words} …"
        command = (
            f"repoops verify -k {about.kernel}" if about.kernel and not about.loose else "repoops verify"
        )
        yield Verdict(word, shown, f"{figure.words}: {why}", said.line, command)

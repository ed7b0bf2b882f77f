"""Evidence: what was run, on which tree, and what came of it; the only thing a ✅ is made from.

Stored as in-toto Statements (https://in-toto.io/Statement/v1) whose predicate is the test-result
predicate (https://in-toto.io/attestation/test-result/v0.1), with RepoOps' own fields under `repoops`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
EVIDENCE_SCHEMA = "repoops/evidence/1"


@dataclass(frozen=True, slots=True)
class Subject:
    """The state of a work tree that a run was made on.

    `tree` is the git tree id of everything tracked or untracked-and-not-ignored as it lay on disk,
    less `exclude`; `dirty` says that it differs from `commit`'s tree (less the same).
    """

    commit: str | None
    tree: str
    dirty: bool
    exclude: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"commit": self.commit, "tree": self.tree, "dirty": self.dirty, "exclude": list(self.exclude)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Subject:
        """Takes back what `to_json` gave."""
        return cls(data["commit"], data["tree"], data["dirty"], tuple(data.get("exclude", ())))


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured run.

    Attributes:
        id: names it within its session, and its file.
        subject: the tree it ran on, taken before the run.
        command: the argument list as it was run.
        exit: the exit status; negative for a signal, as in `subprocess`.
        started: RFC 3339 with UTC offset.
        duration_s: wall seconds.
        passed, failed: names of tests, where the command reports them (else empty).
        log: digest of the stored log, and `log_name` where it lies beside the statement.
        changed_tree: the tree id after the run where the run changed it, else None.
        figures: numbers read from the run, by name, for the summary to quote.
    """

    id: str
    subject: Subject
    command: tuple[str, ...]
    exit: int
    started: str
    duration_s: float
    log: str
    log_name: str
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    changed_tree: str | None = None
    figures: tuple[tuple[str, float], ...] = ()

    @property
    def ok(self) -> bool:
        """Exit 0 and no failed test."""
        return self.exit == 0 and not self.failed

    def to_json(self) -> dict[str, Any]:
        """The in-toto Statement."""
        digest = {"gitTree": self.subject.tree}
        if self.subject.commit:
            digest["gitCommit"] = self.subject.commit
        return {
            "_type": STATEMENT,
            "subject": [{"name": "work tree", "digest": digest}],
            "predicateType": TEST_RESULT,
            "predicate": {
                "result": "PASSED" if self.ok else "FAILED",
                "configuration": [
                    {"name": self.log_name, "digest": {"sha256": self.log.removeprefix("sha256:")}}
                ],
                "passedTests": list(self.passed),
                "warnedTests": [],
                "failedTests": list(self.failed),
                "repoops": {
                    "schema": EVIDENCE_SCHEMA,
                    "id": self.id,
                    "subject": self.subject.to_json(),
                    "command": list(self.command),
                    "exit": self.exit,
                    "started": self.started,
                    "durationSeconds": self.duration_s,
                    "changedTree": self.changed_tree,
                    "figures": dict(self.figures),
                },
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """Takes back what `to_json` gave; raises ValueError naming what does not fit."""
        try:
            predicate = data["predicate"]
            own = predicate["repoops"]
            if own["schema"] != EVIDENCE_SCHEMA:
                raise ValueError(f"schema is {own['schema']!r}, not {EVIDENCE_SCHEMA!r}")
            log = predicate["configuration"][0]
            return cls(
                id=own["id"],
                subject=Subject.from_json(own["subject"]),
                command=tuple(own["command"]),
                exit=own["exit"],
                started=own["started"],
                duration_s=own["durationSeconds"],
                log="sha256:" + log["digest"]["sha256"],
                log_name=log["name"],
                passed=tuple(predicate["passedTests"]),
                failed=tuple(predicate["failedTests"]),
                changed_tree=own["changedTree"],
                figures=tuple(own["figures"].items()),
            )
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"not a statement of ours: {error!r}") from error

"""What the compiled code writes down when a check fails: kinds, and where in the source each site is."""

from __future__ import annotations

from dataclasses import dataclass

from repoops.ptx.syntax import Instruction

KINDS = (
    ("memcheck", "out-of-bounds", "error"),
    ("memcheck", "misaligned", "error"),
    ("memcheck", "null", "error"),
    ("racecheck", "write-after-write", "error"),
    ("racecheck", "read-after-write", "error"),
    ("racecheck", "write-after-read", "error"),
    ("racecheck", "same-value-write", "warning"),
    ("racecheck", "in-flight", "error"),
    ("racecheck", "pending-operand", "error"),
    ("racecheck", "pending-accumulator", "error"),
    ("racecheck", "unfenced-write", "error"),
    ("racecheck", "unfenced-copy", "warning"),
    ("initcheck", "uninitialised-shared", "error"),
    ("initcheck", "uninitialised-global", "error"),
    ("initcheck", "uninitialised-local", "error"),
    ("synccheck", "divergent-barrier", "error"),
    ("synccheck", "inactive-lane", "error"),
    ("synccheck", "exited-at-barrier", "warning"),
    ("synccheck", "deadlock", "error"),
    ("synccheck", "member-mask", "error"),
    ("synccheck", "barrier-count", "error"),
    ("synccheck", "missing-fence", "error"),
    ("synccheck", "warpgroup", "error"),
    ("synccheck", "descriptor", "error"),
    ("run", "limit", "error"),
    ("run", "trap", "error"),
    ("run", "assert", "error"),
    ("run", "stack-overflow", "error"),
    ("run", "async-overflow", "error"),
    ("run", "base-offset", "error"),
    ("run", "no-function", "error"),
    ("run", "timeout", "error"),
)
"""(check, rule, severity); `run` is what ends a launch whatever checks are on."""
NUMBER = {rule: number for number, (_, rule, _) in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the code at which a check is made.

    Attributes:
        instruction: whose place is told.
        what: `load of 16 bytes from shared memory`.
    """

    instruction: Instruction
    what: str

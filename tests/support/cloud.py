"""A cloud with one instance: its state in a file, and a fake `gcloud` that comes first on PATH."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import fake_gcloud
from tests.support.fake_gcloud import held


@dataclass(frozen=True)
class Cloud:
    """What a test sees: the state file, and a PATH that finds the fake first."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    @classmethod
    def install(cls, folder: Path, **state: object) -> Cloud:
        """Puts the executable into `folder/bin`; `state` overrides what the file holds at first."""
        (folder / "bin").mkdir(parents=True)
        program = folder / "bin" / "gcloud"
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -SEs "{fake_gcloud.__file__}" "{folder / "state.json"}" "$@"\n'
        )
        program.chmod(0o755)
        cloud = cls(folder)
        first = {"status": "TERMINATED", "steps": 0, "faults": [], "calls": [], "starts": 0, "stops": 0, "idle": 0,
                 "ssh_after": 0, "max_run_s": None, "started": None, "stopped": "2026-11-27T03:12:44.061-08:00"}  # fmt: skip
        cloud.write({**first, **state})
        return cloud

    def read(self) -> dict[str, object]:
        with held(str(self.folder / "state.json")) as state:
            return dict(state)

    def write(self, state: dict[str, object]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def set(self, **state: object) -> None:
        with held(str(self.folder / "state.json")) as known:
            known.update(state)

    @property
    def verbs(self) -> list[str]:
        """Every call's verb, in order."""
        calls = self.read()["calls"]
        assert isinstance(calls, list)
        return [call[2] if call[1] == "instances" else call[1] for call in calls]

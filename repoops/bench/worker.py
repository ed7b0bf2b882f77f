"""The fresh process of a measurement: a request as JSON on standard input, the answer as JSON into a file that is handed over open.

What the user's code prints goes to standard output and disturbs nobody.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from repoops.bench import protocol, timers
from repoops.errors import RepoOpsError


def main(answer_to: int) -> None:
    """Answers with what `protocol.run` found, or with why it could not: `{"refused": …}`."""
    request = json.load(sys.stdin)
    try:
        module, _, name = request["factory"].partition(":")
        contest = getattr(importlib.import_module(module), name)(**request["arguments"])
        found = protocol.run(
            contest, timers.timer(request["timer"]), samples=request["samples"], seed=request["seed"]
        )
        answer = found.to_json()
    except RepoOpsError as error:
        answer = {"refused": str(error).replace("\n", ";")}
    with os.fdopen(answer_to, "wb") as file:
        file.write(json.dumps(answer, allow_nan=False).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""What gcloud's errors mean, in one line each: what, and what to do; its own words stay part of the line."""

from __future__ import annotations

import re
from typing import Any

from repoops.gpu.provider import Answer, Fault

_MOST = 300
"""Characters of gcloud's words that a line quotes."""

_LOST = re.compile(
    r"Unable to reach|Failed to resolve|[Nn]ame or service not known|nodename nor servname|name resolution"
    r"|Network is unreachable|No route to host|[Cc]onnection (?:refused|reset|aborted|broken)|[Rr]emote end closed"
    r"|timed? ?out|Max retries exceeded|HTTPSConnectionPool|SSLError|BrokenPipe"
    r"|Internal error\. Please try again|[Bb]ackend [Ee]rror|HTTP\w* (?:status )?:?50[0234]|keyboard interrupt"
)
"""Asked before the refusals: a token that cannot be refreshed because nobody can be reached is no matter of logging in."""

_AUTH = (
    r"refreshing your\s+current auth tokens|Reauthentication|active account selected|invalid_grant"
    r"|does not have any valid credentials"
)
_CAPACITY = (
    r"RESOURCE_POOL_EXHAUSTED|GPU_STOCKOUT|enough\s+resources available|insufficientCapacity"
    r"|reason: (?:stockout|resource_availability)"
)
_REFUSALS = (
    (_AUTH, "gcloud is not logged in", "log in: gcloud auth login"),
    (
        _CAPACITY,
        "the zone has no such machine free now",
        "nothing was started; try later, or move the disk to another zone",
    ),
    (
        r"QUOTA_EXCEEDED|quotaExceeded|Quota .* exceeded",
        "the project's quota is used up",
        "ask for more, or stop another machine: https://console.cloud.google.com/iam-admin/quotas",
    ),
    (
        r"Required .* permission|PERMISSION_DENIED|does not have permission|[Ff]orbidden",
        "the account may not do that",
        "ask the project's owner for roles/compute.instanceAdmin.v1, or: gcloud config set account ACCOUNT",
    ),
    (
        r"has not been used in project|SERVICE_DISABLED",
        "Compute Engine is switched off in the project",
        "switch it on: gcloud services enable compute.googleapis.com",
    ),
    (
        r"BILLING_DISABLED|requires billing to be enabled",
        "the project has no billing account",
        "see: https://console.cloud.google.com/billing",
    ),
    (
        r"property \[(?:core/)?project\]",
        "no project is chosen",
        "say gpu.project in repoops.yaml, or: gcloud config set project PROJECT",
    ),
    (
        r"[Ss]pecify the \[--zone\]|property \[(?:compute/)?zone\]",
        "no zone is chosen",
        "say gpu.zone in repoops.yaml",
    ),
    (
        r"was not found|NOT_FOUND|notFound",
        "there is no such instance",
        "compare gpu.instance, gpu.zone and gpu.project with: gcloud compute instances list",
    ),
)
_SEE = "see: repoops gpu status"


def fault_of(answer: Answer) -> Fault:
    """The fault of an answer of gcloud that is not exit 0."""
    if answer.exit is None:
        return Fault("lost", f"gcloud was silent for {answer.duration_s:.0f} s", _SEE)
    if answer.exit < 0 or answer.exit in (137, 143):
        return Fault("lost", "gcloud was killed before it answered", _SEE)
    said = answer.stderr or answer.stdout
    words = message(said)
    if _LOST.search(said):
        return Fault("lost", f"its answer was lost; gcloud: {words}", _SEE)
    for pattern, what, remedy in _REFUSALS:
        if re.search(pattern, said):
            return Fault("final", f"{what}; gcloud: {words}", remedy)
    return Fault("unclear", f"gcloud failed with exit {answer.exit}: {words}", _SEE)


def message(text: str) -> str:
    """The sentence of an error that a person can act on, in one line.

    Three shapes: `ERROR: (gcloud.x) ---` with YAML below it (an operation that failed), `ERROR: (gcloud.x) …:` with
    ` - ` before each reason (a request that was refused), and a plain `ERROR: (gcloud.x) …`.
    """
    lines = text.replace("\r", "")
    operation = re.search(r"^ERROR: \([^)]*\) ---\n(.*)", lines, re.DOTALL | re.MULTILINE)
    if operation:
        said = _operation(operation[1])
        if said:
            return _one_line(said)
    reasons = re.findall(r"^ +- (.+(?:\n {3,}\S.*)*)", lines, re.MULTILINE)
    if reasons:
        return _one_line("; ".join(reasons))
    plain = re.search(
        r"^ERROR: (?:\([^)]*\) )?(.+?)(?:\nPlease run|\n\n|\Z)", lines, re.DOTALL | re.MULTILINE
    )
    rest = [line for line in lines.splitlines() if line.strip()]
    return _one_line(plain[1] if plain else rest[-1] if rest else "it said nothing")


def _operation(block: str) -> str:
    import yaml

    try:
        data: Any = yaml.safe_load(block)
    except yaml.YAMLError:
        data = None
    if not isinstance(data, dict):
        return ""
    details = data.get("errorDetails")
    local = [
        str(d["localizedMessage"].get("message", ""))
        for d in (details if isinstance(details, list) else [])
        if isinstance(d, dict) and isinstance(d.get("localizedMessage"), dict)
    ]
    said = next(filter(None, local), str(data.get("message", "")))
    return f"{data.get('code', '')}: {said}".strip(": ")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"

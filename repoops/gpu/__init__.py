"""A rented GPU machine: started, stopped and asked for its state; nothing is believed but the provider's own status."""

from __future__ import annotations

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import command, gcloud, sky
from repoops.gpu.provider import Provider
from repoops.gpu.state import checked_price

PROVIDERS: dict[str, Provider] = {"gcloud": gcloud, "sky": sky, "command": command}
"""Modules alike in shape; `gpu.provider` names one."""

_EXAMPLE = (
    "say in repoops.yaml: gpu: {provider: gcloud, instance: cudadent42-l4-dev, zone: us-central1-a}; "
    "docs/gpu.md has the keys"
)


def provider_of(gpu: Gpu) -> Provider:
    """The provider that a configuration names, once the configuration says all that it needs.

    Raises:
        RepoOpsError: none is configured, there is no such one, or a key that it needs is missing.
    """
    if gpu.provider is None:
        raise RepoOpsError("no GPU machine is configured", where="gpu.provider", remedy=_EXAMPLE)
    if gpu.provider not in PROVIDERS:
        raise RepoOpsError(
            f"there is no provider {gpu.provider!r}",
            where="gpu.provider",
            remedy=f"choose: {', '.join(PROVIDERS)}",
        )
    checked_price(gpu)
    PROVIDERS[gpu.provider].check(gpu)
    return PROVIDERS[gpu.provider]

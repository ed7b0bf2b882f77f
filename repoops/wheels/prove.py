"""Proves on the host that what was installed works: an import, and where there is a card a tiny call on it.

A call is one line that prints how far its result is from a reference made with torch alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from repoops.hostfacts import patient
from repoops.hostfacts.model import HostFacts, Known
from repoops.remote.ssh import Answered, Host

_IMPORT = (
    "import sys;del sys.path[0];import importlib as i,importlib.metadata as m;"
    'i.import_module(sys.argv[1]);print("imported",m.version(sys.argv[2]))'
)
_SETUP = 'import sys;del sys.path[0];import torch as t;r=lambda*s:t.randn(*s,device="cuda",dtype=t.half);'


@dataclass(frozen=True, slots=True)
class Call:
    """One line of Python that prints a distance, and the most it may be."""

    code: str
    most: float


CALLS = {
    "torch": Call(
        _SETUP + "a=r(64,64).float();print(float((a@a-(a.cpu()@a.cpu()).cuda()).abs().max()))", 0.1
    ),
    "flash-attn": Call(
        _SETUP + "from flash_attn import flash_attn_func as f;q=r(1,64,2,64);p=q.transpose(1,2);"
        "s=t.nn.functional.scaled_dot_product_attention;print(float((f(q,q,q)-s(p,p,p).transpose(1,2)).abs().max()))",
        0.02,
    ),
    "xformers": Call(
        _SETUP + "import xformers.ops as x;q=r(1,64,2,64);p=q.transpose(1,2);s=t.nn."
        "functional.scaled_dot_product_attention(p,p,p).transpose(1,2);print(float((x.memory_efficient_attention(q,q,q)-s).abs().max()))",
        0.02,
    ),
    "causal-conv1d": Call(
        _SETUP + "from causal_conv1d import causal_conv1d_fn as f;x=r(1,8,32);w=r(8,4);"
        "y=t.nn.functional.conv1d(x,w[:,None],padding=3,groups=8)[...,:32];print(float((f(x,w)-y).abs().max()))",
        0.05,
    ),
    "bitsandbytes": Call(
        _SETUP + "import bitsandbytes.functional as f;a=r(64,64);q,s=f.quantize_nf4(a);"
        "print(float((f.dequantize_nf4(q,s)-a).abs().mean()))",
        0.2,
    ),
    "torch-scatter": Call(
        _SETUP + "from torch_scatter import scatter as f;x=r(8).float();"
        'i=t.zeros(8,dtype=t.long,device="cuda");print(float((f(x,i)-x.sum()).abs().max()))',
        1e-4,
    ),
}
"""Projects for which a call is known; of any other one can be given: `--call`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was tried on the host, and what came of it.

    Attributes:
        what: `import flash_attn`, or `call on NVIDIA L4`.
        outcome: `passed`, `failed` or `not run`.
        said: what it printed, why it failed, or why it was not run.
    """

    what: str
    outcome: str
    said: str


def imports(host: Host, python: str, project: str, modules: tuple[str, ...]) -> list[Proof]:
    """Imports each module, apart from the folder that the login begins in."""
    found = []
    for module in modules:
        answered = patient.run(host, [python, "-c", _IMPORT, module, project], timeout_s=300)
        word = _last(answered)
        passed = answered.rc == 0 and word.startswith("imported ")
        found.append(
            Proof(
                f"import {module}",
                "passed" if passed else "failed",
                word.removeprefix("imported ") if passed else answered.last_words(),
            )
        )
    return found


def call(host: Host, python: str, project: str, facts: HostFacts, code: str | None) -> Proof:
    """One tiny call on the card; `code` goes before the one that is known."""
    if not isinstance(facts.driver, Known):
        return Proof("call on a card", "not run", f"no card: {facts.driver.why}")
    card = facts.gpu.value if isinstance(facts.gpu, Known) else "the card"
    known = CALLS.get(project)
    if code is None and known is None:
        return Proof(f"call on {card}", "not run", f"none is known for {project}: give one with --call")
    line = code if code is not None else known.code if known else ""
    answered = patient.run(host, [python, "-c", line], timeout_s=300)
    if answered.rc != 0:
        return Proof(f"call on {card}", "failed", answered.last_words())
    word = _last(answered)
    if code is not None or known is None:
        return Proof(f"call on {card}", "passed", word)
    try:
        near = float(word) <= known.most
    except ValueError:
        return Proof(f"call on {card}", "failed", f"printed {word[:60]!r}, no distance")
    return Proof(
        f"call on {card}",
        "passed" if near else "failed",
        f"{float(word):.2g} from the reference, {known.most:g} at most",
    )


def _last(answered: Answered) -> str:
    lines = answered.stdout.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""

"""What a version is held to: taken down while it compiles, kept, and compared with by the next run of another tree."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from repoops.report import store
from repoops.report.evidence import Subject
from repoops.suite import runner
from repoops.suite.contract import held
from repoops.suite.spec import Case, KernelSpec, Version
from tests.suite.project import SCALE_CU, project

MOVED = "from repoops.suite.gates import Bytes\n\nSIZE = 4\n\n\ndef moved(case):\n    return Bytes(SIZE * case['n'], SIZE * case['n'])\n"
HEADER = "#pragma once\n#define TWICE 2.0f\n"
NO_GUARD = """\
class: unguarded tail
expect: memcheck

--- a/scale.cu
+++ b/scale.cu
@@ -5 +5 @@
-    if (i < n) y[i] = TWICE * x[i];
+    y[i] = TWICE * x[i];
"""


def at_most(found: object, _: object, *, most: int = 8) -> str | None:
    """Few registers."""
    return None if found.registers <= most else "many"  # type: ignore[attr-defined]


def test_a_gate_of_an_authors_own_is_told_as_it_is_written() -> None:
    gates = (
        at_most,
        partial(at_most, most=9),
        lambda found, _: (
            "many" if found.registers > 40 else None  # more would not fit
        ),
    )
    version = Version("plain", lambda *_: (), gates=gates)
    spec = KernelSpec(
        name="k", make=tuple, empty=tuple, oracle=tuple, peer=tuple, cases=(Case((), "float32"),), versions=(version,), source="none",
    )  # fmt: skip
    limits = dict(held(spec, version, (), {}, "sm_89").limits)
    body = "def at_most(found: object, _: object, *, most: int=8) -> str | None: "
    body += '"""Few registers.""" return None if found.registers <= most else \'many\''
    assert limits["at_most"] == f"{body}; {body}, of most=9"
    assert limits["lambda"] == "lambda found, _: 'many' if found.registers > 40 else None"


def test_an_edited_contract_and_an_idle_edit_are_told(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    spec = repo.read("kernels/scale/spec.py").decode()
    repo.write(
        "kernels/scale/spec.py",
        spec.replace(
            "gates.no_stack", "gates.registers(48), gates.requires('BAR'), gates.traffic(moved)"
        ).replace("\n\nSPEC", "\n\nfrom kernels.scale.bytes import moved\nSPEC", 1),
    )
    repo.write("kernels/scale/bytes.py", MOVED)
    repo.write("kernels/scale/scale.cu", '#include "twice.cuh"\n' + SCALE_CU.replace("2.0f", "TWICE"))
    repo.write("kernels/scale/twice.cuh", HEADER)
    repo.write("kernels/scale/mutants/plain-no-guard.patch", NO_GUARD)
    repo.commit("a contract")
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    first = runner.verify(
        repo.root, backend="compile", archs=("sm_80", "sm_90"), paths=("kernels",), select="compile",
        subject=Subject(None, tree, dirty=False),
    )  # fmt: skip
    (held,) = first.held
    assert held.limits == (
        ("tolerance", "k = 2"), ("architectures", "sm_80, sm_90"), ("two runs", "equal to the bit"), ("spills", "none"),
        ("registers", "at most 48"), ("executed", "BAR"), ("traffic", "within 10% of the algorithm's bytes"),
    )  # fmt: skip
    assert (held.cases, held.mutants) == (("n1-fp32", "n257-fp32"), ("no-guard",))
    assert [arch for arch, _ in held.machine_code] == ["sm_80", "sm_90"]
    assert held.traffic == (("n1-fp32", (4, 4, 0, 0)), ("n257-fp32", (1028, 1028, 0, 0)))
    store.save(repo.root / ".git" / "repoops", first)

    same = repo.repoops("verify", "--backend", "compile", "-k", "compile and sm_80")
    assert "HELD TO" not in same.stdout
    assert "NO CHANGE" not in same.stdout

    edited = repo.read("kernels/scale/spec.py").decode()
    for old, new in (("registers(48)", "registers(64)"), (", gates.requires('BAR')", ""), ("(1, 257)", "(1, 2)"), ('source="none"', 'source="none", tolerance=FromError(k=3)'), ("import KernelSpec", "import FromError, KernelSpec")):  # fmt: skip
        edited = edited.replace(old, new)
    repo.write("kernels/scale/spec.py", edited)
    repo.write("kernels/scale/twice.cuh", HEADER.replace("2.0f", "(1.0f + 1.0f)"))
    repo.write("kernels/scale/bytes.py", MOVED.replace("SIZE = 4", "SIZE = 40"))  # two steps from the gate
    (repo.root / "kernels/scale/mutants/plain-no-guard.patch").unlink()
    tenfold = "40 bytes of global memory read, was 4, 40 bytes of global memory written, was 4"
    for _ in range(2):  # beside HEAD's tree, and beside a parent's
        said = repo.repoops("verify", "--backend", "compile", "-k", "compile and sm_80")
        assert said.code == 0, said.stdout
        assert said.stdout.splitlines()[-8:-1] == [
            "HELD TO  scale plain: tolerance k = 3, was 2",
            "HELD TO  scale plain: registers at most 64, was 48",
            "HELD TO  scale plain: executed no longer (BAR)",
            f"HELD TO  scale plain: traffic is counted otherwise in 1 case, first n1-fp32: {tenfold}",
            "HELD TO  scale plain: 1 case fewer: n257-fp32",
            "HELD TO  scale plain: 1 mutant fewer: no-guard",
            "NO CHANGE  scale plain: the source changed, its machine code for sm_80 did not",
        ]
        repo.commit("looser")
        repo.write("kernels/scale/more.txt", "another tree")

"""Reports of a suite whose headline cases were listed, and timed or not; written out by hand."""

from __future__ import annotations

from dataclasses import replace

from repoops.bench import measure
from repoops.kernel import work
from repoops.report.evidence import Subject
from repoops.report.speed import Rival, Timing, Work
from repoops.report.verification import CaseResult, NotRun, Passed, Resources, VerificationReport

HEADLINE = work.attention(batch=1, heads=8, kv_heads=8, seq_q=512, seq_k=512, dim=64, width=2)
ROWS = work.streaming(4096 * 4096, 5, 2)
NO_GPU = "no GPU to time it on: no NVIDIA driver on this machine"
COUNTERS = {
    "instructions": 1_600_000, "branches_divergent": 0, "active_lanes": 51_200_000, "global_requests": 20_000,
    "global_sectors": 290_000, "shared_requests": 66_000, "shared_wavefronts": 66_000, "bank_conflicts": 0,
    "tensor_ops": 131_072, "async_copies": 8_000, "barriers": 4_600, "bytes_global_read": 9_000_000,
    "bytes_global_written": 524_288, "bytes_shared_read": 1, "bytes_shared_written": 1,
}  # fmt: skip


def listed(kernel: str, version: str, arch: str, case: str, todo: Work, *, blocks: int = 2) -> CaseResult:
    found = Resources(arch, 150, 0, 0, 0, 4096, 0, 128, 32768, blocks, 0.1667, "shared memory", kernel, "sha256:" + "ab" * 32,
                      (("HMMA", 128), ("LDSM", 40), ("instructions", 2000)))  # fmt: skip
    return CaseResult(f"kernels/{kernel}/spec.py::{version}::bench[{arch}, {case}]", kernel, version, f"bench[{arch}, {case}]",
                      "", NotRun(NO_GPU), 0.0, resources=found, work=todo, grid=(8, 8, 1))  # fmt: skip


def untimed() -> VerificationReport:
    """Of a machine without a card."""
    ran = CaseResult(
        "kernels/attention/spec.py::tensor_core[S512]", "attention", "tensor_core", "numerics[S512]", "cpu: Some Processor",
        Passed(), 1.0, counters=tuple(COUNTERS.items()), work=HEADLINE,
    )  # fmt: skip
    small = replace(ran, check="numerics[S1]", counters=tuple((COUNTERS | {"instructions": 10}).items()))
    rows = tuple(
        listed("attention", "tensor_core", arch, "S512", HEADLINE) for arch in ("sm_80", "sm_89", "sm_90")
    )
    report = VerificationReport(
        Subject("c" * 40, "d" * 40, dirty=False), "cpu", (("ptxas", "13.3"), ("cuda", "not available: no driver")),
        (small, ran, *rows, listed("softmax", "online", "sm_89", "rows4096", ROWS, blocks=1)), (),
        "2026-11-27T21:00:00+00:00", 12.5, ("python", "-m", "pytest"), 0,
    )  # fmt: skip
    return measure.with_floors(report)


def timed(p50_us: float = 21.0, started: str = "2026-11-28T21:00:00+00:00") -> VerificationReport:
    """The same, where an L4 timed attention."""
    report = untimed()
    rivals = (
        Rival(
            "SDPA (flash)", "torch 2.13.0", "FASTER", "", 22.8, (22.7, 22.9), p50_us / 22.8, (0.915, 0.927)
        ),
        Rival("flash-attn", "", "NOT MEASURED", "flash-attn is not installed"),
    )
    timing = Timing("graph replay", 500, p50_us, 20.5, 22.0, "SDPA (flash)", 22.8, (p50_us - 0.2, p50_us + 0.2), 5, 10, "cold", 7.0,
                    (0.996, 1.003), 0.004, rivals, (1900, 2040))  # fmt: skip
    rows = [
        replace(row, test=f"{row.test}::cold", result=Passed(), ran_on="cuda: NVIDIA L4", timing=timing)
        if row.check == "bench[sm_89, S512]" else row for row in report.results
    ]  # fmt: skip
    return replace(report, results=tuple(rows), started=started)

"""How far a kernel may be from its oracle: bounds taken from measured error, never picked by hand.

Rule 2 of the suite's policy, after flash-attention's tests (Dao et al.): the largest deviation may be
`k` times that of torch in the same dtype, plus twice the rounding of the dtype at 0.3; and each row's
relative L2 norm is bounded the same way, so that one wrong row cannot hide in a large tensor.

Two units in the last place of an element's own value are always allowed: where torch happens to be
nearly exact, the rule alone accuses a right float32 softmax of 5.3e-8 at 0.616, less than one unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from repoops.report.verification import Error


@dataclass(frozen=True, slots=True)
class FromError:
    """`k` is 2 for a forward pass, 3 for a backward one."""

    k: float = 2.0

    @property
    def rule(self) -> str:
        """In words, for the report."""
        return f"{self.k:g} x torch's error in the same dtype + 2 x rounding, or 2 units in the last place"

    def compare(self, out: Any, truth: Any, peer: Any) -> tuple[Error, str | None]:
        """Holds an output against the oracle.

        NaN must meet NaN, and an infinity the same infinity.

        Args:
            out: the kernel's output, in its dtype, on the CPU.
            truth: the oracle's, float64, of the same shape.
            peer: torch's own, in the kernel's dtype.

        Returns:
            The error beside its bounds, and what is wrong, or None.

        Raises:
            ValueError: shapes differ, or torch's own result is not finite where the truth is: that
                would make every bound infinite.
        """
        import torch

        if not out.shape == truth.shape == peer.shape:
            shapes = [tuple(t.shape) for t in (out, truth, peer)]
            raise ValueError(f"shapes differ: output {shapes[0]}, oracle {shapes[1]}, torch {shapes[2]}")
        if bool(_strange(peer.double(), truth).any()):
            raise ValueError(
                f"torch in {peer.dtype} gives NaN or infinity where the truth is finite: no bound can be had from it"
            )
        low = truth.to(out.dtype)
        rounding = ((low + 0.3 - 0.3).double() - low.double()).abs()
        bound = self.k * _largest((peer.double() - truth).abs()) + 2 * _largest(rounding)
        row_bound = self.k * _largest(_row_l2(peer.double(), truth)) + 2 * torch.finfo(out.dtype).eps
        wide = out.double()
        strange = _strange(wide, truth)
        deviation = torch.where(strange, torch.inf, (wide - truth).abs().nan_to_num(0.0)).reshape(-1)
        units = 2 * torch.finfo(out.dtype).eps * truth.abs().nan_to_num(0.0, posinf=0.0).reshape(-1)
        allowed = units.clamp(min=bound)
        rows = _row_l2(torch.where(strange, torch.inf, wide), truth)
        share = torch.where(deviation == 0, 0.0, deviation / allowed)
        worst = int(share.argmax()) if share.numel() else 0
        index = _index(worst, out.shape)
        found, bound = (float(t[worst]) if t.numel() else 0.0 for t in (deviation, allowed))
        error = Error(found, bound, _largest(rows), row_bound, index, self.rule)
        if bool(strange.any()):
            count = f"{int(strange.sum())} of {out.numel()} elements are NaN or infinite where the truth is not, or differ in it"
            return error, f"{count}; the first at {index}"
        if error.max > bound:
            got = f"{float(wide.reshape(-1)[worst]):.6g} for {float(truth.reshape(-1)[worst]):.6g}"
            return error, f"deviates by {error.max:.3g} at {index} ({got}), at most {bound:.3g}: {self.rule}"
        if error.row_l2 > row_bound:
            which = _index(int(rows.argmax()), out.shape[:-1]) if out.ndim > 1 else ()
            return (
                error,
                f"row {which} has a relative L2 error of {error.row_l2:.3g}, at most {row_bound:.3g}: {self.rule}",
            )
        return error, None


def _index(flat: int, shape: Any) -> tuple[int, ...]:
    found = []
    for size in reversed(shape):
        flat, at = divmod(flat, size) if size else (0, 0)
        found.append(at)
    return tuple(reversed(found))


def _strange(out: Any, truth: Any) -> Any:
    """Where one is NaN and the other not, or an infinity meets anything but itself."""
    either = out.isinf() | truth.isinf()
    return (out.isnan() != truth.isnan()) | (either & (out != truth))


def _row_l2(out: Any, truth: Any) -> Any:
    """The relative L2 error of each row; infinite where a row that must be zero is not; NaN and infinity that are meant count as equal."""
    import torch

    size = truth.shape[-1] if truth.ndim > 1 else truth.numel()
    if size == 0:
        return torch.zeros(1, dtype=torch.float64)
    difference = torch.where((out == truth) | (out.isnan() & truth.isnan()), 0.0, out - truth)
    error = difference.reshape(-1, size).norm(dim=1)
    length = torch.where(truth.isfinite(), truth, 0.0).reshape(-1, size).norm(dim=1)
    return torch.where(error == 0, 0.0, error / length).nan_to_num(torch.inf, posinf=torch.inf)


def _largest(values: Any) -> float:
    found = values.nan_to_num(0.0, posinf=float("inf"))
    return float(found.max()) if found.numel() else 0.0

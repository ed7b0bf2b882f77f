"""How far a kernel may be from its oracle: bounds taken from measured error, never picked by hand.

Rule 2 of the suite's policy, after flash-attention's tests (Dao et al.): the largest deviation may be
`k` times that of torch in the same dtype, plus twice the rounding of the dtype at 0.3; and each row's
relative L2 norm is bounded the same way, so that one wrong row cannot hide in a large tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from repoops.report.verification import Error


@dataclass(frozen=True, slots=True)
class FromError:
    """`k` is 2 for a forward pass, 3 for a backward one."""

    k: float = 2.0

    def compare(self, out: Any, truth: Any, peer: Any) -> tuple[Error, str | None]:
        """Holds an output against the oracle.

        Args:
            out: the kernel's output, in its dtype, on the CPU.
            truth: the oracle's, float64, of the same shape.
            peer: torch's own, in the kernel's dtype.

        Returns:
            The error beside its bounds, and what is wrong, or None.
        """
        import torch

        if out.shape != truth.shape:
            raise ValueError(f"the output is {tuple(out.shape)}, the oracle's {tuple(truth.shape)}")
        low = truth.to(out.dtype)
        rounding = ((low + 0.3 - 0.3).double() - low.double()).abs()
        bound = self.k * _largest((peer.double() - truth).abs()) + 2 * _largest(rounding)
        row_bound = self.k * _largest(_row_l2(peer.double(), truth)) + 2 * torch.finfo(out.dtype).eps
        deviation = (out.double() - truth).abs()
        strange = ~torch.isfinite(out.double()) & torch.isfinite(truth)
        deviation = torch.where(strange, torch.inf, deviation.nan_to_num(0.0))
        worst = int(deviation.argmax()) if deviation.numel() else 0
        index = (
            tuple(int(i) for i in torch.unravel_index(torch.tensor(worst), out.shape)) if out.numel() else ()
        )
        rows = _row_l2(torch.where(strange, torch.inf, out.double()), truth)
        error = Error(
            _largest(deviation), bound, _largest(rows), row_bound, index, f"{self.k:g} x torch + 2 x rounding"
        )
        if bool(strange.any()):
            return (
                error,
                f"{int(strange.sum())} of {out.numel()} elements are NaN or infinite, the first at {index}",
            )
        if error.max > bound:
            return error, f"deviates by {error.max:.3g} at {index}, at most {bound:.3g} ({error.rule})"
        if error.row_l2 > row_bound:
            return (
                error,
                f"a row's relative L2 error is {error.row_l2:.3g}, at most {row_bound:.3g} ({error.rule})",
            )
        return error, None


def _row_l2(out: Any, truth: Any) -> Any:
    import torch

    size = truth.shape[-1] if truth.ndim > 1 else truth.numel()
    difference, norm = (
        (t.reshape(-1, size).norm(dim=1) if size else t.new_zeros(1)) for t in (out - truth, truth)
    )
    return torch.where(difference == 0, 0.0, difference / norm).nan_to_num(0.0, posinf=torch.inf)


def _largest(values: Any) -> float:
    finite = values.nan_to_num(0.0, posinf=float("inf"))
    return float(finite.max()) if finite.numel() else 0.0

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

    def bounds(self, truth: Any, peer: Any, dtype: Any) -> Bounds:
        """How far an output may be from the truth.

        Args:
            truth: the oracle's output, float64.
            peer: torch's own, in the kernel's dtype, of the same shape.
            dtype: of the output.

        Raises:
            ValueError: shapes differ, or torch's own result is not finite where the truth is: that
                would make every bound infinite.
        """
        import torch

        if truth.shape != peer.shape:
            raise ValueError(f"shapes differ: oracle {tuple(truth.shape)}, torch {tuple(peer.shape)}")
        wide = peer.double()
        finite = bool(truth.isfinite().all())
        if bool((~wide.isfinite()).any() if finite else _strange(wide, truth).any()):
            raise ValueError(
                f"torch in {peer.dtype} gives NaN or infinity where the truth is finite: no bound can be had from it"
            )
        low = truth.to(dtype)
        rounding = ((low + 0.3 - 0.3).double() - low.double()).abs()
        bound = self.k * _largest((wide - truth).abs()) + 2 * _largest(rounding)
        length = _row_length(truth)
        row_bound = self.k * _largest(_row_l2(wide, truth, length)) + 2 * torch.finfo(dtype).eps
        units = 2 * torch.finfo(dtype).eps * truth.abs().nan_to_num(0.0, posinf=0.0).reshape(-1)
        return Bounds(units.clamp(min=bound), length, row_bound, finite)

    def hold(self, out: Any, truth: Any, bounds: Bounds) -> tuple[Error, str | None]:
        """Holds an output against the oracle.

        NaN must meet NaN, and an infinity the same infinity.

        Args:
            out: the kernel's output, in its dtype, on the CPU.
            truth: the oracle's, float64, of the same shape.
            bounds: of `bounds`, for this truth and the output's dtype.

        Returns:
            The error beside its bounds, and what is wrong, or None.

        Raises:
            ValueError: shapes differ.
        """
        import torch

        if out.shape != truth.shape:
            raise ValueError(f"shapes differ: output {tuple(out.shape)}, oracle {tuple(truth.shape)}")
        wide = out.double()
        strange = None if bounds.finite and bool(wide.isfinite().all()) else _strange(wide, truth)
        deviation = (wide - truth).abs()
        if strange is not None:
            wide = torch.where(strange, torch.inf, wide)
            deviation = torch.where(strange, torch.inf, deviation.nan_to_num(0.0))
        deviation = deviation.reshape(-1)
        rows = _row_l2(wide, truth, bounds.length)
        share = torch.where(deviation == 0, 0.0, deviation / bounds.element)
        worst = int(share.argmax()) if share.numel() else 0
        index = _index(worst, out.shape)
        found, bound = (float(t[worst]) if t.numel() else 0.0 for t in (deviation, bounds.element))
        error = Error(found, bound, _largest(rows), bounds.row, index, self.rule)
        if strange is not None and bool(strange.any()):
            count = f"{int(strange.sum())} of {out.numel()} elements are NaN or infinite where the truth is not, or differ in it"
            return error, f"{count}; the first at {index} ({_met(out, truth, worst)})"
        if error.max > bound:
            got = _met(out, truth, worst)
            return error, f"deviates by {error.max:.3g} at {index} ({got}), at most {bound:.3g}: {self.rule}"
        if error.row_l2 > bounds.row:
            which = _index(int(rows.argmax()), out.shape[:-1]) if out.ndim > 1 else ()
            return (
                error,
                f"row {which} has a relative L2 error of {error.row_l2:.3g}, at most {bounds.row:.3g}: {self.rule}",
            )
        return error, None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an output may be from its truth.

    Attributes:
        element: float64, one for each element, flat.
        length: L2 norm of each row of the truth.
        row: of every row's relative L2 error.
        finite: whether all of the truth is.
    """

    element: Any
    length: Any
    row: float
    finite: bool

    @property
    def tensors(self) -> tuple[Any, ...]:
        """Those that it holds."""
        return (self.element, self.length)


def _met(out: Any, truth: Any, at: int) -> str:
    """An element's value, and the one that was meant."""
    return f"got {float(out.reshape(-1)[at]):.6g}, expected {float(truth.reshape(-1)[at]):.6g}"


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


def _row_size(truth: Any) -> int:
    return int(truth.shape[-1] if truth.ndim > 1 else truth.numel())


def _row_length(truth: Any) -> Any:
    """The L2 norm of each row, without what is infinite or NaN in it."""
    import torch

    size = _row_size(truth)
    if size == 0:
        return torch.zeros(1, dtype=torch.float64)
    return torch.where(truth.isfinite(), truth, 0.0).reshape(-1, size).norm(dim=1)


def _row_l2(out: Any, truth: Any, length: Any) -> Any:
    """The relative L2 error of each row; infinite where a row that must be zero is not; NaN and infinity that are meant count as equal."""
    import torch

    size = _row_size(truth)
    if size == 0:
        return torch.zeros(1, dtype=torch.float64)
    error = (out - truth).reshape(-1, size).norm(dim=1)
    if not bool(error.isfinite().all()):
        difference = torch.where((out == truth) | (out.isnan() & truth.isnan()), 0.0, out - truth)
        error = difference.reshape(-1, size).norm(dim=1)
    return torch.where(error == 0, 0.0, error / length).nan_to_num(torch.inf, posinf=torch.inf)


def _largest(values: Any) -> float:
    found = values.nan_to_num(0.0, posinf=float("inf"))
    return float(found.max()) if found.numel() else 0.0

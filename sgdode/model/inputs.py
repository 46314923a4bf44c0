"""The laws of the inputs x ~ N(0, C/d), tr C = d: one record each, in one dict; and laws that a spec spells out.

C enters through its distinct eigenvalues alone: block b has the eigenvalue c_b and the fraction π_b of the d
dimensions, Σ π_b = Σ π_b c_b = 1. Everything behind asks a law for its blocks, never for its name. Overlaps by block
are scaled by 1/d, Q_b = W Π_b Wᵀ/d, so that fields have the covariance Ω = Σ_b c_b Ω_b.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: How far π_b d may be from a whole number.
_WHOLE = 1e-6


@dataclass(frozen=True)
class InputLaw:
    """``eigenvalues`` c_b and ``fractions`` π_b of the blocks of C, each (B,). ``meaning``: one line for a reader.
    ``binning_error``: what gathering a spectrum into these blocks may change, relative; None where it is exact."""

    eigenvalues: tuple[float, ...]
    fractions: tuple[float, ...]
    meaning: str = ""
    binning_error: float | None = None

    @property
    def isotropic(self) -> bool:
        """Whether C = I: a single block."""
        return len(self.eigenvalues) == 1

    @property
    def blocks(self) -> int:
        """B."""
        return len(self.eigenvalues)

    @property
    def largest(self) -> float:
        """c_max."""
        return max(self.eigenvalues)

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue that is not 0."""
        return min(c for c in self.eigenvalues if c > 0)

    @property
    def concentration(self) -> float:
        """d_eff/d = (tr C)²/(d tr C²) = 1/Σ π_b c_b²."""
        pairs = zip(self.fractions, self.eigenvalues, strict=True)
        return 1.0 / sum(fraction * c * c for fraction, c in pairs)

    def dimensions(self, d: float) -> tuple[float, ...]:
        """d_b = π_b d of every block (``math.inf`` at d = ∞). Raises ValueError where one is no whole number."""
        if math.isinf(d):
            return tuple(math.inf if fraction > 0 else 0.0 for fraction in self.fractions)
        found = tuple(float(round(fraction * d)) for fraction in self.fractions)
        for b, (fraction, whole) in enumerate(zip(self.fractions, found, strict=True)):
            if whole < 1 or abs(fraction * d - whole) > _WHOLE * max(1.0, 1e-9 * d):
                near = max(whole, 1.0)
                raise ValueError(
                    f"block {b} has {fraction * d:.6g} of the {d:g} dimensions; a whole number is needed, such as "
                    f"{near:g} (a fraction of {near / d:.12g})"
                )
        if sum(found) != d:
            raise ValueError(f"the blocks have {sum(found):g} dimensions together; {d:g} are needed")
        return found


ISOTROPIC = InputLaw((1.0,), (1.0,), "x ~ N(0, I/d)")

INPUT_LAWS: dict[str, InputLaw] = {"isotropic": ISOTROPIC}


def of_blocks(pairs: tuple[tuple[float, float], ...]) -> tuple[InputLaw, float]:
    """The law of blocks (fraction, eigenvalue), with eigenvalues scaled to tr C = d, and the factor of that.

    Raises ValueError for what is no law.
    """
    fractions = [fraction for fraction, _ in pairs]
    values = [c for _, c in pairs]
    if any(not 0 < fraction <= 1 for fraction in fractions):
        raise ValueError(f"fractions must be above 0 and up to 1; got {fractions}")
    if abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"the fractions add up to {sum(fractions):.12g}; they must add up to 1")
    if any(c < 0 for c in values) or not any(values):
        raise ValueError(f"eigenvalues must be 0 or above, and not all 0; got {values}")
    trace = sum(fraction * c for fraction, c in pairs)
    scale = 1.0 if abs(trace - 1) < 1e-12 else 1.0 / trace
    return InputLaw(tuple(c * scale for c in values), tuple(fractions), "x ~ N(0, C/d), C given by blocks"), scale

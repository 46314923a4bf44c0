"""The laws of the inputs x ~ N(0, C/d), tr C = d: one record each, in one dict.

C enters through its distinct eigenvalues alone: block b has the eigenvalue c_b and the fraction π_b of the d
dimensions, Σ π_b = Σ π_b c_b = 1. Everything behind asks a law for its blocks, never for its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputLaw:
    """``eigenvalues`` c_b and ``fractions`` π_b of the blocks of C, each (B,). ``meaning``: one line for a reader."""

    eigenvalues: tuple[float, ...]
    fractions: tuple[float, ...]
    meaning: str = ""

    @property
    def isotropic(self) -> bool:
        """Whether C = I: a single block."""
        return len(self.eigenvalues) == 1


ISOTROPIC = InputLaw((1.0,), (1.0,), "x ~ N(0, I/d)")

INPUT_LAWS: dict[str, InputLaw] = {"isotropic": ISOTROPIC}

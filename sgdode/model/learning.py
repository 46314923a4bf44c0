"""Learning rules: what a step does with a sample, as one record each, and the numbers that go with it.

A step is W ← 𝓛W + (γ/p) Σ_β c_β x_βᵀ over a batch, with columns c_i = a_i σ'(λ_i) E(y, f) of the fields of a sample
and a linear map 𝓛: weight decay first, the sphere last. The same record serves SGD, which calls ``residual``, and the
equations, where E = y − share · f is linear in the output f of the student and enters through v = (−share a/p, a*/k).
The rate γ(t) itself belongs to the clock, ``sgdode.model.clock``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sgdode.model.record import Record


@dataclass(frozen=True)
class Loss:
    """``residual(y, f)``: E of a label y and an output f, in plain scalar code that can be compiled. ``share``: that of
    f in E. ``meaning``: one line for a reader."""

    residual: Callable[[float, float], float]
    share: float = 1.0
    meaning: str = ""


def _difference(y: float, f: float) -> float:
    return y - f


SQUARED = Loss(_difference, 1.0, "½ (y − f)²: E = y − f")

LOSSES: dict[str, Loss] = {"squared": SQUARED}


@dataclass(frozen=True)
class LearningRule(Record):
    """One-pass SGD: the loss, the ``batch`` size B, the weight ``decay`` ω, the rate η_a at which the output weights
    are trained (0: fixed), and whether the weights are kept on the sphere ‖w_i‖² = d, or (``of_fields``) on that of
    fields of variance 1, Σ_b c_b Q_b,ii = 1."""

    loss: Loss = SQUARED
    batch: int = 1
    decay: float = 0.0
    train_output: float = 0.0
    spherical: bool = False
    of_fields: bool = False

    def sphere(self, eigenvalues: tuple[float, ...]) -> tuple[float, ...]:
        """w_b (B,) of the sphere Σ_b w_b Q_b,ii = 1."""
        return eigenvalues if self.of_fields else (1.0,) * len(eigenvalues)

    @property
    def trained(self) -> bool:
        """Whether the output weights move."""
        return self.train_output > 0

    def noise_rate(self, gamma_over_p: float) -> float:
        """γ/(pB): what multiplies Ψ(Var) in dQ/dt."""
        return gamma_over_p / self.batch


PLAIN_SGD = LearningRule()

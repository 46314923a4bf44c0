"""The learning rule: what a step does with a sample, and the numbers that go with it.

A step is V ← 𝓛V + C xᵀ of all rows that the rule keeps: the weights W, and by ``momentum`` and ``average`` more
(``sgdode.model.extra_rows``). The columns are c_i = a_i σ'(λ_i) E(y, f) with the E of a ``loss``
(``sgdode.model.losses``), or with ``feedback`` b_i in place of a_i; the linear map 𝓛 holds weight decay, and the sphere
comes last. The same record serves SGD and the equations. The rate γ(t) itself belongs to the clock,
``sgdode.model.clock``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sgdode.model.extra_rows import Average, ExtraRow, Momentum
from sgdode.model.losses import LOSSES, SQUARED, Loss
from sgdode.model.record import Record

__all__ = ["LOSSES", "PLAIN_SGD", "SQUARED", "LearningRule", "Loss"]


@dataclass(frozen=True)
class LearningRule(Record):
    """One-pass SGD: the loss, the ``batch`` size B, the weight ``decay`` ω, the rate η_a at which the output weights
    are trained (0: fixed), and whether the weights are kept on the sphere ‖w_i‖² = d, or (``of_fields``) on that of
    fields of variance 1, Σ_b c_b Q_b,ii = 1.

    ``size``: that of a loss which has one. ``feedback``: b (p,) in place of a in the columns; () for a itself.
    ``dropout``: the probability that a hidden unit is left out, anew for every sample. ``repeat``: updates of a step on
    its samples; decay, momentum and averages come once a step. ``momentum`` and ``average``: the rows beside W."""

    loss: Loss = SQUARED
    batch: int = 1
    decay: float = 0.0
    train_output: float = 0.0
    spherical: bool = False
    of_fields: bool = False
    size: float = 0.0
    feedback: tuple[float, ...] = ()
    dropout: float = 0.0
    repeat: int = 1
    momentum: Momentum | None = None
    average: Average | None = None

    def sphere(self, eigenvalues: tuple[float, ...]) -> tuple[float, ...]:
        """w_b (B,) of the sphere Σ_b w_b Q_b,ii = 1."""
        return eigenvalues if self.of_fields else (1.0,) * len(eigenvalues)

    @property
    def trained(self) -> bool:
        """Whether the output weights move."""
        return self.train_output > 0

    @property
    def share(self) -> float:
        """That of the output in E; 1 where E is not linear, and nothing of it is in closed form."""
        return 1.0 if self.loss.share is None else self.loss.share

    @property
    def rows(self) -> tuple[ExtraRow, ...]:
        """The rows beside W, in the order in which they move."""
        return tuple(row for row in (self.momentum, self.average) if row is not None)

    @property
    def keeps_kernels(self) -> bool:
        """Whether a step is that of SGD but for its residual: by the kernels that know W and one sample after another
        alone."""
        return not (self.feedback or self.dropout or self.repeat > 1 or self.rows)

    @property
    def linear(self) -> bool:
        """Whether the columns are linear in the label and the output, so that their averages are in closed form."""
        return self.loss.share is not None and self.repeat == 1

    def noise_rate(self, gamma_over_p: float) -> float:
        """γ/(pB): what multiplies Ψ(Var) in dQ/dt."""
        return gamma_over_p / self.batch


PLAIN_SGD = LearningRule()


def closed(rule: LearningRule) -> bool:
    """Whether the averages of its columns are those of SGD, with other v and other factors."""
    return rule.linear and rule.dropout == 0.0


def told_rule(rule: LearningRule) -> str:
    """What of a rule is not plain SGD, in the words of a spec."""
    name = next((name for name, loss in LOSSES.items() if loss is rule.loss), "of its own")
    parts = {
        f"loss {name}": rule.loss is not SQUARED,
        "feedback": bool(rule.feedback),
        "dropout": rule.dropout > 0,
        "momentum": rule.momentum is not None,
        f"repeat {rule.repeat}": rule.repeat > 1,
        "average": rule.average is not None,
    }
    return ", ".join(part for part, there in parts.items() if there) or "plain SGD"

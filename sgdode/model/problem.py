"""The experiment in the symbols of the field: what is learnt, by what, from which inputs, how.

A student f(x) = (1/p) Σ_i a_i σ(w_i·x) learns y = (1/k) Σ_r a*_r σ*(w*_r·x) + √Δ z, z ~ N(0,1), by one-pass SGD with
the rate γ. A Problem is a value: the equations and SGD need nothing else but a start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sgdode.model.activations import Activation
from sgdode.model.clock import Clock
from sgdode.model.hermite_lists import caution
from sgdode.model.inputs import ISOTROPIC, InputLaw
from sgdode.model.learning import PLAIN_SGD, LearningRule
from sgdode.model.lessons import Lesson, Rotation
from sgdode.model.overlaps import Array
from sgdode.model.record import Record
from sgdode.model.starts import Initial


@dataclass(frozen=True, eq=False)
class Teacher(Record):
    """σ*, ``a`` = a* (k,), ``P`` = W* W*ᵀ/d (k,k) and the variance ``noise`` = Δ of the label noise.

    Where inputs have blocks, ``blocks`` (B,k,k) holds P_b = W* Π_b W*ᵀ/d, and P = Σ_b c_b P_b is that of the fields; so
    it is, with one block at least, where teachers change in time: by ``lessons``, by ``rotation``, or at random by
    ``drift`` η, w* ← (1 − ηδt) w* + √(2ηδt) ξ in each step."""

    activation: Activation
    a: Array
    P: Array
    noise: float = 0.0
    blocks: Array | None = None
    lessons: tuple[Lesson, ...] = ()
    rotation: Rotation | None = None
    drift: float = 0.0


@dataclass(frozen=True, eq=False)
class Student(Record):
    """σ, the width ``p`` (``math.inf`` for infinite width) and ``a`` (p,) at t = 0; at p = ∞ (1,), which all share."""

    activation: Activation
    p: float
    a: Array


@dataclass(frozen=True, eq=False)
class Problem(Record):
    """``d`` (may be ``math.inf``); ``gamma`` γ and ``gamma_over_p`` γ/p at t = 0 (its limit at p = ∞); ``clock``
    relates t = ν γ/(pd) to the steps ν."""

    d: float
    teacher: Teacher
    student: Student
    gamma: float
    gamma_over_p: float
    clock: Clock
    initial: Initial
    rule: LearningRule = PLAIN_SGD
    inputs: InputLaw = ISOTROPIC

    @property
    def p(self) -> float:
        """Student width."""
        return self.student.p

    @property
    def k(self) -> int:
        """Teacher width."""
        return len(self.teacher.a)

    @property
    def finite(self) -> bool:
        """Whether p and d are finite, so that SGD steps exist."""
        return math.isfinite(self.p) and math.isfinite(self.d)

    @property
    def step_size(self) -> float:
        """δt = γ/(p d) at t = 0 (0 where p or d is infinite)."""
        return self.clock.step_size

    @property
    def largest_step(self) -> float:
        """γ c_max/(p d) at t = 0: how far a step moves the fields of the fastest block."""
        return self.step_size * self.inputs.largest

    @property
    def noise_rate(self) -> float:
        """γ/(pB) at t = 0: what multiplies Ψ(Var) in dQ/dt."""
        return self.rule.noise_rate(self.gamma_over_p)

    @property
    def v_star(self) -> Array:
        """a*/k (k,), the teachers' part of v."""
        return teacher_weights(self.teacher.a)

    def during(self, lesson: Lesson) -> Problem:
        """The problem of one lesson, as if it were all."""
        taught = replace(self.teacher, activation=lesson.activation, a=lesson.a, noise=lesson.noise, lessons=())
        return replace(self, teacher=taught)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader of the results is to know of the functions that are learnt and learn."""
        parts = (("student.activation", self.student.activation), ("teacher.activation", self.teacher.activation))
        return tuple(told for key, activation in parts for told in caution(key, activation))

    @property
    def activations(self) -> tuple[Activation, Activation]:
        """Those of the student and of the teacher."""
        return self.student.activation, self.teacher.activation


def student_weights(a: Array) -> Array:
    """−a/p (p,), the students' part of the signed weights v = (−a/p, a*/k) of all units: E = Σ_c v_c s_c + √Δ z."""
    return -a / a.size


def teacher_weights(a_star: Array) -> Array:
    """a*/k (k,), the teachers' part of v."""
    return a_star / a_star.size


def particle_weights(a: Array, share: Array) -> Array:
    """−π a (n,), the students' part of v where particle i stands for a share π_i of them, Σ π = 1."""
    return -share * a

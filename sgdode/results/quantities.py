"""What a result can hold: the quantities by name, and the version of the file format."""

from __future__ import annotations

from dataclasses import dataclass

#: Raised whenever files change so that an older program would misread them.
FORMAT_VERSION = 1
#: The dataset of α = νB/d over time.
SAMPLES = "samples_per_dimension"


@dataclass(frozen=True)
class Quantity:
    """``dims``: its dimensions after seed and time; ``meaning``: what it is, in words and symbols (its unit is 1)."""

    dims: tuple[str, ...]
    meaning: str


#: Every quantity that may be saved over time, by name.
QUANTITIES: dict[str, Quantity] = {
    "risk": Quantity((), "excess population risk R − Δ/2"),
    "M": Quantity(("student", "teacher"), "student-teacher overlaps M = W W*ᵀ/d"),
    "Q": Quantity(("student", "student_b"), "student-student overlaps Q = W Wᵀ/d"),
    "task_risk": Quantity(("task",), "excess population risk on each task, R − Δ/2"),
    "risk_average": Quantity((), "excess population risk of the averaged weights W̄"),
    "M_average": Quantity(("student", "teacher"), "overlaps of the averaged weights with teachers, W̄ W*ᵀ/d"),
    "Q_average": Quantity(("student", "student_b"), "overlaps of the averaged weights, W̄ W̄ᵀ/d"),
    "q": Quantity(("student",), "orthogonal overlaps q = diag(Q − M P⁺ Mᵀ)"),
    "Q_block": Quantity(("block", "student", "student_b"), "student-student overlaps by block Q_b = W Π_b Wᵀ/d"),
    "M_block": Quantity(("block", "student", "teacher"), "student-teacher overlaps by block M_b = W Π_b W*ᵀ/d"),
    "output_weights": Quantity(("student",), "student output weights a"),
    "output_weights_std": Quantity(("student",), "predicted standard deviation of a over runs"),
    "output_weights_shift": Quantity(("student",), "predicted shift of the mean of a over runs, of order δt"),
    "risk_shift": Quantity((), "predicted shift of the mean excess risk over runs, of order δt"),
    "M_shift": Quantity(("student", "teacher"), "predicted shift of the mean of M over runs, of order δt"),
    "Q_shift": Quantity(("student", "student_b"), "predicted shift of the mean of Q over runs, of order δt"),
    "risk_std": Quantity((), "predicted standard deviation of the excess risk over runs"),
    "risk_std_valid": Quantity((), "1 where linear noise holds, and with it all that is predicted over runs; else 0"),
    "M_std": Quantity(("student", "teacher"), "predicted standard deviation of M over runs"),
    "Q_std": Quantity(("student", "student_b"), "predicted standard deviation of Q over runs"),
}

#: Arrays without a time that a result of inputs with blocks holds: dimensions and meaning.
BY_BLOCK: dict[str, Quantity] = {
    "eigenvalue": Quantity(("block",), "eigenvalue c_b of C in x ~ N(0, C/d)"),
    "fraction": Quantity(("block",), "fraction π_b of the d dimensions"),
    "P_block": Quantity(("block", "teacher", "teacher_b"), "teacher-teacher overlaps by block P_b = W* Π_b W*ᵀ/d"),
}

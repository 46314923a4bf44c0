"""What is passed, and when."""

import numpy as np
import pytest

from sgdode.equations.exits.observable import Observable, first_passage, specialisation


def test_specialisation_is_the_lead_of_the_best_teacher():
    Q, P = np.array([[4.0, 0.0], [0.0, 1.0]]), np.diag([1.0, 0.25])
    M = np.array([[1.0, -0.9], [0.3, 0.05]])  # cosines 0.5 and -0.9; 0.3 and 0.1
    assert specialisation(Q, M, P) == pytest.approx(0.4)
    assert specialisation(Q[np.newaxis], M[np.newaxis, :, :1], P[:1, :1]) == pytest.approx([0.5])
    assert specialisation(np.eye(2), np.full((2, 2), 0.3), np.eye(2)) == 0.0


def test_first_passage_between_saved_times():
    time, risk = np.array([0.0, 1.0, 2.0, 3.0]), np.exp(-np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 0.1, 0.2, 0.3]]))
    found = first_passage(time, Observable("risk", np.exp(-1.5)).margin(risk))
    assert found[0] == pytest.approx(1.5)
    assert found[1] == np.inf
    assert first_passage(time, np.array([[-1.0, 1.0, 1.0, 1.0]])).tolist() == [0.0]

"""Runs that learnt the same in another order."""

import numpy as np
from support.pictures import run, sgd

from sgdode.results.permutation import aligned, order_of

SHUFFLED = np.array([2, 0, 3, 1])


def shuffled():
    """Four neurons, four teachers: seeds 1 and 3 have learnt them in another order."""
    made = sgd(p=4, k=4, seeds=4)
    made.curves["Q"] = made.M @ np.swapaxes(made.M, -1, -2)
    plain = {name: curve.copy() for name, curve in made.curves.items()}
    for seed in (1, 3):
        made.curves["M"][seed] = made.M[seed][:, SHUFFLED]
        made.curves["q"][seed] = made.q[seed][:, SHUFFLED]
        made.curves["Q"][seed] = made.Q[seed][:, SHUFFLED][:, :, SHUFFLED]
    return made, plain


def test_the_order_is_found_for_all_that_neurons_have():
    made, plain = shuffled()
    found, moved = aligned(made)
    assert moved == 2
    for name, curve in plain.items():
        np.testing.assert_array_equal(found.curves[name], curve)
    assert (made.M[1, -1].argmax(axis=1) != np.arange(4)).any(), "what was given stays"


def test_noise_is_no_other_order():
    assert aligned(sgd(p=8, k=2))[1] == 0
    assert aligned(run())[1] == 0
    one = np.ones((3, 2))
    assert (order_of(one + 0.01, one) == [0, 1, 2]).all()


def test_equations_are_a_reference():
    made, plain = shuffled()
    found, moved = aligned(made, plain["M"][0, -1][SHUFFLED])
    assert moved == 2, "now the other two"
    np.testing.assert_array_equal(found.M[0], plain["M"][0][:, SHUFFLED])

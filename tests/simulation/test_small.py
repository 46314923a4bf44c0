"""The loops for few weights."""

from sgdode.simulation.small import within
from sgdode.simulation.step import Rule

RULE = Rule(1.0, 1.0, 0.1, 0.0, 0.2, 3, True, 1e100)


def test_a_block_of_one_step_leaves_the_sphere_to_its_end():
    assert within(RULE, 5) == RULE
    assert within(RULE, 1) == RULE._replace(spherical=False)

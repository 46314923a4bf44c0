"""How many angles the mean over directions takes."""

import numpy as np
from support.mean_fields import experiment

from sgdode.equations.angle_rule import AngleRule
from sgdode.gaussian.dual import pair_kernel
from sgdode.jit.pairs import held


def test_number_of_nodes_follows_the_error():
    spec = experiment()
    ss = held(pair_kernel(*[spec.activation(spec.student.activation)] * 2))
    counts = []
    for q in (0.1, 1.0, 4.0, 16.0):
        rule = AngleRule(ss, 3, 1e-9)
        counts.append(len(rule(np.array([q]))[0]))
        assert rule.report["xi_error"] < 1e-9
    assert counts == sorted(counts)
    assert counts[0] < 8 < counts[-1]
    loose = AngleRule(ss, 3, 1e-4)
    assert len(loose(np.array([4.0]))[0]) < counts[2]

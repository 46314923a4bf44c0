"""The sums over pairs of neurons."""

import numpy as np
from support.mean_fields import experiment

from sgdode.equations import mean_field_sums as averages
from sgdode.gaussian.dual import pair_kernel
from sgdode.gaussian.quadrature import cosine
from sgdode.jit.pairs import held


def test_erf_has_the_sums_of_any_kernel_and_parts_do_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    p, gain = 250, 1.3
    A, q, v = rng.standard_normal((p, 3)), rng.uniform(0, 1, p), rng.standard_normal(p) / p
    spec = experiment({"name": "erf", "gain": gain})
    ss = held(pair_kernel(*[spec.activation(spec.student.activation)] * 2))
    rule = cosine(4, 7)
    for own in (True, False):
        results = []
        for serial in (100, 1000):
            monkeypatch.setattr(averages, "_SERIAL_UP_TO", serial)
            results += [
                averages.erf_sums(gain, own)(A, q, v, rule, True),
                averages.kernel_sums(ss, own)(A, q, v, rule, True),
            ]
        for other in results[1:]:
            for name in ("pull", "drag", "cross", "value"):
                np.testing.assert_allclose(getattr(other, name), getattr(results[0], name), atol=1e-12)

"""Arithmetic of twice the digits, against rational numbers."""

from fractions import Fraction

import numpy as np

from sgdode.jit.double_double import divided, exact_product, exact_sum, minus, plus, root, times


def whole(pair):
    return Fraction(pair[0]) + Fraction(pair[1])


def test_sums_and_products_keep_twice_the_digits():
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = (exact_sum(x, 1e-17 * y) for x, y in rng.uniform(0.5, 2.0, (2, 2)))
        x, y = whole(a), whole(b)
        pairs = ((plus(a, b), x + y), (minus(a, b), x - y), (times(a, b), x * y), (divided(a, b), x / y))
        for found, wanted in pairs:
            assert abs(whole(found) - wanted) < 1e-30
        assert abs(whole(root(a)) ** 2 - x) < 1e-30
        assert whole(exact_product(a[0], b[0])) == Fraction(a[0]) * Fraction(b[0])

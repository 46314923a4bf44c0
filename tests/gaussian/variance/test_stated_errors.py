"""The stated error of V holds: a sample of the grid of ``support.variance_grid``, which has thousands."""

from support.variance_grid import close, errors


def test_the_true_error_is_never_above_the_stated_one():
    found = [errors(number) for number in range(3, 2400, 97)]
    for one in found:
        assert float(one["true"]) <= float(one["stated"]) + float(one["unsure"]), one
    assert sum(map(close, found)) >= 0.7 * len(found)  # of the whole grid nine in ten

"""The cost of a run, told beforehand."""

import time

import pytest
from support.specs import SMALL, merged

from sgdode import integrate, load_spec, simulate
from sgdode.runs.cost import estimate

RUNS = {
    "small": {"dimension": 1000, "student": {"width": 4}, "learning_rate": 2.0, "time": {"stop": 100, "points": 50}},
    "wide": {"dimension": 1000, "student": {"width": 200}, "learning_rate": 100.0, "time": {"stop": 2, "points": 5}},
    "long": {"dimension": 1000, "student": {"width": 8}, "learning_rate": 2.0, "time": {"stop": 800, "points": 50}},
}


@pytest.mark.parametrize("name", RUNS)
def test_seconds_are_within_a_factor_of_two(name):
    """On a quiet machine; the best of three, as other programs may take the machine in between."""
    spec = load_spec(merged(SMALL, RUNS[name]))
    ratios = []
    for _ in range(3):
        expected = estimate(spec, "simulate", 1).seconds
        began = time.perf_counter()
        simulate(spec, jobs=1)
        ratios.append((time.perf_counter() - began) / expected)
        if 0.5 < ratios[-1] < 2:
            return
    pytest.fail(f"measured over estimated seconds: {ratios}")


def test_the_file_is_as_large_as_told(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"points": 500}, "student": {"width": 6}}))
    for command, engine in (("simulate", simulate), ("integrate", integrate)):
        size = engine(spec).save(tmp_path / "x.h5").stat().st_size
        assert 0.5 < estimate(spec, command, 1).bytes / size < 2

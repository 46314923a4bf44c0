"""The local slope of the risk beside the exponent of a scaling law."""

import json

import numpy as np
import pytest
from support.pictures import run

from sgdode.plots.draw import draw
from sgdode.plots.figures.exponent import local_exponent, scaling_law


def power_law(**teacher):
    made = run()
    made.curves["risk"] = np.where(made.time > 0, np.maximum(made.time, 1e-3) ** -0.75, 1.0)
    settings = {"inputs": {"spectrum": {"power": 1.2}}, "teacher": {"width": 1, **teacher}}
    made.provenance["resolved"] = json.dumps(settings)
    return made


def test_a_power_has_its_exponent_at_all_times():
    np.testing.assert_allclose(local_exponent(power_law())[1:], 0.75)


def test_the_exponent_of_the_law_is_drawn_where_it_is_known():
    assert scaling_law(power_law(placement={"power": 0.7})) == pytest.approx(0.75)
    assert scaling_law(power_law()) == pytest.approx(0.2 / 1.2)
    assert scaling_law(power_law(placement={"block": 0})) is None
    assert scaling_law(run()) is None
    axes = draw([power_law(placement={"power": 0.7})], "exponent").axes[0]
    assert any(list(line.get_ydata()) == pytest.approx([0.75, 0.75]) for line in axes.lines if line.get_ls() == "--")

"""The Python face: results carry their settings, and wrong arguments are told as such."""

import json
import math

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Activation, SpecError, Trajectory, integrate, load_spec, simulate
from sgdode.errors import UsageError
from sgdode.plots.draw import draw

OWN = merged(SMALL, {"student": {"activation": "mine"}})


def test_a_result_carries_its_settings(tmp_path, sgdode):
    spec = load_spec(SMALL, "student.width=4")
    runs, theory = simulate(spec), integrate(spec)
    assert runs.attributes["problem_hash"] == theory.attributes["problem_hash"]
    runs.save(tmp_path / "runs.h5")
    theory.save(tmp_path / "theory.h5")
    resolved = json.loads(Trajectory.load(tmp_path / "runs.h5").provenance["resolved"])
    assert resolved["student"]["width"] == 4
    for words in (["show"], ["plot"], ["collect"]):
        done = sgdode(*words, "runs.h5")
        assert done.returncode == 0, done.stderr
    assert sgdode("compare", "runs.h5", "theory.h5").returncode == 0
    assert sgdode("show", "--spec", "theory.h5").stdout.startswith("{")


def test_a_picture_of_results_says_what_differs():
    runs = [integrate(load_spec(SMALL, {"learning_rate": gamma})) for gamma in (0.1, 0.5)]
    texts = [text.get_text() for text in draw(runs).axes[0].get_legend().get_texts()]
    assert r"$\gamma = 0.1$" in texts
    assert r"$\gamma = 0.5$" in texts


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        (np.cos, "'mine': a ufunc is no activation; give sgdode.Activation"),
        ((np.sin, np.cos), "a tuple is no activation"),
        (Activation(np.sin), "its derivative is missing"),
        (Activation(math.sin, math.cos), "fail on one"),
        (Activation(np.log, lambda x: 1 / x), "finite"),
        (Activation(np.sin, lambda x: -np.cos(x)), "df is not the derivative of f: at .* gives -0.997"),
    ],
)
def test_activations_that_are_none(mine, message):
    with pytest.raises(UsageError, match=message):
        load_spec(OWN, activations={"mine": mine})


@pytest.mark.parametrize(
    "mine",
    [
        Activation(lambda x: np.maximum(x, 0.5), lambda x: 1.0 * (x > 0.5)),
        Activation(np.sign, lambda x: 0.0),
        Activation(lambda x: x, lambda x: 1.0),
    ],
)
def test_kinks_jumps_and_constants_are_activations(mine):
    assert load_spec(OWN, activations={"mine": mine}).student.activation.name == "mine"


def test_other_wrong_arguments():
    for engine in (simulate, integrate):
        with pytest.raises(UsageError, match=r"needs a Spec, got a str; sgdode\.load_spec makes one"):
            engine("spec.yaml")
    with pytest.raises(UsageError, match="jobs: got 0"):
        simulate(load_spec(SMALL), jobs=0)
    with pytest.raises(SpecError, match=r"student\.width"):
        load_spec(SMALL, "student.width=-1")

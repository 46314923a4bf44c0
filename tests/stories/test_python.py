"""The Python face: results carry their settings, and wrong arguments are told as such."""

import json
import math

import h5py
import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Activation, SpecError, Trajectory, compare, integrate, load, load_spec, simulate
from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.spec.provenance import spec_hash

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


def test_a_spec_is_made_and_changed_by_keywords():
    spec = load_spec(dimension=100, teacher={"width": 2}, student={"width": 3}, learning_rate=0.5, time={"stop": 1})
    assert repr(spec) == "<Spec 'spec': erf, d = 100, p = 3, k = 2, γ = 0.5, Δ = 0, t to 1, 8 seeds>"
    other = spec.replace({"student.width": 4}, learning_rate=3, teacher={"noise": 0.1})
    assert (other.p, other.gamma, other.teacher.noise, other.k, spec.p) == (4, 3.0, 0.1, 2, 3)
    assert spec.replace(time={"stop": 0.5}).time.first == 0.005, "a default stays one"
    assert load_spec(spec, "seed=3").seed == 3
    assert load_spec(SMALL, seed=4).seed == 4
    assert spec_hash(load_spec(spec), "simulate") == spec_hash(spec, "simulate")
    with pytest.raises(UsageError, match="a mapping or a Spec, not a int"):
        load_spec(3)
    with pytest.raises(SpecError, match=r"widht: unknown key.*known here: name"):
        spec.replace(widht=3)
    own = load_spec(OWN, activations={"mine": Activation(np.sin, np.cos)})
    assert own.replace(seed=1).student.activation.name == "mine"
    assert "<table" in spec._repr_html_()


def test_a_result_knows_its_spec(tmp_path):
    theory = integrate(load_spec(SMALL))
    again = load(theory.save(tmp_path / "t.h5"))
    assert again.path == tmp_path / "t.h5"
    assert spec_hash(again.spec, "integrate") == theory.attributes["spec_hash"]
    assert again.spec.replace(seed=1).seed == 1
    again.provenance = {}
    with pytest.raises(UsageError, match="does not tell"):
        assert again.spec


def test_files_are_compared_as_results_are(tmp_path):
    spec = load_spec(SMALL)
    paths = [str(made.save(tmp_path / f"{made.kind}.h5")) for made in (simulate(spec), integrate(spec))]
    found = compare(*paths)
    assert found.verdict() in repr(found)
    assert len(repr(found)) < 500
    assert "<table" in found._repr_html_()


def test_a_file_that_others_have_open_is_read(tmp_path):
    path = integrate(load_spec(SMALL)).save(tmp_path / "t.h5")
    for locking in (None, True, False, "best-effort"):
        with h5py.File(path, "r", locking=locking):
            assert len(load(path).time) == 6


def test_the_package_shows_its_names_alone():
    import sgdode

    assert sgdode.__version__
    assert dir(sgdode) == sorted([*sgdode.__all__, "__version__"])
    assert len(dir(sgdode)) < 20
    for name in sgdode.__all__:
        assert getattr(sgdode, name) is not None

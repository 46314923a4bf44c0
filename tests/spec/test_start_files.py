"""Starts from files: the weights of another library's network, and results of this program."""

import numpy as np
import pytest
from support.built import started
from support.specs import SMALL, merged

from sgdode import SpecError
from sgdode.results.trajectory import Trajectory
from sgdode.spec.build import build
from sgdode.spec.load import load_spec
from sgdode.spec.start_files import read_start

D = 10
_RNG = np.random.default_rng(0)
W, W_STAR = _RNG.standard_normal((3, D)), _RNG.standard_normal((2, D))


def from_file(path, kind="weights", **changes):
    """A spec that starts from a file."""
    given = {"dimension": D, "initial": {"kind": kind, "file": str(path), **changes.pop("keys", {})}}
    return load_spec(merged(merged(SMALL, given), changes))


@pytest.fixture
def weights(tmp_path):
    """``weights(**arrays)``: an npz file of the network with some arrays changed (None: left out)."""

    def write(**changes):
        arrays = {"W": W, "W_star": W_STAR, **changes}
        np.savez(tmp_path / "w.npz", **{name: array for name, array in arrays.items() if array is not None})
        return tmp_path / "w.npz"

    return write


def test_weights_from_npz(weights):
    drawn = started(from_file(weights(a=[1.0, 2.0, 3.0])))
    np.testing.assert_allclose(drawn.overlaps.Q, W @ W.T / D, atol=1e-12)
    np.testing.assert_allclose(drawn.overlaps.M, W @ W_STAR.T / D, atol=1e-12)
    np.testing.assert_allclose(drawn.overlaps.P, W_STAR @ W_STAR.T / D, atol=1e-12)
    np.testing.assert_array_equal(drawn.a, [1, 2, 3])


def test_without_a_the_output_weights_are_those_of_the_spec(weights):
    spec = from_file(weights(), student={"output_weights": [0.5, 1.0, 1.5]})
    np.testing.assert_array_equal(started(spec).a, [0.5, 1.0, 1.5])


def test_what_the_spec_says_too_must_agree(weights):
    path = weights(a=[1.0, 2.0, 3.0])
    P = (W_STAR @ W_STAR.T / D).tolist()
    agreed = started(from_file(path, teacher={"overlap": P}, student={"output_weights": [1, 2, 3]}))
    np.testing.assert_allclose(agreed.overlaps.P, P, atol=1e-12)
    with pytest.raises(SpecError, match=r"teacher\.overlap: differs from P"):
        build(from_file(path, teacher={"overlap": "identity"}))
    with pytest.raises(SpecError, match=r"student\.output_weights: differs from a"):
        build(from_file(path, student={"output_weights": [1, 2, 4]}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"W": None}, "has no array W; needed"),
        ({"W_star": None}, "has no array W_star"),
        ({"W": W[:2]}, r"W has shape \(2, 10\)"),
        ({"W_star": W_STAR[:, :9]}, r"W_star has shape \(2, 9\)"),
        ({"a": [1.0, 2.0]}, r"a has shape \(2,\)"),
        ({"W": np.where(W > 1, np.nan, W)}, "not finite"),
        ({"W": W * 1j}, "complex"),
        ({"W": np.full(W.shape, "heavy")}, "not an npz file of numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message, weights):
    with pytest.raises(SpecError, match=message) as caught:
        build(from_file(weights(**changes)))
    assert "initial.file" in str(caught.value)


def test_a_zero_teacher_is_one(weights):
    drawn = started(from_file(weights(W_star=0 * W_STAR)))
    np.testing.assert_allclose(drawn.overlaps.Q, W @ W.T / D, atol=1e-12)
    assert not drawn.overlaps.M.any()
    assert not drawn.overlaps.P.any()


def test_another_dimension_is_refused(weights):
    with pytest.raises(SpecError, match="the spec's widths and dimension need 3 × 11"):
        build(from_file(weights(), dimension=11))


def test_a_broken_file_is_refused(weights):
    path = weights()
    whole = path.read_bytes()
    for broken in (b"not an archive", b"", whole[:-30]):
        path.write_bytes(broken)
        with pytest.raises(SpecError, match=r"initial\.file: .*npz"):
            build(from_file(path))


TIMES = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.fixture
def result(tmp_path):
    """``result(kind, **curves)``: a result file whose overlaps are those of the network times 1 − t/10, which has
    trained its output weights; a simulation of two seeds, the second twice as long."""

    def write(kind="integration", left_out=(), **more):
        shrunk = (1 - TIMES / 10)[:, None, None]
        curves = {"Q": shrunk**2 * (W @ W.T / D), "M": shrunk * (W @ W_STAR.T / D), **more}
        curves["risk"] = TIMES
        curves["output_weights"] = 1 + TIMES[:, None] * np.arange(3)
        if kind == "simulation":
            curves = {name: np.array([curve, 2 * curve]) for name, curve in curves.items()}
        curves = {name: curve for name, curve in curves.items() if name not in left_out}
        return Trajectory(kind, TIMES, W_STAR @ W_STAR.T / D, curves).save(tmp_path / "run.h5")

    return write


@pytest.mark.parametrize("kind", ["integration", "simulation"])
@pytest.mark.parametrize(("at", "index"), [(None, 3), ("last", 3), (0, 0), (2.0, 2)])
def test_a_result_goes_on_from_a_saved_time_of_its_first_seed(kind, at, index, result):
    keys = {} if at is None else {"at": at}
    begun = started(from_file(result(kind), "overlaps", keys=keys))
    shrunk = 1 - TIMES[index] / 10
    np.testing.assert_allclose(begun.overlaps.Q, shrunk**2 * W @ W.T / D, atol=1e-12)
    np.testing.assert_allclose(begun.overlaps.M, shrunk * W @ W_STAR.T / D, atol=1e-12)
    np.testing.assert_allclose(begun.overlaps.P, W_STAR @ W_STAR.T / D, atol=1e-12)
    np.testing.assert_allclose(begun.a, 1 + TIMES[index] * np.arange(3))
    assert not any("initial.at" in warning for warning in begun.warnings)


def test_a_time_between_saved_ones_is_told(result):
    begun = started(from_file(result(), "overlaps", keys={"at": 1.2}))
    np.testing.assert_allclose(begun.overlaps.Q, 0.81 * W @ W.T / D, atol=1e-12)
    assert begun.warnings == ("initial.at = 1.2 is not a saved time of run.h5: the start is that of t = 1",)


def test_a_time_that_a_result_does_not_hold_is_refused(result):
    with pytest.raises(SpecError, match=r"initial\.at: got 5; .* holds t = 0 to 4"):
        build(from_file(result(), "overlaps", keys={"at": 5}))


@pytest.mark.parametrize("missing", [("Q",), ("M",), ("Q", "M")])
def test_a_result_without_overlaps_is_refused(missing, result):
    with pytest.raises(SpecError, match=rf"initial\.file: .*{' and '.join(missing)} not saved"):
        build(from_file(result(left_out=missing), "overlaps"))


def test_output_weights_that_a_result_did_not_train_are_those_of_the_spec(result):
    spec = from_file(result(left_out=("output_weights",)), "overlaps", student={"output_weights": 0.5})
    np.testing.assert_array_equal(build(spec).student.a, [0.5] * 3)


def test_a_result_of_other_widths_is_refused(result):
    with pytest.raises(SpecError, match=r"M has shape \(3, 2\); .* need 4 × 2"):
        build(from_file(result(), "overlaps", student={"width": 4}))


def test_what_is_no_result_is_refused(tmp_path):
    (tmp_path / "run.h5").write_bytes(b"no result")
    with pytest.raises(SpecError, match=r"initial\.file: .*run\.h5"):
        build(from_file(tmp_path / "run.h5", "overlaps"))


def test_what_is_read_is_what_the_file_holds(tmp_path):
    W, W_star, a = np.arange(12.0).reshape(2, 6), np.eye(3, 6), np.array([1.0, -1.0])
    np.savez(tmp_path / "w.npz", W=W, W_star=W_star, a=a)
    spec = load_spec(
        {
            "dimension": 6,
            "teacher": {"width": 3},
            "student": {"width": 2},
            "learning_rate": 1,
            "time": {"stop": 1},
            "initial": {"kind": "weights", "file": str(tmp_path / "w.npz")},
        }
    )
    read = read_start(spec, np.eye(3), np.ones(2))
    np.testing.assert_array_equal(read.Q, W @ W.T / 6)
    np.testing.assert_array_equal(read.M, W[:, :3] / 6)
    np.testing.assert_array_equal(read.P, np.eye(3) / 6)
    np.testing.assert_array_equal(read.a, a)

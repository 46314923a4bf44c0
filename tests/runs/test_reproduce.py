"""Results computed again from themselves: every kind of file, wherever its start came from."""

import json
import shutil

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, Trajectory, load_spec
from sgdode.errors import FileError
from sgdode.reporting import Reporter
from sgdode.runs.reproduce import reproduce
from sgdode.runs.run import default_path, perform


def made(folder, command, changes=(), **keys):
    spec = load_spec(merged({**SMALL, **keys}, dict(changes)))
    path = default_path(spec, command, folder)
    perform(spec, command, path, Reporter(quiet=True, told=lambda text: None), jobs=1, words=["sgdode"])
    return path


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_a_file_is_repeated_bit_for_bit(command, tmp_path):
    found = reproduce(Trajectory.load(made(tmp_path, command, {"teacher": {"noise": 0.1}})))
    assert set(found.differences) == {"time", "P", "risk", "M", "Q"}
    assert found.equal()
    assert "the same, bit for bit" in found.text()


def test_an_extended_file_is_repeated_from_zero(tmp_path):
    made(tmp_path, "simulate")
    longer = Trajectory.load(made(tmp_path, "simulate", {"time": {"stop": 2.0}}))
    assert longer.attributes["extended_at"] == "1"
    assert reproduce(longer).equal()


@pytest.mark.parametrize("command", ["simulate", "integrate"])
@pytest.mark.parametrize("first", ["simulate", "integrate"])
def test_a_file_holds_its_start_from_another_file(first, command, tmp_path):
    """The other file may be gone."""
    path = made(tmp_path, first, {"student": {"train_output": 0.3}})
    start = {"kind": "overlaps", "file": str(path)}
    next_one = made(tmp_path / "next", command, {"student": {"train_output": 0.3}}, initial=start)
    path.unlink()
    run = Trajectory.load(next_one)
    assert len(run.start["Q"]) == (2 if (first, command) == ("simulate", "simulate") else 1)
    assert reproduce(run).equal()


def test_weights_of_another_library(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "w.npz", W=rng.standard_normal((3, 100)), W_star=rng.standard_normal((2, 100)))
    path = made(tmp_path, "integrate", initial={"kind": "weights", "file": str(tmp_path / "w.npz")})
    (tmp_path / "w.npz").unlink()
    assert reproduce(Trajectory.load(path)).equal()


BLOCKS = {
    "inputs": {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}},
    "save": ["risk", "M", "Q", "Q_block", "M_block"],
}
TASKS = {"teacher": {"tasks": [{"start": 0, "rows": [0]}, {"start": 0.4, "rows": [1], "noise": 0.0}]}}


@pytest.mark.parametrize("changes", [BLOCKS, TASKS], ids=["blocks", "tasks"])
def test_a_file_holds_its_start_by_block(changes, tmp_path):
    path = made(tmp_path, "simulate", changes)
    first = Trajectory.load(path)
    for command in ("simulate", "integrate"):
        next_one = made(tmp_path / command, command, changes, initial={"kind": "overlaps", "file": str(path)})
        run = Trajectory.load(next_one)
        assert len(run.start["Q"]) == (2 if command == "simulate" else 1)
        assert run.start["P_block"].shape == (run.start["Q"].shape[1], 2, 2)
        np.testing.assert_allclose(
            run.M[..., 0, :, :], first.M[:, -1] if command == "simulate" else first.M[0, -1], atol=1e-9
        )
        assert reproduce(run).equal()
    weights = np.random.default_rng(0)
    np.savez(tmp_path / "w.npz", W=weights.standard_normal((3, 100)), W_star=weights.standard_normal((2, 100)))
    start = {"kind": "weights", "file": str(tmp_path / "w.npz")}
    kept = Trajectory.load(made(tmp_path / "weights", "integrate", changes, initial=start))
    (tmp_path / "w.npz").unlink()
    path.unlink()
    assert reproduce(kept).equal()


def test_every_run_goes_on_from_its_own_seed(tmp_path):
    first = Trajectory.load(made(tmp_path, "simulate"))
    start = {"kind": "overlaps", "file": str(next(tmp_path.glob("*.h5")))}
    run = Trajectory.load(made(tmp_path / "next", "simulate", initial=start))
    np.testing.assert_allclose(run.M[:, 0], first.M[:, -1], atol=1e-9)
    np.testing.assert_allclose(run.risk[:, 0], first.risk[:, -1], rtol=1e-7)
    assert run.risk[0, 0] != run.risk[1, 0]
    assert any("a run of SGD starts from its own, the equations from that of seed 0" in text for text in run.warnings)
    one = Trajectory.load(made(tmp_path / "one", "simulate", initial={**start, "run": 1, "at": 1.0}))
    np.testing.assert_array_equal(one.M[:, 0], [one.M[0, 0]] * 2)
    np.testing.assert_allclose(one.M[0, 0], first.M[1, -1], atol=1e-9)
    with pytest.raises(SpecError, match=r"initial\.run: got 2; .* has seeds 0 to 1"):
        made(tmp_path / "two", "simulate", initial={**start, "run": 2})
    with pytest.raises(SpecError, match=r"simulate\.seeds: got 3; .* has 2 seeds.*initial\.run: 0"):
        made(tmp_path / "three", "simulate", {"simulate": {"seeds": 3}}, initial=start)


def test_other_numbers_are_told(tmp_path):
    run = Trajectory.load(made(tmp_path, "integrate"))
    run.curves["risk"] = run.risk * (1 + 1e-6)
    found = reproduce(run)
    assert not found.equal()
    assert found.equal(1e-5)
    assert found.text().startswith("NOT the same bit for bit: risk; the largest difference is 1e-06 of risk")
    run.curves["risk"] = run.risk[:-1]
    assert "risk has another shape" in reproduce(run).text()


def test_a_file_that_does_not_hold_its_spec_is_refused(tmp_path):
    run = Trajectory.load(made(tmp_path, "integrate"))
    partial = Trajectory(**{**vars(run), "status": "partial"})
    with pytest.raises(FileError, match="checkpoint"):
        reproduce(partial)
    values = {**run.resolved, "student": {"width": 3, "activation": "swish"}}
    run.provenance["resolved"] = json.dumps(values)
    with pytest.raises(SpecError, match=r"the spec in the file: student\.activation: got 'swish'"):
        reproduce(run)
    run.provenance = {}
    with pytest.raises(FileError, match="does not hold its spec"):
        reproduce(run)


def test_a_start_of_other_shapes_is_refused(tmp_path):
    path = made(tmp_path, "integrate")
    start = {"kind": "overlaps", "file": str(path)}
    run = Trajectory.load(made(tmp_path / "next", "integrate", initial=start))
    for changes in ({"a": np.ones((1, 4))}, {"P": np.eye(3)}, {"Q": run.start["Q"][0]}, {"more": np.ones(2)}):
        other = Trajectory(**{**vars(run), "start": {**run.start, **changes}})
        other.save(tmp_path / "x.h5")
        with pytest.raises(FileError, match="its start"):
            Trajectory.load(tmp_path / "x.h5")
    shutil.rmtree(tmp_path)

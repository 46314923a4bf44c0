"""The section ``inputs`` and the placement of teachers: what is read, what is refused, what a run is called by."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, integrate, load_spec, simulate
from sgdode.spec.build import build, saving
from sgdode.spec.provenance import problem_hash, resolved, spec_hash
from sgdode.spec.spectrum import followed_by_block, input_law

BASE = {**SMALL, "dimension": 100}


def spec_of(spectrum, folder=None, **changes):
    bins = {"bins": changes.pop("bins")} if "bins" in changes else {}
    spec = load_spec(merged({**BASE, "inputs": {"spectrum": spectrum, **bins}}, changes))
    if folder is not None:
        spec._folder, spec._law = folder, None
    return spec


def test_isotropic_inputs_are_a_spec_of_before():
    plain = load_spec(BASE)
    for inputs in ({"spectrum": "isotropic"}, {"bins": "auto"}):
        again = load_spec(
            {**BASE, "inputs": inputs, "teacher": {**BASE["teacher"], "placement": "isotropic", "tasks": None}}
        )
        assert resolved(again) == resolved(plain)
        assert spec_hash(again, "simulate") == spec_hash(plain, "simulate")
        assert not followed_by_block(again)
    one = spec_of({"blocks": [[1.0, 7.0]]})
    np.testing.assert_array_equal(simulate(one).risk, simulate(plain).risk)


def test_what_is_resolved_gives_the_same_run():
    for spec in (
        spec_of({"power": 1.2}, bins=14, teacher={"placement": {"power": 0.5}}),
        spec_of({"blocks": [[0.5, 1.5], [0.5, 0.5]]}, teacher={"placement": {"variance": [0.9, 0.1]}}),
        spec_of("isotropic", teacher={"tasks": [{"start": 0, "rows": [1]}], "rotation": {"rate": 1, "plane": [0, 1]}}),
    ):
        again = load_spec(resolved(spec))
        assert resolved(again) == resolved(spec)
        assert problem_hash(again) == problem_hash(spec) != problem_hash(load_spec(BASE))


def test_the_first_saved_time_is_early_enough_for_the_fastest_block():
    spec = spec_of({"power": 1.2}, time={"stop": 100})
    assert saving(spec).first == pytest.approx(0.01 / input_law(spec).inputs.largest)


def test_eigenvalues_in_a_file_count_by_their_content(tmp_path):
    values = np.arange(1, 101) ** -1.2
    np.save(tmp_path / "a.npy", values[::-1])
    np.savetxt(tmp_path / "b.txt", 7 * values)
    (tmp_path / "spec.yaml").write_text("x: 1")
    one, text = (load_spec_in(tmp_path, {"file": name}) for name in ("a.npy", "b.txt"))
    all_of_them = spec_of({"power": 1.2}, bins="all")
    for spec in (one, text):
        every = load_spec_in(tmp_path, spec.inputs.spectrum.given, bins="all")
        np.testing.assert_allclose(input_law(every).inputs.eigenvalues, input_law(all_of_them).inputs.eigenvalues)
        assert input_law(spec).inputs.blocks < 40
    before = spec_hash(one, "simulate")
    np.save(tmp_path / "a.npy", values**2)
    assert spec_hash(load_spec_in(tmp_path, {"file": "a.npy"}), "simulate") != before


def load_spec_in(folder, spectrum, **inputs):
    import yaml

    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump({**BASE, "inputs": {"spectrum": spectrum, **inputs}}))
    return load_spec(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"inputs": {"spectrum": {"blocks": [[0.5, 1], [0.4, 1]]}}},
            "inputs.spectrum.blocks: the fractions add up to 0.9",
        ),
        ({"inputs": {"spectrum": {"blocks": [[0.505, 1], [0.495, 2]]}}}, "block 0 has 50.5 of the 100 dimensions"),
        ({"inputs": {"spectrum": {"blocks": [[0.5, 1, 2]]}}}, "got rows of 3 numbers"),
        ({"inputs": {"spectrum": {"power": 1, "file": "x"}}}, "got power and file; keep one of them"),
        ({"inputs": {"spectrum": {"power": -1}}}, "must be > 0"),
        ({"inputs": {"spectrum": {"powr": 1}}}, "unknown key, did you mean power|unknown key; did you mean power"),
        ({"inputs": {"spectrum": {}}}, "got an empty mapping"),
        ({"inputs": {"spectrum": {"file": "none.npy"}}}, "inputs.spectrum.file: got 'none.npy'; no such file"),
        ({"inputs": {"bins": 0}}, "got 0; allowed: auto, all, or a number"),
        (
            {"dimension": "inf", "initial": {"kind": "symmetric"}, "inputs": {"spectrum": {"power": 1}}},
            "needs a finite dim",
        ),
        ({"dimension": 1e6, "inputs": {"spectrum": {"power": 1}, "bins": "all"}}, "inputs.bins: got 'all'; up to dim"),
        ({"teacher": {"placement": {"block": 0}}}, "isotropic inputs have a single block"),
        ({"inputs": {"spectrum": {"power": 1}}, "teacher": {"placement": {"block": 99}}}, "inputs have blocks 0 to"),
        ({"inputs": {"spectrum": {"power": 1}}, "teacher": {"placement": "top"}}, "allowed: isotropic, {power: δ}"),
        ({"inputs": {"spectrum": {"power": 1}}, "teacher": {"placement": {"variance": [0.5, 0.4]}}}, "add up to 1"),
        (
            {"inputs": {"spectrum": {"blocks": [[0.5, 2], [0.5, 0]]}}, "teacher": {"placement": {"block": 1}}},
            "eigenvalue 0",
        ),
        ({"teacher": {"overlap": [[[1, 0], [0, 1]]]}}, "got matrices by block; the inputs are isotropic"),
        (
            {
                "inputs": {"spectrum": {"blocks": [[0.5, 2], [0.5, 1]]}},
                "initial": {"kind": "overlaps", "Q": [[[1.0] * 3] * 3] * 3, "M": [[[0.0] * 2] * 3] * 3},
            },
            "initial.Q: got 3 matrices; the inputs have 2 blocks",
        ),
    ],
)
def test_what_makes_no_inputs_is_refused_by_key(changes, words):
    with pytest.raises(SpecError, match=words):
        load_spec(merged(BASE, changes))


def test_a_run_starts_where_another_one_ended_block_by_block(tmp_path):
    changes = {"save": ["risk", "M", "Q", "Q_block", "M_block"], "initial": {"kind": "in-teacher-span"}}
    first = integrate(spec_of({"blocks": [[0.2, 3.0], [0.8, 0.5]]}, **changes))
    path = first.save(tmp_path / "first.h5")
    start = {"initial": {"kind": "overlaps", "file": str(path)}}
    second = integrate(spec_of({"blocks": [[0.2, 3.0], [0.8, 0.5]]}, **start))
    np.testing.assert_allclose(second.Q[0], first.Q[-1], atol=1e-9)
    elsewhere = {**start, "teacher": {"placement": {"block": 0}}}
    with pytest.raises(SpecError, match="its teachers lie elsewhere"):
        integrate(spec_of({"blocks": [[0.2, 3.0], [0.8, 0.5]]}, **elsewhere))


def test_weights_of_a_file_lie_along_the_eigenvectors(tmp_path):
    rng = np.random.default_rng(0)
    W, W_star = rng.standard_normal((3, 100)), rng.standard_normal((2, 100))
    np.savez(tmp_path / "w.npz", W=W, W_star=W_star)
    start = {"initial": {"kind": "weights", "file": str(tmp_path / "w.npz")}}
    problem = build(spec_of({"blocks": [[0.2, 3.0], [0.8, 0.5]]}, **start))
    np.testing.assert_allclose(problem.initial.values["M"][1], W[:, 20:] @ W_star[:, 20:].T / 100)
    fields = 3 * W_star[:, :20] @ W_star[:, :20].T / 100 + 0.5 * W_star[:, 20:] @ W_star[:, 20:].T / 100
    np.testing.assert_allclose(problem.teacher.P, fields)
    assert integrate(spec_of({"blocks": [[0.2, 3.0], [0.8, 0.5]]}, **start)).status == "complete"

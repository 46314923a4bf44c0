"""The resolved values of a spec, and its hashes."""

import numpy as np
import pytest
import yaml
from support.specs import SMALL, merged

from sgdode import Activation
from sgdode.spec.load import load_spec
from sgdode.spec.provenance import path_hash, problem_hash, resolved, spec_hash


def test_the_resolved_values_are_a_spec_of_the_same_run():
    spec = load_spec(merged(SMALL, {"initial": {"kind": "symmetric"}, "student": {"activation": {"hermite": [0, 1]}}}))
    again = load_spec(resolved(spec))
    assert resolved(again) == resolved(spec)
    assert spec_hash(again, "simulate") == spec_hash(spec, "simulate")


def test_hashes_follow_the_numbers_and_nothing_else():
    spec = load_spec(SMALL)
    same = load_spec(merged(SMALL, {"name": "other", "dimension": 1e2}))
    assert spec_hash(same, "simulate") == spec_hash(spec, "simulate")
    tighter = load_spec(merged(SMALL, {"integrate": {"rtol": 1e-6}}))
    assert spec_hash(tighter, "simulate") == spec_hash(spec, "simulate")
    assert spec_hash(tighter, "integrate") != spec_hash(spec, "integrate")
    assert problem_hash(tighter) == problem_hash(spec)
    seeded = load_spec(merged(SMALL, {"seed": 1}))
    assert problem_hash(seeded) != problem_hash(spec)
    noise_alone = load_spec(merged(SMALL, {"seed": 1, "initial": {"seed": 0}}))
    assert spec_hash(noise_alone, "simulate") != spec_hash(spec, "simulate")
    assert spec_hash(noise_alone, "integrate") == spec_hash(spec, "integrate")
    assert problem_hash(noise_alone) == problem_hash(spec)


#: Another value of every key, and the commands that it gives another hash.
BOTH, FIRST, SECOND = ("simulate", "integrate"), ("simulate",), ("integrate",)
CHANGES = {
    "name": ({"name": "other"}, ()),
    "seed": ({"seed": 1, "initial": {"seed": 0}}, FIRST),
    "dimension": ({"dimension": 101}, BOTH),
    "teacher.width": ({"teacher": {"width": 3}}, BOTH),
    "teacher.activation": ({"teacher": {"activation": "square"}}, BOTH),
    "teacher.output_weights": ({"teacher": {"output_weights": 2.0}}, BOTH),
    "teacher.overlap": ({"teacher": {"overlap": [[1.0, 0.1], [0.1, 1.0]]}}, BOTH),
    "teacher.noise": ({"teacher": {"noise": 0.1}}, BOTH),
    "student.width": ({"student": {"width": 4}}, BOTH),
    "student.activation": ({"student": {"activation": {"name": "erf", "gain": 1.1}}}, BOTH),
    "student.output_weights": ({"student": {"output_weights": 2.0}}, BOTH),
    "student.train_output": ({"student": {"train_output": 0.1}}, BOTH),
    "learning_rate.gamma": ({"learning_rate": 0.6}, BOTH),
    "learning_rate.d_exponent": ({"learning_rate": {"gamma": 0.5, "d_exponent": 0.1}}, BOTH),
    "learning_rate.p_exponent": ({"learning_rate": {"gamma": 0.5, "p_exponent": 0.1}}, BOTH),
    "learning_rate.schedule": ({"learning_rate": {"gamma": 0.5, "schedule": {"power": 0.5, "time": 1.0}}}, BOTH),
    "batch_size": ({"batch_size": 2}, BOTH),
    "weight_decay": ({"weight_decay": 0.1}, BOTH),
    "constraint": ({"constraint": "spherical"}, BOTH),
    "initial.kind": ({"initial": {"kind": "in-teacher-span"}}, BOTH),
    "initial.seed": ({"initial": {"seed": 1}}, BOTH),
    "initial.scale": ({"initial": {"scale": 0.5}}, BOTH),
    "time.start": ({"time": {"start": 0.02}}, BOTH),
    "time.stop": ({"time": {"stop": 2.0, "start": 0.01}}, BOTH),
    "time.points": ({"time": {"points": 6}}, BOTH),
    "time.spacing": ({"time": {"spacing": "linear"}}, BOTH),
    "simulate.seeds": ({"simulate": {"seeds": 3}}, FIRST),
    "simulate.method": ({"simulate": {"method": "explicit"}}, FIRST),
    "simulate.precision": ({"simulate": {"precision": "float32"}}, FIRST),
    "integrate.equations": ({"integrate": {"equations": "full"}}, SECOND),
    "integrate.solver": ({"integrate": {"solver": "lsoda"}}, SECOND),
    "integrate.rtol": ({"integrate": {"rtol": 1e-6}}, SECOND),
    "integrate.atol": ({"integrate": {"atol": 1e-10}}, SECOND),
    "integrate.fluctuations": ({"integrate": {"fluctuations": True}}, SECOND),
    "integrate.noise_correction": ({"integrate": {"noise_correction": True}}, SECOND),
    "integrate.particles": ({"integrate": {"particles": 50}}, SECOND),
    "save": ({"save": ["risk"]}, BOTH),
}


#: What some keys need.
NEEDED = {
    "integrate.noise_correction": {"integrate": {"equations": "mean-field"}},
    "integrate.particles": {"student": {"width": float("inf")}, "dimension": 5},
}


@pytest.mark.parametrize("key", CHANGES)
def test_every_value_that_the_numbers_follow_from_counts(key):
    changes, commands = CHANGES[key]
    base = merged(SMALL, NEEDED.get(key, {}))
    plain, changed = load_spec(base), load_spec(merged(base, changes))
    other = [command for command in BOTH if spec_hash(changed, command) != spec_hash(plain, command)]
    assert tuple(other) == commands


def test_no_key_is_forgotten():
    def keys(values, prefix=""):
        for key, value in values.items():
            whole = f"{prefix}{key}"
            yield from keys(value, f"{whole}.") if isinstance(value, dict) and key != "activation" else [whole]

    assert set(keys(resolved(load_spec(SMALL)))) == CHANGES.keys()


def test_a_tolerance_counts_where_it_is_not_the_default():
    spec, same, other = (
        load_spec(merged(SMALL, {"initial": keys})) for keys in ({}, {"tolerance": 1e-8}, {"tolerance": 1e-6})
    )
    assert spec_hash(same, "simulate") == spec_hash(spec, "simulate")
    assert spec_hash(other, "simulate") != spec_hash(spec, "simulate")
    assert load_spec(resolved(other)).initial.tolerance == 1e-6


def test_tolerances_that_follow_the_spread_give_other_integrations():
    keys = {"kind": "symmetric", "spread": 1e-6}
    spec = load_spec(merged(SMALL, {"initial": keys}))
    now = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sgdode.spec.provenance._DELICATE", 0.0)
        before = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    assert now[0] == before[0]
    assert now[1] != before[1]


Q, M = [[1.0, 0.1, 0.0], [0.1, 0.8, 0.1], [0.0, 0.1, 1.2]], [[0.4, 0.0], [0.1, 0.5], [-0.2, 0.3]]
#: Changes of the small spec → the hashes of its simulation and of its integration.
HASHES = {
    "plain": ({}, "207981012cc2", "a3491e3ec7ca"),
    "seeds": ({"seed": 7, "initial": {"seed": 3}}, "d0ab3a703a3f", "06e8cc3df27d"),
    "gaussian": ({"initial": {"kind": "gaussian", "scale": 0.3}}, "08b1acefa4fa", "83d7ae5d2474"),
    "in-teacher-span": (
        {"initial": {"kind": "in-teacher-span"}, "dimension": "inf", "student": {"width": "inf"}},
        "a064ad087213",
        "fd490bb032b9",
    ),
    "symmetric": (
        {"initial": {"kind": "symmetric", "epsilon": 0.3, "q0": 0.5, "spread": 0.01}},
        "84a508dc663d",
        "0b686a189b90",
    ),
    "overlaps": ({"initial": {"kind": "overlaps", "Q": Q, "M": M}}, "0085b5710db9", "2df688f36d9b"),
    "a run": ({"initial": {"kind": "overlaps", "file": "file", "at": 0.5}}, "1b9d16646c77", "4c2858cbd5a9"),
    "the end of a run": ({"initial": {"kind": "overlaps", "file": "file"}}, "e342f7ad9894", "3f11de447c2e"),
    "weights": ({"initial": {"kind": "weights", "file": "file"}}, "ffc72566b008", "ebb0766175af"),
    "schedule": (
        {"learning_rate": {"gamma": 2.0, "d_exponent": 0.5, "schedule": {"power": 0.5, "time": 3}}},
        "21d87d70e4e3",
        "491e78b20955",
    ),
    "sphere": ({"constraint": "spherical", "weight_decay": 0.2, "batch_size": 4}, "87a12cc64a77", "ee36e96f7869"),
    "hermite": ({"student": {"activation": {"hermite": [0.0, 1.0, -0.5]}}}, "5cf0b6184a30", "414eba7a98de"),
    "hermite with a gain": (
        {"teacher": {"activation": {"hermite": [0.0, 1.0], "gain": 0.5}}},
        "60900cc868ea",
        "6e4317dc64a4",
    ),
    "gain": (
        {"student": {"activation": {"name": "tanh", "gain": 2.0}, "train_output": 0.3}},
        "47e79ee90c8e",
        "ce49738a3dc5",
    ),
    "teacher": (
        {"teacher": {"overlap": [[1.0, 0.3], [0.3, 0.5]], "output_weights": [1, -2], "noise": 0.1}},
        "4353743cc036",
        "48826d2ea108",
    ),
    "weights in words": (
        {"student": {"output_weights": "sqrt-width"}, "teacher": {"output_weights": "width"}},
        "c17b828bf55e",
        "7f2b0ac585c3",
    ),
    "float32": (
        {"simulate": {"method": "explicit", "precision": "float32"}, "save": ["risk", "q"]},
        "df9ae8867898",
        "6f8d52e94fa9",
    ),
    "method": (
        {"integrate": {"equations": "full", "solver": "bdf", "rtol": 1e-6, "atol": 1e-9, "fluctuations": True}},
        "207981012cc2",
        "9a2b1e238602",
    ),
    "particles": (
        {
            "student": {"width": "inf"},
            "integrate": {"equations": "mean-field", "noise_correction": True, "particles": 64},
            "time": {"start": 0.1, "spacing": "linear"},
        },
        "51ecf07b7ed6",
        "8cb1bceefe83",
    ),
}


@pytest.fixture
def version_3(monkeypatch):
    """The version of the numbers that the hashes below are of."""
    monkeypatch.setattr("sgdode.spec.provenance.RESULTS_VERSION", 3)
    for name in ("AVERAGES_VERSION", "SPREADS_VERSION", "PATHS_VERSION"):
        monkeypatch.setattr(f"sgdode.spec.provenance.{name}", 3)


@pytest.mark.parametrize("case", HASHES)
def test_a_spec_keeps_its_hashes(case, version_3, tmp_path):
    """A new key, section or start changes no hash of a spec that has none of it: its files are still found."""
    changes, *hashes = HASHES[case]
    (tmp_path / "file").write_bytes(b"any bytes")
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(merged(SMALL, changes)))
    spec = load_spec(tmp_path / "spec.yaml")
    assert [spec_hash(spec, command) for command in ("simulate", "integrate")] == hashes


def test_an_activation_of_ones_own_counts_by_its_values(version_3):
    def hashes(f, df):
        own = merged(SMALL, {"student": {"activation": "mine"}})
        spec = load_spec(own, activations={"mine": Activation(f, df)})
        return [spec_hash(spec, command) for command in ("simulate", "integrate")]

    assert hashes(np.sin, np.cos) == ["f695f8f4725b", "08048415d873"]
    assert hashes(lambda x: np.sin(x), lambda x: np.cos(x)) == hashes(np.sin, np.cos)
    doubled = hashes(lambda x: 2 * np.sin(x), lambda x: 2 * np.cos(x))
    assert not set(doubled) & set(hashes(np.sin, np.cos))


@pytest.mark.parametrize(
    ("one", "other", "stays"),
    [
        ("erf", "erf", (True, True)),
        ("square", "linear", (True, True)),
        ("relu", "relu", (True, False)),
        ("erf", "relu", (True, False)),
        ("gelu", "gelu", (True, False)),
        ("erf", "tanh", (False, False)),
        ("erf", "gelu", (False, False)),
        ({"name": "erf", "gain": 30.0}, "erf", (True, False)),
    ],
)
def test_files_of_the_first_version_stay_where_their_numbers_do(one, other, stays, monkeypatch):
    networks = {"student": {"activation": one}, "teacher": {"activation": other}}
    spec = load_spec(merged(SMALL, {**networks, "simulate": {"method": "explicit"}}))
    now = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    for name in ("AVERAGES_VERSION", "SPREADS_VERSION", "PATHS_VERSION"):
        monkeypatch.setattr(f"sgdode.spec.provenance.{name}", 3)
    before = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    assert tuple(one == other for one, other in zip(now, before, strict=True)) == stays


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({}, (True, False)),
        ({"simulate": {"method": "explicit"}}, (False, False)),
        ({"time": {"start": 0.1}}, (True, True)),
        ({"time": {"stop": 0.5}}, (True, True)),
        ({"integrate": {"solver": "bdf"}}, (True, True)),
    ],
)
def test_paths_that_depended_on_the_saved_times_have_other_hashes(changes, new, monkeypatch):
    spec = load_spec(merged(SMALL, changes))
    now = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    monkeypatch.setattr("sgdode.spec.provenance.PATHS_VERSION", 3)
    before = [spec_hash(spec, command) for command in ("simulate", "integrate")]
    assert tuple(one != other for one, other in zip(now, before, strict=True)) == new


def test_the_path_is_the_same_whatever_is_saved_of_it():
    spec = load_spec(SMALL)
    for changes in ({"time": {"stop": 7.0}}, {"time": {"stop": 0.1, "points": 3}}, {"save": ["risk"]}, {"name": "b"}):
        assert path_hash(load_spec(merged(SMALL, changes)), "integrate") == path_hash(spec, "integrate")
    for changes in ({"seed": 4}, {"learning_rate": 0.1}, {"simulate": {"seeds": 3}}):
        assert path_hash(load_spec(merged(SMALL, changes)), "simulate") != path_hash(spec, "simulate")

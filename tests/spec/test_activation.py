"""Activations of one's own in a spec: formulas, tables and code, in every command and in the file."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, Trajectory, load_spec, simulate
from sgdode.runs.reproduce import reproduce
from sgdode.spec.activation import OTHER_KINDS
from sgdode.spec.provenance import provenance, resolved, spec_hash

CODE = """import numpy as np

def swish(x):
    return x / (1 + np.exp(-x))

def d_swish(x):
    return (1 + np.exp(-x) * (1 + x)) / (1 + np.exp(-x)) ** 2
"""
KINDS = {
    "formula": {"formula": "x/(1 + exp(-x))"},
    "table": {"table": "xy.csv"},
    "python": {"python": "my.py:swish"},
}


@pytest.fixture
def folder(tmp_path):
    x = np.linspace(-8, 8, 161)
    np.savetxt(tmp_path / "xy.csv", np.c_[x, x / (1 + np.exp(-x))], delimiter=",", header="x,y", comments="")
    (tmp_path / "my.py").write_text(CODE)
    return tmp_path


def spec(folder, activation, **how):
    import yaml

    (folder / "s.yaml").write_text(yaml.safe_dump(merged(SMALL, {"student": {"activation": activation}})))
    return load_spec(folder / "s.yaml", **how)


def test_the_kinds_are_those_here():
    assert set(OTHER_KINDS) == {*KINDS, "hermite"}


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_are_the_same_function(kind, folder, tmp_path):
    found = simulate(spec(folder, KINDS[kind], allow_code=True))
    right = simulate(spec(folder, KINDS["formula"]))
    np.testing.assert_allclose(found.risk, right.risk, rtol=1e-4)
    assert found.attributes["student_activation"] == kind
    found.save(tmp_path / "x.h5")
    for name in ("xy.csv", "my.py"):
        (folder / name).unlink()
    stored = Trajectory.load(tmp_path / "x.h5")  # the file holds what was in the others
    assert reproduce(stored, allow_code=True).equal()


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_is_counts_and_not_where_it_was(kind, folder):
    first = spec(folder, KINDS[kind], allow_code=True)
    again = load_spec(resolved(first), allow_code=True)
    assert spec_hash(again, "simulate") == spec_hash(first, "simulate")
    assert resolved(again)["student"] == resolved(first)["student"]
    (folder / "xy.csv").write_text((folder / "xy.csv").read_text().replace("8.0", "8.5"))
    (folder / "my.py").write_text(CODE.replace("(1 + x)", "(1 + 1 * x)"))
    other = spec(folder, KINDS[kind] if kind != "formula" else {"formula": "x/(1 + exp(-1.1*x))"}, allow_code=True)
    assert spec_hash(other, "simulate") != spec_hash(first, "simulate")
    assert (kind == "python") == (CODE.splitlines()[0] in provenance(first)["resolved"])


def test_code_runs_only_where_it_is_allowed(folder):
    (folder / "my.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n{CODE}")
    for activation in (KINDS["python"], {**KINDS["python"], "source": CODE}):
        with pytest.raises(
            SpecError, match=r"python: got 'my.py:swish'; the code there is run with --allow-code alone"
        ):
            spec(folder, activation)
    assert not (folder / "ran").exists()
    spec(folder, KINDS["python"], allow_code=True)
    assert (folder / "ran").exists()


WRONG = {
    "two": ({"formula": "x", "table": "xy.csv"}, "formula and table exclude each other"),
    "a name too": ({"name": "erf", "formula": "x"}, "name and formula exclude each other"),
    "a formula": ({"formula": "x.real"}, "'x.real' is not allowed; allowed: numbers, x"),
    "no text": ({"formula": 3}, "must be a text such as"),
    "not finite": ({"formula": "1/x**2 + log(x)"}, "finite"),
    "no file": ({"table": "no.csv"}, "no such file"),
    "no rows": ({"table": "s.yaml"}, "must be two numbers"),
    "few rows": ({"table": "few.csv"}, "got 3 rows"),
    "back": ({"table": "back.csv"}, "x must increase"),
    "no name": ({"python": "my.py"}, r"must be file\.py:name"),
    "no such name": ({"python": "my.py:mish"}, "there is no mish in it"),
    "no slope": ({"python": "my.py:d_swish"}, "with its derivative d_d_swish"),
    "an error": ({"python": "bad.py:f"}, "ZeroDivisionError"),
    "a wrong slope": ({"python": "bad.py:g"}, "ZeroDivisionError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told(case, folder):
    (folder / "few.csv").write_text("0 0\n1 1\n2 2\n")
    (folder / "back.csv").write_text("x y\n0 0\n1 1\n1 2\n3 3\n")
    (folder / "bad.py").write_text("1/0\n")
    activation, message = WRONG[case]
    with pytest.raises(SpecError, match=rf"s.yaml:\d+: student.activation: .*{message}"):
        spec(folder, activation, allow_code=True)


def test_an_override_takes_the_place_of_another_kind(folder):
    given = spec(folder, {"name": "erf", "gain": 2.0})
    assert given.student.activation.gain == 2.0
    changed = load_spec(folder / "s.yaml", ["student.activation.formula=x/(1+exp(-x))"])
    assert changed.student.activation.formula == "x/(1+exp(-x))"
    assert changed.student.activation.gain == 2.0

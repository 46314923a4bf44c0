"""The recipe of the developer's page: a new thing is one record. One of each kind is added here and runs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from support.specs import SMALL, merged

from sgdode import SpecError, compare, integrate, load_spec, plot, simulate
from sgdode.equations.full import full
from sgdode.gaussian.variance.table import METHODS, VarianceMethod, VarianceTerm
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.model.inputs import INPUT_LAWS, InputLaw
from sgdode.model.learning import LOSSES, Loss
from sgdode.model.overlaps import from_factors, teacher_factor
from sgdode.model.start_laws import Start
from sgdode.model.starts import STARTS, Key, StartLaw
from sgdode.model.systems import SYSTEMS, SystemRecord
from sgdode.plots.figures.records import FIGURES, FigureRecord
from sgdode.runs.check import forecast
from sgdode.spec.json_schema import json_schema
from sgdode.spec.provenance import problem_hash

NEW = "throw-away"


def halved_erf(x, s, ds):
    for i in range(x.size):
        s[i] = 0.5 * math.erf(x[i] / math.sqrt(2.0))
        ds[i] = 0.5 * math.sqrt(2.0 / math.pi) * math.exp(-0.5 * x[i] * x[i])


def along_the_teachers(problem, values, rng):
    """Student i lies along teacher i (mod k), of length² ``length``, and has as much beside it."""
    p, k, P = int(problem.p), problem.k, problem.teacher.P
    L = teacher_factor(P)
    A = math.sqrt(values["length"]) * np.eye(k)[np.arange(p) % k] + 1e-3 * rng.standard_normal((p, k))
    return Start(from_factors(A, 0.1 * np.eye(p), L, P), problem.student.a)


def renamed_full(problem, start, method):
    return replace(full(problem, start), name=NEW)


def only_the_label(y, f, size):
    return y


def softened(y, f, size):
    return (y - f) / (1.0 + abs(y - f))


def quadrature_of_erf(pairing):
    """V of erf students and teachers again, by the tested method of the package, under another name."""
    built = METHODS["erf"].build(pairing)
    return VarianceTerm(built.fill, 1e-9, NEW)


RECORDS = {
    "activation": (ACTIVATIONS, Activation(name=NEW, loop=halved_erf), {"student": {"activation": NEW}}),
    "system": (SYSTEMS, SystemRecord(renamed_full, lambda problem: 0.5), {"integrate": {"equations": NEW}}),
    "start": (
        STARTS,
        StartLaw(along_the_teachers, {"length": Key("number", 0.5, 0.0, 1.0)}),
        {"initial": {"kind": NEW, "length": 0.25}},
    ),
    "input law": (INPUT_LAWS, InputLaw((1.0,), (1.0,)), {"inputs": {"spectrum": NEW}}),
    "loss": (LOSSES, Loss(only_the_label, 0.0), {"algorithm": {"loss": NEW}}),
    "learning rule": (
        LOSSES,
        Loss(softened, None),
        {"algorithm": {"loss": NEW}, "student": {"width": 2}, "teacher": {"width": 1}},
    ),
}


@pytest.fixture(params=RECORDS)
def added(request, monkeypatch):
    """The changes of a spec that take one new record up."""
    table, record, changes = RECORDS[request.param]
    monkeypatch.setitem(table, NEW, record)
    return request.param, changes


def spec_of(changes):
    base = merged(SMALL, {"dimension": 400, "teacher": {"noise": 0.01}, "time": {"stop": 4}, "simulate": {"seeds": 64}})
    return load_spec(merged(base, changes))


def test_a_new_record_runs_through_both_engines(added):
    spec = spec_of(added[1])
    runs, theory = simulate(spec), integrate(spec)
    assert compare(runs, theory).agrees(), compare(runs, theory).verdict()
    assert runs.attributes["problem_hash"] == theory.attributes["problem_hash"]


def test_spec_schema_check_and_identity_take_it_up(added, monkeypatch):
    what, changes = added
    spec, plain = spec_of(changes), spec_of({})
    if what != "system":  # how a problem is solved is no part of it
        assert problem_hash(spec) != problem_hash(plain)
    Draft202012Validator(json_schema()).validate(merged(SMALL, changes))
    assert forecast(spec, 1)["expected_error"] > 0
    assert NEW in json.dumps(json_schema())


def test_without_the_record_its_name_is_refused_with_those_that_are_known():
    for what, (table, _, changes) in RECORDS.items():
        with pytest.raises(SpecError, match=f"got '{NEW}'; allowed: .*{next(iter(table))}"):
            spec_of(changes)
        assert NEW not in table, what


def test_the_keys_of_a_new_start_are_checked(monkeypatch):
    monkeypatch.setitem(STARTS, NEW, RECORDS["start"][1])
    with pytest.raises(SpecError, match="must be ≤ 1"):
        spec_of({"initial": {"kind": NEW, "length": 2.0}})
    with pytest.raises(SpecError, match=f"belongs to initial.kind {NEW}; the kind here is gaussian"):
        spec_of({"initial": {"length": 0.5}})
    assert problem_hash(spec_of({"initial": {"kind": NEW}})) == problem_hash(
        spec_of({"initial": {"kind": NEW, "length": 0.5}})
    )


def test_a_new_loss_changes_what_is_learnt(monkeypatch):
    monkeypatch.setitem(LOSSES, NEW, RECORDS["loss"][1])
    theory, plain = integrate(spec_of({"algorithm": {"loss": NEW}})), integrate(spec_of({}))
    assert abs(theory.risk[-1] / plain.risk[-1] - 1) > 0.05


def test_a_new_method_for_the_variance_is_picked_where_it_holds(monkeypatch):
    before = dict(METHODS)
    method = VarianceMethod(lambda pairing: pairing.p == 3 and pairing.names == {"erf"}, quadrature_of_erf)
    monkeypatch.setattr("sgdode.gaussian.variance.table.METHODS", {NEW: method, **before})
    assert integrate(spec_of({})).attributes["variance_method"] == NEW
    assert integrate(spec_of({"student": {"width": 2}})).attributes["variance_method"] == "closed form"


def test_a_new_figure_is_drawn_by_name(monkeypatch):
    def drawn(picture, runs, view):
        picture.add_subplot().plot(runs[0].time, runs[0].risk)

    monkeypatch.setitem(FIGURES, NEW, FigureRecord(drawn, "the risk, plainly"))
    theory = integrate(spec_of({}))
    picture = plot(theory, figure=NEW)
    assert np.array_equal(picture.axes[0].lines[0].get_ydata(), theory.risk)

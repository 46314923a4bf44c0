"""Mean field by block: against all signs of directions, against isotropic inputs, and what it refuses."""

import itertools

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, integrate, load_spec
from sgdode.equations.block_mean_field import mean_field_by_block
from sgdode.equations.block_systems import gradient_flow_by_block
from sgdode.equations.system import Method
from sgdode.model.start_laws import start
from sgdode.model.state import packed_blocks, size, unpacked_blocks
from sgdode.spec.build import build

BLOCKS = {"spectrum": {"blocks": [[0.5, 1.5], [0.5, 0.5]]}}


RULES = {
    "plain": {},
    "turning": {"teacher": {"width": 2, "rotation": {"rate": 0.7, "plane": [0, 1]}}},
    "held": {"teacher": {"drift": 0.2}, "weight_decay": 0.1, "constraint": "spherical-fields"},
}


@pytest.mark.parametrize("activation", ["erf", "relu", "square"])
@pytest.mark.parametrize("case", RULES)
def test_the_mean_of_the_gradient_flow_over_all_directions(activation, case):
    """One direction beside the teachers in each block: cosines are ±1, and the mean over all signs is exact."""
    p, k = 3, 2 if case == "turning" else 1
    d = 2 * (k + 1)
    teacher = {"width": k, "activation": activation}
    spec = {"dimension": d, "teacher": teacher, "student": {"width": p, "activation": activation, "train_output": 0.5}}
    spec |= {"inputs": BLOCKS, "learning_rate": 0.5, "time": {"stop": 1.0}, "initial": {"scale": 0.7}}
    problem = build(load_spec(merged(spec, RULES[case])))
    beginning, scale = start(problem), np.array([2.0, 0.5])
    field = mean_field_by_block(problem, beginning, Method())
    assert field.y0.size == 2 * p * (k + 1) + p
    found = np.empty_like(field.y0)
    field.rhs(0.3, field.y0, found)
    flow, total = gradient_flow_by_block(problem, beginning), []
    M, lengths = [block.M for block in beginning.blocks], [np.sqrt(block.q) for block in beginning.blocks]
    inside = [block.A @ block.A.T for block in beginning.blocks]
    for signs in itertools.product([-1.0, 1.0], repeat=2 * p):
        rows = np.reshape(signs, (2, p)) * lengths
        Q = [part + np.outer(row, row) for part, row in zip(inside, rows, strict=True)]
        y = packed_blocks(*(scale[:, None, None] * np.array(part) for part in (Q, M)), beginning.a)
        out = np.empty_like(y)
        flow.rhs(0.3, y, out)
        total.append(out)
    assert flow.y0.size == 2 * size(p, k) + p
    dQ, dM, da = unpacked_blocks(np.mean(total, axis=0)[np.newaxis], 2, p, k)
    into = [block.L @ np.linalg.inv(block.L.T @ block.L) for block in beginning.blocks]
    along = [2 * ((change @ part) * block.A).sum(axis=1) for change, part, block in
             zip(dM[0] / scale[:, None, None], into, beginning.blocks, strict=True)]  # fmt: skip
    dq = scale[:, None] * (np.diagonal(dQ[0], axis1=1, axis2=2) / scale[:, None] - along)
    np.testing.assert_allclose(found, np.concatenate([dM.ravel(), dq.ravel(), da[0]]), atol=1e-9)


CASES = {
    "plain": {},
    "trained, decay": {"student": {"train_output": 0.4}, "weight_decay": 0.05},
    "spherical": {"constraint": "spherical"},
}


@pytest.mark.parametrize("case", CASES)
def test_a_single_block_is_isotropic(case):
    """Teachers that do not turn, followed by block."""
    spec = merged({**SMALL, "integrate": {"equations": "mean-field"}, "save": ["risk", "M", "q"]}, CASES[case])
    plain = integrate(load_spec(spec))
    still = integrate(load_spec(merged(spec, {"teacher": {"rotation": {"rate": 0.0, "plane": [0, 1]}}})))
    for name, curve in plain.curves.items():
        np.testing.assert_allclose(still.curves[name], curve, rtol=1e-6, atol=1e-8)


def test_directions_of_many_dimensions_are_orthogonal():
    spec = {**SMALL, "dimension": 20_000, "inputs": BLOCKS, "time": {"stop": 2, "points": 3}}
    field, high = (
        integrate(load_spec({**spec, "integrate": {"equations": name}})) for name in ("mean-field", "mean-field-high-d")
    )
    np.testing.assert_allclose(high.risk, field.risk, rtol=1e-3)
    assert np.max(np.abs(high.risk / field.risk - 1)) > 1e-8


def test_tasks_are_told_apart():
    tasks = [{"start": 0, "rows": [0]}, {"start": 0.5, "rows": [1], "noise": 0.0}]
    spec = merged({**SMALL, "inputs": BLOCKS, "save": ["risk", "M"]}, {"teacher": {"tasks": tasks}})
    found = integrate(load_spec({**spec, "integrate": {"equations": "mean-field"}}))
    assert found.curves["task_risk"].shape == (len(found.time), 2)
    late = found.time >= 0.5
    np.testing.assert_array_equal(found.risk, found.curves["task_risk"][np.arange(len(found.time)), late.astype(int)])


def test_many_blocks_are_refused():
    spec = {**SMALL, "inputs": {"spectrum": {"power": 0.5}, "bins": 16}, "integrate": {"equations": "mean-field"}}
    with pytest.raises(SpecError, match=r"16 blocks takes .* nodes .*; use full or gradient-flow, fewer blocks"):
        integrate(load_spec(spec))

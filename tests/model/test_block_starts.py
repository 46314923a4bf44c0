"""Starts by block: overlaps of weights, the same laws in every block, and what is refused."""

import numpy as np
import pytest
from support.built import started
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.model.block_starts import squared_lengths
from sgdode.model.overlaps import omega
from sgdode.model.starts import STARTS
from sgdode.spec.build import build

BLOCKS = {"spectrum": {"blocks": [[0.02, 20.0], [0.28, 1.5], [0.7, 0.3]]}}
BASE = merged(SMALL, {"inputs": BLOCKS, "dimension": 1000})
GENERATED = [kind for kind, law in STARTS.items() if not law.given]


def consistent(spec):
    drawn, problem = started(spec), build(spec)
    c = np.array(problem.inputs.eigenvalues)
    for block, room in zip(drawn.blocks, problem.inputs.dimensions(spec.d), strict=True):
        np.testing.assert_allclose(block.A @ block.A.T + block.B @ block.B.T, block.Q, atol=1e-12)
        np.testing.assert_allclose(block.A @ block.L.T, block.M, atol=1e-12)
        assert block.B.shape[1] + block.L.shape[1] <= room
        values = np.linalg.eigvalsh(omega(block.Q, block.M, block.P))
        assert values[0] > -1e-10 * values[-1]
    for name in ("Q", "M", "P"):
        fields = np.einsum("b,bij->ij", c, np.array([getattr(block, name) for block in drawn.blocks]))
        np.testing.assert_allclose(getattr(drawn.overlaps, name), fields, atol=1e-14)
    return drawn


@pytest.mark.parametrize("kind", GENERATED)
@pytest.mark.parametrize("inputs", [BLOCKS, {"spectrum": {"power": 1.2}, "bins": 16}], ids=["blocks", "power"])
@pytest.mark.parametrize("placement", ["isotropic", {"power": 0.7}])
def test_generated_starts_are_overlaps(kind, inputs, placement):
    changes = {"inputs": inputs, "initial": {"kind": kind}, "teacher": {"placement": placement}}
    drawn = consistent(load_spec(merged({**BASE, "inputs": {}}, changes)))
    np.testing.assert_allclose(drawn.overlaps.P, np.eye(2), atol=1e-12)


def test_a_gaussian_start_has_the_law_of_gaussian_weights():
    spec = merged(BASE, {"dimension": 50, "student": {"width": 2}})
    drawn = [started(load_spec(merged(spec, {"initial": {"seed": seed}}))).blocks for seed in range(300)]
    mean = np.mean([[block.Q for block in blocks] for blocks in drawn], axis=0)
    for b, fraction in enumerate((0.02, 0.28, 0.7)):
        error = np.sqrt(2 * fraction / 50 / 300)
        np.testing.assert_allclose(mean[b], fraction * np.eye(2), atol=5 * error)


def test_the_same_fields_in_teacher_span_at_every_dimension_and_spectrum():
    changes = {"initial": {"kind": "in-teacher-span"}}
    fields = started(load_spec(merged(SMALL, changes))).overlaps
    for spec in (merged(BASE, changes), merged(BASE, {**changes, "dimension": 10**6})):
        drawn = started(load_spec(spec)).overlaps
        np.testing.assert_allclose(drawn.Q, fields.Q, atol=1e-12)
        np.testing.assert_allclose(drawn.M, fields.M, atol=1e-12)


@pytest.mark.parametrize(("constraint", "by"), [("spherical", "weights"), ("spherical-fields", "fields")])
def test_generated_starts_are_put_on_the_sphere(constraint, by):
    drawn = consistent(load_spec(merged(BASE, {"constraint": constraint})))
    weights = (1.0, 1.0, 1.0) if by == "weights" else build(load_spec(BASE)).inputs.eigenvalues
    np.testing.assert_allclose(squared_lengths(drawn.blocks, weights), 1.0, rtol=1e-12)


def test_given_overlaps_of_the_fields_are_lifted_and_that_is_said():
    Q, M = np.diag([1.0, 0.5, 0.7]), np.array([[0.3, 0.1], [0.0, 0.2], [0.1, 0.0]])
    drawn = consistent(load_spec(merged(BASE, {"initial": {"kind": "overlaps", "Q": Q, "M": M}})))
    np.testing.assert_allclose(drawn.overlaps.Q, Q, atol=1e-12)
    np.testing.assert_allclose(drawn.overlaps.M, M, atol=1e-12)
    assert any("read as the overlaps of the fields" in told for told in drawn.warnings)
    for block, fraction in zip(drawn.blocks, (0.02, 0.28, 0.7), strict=True):
        np.testing.assert_allclose(block.Q, fraction * Q, atol=1e-12)


def test_overlaps_that_a_block_has_no_room_for_are_refused_by_its_name():
    Q, M = np.array([np.eye(3) * f for f in (0.1, 0.3, 0.6)]), np.zeros((3, 3, 2))
    given = {"dimension": 100, "initial": {"kind": "overlaps", "Q": Q.tolist(), "M": M.tolist()}}
    with pytest.raises(SpecError, match=r"block 0 \(eigenvalue 19.4.*rank 3, but only .* = 0 dim"):
        started(load_spec(merged(BASE, given)))
    few = {"dimension": 4, "inputs": {"spectrum": {"blocks": [[0.5, 1.5], [0.5, 0.5]]}}}
    with pytest.raises(SpecError, match="no block of the inputs has as many"):
        started(load_spec(merged({**BASE, "inputs": {}}, {**few, "initial": {"kind": "symmetric"}})))


def test_teachers_given_by_block_need_room():
    P = [np.eye(2).tolist()] * 3
    with pytest.raises(SpecError, match="block 0 has 1 dimensions, and the teachers given there have rank 2"):
        started(load_spec(merged(BASE, {"dimension": 50, "teacher": {"overlap": P}})))

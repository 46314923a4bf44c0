"""The resolved values of a spec, and its hashes."""

from support.specs import SMALL, merged

from sgdode.spec.load import load_spec
from sgdode.spec.provenance import problem_hash, resolved, spec_hash


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

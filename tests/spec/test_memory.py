"""The memory of a run, by the key that it grows with."""

import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.spec.memory import memory, memory_by_key


@pytest.mark.parametrize(
    ("command", "key", "changes"),
    [
        ("simulate", "student.width", {"student": {"width": 1000}, "save": ["risk"]}),
        ("simulate", "dimension", {"dimension": 1_000_000, "simulate": {"method": "explicit"}}),
        ("simulate", "batch_size", {"batch_size": 50_000}),
        ("integrate", "student.width", {"student": {"width": 1000}}),
        ("integrate", "time.points", {"time": {"points": 1_000_000}}),
        ("integrate", "integrate.particles", {"student": {"width": "inf"}, "integrate": {"particles": 10**6}}),
    ],
)
def test_the_largest_part_is_that_of_the_key_that_was_raised(command, key, changes):
    small, large = load_spec(SMALL), load_spec(merged(SMALL, changes))
    parts = memory_by_key(large, command)
    assert max(parts, key=parts.get) == key
    assert memory(large, command) > 10 * memory(small, command)

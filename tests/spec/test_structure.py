"""The sections on inputs with structure and on teachers that change: their short forms, and what they refuse."""

import pytest
from pydantic import ValidationError

from sgdode.spec.structure import InputSpec, PlacementSpec, TaskSpec


def test_what_is_given_of_a_spectrum_is_told():
    assert InputSpec(spectrum="isotropic").spectrum.given == {"name": "isotropic"}
    found = InputSpec(spectrum={"power": 1.5})
    assert (found.spectrum.given, found.gathered) == ({"power": 1.5}, True)
    for wrong in ({}, {"power": 1.5, "file": "x.npy"}, "isotropc", 3):
        with pytest.raises(ValidationError):
            InputSpec(spectrum=wrong)
    with pytest.raises(ValidationError):
        InputSpec(bins=0)


def test_shares_add_up_to_one():
    assert PlacementSpec(variance=[0.25, 0.75]).variance == ((0.25, 0.75),)
    with pytest.raises(ValidationError, match="add up to 1"):
        PlacementSpec(variance=[0.5, 0.75])


def test_a_task_that_comes_back_is_the_same():
    assert TaskSpec(start=0, rows=[0]).same == TaskSpec(start=9, rows=[0]).same
    assert TaskSpec(start=0, rows=[0]).same != TaskSpec(start=0, rows=[1]).same

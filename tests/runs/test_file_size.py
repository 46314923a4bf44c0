"""The size of a file that is told before the run."""

import pytest
from support.specs import SMALL, merged

from sgdode.runs.engines import integrate, simulate
from sgdode.runs.file_size import file_bytes, saved_times
from sgdode.spec.load import load_spec


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_it_is_that_of_the_file(command, tmp_path):
    spec = load_spec(merged(SMALL, {"student": {"width": 40}, "simulate": {"seeds": 10}, "time": {"points": 50}}))
    run = {"simulate": simulate, "integrate": integrate}[command](spec)
    told = file_bytes(spec, command)
    assert 0.5 * told < run.save(tmp_path / "x.h5").stat().st_size < 1.5 * told
    assert len(saved_times(spec).time) == len(run.time)

"""What ``show`` tells of a file."""

import numpy as np
from support.pictures import run, sgd

from sgdode.cli.describe import chart, show, stored_spec


def test_a_description_has_its_parts():
    trajectory = sgd(p=12)
    trajectory.warnings = ["a warning"]
    text = show(trajectory, 80)
    assert text.startswith("plateau: simulation (exact), complete")
    assert "Warnings\n  a warning" in text
    assert "mean over 8 seeds" in text
    assert "Last overlaps M (student × teacher), mean over seeds" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_power_law_is_a_straight_line():
    t = np.geomspace(1e-2, 1e2, 200)
    rows = [line for line in chart(t, 1 / t, width=60, height=12) if "●" in line]
    columns = [line.index("●") for line in rows]
    assert columns == sorted(columns)
    assert len(rows) >= 10
    assert list(chart(t, 0 * t)) == []


def test_a_run_without_a_spec_gives_its_resolved_values():
    assert "width: 4" in stored_spec(run())

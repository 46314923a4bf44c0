"""What a file tells of how it was made."""

import json
from datetime import UTC, datetime

from sgdode.machine import processors
from sgdode.runs.environment import environment


def test_it_is_told_in_json():
    began = datetime.now(UTC)
    told = json.loads(environment(began, 1.5, ["sgdode", "simulate"]))
    assert (told["start"], told["seconds"], told["threads"]) == (began.isoformat(), 1.5, processors())
    assert told["command_line"] == ["sgdode", "simulate"]
    assert told["end"] >= told["start"]
    assert {"python", "sgdode", "numpy", "numba"} <= told["versions"].keys()
    assert all(isinstance(told[key], str) for key in ("git_commit", "host", "processor"))

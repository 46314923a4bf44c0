"""What a file holds: settings by dotted key, and the dimensions of its curves."""

import json

import numpy as np

from sgdode.results.contents import Contents, by_dotted_key
from sgdode.results.quantities import QUANTITIES


def contents(kind, **told):
    texts = {key: json.dumps(value) for key, value in told.items()}
    return Contents(kind, np.arange(3.0), np.eye(2), {}, provenance=texts)


def test_settings_by_dotted_key():
    assert by_dotted_key({"a": {"b": 1, "c": {"d": [2]}}, "e": "f"}) == {"a.b": 1, "a.c.d": [2], "e": "f"}
    assert contents("integration", resolved={"student": {"width": 3}}).settings == {"student.width": 3}
    assert contents("integration").settings == {}


def test_every_quantity_has_its_dimensions_after_those_of_the_run():
    for name, quantity in QUANTITIES.items():
        assert contents("simulation").dims(name) == ("seed", "time", *quantity.dims)
        assert contents("integration").dims(name) == ("time", *quantity.dims)
        assert quantity.meaning

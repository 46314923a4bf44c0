"""References to other keys as values."""

import pytest
from support.specs import SMALL

from sgdode import SpecError, load_spec
from sgdode.spec.interpolation import interpolate
from sgdode.spec.yaml_document import Document


def test_a_reference_is_the_value_of_the_other_key():
    spec = load_spec({**SMALL, "batch_size": "${k}"}, ["teacher.width=${student.width}", "p=4"])
    assert (spec.k, spec.batch_size) == (4, 4)
    assert load_spec(SMALL, ["weight_decay=${gamma}"]).weight_decay == 0.5


def test_other_texts_stay():
    document = Document("s", {"name": "a ${p}", "list": ["${p}"]})
    interpolate(document)
    assert document.values == {"name": "a ${p}", "list": ["${p}"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["p=${k}", "k=${p}"], r"got '\$\{[kp]\}'; leads back to"),
        (["p=${batch_size}"], "batch_size has no value in this spec"),
        (["p=${student}"], "student has no value"),
        (["p=${nothing.at.all}"], "nothing.at.all has no value"),
    ],
)
def test_what_leads_nowhere_is_told(words, message):
    with pytest.raises(SpecError, match=message):
        load_spec(SMALL, words)

"""What there is, and words that are values of keys."""

import pytest

from sgdode.cli.explain import meanings
from sgdode.cli.listing import KINDS, listed_kind, meanings_of_word
from sgdode.errors import UsageError
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.systems import SYSTEMS
from sgdode.plots.figures.records import FIGURES


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_has_a_line_within_80_columns(kind):
    lines = listed_kind(kind)
    assert max(map(len, lines)) <= 80
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines if not line.startswith(" ")), "a word without meaning"
    first = [line.split()[0] for line in lines]
    for name in {"activations": ACTIVATIONS, "systems": SYSTEMS, "figures": FIGURES}.get(kind, ()):
        assert name in first


def test_words_are_explained():
    assert meanings_of_word("SS-ODE")[0].startswith("full (integrate.equations)")
    assert meanings_of_word("student.width") == meanings_of_word("") == []
    assert meanings_of_word("gelu")[0].startswith("gelu (student.activation, teacher.activation): x Φ(x)")
    with pytest.raises(UsageError, match="no such key"):
        meanings("gelo x")
    with pytest.raises(UsageError, match="did you mean activations"):
        listed_kind("activation")

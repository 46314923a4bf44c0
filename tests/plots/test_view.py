"""What is asked of a picture."""

import pytest
from support.pictures import run

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.view import ABSCISSAE, View


def test_the_default_view_is_all_of_the_run_against_t():
    assert View() == View(x="t", students=None, teachers=None, runs=None, average=False)
    assert "samples/d" in ABSCISSAE


def test_what_is_not_known_is_refused():
    with pytest.raises(UsageError, match="x: got 'tt'; allowed: t, step"):
        draw([run()], x="tt")

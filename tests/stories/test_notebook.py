"""What a session of Python is shown: bars, warnings at the line of the caller, errors in its words."""

import builtins
import sys
import types
import warnings

import pytest
from support.specs import SMALL

from sgdode import SgdodeWarning, integrate, load_spec
from sgdode.errors import OptionError, RunError, SpecError, explained
from sgdode.notebook import in_python, interactive, kernel_runs, table, tell, watched

WRONG = {"integrate.equations": "gradient-flow", "learning_rate": 5.0}


def test_a_warning_is_seen_at_the_line_of_the_caller():
    with pytest.warns(SgdodeWarning, match="beyond gradient-flow") as seen:
        integrate(load_spec(SMALL, WRONG))
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell([])


def test_a_bar_where_somebody_looks_on(monkeypatch, capsys):
    with watched("x", None) as progress:
        assert progress is None, "a script has none"
    told = []
    with watched("x", lambda done, total: told.append(done)) as progress:
        progress(1, 2)
    assert told == [1]
    with watched("x", False) as progress:
        assert progress is None
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert interactive()
    assert not kernel_runs()
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert kernel_runs()
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with watched("x", None) as progress:
        progress(1, 2)
        progress(2, 2)


def test_errors_speak_of_keyword_arguments():
    @in_python
    def fail(error):
        raise error

    with pytest.raises(RunError, match=r"^a is there; force= replaces it, folder= writes elsewhere$"):
        fail(RunError("a is there; --force replaces it, --out-dir writes elsewhere"))
    error = OptionError("x_lim", "got 1")
    assert (str(error), explained(error)) == ("x_lim: got 1", "--x-lim: got 1")
    with pytest.raises(SpecError, match=r"^argument learning_rate: learning_rate.gamma: got -1"):
        load_spec(SMALL, learning_rate=-1)


def test_tables_are_escaped():
    assert "&lt;b&gt;" in table("<b>", [("<i>", 1)], folded=table("", []))
    assert "<i>" not in table("<b>", [("<i>", 1)])

"""What stands in for a module while another is imported is gone afterwards."""

import subprocess
import sys

import pytest

from sgdode import stand_in as module
from sgdode.stand_in import stand_in


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(module, "_own", True)


def test_it_stands_in_and_goes(own, monkeypatch):
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with stand_in("wave", shape="round"):
        import wave

        assert wave.shape == "round"
    import wave

    assert wave.open
    with stand_in("wave", shape="round"):
        assert sys.modules["wave"] is wave
    assert sys.modules["wave"] is wave


def test_in_a_process_of_others_nothing_stands_in(monkeypatch):
    monkeypatch.setattr(module, "_own", False)  # another test may have called the program in this process
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with stand_in("wave", shape="round"):
        import wave

        assert wave.open


def test_it_goes_where_the_import_fails(own):
    with pytest.raises(ImportError), stand_in("sgdode.no_such", value=1):
        raise ImportError
    assert "sgdode.no_such" not in sys.modules


def loaded_by(preamble):
    """What a run has loaded of SciPy; and that all of it is whole then, as far as a program's own process needs it."""
    code = preamble + (
        "import sys\n"
        "from sgdode import load_spec, integrate\n"
        "spec = {'dimension': 10, 'teacher': {'width': 1}, 'student': {'width': 2}, 'learning_rate': 1,\n"
        "        'time': {'stop': 1}}\n"
        "integrate(load_spec(spec))\n"
        "print([name for name in ('scipy.optimize', 'scipy.sparse', 'scipy.linalg') if name in sys.modules])\n"
        "from scipy import linalg, optimize, sparse\n"
        "assert linalg.solve([[2.0]], [1.0])[0] == 0.5\n"
        "assert sparse.csr_matrix([[1.0]]).sum() == 1.0 and optimize.brentq(lambda x: x - 1, 0, 3) == 1.0\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_run_of_the_program_loads_little_of_scipy():
    assert loaded_by("from sgdode.stand_in import own_process\nown_process()\n") == "[]"
    assert loaded_by("") == "['scipy.optimize', 'scipy.sparse', 'scipy.linalg']"

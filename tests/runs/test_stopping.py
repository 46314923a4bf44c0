"""Signals: from the first instruction to the last they give the documented status, everywhere, and tear nothing."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from support.processes import EAGER, SPEC, begin, eagerly, ended, until

from sgdode import Trajectory, load_spec, signals
from sgdode.errors import FileError, Stopped
from sgdode.reporting import Reporter
from sgdode.results.atomic import aside
from sgdode.runs.run import perform
from sgdode.signals import _Ears, postpone, stop_if_asked, waiting

STRUCK = str(EAGER.with_name("struck"))
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 75, signal.SIGUSR1: 75, signal.SIGHUP: 75}


def at(moment, *signals):
    """The environment of a process that gets signals at a moment; see support/struck/sitecustomize.py."""
    sent = ",".join(map(str, signals))
    return {**os.environ, "PYTHONPATH": STRUCK, "SGDODE_TEST_AT": moment, "SGDODE_TEST_SEND": sent}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with a spec and its two files."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "s.yaml").write_text(SPEC)
    for command in ("simulate", "integrate"):
        status, _, err = ended(begin(folder, command, "s.yaml", "-o", f"{command}.h5"))
        assert status == 0, err
    return folder


@pytest.fixture
def folder(done, tmp_path):
    return Path(shutil.copytree(done, tmp_path / "copy"))


COMMANDS = {
    "check": (["check", "s.yaml"], "import:sgdode.runs.check"),
    "simulate": (["simulate", "s.yaml", "-o", "x.h5"], "import:sgdode.runs.engines"),
    "integrate": (["integrate", "s.yaml", "-o", "x.h5"], "open:s.yaml"),
    "run": (["run", "s.yaml", "--out-dir", "o"], "import:sgdode.results.checkpoint"),
    "plot": (["plot", "simulate.h5", "-o", "x.png"], "open:x.png.part"),
    "show": (["show", "simulate.h5"], "open:simulate.h5"),
    "export": (["export", "simulate.h5", "-o", "x.csv"], "open:x.csv.part"),
    "collect": (["collect", "simulate.h5", "-o", "x.csv"], "import:sgdode.analysis.table"),
    "compare": (["compare", "simulate.h5", "integrate.h5"], "import:sgdode.analysis.compare"),
    "sweep": (["sweep", "s.yaml", "--grid", "seed=0:2"], "import:sgdode.sweeps.grid"),
    "regimes": (["regimes", "s.yaml"], "import:numpy"),
    "schema": (["schema", "-o", "x.json"], "import:typer"),
    "init": (["init", "x.yaml"], "import:sgdode.cli.app"),
    "help": (["--help"], "import:sgdode.errors"),
}


@pytest.mark.parametrize(("command", "number"), list(zip(COMMANDS, [*STATUS] * 4, strict=False)))
def test_a_signal_gives_its_status_in_every_command(command, number, folder):
    words, moment = COMMANDS[command]
    before = {path.name for path in folder.iterdir()}
    status, out, err = ended(begin(folder, *words, env=at(moment, int(number))))
    assert (status, err, out) == (STATUS[number], f"stopped by {number.name}\n", "")
    left = {path.name for path in folder.rglob("*")} - before
    assert not [name for name in left if name.endswith((".h5", ".png", ".csv", ".json", ".yaml"))]
    if command in ("plot", "simulate"):
        assert ended(begin(folder, *words))[0] == 0, "and the next one is not disturbed by what is left"


def test_what_fails_of_the_end_is_not_told(monkeypatch, tmp_path):
    """The part of a file is removed while it is written: the main thread waits for the end of the process."""
    ended_by, ears = [], _Ears()
    monkeypatch.setattr(signals, "_ears", ears)
    monkeypatch.setattr(os, "_exit", ended_by.append)
    monkeypatch.setattr(os, "write", lambda *_: None)
    waited = []

    def sleep(seconds):
        waited.append(ears.ending)
        ears.ending = False

    monkeypatch.setattr(signals.time, "sleep", sleep)

    def struck():
        with aside(tmp_path / "x.csv") as part:
            ears.hear(signal.SIGUSR1)
            part.write_text("late")

    with pytest.raises(FileError):
        struck()
    assert (ended_by, waited) == ([75], [True])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_at_the_last_instruction_counts(number, folder):
    status, out, err = ended(begin(folder, "show", "simulate.h5", env=at("exit:", int(number))))
    assert (status, err) == (STATUS[number], f"stopped by {number.name}\n")
    assert "simulation" in out


def test_a_signal_that_is_ignored_from_outside_stays_ignored(folder):
    env, ignored = at("open:simulate.h5", 1), lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert ended(begin(folder, "show", "simulate.h5", env=env, preexec_fn=ignored))[0] == 0


LONG = SPEC.replace("stop: 1.0", "stop: 3e6").replace("dimension: 60", "dimension: 1000")


@pytest.mark.parametrize("signals", [(2, "2@1", "15@20"), (15, *["2@5"] * 9), (1, "15@30", "2@30")])
def test_more_signals_change_nothing(signals, tmp_path):
    """A burst of them, while the runs end their last call and while their state is kept."""
    (tmp_path / "s.yaml").write_text(LONG)
    process = begin(tmp_path, "simulate", "s.yaml", "-o", "x.h5", env=eagerly())
    until(lambda: (tmp_path / "x.h5.ckpt").exists(), process)
    for one in signals:
        number, _, wait = str(one).partition("@")
        time.sleep(float(wait or 0) / 1e3)
        process.send_signal(int(number))
    status, out, err = ended(process)
    first = signal.Signals(int(signals[0]))
    assert (status, out) == (STATUS[first], ""), err
    assert f"stopped by {first.name}; checkpoint: x.h5.ckpt" in err
    kept = Trajectory.load(tmp_path / "x.h5.ckpt")
    assert kept.attributes["checkpoint"] > 0


def test_a_third_interrupt_ends_at_once():
    """Presses of a hand; a burst is one of them, and other signals are none."""
    ears, ended_at = _Ears(), []
    ears.end = lambda: ended_at.append(len(ears.heard))
    ears.waits = True
    for number, wait in [(2, 0), (2, 0.01), (15, 0.2), (2, 0.01), (1, 0.01), (2, 0.15)]:
        time.sleep(wait)
        ears.hear(number)
    assert ended_at == [6]
    assert ears.cause() == ("SIGINT", 130)
    slow = _Ears()
    slow.end, slow.waits = ears.end, True
    slow.presses, slow.last = [time.monotonic() - 2.5, time.monotonic() - 1.5], time.monotonic() - 1.5
    slow.hear(2)
    assert ended_at == [6]


def test_signals_wait_while_there_is_something_to_keep(monkeypatch):
    ears = _Ears()
    monkeypatch.setattr("sgdode.signals._ears", ears)
    monkeypatch.setattr(ears, "end", lambda: pytest.fail("ended at once"))

    def run():
        with waiting():
            postpone()
            ears.hear(15)
            ears.hear(2)
            assert ears.waits

    with pytest.raises(Stopped, match="SIGTERM") as stopped:
        run()
    assert stopped.value.exit_status == 75
    assert not ears.waits
    with pytest.raises(Stopped):
        stop_if_asked()


def test_a_result_that_cannot_be_written_is_put_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "s.yaml").write_text(SPEC)
    spec, real, wanted = load_spec(tmp_path / "s.yaml"), Trajectory.save, tmp_path / "o" / "x.h5"
    monkeypatch.chdir(tmp_path)

    def full(trajectory, path, former=None):
        if Path(path).parent == wanted.parent and trajectory.status != "partial":
            raise FileError(f"{path}: cannot be written: No space left on device")
        return real(trajectory, path, former)

    monkeypatch.setattr(Trajectory, "save", full)
    told = []
    outcome = perform(spec, "integrate", wanted, Reporter(quiet=True, told=told.append))
    assert outcome.exit_status == 1
    assert outcome.path.parent == tmp_path
    assert Trajectory.load(outcome.path).status == "complete"
    assert told[-1] == f"{wanted}: cannot be written: No space left on device; the result is {outcome.path}"

    monkeypatch.setattr(Trajectory, "save", real)
    late = tmp_path / "late.h5"
    monkeypatch.setattr("sgdode.runs.run.environment", lambda *given: late.write_text("a thesis") and "{}")
    outcome = perform(spec, "integrate", late, Reporter(quiet=True, told=told.append))
    assert late.read_text() == "a thesis"
    assert Trajectory.load(outcome.path).status == "complete"
    assert "another file has come there meanwhile" in told[-1]


def test_the_same_result_that_came_meanwhile_is_the_result(small, tmp_path, monkeypatch):
    spec, late, reporter = small(), tmp_path / "late.h5", Reporter(quiet=True, told=pytest.fail)
    there = perform(spec, "integrate", tmp_path / "x.h5", reporter).path.read_bytes()
    monkeypatch.setattr("sgdode.runs.run.environment", lambda *given: late.write_bytes(there) and "{}")
    outcome = perform(spec, "integrate", late, reporter)
    assert (outcome.path, outcome.exit_status) == (late, 0)
    assert late.read_bytes() == there

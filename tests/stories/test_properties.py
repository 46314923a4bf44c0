"""Whatever `check` accepts runs in both engines or fails with a stated reason; whatever is no spec or no result gets a
message. Drawn by hypothesis, the same examples at every run; SGDODE_EXAMPLES=100 draws a hundred times as many."""

import os
import signal

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.any_spec import any_spec
from support.specs import SMALL

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import FileError, SgdodeError, SpecError
from sgdode.results.hdf5 import header
from sgdode.spec.build import clock
from sgdode.spec.json_schema import example
from sgdode.spec.load import read_spec

MORE = int(os.environ.get("SGDODE_EXAMPLES", "1"))
MOST_STEPS, MOST_SECONDS = 1000, 4


def examples(number):
    return settings(
        max_examples=number * MORE,
        deadline=None,
        database=None,
        derandomize=MORE == 1,
        suppress_health_check=list(HealthCheck),
    )


class TooSlow(BaseException):
    """A run that is right to take long: not judged."""


@pytest.fixture
def patient():
    """Runs ``work()``, for so many seconds at most."""

    def ring(*_):
        raise TooSlow

    def run(work):
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            return work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, ring)
    yield run
    signal.signal(signal.SIGALRM, before)


def short(spec):
    if not spec.finite or (spec.simulate.method == "explicit" and spec.d > 1000):
        return False
    return clock(spec).step(spec.time.stop) <= MOST_STEPS


def judge(run):
    """A result as it may stand in a file."""
    assert run.status in ("complete", "diverged")
    assert (run.diverged_at is not None) == (run.status == "diverged")
    assert run.time[0] == 0
    assert len(run.time) == 1 or (np.diff(run.time) > 0).all()
    for name, curve in run.curves.items():
        assert np.isfinite(curve).all(), name
    if "risk" in run.curves:
        assert (run.risk >= 0).all()
    if run.status == "diverged":
        assert any("diverged" in warning for warning in run.warnings)


def test_what_check_accepts_runs_or_says_why_not(patient, counted, tmp_path):
    totals = dict.fromkeys(("specs drawn", "specs run to an end", "specs refused or failed with a reason"), 0)

    @examples(40)
    @given(any_spec())
    def holds(values):
        totals["specs drawn"] += 1
        found = {}
        try:
            spec = load_spec(values)
            for engine in (integrate, simulate) if short(spec) else (integrate,):
                found[engine] = patient(lambda engine=engine: engine(spec))
                judge(found[engine])
                judge(Trajectory.load(found[engine].save(tmp_path / "run.h5")))
        except SgdodeError:
            totals["specs refused or failed with a reason"] += 1
        except TooSlow:
            return
        totals["specs run to an end"] += bool(found)
        if len(found) == 2:
            theory, runs = found[integrate], found[simulate]
            both = min(len(theory.time), len(runs.time))
            np.testing.assert_array_equal(theory.time[:both], runs.time[:both])
            for name in {"M", "Q"} & set(theory.curves) & set(runs.curves):
                np.testing.assert_array_equal(
                    runs.curves[name][:, 0], theory.curves[name][:1].repeat(len(runs.curves[name]), 0)
                )

    holds()
    for what, number in totals.items():
        counted(what, number)


def refused_or_read(text):
    """Whether bytes are a spec; anything but a Spec or a SpecError with a place is a failure."""
    from pathlib import Path

    try:
        read_spec(text, "f.yaml", Path(), "f")
    except SpecError as error:
        return not all(str(defect).startswith("f.yaml") for defect in error.defects)
    return True


WORDS = ("{", "}", "[", "]", ":", ",", "- ", "&a ", "*a", "!!x ", "|", ">", "'", '"', "#", "\n", "\t", "  ", "---", "?",
         "inf", ".nan", "-1", "1e999", "null", "0x", "\x00", "é", "<<: ", "%", "@", "`", "width", "[[")  # fmt: skip
CHANGE = st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.sampled_from(WORDS) | st.binary(max_size=4))


def changed(text, changes):
    for at, length, new in changes:
        at %= len(text) + 1
        text = text[:at] + (new if isinstance(new, bytes) else new.encode()) + text[at + length :]
    return text


def test_any_bytes_as_a_spec_get_an_answer(counted):
    whole, plain, totals = example().encode(), yaml.safe_dump(SMALL).encode(), [0, 0]

    @examples(400)
    @given(st.binary(max_size=200) | st.builds(changed, st.sampled_from((whole, plain)), st.lists(CHANGE, min_size=1)))
    def holds(text):
        totals[refused_or_read(text)] += 1

    holds()
    counted("bytes refused as a spec", totals[0])
    counted("mutated specs still valid", totals[1])


KEYS = st.sampled_from(
    (*SMALL, "seed", "save", "initial", "integrate", "width", "kind", "Q", "file", "name", "overlap")
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(("inf", "auto"))
TREE = st.recursive(LEAF, lambda t: st.lists(t, max_size=3) | st.dictionaries(KEYS | st.text(), t, max_size=4))


def test_any_values_as_a_spec_get_an_answer(counted):
    totals = [0, 0]

    @examples(400)
    @given(st.dictionaries(KEYS, TREE, max_size=5), st.booleans())
    def holds(values, rest):
        try:
            load_spec({**(SMALL if rest else {}), **values})
            totals[1] += 1
        except SpecError:
            totals[0] += 1

    holds()
    counted("mappings refused as a spec", totals[0])
    assert totals[0]


def damaged(whole, flips, end):
    data = bytearray(whole)
    for at, bit in flips:
        data[at % len(data)] ^= 1 << bit
    return bytes(data[: len(data) - end])


FLIPS = st.lists(st.tuples(st.integers(0, 2**30), st.integers(0, 7)), min_size=1, max_size=4)


@pytest.mark.parametrize("engine", [simulate, integrate])
def test_any_bytes_as_a_result_get_an_answer(engine, counted, tmp_path, small):
    """A flipped bit, a missing end, or no HDF5 at all: a FileError that names the file, or the numbers unchanged."""
    run, path, totals = engine(small()), tmp_path / "run.h5", {"refused": 0, "unchanged": 0}
    whole = run.save(path).read_bytes()
    flipped = st.builds(damaged, st.just(whole), FLIPS, st.just(0))
    short = st.builds(damaged, st.just(whole), st.just([]), st.integers(1, len(whole)))
    noise = st.binary(max_size=300) | st.builds(lambda end: whole[:8] + end, st.binary(max_size=300))

    @examples(250)
    @given(flipped | short | noise)
    def holds(data):
        path.write_bytes(data)
        try:
            header(path)
            again = Trajectory.load(path)
        except FileError as error:
            totals["refused"] += str(error).startswith(f"{path}: ") and len(str(error)) > len(str(path)) + 20
            return
        totals["unchanged"] += 1
        for name, curve in run.curves.items():
            np.testing.assert_array_equal(again.curves[name], curve)

    holds()
    assert sum(totals.values()) >= 250
    for what, number in totals.items():
        counted(f"damaged files {what}", number)

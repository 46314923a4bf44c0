"""Files and texts of others have no power: not over the terminal, nor over folders, spreadsheets or pictures."""

import csv
import io
import json
import re
import warnings

import h5py
import numpy as np
import pytest
from support.fuzz_files import fuzz, made_up
from typer.testing import CliRunner

from sgdode import plot
from sgdode.__main__ import _tell
from sgdode.analysis.table import table_rows, write_csv
from sgdode.cli.app import app
from sgdode.cli.describe import description
from sgdode.errors import RunError, UsageError
from sgdode.foreign import cell, file_name, visible, visible_lines
from sgdode.reporting import Reporter
from sgdode.results.checkpoint import Keeper
from sgdode.results.contents import UNSEALED
from sgdode.results.export import export
from sgdode.results.trajectory import Trajectory

EVIL = "\x1b[31mred\x07\x9b\u202ered\x7f\r\u2028"
SEEN = "\\x1b[31mred\\x07\\u009b\\u202ered\\u007f\\x0d\\u2028"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]")


def named(name, /, **resolved):
    """A run of that name, and of settings that say more."""
    run = made_up()["simulation"]
    run.attributes["name"] = name
    run.provenance["resolved"] = json.dumps(run.resolved | resolved)
    return run


@pytest.fixture
def command(tmp_path, monkeypatch):
    """``command(*words)``: what the command line answers in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_control_characters_are_seen_and_all_else_is_as_it_was():
    assert visible(EVIL) == SEEN
    assert visible_lines(f"a\n\t{EVIL}\nb") == f"a\n\t{SEEN}\nb"
    assert visible("a\nb\tΔ ı 中 √(γ/pd) 🙂\u200d") == "a\\x0ab\tΔ ı 中 √(γ/pd) 🙂\u200d"
    assert json.loads(visible(json.dumps({"x": EVIL}, ensure_ascii=False))) == {"x": EVIL}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a-b_c.d,e@f=g+h 1", "a-b_c.d,e@f=g+h 1"),
        ("../../x", "_.._x"),
        ("/tmp/x", "_tmp_x"),
        ("..", "otherwise"),
        ("", "otherwise"),
        ("///", "otherwise"),
        (None, "otherwise"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a\0b\nc\x1b", "a_b_c_"),
    ],
)
def test_a_name_is_one_component_of_a_path(text, name):
    assert file_name("" if text is None else text, "otherwise") == name
    assert len(file_name("Δ" * 400, "x").encode()) == 150


def test_cells_that_are_formulas_are_texts():
    for text in ("=1+1", "+1", "-x", "@sum", "\t=1", "\r=1", "\n=1"):
        assert str(cell(text)).startswith("'")
    assert [cell(value) for value in ("a=1", -1.5, 3, None, True)] == ["a=1", -1.5, 3, None, True]
    assert cell(EVIL) == SEEN


def test_tables_have_numbers_as_numbers_and_formulas_as_texts(tmp_path):
    run = named("x", **{"=cmd": "=1+1", "file": "-2", "kind": "@x", "list": ["=1"], "low": -2.5})
    run.curves["risk"][:] = -0.5
    path = run.save(tmp_path / "x.h5")
    out = io.StringIO()
    write_csv(table_rows([path], (), pytest.fail), out)
    head, row = csv.reader(out.getvalue().splitlines())
    found = list(zip(head, row, strict=True))
    assert found[:2] == [("file", str(path)), ("kind", "simulation")], "settings do not stand for what the file is"
    assert {("'=cmd", "'=1+1"), ("file", "'-2"), ("kind", "'@x"), ("list", '["=1"]'), ("low", "-2.5")} <= set(found)
    assert ("final_risk", "-0.5") in found
    head, *rows = csv.reader(export(run, tmp_path / "x.csv").read_text().splitlines())
    assert {row[head.index("risk")] for row in rows} == {"-0.5"}


def test_what_commands_print_is_seen(command, tmp_path, capsys):
    path = named(EVIL, evil=EVIL, **{EVIL: [EVIL]}).save(tmp_path / "x.h5")
    run = Trajectory.load(path)
    run.warnings, run.attributes["method"] = [EVIL], EVIL
    run.provenance |= {"spec": EVIL, "environment": json.dumps({"start": EVIL, "versions": {"sgdode": EVIL}})}
    run.save(path)
    shown = command("show", "x.h5").stdout
    assert shown.count(SEEN[:12]) >= 6
    folder = tmp_path / EVIL
    folder.mkdir()
    printed = [shown, command("collect", "x.h5").stdout]
    printed += [
        command("plot", "x.h5", "-o", folder / "x.png").stdout,
        command("export", "x.h5", "-o", folder / "x.csv").stdout,
    ]
    assert all(SEEN[:12] in text for text in printed)
    reporter = Reporter(verbose=True)
    reporter.note(EVIL), reporter.warn(EVIL), reporter.detail(EVIL)
    assert _tell(RunError(f"one {EVIL}\ntwo"), 3) == 3
    err = capsys.readouterr().err
    assert err.count(SEEN) == 4
    assert err.endswith(f"error: one {SEEN}\nerror: two\n")
    assert not CONTROL.search("".join([*printed, command("show", "x.h5", "--spec").stdout, err]))


def test_a_name_chooses_no_folder_and_no_mathematics(command, tmp_path):
    (tmp_path / "deep").mkdir()
    for name in (f"../../{EVIL}$\\frac$", str(tmp_path / "a\\$b$")):
        path = named(name, **{"$\\x$": "$\\y$"}).save(tmp_path / "deep" / "x.h5")
        other = named(name, **{"$\\x$": "$\\z$"})
        other.attributes["problem_hash"] = "fedcba987654"
        other = other.save(tmp_path / "deep" / "z.h5")
        before = set(tmp_path.rglob("*"))
        done = command("plot", path, other)
        assert done.exit_code == 0, done.stderr
        new = set(tmp_path.rglob("*")) - before
        assert {picture.parent for picture in new} == {tmp_path / "deep"}
        assert {picture.name for picture in new} == {f"{file_name(name, '')}-risk.png"}
        for picture in new:
            picture.unlink()
    run = Trajectory.load(path)
    del run.attributes["name"]
    run.save(path)
    assert command("plot", path).stdout == f"{path.parent}/result-risk.png\n"


def test_files_without_a_checksum_are_told(command, tmp_path, capsys):
    for kind, name in (("simulation", "x.h5"), ("partial", "r.h5.ckpt")):
        with h5py.File(made_up()[kind].save(tmp_path / name), "r+") as file:
            file.attrs["more"] = 1
    for words in ("show x.h5", "export x.h5 -o x.npz", "collect x.h5 -o t.csv", "plot x.h5"):
        done = command(*words.split())
        assert done.exit_code == 0
        assert done.stderr == f"warning: x.h5: {UNSEALED}\n"
    told = []
    keeper = Keeper(tmp_path / "r.h5", "0123456789ab", lambda _: None, Reporter(quiet=True, told=told.append))
    assert keeper.find(lambda state: (state, "")) is None
    assert told == [f"checkpoint not used: {tmp_path / 'r.h5.ckpt'}: has no checksum"]
    made_up()["simulation"].save(tmp_path / "x.h5")
    assert command("show", "x.h5").stderr == ""


def test_the_largest_numbers_warn_nobody(tmp_path):
    run = made_up()["simulation"]
    for curve in run.curves.values():
        curve[:] = 1e308
    path = run.save(tmp_path / "x.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "1e+308" in description(Trajectory.load(path)) or "inf" in description(Trajectory.load(path))
        table_rows([path], (1e-2,), pytest.fail)
        with pytest.raises(UsageError, match="no positive risk"):
            plot(path)


def test_spoilt_files_get_an_answer(tmp_path, monkeypatch, counted):
    """A short run of tests/support/fuzz_files.py."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["sgdode"])
    monkeypatch.setattr("support.fuzz_files.PICTURES", 0.05)
    counts, faults = fuzz(50, 7, tmp_path, [], some=1)
    assert faults == []
    assert min(counts["refused"], counts["read"]) > 5
    for what in ("refused", "read"):
        counted(f"spoilt files {what}", counts[what])


def test_starts_from_spoilt_files_are_refused(command, tmp_path):
    path = made_up()["simulation"].save(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["Q"]
        file["Q"] = h5py.ExternalLink("other.h5", "/Q")
    np.savez_compressed(tmp_path / "x.npz", W=np.zeros((3, 10**7)), W_star=np.zeros((2, 100)))
    spec = "dimension: 100\nteacher: {width: 2}\nstudent: {width: 3}\nlearning_rate: 0.5\ntime: {stop: 1}\n"
    for kind, file, message in (("overlaps", "x.h5", "Q is a link"), ("weights", "x.npz", "unpacks to 240001")):
        (tmp_path / "s.yaml").write_text(f"{spec}initial: {{kind: {kind}, file: {file}}}\n")
        done = command("check", "s.yaml")
        assert done.exit_code != 0
        assert message in str(done.exception)

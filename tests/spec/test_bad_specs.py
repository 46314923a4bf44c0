"""Bad specs, one named defect a file: each says in its first line the one message that it must get, line and all."""

import resource
from pathlib import Path

import pytest
from support.built import equations_of

from sgdode.errors import SpecError
from sgdode.spec.checks import located, require
from sgdode.spec.load import load_spec

FOLDER = Path(__file__).parent / "bad_specs"
FILES = sorted(FOLDER.glob("*.yaml"))
SEVERAL = """
seed: -1
dimension: 5
teacher:
  width: 2
  overlap: [[1, 2], [2, 1]]
student: {width: 3, activation: rleu, widht: 4, output_weights: [1, 2, x]}
learning_rate: {gamma: 0, schedule: cosine}
time: {stop: soon}
save: [risk, R]
zebra: 1
"""


def complaint(path):
    """The lines that `sgdode check` would print, or those of the engines; nothing is computed."""
    try:
        spec = load_spec(path)
        require(spec, "integrate")
        if spec.finite:
            require(spec, "simulate")
        located(equations_of)(spec)
    except SpecError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_spec_gets_the_message_that_it_states(path, counted):
    expected = path.read_text().partition("\n")[0].removeprefix("# expect: ")
    found = complaint(path)
    assert len(found) == 1, found
    place = f"{path}:" if expected[0].isdigit() else f"{path}: "
    assert found[0].startswith(place + expected)
    counted("bad specs refused")


def test_every_file_states_its_message():
    assert len(FILES) >= 60
    for path in FILES:
        assert path.read_text().startswith("# expect: "), path


def test_all_defects_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "several.yaml"
    path.write_text(SEVERAL)
    found = complaint(path)
    keys = [line.removeprefix(f"{path}:").split(": ")[:2] for line in found]
    assert keys == [
        ["2", "seed"],
        ["7", "student.activation"],
        ["7", "student.output_weights"],
        ["7", "student.widht"],
        ["8", "learning_rate.gamma"],
        ["8", "learning_rate.schedule"],
        ["9", "time.stop"],
        ["10", "save"],
        ["11", "zebra"],
    ]
    path.write_text(SEVERAL.replace("gamma: 0", "gamma: 1").replace("stop: soon", "stop: 1"))
    assert any(line.startswith(f"{path}:6: teacher.overlap: not positive semidefinite") for line in complaint(path))


BOMB = "a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "an alias bomb": (BOMB, "aliases repeat more than"),
    "a deep nest": ("a: " + "[" * 1_000_000, "nest"),
    "code in a tag": ("name: !!python/object/apply:os.system [touch owned]\n", "is not allowed"),
    "a path as a name": ("name: ../../owned\n", "it becomes part of file names"),
    "many keys": ("".join(f"k{i}: 0\n" for i in range(20_000)), "unknown key"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_specs_are_refused_quickly_in_little_memory(case, sgdode, tmp_path, counted):
    text, answer = HOSTILE[case]
    (tmp_path / "in").mkdir()
    done = sgdode("simulate", "-", "--out-dir", "in", input=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert answer in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert list((tmp_path / "in").iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * 2**20, "kilobytes, of any child so far"
    counted("hostile specs refused")


def test_a_spec_without_an_end_is_refused(sgdode):
    done = sgdode("check", "/dev/zero")
    assert done.returncode == 2
    assert "larger than 64 MB" in done.stderr

"""Grids: values, ranges, spacings, files, and what is no grid."""

import pytest

from sgdode.errors import UsageError
from sgdode.sweeps.grid import axes, groups, split, takes_whole_numbers


def values(grid):
    (axis,) = axes([grid])
    return axis.texts


def test_grids():
    assert values("dimension=100,1000") == ("100", "1000")
    assert values("initial.seed=0:3,7") == ("0", "1", "2", "7")
    assert values("learning_rate.gamma=log:1e-2:1:3") == ("0.01", "0.1", "1")
    assert values("dimension=log:100:1000:3") == ("100", "316", "1000")
    assert values("teacher.noise=lin:0:1:3") == ("0", "0.5", "1")
    assert values("student.activation=erf,{hermite: [0, 1, 0.5]}") == ("erf", "{hermite: [0, 1, 0.5]}")
    assert split("[[1, 0], [0, 1]],identity,'a,b'") == ["[[1, 0], [0, 1]]", "identity", "'a,b'"]
    assert takes_whole_numbers("student.width")
    assert takes_whole_numbers("initial.seed")
    assert not takes_whole_numbers("learning_rate.gamma")


def test_a_grid_file(tmp_path):
    (tmp_path / "g.yaml").write_text("learning_rate.gamma: [0.1, 0.3]\ninitial:\n  seed: 0:2\nsave: [[risk, M]]\n")
    found = {axis.key: axis.texts for axis in axes([str(tmp_path / "g.yaml")])}
    assert found == {"learning_rate.gamma": ("0.1", "0.3"), "initial.seed": ("0", "1"), "save": ('["risk", "M"]',)}


WRONG = {
    "no file": (["nothing.yaml"], "no such file"),
    "an empty value": (["dimension=1,,2"], "empty value"),
    "an empty range": (["seed=3:3"], "names no value"),
    "a logarithm of zero": (["learning_rate.gamma=log:0:1:3"], "above 0"),
    "a spacing without count": (["dimension=log:1:2"], "LOW:HIGH:COUNT"),
    "twice": (["dimension=1", "dimension=2"], "has a grid already"),
    "within another": (["learning_rate=1", "learning_rate.gamma=2"], "has a grid already"),
    "the name": (["name=a,b"], "--set name"),
    "too many": (["seed=0:1000", "initial.seed=0:1000"], "at most 100000"),
    "nothing": ([], "nothing to sweep"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_grids(case):
    grids, answer = WRONG[case]
    with pytest.raises(UsageError, match=answer):
        axes(grids)


def test_zipped_grids_move_together(tmp_path):
    found = axes(["p=2,4,4", "gamma=0.1,0.2,0.3", "seed=0,1,0"], ["p,gamma"])
    assert [[axis.key for axis in group] for group in groups(found)] == [
        ["student.width", "learning_rate.gamma"],
        ["seed"],
    ]
    assert [axis.texts for axis in found] == [("2", "4", "4"), ("0.1", "0.2", "0.3"), ("0", "1")]
    (tmp_path / "points.yaml").write_text("- {p: 2, teacher: {noise: 0.1}}\n- p: 3\n  teacher.noise: 0.2\n")
    listed = axes([str(tmp_path / "points.yaml"), "seed=0:2"])
    assert [(axis.key, axis.texts) for axis in listed] == [
        ("student.width", ("2", "3")),
        ("teacher.noise", ("0.1", "0.2")),
        ("seed", ("0", "1")),
    ]


@pytest.mark.parametrize(
    ("grids", "zips", "message"),
    [
        (["p=1,2", "k=1,2,3"], ["p,k"], "as many values each; there are: student.width 2, teacher.width 3"),
        (["p=1,2"], ["p"], "two grids or more"),
        (["p=1,2", "k=1,2"], ["p,kk"], "kk has no --grid"),
        (["p=1,2", "k=1,2", "seed=0:2"], ["p,k", "k,seed"], "moves with others already"),
    ],
)
def test_what_cannot_be_zipped_is_told(grids, zips, message):
    with pytest.raises(UsageError, match=message):
        axes(grids, zips)


def test_a_list_of_points_has_the_same_keys(tmp_path):
    for text in ("- {p: 2}\n- {k: 3}\n", "- 3\n", "- {}\n", "[]"):
        (tmp_path / "points.yaml").write_text(text)
        with pytest.raises(UsageError, match="the same keys each"):
            axes([str(tmp_path / "points.yaml")])


def test_a_range_with_a_step_is_told_how_to_write_it():
    with pytest.raises(UsageError, match=r"0\.1 is no range; write lin:0\.1:0\.5:5, with the number"):
        axes(["learning_rate.gamma=0.1:0.5:0.1"])

"""Which task is taught when, and how teachers turn."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.model.lessons import Rotation, active, distinct_tasks, switches
from sgdode.spec.build import build

TASKS = [
    {"start": 0, "rows": [0]},
    {"start": 5, "rows": [1, 2], "noise": 0.3, "activation": "relu", "output_weights": [2, 4]},
    {"start": 9, "rows": [0]},
]


def lessons_of(changes):
    return build(load_spec(merged(merged(SMALL, {"teacher": {"width": 3, "noise": 0.1}}), {"teacher": changes})))


def test_the_rows_of_a_task_have_their_mean():
    problem = lessons_of({"tasks": TASKS})
    lessons = problem.teacher.lessons
    assert [lesson.task for lesson in lessons] == [0, 1, 0]
    assert [lesson.noise for lesson in lessons] == [0.1, 0.3, 0.1]
    during = problem.during(lessons[1])
    np.testing.assert_allclose(during.v_star, [0.0, 1.0, 2.0])
    np.testing.assert_allclose(problem.during(lessons[0]).v_star, [1.0, 0.0, 0.0])
    assert during.teacher.activation.name == "relu"
    assert during.teacher.noise == 0.3
    assert len(distinct_tasks(lessons)) == 2
    assert switches(lessons) == (5.0, 9.0)
    assert [active(lessons, t) for t in (0.0, 4.99, 5.0, 5.0 * (1 - 1e-15), 20.0)] == [0, 0, 1, 1, 2]


def test_teachers_turn_in_their_plane():
    R = Rotation(2.0, 0, 2).matrix(0.3, 3)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(R[0], [np.cos(0.6), 0, np.sin(0.6)])
    np.testing.assert_allclose(R[2], [-np.sin(0.6), 0, np.cos(0.6)])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks": [{"start": 1, "rows": [0]}]}, "must have start: 0"),
        ({"tasks": []}, "must have start: 0"),
        ({"tasks": [{"start": 0, "rows": [0]}, {"start": 0, "rows": [1]}]}, "they must increase"),
        ({"tasks": [{"start": 0, "rows": [3]}]}, "different rows out of 0 to 2"),
        ({"tasks": [{"start": 0, "rows": [1, 1]}]}, "different rows out of 0 to 2"),
        ({"tasks": [{"start": 0, "rows": [1], "output_weights": [1, 2]}]}, "got 2 numbers; the task has 1 rows"),
        ({"rotation": {"rate": 1, "plane": [0, 3]}}, "two rows out of 0 to 2"),
        ({"rotation": {"rate": 1, "plane": [0, 1]}, "drift": 0.1}, "exclude each other"),
        ({"tasks": [{"begin": 0, "rows": [0]}]}, "unknown key"),
    ],
)
def test_what_is_no_lesson_is_refused(changes, words):
    with pytest.raises(SpecError, match=words):
        lessons_of(changes)


def test_what_is_odd_is_said():
    late = lessons_of({"tasks": [{"start": 0, "rows": [0]}, {"start": 50, "rows": [1]}]})
    assert "does not begin before time.stop" in late.initial.values["notes"][0]
    P = [[1.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0]]
    assert (
        "differ in length"
        in lessons_of({"overlap": P, "rotation": {"rate": 1, "plane": [0, 1]}}).initial.values["notes"][0]
    )

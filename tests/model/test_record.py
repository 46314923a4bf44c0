"""NumPy's numbers in the records of a problem."""

from dataclasses import fields, replace

import numpy as np
from support.specs import SMALL

from sgdode import Activation, load_spec
from sgdode.equations.system import Method
from sgdode.model.clock import Clock, Saving
from sgdode.model.learning import LearningRule
from sgdode.model.problem import Student, Teacher
from sgdode.model.record import as_numbers
from sgdode.model.starts import STARTS, Initial
from sgdode.simulation.run import Sampling
from sgdode.spec.build import build

ONE = np.float32(1.0)
RECORDS = [
    Clock(ONE, ONE, ONE),
    Saving(ONE, ONE, np.int16(3)),
    LearningRule(batch=np.int64(2), decay=ONE, train_output=ONE, spherical=np.bool_(False)),
    Teacher(Activation(np.sin, np.cos, gain=ONE), np.ones(2), np.eye(2), ONE),
    Student(Activation(np.sin, np.cos), np.int64(3), np.ones(3)),
    Initial(STARTS["gaussian"], {"scale": ONE}, np.int64(3), tolerance=ONE),
    Method(rtol=ONE, atol=ONE, particles=np.int64(8)),
    Sampling(np.uint32(3), np.int64(4)),
]


def test_they_are_pythons():
    problem = build(load_spec(SMALL))
    theirs = replace(problem, d=np.int32(100), gamma=np.float32(0.5), gamma_over_p=ONE)
    for record in (*RECORDS, theirs, RECORDS[3].activation):
        as_numbers(record)
        for field in fields(record):
            value = getattr(record, field.name)
            assert not isinstance(value, np.generic), (record, field.name)
    assert type(theirs.gamma) is float
    assert type(RECORDS[5].values["scale"]) is float


def test_arrays_are_of_double_precision():
    teacher = Teacher(Activation(np.sin, np.cos), np.ones(2, dtype=np.float32), np.eye(2, dtype=int))
    assert (teacher.a.dtype, teacher.P.dtype) == (np.float64, np.float64)
    own = np.ones(2)
    assert Teacher(Activation(np.sin, np.cos), own, np.eye(2)).a is own

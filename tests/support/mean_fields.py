"""One problem of a mean field, in every variant."""

import numpy as np

from sgdode.spec.load import load_spec

P = np.array([[0.8, 0.3], [0.3, 1.2]])
A_STAR = [0.7, -1.4]


def experiment(activation="erf", dimension=10, width=3, overrides=(), **changes):
    spec = {
        "dimension": dimension,
        "teacher": {"width": 2, "activation": activation, "overlap": P.tolist(), "output_weights": A_STAR},
        "student": {"width": width, "activation": activation, "train_output": 0.7},
        "learning_rate": 0.9,
        "initial": {"kind": "in-teacher-span"},
        "time": {"stop": 10.0},
    }
    return load_spec(spec | changes, overrides)

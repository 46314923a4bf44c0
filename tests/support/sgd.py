"""Specs in every size and variant for the tests of SGD."""

from __future__ import annotations

import numpy as np

from sgdode.model.activations import Activation
from sgdode.spec.load import load_spec
from support.specs import merged

BASE = {
    "dimension": 30,
    "teacher": {"width": 2},
    "student": {"width": 3, "output_weights": [1.0, -0.6, 1.5]},
    "learning_rate": 12.0,
    "time": {"stop": 1.0, "points": 5},
    "simulate": {"seeds": 2},
    "initial": {"seed": 3},
}
RANK_DEFICIENT = [[1.0, 0.5, 1.5], [0.5, 2.0, 2.5], [1.5, 2.5, 4.0]]


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_slope(x):
    return 1 / (1 + np.abs(x)) ** 2


USER = {"softsign": Activation(softsign, softsign_slope)}


def experiment(changes, method="exact", precision="float64"):
    spec = merged(merged(BASE, changes), {"simulate": {"method": method, "precision": precision}})
    return load_spec(spec, activations=USER)


SIZES = {
    "d=8": {"dimension": 8},
    "d=30": {},
    "d=200": {"dimension": 200, "learning_rate": 30.0},
    "d<p+k": {"dimension": 4},
    "D=0": {"dimension": 2},
    "D=1": {"dimension": 3},
    "P": {"teacher": {"overlap": [[1.0, 0.6], [0.6, 2.0]]}, "dimension": 9},
    "rank-deficient P": {"teacher": {"width": 3, "overlap": RANK_DEFICIENT}, "dimension": 12},
    "wide": {"student": {"width": 12, "output_weights": 1.0}, "dimension": 40, "learning_rate": 40.0},
    "one neuron": {"student": {"width": 1, "output_weights": 1.0}, "teacher": {"width": 1}, "dimension": 8},
    "square": {
        "student": {"activation": "square"},
        "teacher": {"activation": "square"},
        "learning_rate": 0.1,
    },
    "user": {"student": {"activation": {"name": "softsign", "gain": 1.7}}, "teacher": {"activation": "square"}},
}
SCHEDULE = {"gamma": 12.0, "schedule": {"power": 0.7, "time": 0.8}}
VARIANTS = {
    "trained": {"student": {"train_output": 3.0}},
    "batch": {"batch_size": 3},
    "batch > p, d": {"batch_size": 7, "dimension": 6},
    "decay": {"weight_decay": 0.4},
    "spherical": {"constraint": "spherical"},
    "schedule": {"learning_rate": SCHEDULE},
    "noise": {"teacher": {"noise": 0.3, "output_weights": [2.0, -1.0]}},
    "gains": {
        "student": {"activation": {"name": "erf", "gain": 1.5}},
        "teacher": {"activation": {"name": "erf", "gain": 0.5}},
    },
    "spherical, decay, batch": {"constraint": "spherical", "weight_decay": 0.6, "batch_size": 2, "dimension": 9},
    "trained, schedule, noise": {
        "student": {"train_output": 3.0},
        "learning_rate": SCHEDULE,
        "teacher": {"noise": 0.2},
    },
    "all": {
        "student": {"train_output": 2.0, "activation": {"name": "erf", "gain": 1.3}},
        "teacher": {"noise": 0.2, "overlap": [[1.0, 0.6], [0.6, 2.0]]},
        "learning_rate": SCHEDULE,
        "constraint": "spherical",
        "weight_decay": 0.5,
        "batch_size": 2,
    },
}

"""Made-up runs to draw, and what a picture shows of them."""

import json

import numpy as np
from matplotlib.container import ErrorbarContainer

from sgdode.results.trajectory import Trajectory


def resolved(d, p, k, start):
    """The resolved settings of a run, as a file keeps them."""
    networks = {"dimension": d, "teacher": {"width": k}, "student": {"width": p}}
    return json.dumps(networks | {"name": "plateau", "initial": {"kind": "gaussian", "seed": start}})


def run(kind="integration", p=4, k=2, d=100, seeds=8, times=60, start=0, equations="full", stored=True, band=False):
    """A smooth decay with a plateau; a simulation has noise of 5%."""
    generator = np.random.default_rng(1 + start)
    t = np.concatenate([[0], np.geomspace(1e-2, 1e3, times)])
    learnt = (t / (1 + t))[:, None, None]
    M = (1 - learnt) * generator.normal(size=(p, k)) / np.sqrt(d) + learnt * (np.arange(k) == np.arange(p)[:, None] % k)
    curves = {"risk": 0.3 / (1 + t) + 1e-3, "M": M, "q": 1 / (1 + t)[:, None] * np.ones(p)}
    if kind == "simulation":
        noise = {name: generator.normal(size=(seeds, *curve.shape)) for name, curve in curves.items()}
        curves = {name: curve * (1 + 0.05 * noise[name]) for name, curve in curves.items()}
    elif band:
        curves |= {"risk_std": 0.1 * curves["risk"], "M_std": 0.1 * np.abs(M)}
    attributes = {"name": "plateau", "gamma": 0.5, "noise": 1e-3, "dimension": d, "student_width": p}
    attributes |= {"teacher_width": k, "batch_size": 2, "problem_hash": f"{d:06x}{p:02x}{k:02x}{start:02x}"}
    attributes |= {"method": "exact"} if kind == "simulation" else {"equations": equations}
    provenance = {"resolved": resolved(d, p, k, start), "environment": '{"seconds": 2.0}'} if stored else {}
    step = np.rint(t * p * d / 0.5).astype(int)
    return Trajectory(kind, t, np.eye(k), curves, step, attributes=attributes, provenance=provenance)


def sgd(**options):
    return run("simulation", **options)


def cut(trajectory, times, status="complete"):
    """The first ``times`` times of a run."""
    axis = int(trajectory.kind == "simulation")
    curves = {name: curve.take(range(times), axis) for name, curve in trajectory.curves.items()}
    trajectory.time, trajectory.step = trajectory.time[:times], trajectory.step[:times]
    trajectory.curves, trajectory.status = curves, status
    return trajectory


def legend(figure):
    """The texts of the legend, inside or outside of the axes."""
    found = [axes.get_legend() for axes in figure.axes if axes.get_legend()] + figure.legends
    assert len(found) == 1
    return [text.get_text().replace("\n", " ") for text in found[0].get_texts()]


def bars(axes):
    return [container for container in axes.containers if isinstance(container, ErrorbarContainer)]


def knots(values, count):
    """Of the points of a smooth curve those that were saved, ``count`` of them."""
    return values[:: (len(values) - 1) // (count - 1)]


def solid(axes):
    """The lines with data that are drawn as lines."""
    return [line for line in axes.lines if line.get_linestyle() not in ("None", "") and len(line.get_xdata()) > 2]

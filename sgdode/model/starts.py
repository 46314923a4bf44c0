"""The starts: named laws of the initial overlaps, the same for simulation and equations.

Overlaps are drawn, not weights, so that the cost does not depend on d: the coordinates orthogonal to the teachers enter
through their Bartlett factor alone (the LQ factor of a Gaussian matrix).
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sgdode.errors import Defect, FileError, SpecError
from sgdode.model.overlaps import Array, NotOverlaps, Overlaps, from_factors, project, teacher_factor
from sgdode.spec.schema import Spec

#: Overlaps beyond this are no start of anything.
_LARGEST = 1e12


@dataclass(frozen=True)
class Start:
    """Overlaps and output weights ``a`` (p,) at t = 0."""

    overlaps: Overlaps
    a: Array
    warnings: tuple[str, ...] = ()


def start(spec: Spec) -> Start:
    """The start of a spec of finite width. Raises SpecError on ``initial`` where no weights have such overlaps."""
    try:
        with np.errstate(all="ignore"):
            drawn = STARTS[spec.initial.kind](spec)
    except (NotOverlaps, np.linalg.LinAlgError) as error:
        raise _refused("initial", str(error)) from None
    overlaps = drawn.overlaps
    largest = max(float(np.abs(matrix).max(initial=0.0)) for matrix in (overlaps.Q, overlaps.M, overlaps.P))
    if not largest < _LARGEST:
        raise _refused("initial", f"overlaps up to {largest:.3g} are out of range (allowed: below {_LARGEST:g})")
    return Start(_spherical(spec, drawn.overlaps), drawn.a, (*drawn.warnings, *_symmetry(drawn)))


def teacher_overlap(spec: Spec) -> Array:
    """P (k,k) as the spec gives it."""
    if spec.teacher.overlap is None:
        return np.eye(spec.k)
    P = np.array(spec.teacher.overlap)
    return np.asarray((P + P.T) / 2)


def _rng(spec: Spec) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(spec.start_seed))


def _weights(spec: Spec) -> Array:
    return np.array(spec.student_output_weights)


def bartlett(rng: np.random.Generator, rows: int, dimension: float) -> Array:
    """L (rows, min(rows, D)), the LQ factor of a (rows, D) standard normal matrix: L Lᵀ is Wishart. Any D."""
    columns = int(min(rows, dimension))
    factor = np.tril(rng.standard_normal((rows, columns)), -1)
    chi = np.sqrt(rng.chisquare(dimension - np.arange(columns)))
    factor[np.arange(columns), np.arange(columns)] = chi
    return factor


def _gaussian(spec: Spec) -> Start:
    """w_i ~ N(0, s² I_d), independent of the teachers (paper, section 2)."""
    rng, p, s = _rng(spec), int(spec.p), spec.initial.scale
    P = teacher_overlap(spec)
    L = teacher_factor(P)
    scale = s / math.sqrt(spec.d)
    A = scale * rng.standard_normal((p, L.shape[1]))
    B = scale * bartlett(rng, p, spec.d - L.shape[1])
    return Start(from_factors(A, B, L, P), _weights(spec))


def _in_teacher_span(spec: Spec) -> Start:
    """Rows of A uniform on the sphere, Q⊥ = 0: the same overlaps at every d (Veiga et al., appendix D)."""
    rng, p = _rng(spec), int(spec.p)
    P = teacher_overlap(spec)
    L = teacher_factor(P)
    A = rng.standard_normal((p, L.shape[1]))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return Start(from_factors(A, np.zeros((p, 0)), L, P), _weights(spec))


def _symmetric(spec: Spec) -> Start:
    """M = ε/k, Q = (ε²/k) 11ᵀ + q₀ (1−ε)² I, the coordinates A moved by N(0, spread²): a hard, unspecialised start."""
    p, k, eps = int(spec.p), spec.k, spec.initial.epsilon
    M = np.full((p, k), eps / k)
    Q = np.full((p, p), eps**2 / k) + spec.initial.q0 * (1 - eps) ** 2 * np.eye(p)
    P = teacher_overlap(spec)
    base = project(Q, M, P, spec.d - teacher_factor(P).shape[1])
    A = base.A + spec.initial.spread * _rng(spec).standard_normal(base.A.shape)
    return Start(from_factors(A, base.B, base.L, P), _weights(spec))


def _overlaps(spec: Spec) -> Start:
    """Q and M as given, or from a run at a saved time."""
    if spec.initial.file is not None:
        return _from_run(spec, spec.folder / Path(spec.initial.file).expanduser())
    Q, M = np.array(spec.initial.Q), np.array(spec.initial.M)
    if not np.allclose(Q, Q.T, rtol=0, atol=1e-10 * np.abs(Q).max()):
        raise _refused("initial.Q", "not symmetric; Q_ij = w_i·w_j/d must equal Q_ji")
    return _projected(spec, Q, M, teacher_overlap(spec), _weights(spec))


def _from_run(spec: Spec, path: Path) -> Start:
    """The overlaps of seed 0 of a run of this program, at its saved time nearest to ``at`` (default: the last)."""
    from sgdode.results.trajectory import Trajectory

    try:
        run = Trajectory.load(path)
    except FileError as error:
        raise _refused("initial.file", str(error)) from None
    missing = [name for name in ("Q", "M") if name not in run.curves]
    if missing:
        saved = ", ".join(run.curves)
        raise _refused(
            "initial.file", f"{path}: {' and '.join(missing)} not saved (saved: {saved}); save: [risk, M, Q]"
        )
    at = -1 if spec.initial.at is None else int(np.argmin(np.abs(run.time - spec.initial.at)))
    if spec.initial.at is not None and not run.time[0] <= spec.initial.at <= run.time[-1] * (1 + 1e-9):
        raise _refused("initial.at", f"got {spec.initial.at:g}; {path} holds t = 0 to {run.time[-1]:g}")
    first = (0,) if run.kind == "simulation" else ()
    Q, M = run.Q[(*first, at)], run.M[(*first, at)]
    a = run.curves["output_weights"][(*first, at)] if "output_weights" in run.curves else _weights(spec)
    _check_shape("initial.file", f"{path}: M", M.shape, (spec.p, spec.k))
    start = _projected(spec, Q, M, _agreed(spec, run.P, path), _agreed_weights(spec, a, path))
    asked, found = spec.initial.at, float(run.time[at])
    if asked is None or abs(found - asked) <= 1e-6 * max(asked, found):
        return start
    note = f"initial.at = {asked:g} is not a saved time of {path.name}: the start is that of t = {found:.6g}"
    return Start(start.overlaps, start.a, (note,))


def _from_weights(spec: Spec) -> Start:
    """W (p,d), W_star (k,d) and optionally a (p,) from an npz file; λ = W x/√d for x ~ N(0, I)."""
    path = spec.folder / Path(str(spec.initial.file)).expanduser()
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no zip archive; numpy.savez writes one")
        with np.load(path, allow_pickle=False) as arrays:
            given = {name: arrays[name] for name in arrays.files if name in _NPZ_NAMES}
        if any(np.iscomplexobj(array) for array in given.values()):
            raise ValueError("complex weights")
        found = {name: np.asarray(array, dtype=float) for name, array in given.items()}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise _refused("initial.file", f"{path}: not an npz file of numbers ({error})") from None
    except Exception as error:  # zipfile and numpy raise many kinds for a broken archive
        raise _refused("initial.file", f"{path}: a broken npz file ({error})") from None
    for name, shape in (("W", (spec.p, spec.d)), ("W_star", (spec.k, spec.d))):
        if name not in found:
            raise _refused("initial.file", f"{path}: has no array {name}; needed: W (p,d), W_star (k,d), optionally a")
        _check_shape("initial.file", f"{path}: {name}", found[name].shape, shape)
    W, W_star = found["W"], found["W_star"]
    a = found.get("a", _weights(spec)).reshape(-1)
    _check_shape("initial.file", f"{path}: a", a.shape, (spec.p,))
    a = _agreed_weights(spec, a, path)
    if not all(np.isfinite(array).all() for array in (W, W_star, a)):
        raise _refused("initial.file", f"{path}: holds values that are not finite")
    d = float(spec.d)
    P = _agreed(spec, W_star @ W_star.T / d, path)
    return _projected(spec, W @ W.T / d, W @ W_star.T / d, P, a)


_NPZ_NAMES = ("W", "W_star", "a")

STARTS: dict[str, Callable[[Spec], Start]] = {
    "gaussian": _gaussian,
    "in-teacher-span": _in_teacher_span,
    "symmetric": _symmetric,
    "overlaps": _overlaps,
    "weights": _from_weights,
}


def _projected(spec: Spec, Q: Array, M: Array, P: Array, a: Array) -> Start:
    return Start(project((Q + Q.T) / 2, M, P, spec.d - teacher_factor(P).shape[1]), a)


def _agreed(spec: Spec, P: Array, path: Path) -> Array:
    """The file's P where ``teacher.overlap`` is absent; else they must agree."""
    P = (P + P.T) / 2
    if not P.any():
        raise _refused("initial.file", f"{path}: the teacher is zero")
    if "overlap" in spec.teacher.model_fields_set:
        given = teacher_overlap(spec)
        if P.shape != given.shape or not np.allclose(P, given, rtol=0, atol=1e-6 * np.abs(given).max()):
            raise _refused(
                "teacher.overlap", f"differs from P in {path}; remove the key to take the file's P, or make them agree"
            )
        return given
    _check_shape("initial.file", f"{path}: P", P.shape, (spec.k, spec.k))
    return P


def _agreed_weights(spec: Spec, a: Array, path: Path) -> Array:
    """The file's a where ``student.output_weights`` is absent; else they must agree."""
    if "output_weights" in spec.student.model_fields_set and not np.allclose(a, _weights(spec), rtol=1e-6):
        reason = f"differs from a in {path}; remove the key to take the file's, or make them agree"
        raise _refused("student.output_weights", reason)
    return a


def _check_shape(key: str, what: str, shape: tuple[int, ...], wanted: tuple[float, ...]) -> None:
    if shape != tuple(wanted):
        sizes = " × ".join(f"{size:g}" for size in wanted)
        raise _refused(key, f"{what} has shape {shape}; the spec's widths and dimension need {sizes}")


def _spherical(spec: Spec, overlaps: Overlaps) -> Overlaps:
    """Q_ii = 1 under ``constraint: spherical``: generated starts are normalised, given ones must fit."""
    if spec.constraint != "spherical":
        return overlaps
    norms = np.sqrt(np.diag(overlaps.Q))
    if spec.initial.kind in ("overlaps", "weights"):
        if np.abs(norms - 1).max() > 1e-6:
            worst = int(np.argmax(np.abs(norms - 1)))
            raise _refused(
                "initial", f"constraint spherical needs Q_ii = 1; neuron {worst} has {norms[worst] ** 2:.6g}"
            )
    elif not norms.all():
        raise _refused("initial", "constraint spherical: a neuron of length 0 cannot be normalised")
    scaled = overlaps.A / norms[:, None], overlaps.B / norms[:, None]
    sphere = from_factors(*scaled, overlaps.L, overlaps.P)
    np.fill_diagonal(sphere.Q, 1.0)
    return sphere


def _symmetry(drawn: Start) -> tuple[str, ...]:
    """A warning where two neurons are equal for the dynamics: nothing but round-off would ever part them."""
    M, Q, a = drawn.overlaps.M, drawn.overlaps.Q, drawn.a
    keys = np.column_stack([a, np.diag(Q), M])
    if len(keys) > 1 and len(np.unique(keys, axis=0)) < len(keys):
        return (
            "unbroken symmetry: at least two neurons start with equal overlaps; the equations never part them "
            "(a solver does, by round-off, at no meaningful time)",
        )
    if not M.any():
        return ("unbroken symmetry: M = 0 at the start; the equations never leave it",)
    return ()


def _refused(key: str, reason: str) -> SpecError:
    return SpecError([Defect("", key, reason)])

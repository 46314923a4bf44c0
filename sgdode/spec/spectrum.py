"""The section ``inputs`` of a spec as a law of the inputs, and where ``teacher.placement`` puts the teachers in it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sgdode.errors import Defect, SpecError
from sgdode.model.inputs import INPUT_LAWS, InputLaw, of_blocks
from sgdode.model.overlaps import Array
from sgdode.model.placement import isotropic_shares, teachers_by_block, weighted_shares
from sgdode.model.spectra import Binned, Listed, PowerLaw, every, gathered, power_weights
from sgdode.spec.paths import Unusable, found_at
from sgdode.spec.schema import Spec
from sgdode.spec.values import shown

#: Eigenvalues that a file or a power law may have as blocks of their own.
_MOST_BLOCKS = 20_000
#: Decades that eigenvalues may fall over: their cubes are numbers too.
_DEEPEST = 90
#: A factor of the eigenvalues that is worth a note.
_SCALED = 1e-9


class Law(NamedTuple):
    """The law of the inputs; ``weights`` (B,), Σ w*² of teachers placed by a power of j (None: not so placed); and what
    a reader is to know."""

    inputs: InputLaw
    weights: Array | None = None
    notes: tuple[str, ...] = ()


def input_law(spec: Spec) -> Law:
    """The law of the inputs of a spec, found once. Raises SpecError for a spectrum that is none."""
    if spec._law is None:
        spec._law = _found(spec)
    found: Law = spec._law
    return found


def structured(spec: Spec) -> bool:
    """Whether the inputs have more than one block."""
    return not input_law(spec).inputs.isotropic


def changing(spec: Spec) -> bool:
    """Whether the teachers change in time."""
    teacher = spec.teacher
    return teacher.tasks is not None or teacher.rotation is not None or teacher.drift > 0


def followed_by_block(spec: Spec) -> bool:
    """Whether overlaps are followed by block: of the inputs, or of a single one where teachers change in time."""
    return structured(spec) or changing(spec)


def first_time(spec: Spec) -> float:
    """The first saved t after 0: by default early enough for the fastest block."""
    first = spec.time.first
    return first / input_law(spec).inputs.largest if structured(spec) and spec.time.start is None else first


def teacher_blocks(spec: Spec, P: Array) -> tuple[Array, tuple[str, ...]]:
    """P_b (B,k,k) of a spec whose teachers' fields have the covariance ``P`` (k,k), and what a reader is to know."""
    law, weights, notes = input_law(spec)
    if spec.teacher.overlap is not None and np.ndim(spec.teacher.overlap) == 3:
        return np.array(spec.teacher.overlap, dtype=float), notes
    try:
        blocks, more = teachers_by_block(law, P, _shares(spec, law, weights), spec.d)
    except ValueError as error:
        raise _refused("inputs.spectrum", str(error)) from None
    return blocks, (*notes, *more)


def _shares(spec: Spec, law: InputLaw, weights: Array | None) -> Array:
    """The share of the field variance of every teacher in every block: (B,), or (B,k)."""
    where, B = spec.teacher.placement, law.blocks
    if where is None:
        return isotropic_shares(law)
    if weights is not None:
        return weighted_shares(law, weights)
    if where.block is not None:
        if where.block >= B:
            raise _refused("teacher.placement.block", f"got {where.block}; the inputs have blocks 0 to {B - 1}")
        _refuse_dark(law, where.block, "teacher.placement.block")
        return np.eye(B)[where.block]
    rows = where.variance
    if any(len(row) != B for row in rows):
        raise _refused("teacher.placement.variance", f"got {len(rows[0])} shares; the inputs have {B} blocks")
    if len(rows) not in (1, spec.k):
        raise _refused("teacher.placement.variance", f"got {len(rows)} lists; one, or {spec.k} are needed")
    for b in range(B):
        if any(row[b] > 0 for row in rows):
            _refuse_dark(law, b, "teacher.placement.variance")
    return np.array(rows[0]) if len(rows) == 1 else np.array(rows).T


def _refuse_dark(law: InputLaw, block: int, key: str) -> None:
    if law.eigenvalues[block] == 0:
        raise _refused(key, f"block {block} has the eigenvalue 0: fields of teachers in it have no variance")


def _found(spec: Spec) -> Law:
    spectrum = spec.inputs.spectrum
    if spectrum.name is not None:
        law = INPUT_LAWS[spectrum.name]
        return Law(law, _by_power(spec, law))
    if spectrum.blocks is not None:
        return _of_blocks(spec, spectrum.blocks)
    key, value = next(iter(spectrum.given.items()))
    if math.isinf(spec.d):
        raise _refused(f"inputs.spectrum.{key}", f"got {shown(value)}; needs a finite dimension; at inf give blocks")
    if spectrum.power is not None and spectrum.power * math.log10(spec.d) > _DEEPEST:
        end = f"eigenvalues fall to 1e-{spectrum.power * math.log10(spec.d):.0f} of the first at dimension {spec.d:g}"
        raise _refused(
            "inputs.spectrum.power", f"got {spectrum.power:g}; {end}; up to 1e-{_DEEPEST} can be computed with"
        )
    values = None if spectrum.file is None else _eigenvalues(spec, spectrum.file)
    delta = _delta(spec)
    if spec.inputs.bins == "all":
        return _every(spec, values, delta)
    source: Any = PowerLaw(float(value), int(spec.d), delta) if values is None else Listed(values, delta)
    if values is not None and len(np.unique(values)) <= 2 * (spec.inputs.bins if spec.inputs.bins != "auto" else 8):
        return _every(spec, values, delta)
    found, error = gathered(source, None if spec.inputs.bins == "auto" else spec.inputs.bins)
    return _gathered(spec, found, error)


def _gathered(spec: Spec, found: Binned, error: float | None) -> Law:
    what = ", ".join(f"{key} {value}" for key, value in spec.inputs.spectrum.given.items())
    counts, values, weights = found
    law = InputLaw(tuple(values.tolist()), tuple((counts / spec.d).tolist()), f"x ~ N(0, C/d), {what}", error)
    return Law(
        law, weights if spec.teacher.placement is not None and spec.teacher.placement.power is not None else None
    )


def _of_blocks(spec: Spec, rows: tuple[tuple[float, ...], ...]) -> Law:
    key = "inputs.spectrum.blocks"
    if len(rows[0]) != 2:
        raise _refused(key, f"got rows of {len(rows[0])} numbers; must be [[fraction, eigenvalue], ...]")
    try:
        law, scale = of_blocks(tuple((row[0], row[1]) for row in rows))
        law.dimensions(spec.d)
    except ValueError as error:
        raise _refused(key, str(error)) from None
    told = f"the eigenvalues are scaled by {scale:.6g}, so that tr C = d"
    return Law(law, _by_power(spec, law), (told,) if abs(scale - 1) > _SCALED else ())


def _by_power(spec: Spec, law: InputLaw) -> Array | None:
    """Σ w*² of teachers that are teachers_by_block by a power of j, in blocks that are given."""
    where = spec.teacher.placement
    if where is None or where.power is None:
        return None
    if math.isinf(spec.d):
        raise _refused("teacher.placement.power", f"got {where.power:g}; needs a finite dimension")
    return power_weights(np.array(law.dimensions(spec.d)), np.array(law.eigenvalues), where.power)


def _delta(spec: Spec) -> float:
    where = spec.teacher.placement
    return where.power if where is not None and where.power is not None else 0.0


def _every(spec: Spec, values: Array | None, delta: float) -> Law:
    if values is None:
        if spec.d > _MOST_BLOCKS:
            raise _refused("inputs.bins", f"got 'all'; up to dimension {_MOST_BLOCKS}; use auto, or a number of blocks")
        values = np.arange(1, int(spec.d) + 1, dtype=float) ** -float(spec.inputs.spectrum.given["power"])
    found = every(values, delta)
    if len(found.counts) > _MOST_BLOCKS:
        reason = f"{len(found.counts)} distinct eigenvalues are too many as blocks (up to {_MOST_BLOCKS}); use auto"
        raise _refused("inputs.bins", reason)
    return _gathered(spec, found, None)


def _eigenvalues(spec: Spec, name: str) -> Array:
    """(d,) in falling order, from a file of numbers."""
    key = "inputs.spectrum.file"
    try:
        path = found_at(spec.folder, name)
    except Unusable as error:
        raise _refused(key, f"got {shown(name)}; {error}") from None
    try:
        values = _numbers(path)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise _refused(key, f"{path}: no file of numbers ({error}); give .npy, or a text of numbers") from None
    if len(values) != spec.d:
        raise _refused(key, f"{path}: holds {len(values)} eigenvalues; dimension is {spec.d:g}")
    if not np.isfinite(values).all() or values.min() < 0 or not values.any():
        raise _refused(key, f"{path}: eigenvalues must be finite, 0 or above, and not all 0")
    return np.sort(values)[::-1].copy()


def _numbers(path: Path) -> Array:
    if path.suffix == ".npy":
        read = np.load(path, allow_pickle=False)
        if read.dtype.kind not in "fiu":
            raise ValueError(f"its numbers are of the kind {read.dtype}")
        return np.asarray(read, dtype=float).reshape(-1)
    return np.loadtxt(path, dtype=float, ndmin=1).reshape(-1)


def _refused(key: str, reason: str) -> SpecError:
    return SpecError([Defect("", key, reason)])

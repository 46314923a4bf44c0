"""Learning rules that make no experiment with the rest of a spec, each on the key to change."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sgdode.errors import SpecError
from sgdode.model.losses import LOSSES
from sgdode.spec.algorithm import AlgorithmSpec
from sgdode.spec.build import clock
from sgdode.spec.schema import Spec
from sgdode.spec.spectrum import followed_by_block

Found = tuple[tuple[str, ...], str]


def algorithm_defects(spec: Spec) -> Iterator[Found]:
    """Learning rules that make no experiment with the rest of a spec: (path of the key, reason)."""
    chosen, key, loss = spec.algorithm, "algorithm", LOSSES[spec.algorithm.loss_name]
    end = _samples_at_the_end(spec)
    if chosen.feedback is not None and len(chosen.feedback) != spec.p:
        yield (key, "feedback"), f"got {len(chosen.feedback)} numbers; student.width is {spec.p:g}"
    for name, part in (("momentum", chosen.momentum), ("average", chosen.average)):
        rate = None if part is None else part.rate
        if rate is not None and spec.finite and rate * spec.batch_size > spec.d:
            most = spec.d / spec.batch_size
            yield (key, name, "rate"), f"got {rate:g}; must be ≤ dimension/batch_size = {most:g}, one step's memory"
        if part is not None and spec.constraint != "none":
            yield (key, name), f"{name} leaves the sphere; set constraint: none"
        own_time = part is not None and (name == "average" or rate is not None)
        # a velocity is 0 at the start, so that γ may be 0 there, as in a warm-up
        if own_time and (at := clock(spec).stands_still(end, after_start=name == "momentum")) is not None:
            reason = f"{name} is followed in t, which stands still where γ is 0, as at {at:g} samples per dimension"
            yield (key, name), f"{reason}: let the schedule stay above 0"
    if chosen.momentum is not None and chosen.repeat > 1:
        yield (key, "repeat"), "momentum is for one update of each sample; remove one of them"
    if chosen.average is not None and chosen.average.start is not None and chosen.average.start >= end:
        reason = f"got {chosen.average.start:g}; the run ends at {end:.4g} samples per dimension: lower it"
        yield (key, "average", "from"), reason
    if spec.integrate.fluctuations and AlgorithmSpec(loss=chosen.loss) != chosen:
        yield ("integrate", "fluctuations"), "they are those of plain SGD; set it to false"
    elif spec.integrate.fluctuations and loss.share is None:
        yield ("integrate", "fluctuations"), f"they are not those of loss: {chosen.loss_name}; set it to false"
    if spec.simulate.method == "leap" and (AlgorithmSpec(loss=chosen.loss) != chosen or loss.share is None):
        yield ("simulate", "method"), "leaps are those of plain SGD; use exact, or leave algorithm out"
    yield from _with_blocks(spec)
    if "average" in (spec.save or ()) and chosen.average is None:
        yield ("save",), "average belongs to algorithm.average; set that, or remove it here"


def _samples_at_the_end(spec: Spec) -> float:
    if spec.time.unit == "samples":
        return spec.time.stop
    if not 0 < spec.gamma_over_p < math.inf:
        return math.inf
    return float(clock(spec).samples_at(spec.time.stop))


#: Keys of rules that need kernels of their own, which are for isotropic inputs and one teacher.
_OWN = ("feedback", "dropout", "momentum", "repeat", "average")


def _with_blocks(spec: Spec) -> Iterator[Found]:
    try:
        by_block = followed_by_block(spec)
    except SpecError:
        return
    default = AlgorithmSpec()
    for name in _OWN if by_block else ():
        if getattr(spec.algorithm, name) != getattr(default, name):
            yield ("algorithm", name), "it is for isotropic inputs and teachers that do not change; remove one of them"

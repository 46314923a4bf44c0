"""Checkpoints: a run that is stopped goes on where it was.

A checkpoint is a file of the same layout as a result, with status "partial", a number and a group ``state``; it is
written beside the result, as ``RESULT.ckpt``, every minute and when a signal stops the run, and removed when the run is
whole. The one before it stays, as ``RESULT.ckpt.old``, for where the last is damaged.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sgdode.errors import FileError
from sgdode.reporting import Reporter
from sgdode.results import seal
from sgdode.results.atomic import forget_parts
from sgdode.results.trajectory import Trajectory

SECONDS_BETWEEN = 60.0
#: A state is small in a finished file up to so many bytes, or this share of its curves.
_SMALL, _SMALL_SHARE = 2**20, 0.25
State = Mapping[str, NDArray[np.generic]]
Read = TypeVar("Read")


def is_small(state: State, curves: State) -> bool:
    """Whether a state adds little to a file of ``curves``."""
    return small_beside(*(sum(array.nbytes for array in arrays.values()) for arrays in (state, curves)))


def small_beside(state: float, curves: float) -> bool:
    """The same, by their bytes."""
    return state <= max(_SMALL, _SMALL_SHARE * curves)


class Keeper:
    """Keeps the checkpoint of one run. ``complete(trajectory)`` adds what every file carries before it is written;
    ``reporter`` is told what is gone on from, and of a checkpoint that could not be written or used: the run goes on
    without. ``restart``: what there is is not used. ``earlier``: a finished, shorter run of the same path, which is
    gone on from where there is no checkpoint."""

    def __init__(
        self,
        result: Path,
        spec_hash: str,
        complete: Callable[[Trajectory], None],
        reporter: Reporter | None = None,
        restart: bool = False,
        earlier: tuple[Path, Trajectory] | None = None,
    ):
        self.path = result.with_name(result.name + ".ckpt")
        self.before = result.with_name(result.name + ".ckpt.old")
        self.spec_hash, self.complete = spec_hash, complete
        self.reporter, self.restart = reporter or Reporter(quiet=True), restart
        self.earlier = earlier
        self._number, self._whole, self._last = 0, False, time.monotonic()

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._last >= SECONDS_BETWEEN

    def keep(self, partial: Trajectory) -> None:
        """Write the next checkpoint; the last whole one becomes the one before."""
        self.complete(partial)
        partial.status, partial.attributes["checkpoint"] = "partial", self._number + 1
        try:
            partial.save(self.path, former=self.before if self._whole else None)
            self._number, self._whole = self._number + 1, True
        except FileError as error:
            self.reporter.warn(f"no checkpoint: {error}")
            self._whole = False
        self._last = time.monotonic()

    def find(
        self, read: Callable[[State], tuple[Read, str] | None], as_partial: Callable[[Trajectory], State] | None = None
    ) -> Read | None:
        """What ``read`` makes of the state in the last checkpoint that is whole and of this very run, or else of the
        end of the shorter run, which ``as_partial`` makes a state of a checkpoint of; None where there is neither.
        ``read`` says how far that is, too, and gives None for a state that is of no such run."""
        there = [path for path in (self.path, self.before) if path.exists()]
        if self.restart:
            self.drop()
            there = []
        for path in there:
            try:
                kept = self._loaded(path)
                found = read(kept.state)
                if found is None:
                    raise FileError(f"{path}: holds the state of another run")
            except FileError as error:
                self.reporter.warn(f"checkpoint not used: {error}")
                continue
            self._number, self._whole = int(kept.attributes.get("checkpoint", 0)), path == self.path
            self.reporter.note(f"going on from {path} ({found[1]}); --restart starts over")
            return found[0]
        if self.earlier and as_partial and (found := read(as_partial(self.earlier[1]))) is not None:
            self.reporter.note(f"going on from {self.earlier[0]} ({found[1]}); --restart starts over")
            return found[0]
        if there or self.earlier is not None:
            self.reporter.note("starting from zero")
        return None

    def _loaded(self, path: Path) -> Trajectory:
        """Raises FileError where it is not whole, or not of this run."""
        kept = Trajectory.load(path)
        if kept.attributes.get("spec_hash") != self.spec_hash or kept.status != "partial":
            raise FileError(f"{path}: is of another run")
        if not seal.is_whole(path):
            raise FileError(f"{path}: has no checksum")
        return kept

    def drop(self) -> None:
        """Remove the checkpoints, and what a kill may have left of one half written: the run is whole."""
        for left in (self.path, self.before):
            with contextlib.suppress(OSError):
                left.unlink()
        forget_parts(self.path)

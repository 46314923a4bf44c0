"""Checkpoints: a run that is stopped goes on where it was.

A checkpoint is a file of the same layout as a result, with status "partial" and a group ``state``; it is written beside
the result, as ``RESULT.ckpt``, every minute and when a signal stops the run, and removed when the run is whole.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from sgdode.errors import FileError
from sgdode.results.trajectory import Trajectory

SECONDS_BETWEEN = 60.0


class Keeper:
    """Keeps the checkpoint of one run. ``complete(trajectory)`` adds what every file carries before it is written;
    ``warn`` is told of a checkpoint that could not be written: the run goes on without."""

    def __init__(
        self,
        result: Path,
        spec_hash: str,
        complete: Callable[[Trajectory], None],
        warn: Callable[[str], None] = lambda text: None,
    ):
        self.path = result.with_name(result.name + ".ckpt")
        self.spec_hash, self.complete, self.warn = spec_hash, complete, warn
        self.resumed: Trajectory | None = None
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._last >= SECONDS_BETWEEN

    def keep(self, partial: Trajectory) -> None:
        """Write the checkpoint, in place of the one before."""
        self.complete(partial)
        partial.status = "partial"
        try:
            partial.save(self.path)
        except FileError as error:
            self.warn(f"no checkpoint: {error}")
        self._last = time.monotonic()

    def find(self) -> bool:
        """Load the checkpoint of this very run into ``resumed``; False where there is none that is whole."""
        if not self.path.is_file():
            return False
        with contextlib.suppress(FileError):
            found = Trajectory.load(self.path)
            if found.attributes.get("spec_hash") == self.spec_hash and found.state:
                self.resumed = found
        return self.resumed is not None

    def drop(self) -> None:
        """Remove the checkpoint: the run is whole."""
        with contextlib.suppress(OSError):
            self.path.unlink()

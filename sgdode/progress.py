"""What a run says while it goes: bars, notes and warnings, on stderr alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

Progress = Callable[[float, float], None]


class Reporter:
    """Speaks on stderr. ``quiet`` leaves warnings and errors alone; a bar is drawn on a terminal only."""

    def __init__(self, quiet: bool = False, verbose: bool = False):
        self.quiet, self.verbose = quiet, verbose

    def note(self, text: str) -> None:
        """Something worth knowing; silent under --quiet."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def detail(self, text: str) -> None:
        """Something for --verbose."""
        if self.verbose:
            print(text, file=sys.stderr)

    def warn(self, text: str) -> None:
        """A warning; always said."""
        print(f"warning: {text}", file=sys.stderr)

    @contextlib.contextmanager
    def bar(self, what: str) -> Iterator[Progress | None]:
        """A progress bar with rate and remaining time; gives ``progress(done, total)``."""
        if self.quiet or sys.stderr is None or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(what, total=None, rate="")

            def progress(done: float, total: float) -> None:
                speed = bars.tasks[0].finished_speed or bars.tasks[0].speed
                rate = f"{speed:.3g} {'steps' if what == 'simulate' else 'points'}/s" if speed else ""
                bars.update(task, completed=done, total=total, rate=rate)

            yield progress

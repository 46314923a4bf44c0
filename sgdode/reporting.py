"""What a run says while it goes: bars, notes and warnings, on stderr alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from sgdode.foreign import visible_lines
from sgdode.signals import at_the_end

Progress = Callable[[float, float], None]
_UNITS = {"simulate": "steps", "sweep": "files", "collect": "files"}


class Reporter:
    """Speaks on stderr. ``quiet`` leaves warnings and errors alone; a bar is drawn on a terminal only.

    ``hear(done, total)`` takes the progress in place of a bar, ``told`` the warnings in place of stderr: a run that
    another process watches speaks through them.
    """

    def __init__(
        self,
        quiet: bool = False,
        verbose: bool = False,
        hear: Progress | None = None,
        told: Callable[[str], None] | None = None,
    ):
        self.quiet, self.verbose, self.hear, self.told = quiet, verbose, hear, told

    def note(self, text: str) -> None:
        """Something worth knowing; silent under --quiet."""
        if not self.quiet:
            print(visible_lines(text), file=sys.stderr)

    def detail(self, text: str) -> None:
        """Something for --verbose."""
        if self.verbose:
            print(visible_lines(text), file=sys.stderr)

    def warn(self, text: str) -> None:
        """A warning; always said."""
        if self.told is not None:
            self.told(text)
        else:
            print(f"warning: {visible_lines(text)}", file=sys.stderr)

    def error(self, text: str) -> None:
        """An error that does not end the command; always said."""
        if self.told is not None:
            self.told(text)
        else:
            print(f"error: {visible_lines(text)}", file=sys.stderr)

    @property
    def draws(self) -> bool:
        """Whether there is a terminal to draw bars on, and leave to do so."""
        return self.hear is None and not self.quiet and sys.stderr is not None and sys.stderr.isatty()

    @contextlib.contextmanager
    def bar(self, what: str) -> Iterator[Progress | None]:
        """A progress bar with rate and remaining time; gives ``progress(done, total)``."""
        if not self.draws:
            yield self.hear
            return
        with rich_bar(what) as progress:
            yield progress


@contextlib.contextmanager
def rich_bar(what: str) -> Iterator[Progress]:
    """A bar on stderr, with rate and remaining time; gives ``progress(done, total)``."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with (
        Bars(*columns, console=console, transient=True, redirect_stdout=False) as bars,
        at_the_end(lambda: console.show_cursor(True)),
    ):
        task = bars.add_task(what, total=None, rate="")

        def progress(done: float, total: float) -> None:
            speed = bars.tasks[0].finished_speed or bars.tasks[0].speed
            rate = f"{speed:.3g} {_UNITS.get(what, 'points')}/s" if speed else ""
            bars.update(task, completed=done, total=total, rate=rate)

        yield progress

"""What a user can get wrong, or a run can meet, as exceptions that the command line prints."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches


class SgdodeError(Exception):
    """Base of every error that is shown as a message, never as a traceback.

    ``exit_status`` is what the command line returns: 2 for usage and specs, 1 for a run that failed.
    """

    exit_status = 1


class UsageError(SgdodeError):
    """A command or a call that cannot be carried out as given."""

    exit_status = 2


class OptionError(UsageError):
    """An option that cannot be followed. In Python it is called by its name; :func:`explained` writes ``--name``."""

    def __init__(self, option: str, reason: str):
        super().__init__(f"{option}: {reason}")
        self.option, self.reason = option, reason


class MissingExtra(UsageError, ImportError):
    """A package is needed that comes with an extra alone."""

    def __init__(self, what: str, package: str, extra: str):
        super().__init__(f"{what} needs the package {package}: pip install 'sgdode[{extra}]'")


class SgdodeWarning(UserWarning):
    """What a run warns of, in Python."""


class FileError(SgdodeError):
    """A result file that is missing, broken, or not of this program."""


class RunError(SgdodeError):
    """A run that started and could not be finished."""


class Busy(SgdodeError):
    """Another process computes this very file now."""


class Stopped(BaseException):
    """A run that a signal stopped; ``exit_status`` is 130 for Ctrl-C, else 75.

    No ``Exception``: a signal comes at any moment, also while a library is imported or a file read, and what handles
    errors there would take it for one of them, and go on.
    """

    def __init__(self, cause: str, exit_status: int, advice: str = ""):
        super().__init__(f"stopped by {cause}{advice}")
        self.cause, self.exit_status = cause, exit_status


@dataclass(frozen=True)
class Defect:
    """One thing wrong in a spec: the place (``file:line`` or the option), the dotted key, the reason."""

    place: str
    key: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.reason) if part)


class SpecError(SgdodeError):
    """A spec that is refused, with all its defects at once."""

    exit_status = 2

    def __init__(self, defects: list[Defect]):
        self.defects = defects
        super().__init__("\n".join(str(defect) for defect in defects))


def explained(error: Exception) -> str:
    """What the command line tells about an error of any kind."""
    if isinstance(error, OptionError):
        return f"--{error.option.replace('_', '-')}: {error.reason}"
    if isinstance(error, SgdodeError):
        return str(error)
    if isinstance(error, OSError):
        named = f"{error.filename}: " if isinstance(error.filename, str | os.PathLike) else ""
        return f"{named}{error.strerror}" if error.strerror else str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return "out of memory; lower student.width, dimension, time.points or simulate.seeds, or save less"
    return f"internal error: {type(error).__name__}: {error} (-v shows where; please report it)"


def nearest(word: str, known: list[str]) -> str:
    """``; did you mean X?`` for the known word nearest to ``word``, or nothing."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""

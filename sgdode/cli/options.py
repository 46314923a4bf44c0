"""The options that several commands share, written once."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sgdode.errors import UsageError

if TYPE_CHECKING:
    from sgdode.reporting import Reporter
    from sgdode.spec.load import Source
    from sgdode.spec.schema import Spec

SpecPath = Annotated[str, typer.Argument(metavar="SPEC", help="YAML file; - is standard input.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a dotted key; the value is read as YAML. Repeatable."),
]
Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="The file to write.")]
OutDir = Annotated[
    Path,
    typer.Option("--out-dir", metavar="DIR", help="Folder of the files; made if missing.", show_default="this one"),
]
Force = Annotated[bool, typer.Option("--force", help="Compute again, and replace what is there.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint; from zero where there is none.")]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--jobs", min=1, metavar="N", help="Runs at a time.", show_default="the cores of this process"),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Warnings and errors alone on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr; show tracebacks.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a file on stdout, in place of its path.")]


@dataclass
class Request:
    """What every command that takes a spec is asked."""

    spec: SpecPath = "config.yaml"
    set: Set = None
    out: Out = None
    out_dir: OutDir = Path()
    force: Force = False
    resume: Resume = False
    jobs: Jobs = None
    quiet: Quiet = False
    verbose: Verbose = False
    json: Json = False

    @property
    def target(self) -> Path | None:
        """The file that -o names, in --out-dir."""
        return None if self.out is None else self.out_dir / self.out

    def load(self) -> Spec:
        """The spec, with its overrides. Raises SpecError and UsageError."""
        return self._spec

    @cached_property
    def _spec(self) -> Spec:
        from sgdode.spec.load import read_spec

        return read_spec(*self.source, self.set or ())

    @cached_property
    def source(self) -> Source:
        """The spec as it was given, before its overrides. Raises UsageError."""
        from sgdode.spec.load import Source, bounded

        if self.spec == "-" and sys.stdin is None:
            raise UsageError("standard input is closed; give the spec as a file")
        if self.spec == "-":
            return Source(bounded(sys.stdin.buffer, "<stdin>"), "<stdin>", Path(), "stdin")
        return Source.read(Path(self.spec))

    def reporter(self) -> Reporter:
        """What speaks on stderr."""
        from sgdode.reporting import Reporter

        return Reporter(self.quiet, self.verbose)


def indices(option: str, text: str | None) -> list[int] | None:
    """Zero-based indices from ``3``, ``0,2`` or ``0:4`` (4 left out). Raises UsageError."""
    if text is None:
        return None
    found: list[int] = []
    try:
        for part in text.split(","):
            low, colon, high = part.partition(":")
            found += range(int(low or 0), int(high)) if colon else [int(low)]
    except ValueError:
        raise UsageError(f"--{option} {text}: must be zero-based indices such as 3 or 0,2 or 0:4") from None
    if not found or min(found) < 0:
        raise UsageError(f"--{option} {text}: names no index; zero-based indices such as 3 or 0,2 or 0:4 are needed")
    return found


def numbers(option: str, text: str | None) -> list[float] | None:
    """Numbers from ``0,1,910``. Raises UsageError."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--{option} {text}: must be numbers with commas between them, such as 0,1,1e3") from None


def limits(option: str, text: str | None) -> tuple[float, float] | None:
    """Two numbers from ``LOW,HIGH``. Raises UsageError."""
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"--{option} {text}: must be two numbers, LOW,HIGH, such as 1e-2,1e3") from None
    return low, high


def with_request(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the options of Request, and its own parameters after them."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]
    ]
    shared_hints = get_type_hints(Request.__init__, include_extras=True)
    shared = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=shared_hints[name])
        for name, parameter in inspect.signature(Request).parameters.items()
    ]

    @functools.wraps(function)
    def command(**given: Any) -> None:
        request = Request(**{parameter.name: given.pop(parameter.name) for parameter in shared})
        function(request, **given)

    command.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*shared, *own]}
    return command

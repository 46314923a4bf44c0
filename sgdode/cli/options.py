"""The options that several commands share, written once."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_type_hints

import typer

from sgdode.cli.explain import complete_set
from sgdode.errors import UsageError

if TYPE_CHECKING:
    from sgdode.reporting import Reporter
    from sgdode.spec.load import Source
    from sgdode.spec.schema import Spec

Asked = TypeVar("Asked")
SpecPath = Annotated[str, typer.Argument(metavar="SPEC", help="YAML file; - is standard input.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a dotted key, or p, d, k, gamma, seeds; the value is read as YAML. Repeatable.",
        autocompletion=complete_set,
    ),
]
Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="The file to write.")]
OutDir = Annotated[
    Path,
    typer.Option("--out-dir", metavar="DIR", help="Folder of the files; made if missing.", show_default="this one"),
]
Force = Annotated[bool, typer.Option("--force", help="Compute again, and replace what is there.")]
Restart = Annotated[bool, typer.Option("--restart", help="Start over, whatever checkpoint of the run is there.")]
Resume = Annotated[bool, typer.Option("--resume", hidden=True, help="What happens anyway: a run goes on.")]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--jobs", min=1, metavar="N", help="Runs at a time.", show_default="the cores of this process"),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Warnings and errors alone on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr; show tracebacks.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Run Python code that the spec names: activation: {python: my.py:f}.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a file on stdout, in place of its path.")]


@dataclass
class Request:
    """What every command that takes a spec is asked."""

    spec: SpecPath = "config.yaml"
    set: Set = None
    out: Out = None
    out_dir: OutDir = Path()
    force: Force = False
    restart: Restart = False
    resume: Resume = False
    jobs: Jobs = None
    allow_code: AllowCode = False
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
        return self.source.spec(self.set or ())

    @cached_property
    def source(self) -> Source:
        """The spec as it was given, before its overrides. Raises UsageError."""
        from sgdode.spec.load import Source, bounded

        if self.spec == "-" and sys.stdin is None:
            raise UsageError("standard input is closed; give the spec as a file")
        if self.spec == "-":
            return Source(bounded(sys.stdin.buffer, "<stdin>"), "<stdin>", Path(), "stdin", self.allow_code)
        return Source.read(Path(self.spec), self.allow_code)

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


def inches(text: str | None) -> tuple[float, float] | None:
    """Width and height from ``6.75x2.5``. Raises UsageError."""
    if text is None:
        return None
    try:
        width, height = map(float, text.lower().replace("×", "x").split("x"))
    except ValueError:
        raise UsageError(f"--size {text}: must be WIDTHxHEIGHT in inches, such as 6.75x2.5") from None
    return width, height


def limits(option: str, text: str | None) -> tuple[float, float] | None:
    """Two numbers from ``LOW,HIGH``. Raises UsageError."""
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"--{option} {text}: must be two numbers, LOW,HIGH, such as 1e-2,1e3") from None
    return low, high


def asked_as(kind: type[Asked], **told: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For a function whose first argument is a ``kind``, a dataclass of options: the command that takes the fields of
    it as options of its own, and the other parameters of the function after them. ``told``: what the help says of an
    option here; nothing of one that has no use here, which is accepted all the same."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        shared = [_told(parameter, told.get(parameter.name)) for parameter in _keywords(kind)]
        parameters = [*shared, *_keywords(function)[1:]]

        @functools.wraps(function)
        def command(**given: object) -> None:
            asked = kind(**{parameter.name: given.pop(parameter.name) for parameter in shared})
            function(asked, **given)

        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def _told(parameter: inspect.Parameter, text: str | None) -> inspect.Parameter:
    """The parameter with another help; hidden where that is empty."""
    if text is None:
        return parameter
    hint = parameter.annotation
    option = copy.copy(hint.__metadata__[0])
    option.help, option.hidden = text, not text
    return parameter.replace(annotation=Annotated[hint.__origin__, option])


def _keywords(function: Callable[..., object]) -> list[inspect.Parameter]:
    """The parameters of a function, or of a dataclass, with their annotations as types."""
    hints = get_type_hints(function, include_extras=True)
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
    ]

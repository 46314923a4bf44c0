"""How every command speaks: of its options in its help, and of words that it does not take."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand

_EXTRA = re.compile(r"Got unexpected extra arguments? ?(?:\(s\))? ?\((.*)\)", re.DOTALL)


class App(typer.Typer):
    """A command line of which every command is a :class:`Command`."""

    def command(self, name: str | None = None, **how: Any) -> Any:
        """As in typer."""
        return super().command(name, cls=Command, **how)


class Command(TyperCommand):
    """A command whose help has no types where there is nothing to choose (``<bool>``, ``<list[Path]>``), and which says
    what to type in place of a word that it does not take, or lacks."""

    def __init__(self, *args: Any, **how: Any):
        super().__init__(*args, **how)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument) or getattr(parameter, "is_flag", False):
                _untyped(parameter)

    def get_help_option(self, ctx: Any) -> Any:
        """``--help``, likewise."""
        return _untyped(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words of the command line, one by one. Raises what the parser raises, with advice."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # its classes stand in another module in every version of typer
            if isinstance(message := getattr(error, "message", None), str):
                error.message = self._with_advice(type(error).__name__, message)  # type: ignore[attr-defined]
            raise

    def _with_advice(self, kind: str, message: str) -> str:
        if kind == "MissingParameter" and not message and self.epilog:
            return self.epilog
        options = {name for parameter in self.params for name in parameter.opts}
        found = _EXTRA.match(message)
        setting = next((word for word in found[1].split() if "=" in word), None) if found else None
        if setting is None or "--set" not in options:
            return message
        option = "--grid" if "--grid" in options and ("," in setting or ":" in setting) else "--set"
        return f"{message}. A value of the spec is given by {option} {setting}"


def _untyped(parameter: Any) -> Any:
    """The parameter, of which the help shows no type."""
    if parameter is not None:
        parameter.display_type_rich = lambda ctx: None
    return parameter

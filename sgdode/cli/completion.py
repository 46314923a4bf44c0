"""What the shell completes after an option: its words, those of a spec, or files of its own."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Mapping
from typing import Any

from sgdode.cli.explain import complete_key
from sgdode.plots.figures.records import FIGURES
from sgdode.plots.view import ABSCISSAE, LEGENDS, SCALES

Complete = Callable[[str], list[tuple[str, str]]]


def words(*known: str) -> Complete:
    """Completes some words."""
    return lambda incomplete: [(word, "") for word in known if word.startswith(incomplete)]


def complete_figure(incomplete: str) -> list[tuple[str, str]]:
    """The figures that begin so, with what they show."""
    return [(name, record.about) for name, record in FIGURES.items() if name.startswith(incomplete)]


def complete_axis(incomplete: str) -> list[tuple[str, str]]:
    """The axes that begin so, and the keys, which are those of a picture of a sweep."""
    return words(*ABSCISSAE)(incomplete) + complete_key(incomplete)


def complete_grid(incomplete: str) -> list[tuple[str, str]]:
    """KEY= that begin so."""
    return [(f"{key}=", meaning) for key, meaning in complete_key(incomplete)]


def complete_command(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """The commands that begin so."""
    group = ctx.find_root().command
    return [(name, one.get_short_help_str()) for name, one in group.commands.items() if name.startswith(incomplete)]


def complete_style(incomplete: str) -> list[tuple[str, str]]:
    """The styles that begin so: of this program, and of matplotlib."""
    from matplotlib import style

    from sgdode.plots.style import STYLES

    return words(*STYLES, *style.available)(incomplete)


complete_scale = words(*SCALES)
complete_legend = words(*LEGENDS)
complete_quantity = words("final_risk", "plateau", "floor", "time_below:")


def join_at_signs(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that bash gives for ``--set KEY=VALUE``, with its three words as one, which they are here.

    bash takes what follows the sign as a word of its own, and puts the answer there.
    """
    given, at = environment.get("COMP_WORDS", "").split(), int(environment.get("COMP_CWORD", "0") or 0)
    if "=" not in given[1:]:
        return {}
    joined, place = list[str](), at
    for number, word in enumerate(given):
        if joined and (word == "=" or (joined[-1].endswith("=") and given[number - 1] == "=")):
            joined[-1] += word
            place -= number <= at
        else:
            joined.append(word)
    if at >= len(given) and given[-1] == "=":  # nothing after the sign yet
        place -= 1
    return {"COMP_WORDS": " ".join(joined), "COMP_CWORD": str(place)}


def answer(ask: Callable[[], object]) -> None:
    """What ``ask``, the command line, prints for the shell; for bash, of KEY=VALUE what stands after the sign. Raises
    SystemExit as that does."""
    joined, said = join_at_signs(), io.StringIO()
    os.environ.update(joined)
    try:
        with contextlib.redirect_stdout(said):
            ask()
    finally:
        for line in said.getvalue().splitlines():
            print(line.partition("=")[2] if joined else line)

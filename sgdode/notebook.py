"""What a notebook, or a session of Python, is shown: results as tables, a bar while a run goes, and its warnings."""

from __future__ import annotations

import contextlib
import functools
import html
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from sgdode.errors import SgdodeError, SgdodeWarning
from sgdode.foreign import visible, visible_lines
from sgdode.reporting import Progress, rich_bar

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
_CELL = "text-align:left;padding:1px 12px 1px 0;border:0"
#: Files that are no caller: this package, and what wraps its functions.
_INNER = (os.path.dirname(__file__) + os.sep, contextlib.__file__, functools.__file__)


def table(title: str, rows: Iterable[Sequence[object]], note: str = "", folded: str = "") -> str:
    """HTML: a title over rows of cells, then a ``note``, then more HTML that is ``folded`` away. All text is
    escaped."""
    lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    parts = [f"<strong>{_text(title)}</strong>", f"<table style='border:0'>{lines}</table>" if lines else ""]
    if note:
        parts.append(f"<div style='white-space:pre-line'>{_text(note)}</div>")
    if folded:
        parts.append(f"<details><summary>all settings</summary>{folded}</details>")
    return f"<div>{''.join(parts)}</div>"


def _cell(value: object) -> str:
    return f"<td style='{_CELL}'>{_text(value)}</td>"


def _text(value: object) -> str:
    text = visible_lines(value) if "\n" in str(value) else visible(value)
    return html.escape(text if len(text) <= 400 else text[:397] + "...")


def kernel_runs() -> bool:
    """Whether a kernel of Jupyter runs this, and shows what a cell draws."""
    shell = _shell()
    return shell is not None and getattr(shell, "kernel", None) is not None


def interactive() -> bool:
    """Whether somebody looks on: a notebook, IPython, or a prompt of Python."""
    return _shell() is not None or hasattr(sys, "ps1")


def _shell() -> object | None:
    ipython = sys.modules.get("IPython")
    found: object | None = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return found


@contextlib.contextmanager
def watched(what: str, asked: Progress | bool | None) -> Iterator[Progress | None]:
    """``progress(done, total)`` for a run: a function that was ``asked`` for; True: a bar; None: a bar where somebody
    looks on. The bar is that of tqdm where it is installed, else that of rich."""
    if callable(asked):
        yield asked
    elif asked or (asked is None and interactive()):
        with _bar(what) as progress:
            yield progress
    else:
        yield None


@contextlib.contextmanager
def _bar(what: str) -> Iterator[Progress]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of widgets that are not installed
            from tqdm.auto import tqdm
    except ImportError:
        with rich_bar(what) as progress:
            yield progress
        return
    with tqdm(desc=what, total=1, delay=0.5, unit_scale=True, leave=False) as bar:

        def progress(done: float, total: float) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def in_python(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """A function whose errors speak of keyword arguments, ``force=``, where those of the command line say
    ``--force``."""

    @functools.wraps(function)
    def called(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except SgdodeError as error:
            text = re.sub(r"(?<![\w-])--([a-z][a-z-]*)", lambda word: word[1].replace("-", "_") + "=", str(error))
            error.args = (re.sub(r"(?<![\w-])-o(?![\w-])", "folder=", text.replace("out_dir=", "folder=")),)
            raise

    return called


def tell(texts: Iterable[str]) -> None:
    """Warn of what a run warns of, at the line that called this package."""
    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INNER):
        depth, frame = depth + 1, frame.f_back
    for text in texts:
        warnings.warn(visible_lines(text), SgdodeWarning, stacklevel=depth)

"""Pictures as files: written as their suffix says, with what they were drawn from inside, and read back from there."""

from __future__ import annotations

import html
import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from sgdode.errors import FileError, RunError, UsageError
from sgdode.foreign import file_name, visible
from sgdode.plots.figures.records import animated, listed
from sgdode.plots.style import blended
from sgdode.plots.view import SUFFIXES
from sgdode.results.atomic import aside

#: Bytes of a picture among which what it was drawn from is looked for, at either end.
_LOOKED_AT = 1 << 20
_WRITING: dict[str, object] = {"svg.hashsalt": "sgdode", "pdf.fonttype": 42, "ps.fonttype": 42}


def save_figure(figure: Figure, path: str | Path, command: str = "") -> Path:
    """Write a picture as its suffix says: beside the path first, then renamed; the same bytes for the same picture.

    PNG, PDF, SVG and TIFF say what it was drawn from, and by which ``command``. Raises UsageError for another suffix,
    FileError where it cannot be written, RunError where a .pgf needs a LaTeX that is not there.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        allowed = f"{', '.join(SUFFIXES)}; .gif for the figures {listed(animated(), 'and')}"
        raise UsageError(f"{path}: got the suffix {path.suffix!r}; allowed: {allowed}")
    about = getattr(figure, "about", {})
    text = json.dumps(about | ({"command": command} if command else {})) if about else ""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    with aside(path, pipes=True) as part, matplotlib.rc_context(defaults | _WRITING):
        _written(figure, part, suffix, text)
    return path


def _written(figure: Figure, part: Path, suffix: str, text: str) -> None:
    if suffix == ".tiff":
        figure.savefig(part, format="tiff", pil_kwargs={"compression": "tiff_lzw", "description": text})
    elif suffix == ".pgf":
        try:
            figure.savefig(part, format="pgf")
        except (OSError, RuntimeError) as error:
            raise RunError(
                f"a .pgf picture needs LaTeX to measure its text: {str(error).splitlines()[0].partition(';')[0]}"
            ) from None
    elif suffix == ".eps":
        with blended(figure), _Silent("matplotlib.backends.backend_ps"):
            figure.savefig(part, format="eps")
        part.write_bytes(re.sub(rb"%%CreationDate: [^\n]*\n", b"", part.read_bytes(), count=1))
    else:
        figure.savefig(part, format=suffix[1:], metadata=_metadata(suffix, text))


def _metadata(suffix: str, text: str) -> dict[str, str | None]:
    """What it was drawn from; no date, unless SOURCE_DATE_EPOCH sets one (matplotlib reads it itself), and no
    version."""
    told: dict[str, str | None]
    if suffix == ".png":
        told = {"Software": None}
        return told | ({"sgdode": text} if text else {})
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None and not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH: got {epoch!r}; must be a whole number of seconds")
    told = {} if epoch is not None else {"CreationDate" if suffix == ".pdf" else "Date": None}
    return told | ({"Subject" if suffix == ".pdf" else "Description": text} if text else {})


#: The kinds of pictures that say what they were drawn from.
TELLING = (".png", ".pdf", ".svg")


def about_picture(path: Path) -> dict[str, Any] | None:
    """What a picture says that it was drawn from; None where it does not. Raises FileError where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(_LOOKED_AT)
            file.seek(max(0, size - _LOOKED_AT))
            bytes_ = head if size <= _LOOKED_AT else head + file.read(_LOOKED_AT)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None
    for found in (_in_png(bytes_), _in_pdf(bytes_), _in_svg(bytes_)):
        try:
            about = json.loads(found or "")
        except ValueError:
            continue
        if isinstance(about, Mapping) and about.get("program") == "sgdode":
            return dict(about)
    return None


def _in_png(data: bytes) -> str | None:
    found = re.search(rb"(....)tEXtsgdode\0", data, re.DOTALL)
    if found is None:
        return None
    length = int.from_bytes(found[1], "big") - len(b"sgdode\0")
    return data[found.end() : found.end() + length].decode("latin-1")


def _in_pdf(data: bytes) -> str | None:
    found = re.search(rb"/Subject \(((?:[^\\()]|\\.)*)\)", data, re.DOTALL)
    return None if found is None else re.sub(rb"\\(.)", rb"\1", found[1], flags=re.DOTALL).decode("latin-1")


def _in_svg(data: bytes) -> str | None:
    found = re.search(rb"<dc:description>(.*?)</dc:description>", data, re.DOTALL)
    return None if found is None else html.unescape(found[1].decode("utf-8", "replace"))


def picture_path(folder: Path, name: object, figure: str, about: Mapping[str, object]) -> Path:
    """NAME-FIGURE.png in a folder, or, where a picture of other files has that name, NAME-FIGURE-SET.png."""
    stem = f"{file_name(name, 'result')}-{figure}"
    path = folder / f"{stem}.png"
    if path.is_file():
        there = about_picture(path)
        if there is None or there.get("set") != about.get("set"):
            return folder / f"{stem}-{visible(about.get('set', 'other'))}.png"
    return path


class _Silent:
    """What a library logs in the block is not said."""

    def __init__(self, name: str):
        self.logger = logging.getLogger(name)

    def __enter__(self) -> None:
        self.level = self.logger.level
        self.logger.setLevel(logging.ERROR)

    def __exit__(self, *error: object) -> None:
        self.logger.setLevel(self.level)

"""A matplotlib Figure that a notebook shows, and that says what it was drawn from."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

from matplotlib.figure import Figure

from sgdode.notebook import kernel_runs


class Picture(Figure):
    """A Figure. ``about``: what it was drawn from, which goes into its file; ``exact``: its size is the one asked for,
    whatever the legend needs."""

    def __init__(self, *args: Any, exact: bool = False, **kwargs: Any):
        self.exact = False
        super().__init__(*args, **kwargs)
        self.exact = exact
        self.about: dict[str, object] = {}

    def set_size_inches(self, w: float | tuple[float, float], h: float | None = None, forward: bool = True) -> None:
        """As a Figure's, unless the size is exact."""
        if not self.exact:
            super().set_size_inches(w, h, forward)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()

    def _ipython_display_(self) -> None:
        """Shown once: pyplot, which would show it at the end of the cell, forgets it."""
        from IPython.display import display

        width = {"width": round(96 * self.get_figwidth())}
        display({"image/png": self._repr_png_(), "text/plain": repr(self)}, raw=True, metadata={"image/png": width})
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(self)


def new_picture(size: tuple[float, float], dpi: float | None, exact: bool, shown: bool) -> Picture:
    """An empty one; ``shown``: pyplot knows it, where pyplot is at work, and shows it."""
    options: dict[str, Any] = {"figsize": size, "dpi": dpi, "layout": "constrained", "exact": exact}
    if shown and "matplotlib.pyplot" in sys.modules:
        found: Picture = sys.modules["matplotlib.pyplot"].figure(FigureClass=Picture, **options)
        return found
    return Picture(**options)


def prepare_pyplot(shown: bool) -> None:
    """In a notebook pyplot shows what a cell draws: it, and its backend, which makes it interactive, are loaded while
    the user's settings hold."""
    if shown and kernel_runs():
        importlib.import_module("matplotlib.pyplot")
    if shown and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].draw_if_interactive()

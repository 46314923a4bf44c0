"""What the pages of the gallery share: specs, runs, numbers beside published ones, and a figure.

A page is a folder with spec.yaml, make.py, numbers.json, figure.png and README.md. ``make(page)`` of its make.py runs
the specs, calls ``page.number`` or ``page.claim`` for each published result, and draws.
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from matplotlib import cycler, rc_context
from matplotlib.figure import Figure

from sgdode import SgdodeWarning, Spec, Trajectory, integrate, load_spec, simulate
from sgdode.plots.style import PALETTE

HERE = Path(__file__).parent
#: Where a published value comes from: read in the paper or its authors' data, derived on the page, or from memory.
Basis = Literal["read", "derived", "memory"]
COLOURS = PALETTE
LOOKS: dict[str, Any] = {
    "font.size": 9,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "legend.frameon": False,
    "legend.fontsize": 8,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
}


class Page:
    """One published result: its spec, its numbers and its figure.

    ``quick``: smaller, and into ``results/quick``. ``source``: where its published values are, unless a number says.
    """

    def __init__(self, name: str, quick: bool = False, source: str = "") -> None:
        self.name, self.quick, self.source = name, quick, source
        self.folder = HERE / name
        self.rows: list[dict[str, Any]] = []

    @property
    def output(self) -> Path:
        """Where the figure and the numbers go."""
        return self.folder / "results" / "quick" if self.quick else self.folder

    def spec(self, changes: Mapping[str, Any] | None = None, file: str = "spec.yaml") -> Spec:
        """The spec of the page with dotted keys changed."""
        return load_spec(self.folder / file, dict(changes or {}))

    def integrate(self, spec: Spec) -> Trajectory:
        """The equations of a spec. Starts with equal units are meant here."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "unbroken symmetry", SgdodeWarning)
            return integrate(spec, progress=False)

    def simulate(self, spec: Spec) -> Trajectory:
        """SGD with a spec."""
        return simulate(spec, progress=False)

    def number(
        self,
        what: str,
        published: float,
        measured: float,
        *,
        within: float,
        basis: Basis,
        source: str = "",
        error: float = 0.0,
    ) -> None:
        """A measured number, with its standard ``error``, that is to be within a share ``within`` of the published one
        and two standard errors."""
        holds = bool(abs(measured - published) <= within * abs(published) + 2 * error)
        row = {"published": float(published), "measured": float(measured), "error": float(error), "within": within}
        self.rows.append({"what": what, **row, "agrees": holds, "basis": basis, "source": source or self.source})

    def claim(self, what: str, published: str, measured: str, holds: bool, *, basis: Basis, source: str = "") -> None:
        """A published statement, and what was measured of it."""
        row = {"published": published, "measured": measured, "agrees": bool(holds)}
        self.rows.append({"what": what, **row, "basis": basis, "source": source or self.source})

    @contextmanager
    def figure(self, width: float = 6.4, height: float = 3.4) -> Iterator[Figure]:
        """A figure to draw in, saved as figure.png."""
        with rc_context(LOOKS):
            drawn = Figure(figsize=(width, height), layout="constrained")
            yield drawn
            self.output.mkdir(parents=True, exist_ok=True)
            drawn.savefig(self.output / "figure.png", dpi=110)

    def save(self, paper: str, title: str) -> None:
        """Write numbers.json."""
        self.output.mkdir(parents=True, exist_ok=True)
        found = {"paper": paper, "title": title, "numbers": self.rows}
        text = json.dumps(rounded(found), indent=1, ensure_ascii=False)
        (self.output / "numbers.json").write_text(text + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """Numbers of a structure at six digits."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def script(name: str) -> ModuleType:
    """The make.py of a page."""
    made = importlib.util.spec_from_file_location(f"atlas_{name.replace('-', '_')}", HERE / name / "make.py")
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


def pages() -> list[str]:
    """The names of all pages."""
    return sorted(path.parent.name for path in HERE.glob("*/make.py"))


def crossing(time: np.ndarray, curve: np.ndarray, level: float) -> float:
    """The first time at which a curve (T,) passes ``level``, by a straight line between saved times; inf: never."""
    over = (curve >= level) != (curve[0] >= level)
    if not over.any():
        return float("inf")
    i = int(np.argmax(over))
    share = (level - curve[i - 1]) / (curve[i] - curve[i - 1])
    return float(time[i - 1] + share * (time[i] - time[i - 1]))


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Of the straight line through points, by least squares."""
    return float(np.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 1)[0])

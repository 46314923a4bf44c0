"""``run`` and ``sweep`` in Python, as the commands do them: files that are there are not computed again, what was
stopped goes on, and what another process computes is waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sgdode.errors import RunError, UsageError
from sgdode.foreign import visible
from sgdode.machine import processors
from sgdode.notebook import in_python, tell, watched
from sgdode.reporting import Reporter
from sgdode.results.trajectory import Trajectory
from sgdode.runs.run import default_path, perform
from sgdode.spec.load import Source, load_spec
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec
from sgdode.spec.yaml_document import as_yaml
from sgdode.sweeps.grid import axes
from sgdode.sweeps.local_pool import on_this_machine
from sgdode.sweeps.points import tasks
from sgdode.sweeps.sweep import report
from sgdode.sweeps.sweep import sweep as carried_out

_COMMANDS: dict[str, tuple[Command, ...]] = {
    "simulate": ("simulate",),
    "integrate": ("integrate",),
    "both": ("simulate", "integrate"),
}


class Both(NamedTuple):
    """SGD and its equations, from one spec."""

    simulation: Trajectory
    integration: Trajectory


@in_python
def run(
    spec: Spec | str | Path | Mapping[str, Any],
    folder: str | Path = ".",
    *,
    force: bool = False,
    restart: bool = False,
    jobs: int | None = None,
    progress: bool | None = None,
) -> Both:
    """Simulate and integrate a spec into files in ``folder``, as ``sgdode run`` does: ``plot(run(spec))``.

    A finished file is read, not computed again, unless ``force``; a stopped run goes on, unless ``restart``. Raises
    SpecError, and RunError or FileError where a run fails.
    """
    spec = spec if isinstance(spec, Spec) else load_spec(spec)
    found = []
    for command in _COMMANDS["both"]:
        warned: list[str] = []
        with watched(command, progress) as count:
            reporter = Reporter(quiet=True, hear=count, told=warned.append)
            path, words = default_path(spec, command, Path(folder)), ["sgdode.run"]
            done = perform(spec, command, path, reporter, force=force, restart=restart, jobs=jobs, words=words)
        result = Trajectory.load(done.path)
        result.origin = spec
        tell(warned)
        found.append(result)
    return Both(*found)


@in_python
def sweep(
    spec: Spec | str | Path | Mapping[str, Any],
    grid: Mapping[str, str | Sequence[Any]] | Sequence[Mapping[str, Any]],
    folder: str | Path = ".",
    *,
    zip: Sequence[Sequence[str]] = (),
    command: Literal["simulate", "integrate", "both"] = "both",
    force: bool = False,
    restart: bool = False,
    jobs: int | None = None,
    progress: bool | None = None,
) -> list[Path]:
    """Run a spec over the product of a grid, ``jobs`` files at a time, as ``sgdode sweep`` does; the paths in its
    order.

    ``grid``: dotted keys with their values, a list or a text such as ``"log:1e-2:1:9"`` or ``"0:8"``; or a list of
    points, each a mapping with the same keys. ``zip``: groups of keys that move together, ``[["p", "gamma"]]``. Raises
    RunError where files failed, after all others; SpecError for points that cannot be run.
    """
    if command not in _COMMANDS:
        raise UsageError(f"command: got {command!r}; allowed: {', '.join(_COMMANDS)}")
    found = tasks(_source(spec), (), axes(*_grids(grid, zip)), _COMMANDS[command], Path(folder))
    crew, how, warned = jobs or processors(), {"force": force, "restart": restart, "jobs": 1}, list[str]()
    with watched("sweep", progress) as count:
        reporter = Reporter(quiet=True, hear=count, told=warned.append)
        share = {"jobs": max(1, crew // max(1, len(found))), "words": ["sgdode.sweep"]}
        endings = carried_out(
            found,
            lambda orders: on_this_machine([{**order, **share} for order in orders], crew),
            reporter,
            how,
            lambda ending: None,
        )
    failed = report(endings, reporter)
    tell(warned)
    if failed:
        raise RunError("\n".join(visible(line) for line in failed))
    return [ending.path for ending in endings]


def _grids(
    grid: Mapping[str, str | Sequence[Any]] | Sequence[Mapping[str, Any]], together: Sequence[Sequence[str]]
) -> tuple[list[str], list[str]]:
    """The grids, and the keys that move together, as the command line takes them. Raises UsageError."""
    zips = [",".join(keys) for keys in together if not isinstance(keys, str)]
    if len(zips) < len(together):
        raise UsageError(f"zip: got {list(together)!r}; must be a list of groups of keys, as in [['p', 'gamma']]")
    if not isinstance(grid, Mapping):
        points = list(grid)
        if not points or any(not isinstance(one, Mapping) or one.keys() != points[0].keys() for one in points):
            raise UsageError("grid: must be keys with their values, or a list of points with the same keys each")
        grid = {key: [point[key] for point in points] for key in points[0]}
        zips += [",".join(grid)] if len(grid) > 1 else []
    texts = [f"{key}={its if isinstance(its, str) else ','.join(map(as_yaml, its))}" for key, its in grid.items()]
    return texts, zips


def _source(spec: Spec | str | Path | Mapping[str, Any]) -> Source:
    """The text of a spec, for the processes that compute. Raises UsageError where it has functions of one's own."""
    if isinstance(spec, str | Path):
        return Source.read(Path(spec))
    spec = spec if isinstance(spec, Spec) else load_spec(spec)
    if spec.has_own_activations:
        raise UsageError("sweep: an activation of one's own stays in this process; simulate its points one by one")
    return Source(spec.as_yaml().encode(), "spec", spec.folder, spec.name, spec.allow_code)

"""The files of a sweep: every point of the product of its axes, for every command, validated before anything runs."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgdode.errors import Defect, SpecError
from sgdode.model.starts import STARTS
from sgdode.runs.run import default_path
from sgdode.spec.checks import require
from sgdode.spec.load import Source
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import LONGEST_NAME, Spec
from sgdode.sweeps.grid import Axis, groups

_MOST_DEFECTS = 20
_PLAIN = re.compile(r"[A-Za-z_][\w.+@=,-]*")


@dataclass(frozen=True)
class Task:
    """One file of a sweep: ``settings`` are the --set options that make ``command`` write it at ``path``."""

    source: Source
    settings: tuple[str, ...]
    command: Command
    path: Path
    spec: Spec
    hash: str

    def order(self, **how: object) -> dict[str, object]:
        """The task as plain values, for another process; see ``sgdode.sweeps.worker.work``."""
        text = self.source.text.decode("utf-8-sig")
        return {
            "source": [text, self.source.place, str(self.source.folder), self.source.stem, self.source.allow_code],
            "settings": list(self.settings),
            "command": self.command,
            "path": str(self.path),
            "hash": self.hash,
            "words": sys.argv,
            **how,
        }


def tasks(
    source: Source, settings: Sequence[str], axes: Sequence[Axis], commands: Sequence[Command], folder: Path
) -> list[Task]:
    """The files of a sweep in grid order, the last axis fastest, each once.

    The file of a point is NAME-KEY=VALUE-...-COMMAND-HASH.h5 in ``folder``, with the keys that the command depends on:
    those of ``simulate`` do not multiply integrations. Raises SpecError with the defects of all points.
    """
    found: dict[Path, Task] = {}
    defects: dict[Defect, None] = {}
    for point in _combinations(axes):
        try:
            overrides: list[str | tuple[str, object, str]] = [
                *settings,
                *((axis.key, value, axis.place) for axis, _, value in point),
            ]
            spec = source.spec(overrides)
            for command in commands:
                task = _task(source, settings, spec, point, command, folder)
                require(task.spec, command)
                found.setdefault(task.path, task)
        except SpecError as error:
            defects |= dict.fromkeys(error.defects)
    if defects:
        shown = list(defects)[:_MOST_DEFECTS]
        more = [Defect("", "", f"and {len(defects) - len(shown)} defects more")] if len(defects) > len(shown) else []
        raise SpecError([*shown, *more])
    return list(found.values())


Point = tuple[tuple[Axis, str, object], ...]


def _combinations(axes: Sequence[Axis]) -> Iterator[Point]:
    """Every combination of (axis, text, value), of those of a group together."""
    together = [list(zip(*(_along(axis) for axis in group), strict=True)) for group in groups(axes)]
    return (tuple(itertools.chain(*parts)) for parts in itertools.product(*together))


def _along(axis: Axis) -> Iterator[tuple[Axis, str, object]]:
    return ((axis, text, value) for text, value in zip(axis.texts, axis.values(), strict=True))


def _task(source: Source, settings: Sequence[str], spec: Spec, point: Point, command: Command, folder: Path) -> Task:
    words = [f"{axis.key}={value_word(value)}" for axis, _, value in point if _matters(spec, axis.key, command)]
    name = spec.name
    for word in words:
        if len(f"{name}-{word}".encode()) <= LONGEST_NAME:  # the hash tells files apart that have no room for a setting
            name = f"{name}-{word}"
    named = spec.model_copy(update={"name": name})
    swept = [f"{axis.key}={text}" for axis, text, _ in point]
    if words:
        swept.append(f"name={name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)}")
    path = default_path(named, command, folder)
    return Task(source, (*settings, *swept), command, path, named, spec_hash(spec, command))


def _matters(spec: Spec, key: str, command: Command) -> bool:
    """Whether the numbers of ``command`` may depend on ``key``."""
    if command == "simulate":
        return not key.startswith("integrate")
    drawn = STARTS[spec.initial.kind].drawn and spec.initial.seed is None
    return not key.startswith("simulate") and (key != "seed" or drawn)


def value_word(value: object) -> str:
    """A value as part of a file name."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    return str(value) if isinstance(value, int) else re.sub(r"[^\w.+-]+", "-", str(value)).strip("-")

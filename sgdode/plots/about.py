"""What a picture was drawn from: the files, by their hashes, and the command."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sgdode.results.trajectory import Trajectory

#: Files that are told one by one, at most.
_MOST = 200


def about_files(runs: Sequence[Trajectory], figure: str) -> dict[str, object]:
    """The figure, and name, kind and hash of every file; ``set`` stands for all of them, whatever their order."""
    files = [_of(run) for run in runs]
    names = [next(filter(None, map(one.get, ("spec_hash", "problem_hash", "file", "name"))), "") for one in files]
    told = sorted(f"{one['kind']} {name}" for one, name in zip(files, names, strict=True))
    found: dict[str, object] = {"program": "sgdode", "figure": figure, "files": files[:_MOST]}
    if len(files) > _MOST:
        found["more_files"] = len(files) - _MOST
    return found | {"set": hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]}


def as_lines(about: dict[str, object]) -> list[str]:
    """For a reader."""
    lines = [f"figure: {about.get('figure', '')}"]
    if "command" in about:
        lines.append(f"command: {about['command']}")
    files = about.get("files")
    for one in files if isinstance(files, list) else []:
        if isinstance(one, dict):
            name = one.get("file") or one.get("name", "")
            lines.append(f"{name}: {one.get('kind', '')}, spec {one.get('spec_hash', 'unknown')}")
    return [*lines, f"and {about['more_files']} files more"] if "more_files" in about else lines


def _of(run: Trajectory) -> dict[str, str]:
    told = {"name": str(run.attributes.get("name", "")), "kind": run.kind}
    if run.path is not None:
        told["file"] = run.path.name
    for key in ("spec_hash", "problem_hash"):
        if key in run.attributes:
            told[key] = str(run.attributes[key])
    return told

"""The command line in a process of its own that is forked from one where it is imported already: in a tenth of the
time of a new interpreter. What a new one does, ``test_cli`` and others try with ``python -m sgdode``."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from sgdode.__main__ import main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["sgdode.cli_sweep", "sgdode.simulation", "sgdode.integration", "sgdode.figures"])
_STREAMS = ("stdin", "stdout", "stderr")


def run(arguments: list[str], folder: Path, files: Path, input: str | None) -> subprocess.CompletedProcess[str]:
    """``sgdode ARGUMENTS`` in ``folder``; its streams are kept in ``files``."""
    paths = [files / name for name in _STREAMS]
    paths[0].write_text(input or "")
    process = _CONTEXT.Process(target=_child, args=(arguments, folder, paths))
    process.start()
    process.join()
    out, err = (path.read_bytes().decode() for path in paths[1:])
    return subprocess.CompletedProcess(["sgdode", *arguments], process.exitcode or 0, out, err)


def _child(arguments: list[str], folder: Path, paths: list[Path]) -> None:
    os.chdir(folder)
    for number, (name, path) in enumerate(zip(_STREAMS, paths, strict=True)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC * (number > 0)), number)
        setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.argv = ["sgdode", *arguments]
    main()

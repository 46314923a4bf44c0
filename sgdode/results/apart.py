"""Files without a checksum are read by a process apart, as HDF5 may hang or crash on a damaged one: that process looks
at the file, reads it, and writes a copy with a checksum, which is read here.

One such process serves all files, and ends with this one; where a file has ended it, the next file begins another.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import FileError

#: The current folder is no place to import from: it may hold files of others.
_PROGRAM = "import sys; sys.path.append({!r}); from sgdode.results.reader import serve_files; serve_files()"


@contextlib.contextmanager
def copied(path: Path) -> Iterator[Path]:
    """A copy of the file, with a checksum; it is gone after the block.

    Raises FileError where the file is broken, or the process did not survive it.
    """
    with tempfile.TemporaryDirectory(prefix="sgdode-") as folder:
        copy = Path(folder) / "copy.h5"
        answer = _reader.ask({"path": str(path), "folder": os.getcwd(), "copy": str(copy)})
        if answer is None:
            raise FileError(f"{path}: not a readable sgdode file: HDF5 crashed on it, or did not come to an end")
        if "error" in answer:
            raise FileError(answer["error"])
        yield copy


class _Reader:
    """The process, begun where it is needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self.owner = 0

    def ask(self, order: dict[str, str]) -> dict[str, str] | None:
        """The answer to an order; None where the process did not survive it."""
        with self.lock:
            answer: dict[str, str] | None = None
            process = self._at_work()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
            except (OSError, ValueError):
                pass
            finally:
                if answer is None:
                    self._end(process)
            return answer

    def _at_work(self) -> subprocess.Popen[str]:
        """The process; a new one where there is none, or where this one is a copy of the one that began it."""
        if self.process is None or self.owner != os.getpid():
            command = [sys.executable, "-P", "-c", _PROGRAM.format(str(Path(__file__).parents[2]))]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True)
            self.owner = os.getpid()
        return self.process

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.wait()
        self.process = None


_reader = _Reader()

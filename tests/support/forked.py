"""A program ``sgdode`` for the tests: a process of its own, forked from one that has everything imported already, in a
tenth of the time of a new interpreter. (Signals, kills and locales are tried with ``python -m sgdode`` itself.)

The program tells the server its arguments, folder and environment, and hands over its standard streams.
"""

from __future__ import annotations

import importlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

IMPORTED = (
    "sgdode.cli.app",
    "sgdode.cli.sweep",
    "sgdode.runs.engines",
    "sgdode.plots.draw",
)
SPEC = {
    "dimension": 50,
    "teacher": {"width": 2},
    "student": {"width": 3},
    "learning_rate": 0.5,
    "time": {"stop": 0.1, "points": 3},
}
PROGRAM = """#!{python} -IS
import marshal, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    message = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ)))
    socket.send_fds(server, [message], [0, 1, 2])
    sys.exit(int(server.recv(16)))
"""


@lru_cache
def program(folder: Path) -> Path:
    """The program, as a file ``sgdode`` in ``folder``; its server lives as long as this process."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(folder / "server"))
    listener.listen(64)
    command = [sys.executable, __file__, str(listener.fileno())]
    _alive.append(subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()]))
    path = folder / "sgdode"
    path.write_text(PROGRAM.format(python=sys.executable, address=str(folder / "server")))
    path.chmod(0o755)
    return path


_alive: list[subprocess.Popen[bytes]] = []


def serve(listener: socket.socket) -> None:
    """Returns in each new process that is to be ``sgdode``; ends with its standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if (child := os.fork()) == 0:
                return _become(connection)
            connection.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256).encode())
            os._exit(0)
        connection.close()
    sys.exit()


def _become(connection: socket.socket) -> None:
    message, streams, *_ = socket.recv_fds(connection, 1 << 20, 3)
    arguments, folder, environment = marshal.loads(message)
    connection.close()
    for number, (name, stream) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["sgdode", *arguments]


def prepare() -> None:
    """Import, and load the machine code of the common runs: what every process would spend most of its time on."""
    for module in IMPORTED:
        importlib.import_module(module)
    from sgdode.plots.draw import plot
    from sgdode.runs.engines import integrate, simulate
    from sgdode.spec.load import load_spec

    spec = load_spec(SPEC)
    plot(simulate(spec), integrate(spec))


if __name__ == "__main__":
    prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
    from sgdode.__main__ import main

    main()

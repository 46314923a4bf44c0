"""``python -m sgdode`` and the console script."""

from __future__ import annotations

import os
import sys

from sgdode.errors import SgdodeError, Stopped, explained


def main() -> None:
    """Run the command line and end the process at once: the interpreter takes longer to clear away compiled code than
    many a command takes to run."""
    status = run()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            status = status or 1
        except OSError as error:
            status = _tell(explained(error), 1)
    os._exit(status)


def run() -> int:
    """Run the command line. Every error becomes a message; gives the exit status."""
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Greek letters is no failure
    try:
        from sgdode.cli.app import app

        app()
    except SystemExit as end:
        return int(end.code or 0)
    except KeyboardInterrupt:
        return 130
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.exit_status
    except Exception as error:
        return _tell(explained(error), error.exit_status if isinstance(error, SgdodeError) else 1)
    return 0


def _tell(message: str, status: int) -> int:
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exc()
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()

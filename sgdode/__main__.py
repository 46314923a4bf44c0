"""``python -m sgdode`` and the console script."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

from sgdode.signals import give_way, listen  # what takes longer to import comes after its call


def main() -> None:
    """Run the command line and end the process at once: the interpreter takes longer to clear away compiled code than
    many a command takes to run."""
    listen()
    status = run()
    give_way()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            status = status or 1
        except OSError as error:
            status = _tell(error, 1)
    os._exit(status)


def run() -> int:
    """Run the command line. Every error becomes a message; gives the exit status."""
    from sgdode.errors import SgdodeError, Stopped
    from sgdode.parts import command
    from sgdode.stand_in import own_process

    own_process()
    command()
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Greek letters is no failure
    try:
        from sgdode.machine import require_libraries

        require_libraries()
        from sgdode.cli.app import app

        if "_SGDODE_COMPLETE" in os.environ:
            from sgdode.cli.completion import answer

            answer(app)
        if {"-h", "--help"} & set(sys.argv) or len(sys.argv) == 1:
            _prepare_help()
        app()
    except SystemExit as end:
        return int(end.code or 0)
    except Stopped as stopped:
        from sgdode.foreign import visible_lines

        print(visible_lines(str(stopped)), file=sys.stderr)
        return stopped.exit_status
    except Exception as error:
        return _tell(error, error.exit_status if isinstance(error, SgdodeError) else 1)
    return 0


def _prepare_help() -> None:
    """Load what writes a help text without its renderers of Markdown and of tracebacks, which take twice as long."""
    from sgdode.stand_in import stand_in

    replaced: dict[str, dict[str, Any]] = {
        "rich.markdown": {"Markdown": None},
        "rich.traceback": {"Traceback": None},
        "rich._emoji_codes": {"EMOJI": {}},
        "attr": {},
    }
    with contextlib.ExitStack() as stack:
        for name, attributes in replaced.items():
            stack.enter_context(stand_in(name, **attributes))
        importlib.import_module("typer.rich_utils")


def _tell(error: Exception, status: int) -> int:
    from sgdode.errors import explained
    from sgdode.foreign import visible_lines

    give_way()
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        print(visible_lines(traceback.format_exc()), file=sys.stderr)
    for line in visible_lines(explained(error)).splitlines():
        print(f"error: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()

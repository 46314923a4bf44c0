"""``python -m sgdode`` and the console script."""

from __future__ import annotations

import sys

from sgdode.errors import SgdodeError, Stopped, explained


def main() -> None:
    """Run the command line; every error becomes a message and an exit status."""
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Greek letters is no failure
    try:
        from sgdode.cli import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_status)
    except Exception as error:
        _tell(explained(error), error.exit_status if isinstance(error, SgdodeError) else 1)


def _tell(message: str, status: int) -> None:
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exc()
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

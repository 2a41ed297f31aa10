"""The command line of syncml. `main` is the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with one of the codes of `syncml.cli.exit.ExitCode`."""
    from syncml.cli.fault import report_internal_fault
    from syncml.cli.plain import plain

    try:
        command = plain(sys.argv[1:])
        if command is None:
            from syncml.cli.app import app

            app(prog_name="syncml")
        else:
            command()
    except Exception as fault:
        sys.exit(report_internal_fault(fault))

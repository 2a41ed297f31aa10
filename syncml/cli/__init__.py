"""The command line of syncml. `main` is the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with one of the codes of `syncml.cli.exit.ExitCode`."""
    from syncml.cli.app import app
    from syncml.cli.fault import report_internal_fault

    try:
        app(prog_name="syncml")
    except Exception as fault:
        sys.exit(report_internal_fault(fault))

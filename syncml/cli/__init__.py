"""The command line of syncml. `command` is the console script."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def command() -> NoReturn:
    """`main` in a process of its own, which ends at once: taking apart what was loaded takes time for nothing."""
    # Loading makes many objects and no garbage, so it is looked for less often.
    gc.set_threshold(50_000)
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    for stream in (sys.stdout, sys.stderr):
        # Nobody may be there to read it.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status if isinstance(status, int) else 1 if status else 0)


def main() -> None:
    """Run the command line and exit with one of the codes of `syncml.cli.exit.ExitCode`."""
    from syncml.cli.plain import plain

    try:
        run = plain(sys.argv[1:])
        if run is None:
            from syncml.cli.app import app

            app(prog_name="syncml")
        else:
            run()
    except Exception as fault:
        from syncml.cli.fault import report_internal_fault

        sys.exit(report_internal_fault(fault))

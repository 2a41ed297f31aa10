"""What happens on a fault of syncml itself: a report in a file, and one line on the screen."""

from __future__ import annotations

import platform
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import syncml
from syncml.cli.exit import ExitCode
from syncml.cli.versions import COMPILERS, compiler_version, packages
from syncml.diagnostics import Diagnostic, Severity


def report_internal_fault(fault: Exception) -> ExitCode:
    """Write a report of `fault`, name it on standard error, and return the exit code."""
    from syncml.cli.output import emit

    emit([internal_fault(fault)])
    return ExitCode.INTERNAL


def internal_fault(fault: Exception) -> Diagnostic:
    """Write a report of `fault` and return the diagnostic that names it."""
    written = write_report(report_text(fault, sys.argv))
    summary = " ".join(str(fault).split())
    advice = "run the command again where a file can be written" if written is None else f"attach {written}"
    return Diagnostic(
        "P001",
        Severity.ERROR,
        f"internal fault of syncml: {type(fault).__name__}{': ' if summary else ''}{summary}",
        notes=("this is a mistake in syncml, not in your program",),
        help=f"report it, and {advice}; the report holds versions, the command line and a traceback",
    )


def report_text(fault: Exception, command: Sequence[str]) -> str:
    """Return everything that is needed to find the fault."""
    compilers = [(name, compiler_version(name)) for name in COMPILERS]
    facts = [
        ("command", shlex.join(command)),
        ("syncml", syncml.__version__),
        ("python", sys.version.replace("\n", " ")),
        ("platform", platform.platform()),
        *((package.name, package.version or "absent") for package in packages()),
        *((name, version or "absent") for name, version in compilers),
    ]
    width = max(len(name) for name, _ in facts)
    head = "".join(f"{name:<{width}}  {value}\n" for name, value in facts)
    return f"{head}\n{''.join(traceback.format_exception(fault))}"


def write_report(text: str) -> Path | None:
    """Write the report into the current folder, or else the folder for temporary files."""
    name = f"syncml-report-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    for folder in (Path(), Path(tempfile.gettempdir())):
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return None

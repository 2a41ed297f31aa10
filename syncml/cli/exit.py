"""The exit codes, which scripts and continuous integration rely on."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from syncml.diagnostics import CODES, Diagnostic, Family, Severity


class ExitCode(enum.IntEnum):
    """What the process says to its caller."""

    OK = 0
    REJECTED = 1
    USAGE = 2
    UNDECIDED = 3
    INTERNAL = 70
    INTERRUPTED = 130


def exit_code(diagnostics: Iterable[Diagnostic]) -> ExitCode:
    """Return the exit code of a command that ends with these diagnostics."""
    families = {CODES[found.code].family for found in diagnostics if found.severity is Severity.ERROR}
    if Family.INTERNAL in families:
        return ExitCode.INTERNAL
    if families - {Family.USAGE}:
        return ExitCode.REJECTED
    return ExitCode.USAGE if families else ExitCode.OK

"""Suites whose programs say by their names what has to become of them: Kind 2 and Vélus."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from syncml.diagnostics import DiagnosticError
from syncml.lustre.load import load_lustre
from syncml.pipeline import check
from tests.conformance.outcome import Outcome, Result

LIMIT = 20
"""Seconds for one program."""


def kind2(folder: Path) -> Iterator[Outcome]:
    """`success` is proved (exit code 0), `falsifiable` is violated (1), `error` is rejected."""
    for label, wanted in (("success", 0), ("falsifiable", 1)):
        for path in sorted((folder / label).rglob("*.lus")):
            name = str(path.relative_to(folder))
            try:
                check(load_lustre(str(path), {"dialect": "kind2"}))
            except DiagnosticError as fault:
                yield Outcome(name, Result.NOT_READ, str(fault.diagnostics[0]))
                continue
            command = [sys.executable, "-m", "syncml", "verify", str(path), "--timeout", str(LIMIT), "--format", "json",
                       "--set", "dialect=kind2"]  # fmt: skip
            code = subprocess.run(command, capture_output=True).returncode
            result = Result.SAME if code == wanted else Result.NOT_COMPARED if code == 3 else Result.DIFFERENT
            yield Outcome(name, result, f"exit code {code}, {wanted} is right" if code != 3 else "undecided in time")
    for path in sorted((folder / "error").rglob("*.lus")):
        yield _rejected(path, "kind2", "error/")


def velus(folder: Path) -> Iterator[Outcome]:
    """`ok_` is accepted, `ko_` is rejected."""
    for path in sorted(folder.glob("*.lus")):
        if path.name.startswith("ko_"):
            yield _rejected(path, "velus", "")
            continue
        try:
            check(load_lustre(str(path), {"dialect": "velus"}))
        except DiagnosticError as fault:
            codes = {d.code for d in fault.diagnostics}
            result = Result.NOT_READ if codes == {"R002"} else Result.DIFFERENT
            yield Outcome(path.name, result, str(fault.diagnostics[0]))
        else:
            yield Outcome(path.name, Result.SAME)


def _rejected(path: Path, dialect: str, prefix: str) -> Outcome:
    try:
        check(load_lustre(str(path), {"dialect": dialect}))
    except DiagnosticError as fault:
        codes = {d.code for d in fault.diagnostics}
        result = Result.NOT_READ if codes == {"R002"} else Result.SAME
        return Outcome(prefix + path.name, result, str(fault.diagnostics[0]))
    return Outcome(prefix + path.name, Result.DIFFERENT, "it is accepted")

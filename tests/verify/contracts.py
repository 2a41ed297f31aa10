"""Contracts of small programs in the language, verified as the command line does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from syncml.ir.equations.syntax import Program
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import Semantics, VerificationReport, VerifyOptions, verify

HEAD = "from syncml import *\n\n"


def replay(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
    return interpret(program, inputs, ticks).trace


def decide(folder: Path, text: str, **options: Any) -> VerificationReport:
    """The verdicts on the last node of a program."""
    path = folder / "program.py"
    path.write_text(HEAD + text, "utf-8")
    return verify(
        check_file(str(path)).program,
        VerifyOptions(**{"timeout": 30.0, "semantics": Semantics.REALS, **options}),
        replay,
    )


def verdicts(report: VerificationReport) -> dict[str, str]:
    """The kind of verdict by the name of the property."""
    return {r.name: type(r.verdict).__name__.lower() for r in report.results}

"""One program, one trace: compiled simulation and exported C against the interpreter, in machine numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.pipeline import Checked, on_machine, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.conformance.lustre_v6 import STEPS, inputs_of, read
from tests.conformance.outcome import Outcome, Result


def engines(folder: Path) -> Iterator[Outcome]:
    """Compare the engines on each program of a folder that is read."""
    for path in sorted(folder.glob("*.lus")):
        try:
            checked = on_machine(read(path, path.stem))
        except DiagnosticError as fault:
            yield Outcome(path.name, Result.NOT_READ, str(fault.diagnostics[0]))
            continue
        differences = list(_differences(checked, path.stem))
        yield Outcome(path.name, Result.DIFFERENT if differences else Result.SAME, ", ".join(differences))


def _differences(checked: Checked, name: str) -> Iterator[str]:
    inputs = inputs_of(checked, name)
    names = tuple(v.name for v in checked.main.outputs)
    expected = interpret(checked.program, inputs, STEPS).trace.only(names)
    compiled = compile_program(checked.program).run(inputs, STEPS).only(names)
    if (found := first_difference(expected, compiled)) is not None:
        yield f"compiled simulation: {found}"
    if any(node.external for node in checked.program.nodes):
        return  # C would call functions that nobody supplies.
    given = {var.name: column.values for var, column in prepare(checked.main, inputs, STEPS).items()}
    outputs = compile_and_run(step_code(checked, flat=False), given, STEPS, "gcc", ("-O1",)).outputs
    columns = tuple(Column(c.name, c.type, np.asarray(outputs[c.name]), c.present) for c in expected.columns)
    if (found := first_difference(expected, Trace(columns, STEPS))) is not None:
        yield f"exported C: {found}"

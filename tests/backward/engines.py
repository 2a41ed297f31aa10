"""The claim that every engine computes the same bits of a program."""

from __future__ import annotations

from typing import Any

import numpy as np

from syncml.export_c import compile_and_run
from syncml.pipeline import Checked, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.tools import require


def assert_engines_agree(checked: Checked, given: dict[str, Any], ticks: int) -> None:
    """The interpreter, Numba and C have the same outputs."""
    require("gcc")
    names = tuple(v.name for v in checked.main.outputs)
    expected = interpret(checked.program, given, ticks).trace.only(names)
    assert first_difference(expected, compile_program(checked.program).run(given, ticks).only(names)) is None
    columns = {v.name: c.values for v, c in prepare(checked.main, given, ticks).items()}
    found = compile_and_run(step_code(checked, flat=False), columns, ticks, "gcc", ("-O2",)).outputs
    shown = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(shown, ticks)) is None

"""Random programs as ONNX graphs: rates, modes, resets, arrays, integers that wrap, and what they are refused for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from syncml.diagnostics.model import DiagnosticError
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Program
from syncml.ir.types import element
from syncml.pipeline import check, on_machine, text
from syncml.sim.inputs import prepare
from tests.export_onnx.running import exported, interpreted, onnx, reference, streamed
from tests.support.programs import inputs_for, programs

TICKS = 20


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(drawn=programs(), seed=st.integers(0, 2**16))
def test_a_graph_gives_what_the_interpreter_gives(drawn: Program, seed: int) -> None:
    checked = on_machine(check(drawn))
    assume(checked.main.inputs)
    note(text(checked.program))
    try:
        content = exported(checked)
    except DiagnosticError as refused:
        assert {fault.code for fault in refused.diagnostics} == {"X007"}
        return
    columns = prepare(checked.main, inputs_for(checked.program, TICKS, seed), TICKS)
    inputs = {v.name: columns[v].values.astype(dtype(element(v.type)))[:, None] for v in checked.main.inputs}
    with np.errstate(all="ignore"):
        found = streamed(content, reference(content), inputs)
    ports = [port.name for port in onnx.load_model_from_string(content).graph.output]
    for port, (name, wanted) in zip(ports, interpreted(checked, inputs).items(), strict=False):
        if wanted.dtype.kind == "f":
            assert found[port] == pytest.approx(wanted, rel=1e-4, abs=1e-4, nan_ok=True), name
        else:
            assert (found[port] == wanted).all(), name

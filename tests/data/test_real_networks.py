"""Trained networks of others, from the folder that ``SYNCML_TEST_DATA`` names: ``make test-data``.

Each controller is read, run by the interpreter on random inputs, and compared with the reference evaluator of the onnx
package; the interpreter, and C under gcc, give the same bits.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, node
from syncml.export_c import Options, compile_and_run
from syncml.export_c.package import drafted
from syncml.export_c.targets import CORTEX_M4F, HOST, TargetMachine
from syncml.lang.load import program_of
from syncml.networks.onnx_node import load_onnx
from syncml.pipeline import Checked, check, step_code
from syncml.sim.interpreter import interpret

FOLDER = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "onnx"
CONTROLLERS = ("acc_tanh_20x20x20", "single_pendulum", "tora", "unicycle")
TICKS = 20

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no trained networks: set SYNCML_TEST_DATA to a folder with onnx/*.onnx, see docs/how-to/networks.md",
)


def program(name: str) -> tuple[Checked, int]:
    network = load_onnx(FOLDER / f"{name}.onnx")

    @node
    def top(x: Stream[Vec[network.inputs]]) -> Stream[Vec[Any]]:  # type: ignore[name-defined]
        return network(x)

    return check(program_of(top)), network.inputs


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_controller_computes_what_the_reference_computes_and_c_has_the_same_bits(name: str) -> None:
    import onnx.reference

    checked, inputs = program(name)
    x = np.random.default_rng(1).uniform(-2, 2, (TICKS, inputs)).astype(np.float32)
    output = checked.main.outputs[0].name
    found = interpret(checked.program, {"x": x}, TICKS).trace.column(output).values
    evaluator = onnx.reference.ReferenceEvaluator(str(FOLDER / f"{name}.onnx"))
    shape = next(iter(load_onnx(FOLDER / f"{name}.onnx").graph.inputs.items()))
    expected = np.array(
        [np.asarray(evaluator.run(None, {shape[0]: row.reshape(shape[1])})[0]).reshape(-1) for row in x]
    )
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)
    compiled = compile_and_run(step_code(checked, flat=False), {"x": x}, TICKS, "gcc", ("-O2",))
    assert np.array_equal(compiled.outputs[output].view(np.uint32), found.view(np.uint32))


def test_the_keyword_network_computes_what_the_reference_computes_and_c_has_the_same_bits() -> None:
    """Depthwise and pointwise convolutions in NHWC, weights in integers."""
    import onnx.reference

    checked, inputs = program("mlperf_tiny_kws_f32")
    x = np.random.default_rng(1).normal(size=(3, inputs)).astype(np.float32)
    output = checked.main.outputs[0].name
    found = interpret(checked.program, {"x": x}, len(x)).trace.column(output).values
    # The evaluator reads integers as weights in newer opsets only; the meaning of the operators is the same in both.
    model = onnx.load(FOLDER / "mlperf_tiny_kws_f32.onnx")
    model.opset_import[0].version, model.ir_version = 21, 10
    evaluator = onnx.reference.ReferenceEvaluator(model)
    expected = [np.asarray(evaluator.run(None, {"input_1": row.reshape(1, 49, 10, 1)})[0]).reshape(-1) for row in x]
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    compiled = compile_and_run(step_code(checked, flat=False), {"x": x}, len(x), "gcc", ("-O2",))
    assert np.array_equal(compiled.outputs[output].view(np.uint32), found.view(np.uint32))


@pytest.mark.parametrize(("target", "above"), [(HOST, 1.10), (CORTEX_M4F, 1.16)], ids=["host", "cortex-m4f"])
def test_the_keyword_network_takes_little_more_memory_than_its_largest_live_set(
    target: TargetMachine, above: float
) -> None:
    """In elements it is less than the 24 KB of bytes that the same network in integers takes elsewhere."""
    checked, _ = program("mlperf_tiny_kws_f32")
    told = drafted(step_code(checked, flat=False), Options(target=target)).report
    assert told.main.bound <= told.main.scratch <= above * told.main.bound
    assert told.main.scratch_elements <= 24 * 1024

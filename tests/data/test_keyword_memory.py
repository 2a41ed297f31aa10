"""The keyword network of MLPerf Tiny in 24 KB, row by row, from the folder that ``SYNCML_TEST_DATA`` names."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from syncml.export_c import Options, compile_and_run
from syncml.export_c.memory import Memory
from syncml.export_c.plan import plan
from syncml.export_c.report.memory import Report, report
from syncml.export_c.targets import CORTEX_M4F, HOST
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.schedules.table import NEVER
from syncml.pipeline import check_file, on_machine, step_code

FILE = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "onnx" / "mlperf_tiny_kws_f32.onnx"
MOST = 24 << 10

pytestmark = pytest.mark.skipif(
    not FILE.is_file() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no trained networks: set SYNCML_TEST_DATA to a folder with onnx/*.onnx, see docs/how-to/networks.md",
)


def test_the_keyword_network_in_f32_fits_into_24_kilobytes_with_its_input() -> None:
    code = step_code(on_machine(check_file(str(FILE))), flat=False)

    def costs(lines: int) -> Report:
        loops = replace(CORTEX_M4F.loops, lines=lines)
        return report(plan(schedule_loops(code, loops), Memory(stack=CORTEX_M4F.stack)))

    whole, rows = costs(NEVER), costs(CORTEX_M4F.loops.lines)
    assert rows.ram + rows.inputs + rows.outputs <= MOST < whole.main.bound
    assert rows.main.scratch <= 1.1 * rows.main.bound
    assert rows.operations.multiplications == whole.operations.multiplications
    x = {"x": np.random.default_rng(2).normal(size=(4, 490)).astype(np.float32) * 30}
    outputs = [
        compile_and_run(
            code, x, 4, "gcc", ("-O2",), Options(target=replace(HOST, loops=replace(HOST.loops, lines=lines)))
        ).outputs["out"]
        for lines in (NEVER, 0)
    ]
    assert outputs[0].tobytes() == outputs[1].tobytes()
    assert len(np.unique(outputs[0], axis=0)) == 4

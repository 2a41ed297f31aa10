"""The streaming wake word of MLPerf Tiny on a window of frames, from the folder that ``SYNCML_TEST_DATA`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, i8, node, window
from syncml.export_c import compile_and_run
from syncml.ir.equations.folding import Fold
from syncml.ir.equations.work import products_of
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.networks.onnx_node import load_onnx
from syncml.pipeline import check, folded, step_code

FILE = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "onnx" / "mlperf_tiny_streaming_wakeword.onnx"
FRAMES = 80

pytestmark = pytest.mark.skipif(
    not FILE.is_file() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no trained networks: set SYNCML_TEST_DATA to a folder with onnx/*.onnx, see docs/how-to/networks.md",
)


def test_a_frame_of_the_wake_word_takes_an_eighteenth_of_the_products_of_a_window() -> None:
    network = load_onnx(str(FILE))

    @node
    def main(x: Stream[Vec[L[40], i8]]) -> Stream[Vec[L[3], i8]]:
        return network(window(x, 30, init=-128).reshape(1200))

    checked = check(program_of(main))
    found = folded(checked)
    assert products_of(checked.program) == 826_368
    assert products_of(found.program) == 46_040
    assert sum(line.bytes for line in found.shared) == 3_536
    frames = np.random.default_rng(1).integers(-128, 128, (FRAMES, 40)).astype(np.int8)
    outputs = []
    for how in (Fold.NEVER, Fold.AUTO):
        code = step_code(checked, flat=False, fold=how)
        outputs.append(compile_and_run(code, {"x": frames}, FRAMES, "gcc", ("-O2",)).outputs["out"])
        state = sum(size(slot.type) for machine in code.machines for slot in machine.state)
    assert state == 3_536
    assert np.array_equal(*outputs)
    assert len(np.unique(outputs[0], axis=0)) > 5

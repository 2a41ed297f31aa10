"""Trained agents of others, from the folder that ``SYNCML_TEST_DATA`` names, and what Stable-Baselines3 predicts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, node
from syncml.export_c import compile_and_run
from syncml.lang.load import program_of
from syncml.networks.sb3 import load_sb3
from syncml.pipeline import check, step_code
from syncml.sim.interpreter import interpret

FOLDER = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "rl"
PREDICTED = {
    "sb3_ppo_pendulum_v1": (3, [[0.33027154207229614], [2.0], [-0.11630062758922577], [-2.0]]),
    "sb3_ppo_lunarlander_continuous_v2": (8, [[1.0, -0.40797048807144165], [1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]]),
}
"""The number of observations, and ``predict(x, deterministic=True)`` of Stable-Baselines3 2.9.2 with PyTorch 2.13."""

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no trained agents: set SYNCML_TEST_DATA to a folder with rl/*.zip, see docs/how-to/networks.md",
)


@pytest.mark.parametrize("name", PREDICTED)
def test_an_agent_acts_as_in_stable_baselines_and_c_has_the_same_bits(name: str) -> None:
    policy = load_sb3(FOLDER / f"{name}.zip")
    size, expected = PREDICTED[name]
    assert policy.inputs == size

    @node
    def top(x: Stream[Vec[size]]) -> Stream[Vec[Any]]:  # type: ignore[valid-type]
        return policy(x)

    checked = check(program_of(top))
    x = np.linspace(-1.5, 1.5, 4 * size).reshape(4, size).astype(np.float32)
    output = checked.main.outputs[0].name
    found = interpret(checked.program, {"x": x}, len(x)).trace.column(output).values
    assert found == pytest.approx(np.array(expected), abs=1e-5)
    compiled = compile_and_run(step_code(checked, flat=False), {"x": x}, len(x), "gcc", ("-O2",))
    assert np.array_equal(compiled.outputs[output].view(np.uint32), found.view(np.uint32))

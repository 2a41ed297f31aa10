"""The highway with traffic: one trace in every engine, its contract in many runs, and drivers that differ."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from syncml.ir.step.lowering import Observe
from syncml.pipeline import check_file
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.lanes.many import compile_many
from tests.support.engines import assert_c_agrees

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "highway_traffic"
TICKS = 12
WISHES = ["LEFT", "KEEP", "RIGHT", "FASTER", "SLOWER"]
checked = check_file(f"{FOLDER / 'highway.py'}:highway")


def wishes(seed: int, *shape: int) -> Any:
    """One for each second."""
    return np.repeat(np.random.default_rng(seed).integers(0, 5, shape).astype(np.int32), 5, axis=-1)


def test_one_trace() -> None:
    values: dict[str, Any] = {
        "wish": np.array(WISHES)[wishes(1, TICKS)][:TICKS],
        "seed": np.full(TICKS, 17, dtype=np.uint64),
    }
    expected = interpret(checked.program, values, TICKS)
    assert_c_agrees(checked, values, expected)
    compiled = compile_program(checked.program, Observe.OUTPUTS).run(values, TICKS)
    many = compile_many(checked.program, traced=None)
    lanes = many.run({"wish": wishes(1, TICKS)[:TICKS][None, :], "seed": np.uint64(17)}, 1, TICKS).traces
    for output in checked.main.outputs:
        wanted = expected.trace.column(output.name).values
        assert compiled.column(output.name).values.tobytes() == wanted.tobytes(), output.name
        assert lanes[output.name][0].tobytes() == wanted.tobytes(), output.name


def test_the_traffic_keeps_its_distance_whatever_the_agent_does() -> None:
    runs, seconds = 1500, 30
    program = compile_many(checked.program, contracts=True, traced=frozenset({"out_5"}))
    found = program.run({"wish": wishes(4, runs, seconds), "seed": np.arange(runs, dtype=np.uint64)}, runs, 5 * seconds)
    assert [int(count.sum()) for count in found.failures.values()] == [0]
    lanes = found.traces["out_5"]
    assert lanes.min() == 0
    assert lanes.max() == 3
    # Most of the traffic changes lanes, by one at a time.
    assert np.abs(np.diff(lanes, axis=1)).max() == 1
    assert (lanes[:, 0] != lanes[:, -1]).mean() > 0.3


def test_the_rule_as_a_program_crashes_as_rarely() -> None:
    runs = 1500
    commute = compile_many(check_file(f"{FOLDER / 'highway.py'}:commute").program, contracts=True)
    found = commute.run({"seed": np.arange(runs, dtype=np.uint64)}, runs, 200)
    assert found.last["total"].mean() > 34.0
    failures = {name.rsplit(".")[-1]: (count > 0).mean() for name, count in found.failures.items()}
    assert failures["the traffic keeps its distance"] == 0.0
    assert failures["no crash"] < 0.01


def test_the_rule_drives_better_than_chance(monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "drive", raising=False)
    from drive import drive  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    (random, crashes), (rule, few) = drive("random", 200), drive("rule", 200)
    assert crashes > 0.5
    assert few < 0.05
    assert rule > random + 10.0

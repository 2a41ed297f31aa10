"""The inputs of many runs at once are those of each run alone; a point of a sample is had without the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncml.diagnostics.model import DiagnosticError
from syncml.pipeline import check_file
from syncml.scenario.many_values import many_values
from syncml.scenario.points import permuted, points, random_bits
from syncml.scenario.templates import read_template
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret

PROGRAM = """
import enum
from typing import Annotated, Literal as L
from syncml import Hz, Stream, Unit, Vec, cast, f32, f64, i32, node, u64
from syncml.nodes.random import random_bits

class Mode(enum.Enum):
    OFF = 0
    ON = 1

KMH = Annotated[f32, Unit("km/h")]

@node(rate=Hz(10))
def main(a: Stream[f32], b: Stream[KMH], c: Stream[f64], d: Stream[bool], e: Stream[Mode], f: Stream[i32],
         g: Stream[Vec[L[2]]], h: Stream[u64], k: Stream[f64], m: Stream[f32]) -> tuple[Stream[f64], Stream[u64]]:
    return c + k, random_bits(h, h + 1)
"""
SCENARIO = """
name: All
duration: 1.0
seed: 5
parameters:
  v: {low: 10, high: 20, unit: m/s}
sampling: {method: sobol, count: 16}
inputs:
  a: {sigma: 0.2, bound: 0.5}
  b: "${v}"
  c: {sum: [{low: -1, high: 1}, "${v / 2}"]}
  d: {probability: 0.5, false_during: [[0.0, 0.2]]}
  e: {points: [[0.0, "OFF"], [0.5, "ON"]]}
  f: 3
  g: [1.0, 2.0]
  h: {seed: run}
  k: {points: [[0.0, "${v}"], [1.0, 0.0]], between: linear}
  m: 50 km/h
"""


def written(folder: Path, scenario: str = SCENARIO) -> tuple[str, Path]:
    (folder / "all.py").write_text(PROGRAM, "utf-8")
    (folder / "all.yaml").write_text(scenario, "utf-8")
    return str(folder / "all.py"), folder / "all.yaml"


def test_many_runs_have_the_inputs_of_each(tmp_path: Path) -> None:
    program, scenario = written(tmp_path)
    node = check_file(program).main
    template = read_template(scenario)
    runs = np.array([3, 4, 11])
    seeds = random_bits(5, runs.astype(np.uint64))
    found = many_values(template.inputs, node, 10, seeds, template.runs.numeric_columns(runs))
    assert {name: values.shape for name, values in found.items() if len(values) == 1} == {
        "e": (1, 10), "f": (1, 10), "g": (1, 10, 2), "m": (1, 10)
    }  # fmt: skip
    assert found["b"].shape == found["h"].shape == (3,)
    for place, run in enumerate(runs.tolist()):
        expected = prepare(node, template.values(node, 10, run, int(seeds[place])), 10)
        for var, column in expected.items():
            values = found[var.name]
            own = values[place] if len(values) == 3 else values[0]
            assert np.array_equal(np.broadcast_to(own, column.values.shape), column.values), var.name
    assert len(set(found["h"].tolist())) == 3


def test_the_bits_are_those_of_the_language(tmp_path: Path) -> None:
    program, scenario = written(tmp_path)
    checked = check_file(program)
    template = read_template(scenario)
    inputs = template.values(checked.main, 2, 0, 77)
    drawn = interpret(checked.program, inputs, 2).trace.columns
    seed = int(inputs["h"][0])
    assert int(drawn[-1].values[0]) == int(random_bits(seed, seed + 1)[0])


def test_a_seed_is_a_u64(tmp_path: Path) -> None:
    program, scenario = written(tmp_path, SCENARIO.replace("f: 3", "f: {seed: run}"))
    with pytest.raises(DiagnosticError, match="a seed is a u64"):
        read_template(scenario).values(check_file(program).main, 2)


@given(st.integers(1, 5000), st.integers(0, 2**64 - 1))
def test_strata_are_permuted(count: int, key: int) -> None:
    assert sorted(permuted(np.arange(count, dtype=np.uint64), count, key).tolist()) == list(range(count))


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol", "random"])
def test_points_are_had_one_by_one_and_in_any_order(method: str) -> None:
    whole = points(method, 300, 3, 9, np.arange(300))  # type: ignore[arg-type]
    assert whole.shape == (300, 3) and (whole >= 0).all() and (whole < 1).all()
    for places in ([0], [299], [7, 8, 9], [250, 3, 100], []):
        assert np.array_equal(points(method, 300, 3, 9, np.array(places, dtype=np.int64)), whole[places])  # type: ignore[arg-type]
    assert not np.array_equal(points(method, 300, 3, 10, np.arange(300)), whole)  # type: ignore[arg-type]
    assert abs(np.corrcoef(whole.T) - np.eye(3)).max() < 0.2

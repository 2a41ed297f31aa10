"""Sweeps among actors: many runs at once have the rows that one run after another has, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.scenario.closed_loop import prepare
from syncml.scenario.many import ManyRuns
from syncml.scenario.runners import clause_streams, compiled_runs, interpreted_runs
from syncml.scenario.variables import NotSpecialisedError
from syncml.sweep.plan import Plan, Sweep, opened
from syncml.sweep.rows import FAILED, OUTSIDE, PASSED, Rows
from tests.sweep.scenes import CAR, CUT_IN, sweep_in

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
PROGRAM = """
from syncml import Hz, Stream, assume, cast, clip, ensure, f32, f64, first, i32, node, sample, state, u64, when, where
from syncml.nodes.random import bell, random_bits


@node(rate=Hz(20))
def follow(
    gap: Stream[f32], lead: Stream[f64], wanted: Stream[f32], new: Stream[bool], lost: Stream[bool],
    noise: Stream[f32], seed: Stream[u64], bias: Stream[f32],
) -> tuple[Stream[f32], Stream[f64], Stream[i32], Stream[f32], Stream[f64]]:
    speed, count = state(init=0.0), state(init=0, type=i32)
    now = where(first(), wanted, speed)
    speed.next = now + 0.05 * clip(0.3 * (gap + noise - 3.0 - 1.2 * now) + 0.9 * (cast(lead, f32) - now), -5.0, 2.0)
    count.next = where(new & ~lost, count + 1, count)
    drawn = bell(random_bits(seed, seed + 1))
    assume(noise > -0.51, "little noise")
    assume(gap >= -0.5, "not inside of the lead")
    ensure(gap >= 0.8, "no collision")
    ensure(sample(gap + 0.1 * noise, to=Hz(5)) < 150.045, "little noise at last")
    return now, drawn, count, sample(gap + bias, to=Hz(5)), when(lead, new)
"""
SCENARIO = """
name: cut in
duration: "${2 + 0.05 * v}"
seed: 4
parameters:
  v: {low: 9, high: 25}
  dx: {low: 4, high: 30}
  side: {values: [-2, -1]}
  kind: {values: [quick, slow]}
sampling: {method: latin_hypercube, count: 40}
require: ["dx < 28"]
road: {line: [{length: 100}, {length: 900, curvature: 0.004}], right: [3.5, 3.5]}
actors:
  ego: {lane: -1, at: 20, speed: "${v}"}
  other: {lane: -2, ahead_of: ego, gap: "${dx} m", speed: "${0.7 * v}", size: [4, 1.9]}
events:
  - {name: in, actor: other, when: [{time: "${0.02 * dx}"}], do: [{lane: -1, time: 2 s}]}
  - {name: brake, actor: other, when: [{after: in}], do: [{speed: 0, rate: 3 m/s**2, shape: sinusoidal}]}
stop: [{standstill: other, for: 0.3 s}]
ego: {speed: now, range: 150, settle: 0.1}
inputs:
  wanted: {sense: ego.start_speed}
  gap: {sense: lead.gap}
  lost: {probability: 0.5, unless: lead.new}
  lead: {sense: lead.speed}
  new: {sense: lead.new}
  noise: {sum: [{sigma: 0.2, bound: 0.52}, {low: 0, high: 0.01}]}
  seed: {seed: run}
  bias: {points: [[0.0, "${v}"], [1.0, 2.0]], between: linear}
"""


def one_by_one(sweep: Sweep, runs: np.ndarray) -> Rows:
    """The rows of some runs, each from its trace."""
    prepare()
    compiled = compiled_runs(sweep.checked.program, clause_streams(sweep.flat))
    parts = [sweep.row(int(run), sweep.run(int(run), compiled)) for run in runs]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def assert_same(found: Rows, expected: Rows) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        if values.dtype.kind == "U":
            assert found[name].tolist() == values.tolist(), name
        else:
            assert found[name].dtype == values.dtype, name
            assert found[name].tobytes() == values.tobytes(), name


def refused(*_: object, **__: object) -> None:
    raise NotSpecialisedError("a test")


def test_the_rows_are_those_of_one_run_after_another(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 130, PROGRAM, SCENARIO)
    assert sweep.identity.runs == 130
    found = sweep.rows(0, 130)
    assert_same(found, one_by_one(sweep, found["run"]))
    assert set(found["verdict"].tolist()) == {PASSED, FAILED, OUTSIDE}
    assert len(set(found["ticks"].tolist())) > 5
    # Whatever runs beside a run, and whichever machines there are already.
    again = sweep_in(tmp_path, 130, PROGRAM, SCENARIO)
    parts = [again.rows(first, min(130, first + 7)) for first in reversed(range(0, 130, 7))]
    joined = {name: np.concatenate([part[name] for part in reversed(parts)]) for name in found}
    assert_same(joined, found)


def test_the_interpreter_says_the_same(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 12, PROGRAM, SCENARIO)
    found = sweep.rows(0, 12)
    interpreted = interpreted_runs(sweep.checked.program, sweep.flat)
    for place, run in enumerate(found["run"].tolist()[:4]):
        row = sweep.row(run, sweep.run(run, interpreted))
        assert_same({name: values[place : place + 1] for name, values in found.items()}, row)


def test_runs_with_the_same_parameters_have_their_own_noise(tmp_path: Path) -> None:
    """A grid is gone through again and again, each time with other seeds."""
    sweep = sweep_in(tmp_path, 40, CAR, CUT_IN)
    found = sweep.rows(0, 40)
    assert_same(found, one_by_one(sweep, found["run"]))
    (speed,) = (name for name in found if name.endswith(".last"))
    alike = [found[speed][found["run"] % sweep.template.runs.count == place] for place in range(9)]
    assert max(len(set(each.tolist())) for each in alike) > 3


def test_what_lanes_do_not_compute_is_made_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sweep_in(tmp_path, 30, CAR, CUT_IN).rows(0, 30)
    monkeypatch.setattr(ManyRuns, "rows", refused)
    assert_same(sweep_in(tmp_path, 30, CAR, CUT_IN).rows(0, 30), expected)


@pytest.mark.parametrize("name", ["ccrm", "ccrb"])
def test_the_flagship_among_the_actors_of_euro_ncap(name: str) -> None:
    plan = Plan(SCENARIOS / "highway_acc" / "pipeline.py", "", (), SCENARIOS / "euro_ncap" / f"{name}.yaml", runs=100)
    sweep = opened(plan)
    found = sweep.rows(0, 100)
    picked = np.array([0, 20, 99])
    expected = one_by_one(sweep, picked)
    assert_same({name: values[picked] for name, values in found.items()}, expected)

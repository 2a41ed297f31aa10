"""The programs and scenarios of these tests: a loop that sometimes fails, alone, and a car among others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from syncml.scenario.runners import lane_runs
from syncml.sweep.plan import Plan, Sweep, opened
from syncml.sweep.rows import Summary
from syncml.sweep.run import Settings, run_sweep
from syncml.sweep.store import Store
from syncml.sweep.tables import Form
from syncml.sweep.workers import Workers, alone

LOOP = """
from syncml import Hz, Stream, assume, ensure, every, f32, f64, i32, node, require, sample, state, u64, when
from syncml.nodes.random import bell, random_bits


@node(rate=Hz(20))
def loop(push: Stream[f32], noise: Stream[f32], lost: Stream[bool], seed: Stream[u64], limit: Stream[f64]
         ) -> tuple[Stream[f32], Stream[i32], Stream[f64]]:
    speed, count = state(init=0.0), state(init=0, type=i32)
    speed.next = speed + 0.1 * (push + noise - 0.2 * speed)
    count.next = count + 1
    drawn = bell(random_bits(seed, seed + 1))
    assume(noise < 0.49, "little noise")
    ensure(speed <= 6.0, "slow enough")
    ensure(sample(speed, to=Hz(5)) <= 5.9, "slow enough now and then")
    ensure(when(speed, ~lost) >= -5.0, "not backwards")
    return speed, count, drawn + limit
"""
PUSH = """
name: "Pushes, and a lot of them"
duration: "${0.5 + 0.5 * floor(v)} s"
seed: 3
parameters:
  v: {low: 0, high: 3}
  p: {mean: 4, sigma: 5, bound: 12}
  kind: {values: [quick, slow]}
sampling: {method: latin_hypercube, count: 200}
require: ["p < 14"]
inputs:
  push: "${2 * p}"
  noise: {sigma: 0.2, bound: 0.5}
  lost: {probability: 0.5}
  seed: {seed: run}
  limit: {points: [[0.0, "${v}"], [1.0, 2.0]], between: linear}
"""
CAR = """
from syncml import Hz, Stream, clip, ensure, f32, first, node, state, where


@node(rate=Hz(20))
def follow(gap: Stream[f32], lead: Stream[f32], wanted: Stream[f32], error: Stream[f32]) -> Stream[f32]:
    kept = state(init=0.0)
    speed = where(first(), wanted, kept)
    kept.next = clip(speed + 0.05 * clip(0.3 * (gap - 2.0 * speed) + lead - speed + error, -4.0, 2.0), 0.0, wanted)
    ensure(gap > 0.5, "no collision")
    return speed
"""
CUT_IN = """
name: Cut-in
duration: 6 s
seed: 1
parameters:
  v: {first: 40, last: 80, step: 20, unit: km/h}
  dx: {values: [5, 15, 25]}
require: ["dx * 4 > v"]
road: {line: [{length: 1000}], right: [3.5, 3.5]}
actors:
  ego: {lane: -1, at: 20 m, speed: "${v}"}
  other: {lane: -2, ahead_of: ego, gap: "${dx}", speed: "${v - 8}"}
events:
  - {name: in, actor: other, when: [{time: 1 s}], do: [{lane: -1, time: 2 s}]}
stop: [{collision: [ego, other]}]
ego: {speed: speed}
inputs:
  gap: {sense: lead.gap}
  lead: {sense: lead.speed}
  wanted: {sense: ego.start_speed}
  error: {low: -1, high: 1}
"""


def written(folder: Path, program: str = LOOP, scenario: str = PUSH) -> tuple[Path, Path]:
    (folder / "loop.py").write_text(program, "utf-8")
    (folder / "push.yaml").write_text(scenario, "utf-8")
    return folder / "loop.py", folder / "push.yaml"


def sweep_in(folder: Path, runs: int | None = None, program: str = LOOP, scenario: str = PUSH, **given: Any) -> Sweep:
    path, drives = written(folder, program, scenario)
    return opened(Plan(path, "", (), drives, runs=runs, **given))


def swept(
    sweep: Sweep,
    folder: Path,
    workers: Workers = alone,
    form: Form = Form.CSV,
    told: Callable[[Summary], None] = lambda _: None,
    **given: Any,
) -> Store:
    settings = Settings(folder, form, **{"part": 64, "traces": 3, **given})
    return run_sweep(sweep, settings, workers, lambda: lane_runs(sweep.checked.program), told)


def digest(folder: Path) -> str:
    """Of all results in a folder: their names and contents."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".lock":
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()

"""Threads that help with long loops: the bits are those of one thread, and of the interpreter."""

from __future__ import annotations

import platform
import threading
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, f32, node, segment, state, tanh
from syncml.lang.load import program_of
from syncml.learn import Adam, descend, value_and_grad
from syncml.pipeline import check
from syncml.sim import compiled, numba_text, teams
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.interpreter import interpret

SIZE = 64
WEIGHTS = np.random.default_rng(1).normal(scale=0.2, size=(SIZE, SIZE)).astype(np.float32)
INPUTS = {"x": np.random.default_rng(2).normal(size=(12, SIZE)).astype(np.float32)}


@node
def main(x: Stream[Vec[L[64]]]) -> tuple[Stream[Mat[L[64], L[64]]], Stream[f32]]:
    held = state(init=WEIGHTS.tolist())
    held.next = tanh(held @ WEIGHTS) * 0.5 + tanh(WEIGHTS @ held) * x
    return held, held.sum()


@node
def predicted(w: Stream[Mat[L[8], L[8]]], v: Stream[Vec[L[8]]], x: Stream[Vec[L[8]]]) -> Stream[f32]:
    error = tanh(w @ x) @ v - x.sum()
    return error * error


@node
def learner(x: Stream[Vec[L[8]]]) -> tuple[Stream[f32], Stream[Mat[L[8], L[8]]]]:
    with segment(every=6) as batch:
        w, v = batch.carry(init=WEIGHTS[:8, :8].tolist()), batch.carry(init=WEIGHTS[0, :8].tolist())
        loss, (d_w, d_v) = value_and_grad(predicted, wrt=("w", "v"))(w, v, x)
        descend(batch, Adam(0.05), (w, d_w), (v, d_v), limit=1.0)
    return loss, w


def threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(teams, "threads", lambda: count)
    monkeypatch.setattr(compiled, "LONG_RUN", 0)


def bits(simulation: Simulation, inputs: dict[str, Any], ticks: int) -> list[bytes]:
    simulation.reset()
    found = [c.values.tobytes() for c in simulation.run(inputs, ticks).columns]
    return [*found, *(v.tobytes() for v in simulation.saved().values())]


def test_products_are_shared_and_have_the_bits_of_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    program = check(program_of(main)).program
    simulation = compile_program(program)
    # Two products, each with its tanh.
    assert simulation.source.count("share(p_team_i64)") >= 2
    found: list[list[bytes]] = []
    for count in (1, 2, 3, 4):
        threads(monkeypatch, count)
        found.append(bits(simulation, INPUTS, 12))
    assert all(each == found[0] for each in found)
    expected = interpret(program, INPUTS, 12).trace
    names = [c.name for c in expected.columns]
    simulation.reset()
    for column in simulation.run(INPUTS, 12).columns:
        assert column.values.tobytes() == expected.columns[names.index(column.name)].values.tobytes(), column.name


@pytest.mark.parametrize("count", [2, 4])
def test_a_program_whose_loops_are_all_shared_learns_the_same(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program = check(program_of(learner)).program
    inputs = {"x": np.random.default_rng(3).normal(size=(600, 8)).astype(np.float32)}
    alone = compile_program(program)
    assert "share(" not in alone.source
    expected = bits(alone, inputs, 600)
    monkeypatch.setattr(numba_text, "WORTH", 1)
    shared = compile_program(program)
    assert shared.source.count("share(p_team_i64)") > 20
    threads(monkeypatch, count)
    # Helpers that come late, sleep, or find nothing change nothing.
    for patience in (1, 2_000):
        monkeypatch.setattr(teams, "_PATIENCE", patience)
        assert bits(shared, inputs, 600) == expected


def test_helpers_go_when_a_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = compile_program(check(program_of(main)).program)
    threads(monkeypatch, 3)
    before = threading.active_count()
    words: list[np.ndarray[Any, Any]] = []

    def world(ticks: int, *arrays: np.ndarray[Any, Any]) -> int:
        words.append(next(a for a in arrays if a.size == teams.WORDS and a.dtype == np.int64))
        raise ValueError("the world ends")

    with pytest.raises(ValueError, match="the world ends"):
        simulation.run_in(world, INPUTS, 12)
    assert words[0][teams.TASK] == teams.STOP
    assert words[0][teams.HELPERS] == 2
    assert threading.active_count() == before


def test_the_number_of_threads_is_that_of_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import config

    for given, expected in ((1, 1), (3, 3), (64, teams.MOST)):
        monkeypatch.setattr(config, "NUMBA_NUM_THREADS", given)
        assert teams.threads() == expected


def test_trials_of_windows_change_no_bit_and_shared_tasks_stop_where_they_take_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba_text, "WORTH", 1)
    simulation = compile_program(check(program_of(learner)).program)
    inputs = {"x": np.random.default_rng(4).normal(size=(6000, 8)).astype(np.float32)}
    threads(monkeypatch, 1)
    expected = bits(simulation, inputs, 6000)
    threads(monkeypatch, 2)
    team = getattr(simulation, "_team")["i64"]  # noqa: B009
    seen: list[int] = []
    for _ in range(4):
        assert bits(simulation, inputs, 6000) == expected
        seen.append(int(team[teams.WINDOW]))
    # Windows were counted, on and on.
    assert len(set(seen)) > 1
    if platform.machine() in {"x86_64", "AMD64"}:
        # Tasks of some nanoseconds are not worth sharing; that is found out in the first two windows.
        assert team[teams.ALONE] == 1

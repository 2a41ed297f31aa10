"""Deterministic gradients from a memory of steps: a small problem is learnt, with the same bits in every engine."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, arange, cast, constant, f32, node, state, u64, where, zeros
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.optimisers import Adam
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.replay import Steps, replayed
from syncml.learn.rl.td3 import TD3
from syncml.nodes.activations import relu
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.engines import assert_c_agrees, assert_same_state, outputs_of

LANES = 4
AGENT = TD3(
    Layers((1, 4, 1), relu, last_gain=0.01), Layers((2, 8, 1), relu), Adam(1e-2),
    gamma=0.5, capacity=30, batch=8, share=0.05, after=20, limit=1.0,
)  # fmt: skip


@node
def point() -> tuple[Stream[f32], Stream[Vec[Any]]]:
    """Points on a line that an action moves by half of itself; a cost of the distance from 0; out beyond 1.5."""
    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    bits = random_bits(tick, 5)
    parameters: Any = state(init=AGENT.initial(3))
    place: Any = state(init=np.array([1.0, -1.0, 0.5, -0.5], np.float32))
    action = AGENT.explored(parameters, place.reshape(LANES, 1), random_bits(bits, 1))
    after = place + 0.5 * action[:, 0]
    out = abs(after) > 1.5
    place.next = where(out, 0.0, after)
    steps = Steps(place.reshape(LANES, 1), action, -abs(after), after.reshape(LANES, 1), out)
    parameters.next, loss = AGENT.learn(parameters, steps, random_bits(bits, 2))
    return loss, parameters


def mean_distance(parameters: Any) -> float:
    """Where the policy brings points in 6 steps, on the mean; computed by NumPy."""
    x = np.linspace(-1.0, 1.0, 9)[:, None]
    w, b, v, c = parameters[:4].reshape(1, 4), parameters[4:8], parameters[8:12].reshape(4, 1), parameters[12]
    for _ in range(6):
        x = x + 0.5 * np.tanh(np.maximum(x @ w + b, 0.0) @ v + c)
    return float(np.abs(x).mean())


def test_points_are_brought_to_the_middle_with_the_same_bits_in_every_engine() -> None:
    checked = check(program_of(point))
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    learnt = np.asarray(simulation.run({}, 1000).columns[-1].values)[-1]
    assert mean_distance(AGENT.initial(3)) > 0.4
    assert mean_distance(learnt) < 0.1
    simulation.reset()
    expected = interpret(checked.program, {}, 30)
    found = simulation.run({}, 30).only(outputs_of(expected, checked).names())
    assert first_difference(outputs_of(expected, checked), found) is None
    assert_same_state(expected, simulation.state(), checked)
    assert_c_agrees(checked, {}, expected)


def run(program: Any, ticks: int, **inputs: Any) -> list[Any]:
    """The outputs, by the interpreter."""
    checked = check(program_of(program))
    return [
        np.asarray(column.values) for column in outputs_of(interpret(checked.program, inputs, ticks), checked).columns
    ]


def test_parameters_stay_until_learning_begins_and_actions_are_even_before() -> None:
    """Parameters rest for ``after + 1`` instants, and in those actions are even in [-1, 1]."""
    agent = TD3(Layers((1, 2, 1)), Layers((2, 2, 1)), Adam(1e-2), capacity=8, batch=4, after=6)

    @node
    def program() -> tuple[Stream[Vec[Any]], Stream[Any]]:
        tick: Any = state(init=0, type=u64)
        tick.next = tick + 1
        parameters: Any = state(init=agent.initial(1))
        seen: Any = zeros(64).reshape(64, 1) + 1.0
        action = agent.explored(parameters, seen, random_bits(tick, 1))
        steps = Steps(seen, action, action[:, 0], seen, zeros(64) > 1.0)
        parameters.next, _ = agent.learn(parameters, steps, random_bits(tick, 2))
        return parameters, action

    parameters, actions = run(program, 12)[-2:]
    assert (parameters[:8] == agent.initial(1)).all()
    assert (parameters[8] != parameters[7]).any()
    early, later = actions[:7].reshape(-1), actions[7:].reshape(5, -1)
    assert abs(early).max() <= 1.0
    assert early.std() == pytest.approx(1.0 / np.sqrt(3.0), rel=0.05)
    assert later.std(axis=1) == pytest.approx(np.full(5, agent.noise), rel=0.4)


def test_the_target_is_the_lesser_of_two_values_and_the_reward_alone_where_nothing_comes_after() -> None:
    """Against NumPy, with linear networks and without smoothing."""
    agent = TD3(Layers((1, 1)), Layers((2, 1)), gamma=0.9, smoothing=(0.0, 0.5))
    parameters = np.array([0.7, 0.1, 1.0, 2.0, 0.3, -1.5, 0.5, 0.2], np.float32)
    after, reward = np.array([[0.5], [-1.0], [2.0], [-2.0]]), np.array([1.0, 2.0, 3.0, 4.0])

    @node
    def program(seen: Stream[Vec[L[4]]], reward: Stream[Vec[L[4]]], out: Stream[Vec[L[4], bool]]) -> Stream[Any]:
        rows = Steps(seen.reshape(4, 1), seen.reshape(4, 1), reward, seen.reshape(4, 1), out)
        bits: Any = state(init=0, type=u64)
        bits.next = bits
        return agent.targets(constant(parameters), rows, bits)

    out = np.array([[False, True, False, False]])
    found = run(program, 1, seen=after[:, 0][None], reward=reward[None], out=out)[-1][0]
    action = np.tanh(0.7 * after[:, 0] + 0.1)
    first, second = after[:, 0] + 2.0 * action + 0.3, -1.5 * after[:, 0] + 0.5 * action + 0.2
    assert ((first < second).any(), (second < first).any()) == (True, True)
    np.testing.assert_allclose(found, reward + 0.9 * np.where(out[0], 0.0, np.minimum(first, second)), rtol=1e-5)


def test_only_the_last_instants_are_drawn_and_in_time_all_of_them() -> None:
    """The reward of a step is 10 times its instant, and its environment."""

    @node
    def program() -> Stream[Any]:
        tick: Any = state(init=0, type=u64)
        tick.next = tick + 1
        reward: Any = 10.0 * cast(tick, f32) + arange(2)
        rows = reward.reshape(2, 1)
        return replayed(Steps(rows, rows, reward, rows, reward < 0.0), 3, 16, random_bits(tick, 1)).reward

    found = run(program, 30)[-1]
    assert (found[0] == 0.0).all()
    for now in range(3, 30):
        assert set(found[now]) <= {10.0 * (now - k) + lane for k in (1, 2, 3) for lane in (0, 1)}
    ages = {10 * now - round(float(x)) for now in range(3, 30) for x in found[now]}
    assert ages == {10, 9, 20, 19, 30, 29}

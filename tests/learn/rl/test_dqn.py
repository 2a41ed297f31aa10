"""Q-learning from a memory of steps: the values of a small problem, the same in every engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from syncml import Stream, Vec, arange, f32, node, state, u64, vec, where, zeros
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.optimisers import Adam
from syncml.learn.rl.dqn import DQN, greedy
from syncml.learn.rl.replay import Steps
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.engines import assert_c_agrees, assert_same_state, outputs_of

LANES, GAMMA = 4, 0.5


def network(parameters: Any, seen: Any) -> Any:
    return seen @ parameters.reshape(3, 2)


@node
def corridor() -> tuple[Stream[f32], Stream[Vec[Any]]]:
    """Three places in a row: action 1 goes on, and from the last place out, for a reward of 1; action 0 goes back."""
    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    bits = random_bits(tick, 9)
    place: Any = state(init=zeros(LANES))
    parameters: Any = state(init=np.zeros(6))

    def shown(at: Any) -> Any:
        return vec(*(where(at == float(k), 1.0, 0.0) for k in range(3))).reshape(3, LANES).T

    action = greedy(network(parameters, shown(place)), 0.3, random_bits(bits, arange(LANES, type=u64)))
    out = (place == 2.0) & (action == 1)
    after: Any = where(action == 1, where(out, 2.0, place + 1.0), where(place == 0.0, 0.0, place - 1.0))
    place.next = where(out, 0.0, after)
    steps = Steps(shown(place), action, where(out, 1.0, 0.0), shown(after), out)
    algorithm = DQN(network, Adam(0.02), gamma=GAMMA, capacity=50, batch=16, rest=10, after=5)
    parameters.next, loss = algorithm.learn(parameters, np.zeros(6), steps, random_bits(bits, 77))
    return loss, parameters


def test_the_values_of_a_corridor_are_found_with_the_same_bits_in_every_engine() -> None:
    checked = check(program_of(corridor))
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    values = np.asarray(simulation.run({}, 1500).columns[-1].values)[-1].reshape(3, 2)
    best = np.array([[0.125, 0.25], [0.125, 0.5], [0.25, 1.0]])
    np.testing.assert_allclose(values, best, atol=0.02)
    simulation.reset()
    expected = interpret(checked.program, {}, 24)
    found = simulation.run({}, 24).only(outputs_of(expected, checked).names())
    assert first_difference(outputs_of(expected, checked), found) is None
    assert_same_state(expected, simulation.state(), checked)
    assert_c_agrees(checked, {}, expected)

"""The benchmark of PPO: what peers are told, and the arithmetic that figures are compared with."""

from __future__ import annotations

import json
from inspect import getclosurevars

from benchmarks.rl.run import configuration, operations, program


def test_peers_are_told_the_numbers_of_the_example() -> None:
    module = program()
    given = json.loads(json.dumps(configuration(module, "jax", 4)))
    assert given["environments"] == 4
    falling = getclosurevars(module.ALGORITHM.optimiser.rate).nonlocals
    assert (given["rate"], given["updates"]) == (falling["start"], falling["updates"])
    assert (given["epochs"], given["batches"]) == (module.ALGORITHM.epochs, module.ALGORITHM.batches)
    assert len(given["first"]) == module.ACTOR.size + module.CRITIC.size == 9155


def test_the_operations_of_a_step_are_those_of_its_products() -> None:
    """By hand for 4-64-64-2 and 4-64-64-1: forwards 8960 and 8832, and what comes back through all but the first."""
    actor, critic = 2 * (4 * 64 + 64 * 64 + 64 * 2), 2 * (4 * 64 + 64 * 64 + 64)
    learning = 3 * (actor + critic) - 2 * 2 * 4 * 64
    assert operations(program()) == actor + 2 * critic + 4 * learning

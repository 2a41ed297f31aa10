"""Actuators against their formulas, and the contracts that are proved of them."""

from __future__ import annotations

import numpy as np
import pytest

from syncml import Stream, f32, f64, node
from syncml.nodes.actuators import CHAIN, actuator, dead_time, lag, rate_limited
from tests.nodes.running import assert_engines_agree, out, verdicts

COMMAND = np.random.default_rng(1).uniform(-12, 6, 60)


@node
def lagging(u: Stream[f64]) -> Stream[f64]:
    return lag(u, 0.02, 0.3, 1.5)


def test_lag_is_the_solution_of_its_equation() -> None:
    y, expected = 1.5, []
    for u in COMMAND:
        expected.append(y)
        y = u + (y - u) * np.exp(-0.02 / 0.3)
    assert out(lagging, u=COMMAND) == pytest.approx(np.array(expected), rel=1e-12)


@node
def limited(u: Stream[f32]) -> Stream[f32]:
    return rate_limited(u, 0.02, 30.0, 1.0)


def test_rate() -> None:
    y, expected = 1.0, []
    for u in COMMAND:
        y = min(max(u, y - 0.6), y + 0.6)
        expected.append(y)
    assert out(limited, u=COMMAND.astype(np.float32)) == pytest.approx(np.array(expected), abs=1e-5)
    assert out(limited, u=np.array([np.nan, 9.0], dtype=np.float32)) == pytest.approx(np.array([0.4, 1.0]))


@pytest.mark.parametrize("ticks", [0, 1, CHAIN, CHAIN + 1, 30])
def test_dead_time(ticks: int) -> None:
    @node
    def late(u: Stream[f64]) -> Stream[f64]:
        return dead_time(u, ticks, -1.0)

    assert np.array_equal(out(late, u=COMMAND), np.concatenate([np.full(ticks, -1.0), COMMAND])[:60])


@node
def brake(u: Stream[f32]) -> Stream[f32]:
    return actuator(u, 0.01, -8.0, 2.0, 40.0, delay=10, time_constant=0.2)


def test_an_actuator_is_its_parts_in_order() -> None:
    y, carried, expected = 0.0, 0.0, []
    for u in np.concatenate([np.zeros(10), COMMAND])[:60]:
        expected.append(y)
        wanted = min(max(u, -8.0), 2.0)
        carried = min(max(wanted, carried - 0.4), carried + 0.4)
        y = carried + (y - carried) * np.exp(-0.05)
    assert out(brake, u=COMMAND.astype(np.float32)) == pytest.approx(np.array(expected), abs=1e-5)


def test_every_engine_has_the_same_actuator() -> None:
    assert_engines_agree(brake, u=COMMAND.astype(np.float32))


def test_the_contracts_are_proved() -> None:
    found = verdicts(brake)
    assert all(found.values()), found
    assert any("rate limited" in name for name in found)

"""Returns and advantages against their definitions, summed over the steps of each episode."""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, f64, node, pack, segment
from syncml.learn.rl.returns import discounted, following_value, gae, lambda_return, n_step
from tests.nodes.running import run

Array = NDArray[Any]
LENGTH, LANES, GAMMA, LAM = 7, 3, 0.9, 0.8
Lane = Stream[Vec[L[3], f64]]
Lanes = Stream[Mat[L[7], L[3], f64]]


@node
def returns(
    reward: Lane, value: Lane, after: Lane, terminated: Stream[Vec[L[3], bool]], truncated: Stream[Vec[L[3], bool]]
) -> tuple[Lanes, Lanes, Lanes, Lanes, Lanes]:
    ended = terminated | truncated
    with segment(every=LENGTH):
        following = following_value(value, after, terminated, truncated)
        plain = pack(discounted(reward, ended, GAMMA))
        started = pack(discounted(reward, ended, GAMMA, after))
        advantage = pack(gae(reward, value, following, ended, GAMMA, LAM))
        mixed = pack(lambda_return(reward, following, ended, GAMMA, LAM))
        three = pack(n_step(reward, following, ended, GAMMA, 3))
    return plain, started, advantage, mixed, three


def steps_of(n: int, i: int, ended: Array) -> list[int]:
    """The instants from ``n`` to the end of the episode or of the segment."""
    last = next((k for k in range(n, LENGTH) if ended[k, i]), LENGTH - 1)
    return list(range(n, last + 1))


def test_returns_are_their_definitions() -> None:
    random = np.random.default_rng(2)
    reward, value, after = (random.normal(size=(LENGTH, LANES)) for _ in range(3))
    terminated = random.random((LENGTH, LANES)) < 0.2
    truncated = (random.random((LENGTH, LANES)) < 0.2) & ~terminated
    terminated[-1], truncated[-1] = [True, False, False], [False, True, False]
    got = run(returns, reward=reward, value=value, after=after, terminated=terminated, truncated=truncated)
    plain, started, advantage, mixed, three = (np.asarray(v)[-1] for v in got.values())
    ended = terminated | truncated
    assert 0 < ended[:-1].sum() < ended.size, "episodes end inside of the segment"

    def following(k: int, i: int) -> float:
        if terminated[k, i]:
            return 0.0
        return after[k, i] if truncated[k, i] or k == LENGTH - 1 else value[k + 1, i]

    def after_steps(n: int, i: int, count: int) -> float:
        steps = steps_of(n, i, ended)[:count]
        total = sum(GAMMA**j * reward[k, i] for j, k in enumerate(steps))
        return total + GAMMA ** len(steps) * following(steps[-1], i)

    for n in range(LENGTH):
        for i in range(LANES):
            steps = steps_of(n, i, ended)
            sums = sum(GAMMA**j * reward[k, i] for j, k in enumerate(steps))
            assert plain[n, i] == pytest.approx(sums)
            assert started[n, i] == pytest.approx(sums + GAMMA ** len(steps) * after[steps[-1], i])
            errors = [reward[k, i] + GAMMA * following(k, i) - value[k, i] for k in steps]
            assert advantage[n, i] == pytest.approx(sum((GAMMA * LAM) ** j * e for j, e in enumerate(errors)))
            count = len(steps)
            mixture = (1 - LAM) * sum(LAM ** (k - 1) * after_steps(n, i, k) for k in range(1, count))
            assert mixed[n, i] == pytest.approx(mixture + LAM ** (count - 1) * after_steps(n, i, count))
            assert three[n, i] == pytest.approx(after_steps(n, i, 3))


def test_advantages_are_the_mixed_return_less_the_value() -> None:
    """The identity by which PPO takes ``A + V`` for the target of the values."""
    random = np.random.default_rng(5)
    rows = (14, LANES)
    got = run(returns, reward=random.normal(size=rows), value=(value := random.normal(size=rows)),
              after=random.normal(size=rows), terminated=random.random(rows) < 0.2,
              truncated=np.zeros(rows, np.bool_))  # fmt: skip
    _, _, advantage, mixed, _ = (np.asarray(v)[-1] for v in got.values())
    np.testing.assert_allclose(advantage + value[LENGTH:], mixed, rtol=1e-12)


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        n_step(None, None, None, 0.9, 0)

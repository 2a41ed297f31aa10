"""Environments do what the interpreter does with the node, episode by episode."""

from __future__ import annotations

import enum
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import syncml.gym
from syncml import Hz, Stream, Vec, cast, f32, f64, first, hold, i32, node, sample, state, u64, vec, where
from syncml.diagnostics import DiagnosticError
from syncml.gym.compiled import _words  # pyright: ignore[reportPrivateUsage]
from syncml.lang.load import program_of
from syncml.nodes.random import random_bits, uniform
from syncml.pipeline import check
from syncml.sim.interpreter import Interpreter

MASK = 2**64 - 1


@node(rate=Hz(50))
def walk(
    push: Stream[f32], turn: Stream[Vec[L[2]]], seed: Stream[u64]
) -> tuple[Stream[Vec[L[2]]], Stream[f64], Stream[bool]]:
    """A walk from a random place, with memory on a slower clock, until it is far away."""
    place, speed = state(init=0.0, type=f32), state(init=0.0, type=f32)
    start = cast(uniform(random_bits(seed, 3)), f32)
    here = where(first(), start, place + 0.5 * speed)
    speed.next = where(first(), 0.0, speed + push + turn[0] * turn[1])
    place.next = here
    slow = hold(walked(sample(here, to=Hz(10))), init=0.0)
    observation = vec(here, slow)
    reward = cast(here * here, f64)
    terminated = abs(here) > 3.0
    return observation, reward, terminated


@node
def walked(place: Stream[f32]) -> Stream[f32]:
    """The sum of all places."""
    sum_ = state(init=0.0, type=f32)
    sum_.next = sum_ + place
    return sum_ + place


BOUNDS = {"push": (-1.0, 1.0), "turn": (-1.0, 1.0)}


def bits(seed: int, number: int) -> int:
    """The seed of an episode, as `syncml.nodes.random` has it."""
    z = (int(_words([seed])[0]) + number * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def episode(seed: int, number: int, actions: list[np.ndarray[Any, Any]], ticks: int) -> list[tuple[Any, float, bool]]:
    """Observation, reward and end of each step, by the interpreter; the first is that of the reset."""
    run = Interpreter(check(program_of(walk)).flat)
    found: list[tuple[Any, float, bool]] = []
    ended = False
    for step, action in enumerate([np.zeros(3, np.float32), *actions]):
        total, seen = 0.0, None
        for _ in range(1 if step == 0 else ticks):
            row = {"push": [float(action[0])], "turn": [action[1:].tolist()], "seed": [bits(seed, number)]}
            trace = run.run(row, 1).trace
            seen = trace.column("observation").values[0]
            if step and not ended:
                total += float(trace.column("reward").values[0])
                ended = bool(trace.column("terminated").values[0])
        found.append((seen, total, ended))
    return found


@pytest.mark.parametrize(("ticks", "limit"), [(1, 12), (3, 3)])
def test_an_environment_does_what_the_interpreter_does(ticks: int, limit: int) -> None:
    env = syncml.gym.make(walk, bounds=BOUNDS, ticks=ticks, limit=limit)
    random = np.random.default_rng(0)
    ends = set[str]()
    for number in range(1, 9):
        seen, _ = env.reset(seed=7 if number == 1 else None)
        steps: list[Any] = [(seen, 0.0, False)]
        actions: list[Any] = []
        ended = truncated = False
        while not (ended or truncated):
            actions.append(random.uniform(-1, 1, 3).astype(np.float32))
            seen, reward, ended, truncated, _ = env.step(actions[-1])
            steps.append((seen, reward, ended))
        assert truncated == (len(actions) == limit)
        ends.add("ended" if ended else "truncated")
        for (a, b, c), (d, e, f) in zip(steps, episode(7, number, actions, ticks), strict=True):
            np.testing.assert_array_equal(a, d)
            assert (b, c) == (e, f)
    assert ends == {"ended", "truncated"}


@pytest.mark.parametrize("count", [5, 37])
def test_many_environments_do_what_single_ones_do(count: int) -> None:
    single = [syncml.gym.make(walk, bounds=BOUNDS, limit=9) for _ in range(count)]
    next_step = syncml.gym.make_vec(walk, count, bounds=BOUNDS, limit=9)
    same_step = syncml.gym.make_vec(walk, count, bounds=BOUNDS, limit=9, autoreset="same_step")
    disabled = syncml.gym.make_vec(walk, count, bounds=BOUNDS, limit=9, autoreset="disabled")
    random = np.random.default_rng(1)
    first_seen = np.array([env.reset(seed=40 + k)[0] for k, env in enumerate(single)])
    for envs in (next_step, same_step, disabled):
        np.testing.assert_array_equal(envs.reset(seed=40)[0], first_seen)
    episodes = 0
    for _ in range(40):
        action = random.uniform(-1, 1, (count, 3)).astype(np.float32)
        stepped = [env.step(action[k]) for k, env in enumerate(single)]
        seen, rewards, ended, truncated = (np.array([s[i] for s in stepped]) for i in range(4))
        over = ended | truncated
        for envs in (same_step, disabled):
            found = envs.step(action)
            np.testing.assert_array_equal(found[1], rewards)
            np.testing.assert_array_equal(found[2], ended)
            np.testing.assert_array_equal(found[3], truncated)
            if envs is same_step and over.any():
                last = found[4]["final_obs"]
                np.testing.assert_array_equal(np.stack(list(last[over])), seen[over])
                np.testing.assert_array_equal(found[4]["_final_obs"], over)
            if envs is disabled:
                np.testing.assert_array_equal(found[0], seen)
                if over.any():
                    seen_next = disabled.reset(options={"reset_mask": over})[0]
            else:
                after = found[0]
        for k in np.flatnonzero(over):
            seen[k] = single[k].reset()[0]
            episodes += 1
        np.testing.assert_array_equal(after, seen)
        if over.any():
            np.testing.assert_array_equal(seen_next, seen)
    assert episodes >= 3 * count


def test_the_next_step_begins_the_next_episode() -> None:
    count = 3
    envs = syncml.gym.make_vec(walk, count, bounds=BOUNDS, limit=5)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    same = [syncml.gym.make(walk, bounds=BOUNDS, limit=5) for _ in range(count)]
    seen = envs.reset(seed=3)[0]
    np.testing.assert_array_equal(seen, [env.reset(seed=3 + k)[0] for k, env in enumerate(same)])
    over = np.zeros(count, np.bool_)
    random = np.random.default_rng(2)
    begun = 0
    for _ in range(30):
        action = random.uniform(-1, 1, (count, 3)).astype(np.float32)
        found = envs.step(action)
        for k in range(count):
            if over[k]:
                expected: tuple[Any, ...] = (same[k].reset()[0], 0.0, False, False)
                begun += 1
            else:
                expected = same[k].step(action[k])[:4]
            np.testing.assert_array_equal(found[0][k], expected[0])
            assert tuple(x[k] for x in found[1:4]) == expected[1:]
        over = found[2] | found[3]
    assert begun >= 10


def test_threads_and_seeds() -> None:
    def run(seed: int, threads: int) -> np.ndarray[Any, Any]:
        envs = syncml.gym.make_vec(walk, 70, bounds=BOUNDS, threads=threads, ticks=2000)
        envs.reset(seed=seed)
        return np.concatenate([envs.step(np.full((70, 3), 0.01, np.float32))[0] for _ in range(3)])

    np.testing.assert_array_equal(run(1, 1), run(1, 2))
    assert not np.array_equal(run(1, 1), run(2, 1))
    env = syncml.gym.make(walk, bounds=BOUNDS)
    one, two = (env.reset(seed=5)[0] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, env.reset()[0])


@node(rate=Hz(50))
def kinds(push: Stream[f32], turn: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[3], f64]], Stream[f32]]:
    """Observations of two kinds of floats."""
    far = state(init=0.0, type=f64)
    far.next = far + cast(push, f64)
    near = push - turn
    reward = near * 0.5
    wide = vec(far, cast(turn, f64) / 3.0, 7.0)
    return near, wide, reward


def test_observations_are_of_one_kind_and_stay() -> None:
    """What a step returns is in memory of its own, whatever follows."""
    count = 37
    bounds = {"push": (-1.0, 1.0), "turn": (-1.0, 1.0)}
    envs = syncml.gym.make_vec(kinds, count, bounds=bounds, limit=3)
    seen = envs.reset(seed=1)[0]
    assert seen.dtype == envs.observation_space.dtype == np.float64
    assert envs.observation_space.contains(seen)
    random, far, kept = np.random.default_rng(4), np.zeros(count), []
    for _ in range(3):
        action = random.uniform(-1, 1, (count, 2)).astype(np.float32)
        found = envs.step(action)
        kept.append((found, [part.copy() for part in found[:4]]))
        near = action[:, 0] - action[:, 1]
        assert found[3].all() == (len(kept) == 3)
        np.testing.assert_array_equal(found[0][:, 0], near)
        np.testing.assert_array_equal(found[0][:, 2:].T, [action[:, 1].astype(np.float64) / 3.0, np.full(count, 7.0)])
        np.testing.assert_array_equal(found[1], near * np.float32(0.5))
        if len(kept) > 1:
            np.testing.assert_array_equal(found[0][:, 1], far)
        far = found[0][:, 1] + action[:, 0]
    for found, before in kept:
        for one, two in zip(found, before, strict=False):
            np.testing.assert_array_equal(one, two)


class Gear(enum.Enum):
    """What the agent chooses."""

    BACK = 0
    REST = 1
    FORTH = 2


@node(rate=Hz(100))
def gears(gear: Stream[Gear], fast: Stream[bool], bonus: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    """A place on a line that choices move."""
    place = state(init=0.0, type=f32)
    step = where(gear == Gear.BACK, -1.0, where(gear == Gear.FORTH, 1.0, 0.0)) * where(fast, 2.0, 1.0)
    here = where(first(), 0.0, place + step)
    place.next = here
    reward = here + bonus
    return here, reward


def test_choices_are_whole_numbers() -> None:
    env = syncml.gym.make(gears, inputs={"bonus": 0.5}, limit=4)
    assert list(env.action_space.nvec) == [3, 2]
    env.reset(seed=0)
    assert [env.step(choice)[1] for choice in ([2, 1], [2, 0], [0, 0], [1, 1])] == [2.5, 3.5, 2.5, 2.5]
    env = syncml.gym.make(gears, inputs={"bonus": 0.5, "fast": True})
    assert env.action_space.n == 3
    env.reset(seed=0)
    assert [float(env.step(choice)[0][0]) for choice in (2, 2, 0)] == [2.0, 4.0, 2.0]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("source", [walk, gears])
def test_gymnasium_finds_no_fault(source: Any) -> None:
    options = {"bounds": BOUNDS} if source is walk else {"inputs": {"bonus": 1.0}}
    check_env(syncml.gym.make(source, **options), skip_render_check=True)


@node(rate=Hz(100))
def slow_reward(push: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    """A reward that is absent at times."""
    place = push + 1.0
    reward = sample(place, to=Hz(10))
    return place, reward


@node
def counted(push: Stream[i32]) -> tuple[Stream[i32], Stream[f32]]:
    """An observation that is no float."""
    place = push + 1
    reward = cast(push, f32)
    return place, reward


@pytest.mark.parametrize(
    ("source", "options", "code", "text"),
    [
        (walk, {}, "U001", "'push' has no bounds"),
        (walk, {"bounds": {**BOUNDS, "pull": (0, 1)}}, "U001", "'pull'"),
        (walk, {"bounds": {**BOUNDS, "push": (1, 0)}}, "U001", "1 .. 0 is empty"),
        (walk, {"bounds": BOUNDS, "ticks": 0}, "U001", "ticks is 0"),
        (walk, {"bounds": BOUNDS, "inputs": {"pull": 1.0}}, "S001", "'pull'"),
        (walk, {"bounds": BOUNDS, "inputs": {"turn": [1.0]}}, "S003", "'turn'"),
        (walk, {"bounds": BOUNDS, "inputs": {"push": float("nan")}}, "S003", "nan"),
        (walk, {"bounds": BOUNDS, "observation": ["position"]}, "S001", "'position'"),
        (walk, {"bounds": BOUNDS, "observation": ["observation"] * 2}, "U001", "sees 'observation' twice"),
        (walk, {"inputs": {"push": 1.0, "turn": [0.0, 0.0]}}, "S001", "no input that the agent could choose"),
        (walked, {"bounds": {"place": (0, 1)}}, "S001", "no output 'reward'"),
        (slow_reward, {"bounds": {"push": (0, 1)}}, "S001", "'reward' is absent at some ticks"),
        (counted, {"bounds": {"push": (0, 1)}}, "S001", "'place' is i32"),
        (gears, {}, "U001", "all floats or all whole numbers"),
    ],
)
def test_what_is_no_environment_is_said(source: Any, options: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(DiagnosticError) as fault:
        syncml.gym.make(source, **options)
    assert code in {d.code for d in fault.value.diagnostics}
    assert any(text in d.message for d in fault.value.diagnostics), fault.value


def test_masks_and_modes_are_checked() -> None:
    with pytest.raises(DiagnosticError, match="no autoreset 'never'"):
        syncml.gym.make_vec(walk, 2, bounds=BOUNDS, autoreset="never")
    with pytest.raises(DiagnosticError, match="0 environments"):
        syncml.gym.make_vec(walk, 0, bounds=BOUNDS)
    envs = syncml.gym.make_vec(walk, 2, bounds=BOUNDS)
    with pytest.raises(DiagnosticError, match="wait for each other"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(DiagnosticError, match=r"shape \(1,\)"):
        envs.reset(options={"reset_mask": np.array([True])})
    with pytest.raises(ValueError, match="3 seeds"):
        envs.reset(seed=[1, 2, 3])

"""Programs that learn, estimate and plan: finite differences, enumeration, the solutions of linear systems."""

from __future__ import annotations

import shutil
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.types import shape
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import Run, interpret
from syncml.sim.trace import first_difference
from tests.backward import learning as q
from tests.backward import programs as p
from tests.backward.test_programs import close, discounted, gradient
from tests.support.engines import assert_same, outputs_of

FILE = str(Path(q.__file__))
SEGMENTS = 4
TICKS = SEGMENTS * p.N

PROGRAMS = (
    "td0", "q_learning", "actor_critic", "ppo", "birnn_gradient", "epochs", "inference", "adjoints", "smoother",
    "regulator", "ctc",
)  # fmt: skip


@cache
def checked(name: str) -> Checked:
    return check_file(f"{FILE}:{name}")


@cache
def inputs(name: str) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    given: dict[str, Any] = {}
    for var in checked(name).main.inputs:
        match str(var.type):
            case "bool":
                given[var.name] = rng.random(TICKS) < 0.5
            case "i32":
                given[var.name] = rng.integers(0, 2, TICKS).astype(np.int32)
            case _:
                given[var.name] = rng.normal(size=(TICKS, *shape(var.type)))
    if name == "inference":
        given["training"] = np.repeat([True, True, False, True], p.N)
    if name == "ctc":
        likely = np.exp(given["y"])
        given["y"] = likely / likely.sum(axis=1, keepdims=True)
    return given


@cache
def run(name: str) -> Run:
    return interpret(checked(name).program, inputs(name), TICKS)


def column(name: str, position: int) -> Any:
    """An output: its values where it is present."""
    found = run(name).trace.column(checked(name).main.outputs[position].name)
    return found.values[found.present]


def segments(*names: str, of: str) -> list[tuple[Any, ...]]:
    return [tuple(inputs(of)[n][s * p.N : (s + 1) * p.N] for n in names) for s in range(SEGMENTS)]


def test_td0() -> None:
    w, phi, r = q.CRITIC, inputs("td0")["phi"], inputs("td0")["r"]
    for t in range(TICKS):
        close(column("td0", 0)[t], w)
        before, reward = (phi[t - 1], r[t - 1]) if t else (np.zeros(2), 0.0)
        w = w + q.RATE * (reward + p.GAMMA * w @ phi[t] - w @ before) * before


def test_q_learning_from_a_ring() -> None:
    given = inputs("q_learning")
    ring: list[Any] = [None] * q.RING
    w, seed = np.eye(2), 1
    for t in range(TICKS):
        close(column("q_learning", 0)[t], w)
        before = (given["s"][t - 1], given["a"][t - 1], given["r"][t - 1]) if t else (np.zeros(2), 0, 0.0)
        ring[t % q.RING] = (*before, given["s"][t])
        old = w
        for _ in range(q.DRAWN):
            seed = (seed * 75 + 74) % 65537
            s, a, r, after = ring[seed % min(t + 1, q.RING)]
            error = r + p.GAMMA * max(old @ after) - old[a] @ s
            w = w + q.RATE * error * np.outer(np.eye(2)[a], s)
    assert len({tuple(pair) for pair in column("q_learning", 1)}) > q.RING


def log_pi(theta: Any, obs: Any, a: Any) -> Any:
    return -0.5 * (a - obs @ theta) ** 2


def test_actor_and_critic() -> None:
    theta, w = q.THETA, q.CRITIC
    for s, (obs, a, r) in enumerate(segments("obs", "a", "r", of="actor_critic")):
        close(column("actor_critic", 0)[s * p.N : (s + 1) * p.N], [theta] * p.N, 1e-8)
        close(column("actor_critic", 1)[s * p.N : (s + 1) * p.N], [w] * p.N, 1e-8)
        v = obs @ w
        gain = discounted(r + p.GAMMA * np.append(v[1:], 0.0) - v, p.GAMMA * p.LAMBDA)
        theta = theta + q.RATE * gradient(lambda u, g=gain, o=obs, a=a: float(g @ log_pi(u, o, a)), theta)
        w = w + q.RATE * gain @ obs


def test_ppo_reads_a_segment_three_times() -> None:
    given = inputs("ppo")
    theta = q.THETA
    obs, act, old, gain = np.zeros((p.N, 2)), np.zeros(p.N), np.zeros(p.N), np.zeros(p.N)
    clipped, used = 0, np.zeros((TICKS, 2))
    for t in range(TICKS):
        close(column("ppo", 0)[t], theta, 1e-7)
        used[t] = theta
        if t % p.N == p.N - 1:
            here = slice(t + 1 - p.N, t + 1)
            obs, act, gain = given["obs"][here], given["a"][here], discounted(given["r"][here])
            old = np.array([log_pi(u, o, a) for u, o, a in zip(used[here], obs, act, strict=True)])
        if t % 2 == 1:

            def objective(u: Any, o: Any = obs, a: Any = act, b: Any = old, g: Any = gain) -> float:
                ratio = np.exp(log_pi(u, o, a) - b)
                return float(np.minimum(ratio * g, np.clip(ratio, 0.8, 1.2) * g).mean())

            ratio = np.exp(log_pi(theta, obs, act) - old)
            clipped += int((ratio * gain > np.clip(ratio, 0.8, 1.2) * gain).sum())
            theta = theta + q.RATE * gradient(objective, theta)
    assert clipped > 0


def test_the_gradients_of_a_bidirectional_network() -> None:
    for s, (x, y) in enumerate(segments("x", "y", of="birnn_gradient")):

        def loss(wh: Any, vh: Any, x: Any = x, y: Any = y) -> float:
            f, b, forward, backward = np.zeros(3), np.zeros(3), [], []
            for v in x:
                f = np.tanh(wh @ f + p.WX @ v)
                forward.append(f @ p.WO)
            for v in x[::-1]:
                b = np.tanh(vh @ b + p.VX @ v)
                backward.append(b @ p.VO)
            return 0.5 * float(((np.array(forward) + np.array(backward[::-1]) - y) ** 2).sum())

        close(column("birnn_gradient", 0)[s], loss(p.WH, p.VH))
        close(column("birnn_gradient", 1)[s], gradient(lambda w, f=loss: f(w, p.VH), p.WH), 1e-7)
        close(column("birnn_gradient", 2)[s], gradient(lambda w, f=loss: f(p.WH, w), p.VH), 1e-7)


def test_epochs_of_batches() -> None:
    x, y = inputs("epochs")["x"].reshape(-1, 3), inputs("epochs")["y"].reshape(-1, 3)
    w, momentum, total, totals = 0.5, 0.0, 0.0, []
    for number, (some, wanted) in enumerate(zip(x, y, strict=True)):
        close(column("epochs", 0)[3 * number : 3 * number + 3], [w] * 3, 1e-8)
        if number % 2 == 0:
            momentum, total = 0.0, 0.0

        def loss(v: Any, some: Any = some, wanted: Any = wanted) -> float:
            return 0.5 * float(((v * some - wanted) ** 2).sum())

        total += loss(w)
        totals += [total] if number % 2 else []
        momentum = 0.5 * momentum + float(gradient(loss, np.array(w)))
        w = w - q.RATE * momentum
    close(column("epochs", 1), totals, 1e-8)


def test_the_statistics_of_inference() -> None:
    mean, variance = 0.0, 1.0
    for s, (x, training) in enumerate(segments("x", "training", of="inference")):
        used = (x.mean(), x.var()) if training[0] else (mean, variance)
        close(column("inference", 0)[s], (x - used[0]) / np.sqrt(used[1] + 1e-3), 1e-10)
        mean, variance = 0.9 * mean + 0.1 * x.mean(), 0.9 * variance + 0.1 * x.var()


def test_the_rules_of_the_reverse() -> None:
    for s, (x, t, c) in enumerate(segments("x", "t", "c", of="adjoints")):

        def loss(k: Any, x: Any = x, t: Any = t, c: Any = c) -> float:
            u = k * x
            after, before = np.append(u[1:], 0.5), np.append(0.1, u[:-1])
            return float(np.where(c, (after * before) ** 2, before) @ t)

        close(column("adjoints", 0)[s], loss(np.array(0.7)))
        close(column("adjoints", 1)[s], gradient(loss, np.array(0.7)), 1e-8)


def test_a_smoother_is_the_mean_of_the_posterior() -> None:
    """The density is that of a Gaussian, whose mean solves a linear system."""
    precision = np.zeros((p.N, p.N))
    precision[0, 0] = 1.0 / q.PRIOR_VARIANCE
    for t in range(1, p.N):
        step = np.zeros(p.N)
        step[t], step[t - 1] = 1.0, -q.DRIFT
        precision += np.outer(step, step) / q.PROCESS
    for s, (y,) in enumerate(segments("y", of="smoother")):
        close(column("smoother", 0)[s], np.linalg.solve(precision + np.eye(p.N) / q.NOISE, y / q.NOISE), 1e-10)


def test_a_regulator_has_the_least_cost() -> None:
    """The cost is quadratic in the drives, so that its gradient is zero at the least one only."""
    for s, (x0, wish) in enumerate(segments("x0", "wish", of="regulator")):

        def cost(u: Any, x0: Any = x0, wish: Any = wish) -> float:
            x, total = x0[0], 0.0
            for t in range(p.N):
                total += x @ q.STATE_COST @ x + q.DRIVE_COST * (u[t] - wish[t]) ** 2
                x = q.PLANT @ x + q.DRIVE * u[t]
            return float(total + x @ q.FINAL_COST @ x)

        drives = column("regulator", 0)[s]
        np.testing.assert_allclose(gradient(cost, drives), 0.0, atol=1e-7)
        x = x0[0]
        for t in range(p.N):
            close(column("regulator", 1)[s][t], x)
            x = q.PLANT @ x + q.DRIVE * drives[t]


def test_a_word_in_all_its_alignments() -> None:
    for s, (y,) in enumerate(segments("y", of="ctc")):
        total, share = 0.0, np.zeros((p.N, 5))
        for places in product(range(5), repeat=p.N):
            if places[0] > 1 or places[-1] < 3 or not all(q.MOVES[a, b] for a, b in pairwise(places)):
                continue
            weight = float(np.prod([y[t][q.LABELS[k]] for t, k in enumerate(places)]))
            total += weight
            share[np.arange(p.N), places] += weight
        close(column("ctc", 0)[s], total, 1e-10)
        close(column("ctc", 1)[s], share / total, 1e-10)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_engine_has_the_trace_of_the_interpreter(name: str) -> None:
    expected = outputs_of(run(name), checked(name))
    program = lower_segments(checked(name).program)
    check_program(program)
    swept = interpret(program, inputs(name), TICKS)
    assert first_difference(expected, outputs_of(swept, checked(name))) is None
    given = {v.name: c.values for v, c in prepare(checked(name).main, inputs(name), TICKS).items()}
    code = step_code(checked(name), flat=False)
    for compiler in filter(shutil.which, ("gcc", "clang")):
        assert_same(expected, compile_and_run(code, given, TICKS, compiler, ("-O3",)).outputs)

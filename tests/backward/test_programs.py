"""Programs with a backward direction against finite differences and direct formulas, and in every engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.step.check import check_step
from syncml.ir.types import shape
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import Run, interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.backward import programs as p
from tests.support.tools import require

FILE = str(Path(p.__file__))
SEGMENTS = 4
TICKS = SEGMENTS * p.N
ENDS = (3, 4, 7, 13, 17, 23)
"""The last instants of ragged segments; the fourth has the greatest length, and is ended by that."""

PROGRAMS = (
    "plain_rnn", "only_returns", "returns", "birnn", "stacked_birnn", "training", "training_backward", "rnn_gradient",
    "batch_norm", "gae", "n_step", "td_lambda", "depth", "hmm", "viterbi", "zero_phase", "running_maximum",
    "filter_gradient", "slow_returns", "delayed",
)  # fmt: skip


@cache
def checked(name: str) -> Checked:
    return check_file(f"{FILE}:{name}")


@cache
def inputs(name: str) -> dict[str, Any]:
    generator = np.random.default_rng(3)
    given: dict[str, Any] = {}
    for var in checked(name).main.inputs:
        if str(var.type) == "bool":
            given[var.name] = [t in ENDS or (var.name != "end" and t % 3 == 0) for t in range(TICKS)]
        else:
            given[var.name] = generator.normal(size=(TICKS, *shape(var.type)))
        if var.name == "e":
            given[var.name] = np.abs(given[var.name]) + 0.05
    return given


@cache
def run(name: str) -> Run:
    return interpret(checked(name).program, inputs(name), TICKS)


def column(name: str, position: int) -> Any:
    """An output: its values where it is present."""
    found = run(name).trace.column(checked(name).main.outputs[position].name)
    return found.values[found.present]


def segments(*names: str, of: str) -> list[tuple[Any, ...]]:
    """The inputs, cut into segments of full length."""
    return [tuple(inputs(of)[n][s * p.N : (s + 1) * p.N] for n in names) for s in range(SEGMENTS)]


def ragged(values: Any) -> list[Any]:
    """A stream, cut at `ENDS`; what comes after the last end is left out."""
    starts = (0, *(e + 1 for e in ENDS))
    return [values[a : b + 1] for a, b in zip(starts, ENDS, strict=False)]


def gradient(f: Callable[[Any], float], at: Any) -> Any:
    """Central differences."""
    result = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[index] = 1e-6
        result[index] = (f(at + step) - f(at - step)) / 2e-6
    return result


def rnn_loss(x: Any, y: Any, wh: Any = p.WH, wx: Any = p.WX, wo: Any = p.WO) -> float:
    h, loss = np.zeros(3), 0.0
    for i in range(len(x)):
        h = np.tanh(wh @ h + wx @ x[i])
        loss += 0.5 * (h @ wo - y[i]) ** 2
    return loss


def close(left: Any, right: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


def test_back_propagation_through_time_is_the_gradient() -> None:
    for s, (x, y) in enumerate(segments("x", "y", of="rnn_gradient")):
        close(column("rnn_gradient", 0)[s], rnn_loss(x, y))
        close(column("rnn_gradient", 1)[s], gradient(lambda w, x=x, y=y: rnn_loss(x, y, wh=w), p.WH), 1e-8)
        close(column("rnn_gradient", 2)[s], gradient(lambda w, x=x, y=y: rnn_loss(x, y, wx=w), p.WX), 1e-8)
        close(column("rnn_gradient", 3)[s], gradient(lambda w, x=x, y=y: rnn_loss(x, y, wo=w), p.WO), 1e-8)


@pytest.mark.parametrize("name", ["training", "training_backward"])
def test_a_training_loop_is_gradient_descent(name: str) -> None:
    w = p.WH
    for s, (x, y) in enumerate(segments("x", "y", of=name)):
        close(column(name, 0)[s], rnn_loss(x, y, wh=w), 1e-6)
        close(column(name, 1)[s * p.N : (s + 1) * p.N], [w] * p.N, 1e-6)
        w = w - 0.05 * gradient(lambda v, x=x, y=y: rnn_loss(x, y, wh=v), w)


def test_batch_norm_and_its_reverse_on_ragged_batches() -> None:
    values, slopes = ragged(inputs("batch_norm")["x"]), ragged(inputs("batch_norm")["dy"])
    normal, shown = ragged(column("batch_norm", 0)), ragged(column("batch_norm", 1))

    def forward(x: Any) -> Any:
        return (x - x.mean()) / np.sqrt(x.var() + 1e-3)

    for s, (x, dy) in enumerate(zip(values, slopes, strict=True)):
        wanted = gradient(lambda v, dy=dy: float(dy @ forward(v)), x)
        close(column("batch_norm", 2)[s][: len(x)], wanted, 1e-7)
        close(column("batch_norm", 2)[s][len(x) :], 0.0)
        close(column("batch_norm", 3)[s], x.mean())
        close(column("batch_norm", 4)[s], x.var(), 1e-10)
        if s + 1 < len(values):
            common = min(len(x), len(normal[s + 1]))
            close(normal[s + 1][:common], forward(x)[:common], 1e-10)
            close(shown[s + 1][:common], wanted[:common], 1e-7)


def bidirectional(x: Any, wh: Any, wx: Any, vh: Any, vx: Any) -> Any:
    f, b, forward, backward = np.zeros(3), np.zeros(3), [], []
    for v in x:
        f = np.tanh(wh @ f + wx @ v)
        forward.append(f @ p.WO)
    for v in x[::-1]:
        b = np.tanh(vh @ b + vx @ v)
        backward.append(b @ p.VO)
    return np.array(forward) + np.array(backward[::-1])


def test_a_bidirectional_network() -> None:
    wanted = [bidirectional(x, p.WH, p.WX, p.VH, p.VX) for (x,) in segments("x", of="birnn")]
    close(column("birnn", 0)[p.N :], np.concatenate(wanted[:-1]))
    close(column("birnn", 0)[: p.N], 0.0)


def test_two_bidirectional_layers() -> None:
    wanted = []
    for (x,) in segments("x", of="stacked_birnn"):
        below = bidirectional(x, p.WH, p.WX, p.VH, p.VX)
        wanted.append(bidirectional(np.stack([below, below * below], axis=1), p.VH, p.VX, p.WH, p.WX))
    close(column("stacked_birnn", 0)[p.N :], np.concatenate(wanted[:-1]))


def discounted(r: Any, factor: float = p.GAMMA) -> Any:
    return np.array([sum(factor**k * v for k, v in enumerate(r[i:])) for i in range(len(r))])


def test_returns_and_the_estimate_of_the_policy_gradient() -> None:
    rewards, scores = ragged(inputs("returns")["r"]), ragged(inputs("returns")["score"])
    for s, (r, score) in enumerate(zip(rewards, scores, strict=True)):
        close(column("returns", 1)[s], discounted(r) @ score)
    for (r,), at in zip(segments("r", of="only_returns")[:-1], range(p.N, TICKS, p.N), strict=True):
        close(column("only_returns", 0)[at : at + p.N], discounted(r))


def test_generalised_advantages() -> None:
    for s, (obs, r, boot) in enumerate(segments("obs", "r", "boot", of="gae")):
        hidden = np.tanh(obs @ p.WX.T)
        v = hidden @ p.VO
        close(column("gae", 0)[s * p.N : (s + 1) * p.N], hidden @ p.WO)
        d = r + p.GAMMA * np.append(v[1:], boot[-1]) - v
        close(column("gae", 1)[s], discounted(d, p.GAMMA * p.LAMBDA))


def test_targets_of_two_steps() -> None:
    for s, (r, v) in enumerate(segments("r", "v", of="n_step")):
        after, later = np.append(r[1:], 0.0), np.append(v[2:], [0.0, 0.0])
        close(column("n_step", 0)[s], r + p.GAMMA * after + p.GAMMA**2 * later)


def test_the_forward_view_is_the_backward_view() -> None:
    for s, (r, v, phi) in enumerate(segments("r", "v", "phi", of="td_lambda")):
        d = r + p.GAMMA * np.append(v[1:], 0.0) - v
        close(column("td_lambda", 0)[s], discounted(d, p.GAMMA * p.LAMBDA) @ phi, 1e-10)
        close(column("td_lambda", 0)[s], column("td_lambda", 1)[s], 1e-10)


def test_depth_as_time() -> None:
    for s, (x0, target) in enumerate(segments("x0", "target", of="depth")):

        def loss(w: Any, x0: Any = x0, target: Any = target) -> float:
            o = x0[0]
            for _ in range(p.N):
                o = o + np.tanh(w @ o)
            return 0.5 * float((o - target[-1]) @ (o - target[-1]))

        close(column("depth", 0)[s], loss(p.WH))
        close(column("depth", 1)[s], gradient(loss, p.WH), 1e-6)


def paths(e: Any) -> tuple[Any, Any]:
    """All sequences of states with their probabilities."""
    every = np.array(list(np.ndindex(*([3] * len(e)))))
    weight = p.PRIOR[every[:, 0]] * e[0][every[:, 0]]
    for t in range(1, len(e)):
        weight = weight * p.TRANSITION[every[:, t - 1], every[:, t]] * e[t][every[:, t]]
    return every, weight


def test_hidden_states() -> None:
    for s, (e,) in enumerate(segments("e", of="hmm")):
        every, weight = paths(e)
        wanted = [[weight[every[:, t] == k].sum() for k in range(3)] for t in range(p.N)]
        close(column("hmm", 0)[s], np.array(wanted) / weight.sum(), 1e-10)
    for s, (e,) in enumerate(segments("e", of="viterbi")):
        every, weight = paths(e)
        assert column("viterbi", 0)[s].tolist() == every[weight.argmax()].tolist()


def test_a_filter_without_phase() -> None:
    for s, (x,) in enumerate(segments("x", of="zero_phase")):
        kernel = np.array([[0.4 * 0.6 ** (i - j) if i >= j else 0.0 for j in range(p.N)] for i in range(p.N)])
        close(column("zero_phase", 0)[s], kernel.T @ (kernel @ x))


def test_a_maximum_from_the_right() -> None:
    for (x,), at in zip(segments("x", of="running_maximum")[:-1], range(p.N, TICKS, p.N), strict=True):
        close(column("running_maximum", 0)[at : at + p.N], np.maximum.accumulate(x[::-1])[::-1])


def test_the_gradient_of_a_filter() -> None:
    for s, (x, y) in enumerate(segments("x", "y", of="filter_gradient")):

        def loss(ab: Any, x: Any = x, y: Any = y) -> float:
            u, total = 0.0, 0.0
            for i in range(p.N):
                u = ab[0] * u + ab[1] * x[i]
                total += 0.5 * (u - y[i]) ** 2
            return total

        found = [column("filter_gradient", k)[s] for k in (1, 2)]
        close(column("filter_gradient", 0)[s], loss(np.array([0.7, 0.3])))
        close(found, gradient(loss, np.array([0.7, 0.3])), 1e-8)


def test_a_return_on_a_slower_clock() -> None:
    """Only the instants with ``c`` count; the last of them in a segment has no next."""
    given = inputs("slow_returns")
    for s in range(SEGMENTS):
        here = range(s * p.N, (s + 1) * p.N)
        r = [given["r"][t] for t in here if given["c"][t]]
        wanted, g = [], 0.0
        for value in r[::-1]:
            g = value + p.GAMMA * g
            wanted.append(g)
        close(column("slow_returns", 0)[s], sum(v * v for v in wanted))


def outputs(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v.name for v in checked(name).main.outputs))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_sweeps_have_the_trace_of_the_fixed_point(name: str) -> None:
    program = lower_segments(checked(name).program)
    check_program(program)
    swept = interpret(program, inputs(name), TICKS).trace.only(outputs(name))
    assert first_difference(run(name).trace.only(outputs(name)), swept) is None


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(("compiler", "level"), [("gcc", "-O3"), ("clang", "-O3")])
def test_c_has_the_trace_of_the_interpreter(name: str, compiler: str, level: str) -> None:
    require(compiler)
    code = step_code(checked(name), flat=False)
    check_step(code)
    given = {v.name: c.values for v, c in prepare(checked(name).main, inputs(name), TICKS).items()}
    found = compile_and_run(code, given, TICKS, compiler, (level,)).outputs
    expected = run(name).trace.only(outputs(name))
    columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(columns, TICKS)) is None


@pytest.mark.parametrize("name", ["returns", "training", "stacked_birnn", "slow_returns"])
def test_the_compiled_simulation_has_the_trace_of_the_interpreter(name: str) -> None:
    found = compile_program(checked(name).program).run(inputs(name), TICKS)
    assert first_difference(run(name).trace.only(found.names()), found) is None

"""Bounds of networks against runs of the interpreter and exact arithmetic; specifications against enumeration."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, f64, node, sigmoid, tanh
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.operators import Op
from syncml.ir.types import F32
from syncml.lang.load import program_of
from syncml.nodes.neural import MLP, Dense, relu
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret, replay
from syncml.verify import Proved, Unknown, Verdict, VerifyOptions, Violated, verify_network
from syncml.verify.networks.crown import bounds
from syncml.verify.networks.exact import decide_exactly
from syncml.verify.networks.extract import network_at
from syncml.verify.networks.layers import Affine, Network
from syncml.verify.networks.problem import problem
from syncml.verify.networks.region import Region
from syncml.verify.networks.relaxation import lines
from syncml.verify.networks.vnnlib import read_vnnlib

ACTIVATIONS = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid}


def made(sizes: tuple[int, ...], activation: Callable[[Any], Any], seed: int, *, scale: float = 1.0) -> Checked:
    """A network with random weights."""
    rng = np.random.default_rng(seed)
    layers = [
        Dense(
            scale * rng.normal(size=(n, m)).astype(np.float32),
            rng.normal(size=n).astype(np.float32),
            activation if i < len(sizes) - 2 else (lambda x: x),
        )
        for i, (m, n) in enumerate(pairwise(sizes))
    ]
    mlp, vector = MLP(tuple(layers)), Vec

    def net(x: Stream[Any]) -> Stream[Vec[Any]]:
        return mlp(x)

    net.__annotations__["x"] = Stream[vector[sizes[0]]]  # type: ignore[valid-type]
    return check(program_of(node(net)))


def extracted(checked: Checked) -> Network:
    flat = checked.flat
    found = network_at(flat.outputs[0], {t: e for e in flat.equations for t in e.targets})
    assert found is not None
    assert found.source is flat.inputs[0]
    return found.network


def boxes(network: Network, count: int, width: float) -> tuple[np.ndarray[Any, Any], Region]:
    center = np.random.default_rng(7).normal(size=(count, network.inputs)).astype(np.float32).astype(np.float64)
    return center, Region.box(center - width, center + width)


@pytest.mark.parametrize("width", [0.0, 0.01, 0.5, 30.0])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_bounds_contain_what_the_interpreter_computes_in_floats(name: str, width: float) -> None:
    checked = made((3, 20, 20, 2), ACTIVATIONS[name], 3)
    network = extracted(checked)
    center, region = boxes(network, 6, width)
    found = bounds(network, region)
    (low, high), (slopes, constant, radius) = found.outputs(), found.linear()
    rng, samples = np.random.default_rng(1), 40
    points = center[:, None] + width * rng.uniform(-1, 1, (6, samples, 3)) * rng.choice([0.5, 1.0], (6, samples, 1))
    points = np.clip(points, center[:, None] - width, center[:, None] + width).astype(np.float32)
    inside = (np.abs(points - center[:, None]) <= width).all(axis=2)
    run = interpret(checked.program, {"x": points.reshape(-1, 3)}, 6 * samples).trace
    y = run.column(checked.main.outputs[0].name).values.reshape(6, samples, 2).astype(np.float64)
    assert inside.sum() > samples
    assert ((y >= low[:, None]) & (y <= high[:, None]))[inside].all()
    line = points.astype(np.float64) @ slopes.transpose(0, 2, 1) + constant[:, None]
    assert (np.abs(y - line) <= radius[:, None])[inside].all()


def test_the_error_term_is_needed_and_holds_where_sums_cancel() -> None:
    weights = np.array([[1e8, 1.0, -1e8]], dtype=np.float32)
    mlp = MLP((Dense(weights, np.zeros(1)),))

    @node
    def net(x: Stream[Vec[3]]) -> Stream[Vec[1]]:  # type: ignore[valid-type]
        return mlp(x)

    checked = check(program_of(net))
    point = np.array([[1.0, 1.0, 1.0]])
    found = bounds(extracted(checked), Region.box(point, point))
    run = interpret(checked.program, {"x": point.astype(np.float32)}, 1).trace
    computed = float(run.column(checked.main.outputs[0].name).at(0)[0])
    exact = found.least(np.eye(1))[0, 0]
    assert computed == 0.0
    assert exact == pytest.approx(1.0, abs=1e-6)
    low, high = found.outputs()
    assert low[0, 0] <= computed <= high[0, 0]


@pytest.mark.parametrize("op", [Op.MAX, Op.TANH, Op.SIGMOID])
def test_lines_are_below_and_above(op: Op) -> None:
    import mpmath

    mpmath.mp.dps = 40
    rng = np.random.default_rng(5)
    low = np.concatenate(
        [rng.normal(scale=3, size=60), rng.normal(scale=1e-4, size=20), rng.normal(scale=200, size=20)]
    )
    high = low + np.concatenate([rng.exponential(2, 60), rng.exponential(1e-6, 20), rng.exponential(300, 20)])
    found = lines(op, low[None], high[None])
    for i in range(low.size):
        for share in np.linspace(0, 1, 41):
            x = mpmath.mpf(low[i]) + mpmath.mpf(share) * (mpmath.mpf(high[i]) - mpmath.mpf(low[i]))
            y = {Op.MAX: max(x, 0), Op.TANH: mpmath.tanh(x), Op.SIGMOID: 1 / (1 + mpmath.exp(-x))}[op]
            assert mpmath.mpf(found.low_slope[0, i]) * x + mpmath.mpf(found.low[0, i]) <= y
            assert mpmath.mpf(found.high_slope[0, i]) * x + mpmath.mpf(found.high[0, i]) >= y


def test_bounds_in_real_arithmetic_hold_exactly() -> None:
    network = extracted(made((2, 12, 12, 1), relu, 9))
    center, region = boxes(network, 3, 0.3)
    least = bounds(network, region).least(np.array([[1.0], [-1.0]]))
    for box in range(3):
        for dx in (-0.3, 0.0, 0.29):
            x = [Fraction(float(v)) for v in center[box] + dx]
            for layer in network.layers:
                if isinstance(layer, Affine):
                    x = [
                        sum((Fraction(float(w)) * v for w, v in zip(row, x, strict=True)), Fraction(float(b)))
                        for row, b in zip(layer.weight, layer.bias, strict=True)
                    ]
                else:
                    x = [max(v, Fraction(0)) for v in x]
            assert Fraction(float(least[box, 0])) <= x[0] <= -Fraction(float(least[box, 1]))


def test_substitution_is_tighter_than_intervals() -> None:
    network = extracted(made((3, 20, 20, 2), relu, 3))
    _, region = boxes(network, 6, 0.05)
    found = bounds(network, region)
    low, high = found.outputs()
    last = found.ranges[-1]
    assert (high - low).sum() < 0.8 * (last[1] - last[0]).sum()


def test_a_zonotope_keeps_what_its_hull_forgets() -> None:
    network = extracted(made((2, 12, 1), tanh, 4))
    center = np.zeros((1, 2))
    along = Region(center, np.array([[[0.5], [-0.5]]]), np.zeros((1, 2)))
    hull = Region.box(center - 0.5, center + 0.5)
    assert np.diff(bounds(network, along).outputs(), axis=0) < np.diff(bounds(network, hull).outputs(), axis=0)


def specification(inputs: int, box: tuple[float, float], *asserts: str, outputs: int = 1) -> str:
    lines_ = [f"(declare-const X_{i} Real)" for i in range(inputs)]
    lines_ += [f"(declare-const Y_{i} Real)" for i in range(outputs)]
    lines_ += [f"(assert (>= X_{i} {box[0]}))\n(assert (<= X_{i} {box[1]}))" for i in range(inputs)]
    return "\n".join([*lines_, *asserts])


def decided(checked: Checked, text: str, tmp_path: Path, timeout: float = 20.0) -> Verdict:
    path = tmp_path / "p.vnnlib"
    path.write_text(text)
    (result,) = verify_network(checked.flat, path, VerifyOptions(timeout=timeout), replay).results
    return result.verdict


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_verdicts_agree_with_a_fine_grid(name: str, tmp_path: Path) -> None:
    checked = made((2, 10, 10, 1), ACTIVATIONS[name], 11)
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-1, 1, 201)]), axis=-1).reshape(-1, 2)
    top = float(extracted(checked)(grid).max())
    above = decided(checked, specification(2, (-1, 1), f"(assert (>= Y_0 {top + 0.05}))"), tmp_path)
    below = decided(checked, specification(2, (-1, 1), f"(assert (>= Y_0 {top - 0.001}))"), tmp_path)
    assert isinstance(above, Proved)
    assert isinstance(below, Violated)
    x = np.array(below.counterexample.inputs["x"], dtype=np.float32)
    y = interpret(checked.program, {"x": x}, 1).trace.column(checked.main.outputs[0].name).at(0)
    assert float(y[0]) >= top - 0.001
    assert (np.abs(x) <= 1).all()


def test_cases_are_alternatives_and_rows_hold_together(tmp_path: Path) -> None:
    checked = made((2, 8, 3), relu, 2)
    either = "(assert (or (and (<= Y_0 Y_1) (<= Y_1 Y_2) (<= Y_2 (- Y_0 0.001))) (>= Y_0 1000.0)))"
    assert isinstance(decided(checked, specification(2, (-1, 1), either, outputs=3), tmp_path), Proved)
    some = "(assert (or (<= Y_0 -1000.0) (<= (* 2.0 Y_0) (+ Y_0 Y_0 0.5))))"
    assert isinstance(decided(checked, specification(2, (-1, 1), some, outputs=3), tmp_path), Violated)


def test_many_inputs_are_split_by_the_signs_of_units(tmp_path: Path) -> None:
    checked = made((20, 12, 1), relu, 5, scale=0.3)
    network = extracted(checked)
    found = bounds(network, Region.box(np.full((1, 20), -0.5), np.full((1, 20), 0.5)))
    loose = float(found.outputs()[1][0, 0])
    text = specification(20, (-0.5, 0.5), f"(assert (>= Y_0 {0.97 * loose}))")
    verdict = decided(checked, text, tmp_path)
    assert isinstance(verdict, Proved)
    assert int(verdict.method.split(", ")[1].split()[0]) > 1


def test_the_exact_encoding_decides_what_bounds_do_not(tmp_path: Path) -> None:
    # |x| - |x| is zero, which no relaxation without splitting shows.
    mlp = MLP(
        (
            Dense(np.array([[1.0], [-1.0]] * 2), np.zeros(4), relu),
            Dense(np.array([[1.0, 1.0, -1.0, -1.0]]), np.zeros(1)),
        )
    )

    @node
    def net(x: Stream[Vec[1]]) -> Stream[Vec[1]]:  # type: ignore[valid-type]
        return mlp(x)

    network = extracted(check(program_of(net)))
    low, high = np.array([-1.0]), np.array([1.0])
    for bound, expected in ((0.001, True), (-0.001, False)):
        (case,) = read_vnnlib(specification(1, (-1, 1), f"(assert (>= Y_0 {bound}))"), "p").cases
        answer = decide_exactly(network, problem(case, 1, 1, F32, "p"), low, high, 5.0)
        assert (answer is True) == expected


def test_time_that_is_up_is_unknown(tmp_path: Path) -> None:
    checked = made((6, 40, 40, 1), tanh, 1)
    top = float(extracted(checked)(np.random.default_rng(0).uniform(-1, 1, (20000, 6))).max())
    verdict = decided(checked, specification(6, (-1, 1), f"(assert (>= Y_0 {top + 0.7}))"), tmp_path, timeout=0.3)
    assert isinstance(verdict, Unknown)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("(declare-const X_0 Int)", 1, "Real"),
        ("(declare-const X_0 Real)\n(declare-const X_0 Real)", 2, "twice"),
        ("(declare-const X_0 Real)\n\n(assert (<= X_1 1.0))", 3, "X_1"),
        ("(declare-const X_0 Real)\n(assert (<= (* X_0 X_0) 1.0))", 2, "linear"),
        ("(declare-const X_0 Real)\n(assert (<= X_0 1.0)", 2, "never closed"),
        ("(declare-const X_0 Real))", 1, "no parenthesis"),
        ("(declare-const X_0 Real)\n(assert X_0)", 2, "formulas"),
        ("(declare-const Z_0 Real)", 1, "Z_0"),
        ("(check-sat)", 1, "check-sat"),
        ("(declare-const X_0 Real)\n(declare-const X_2 Real)\n(declare-const Y_0 Real)", 2, "X_1"),
        ("(declare-const X_0 Real)", 1, "Y_0"),
        ("(assert)", 1, "one formula"),
        ("X_0", 1, "command"),
    ],
)
def test_a_fault_of_a_file_has_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        read_vnnlib(text, "p.vnnlib")
    (found,) = caught.value.diagnostics
    assert found.code == "D007"
    assert found.primary is not None
    assert found.primary.span.line == line
    assert message in f"{found.message} {found.help}"


def test_a_file_that_does_not_fit_and_a_node_that_is_no_network_are_refused(tmp_path: Path) -> None:
    checked = made((2, 4, 1), relu, 1)
    for text, code in (
        (specification(3, (0, 1)), "D007"),
        ("(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(assert (<= X_0 1.0))", "D007"),
    ):
        with pytest.raises(DiagnosticError) as caught:
            decided(checked, text, tmp_path)
        assert caught.value.diagnostics[0].code == code

    @node
    def other(x: Stream[f64]) -> Stream[f64]:
        return x / x

    with pytest.raises(DiagnosticError) as caught:
        decided(check(program_of(other)), specification(1, (0, 1)), tmp_path)
    assert caught.value.diagnostics[0].code == "V008"
    with pytest.raises(DiagnosticError) as caught:
        verify_network(checked.flat, tmp_path / "none.vnnlib", VerifyOptions(), replay)
    assert caught.value.diagnostics[0].code == "D001"


def test_deep_formulas_are_read_without_recursion() -> None:
    deep = "(and " * 5000 + "(<= X_0 1.0)" + ")" * 5000
    found = read_vnnlib(f"(declare-const X_0 Real)(declare-const Y_0 Real)(assert {deep})", "p")
    assert len(found.cases) == 1

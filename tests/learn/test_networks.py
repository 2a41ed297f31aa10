"""Layers that are learned: the bits of the library's layers, for vectors and for rows; learned, kept and used again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Record, Stream, Vec, concat, constant, f32, node, segment, state, where, zeros
from syncml.diagnostics.model import DiagnosticError
from syncml.lang.load import program_of
from syncml.learn import Adam, descend, orthogonal, parameter, value_and_grad
from syncml.learn.losses import squared_error
from syncml.learn.networks import GRU, LSTM, RNN, Dense
from syncml.networks.weights import load_weights
from syncml.nodes import neural
from syncml.pipeline import check
from syncml.sim.interpreter import interpret
from syncml.training.learner import Data, Learner
from syncml.training.run import Plan, train

INPUTS, UNITS, TICKS = 3, 4, 12
RNG = np.random.default_rng(5)


def drawn(shapes: Any) -> dict[str, Any]:
    return {name: RNG.normal(size=shape).astype(np.float32) * np.float32(0.6) for name, shape in shapes.items()}


KINDS: dict[str, tuple[Any, Any]] = {"rnn": (RNN, neural.RNN), "gru": (GRU, neural.GRU), "lstm": (LSTM, neural.LSTM)}
X = RNG.normal(size=(TICKS, 2, INPUTS)).astype(np.float32)


def run(top: Any, inputs: Any) -> Any:
    checked = check(program_of(top))
    return interpret(checked.program, inputs, TICKS).trace.column(checked.main.outputs[0].name).values


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize("name", KINDS)
def test_a_layer_has_the_bits_of_the_library(name: str, rows: int) -> None:
    """Two rows at once are two vectors."""
    cls, library = KINDS[name]
    numbers = drawn(cls.shapes(INPUTS, UNITS))
    kind: Any = Mat[L[2], L[INPUTS]] if rows else Vec[L[INPUTS]]  # type: ignore[valid-type]

    @node
    def learned(x: Stream[kind]) -> Stream[Any]:  # type: ignore[valid-type]
        layer = cls(**{name: constant(values) for name, values in numbers.items()})
        extents = (rows, UNITS) if rows else (UNITS,)
        h = state(init=zeros(*extents))
        if name == "lstm":
            c = state(init=zeros(*extents))
            after, c.next = layer(x, h, c)
        else:
            after = layer(x, h)
        h.next = after
        return after

    @node
    def given(x: Stream[Vec[L[3]]]) -> Stream[Any]:
        return library.of(numbers)(x)

    found = run(learned, {"x": X if rows else X[:, 0]})
    for row in range(rows or 1):
        wanted = run(given, {"x": X[:, row]})
        assert (found[:, row] if rows else found).tobytes() == wanted.tobytes()


def test_a_dense_layer_has_the_bits_of_the_library() -> None:
    numbers = drawn(Dense.shapes(INPUTS, UNITS))

    @node
    def both(x: Stream[Vec[L[3]]]) -> Stream[Any]:
        layer = Dense(**{name: constant(values) for name, values in numbers.items()})
        return concat(layer(x), neural.Dense(numbers["weight"], numbers["bias"])(x))

    found = run(both, {"x": X[:, 0]})
    assert found[:, :UNITS].tobytes() == found[:, UNITS:].tobytes()


class Net(Record):
    memory: GRU
    read: Dense


SHAPE = {"memory": GRU.shapes(1, UNITS), "read": Dense.shapes(UNITS, 1)}


@node
def predicted(net: Net, x: Stream[Vec[L[1]]], begins: Stream[bool]) -> Stream[f32]:
    h = state(init=zeros(UNITS))
    h.next = net.memory(x, where(begins, zeros(UNITS), h))
    return net.read(h.next)[0]


@node
def model(net: Net, x: Stream[Vec[L[1]]], y: Stream[f32], begins: Stream[bool]) -> Stream[f32]:
    return squared_error(predicted(net, x, begins), y)


@node
def fit(x: Stream[Vec[L[1]]], y: Stream[f32]) -> Stream[f32]:
    with segment(every=6) as sequence:
        init = {"memory": {"weight_hh": orthogonal()}}
        net = parameter(sequence, Net, shape=SHAPE, init=init)
        loss, d_net = value_and_grad(model, wrt="net")(net, x, y, sequence.first)
        descend(sequence, Adam(0.03), (net, d_net), average=True)
    return loss


def test_what_is_learned_is_what_the_library_runs(tmp_path: Path) -> None:
    """The sum of a sequence so far; after training, the tensors of the checkpoint have the names of PyTorch."""
    x = RNG.uniform(-1.0, 1.0, (60, 6)).astype(np.float32)
    y = np.cumsum(x, axis=1).astype(np.float32)
    checked = check(program_of(fit))
    learner = Learner(checked, Data({"x": x.reshape(-1, 1), "y": y.reshape(-1)}, x.size, "sums"), None)
    outcome = train(learner, Plan(360 * 12, 360, folder=tmp_path), [], lambda _: None, lambda: False)
    losses = [point.loss for point in outcome.points]
    assert losses[-1] < 0.3 * losses[0]
    weights = load_weights(tmp_path / "weights.safetensors")
    assert {name: w.shape for name, w in weights.items()} == {
        f"net.{layer}.{name}": extents for layer, shapes in SHAPE.items() for name, extents in shapes.items()
    }

    @node
    def deployed(x: Stream[Vec[L[1]]]) -> Stream[f32]:
        hidden = neural.GRU.of(weights, "net.memory.")(x)
        return neural.Dense(weights["net.read.weight"], weights["net.read.bias"])(hidden)[0]

    def leaf(cls: Any, prefix: str) -> Any:
        return cls(**{name: constant(weights[f"{prefix}.{name}"]) for name in cls.shapes(1, 1)})

    @node
    def same(x: Stream[Vec[L[1]]]) -> Stream[f32]:
        net = Net(memory=leaf(GRU, "net.memory"), read=leaf(Dense, "net.read"))
        return predicted(net, x, constant(False))

    one = {"x": x.reshape(-1, 1)[:TICKS]}
    assert run(deployed, one).tobytes() == run(same, one).tobytes()


def test_the_gradient_of_rows_is_the_sum_of_those_of_vectors() -> None:
    numbers = drawn(GRU.shapes(INPUTS, UNITS))

    @node
    def error(layer: GRU, h: Stream[Vec[L[UNITS]]], x: Stream[Vec[L[INPUTS]]]) -> Stream[f32]:  # type: ignore[valid-type]
        return (layer(x, h) * layer(x, h)).sum()

    @node
    def errors(layer: GRU, x: Stream[Mat[L[2], L[INPUTS]]]) -> Stream[f32]:  # type: ignore[valid-type]
        y = layer(x, zeros(2, UNITS) + 0.5)
        return (y * y).sum(axis=1).sum()

    @node
    def both(x: Stream[Mat[L[2], L[INPUTS]]]) -> tuple[Stream[Any], Stream[Any]]:  # type: ignore[valid-type]
        layer = GRU(**{name: constant(values) for name, values in numbers.items()})
        _, rows = value_and_grad(errors, wrt="layer")(layer, x)
        singles = [value_and_grad(error, wrt="layer")(layer, zeros(UNITS) + 0.5, x[i])[1] for i in range(2)]
        names = tuple(numbers)
        sums = [getattr(singles[0], name) + getattr(singles[1], name) for name in names]
        flat = [
            concat(*(p.reshape(int(np.prod(p.shape))) for p in parts))
            for parts in ([getattr(rows, n) for n in names], sums)
        ]
        return flat[0], flat[1]

    checked = check(program_of(both))
    trace = interpret(checked.program, {"x": X}, TICKS).trace
    rows, singles = (trace.column(v.name).values for v in checked.main.outputs)
    assert np.abs(rows).max() > 0.1
    assert rows == pytest.approx(singles, abs=1e-5)


@pytest.mark.parametrize("shape", [{}, {"weight": (2, 3, 4)}, {"weight": (2, 3), "extra": (1,)}])
def test_sizes_that_are_missing_or_do_not_fit_are_refused(shape: Any) -> None:
    @node
    def top(x: Stream[Vec[L[3]]]) -> Stream[Any]:
        with segment(every=2) as batch:
            layer = parameter(batch, Dense, shape=shape)
        return layer(x)

    with pytest.raises(DiagnosticError) as caught:
        program_of(top)
    codes = {fault.code for fault in caught.value.diagnostics}
    assert codes >= ({"T004"} if "extra" in shape else {"G010"})

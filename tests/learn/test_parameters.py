"""Parameters: their names, first values, freezing, and records of them; optimisers as functions."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Record, Stream, Vec, constant, f32, f64, fold, node, segment, tanh, when
from syncml.ir.equations.parameters import first_values, parameters_of
from syncml.lang.load import program_of
from syncml.learn import (
    SGD,
    Adam,
    Initialiser,
    Optimiser,
    RMSProp,
    descend,
    exponential,
    glorot,
    he,
    limited,
    normal,
    orthogonal,
    parameter,
    remember,
    uniform,
    value_and_grad,
)
from syncml.learn.initialisers import Draw
from syncml.learn.losses import squared_error
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret

RNG = np.random.default_rng(3)
PINNED = ["-0x1.9df190e5ea497p-8", "-0x1.8ae5d86eddf60p-3", "0x1.a5e0f90ab1f5fp-7"]


class Net(Record):
    w1: Stream[Mat[L[4], L[2]]]
    b1: Stream[Vec[L[4]]]
    w2: Stream[Vec[L[4]]]


@node
def loss(net: Net, x: Stream[Vec[L[2]]], y: Stream[f32]) -> Stream[f32]:
    return squared_error(net.w2 @ tanh(net.w1 @ x + net.b1), y)


@node
def learner(frozen: Any, x: Stream[Vec[L[2]]], y: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as batch:
        net = parameter(batch, Net, init={"w1": orthogonal(), "w2": uniform(0.1, 0.5)}, frozen=frozen)
        value, d_net = value_and_grad(loss, wrt="net")(net, x, y)
        descend(batch, Adam(0.05), (net, d_net), average=True)
    return value


@node
def two(x: Stream[Vec[L[2]]], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return learner(False, x, y), learner(False, x, -y)


def machine(value: Any) -> Any:
    return np.asarray(value.machine())


def test_names_are_those_of_the_source_after_the_instances() -> None:
    checked = check(program_of(two))
    parts = ("b1", "w1", "w2")
    names = [f"{part}.net.{name}" for part in ("learner", "learner_2") for name in parts]
    assert [p.name for p in parameters_of(checked.program)] == names
    # The same in the flat program, where each is a register.
    assert sorted(p.name for p in checked.flat.parameters) == names
    state = compile_program(checked.program).state()
    assert {p.var.name for p in checked.flat.parameters} <= state.keys()


def test_instances_start_differently_and_programs_alike() -> None:
    first, again = (first_values(program_of(two)) for _ in range(2))
    assert first == again
    assert not np.array_equal(machine(first["learner.net.w1"]), machine(first["learner_2.net.w1"]))
    rows = machine(first["learner.net.w1"])
    np.testing.assert_allclose(rows.T @ rows, np.eye(2), atol=1e-6)
    w2 = machine(first["learner.net.w2"])
    assert w2.min() >= 0.1
    assert w2.max() <= 0.5
    assert not machine(first["learner.net.b1"]).any()


def test_what_is_frozen_stays_and_the_rest_is_learned() -> None:
    checked = check(program_of(learner, frozen={"w1": True}))
    simulation = compile_program(checked.program)
    x, y = RNG.normal(size=(200, 2)).astype(np.float32), RNG.normal(size=200).astype(np.float32)
    before = simulation.state()
    trace = simulation.run({"x": x, "y": y}, 200)
    after = simulation.state()
    assert "net.w1" not in after, "it is a constant"
    for name in ("net.b1", "net.w2"):
        assert not np.array_equal(before[name], after[name])
    slow = interpret(checked.program, {"x": x, "y": y}, 200)
    assert np.array_equal(np.asarray(slow.state["net.w2"]), after["net.w2"])
    name = checked.main.outputs[0].name
    assert np.array_equal(trace.column(name).values, slow.trace.column(name).values)


@node
def nested(x: Stream[f32]) -> Stream[f32]:
    with segment(every=8), segment(every=4) as batch:
        w = parameter(batch, init=2.0)
        c = batch.carry(init=2.0)
        w.next = when(w, batch.last) + 1.0
        c.next = when(c, batch.last) + 1.0
    return x * 0.0 + w * 100.0 + c


def test_a_parameter_goes_on_over_the_segments_around() -> None:
    checked = check(program_of(nested))
    run = interpret(checked.program, {"x": np.zeros(16, np.float32)}, 16)
    found = np.asarray(run.trace.column(checked.main.outputs[0].name).values)[::4]
    assert found.tolist() == [202.0, 303.0, 402.0, 503.0]


@node
def in_epochs(x: Stream[Vec[L[2], f64]]) -> tuple[Stream[Vec[L[2], f64]], Stream[f64]]:
    with segment(every=5), segment(every=1) as batch:
        w, b = parameter(batch, Vec[L[2], f64], init=[0.5, -1.0]), parameter(batch, f64, init=0.25)
        _, (d_w, d_b) = value_and_grad(line, wrt=("w", "b"))(w, b, x)
        descend(batch, Adam(0.05), (w, d_w), (b, d_b), limit=1.0)
    return w, b


def test_what_an_optimiser_remembers_goes_on_over_the_segments_around() -> None:
    x = RNG.normal(size=(15, 2))
    first, other = check(program_of(in_time, optimiser=Adam(0.05))), check(program_of(in_epochs))
    alone, inside = (interpret(each.program, {"x": x}, 15).trace for each in (first, other))
    for left, right in zip(first.main.outputs, other.main.outputs, strict=True):
        assert np.array_equal(alone.column(left.name).values, inside.column(right.name).values)


@pytest.mark.parametrize("init", [glorot(), he(2.0), orthogonal(0.5), uniform(-2.0, 3.0), normal(0.3, 1.0)])
def test_statistics_of_initialisers(init: Initialiser) -> None:
    values = init.values((40, 100), Draw.of(0, "w"))
    assert not np.array_equal(values, init.values((40, 100), Draw.of(1, "w")))
    expected = {
        "Glorot": (0.0, np.sqrt(2.0 / 140.0)),
        "He": (0.0, 2.0 * np.sqrt(2.0 / 100.0)),
        "Orthogonal": (0.0, 0.05),
        "Uniform": (0.5, 5.0 / np.sqrt(12.0)),
        "Normal": (1.0, 0.3),
    }
    mean, deviation = expected[type(init).__name__]
    assert abs(values.mean() - mean) < 5.0 * deviation / np.sqrt(values.size)
    assert abs(values.std() / deviation - 1.0) < 0.05
    if type(init).__name__ == "Orthogonal":
        np.testing.assert_allclose(values @ values.T, 0.25 * np.eye(40), atol=1e-12)


def test_draws_are_pinned() -> None:
    """Weights are the same on every machine and in every release."""
    found = normal().values((3,), Draw.of(0, "w"))
    assert [x.hex() for x in found] == PINNED


# The functional form.


@node
def in_time(optimiser: Optimiser, x: Stream[Vec[L[2], f64]]) -> tuple[Stream[Vec[L[2], f64]], Stream[f64]]:
    with segment(every=1) as batch:
        w, b = parameter(batch, Vec[L[2], f64], init=[0.5, -1.0]), parameter(batch, f64, init=0.25)
        _, (d_w, d_b) = value_and_grad(line, wrt=("w", "b"))(w, b, x)
        descend(batch, optimiser, (w, d_w), (b, d_b), limit=1.0)
    return w, b


@node
def line(w: Stream[Vec[L[2], f64]], b: Stream[f64], x: Stream[Vec[L[2], f64]]) -> Stream[f64]:
    return squared_error(w @ x + b, x[0])


@node
def in_space(optimiser: Optimiser, xs: Stream[Mat[L[6], L[2], f64]]) -> tuple[Stream[Vec[L[2], f64]], Stream[f64]]:
    """The same updates as folds, six in each instant."""
    with segment(every=1) as block:
        p = remember(block, (constant([0.5, -1.0], f64), constant(0.25, f64)))
        memory = remember(block, optimiser.start(p.now))

        def update(acc: Any, x: Stream[Vec[L[2], f64]]) -> Any:
            (w, b), remembered = acc
            _, g = value_and_grad(line, wrt=("w", "b"))(w, b, x)
            return optimiser.step((w, b), limited(g, 1.0)[0], remembered)

        p.next, memory.next = fold(update, (p.now, memory.now))(xs)
    return p.now


@pytest.mark.parametrize(
    "optimiser",
    [
        SGD(0.1),
        SGD(exponential(0.1, 0.9), momentum=0.5, weight_decay=0.01),
        RMSProp(0.01),
        Adam(0.05, weight_decay=0.1),
    ],
)
def test_steps_in_a_fold_are_those_of_segments(optimiser: Optimiser) -> None:
    xs = RNG.normal(size=(4, 6, 2))
    slow = check(program_of(in_time, optimiser=optimiser)).program
    fast = check(program_of(in_space, optimiser=optimiser)).program
    # What a segment gives is there in the next one.
    x = np.concatenate([xs.reshape(-1, 2), np.zeros((1, 2))])
    expected = compile_program(slow).run({"x": x}, 25)
    folded = {"xs": np.concatenate([xs, np.zeros((1, 6, 2))])}
    found = compile_program(fast).run(folded, 5)
    direct = interpret(fast, folded, 5).trace
    for now, before in zip(fast.node(fast.main).outputs, slow.node(slow.main).outputs, strict=True):
        values = np.asarray(found.column(now.name).values)
        assert np.array_equal(values, np.asarray(expected.column(before.name).values)[::6])
        assert len(np.unique(values)) == values.size
        assert np.array_equal(values, direct.column(now.name).values)

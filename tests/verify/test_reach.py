"""Reachability: sets against runs in the program's own floats, verdicts against what is known of small loops."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from syncml import (
    Hz,
    Stream,
    assume,
    cast,
    clip,
    cos,
    ensure,
    exp,
    f32,
    f64,
    hold,
    invariant,
    maximum,
    minimum,
    node,
    require,
    sample,
    sin,
    sqrt,
    state,
    tanh,
    vec,
    where,
)
from syncml.cli.tube_svg import sampled, tube_drawing
from syncml.ir.constants import Const, dtype
from syncml.ir.elementary import evaluate, function
from syncml.ir.equations.syntax import PropertyKind, atoms
from syncml.ir.operators import Op
from syncml.ir.step.lowering import Observe
from syncml.ir.types import F32, F64, Scalar
from syncml.lang.load import program_of
from syncml.nodes.neural import GRU, MLP, Dense, relu
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import replay
from syncml.verify import Proved, Semantics, Unknown, VerificationReport, VerifyOptions, Violated, concretised, verify
from syncml.verify.abstraction import opened
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach import decide
from syncml.verify.reach.cells import partition, tabulated
from syncml.verify.reach.explore import explore, start
from syncml.verify.reach.forms import Form, Symbols, added, interval, multiplied
from syncml.verify.reach.functions import applied, divided, greater, square
from syncml.verify.reach.horizon import horizon
from syncml.verify.reach.plan import Plan, plan
from syncml.verify.reach.tick import Tick

rng = np.random.default_rng(12)
STEER = MLP((
    Dense(rng.normal(scale=0.6, size=(12, 2)), rng.normal(scale=0.3, size=12), tanh),
    Dense(rng.normal(scale=0.4, size=(8, 12)), rng.normal(scale=0.3, size=8), relu),
    Dense(rng.normal(scale=0.3, size=(1, 8)), np.zeros(1)),
))  # fmt: skip


@node(rate=Hz(20))
def pendulum(angle0: Stream[f32], rate0: Stream[f32], push: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    assume((angle0 >= -0.1) & (angle0 <= 0.3))
    assume((rate0 >= -0.2) & (rate0 <= 0.2))
    assume(abs(push) <= 0.02)
    angle, rate = state(init=angle0), state(init=rate0)
    torque = hold(STEER(vec(sample(angle, to=Hz(10)), sample(rate, to=Hz(10))))[0], init=0.0)
    angle.next = angle + 0.05 * rate
    rate.next = rate + 0.05 * (0.8 * sin(angle) - 1.5 * angle - 0.8 * rate + torque + push)
    tick = state(init=0)
    tick.next = where(tick < 41, tick + 1, tick)
    ensure((tick > 40) | (abs(angle) <= 3.0), "not over")
    ensure((tick > 40) | (angle <= 0.2), "not high")
    return angle, rate


@node
def mixture(
    x0: Stream[f32], y0: Stream[f64], bump: Stream[bool], noise: Stream[f32]
) -> tuple[Stream[f32], Stream[f64]]:
    assume((x0 >= 0.5) & (x0 <= 1.5))
    assume((y0 >= -1.0) & (y0 <= 1.0))
    assume(noise - 0.5 >= 0.0)
    assume(noise <= 0.75)
    x, y, n = state(init=x0), state(init=y0), state(init=0)
    n.next = where(n < 31, n + 1, n)
    ratio = x / (1.0 + noise * noise)
    bent = where(bump & (x > 0.9), ratio, minimum(x, 1.1)) + 0.05 * exp(-x)
    angle = cos(y) * sqrt(cast(maximum(x, 0.1), f64)) + 0.3 * sin(2.0 * y)
    x.next = clip(0.5 * bent + 0.25 * tanh(cast(angle, f32)) + 0.1 * x * noise, -1.0, 4.0)
    y.next = (
        0.7 * y
        + 0.2 * angle
        - 0.01 * y * y
        + cast(cast(n % 3, f32), f64) * 0.001
        + cast(where(n // 4 == 2, 0.01, -0.01), f64)
    )
    ensure((n > 30) | (abs(y) < 50.0), "bounded")
    return x, y


def planned(program: Callable[..., Any]) -> tuple[Plan, Any]:
    checked = check(program_of(program))  # type: ignore[arg-type]
    whole = opened(checked.program)
    flat = whole.node(whole.main)
    return plan(flat, [p for p in flat.properties if p.kind is not PropertyKind.ASSUME]), checked


def sampled_inputs(
    ranges: Mapping[str, tuple[float, float]], runs: int, ticks: int, kinds: Mapping[str, Any]
) -> dict[str, Any]:
    random = np.random.default_rng(99)
    found: dict[str, Any] = {}
    for name, (low, high) in ranges.items():
        shares = random.random((runs, ticks))
        corners = random.random((runs, 1)) < 0.4
        shares = np.where(corners, np.round(shares), shares)
        values = np.minimum(low + shares * (high - low), high)
        found[name] = values < 0.5 if kinds[name] is bool else values.astype(kinds[name])
    return found


def hulls(plan_: Plan, last: int, shown: list[str]) -> list[dict[str, Form]]:
    """For one box of all initial values the form of each stream at each tick."""
    seen: list[dict[str, Form]] = []

    def watch(_: int, step: Tick, __: Floats, ___: Floats) -> None:
        found = {v.name: x for v, x in step.streams.items() if v.name in shown}
        seen.append({name: x for name, x in found.items() if isinstance(x, Form)})

    # Every goal is true, so that one box is followed to the end.
    explore(plan(plan_.node, [p for p in plan_.goals if p.name in ("not over", "bounded")]), last, float("inf"), watch)
    return seen


@pytest.mark.parametrize(
    ("program", "ranges", "last", "shown"),
    [
        (pendulum, {"angle0": (-0.1, 0.3), "rate0": (-0.2, 0.2), "push": (-0.02, 0.02)}, 40, ["angle", "rate"]),
        (
            mixture,
            {"x0": (0.5, 1.5), "y0": (-1.0, 1.0), "bump": (0.0, 1.0), "noise": (0.5, 0.75)},
            30,
            ["x", "y", "bent", "angle"],
        ),
    ],
)
def test_forms_contain_ten_thousand_runs(program: Any, ranges: dict[str, Any], last: int, shown: list[str]) -> None:
    plan_, checked = planned(program)
    inputs = {v.name: v for v in checked.main.inputs}
    kinds = {n: bool if str(v.type) == "bool" else dtype(v.type) for n, v in inputs.items()}
    forms = hulls(plan_, last, shown)
    assert len(forms) == last + 1
    runs = 5000
    given = sampled_inputs(ranges, runs, last + 1, kinds)
    compiled = compile_program(checked.program, Observe.NAMED)
    begin = start(plan_)
    low, high = begin.box()
    first = np.stack([given[v.name][:, 0].astype(np.float64) for v, _ in begin.elements], axis=1)
    axis = (first - 0.5 * (low + high)) / (0.5 * (high - low))
    columns: dict[str, list[Any]] = {name: [] for name in shown}
    for run in range(runs):
        compiled.reset()
        trace = compiled.run({name: values[run] for name, values in given.items()}, last + 1)
        for name in shown:
            columns[name].append(np.array(trace.column(name).values, dtype=np.float64))
    for name in shown:
        values = np.stack(columns[name])
        for tick, found in enumerate(forms):
            if name not in found:
                continue
            x = found[name]
            assert (values[:, tick] >= x.low[0, 0]).all(), (name, tick)
            assert (values[:, tick] <= x.high[0, 0]).all(), (name, tick)
            # As a function of the initial values a form says more than its hull.
            count = min(axis.shape[1], x.generators.shape[2])
            line = x.center[0, 0] + axis[:, :count] @ x.generators[0, 0, :count]
            rest = np.abs(x.generators[0, 0, count:]).sum() + x.radius[0, 0]
            assert (np.abs(values[:, tick] - line) <= rest * (1 + 1e-9) + 1e-12).all(), (name, tick)


@pytest.mark.parametrize("scalar", [F32, F64])
@pytest.mark.parametrize("op", [Op.SIN, Op.COS, Op.EXP, Op.LOG, Op.SQRT, Op.TANH, Op.SIGMOID])
def test_functions_contain_what_the_program_computes(op: Op, scalar: Scalar) -> None:
    random = np.random.default_rng(3)
    low = random.normal(scale=4, size=(400, 1)) * random.choice([1.0, 1e-3], (400, 1))
    if op in (Op.LOG, Op.SQRT):
        low = np.abs(low) + 1e-4
    high = low + random.exponential(1.0, (400, 1)) * random.choice([1.0, 1e-3, 1e-7, 0.0], (400, 1))
    symbols = Symbols()
    x = interval(low, high, symbols)
    found = applied(op, x, scalar, symbols)
    for share in np.linspace(0, 1, 33):
        exact = np.clip(low + share * (high - low), low, high)
        machine = exact.astype(dtype(scalar))
        inside = (machine >= low) & (machine <= high)
        with np.errstate(all="ignore"):
            y = np.sqrt(machine) if op is Op.SQRT else evaluate(function(op, scalar), machine)
        y = y.astype(np.float64)
        assert ((y >= found.low) & (y <= found.high) | ~inside).all()
        # The form is a function of its argument as well.
        unknown = np.divide(machine - x.center, x.spread, out=np.zeros_like(x.center), where=x.spread > 0)
        line = found.center + found.generators[:, :, 0] * unknown
        rest = np.abs(found.generators[:, :, 1:]).sum(axis=2) + found.radius
        assert ((np.abs(y - line) <= rest * (1 + 1e-9) + 1e-15) | ~inside).all()


@pytest.mark.parametrize("scalar", [F32, F64])
@pytest.mark.parametrize("op", ["+", "-", "*", "/", "min", "max", "square"])
def test_arithmetic_contains_what_the_program_computes(op: str, scalar: Scalar) -> None:
    random, kind = np.random.default_rng(8), dtype(scalar)
    shape = (300, 1)
    center = [random.normal(scale=3, size=shape) for _ in range(2)]
    width = [random.exponential(0.5, shape) * random.choice([1.0, 1e-4], shape) for _ in range(2)]
    shared = random.normal(scale=0.3, size=(2, *shape))
    symbols = Symbols(3)

    def made(i: int) -> Form:
        generators = np.concatenate(
            [np.zeros((*shape, i)), width[i][:, :, None], np.zeros((*shape, 1 - i)), shared[i][:, :, None]], axis=2
        )
        radius = np.full(shape, 1e-7)
        return Form(center[i], generators, radius, np.abs(generators).sum(axis=2) + radius)

    x, y = made(0), made(1)
    found = {
        "+": lambda: added(x, y, 1.0, scalar, symbols), "-": lambda: added(x, y, -1.0, scalar, symbols),
        "*": lambda: multiplied(x, y, scalar, symbols), "/": lambda: divided(x, y, scalar, symbols),
        "min": lambda: greater(x, y, scalar, symbols, -1.0), "max": lambda: greater(x, y, scalar, symbols, 1.0),
        "square": lambda: square(x, scalar, symbols),
    }[op]()  # fmt: skip
    finite = 0
    for _ in range(300):
        e = random.choice([-1.0, 1.0, 0.3], (3, *shape)) * random.random((3, *shape)) ** random.choice([0.0, 1.0])
        a = (center[0] + width[0] * e[0] + shared[0] * e[2]).astype(kind)
        b = (center[1] + width[1] * e[1] + shared[1] * e[2]).astype(kind)
        with np.errstate(all="ignore"):
            z = {
                "+": a + b,
                "-": a - b,
                "*": a * b,
                "/": a / b,
                "min": np.minimum(a, b),
                "max": np.maximum(a, b),
                "square": a * a,
            }[op]
        known = found.center + sum(found.generators[:, :, i] * e[i] for i in range(3))
        rest = np.abs(found.generators[:, :, 3:]).sum(axis=2) + found.radius
        bounded = np.isfinite(found.spread)
        finite += int(bounded.sum())
        # Rounding the operands moves them by less than the radius of their forms, seen through the operation.
        room = 1e-6 * (1.0 + np.abs(a) + np.abs(b)) * (1.0 + (1.0 / np.abs(b)) ** 2 if op == "/" else 1.0)
        assert (
            (np.abs(z.astype(np.float64) - known) <= rest + (room if scalar is F32 else 1e-12 * room)) | ~bounded
        ).all()
    assert finite


def verdicts(program: Any, timeout: float = 40, **options: Any) -> tuple[VerificationReport, dict[str, Any]]:
    checked = check(program_of(program))
    report = verify(checked.program, VerifyOptions(timeout=timeout, jobs=1, **options), replay)
    return report, {r.name: r.verdict for r in report.results}


def test_a_network_in_the_loop_is_proved_and_refuted_without_being_asked() -> None:
    _, found = verdicts(pendulum)
    over, high = found["not over"], found["not high"]
    assert isinstance(over, Proved)
    assert over.method.startswith("reachability to tick 40")
    assert over.k == 41
    assert "machine floats" in over.semantics
    assert isinstance(high, Violated)
    angle = next(s for s in high.counterexample.streams if s.name == "angle")
    assert angle.values[high.counterexample.tick] > 0.2
    assert all(isinstance(v, Proved) for name, v in found.items() if name.startswith("overflow"))


def test_the_tube_of_a_proof_has_the_runs_of_the_program_and_is_drawn_with_them() -> None:
    report, _ = verdicts(pendulum, properties=("not over",))
    (tube,) = report.tubes
    assert tube.properties == ("not over",)
    assert {"angle", "rate"} <= tube.streams.keys()
    runs = sampled(opened(check(program_of(pendulum)).program), tube, runs=300)
    for name, ranges in tube.streams.items():
        for tick, ends in enumerate(ranges):
            if ends is not None:
                assert (runs[name][:, tick] >= ends[0]).all(), (name, tick)
                assert (runs[name][:, tick] <= ends[1]).all(), (name, tick)
    picture = tube_drawing(tube, {n: v[:5] for n, v in runs.items()})
    shown = [n for n, ranges in tube.streams.items() if any(ranges)]
    assert picture.count("<polyline") == 5 * len(shown)
    assert picture.count('class="band"') == sum(r is not None for ranges in tube.streams.values() for r in ranges)


def loop(gain: float, bound: float, initial: tuple[float, float]) -> Any:
    @node
    def squaring(x0: Stream[f64]) -> Stream[f64]:
        assume((x0 >= initial[0]) & (x0 <= initial[1]))
        x, n = state(init=x0), state(init=0)
        x.next = x - gain * x * x * x
        n.next = minimum(n + 1, 11)
        ensure((n > 10) | (x <= bound), "bound")
        return x

    return squaring


def test_boxes_are_split_until_each_is_done() -> None:
    # From 0 to 1.2 the largest value after a step is 0.77; one box does not show that x - x^3/2 stays below 0.8.
    plan_, _ = planned(loop(0.5, 1.2001, (0.0, 1.2)))
    explored = explore(plan_, 10, float("inf"))
    assert explored.proved
    tight, _ = planned(loop(0.5, 1.2 + 1e-9, (-1.2, 1.2)))
    split = explore(tight, 10, float("inf"))
    assert split.proved
    assert split.done > 1


def test_what_is_false_only_in_floats_is_refuted_and_what_holds_with_room_is_proved() -> None:
    def summing(bound: float) -> Any:
        @node
        def sums(x0: Stream[f64]) -> Stream[f64]:
            assume((x0 >= 0.0) & (x0 <= 0.0))
            x, n = state(init=x0), state(init=0)
            x.next, n.next = x + 0.1, minimum(n + 1, 11)
            ensure((n != 10) | (x >= bound), "tenths")
            return x

        return sums

    _, found = verdicts(summing(1.0), engines=("reach",))
    assert isinstance(found["tenths"], Violated)
    _, found = verdicts(summing(0.9999999), engines=("reach",))
    assert isinstance(found["tenths"], Proved)


def test_a_property_without_a_horizon_and_inputs_without_bounds_are_unknown_with_the_reason() -> None:
    @node
    def forever(x0: Stream[f32]) -> Stream[f32]:
        x = state(init=x0)
        x.next = 0.5 * x
        n = state(init=0)
        n.next = minimum(n + 1, 5)
        ensure(x < 1e30, "for ever")
        ensure((n > 3) | (x < 1e30), "for a while")
        return x

    _, found = verdicts(forever, engines=("reach",))
    assert isinstance(found["for ever"], Unknown)
    assert "horizon" in found["for ever"].reason
    assert not isinstance(found["for a while"], Proved)


def test_the_horizon_is_where_time_alone_makes_a_property_true() -> None:
    @node
    def timed(x: Stream[f32]) -> Stream[f32]:
        n = state(init=0)
        n.next = where(n < 20, n + 1, n)
        ensure((n > 12) | (x > 0.0), "early")
        ensure((n < 3) | (n > 5) | (x > 0.0), "window")
        ensure((n < 7) | (x > 0.0), "late")
        m = state(init=0)
        m.next = (m + 1) % 4
        ensure((m != 2) | (x > 0.0), "again and again")
        return x

    plan_, _ = planned(timed)
    last = {p.name: horizon(plan(plan_.node, [p]), float("inf")) for p in plan_.goals}
    assert last == {"early": 12, "window": 5, "late": None, "again and again": None}


def test_the_rounding_of_the_loop_counts() -> None:
    # Real numbers stay at 2^24; in f32 the sum with 1 is lost, so that x falls behind by one each tick.
    @node
    def drift(x0: Stream[f32]) -> Stream[f32]:
        assume((x0 >= 16777216.0) & (x0 <= 16777216.0))
        x, n = state(init=x0), state(init=0)
        x.next, n.next = (x + 1.0) - 1.0, minimum(n + 1, 9)
        ensure((n > 8) | (x >= 16777216.0), "kept")
        return x

    _, found = verdicts(drift, engines=("reach",))
    assert isinstance(found["kept"], Violated)


def test_other_engines_see_what_reachability_left() -> None:
    report, found = verdicts(pendulum, properties=("not over",))
    assert list(found) == ["not over"]
    assert isinstance(found["not over"], Proved)
    assert report.exit_code == 0
    _, found = verdicts(pendulum, timeout=2, engines=("bmc",), properties=("not high",))
    assert not isinstance(found["not high"], Proved)


def aborts(*_: Any) -> None:
    os._exit(3)


def test_reachability_that_crashes_decides_nothing_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "decide", aborts)
    _, found = verdicts(pendulum, timeout=4)
    assert isinstance(found["not over"], Unknown)
    assert "reachability failed: the solver's process ended" in found["not over"].reason
    assert any(name.startswith("overflow") for name in found)


def test_what_cannot_travel_to_another_process_decides_nothing() -> None:
    checked = check(program_of(pendulum))
    report = verify(checked.program, VerifyOptions(timeout=4, jobs=1), lambda *given: replay(*given))
    (over,) = (r.verdict for r in report.results if r.name == "not over")
    assert isinstance(over, Unknown)
    assert "cannot be sent" in over.reason


def test_a_network_is_one_step_of_the_plan() -> None:
    plan_, _ = planned(pendulum)
    (target,) = plan_.networks
    assert plan_.networks[target].network.inputs == 2
    assert len(plan_.networks[target].network.layers) == 5
    assert not any("layer" in t.name for e in plan_.order for t in e.targets)


STEADY = MLP((
    Dense(np.array([[1.5, 0.4], [-0.9, -1.1], [0.6, 1.3]]), np.zeros(3), tanh),
    Dense(np.array([[-1.2, 1.0, -0.9]]), np.zeros(1)),
))  # fmt: skip


@node(rate=Hz(10))
def kept(x0: Stream[f32], push: Stream[f32]) -> Stream[f32]:
    assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
    assume(abs(push) <= 0.1, "push")
    x = state(init=x0)
    u = STEADY(vec(x, 0.5 * x))[0]
    x.next = x + 0.1 * (0.3 * x + u + push)
    ensure((x >= -0.5) & (x <= 0.5), "kept")
    ensure((x >= -0.05) & (x <= 0.05), "close")
    return x


def test_a_property_for_ever_is_proved_by_induction_over_cells() -> None:
    _, found = verdicts(kept, properties=("kept",))
    proof = found["kept"]
    assert isinstance(proof, Proved)
    assert proof.method.endswith(" cells")


@node(abstract=True)
def steered(x: Stream[f32]) -> Stream[f32]:
    u = STEADY(vec(x, 0.5 * x))[0]
    ensure((u >= -3.2) & (u <= 3.2), "in range")
    return u


@node(rate=Hz(10))
def whole(x0: Stream[f32], push: Stream[f32]) -> Stream[f32]:
    assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
    assume(abs(push) <= 0.1, "push")
    x = state(init=x0)
    u = steered(x)
    x.next = clip(x + 0.1 * (0.3 * x + u + push), -0.5, 0.5)
    ensure((x >= -0.5) & (x <= 0.5), "clipped")
    ensure((u <= 2.2) & (u >= -2.2), "gentle")
    return x


def concrete(program: Any, name: str, timeout: float = 40, **options: Any) -> dict[str, Any]:
    checked = check(program_of(program))
    wanted = VerifyOptions(timeout=timeout, jobs=1, **options)
    return {r.name: r.verdict for r in verify(concretised(checked.program, [name]), wanted, replay).results}


@pytest.mark.parametrize("semantics", [Semantics.REALS, Semantics.MACHINE])
def test_what_holds_for_every_network_needs_no_cells_and_the_rest_holds_for_this_one(semantics: Semantics) -> None:
    _, free = verdicts(whole)
    assert isinstance(free["clipped"], Proved)
    assert not isinstance(free["gentle"], Proved)
    found = concrete(whole, "steered", semantics=semantics)
    assert found["clipped"].method.endswith("any network") or "intervals" in found["clipped"].method
    assert "network in" in found["gentle"].method or "intervals" in found["gentle"].method


CELL = GRU(
    rng.normal(scale=0.5, size=(9, 2)), rng.normal(scale=0.5, size=(9, 3)), np.zeros(9), np.zeros(9)
)  # fmt: skip
READ = Dense(np.array([[-0.5, 0.4, -0.3]]), np.zeros(1))


@node(rate=Hz(20))
def recurrent(x0: Stream[f32], v0: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    assume((x0 >= 0.2) & (x0 <= 0.3), "initial")
    assume((v0 >= -0.05) & (v0 <= 0.05), "initial speed")
    x, v, n = state(init=x0), state(init=v0), state(init=0)
    hidden = CELL(vec(x, v))
    for i in range(3):
        invariant((hidden[i] <= 1.0) & (hidden[i] >= -1.0), f"unit {i}")
    u = READ(hidden)[0]
    x.next, v.next, n.next = x + 0.05 * v, v + 0.05 * (u - x - 0.5 * v), minimum(n + 1, 31)
    ensure((n > 30) | ((x <= 0.4) & (x >= -0.6)), "for 1.5 s")
    ensure((u <= 1.25) & (u >= -1.25), "for ever")
    return x, u


def test_a_recurrent_network_is_unrolled_up_to_a_horizon_and_bounded_by_a_box_for_ever() -> None:
    _, found = verdicts(recurrent)
    assert found["for 1.5 s"].method.startswith("reachability to tick 30")
    assert "k-induction" in found["for ever"].method
    assert all(isinstance(found[f"unit {i}"], Proved) for i in range(3))


def test_without_memory_all_ticks_are_like_the_first() -> None:
    @node(rate=Hz(10))
    def present(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
        assume((abs(x) <= 1.0) & (abs(y) <= 1.0), "inputs")
        u = STEADY(vec(x, 0.5 * x + 0.1 * y))[0]
        ensure((x < 0.3) | (u <= -0.5), "pushes back")
        ensure((x < 0.3) | (u <= -1.5), "pushes hard")
        return u

    _, found = verdicts(present)
    assert "at every tick" in found["pushes back"].method or "cell" in found["pushes back"].method
    assert isinstance(found["pushes hard"], Violated)


def test_a_network_that_overflows_is_not_taken_for_a_number() -> None:
    huge = MLP((
        Dense(np.full((3, 2), 1e30), np.zeros(3), relu), Dense(np.full((1, 3), 1e30), np.zeros(1)),
    ))  # fmt: skip

    @node(rate=Hz(10))
    def overflowing(x0: Stream[f32]) -> Stream[f32]:
        assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
        u = huge(vec(x0, x0))[0]
        ensure(u - u == 0.0, "a number")
        ensure(u <= 3e38, "bounded")
        return u

    _, found = verdicts(overflowing, timeout=20, semantics=Semantics.MACHINE)
    assert not isinstance(found["a number"], Proved)
    assert not isinstance(found["bounded"], Proved)


def test_cells_on_which_sums_may_overflow_say_nothing() -> None:
    huge = MLP((
        Dense(np.full((3, 2), 1e30), np.zeros(3), relu), Dense(np.full((1, 3), 1e30), np.zeros(1)),
    ))  # fmt: skip

    @node(rate=Hz(10))
    def overflowing(x0: Stream[f32]) -> Stream[f32]:
        assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
        u = huge(vec(x0, x0))[0]
        ensure(u <= 3e38, "bounded")
        return u

    plan_, _ = planned(overflowing)
    found = tabulated(plan_.node, plan_.goals, 8, rounded=True)
    assert found is not None
    assert not found.guarded
    assert all(np.isfinite(r).all() for t in found.tables for c in t.ranges for r in c)
    literals = [a.value for e in found.node.equations for a in atoms(e.rhs) if isinstance(a, Const)]
    assert all(np.isfinite(x) for x in literals if isinstance(x, float))


def test_a_network_that_reads_a_matrix_has_a_table() -> None:
    weights = np.array([[1.0, -0.5, 0.25, 0.5], [0.5, 0.5, -1.0, 0.25]], dtype=np.float32)

    @node(rate=Hz(10))
    def picture(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
        assume((abs(x) <= 1.0) & (abs(y) <= 1.0), "inputs")
        pixels = vec(vec(x, y), vec(y, x))
        hidden = tanh(weights @ pixels.reshape(4))
        u = (np.array([[0.5, -0.5]], dtype=np.float32) @ hidden)[0]
        ensure((u <= 1.001) & (u >= -1.001), "bounded")
        return u

    plan_, _ = planned(picture)
    found = tabulated(plan_.node, plan_.goals, 8)
    assert found is not None
    assert len(found.tables[0].names) == 8
    assert len(found.tables[0].cells[0][0]) == 4


def test_a_violation_is_one_of_the_program_and_not_of_a_table() -> None:
    _, found = verdicts(kept, timeout=20, properties=("close",))
    assert isinstance(found["close"], Violated)
    run = found["close"].counterexample
    x = next(s for s in run.streams if s.name == "x").values
    assert abs(x[run.tick]) > 0.05
    assert {s.name for s in run.streams if s.input} == {"x0", "push"}


def test_cells_cover_their_box_and_bound_the_network_on_it() -> None:
    plan_, _ = planned(kept)
    (found,) = plan_.networks.values()
    low, high = np.array([-0.5, -0.25]), np.array([0.5, 0.25])
    cells, ranges = partition(found, (low, high), 16)
    assert len(cells) == 16
    points = np.random.default_rng(0).uniform(low, high, (2000, 2)).astype(np.float32).astype(np.float64)
    y = found.network(points)
    inside = np.stack([((points >= a) & (points <= b)).all(axis=1) for a, b in cells])
    assert inside.any(axis=0).all()
    for here, (least, most) in zip(inside, ranges, strict=True):
        assert ((y[here] >= least) & (y[here] <= most)).all()
    coarse = partition(found, (low, high), 1)[1][0]
    assert max(float((b - a).max()) for a, b in ranges) < 0.5 * float((coarse[1] - coarse[0]).max())


def test_a_requirement_of_a_callee_is_proved_and_not_assumed_beside_a_table() -> None:
    @node
    def positive(x: Stream[f32]) -> Stream[f32]:
        require(x > 0.0, "positive")
        return x

    @node(rate=Hz(10))
    def caller(x0: Stream[f32]) -> Stream[f32]:
        assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
        u = STEADY(vec(x0, 0.5 * x0))[0]
        return positive(u)

    _, found = verdicts(caller, timeout=6)
    (verdict,) = found.values()
    assert not isinstance(verdict, Proved)

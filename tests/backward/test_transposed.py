"""Traces that run forwards: sums over a segment of what needs its future, without a buffer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from typing import Literal as L

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from syncml import Stream, Vec, constant, f64, fby, node, post, segment, state, tanh, when, where, wire
from syncml.cli.app import app
from syncml.cli.schemas import schema_file
from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Fby, Pack, Post
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.learn import value_and_grad
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from tests.backward.engines import assert_engines_agree

V3 = Vec[L[3], f64]


@node
def filtered(a: Stream[f64], b: Stream[f64], x: Stream[f64]) -> Stream[f64]:
    y = state(init=0.25, type=f64)
    y.next = a * y + b * tanh(x)
    return (y.next - x) * (y.next - x)


@node
def sums(
    schedule: str, longest: int, ragged: bool, d: Stream[f64], phi: Stream[V3], c: Stream[bool], end: Stream[bool]
) -> tuple[Stream[f64], Stream[V3], Stream[f64], Stream[V3], Stream[f64], Stream[bool]]:
    """A return times features, recurrences with every linear operator, and weights that learn through time."""
    with segment(end if ragged else longest, longest if ragged else None, schedule) as seg:
        a, b = seg.carry(init=0.5, type=f64), seg.carry(init=0.5, type=f64)
        _, (d_a, d_b) = value_and_grad(filtered, wrt=("a", "b"))(a, b, d)
        a.next = when(a, seg.last) - 0.01 * seg.total(d_a)
        b.next = when(b, seg.last) - 0.01 * seg.total(d_b)
        g = wire(f64)
        g.define(d + 0.72 * post(g, init=0.0))
        h, k = wire(f64), wire(V3)
        h.define(where(c, 0.5 * post(h, init=d), d - post(h, init=1.5) / 2.5) - g)
        k.define(-(constant([0.5, -0.25, 0.125], f64) * post(k, init=phi)) + h * phi + post(phi, init=phi))
        returns, others = seg.total(g * phi), seg.total(where(c, k, -k))
        plain = seg.total(d)
    return a, returns, b, others, plain, seg.last


@cache
def made(schedule: str, longest: int, ragged: bool) -> Checked:
    return check(program_of(sums, schedule=schedule, longest=longest, ragged=ragged))


def inputs(ticks: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "d": rng.normal(size=ticks), "phi": rng.normal(size=(ticks, 3)), "c": rng.random(ticks) < 0.5,
        "end": rng.random(ticks) < 0.2,
    }  # fmt: skip


def outputs(checked: Checked) -> tuple[str, ...]:
    return tuple(v.name for v in checked.main.outputs)


@pytest.mark.parametrize(("longest", "ragged"), [(1, False), (2, False), (9, False), (9, True)])
def test_the_sums_are_those_of_the_sweeps(longest: int, ragged: bool) -> None:
    ticks = 41
    tape, traces = made("burst", longest, ragged), made("transposed", longest, ragged)
    check_program(traces.program)
    expected = interpret(tape.program, inputs(ticks), ticks).trace.only(outputs(tape))
    found = interpret(traces.program, inputs(ticks), ticks).trace.only(outputs(traces))
    for left, right in zip(expected.columns, found.columns, strict=True):
        present = np.asarray(left.present if left.present is not None else np.ones(ticks, bool))
        assert np.array_equal(np.asarray(left.present), np.asarray(right.present))
        assert np.asarray(right.values)[present] == pytest.approx(np.asarray(left.values)[present], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("ragged", [False, True])
def test_all_engines_have_the_same_bits(ragged: bool) -> None:
    assert_engines_agree(made("transposed", 9, ragged), inputs(60), 60)


def test_forward_view_is_backward_view() -> None:
    """TD(lambda): the sum of (sum of (gamma lambda)^k d(n+k)) phi(n) is that of d(n) z(n), in this order."""
    length = 12
    given = inputs(length)
    found = interpret(made("transposed", length, False).program, given, length).trace
    z, total = np.zeros(3), np.zeros(3)
    for d, phi in zip(given["d"], given["phi"], strict=True):
        z = z * 0.72 + phi
        total = total + z * d
    name = made("transposed", length, False).main.outputs[1].name
    returns = np.asarray(found.column(name).values)[length - 1]
    assert returns.tolist() == total.tolist()
    direct = sum(sum(0.72**k * given["d"][n + k] for k in range(length - n)) * given["phi"][n] for n in range(length))
    assert returns == pytest.approx(direct, rel=1e-12)


def test_nothing_is_kept_of_an_instant() -> None:
    """The memory of a segment of ten thousand instants is that of one of ten."""

    def memory(length: int) -> int:
        equations = made("transposed", length, False).main.equations
        assert not any(isinstance(e.rhs, Post | Pack) for e in equations)
        return sum(size(e.target.type) for e in equations if isinstance(e.rhs, Fby))

    assert memory(10_000) == memory(10) <= 40


@node
def refused(what: str, d: Stream[f64], c: Stream[bool]) -> Stream[f64]:
    with segment(every=4, schedule="transposed") as seg:
        g = wire(f64)
        g.define(d + 0.5 * (tanh(post(g, init=0.0)) if what == "tanh" else post(g, init=0.0)))
        match what:
            case "product":
                return seg.total(g * g)
            case "delay":
                return seg.total(fby(0.0, g))
            case "slower":
                return seg.total(where(c, g, g * post(g, init=0.0)))
            case "last":
                return when(g, seg.last)
            case "sum from the start":
                total = state(init=0.0, type=f64)
                total.next = total + g
                return when(total.next, seg.last)
            case _:
                return seg.total(g)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("tanh", "not linear"),
        ("product", "not linear"),
        ("delay", "not linear"),
        ("slower", "not linear"),
        ("last", "not a sum over the segment"),
        ("sum from the start", "not a sum over the segment"),
    ],
)
def test_what_is_no_trace_is_refused(what: str, message: str) -> None:
    with pytest.raises(DiagnosticError, match=message) as caught:
        check(program_of(refused, what=what))
    (found,) = caught.value.diagnostics
    assert found.code == "K018" and found.primary.span.line and "seg.total" in found.help


SOURCE = """
from syncml import Stream, f32, node, post, segment, wire


@node
def main(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8, schedule="{schedule}"{more}) as seg:
        g = wire(f32)
        g.define(r + 0.5 * post(g, init=0.0))
        return seg.total(g * r)
"""


@pytest.mark.parametrize(
    ("schedule", "more", "figures"),
    [("transposed", "", (0, 0, 1, [0, 0])), ("burst", "", (8, 0, 9, [0, 7])),
     ("checkpointed", ", slots=3", (8, 3, 13, [0, 7]))],
)  # fmt: skip
@pytest.mark.parametrize("command", ["check", "schedule"])
def test_check_and_schedule_say_what_it_asks_for(
    tmp_path: Path, command: str, schedule: str, more: str, figures: tuple[Any, ...]
) -> None:
    path = tmp_path / "program.py"
    path.write_text(SOURCE.format(schedule=schedule, more=more), "utf-8")
    done = CliRunner().invoke(app, [command, str(path), "--format", "json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_file(command).read_text()))
    (found,) = (document["nodes"][0] if command == "check" else document)["segments"]
    assert found["schedule"] == schedule
    assert (found["slots"], found["snapshots"], found["most_steps"], found["latency"]) == figures
    text = CliRunner().invoke(app, [command, str(path)]).stdout
    assert f"segments of at most 8, {schedule}: 1 " in text and "`g`" in text
    assert f"{figures[0]} slots for each stream" in text and f"at most {figures[2]} steps in a tick" in text

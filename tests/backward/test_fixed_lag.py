"""What looks ahead, cut after a fixed number of instants: its values, the bound on its error, its memory."""

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

from syncml import (
    Stream,
    Vec,
    constant,
    f64,
    maximum,
    minimum,
    node,
    pack,
    post,
    pre,
    segment,
    tanh,
    unpack,
    when,
    where,
    wire,
)  # fmt: skip
from syncml.cli.app import app
from syncml.cli.schemas import schema_file
from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Fby
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from tests.backward.engines import assert_engines_agree

MATRIX = np.array([[0.25, -0.5], [0.125, 0.5]])


def recurrences(r: Any, c: Any) -> tuple[Any, Any]:
    """A scalar with two coefficients, and a vector that needs it, what is after it, and itself through a function."""
    bounded = minimum(maximum(r, -1.0), 2.0)
    g, h = wire(f64), wire(Vec[L[2], f64])
    g.define(bounded + where(c, constant(0.5, f64), constant(-0.75, f64)) * post(g, init=0.25 * bounded))
    later = MATRIX @ post(h, init=[0.5, -0.5])
    h.define(tanh(later) * 0.9 + constant([1.0, -2.0], f64) * g + 0.5 * post(bounded, init=0.0))
    return g, h


@node
def lagged(
    longest: int, lag: int, ragged: bool, r: Stream[f64], c: Stream[bool], end: Stream[bool]
) -> tuple[Stream[f64], Stream[Vec[L[2], f64]]]:
    with segment(end if ragged else longest, longest if ragged else None, schedule="fixed lag", lag=lag) as seg:
        g, h = recurrences(r, c)
        return seg.late(g, init=-1.0), seg.late(h)


@node
def whole(length: int, r: Stream[f64], c: Stream[bool]) -> tuple[Stream[f64], Stream[Vec[L[2], f64]]]:
    with segment(length):
        g, h = recurrences(r, c)
        return unpack(pack(g)), unpack(pack(h))


@cache
def made(longest: int, lag: int, ragged: bool) -> Checked:
    return check(program_of(lagged, longest=longest, lag=lag, ragged=ragged))


def inputs(ticks: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {"r": 1.5 * rng.normal(size=ticks), "c": rng.random(ticks) < 0.5, "end": rng.random(ticks) < 0.15}


def direct(given: dict[str, Any], ends: Any, lag: int, ticks: int) -> tuple[list[float], list[list[float]]]:
    """At each instant the recurrence that starts with its init ``lag`` instants later, or at the end."""
    bounded = np.minimum(np.maximum(given["r"], -1.0), 2.0)
    scalars, vectors = [-1.0] * lag, [[0.0, 0.0]] * lag
    for n in range(ticks - lag):
        stop = next((j for j in range(n, n + lag) if ends[j]), n + lag)
        g, h = 0.25 * bounded[stop], np.array([0.5, -0.5])
        for j in range(stop, n - 1, -1):
            after = bounded[j + 1] if j < stop else 0.0
            g = bounded[j] + (0.5 if given["c"][j] else -0.75) * g
            h = np.tanh(MATRIX @ h) * 0.9 + np.array([1.0, -2.0]) * g + 0.5 * after
        scalars.append(float(g))
        vectors.append(h.tolist())
    return scalars, vectors


def outputs(checked: Checked) -> tuple[str, ...]:
    return tuple(v.name for v in checked.main.outputs)


@pytest.mark.parametrize(
    ("longest", "lag", "ragged"), [(1, 1, False), (6, 1, False), (6, 4, False), (4, 9, False), (9, 3, True)]
)
def test_the_values_are_those_of_the_cut_recurrence(longest: int, lag: int, ragged: bool) -> None:
    checked, ticks, given = made(longest, lag, ragged), 40, inputs(40)
    check_program(checked.program)
    ends, position = [], 0
    for e in given["end"]:
        ends.append(bool(e and ragged) or position == longest - 1)
        position = 0 if ends[-1] else position + 1
    scalars, vectors = direct(given, ends, lag, ticks)
    found = interpret(checked.program, given, ticks).trace.only(outputs(checked))
    assert np.asarray(found.columns[0].values).tolist() == scalars
    assert np.asarray(found.columns[1].values) == pytest.approx(np.asarray(vectors), rel=1e-14, abs=1e-15)


def test_all_engines_have_the_same_bits() -> None:
    assert_engines_agree(made(9, 3, True), inputs(60), 60)


def bound(checked: Checked) -> float:
    (early,) = checked.early
    assert early.error is not None
    return float(early.error)


@pytest.mark.parametrize("lag", [1, 2, 5, 10])
def test_the_error_is_within_its_bound(lag: int) -> None:
    length, ticks = 30, 300
    exact, cut, given = check(program_of(whole, length=length)), made(length, lag, False), inputs(ticks)
    reference = interpret(exact.program, {k: given[k] for k in "rc"}, ticks).trace.only(outputs(exact))
    found = interpret(cut.program, given, ticks).trace.only(outputs(cut))
    for one, other in zip(reference.columns, found.columns, strict=True):
        right, approximate = np.asarray(one.values)[length:], np.asarray(other.values)[lag:]
        different = np.abs(approximate[: len(right)] - right[: len(approximate)])
        assert 0.0 < different.max() <= bound(cut)


@node
def discounted(factor: float, lag: int, start: float, r: Stream[f64]) -> Stream[f64]:
    with segment(every=400, schedule="fixed lag", lag=lag) as seg:
        g = wire(f64)
        g.define(minimum(maximum(r, -1.0), 1.0) + factor * post(g, init=start))
        return seg.late(g)


@pytest.mark.parametrize(("factor", "lag", "start"), [(0.5, 3, 0.0), (0.9, 12, 0.0), (0.75, 8, -3.0)])
def test_the_bound_of_a_scalar_is_reached(factor: float, lag: int, start: float) -> None:
    """|error| <= factor^(K+1) (c / (1 - factor) + |init|), which a constant input comes to."""
    checked = check(program_of(discounted, factor=factor, lag=lag, start=start))
    closed = factor ** (lag + 1) * (1.0 / (1.0 - factor) + abs(start))
    assert bound(checked) == pytest.approx(closed, rel=1e-12)
    found = interpret(checked.program, {"r": np.ones(300)}, 300).trace.only(outputs(checked)).columns[0].values
    assert 1.0 / (1.0 - factor) - float(np.asarray(found)[250]) == pytest.approx(closed, rel=1e-9)


def test_the_memory_is_that_of_the_lag() -> None:
    def memory(longest: int, lag: int) -> int:
        return sum(size(e.target.type) for e in made(longest, lag, False).main.equations if isinstance(e.rhs, Fby))

    assert memory(10_000, 4) == memory(10, 4) < memory(10, 8)


@node
def refused(what: str, r: Stream[f64], a: Stream[f64]) -> Stream[f64]:
    with segment(every=8, schedule="fixed lag", lag=3) as seg:
        g, bounded = wire(f64), minimum(maximum(r, -1.0), 1.0)
        behind = post(g, init=0.0)
        match what:
            case "grows":
                g.define(bounded - 1.0 * behind)
            case "open":
                g.define(r + 0.5 * behind)
            case "factor":
                g.define(bounded + a * behind)
            case "square":
                g.define(bounded + 0.5 * behind * behind)
            case "border":
                g.define(where(seg.last, bounded, 0.5 * behind))
            case _:
                g.define(bounded + 0.5 * behind)
        if what == "end":
            return when(g, seg.last)
        result = seg.late(g)
    return result + pre(g, init=0.0) if what == "sooner" else result


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ("grows", "K019", "may grow by a factor of 1 in an instant"),
        ("open", "K019", "no known bound"),
        ("factor", "K019", "`a` has no known bound"),
        ("square", "K019", "how much this changes"),
        ("border", "K015", "depends on where the segment ends"),
        ("end", "K015", "taken at the end of the segment"),
        ("sooner", "K016", "before it is known"),
    ],
)
def test_what_has_no_lag_is_refused(what: str, code: str, message: str) -> None:
    with pytest.raises(DiagnosticError, match=message) as caught:
        check(program_of(refused, what=what))
    (found,) = caught.value.diagnostics
    assert found.code == code and found.help


@node
def without(r: Stream[f64]) -> Stream[f64]:
    with segment(every=8) as seg:
        return seg.late(r)


def test_a_segment_without_a_lag_has_nothing_late() -> None:
    with pytest.raises(DiagnosticError, match="segment with a lag") as caught:
        program_of(without)
    assert caught.value.diagnostics[0].code == "K010"


@pytest.mark.parametrize(("schedule", "lag"), [("fixed lag", None), ("fixed lag", 0), ("burst", 2)])
def test_a_lag_belongs_to_its_schedule(schedule: str, lag: int | None) -> None:
    @node
    def wrong(r: Stream[f64]) -> Stream[f64]:
        with segment(every=8, schedule=schedule, lag=lag):
            return r

    with pytest.raises(DiagnosticError, match=r"segment\(schedule="):
        program_of(wrong)


SOURCE = """
from syncml import Stream, f32, maximum, minimum, node, post, segment, wire


@node
def main(r: Stream[f32]) -> Stream[f32]:
    with segment(every=64, schedule="fixed lag", lag=4) as seg:
        g = wire(f32)
        g.define(minimum(maximum(r, -1.0), 1.0) + 0.5 * post(g, init=0.0))
        return seg.late(g)
"""


@pytest.mark.parametrize("command", ["check", "schedule"])
def test_check_and_schedule_show_the_bound(tmp_path: Path, command: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(SOURCE, "utf-8")
    done = CliRunner().invoke(app, [command, str(path), "--format", "json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_file(command).read_text()))
    (found,) = (document["nodes"][-1] if command == "check" else document)["segments"]
    assert (found["slots"], found["most_steps"], found["latency"], found["error"]) == (5, 6, [4, 4], 0.0625)
    text = CliRunner().invoke(app, [command, str(path)]).stdout
    assert "fixed lag: 1 forward (`g`)" in text
    assert "4 to 4 ticks later, with an error of at most 0.0625, rounding not included" in text

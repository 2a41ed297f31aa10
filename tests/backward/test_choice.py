"""The schedule that a budget asks for: what fits, with the bits of the tape, and what is said where nothing does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from syncml import Stream, f64, node, post, segment, state, tanh, wire
from syncml.cli.app import app
from syncml.cli.schemas import schema_file
from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Fby, Schedule
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.backward.engines import assert_engines_agree
from tests.backward.programs import V3, WH, Z3

N = 40
INPUT = 8 * N
"""What is kept of the input in any case."""


@node
def learner(
    schedule: str, slots: int | None, memory: int | None, latency: int | None, backwards: bool, x: Stream[f64]
) -> Stream[f64]:
    with segment(N, None, schedule, slots, memory=memory, latency=latency) as seg:
        h = state(init=Z3, type=V3)
        h.next = tanh(WH @ h + x)
        g = wire(V3)
        g.define(h * 0.5 + tanh(post(g, init=Z3)))
        if backwards:
            return seg.total(g @ h)
        total = state(init=0.0, type=f64)
        total.next = total + g.sum()
        return seg.total(total.next)


@cache
def made(
    schedule: str, slots: int | None = None, memory: int | None = None, latency: int | None = None,
    backwards: bool = True,
) -> Checked:  # fmt: skip
    return check(program_of(learner, schedule=schedule, slots=slots, memory=memory, latency=latency,
                            backwards=backwards))  # fmt: skip


def taken(checked: Checked) -> int:
    """The bytes of the delays that the sweeps add."""
    nodes = checked.main, lower_segments(checked.program).node("learner")
    before, after = (
        sum(
            8 * size(e.target.type) if "i32" not in str(e.target.type) else 4
            for e in n.equations
            if isinstance(e.rhs, Fby)
        )
        for n in nodes
    )
    return after - before


def test_what_fits_is_burst() -> None:
    exact = taken(made("burst"))
    (chosen,) = made("auto", memory=exact).chosen
    assert chosen.segment.schedule is Schedule.BURST
    assert f"{exact} bytes, {N + 1} steps in a tick, {N - 1} ticks later" in chosen.reason
    (smaller,) = made("auto", memory=exact - 1).chosen
    assert smaller.segment.schedule is Schedule.CHECKPOINTED


@pytest.mark.parametrize("slots", [2, 5, 11])
def test_otherwise_the_most_snapshots_that_fit(slots: int) -> None:
    memory = taken(made("checkpointed", slots))
    assert INPUT < memory < taken(made("burst"))
    for spare in (0, 7):
        checked = made("auto", memory=memory + spare)
        (chosen,) = checked.chosen
        assert (chosen.segment.schedule, chosen.segment.slots) == (Schedule.CHECKPOINTED, slots)
        assert taken(checked) == memory
    given = {"x": np.random.default_rng(1).normal(size=3 * N)}
    names = [tuple(v.name for v in c.main.outputs) for c in (made("burst"), checked)]
    traces = [interpret(c.program, given, 3 * N).trace.only(names[0]) for c in (made("burst"), checked)]
    assert first_difference(traces[0], traces[1]) is None
    if slots == 5:
        assert_engines_agree(checked, given, 3 * N)


@pytest.mark.parametrize(
    ("memory", "latency", "backwards", "notes"),
    [
        (INPUT, None, True, ("burst: ", "checkpointed, slots=1: ")),
        (10**6, N - 2, True, ("39 ticks later", "39 ticks later")),
        (INPUT, None, False, ("burst: ", "other sweeps than one backwards")),
    ],
)
def test_what_does_not_fit_is_refused_with_its_figures(
    memory: int, latency: int | None, backwards: bool, notes: tuple[str, str]
) -> None:
    with pytest.raises(DiagnosticError, match="no schedule of this segment fits") as caught:
        made("auto", memory=memory, latency=latency, backwards=backwards)
    (found,) = caught.value.diagnostics
    assert found.code == "K020" and len(found.notes) == 3
    for note, part in zip(found.notes, (*notes, "transposed: `tanh` is not linear"), strict=True):
        assert part in note


@pytest.mark.parametrize(
    ("schedule", "memory", "latency"), [("auto", None, None), ("burst", 8, None), ("burst", None, 8)]
)
def test_a_budget_belongs_to_auto(schedule: str, memory: int | None, latency: int | None) -> None:
    with pytest.raises(DiagnosticError, match=r"segment\(schedule="):
        made(schedule, memory=memory, latency=latency)


SOURCE = """
from syncml import Stream, f32, node, post, segment, wire


@node
def main(r: Stream[f32]) -> Stream[f32]:
    with segment(every=16, schedule="auto", memory=100, latency=16) as seg:
        g = wire(f32)
        g.define(r + 0.5 * post(g, init=0.0))
        return seg.total(g * r)
"""


@pytest.mark.parametrize("command", ["check", "schedule"])
def test_check_and_schedule_say_why(tmp_path: Path, command: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(SOURCE, "utf-8")
    done = CliRunner().invoke(app, [command, str(path), "--format", "json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_file(command).read_text()))
    (found,) = (document["nodes"][-1] if command == "check" else document)["segments"]
    why = "chosen within 100 bytes; burst: 68 bytes, 17 steps in a tick, 15 ticks later at most"
    assert (found["schedule"], found["reason"]) == ("burst", why)
    assert why in CliRunner().invoke(app, [command, str(path)]).stdout

"""The passes over a segment: the table, and that there are never fewer."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from syncml.cli.app import app
from syncml.clock_calculus import infer_clocks
from syncml.diagnostics import DiagnosticError
from syncml.ir.clocks import word
from syncml.ir.equations.backward import Direction, Instant, backward_of
from syncml.ir.equations.passes import passes_of
from syncml.ir.equations.syntax import Apply, Fby, Post, Program, Segment, Var
from syncml.ir.operators import Op
from syncml.ir.types import F32
from syncml.pipeline import check_file
from tests.backward import programs as p
from tests.support.ir import NodeBuilder, const

FILE = str(Path(p.__file__))

TABLE = {
    "plain_rnn": ["forward"],
    "birnn": ["forward", "backward"],
    "stacked_birnn": ["forward", "backward", "forward"],
    "training": ["forward", "backward", "forward", "update"],
    "training_backward": ["forward", "backward", "update"],
    "batch_norm": ["forward", "backward", "forward", "backward"],
    "gae": ["forward", "backward"],
    "only_returns": ["backward"],
    "td_lambda": ["forward", "backward", "forward"],
    "zero_phase": ["forward", "backward"],
}


@pytest.mark.parametrize("name", TABLE)
def test_the_passes_of_a_program(name: str) -> None:
    assert [each.kind.value for each in passes_of(check_file(f"{FILE}:{name}").main)] == TABLE[name]


@pytest.mark.parametrize(("name", "code"), [("k001_gradient_at_once", "K001"), ("k011_through_two_streams", "K011")])
def test_a_program_without_passes(name: str, code: str, project_root: Path) -> None:
    """A gradient that is used in the instant that it comes from; needs of the past and of the future in one loop."""
    with pytest.raises(DiagnosticError) as caught:
        check_file(str(project_root / "tests" / "reject" / f"{name}.py"))
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_the_document_of_check_has_the_passes() -> None:
    found = CliRunner().invoke(app, ["check", f"{FILE}:training", "--format", "json"])
    (node,) = json.loads(found.stdout)["nodes"]
    (segment,) = node["segments"]
    assert [each["kind"] for each in segment["passes"]] == TABLE["training"]
    assert segment["passes"][1] == {"kind": "backward", "streams": ["ga", "ghp"], "late": False}
    assert (segment["longest"], segment["schedule"]) == (p.N, "burst")
    ahead = {stream["name"]: stream["ahead"] for stream in node["streams"]}
    assert (ahead["h"], ahead["ga"], ahead["acc"]) == (0, "segment", "segment")


def test_a_look_ahead_is_counted() -> None:
    main = check_file(f"{FILE}:n_step").main
    (sweeps,) = backward_of(main).sweeps
    by_name = {var.name: look for var, look in sweeps.lookahead.items() if var.user}
    assert by_name["target"] == 2
    main = check_file(f"{FILE}:delayed").main
    looks = {var.name: look for s in backward_of(main).sweeps for var, look in s.lookahead.items()}
    assert (looks["ahead"], looks["again"], looks["m"]) == (1, 0, None)


@st.composite
def graphs(draw: st.DrawFn) -> list[list[tuple[int, Instant]]]:
    """What each of up to six streams needs, and when; the first looks ahead."""
    count = draw(st.integers(1, 6))
    edges = st.tuples(st.integers(0, count - 1), st.sampled_from(Instant))
    rows = [draw(st.lists(edges, max_size=3)) for _ in range(count)]
    # Needs at one instant must have an order; they go to earlier streams only.
    return [[(u, w) for u, w in row if w is not Instant.SAME or u < v] for v, row in enumerate(rows)]


def _program(graph: list[list[tuple[int, Instant]]]) -> Program:
    """Streams that are sums of what they need; every one looks ahead at the input as well, so that all are ahead."""
    b = NodeBuilder("top")
    x = b.input("x", F32)
    first, last = b.wave(word((), (1, 0, 0)), "first"), b.wave(word((), (0, 0, 1)), "last")
    segment = Segment(first, last, 3)
    streams = [b.declare(f"s{v}", F32) for v in range(len(graph))]
    for v, row in enumerate(graph):
        total: Var = x
        for u, when in row:
            match when:
                case Instant.SAME:
                    read = streams[u]
                case Instant.PREVIOUS:
                    read = b.define(b.fresh(F32), Fby(const(0.0, F32), streams[u], (first,)))
                case Instant.NEXT:
                    read = b.define(b.fresh(F32), Post(streams[u], const(0.0, F32), segment))
            total = b.op(Op.ADD, total, read)
        ahead = b.define(b.fresh(F32), Post(x, const(0.0, F32), segment))
        b.define(streams[v], Apply(Op.ADD, (total, ahead)))
    return infer_clocks(Program((b.node([b.op(Op.COPY, x)]),), "top"))


def _fits(graph: list[list[tuple[int, Instant]]], numbers: tuple[int, ...], directions: tuple[Direction, ...]) -> bool:
    wrong = {Instant.PREVIOUS: Direction.BACKWARD, Instant.NEXT: Direction.FORWARD}
    return all(
        numbers[u] < numbers[v] or (numbers[u] == numbers[v] and directions[numbers[v]] is not wrong.get(when))
        for v, row in enumerate(graph)
        for u, when in row
    )


@given(graphs())
def test_there_are_never_fewer_sweeps(graph: list[list[tuple[int, Instant]]]) -> None:
    """All numbers and all directions are tried."""
    node = _program(graph).node("top")
    backward = backward_of(node)
    count = len(graph)
    fewest = next(
        (
            sweeps
            for sweeps in range(1, 4)
            for directions in product(Direction, repeat=sweeps)
            for numbers in product(range(sweeps), repeat=count)
            if _fits(graph, numbers, directions)
        ),
        None,
    )
    if backward.faults:
        assert fewest is None
    elif fewest is not None:
        (found,) = backward.sweeps
        assert len(found.directions) == fewest
        streams = {int(v.name[1:]): found.number[v] for v in found.number if v.name.startswith("s")}
        assert _fits(graph, tuple(streams[v] for v in range(count)), found.directions)

"""Buffers in programs: every engine against a simulated queue, the sizes that are reported, data-dependent clocks."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import adaptable, least_initial
from syncml.export_c import compile_and_run
from syncml.ir.clocks import BASE, Word, word
from syncml.ir.constants import Const
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Buffer, Program, When
from syncml.ir.step.pretty import print_step
from syncml.ir.types import BOOL, F32, TensorType, Type, shape
from syncml.pipeline import Checked, check, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from tests.support.ir import NodeBuilder, const
from tests.support.tools import needs

TICKS = 60
PREFIXES = st.lists(st.integers(0, 1), max_size=4)
PERIODS = st.lists(st.integers(0, 1), min_size=1, max_size=6).filter(any)


@st.composite
def words_of_one_rate(draw: st.DrawFn) -> tuple[Word, Word]:
    """The period of the reader is a permutation of that of the writer, or of two of them."""
    period = draw(PERIODS)
    other = draw(st.permutations(period * draw(st.integers(1, 2))))
    return word(tuple(draw(PREFIXES)), tuple(period)), word(tuple(draw(PREFIXES)), tuple(other))


def buffered(writer: Word, reader: Word, init: tuple[Const, ...], type_: Type = F32) -> Checked:
    """A node that samples its input by ``writer`` and reads a buffer at ``reader``."""
    b = NodeBuilder("buffered")
    x = b.input("x", type_, BASE)
    write, read = b.wave(writer), b.wave(reader)
    source = b.define(b.declare("source", type_), When(x, write, True))
    y = b.define(b.declare("y", type_), Buffer(source, read, True, init))
    return check(Program((b.node([y]),), "buffered"))


def expected(writer: Word, reader: Word, first: list[float], x: np.ndarray) -> list[np.ndarray | None]:
    """What a queue gives."""
    waiting: deque[np.ndarray] = deque(np.full(x.shape[1:], value, np.float32) for value in first)
    rows: list[np.ndarray | None] = []
    for tick in range(TICKS):
        if writer.at(tick):
            waiting.append(x[tick])
        rows.append(waiting.popleft() if reader.at(tick) else None)
    return rows


def assert_is_queue(found: np.ndarray, rows: list[np.ndarray | None]) -> None:
    for tick, row in enumerate(rows):
        assert row is None or np.array_equal(found[tick], row), tick


@settings(max_examples=60)
@given(words_of_one_rate(), st.integers(0, 2), st.sampled_from(((), (2,))))
def test_a_buffer_is_a_queue(words: tuple[Word, Word], spare: int, extents: tuple[int, ...]) -> None:
    writer, reader = words
    count = least_initial(writer, reader) + spare
    type_ = TensorType(F32, extents) if extents else F32
    first = [-1.0 - i for i in range(count)]
    init = tuple(const(np.full(extents, v) if extents else v, F32) for v in first)
    assert adaptable(writer, reader, count)
    checked = buffered(writer, reader, init, type_)
    check_program(checked.program)
    x = np.arange(TICKS * max(1, *extents, 1), dtype=np.float32).reshape(TICKS, *extents)
    rows = expected(writer, reader, first, x)
    column = interpret(checked.program, {"x": x}, TICKS).trace.column("y")
    assert [bool(p) for p in column.present] == [row is not None for row in rows]
    assert_is_queue(column.values, rows)


@needs("gcc")
@pytest.mark.parametrize(
    ("writer", "reader", "first", "slots"),
    [
        (word((), (1,)), word((), (1,)), [], 0),
        (word((), (1,)), word((), (1,)), [-1.0], 1),
        (word((), (1,)), word((), (1,)), [-1.0, -2.0, -3.0], 3),
        (word((), (1, 0)), word((), (0, 1)), [], 1),
        (word((), (1, 1, 0, 0)), word((), (1, 0, 1, 0)), [], 1),
        (word((), (1, 1, 1, 0, 0, 0)), word((), (1, 0, 1, 0, 1, 0)), [], 1),
        (word((), (1, 1, 1, 1, 1, 0, 0, 0)), word((), (1, 0, 1, 0, 1, 0, 1, 1)), [], 2),
        (word((), (1, 1, 1, 1, 0, 0, 0, 0)), word((), (0, 1)), [], 2),
        (word((), (1, 0, 1, 0, 1, 0)), word((), (1, 1, 1, 0, 0, 0)), [-1.0], 1),
        (word((1,) * 20, (1, 0)), word((0,) * 20, (1, 0)), [], 20),
    ],
)
def test_every_engine_has_the_trace_of_the_queue(writer: Word, reader: Word, first: list[float], slots: int) -> None:
    checked = buffered(writer, reader, tuple(const(v, F32) for v in first))
    (use,) = checked.buffers
    assert (use.slots, use.initial) == (slots, len(first))
    x = np.arange(TICKS, dtype=np.float32)
    rows = expected(writer, reader, first, x)
    assert_is_queue(compile_program(checked.program).run({"x": x}, TICKS).column("y").values, rows)
    for flags in (("-O0",), ("-O3",)):
        assert_is_queue(
            compile_and_run(step_code(checked, flat=False), {"x": x}, TICKS, "gcc", flags).outputs["y"], rows
        )


@pytest.mark.parametrize("lag", [4, 40, 400])
def test_a_ring_costs_the_same_whatever_its_size(lag: int) -> None:
    """One place is written and one is read; the array is never copied."""
    lagging = buffered(word((1,) * lag, (1,)), word((0,) * lag, (1,)), ())
    assert lagging.buffers[0].slots == lag
    code = step_code(lagging, flat=True)
    machine = code.machines[-1]
    assert "for " not in print_step(code)
    assert sum(lag in shape(slot.type) for slot in (*machine.state, *machine.locals)) == 1


def test_clocks_that_depend_on_data_count_what_is_in_the_buffer() -> None:
    """Two conditions inside each other on either side; the clauses fail exactly where the queue runs over or dry."""
    b = NodeBuilder("data")
    x = b.input("x", F32)
    flags = [b.input(name, BOOL) for name in ("c", "d", "e", "f")]
    inner_c = b.when(flags[1], flags[0])
    inner_e = b.when(flags[3], flags[2], False)
    source = b.when(b.when(x, flags[0]), inner_c)
    y = b.define(b.declare("y", F32), Buffer(source, inner_e, True, (const(-1.0, F32),), 3))
    checked = check(Program((b.node([y, inner_e]),), "data"))
    check_program(checked.program)
    rng = np.random.default_rng(4)
    data = {name: rng.random(TICKS) < 0.7 for name in ("c", "d", "e", "f")}
    writes, reads = data["c"] & data["d"], ~data["e"] & data["f"]
    x_values = np.arange(TICKS, dtype=np.float32)
    trace = interpret(checked.program, {"x": x_values, **data}, TICKS).trace
    waiting: deque[float] = deque([-1.0])
    clauses = {p.name: trace.column(p.holds.name).values for p in checked.main.properties}
    failed = False
    for tick in range(TICKS):
        if writes[tick]:
            waiting.append(float(x_values[tick]))
        assert clauses["room in the buffer y"][tick] == (len(waiting) <= 3) or failed
        assert clauses["a value in the buffer y"][tick] == (not reads[tick] or bool(waiting)) or failed
        failed = failed or len(waiting) > 3 or (reads[tick] and not waiting)
        if reads[tick] and not failed:
            assert trace.column("y").values[tick] == waiting.popleft()
    assert failed and tick > 10


def test_a_condition_that_nothing_places_is_present_where_the_values_were_sampled_from() -> None:
    b = NodeBuilder("buffered")
    x, go, take = b.input("x", F32), b.input("go", BOOL), b.input("take", BOOL)
    b.define(b.declare("y", F32), Buffer(b.when(x, go), take, True, (), 4))
    node = check(Program((b.node([go]),), "buffered")).program.node("buffered")
    assert node.clocks[take] == BASE

"""Overlay of tensors: no element is lost, results keep their bits, and blocks are as small as they can be.

The judge is an interpreter that notes for each cell of memory whose element it holds: a reading of an element whose
cell was overwritten by another tensor fails. It runs the code before the overlay, with the places that were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.export_c import Options, compile_and_run
from syncml.export_c.memory import Memory
from syncml.export_c.runner import same_bits
from syncml.ir.equations.syntax import Program
from syncml.ir.step.check import check_step
from syncml.ir.step.overlay import Block, live_bytes, overlay, place_tensors, private_slots
from syncml.ir.step.syntax import (
    Assign,
    BinaryOp,
    Expr,
    For,
    If,
    LoopIndex,
    Place,
    Select,
    Slot,
    StepProgram,
    Stmt,
)
from syncml.ir.types import BOOL, F32, I64, TensorType, element_bytes, shape, size
from syncml.pipeline import check, step_code
from tests.export_c.compilers import COMPILERS, STRICT
from tests.export_c.programs import add, at, inp, less, lit, machine, mul, op, out, program, slot
from tests.support.programs import programs
from tests.support.step_machine import StepMachine, random_inputs, run

STEPS = 3


class Watched(StepMachine):
    """Runs a machine while its tensors lie in ``blocks``."""

    def __init__(self, code: StepProgram, blocks: Sequence[Block]) -> None:
        super().__init__(code)
        self.places = {t.slot: (k, t.offset) for k, block in enumerate(blocks) for t in block.tenants}
        self.cells: list[list[tuple[Slot, int] | None]] = [[None] * block.extent for block in blocks]
        self.written: set[tuple[Slot, int]] = set()

    def step(self, *inputs: Any) -> list[Any]:
        self.written.clear()
        return super().step(*inputs)

    def _cell(self, place: Place) -> tuple[int, int, tuple[Slot, int]]:
        block, offset = self.places[place.slot]
        number = int(np.ravel_multi_index([int(self.value(i)) for i in place.indices], shape(place.slot.type)))
        return block, offset + number, (place.slot, number)

    def _write(self, place: Place, value: Any) -> None:
        if place.slot in self.places:
            block, cell, element = self._cell(place)
            self.cells[block][cell] = element
            self.written.add(element)
        super()._write(place, value)

    def value(self, expr: Expr) -> Any:
        if isinstance(expr, Place) and expr.slot in self.places:
            block, cell, element = self._cell(expr)
            assert element in self.written, f"{expr.slot.name}[{element[1]}] is read before it is written"
            assert self.cells[block][cell] == element, f"{expr.slot.name}[{element[1]}] was overwritten"
        return super().value(expr)


def assert_sound(code: StepProgram) -> tuple[Block, ...]:
    """The blocks of ``code``, all of whose tensors are overlaid; nothing is lost and no bit changes."""
    (main,) = code.machines
    placement = place_tensors(main, large=1)
    blocks = placement.blocks
    moved = program(overlay(placement))
    check_step(moved)
    inputs = random_inputs(code, STEPS, 5)
    watched = Watched(program(placement.machine), blocks)
    for k in range(STEPS):
        watched.step(*(inputs[s.name][k] for s in main.inputs))
    for one, two in zip(run(code, inputs, STEPS), run(moved, inputs, STEPS), strict=True):
        for name in one:
            assert np.asarray(one[name]).tobytes() == np.asarray(two[name]).tobytes(), name
    for block in blocks:
        width = element_bytes(block.element)
        bound = live_bytes((t.lifetime, width) for t in block.tenants).peak
        assert bound <= block.extent * width <= width * sum(size(t.slot.type) for t in block.tenants)
    return blocks


class Build:
    """A machine of tensor statements, one after another, on tensors of rows of three."""

    def __init__(self) -> None:
        self.x = inp("x", TensorType(F32, (8, 3)))
        self.on = inp("on", BOOL)
        self.y = out("y", F32)
        self.tensors: list[Slot] = []
        self.body: list[Stmt] = []
        self.count = 0

    def fresh(self, rows: int) -> Slot:
        new = slot(f"t{len(self.tensors)}", TensorType(F32, (rows, 3)))
        self.tensors.append(new)
        return new

    def counter(self) -> LoopIndex:
        self.count += 1
        return LoopIndex(f"i{self.count}")

    def rows(self, rows: int, columns: int, body: Any) -> Stmt:
        i, j = self.counter(), self.counter()
        return For(i, rows, (For(j, columns, tuple(body(i, j))),))

    def finish(self, last: Slot) -> StepProgram:
        total = self.rows(shape(last.type)[0], 3, lambda i, j: [Assign(at(self.y), add(at(self.y), at(last, i, j)))])
        body = (*self.body, Assign(at(self.y), lit(0.0)), total)
        return program(machine("m", (self.x, self.on), (self.y,), body, locals_=tuple(self.tensors)))


def rows_of(tensor: Slot) -> int:
    return shape(tensor.type)[0]


def minus(left: Expr, right: Expr | int) -> Expr:
    return op(BinaryOp.SUB, left, right if not isinstance(right, int) else _index(right))


def _index(value: int) -> Expr:
    return lit(value, I64)


def pointwise(b: Build, a: Slot) -> Slot:
    y = b.fresh(rows_of(a))
    b.body.append(b.rows(rows_of(a), 3, lambda i, j: [Assign(at(y, i, j), add(mul(at(a, i, j), lit(0.5)), lit(1.0)))]))
    return y


def reversed_rows(b: Build, a: Slot) -> Slot:
    y, last = b.fresh(rows_of(a)), rows_of(a) - 1
    b.body.append(b.rows(rows_of(a), 3, lambda i, j: [Assign(at(y, i, j), at(a, minus(_index(last), i), j))]))
    return y


def valid_convolution(b: Build, a: Slot) -> Slot:
    rows = max(1, rows_of(a) - 2)
    y, taps = b.fresh(rows), rows_of(a) - rows + 1

    def body(i: LoopIndex, j: LoopIndex) -> list[Stmt]:
        k = b.counter()
        return [
            Assign(at(y, i, j), lit(0.0)),
            For(k, taps, (Assign(at(y, i, j), add(at(y, i, j), at(a, add(i, k), j))),)),
        ]

    b.body.append(b.rows(rows, 3, body))
    return y


def padded_convolution(b: Build, a: Slot) -> Slot:
    y = b.fresh(rows_of(a))

    def body(i: LoopIndex, j: LoopIndex) -> list[Stmt]:
        above = Select(less(_index(0), i), at(a, minus(i, 1), j), lit(0.0))
        return [Assign(at(y, i, j), add(above, at(a, i, j)))]

    b.body.append(b.rows(rows_of(a), 3, body))
    return y


def rows_by_matrix(b: Build, a: Slot) -> Slot:
    y = b.fresh(rows_of(a))

    def body(i: LoopIndex, j: LoopIndex) -> list[Stmt]:
        k = b.counter()
        total = Assign(at(y, i, j), add(at(y, i, j), mul(at(a, i, k), lit(0.25))))
        return [Assign(at(y, i, j), lit(0.0)), For(k, 3, (total,))]

    b.body.append(b.rows(rows_of(a), 3, body))
    return y


def taps_outside(b: Build, a: Slot) -> Slot:
    rows = max(1, rows_of(a) - 1)
    y, taps = b.fresh(rows), rows_of(a) - rows + 1
    b.body.append(b.rows(rows, 3, lambda i, j: [Assign(at(y, i, j), lit(0.0))]))
    k = b.counter()
    inner = b.rows(rows, 3, lambda i, j: [Assign(at(y, i, j), add(at(y, i, j), at(a, add(i, k), j)))])
    b.body.append(For(k, taps, (inner,)))
    return y


def under_a_condition(b: Build, a: Slot) -> Slot:
    y = b.fresh(rows_of(a))
    then = b.rows(rows_of(a), 3, lambda i, j: [Assign(at(y, i, j), at(a, i, j))])
    otherwise = b.rows(rows_of(a), 3, lambda i, j: [Assign(at(y, i, j), at(a, minus(_index(rows_of(a) - 1), i), j))])
    b.body.append(If(at(b.on), (then,), (otherwise,)))
    return y


def repeated(b: Build, a: Slot) -> Slot:
    """Twice: a tensor of the loop's own, then a sum that lives across its iterations."""
    n = rows_of(a)
    total, own = b.fresh(n), b.fresh(n)
    b.body.append(b.rows(n, 3, lambda i, j: [Assign(at(total, i, j), lit(0.0))]))
    inner = (
        b.rows(n, 3, lambda i, j: [Assign(at(own, i, j), mul(at(a, i, j), lit(2.0)))]),
        b.rows(n, 3, lambda i, j: [Assign(at(total, i, j), add(at(total, i, j), at(own, minus(_index(n - 1), i), j)))]),
    )
    b.body.append(For(b.counter(), 2, inner))
    return total


def cut(b: Build, a: Slot) -> Slot:
    rows = max(1, rows_of(a) - 2)
    y, start = b.fresh(rows), rows_of(a) - rows
    b.body.append(b.rows(rows, 3, lambda i, j: [Assign(at(y, i, j), at(a, add(i, _index(start)), j))]))
    return y


def joined(b: Build, a: Slot) -> Slot:
    other = b.tensors[len(b.tensors) // 2]
    y = b.fresh(rows_of(a) + rows_of(other))
    start = _index(rows_of(a))
    b.body.append(b.rows(rows_of(a), 3, lambda i, j: [Assign(at(y, i, j), at(a, i, j))]))
    b.body.append(b.rows(rows_of(other), 3, lambda i, j: [Assign(at(y, add(start, i), j), at(other, i, j))]))
    return y


KINDS = (
    pointwise, reversed_rows, valid_convolution, padded_convolution, rows_by_matrix, taps_outside, under_a_condition,
    repeated, cut, joined,
)  # fmt: skip


def copied_input(b: Build) -> Slot:
    first = b.fresh(8)
    b.body.append(b.rows(8, 3, lambda i, j: [Assign(at(first, i, j), at(b.x, i, j))]))
    return first


def chain(kinds: Sequence[Any]) -> StepProgram:
    b = Build()
    last = copied_input(b)
    for kind in kinds:
        last = kind(b, last)
    return b.finish(last)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=7))
def test_no_two_live_elements_share_a_cell(kinds: list[Any]) -> None:
    assert_sound(chain(kinds))


def cells(code: StepProgram) -> int:
    return sum(block.extent for block in assert_sound(code))


def test_elementwise_operators_run_in_place() -> None:
    code = chain([pointwise, pointwise, pointwise])
    (block,) = assert_sound(code)
    assert block.shape == (8, 3) and len(block.tenants) == 4
    (moved,) = (overlay(place_tensors(m, large=1)) for m in code.machines)
    assert [s.type for s in moved.locals] == [TensorType(F32, (8, 3))]


@pytest.mark.parametrize(("kind", "behind"), [(padded_convolution, 3), (rows_by_matrix, 3), (valid_convolution, 1)])
def test_a_convolution_runs_behind_the_rows_that_it_reads(kind: Any, behind: int) -> None:
    """Each row is written where nobody reads any more, so no second map is needed."""
    assert cells(chain([kind])) == 24 + behind


def test_what_reads_to_the_end_needs_both_maps() -> None:
    # The first row of the result may lie over the last one of the argument, which is read first.
    assert cells(chain([reversed_rows])) == 45
    assert cells(chain([taps_outside])) == 24 + 21


def test_joining_and_cutting_in_place_is_no_code() -> None:
    code = chain([cut])
    (moved,) = (overlay(place_tensors(m, large=1)) for m in code.machines)
    assert len(moved.body) == len(code.machines[0].body) - 1
    assert cells(chain([pointwise, joined])) <= 48


def test_the_judge_sees_a_lost_element() -> None:
    code = chain([reversed_rows])
    tenants = tuple(t for b in place_tensors(code.machines[0], large=1).blocks for t in b.tenants)
    wrong = Block(F32, 24, tuple(type(t)(t.slot, 0, t.lifetime) for t in tenants))
    watched = Watched(code, (wrong,))
    with pytest.raises(AssertionError, match="was overwritten"):
        watched.step(np.ones((8, 3), np.float32), np.bool_(True))


def test_small_tensors_stay_as_they_are() -> None:
    (main,) = chain([pointwise]).machines
    assert place_tensors(main).blocks == ()
    assert overlay(place_tensors(main)) is main


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(drawn=programs(), seed=st.integers(0, 2**16))
def test_random_programs_keep_their_trace(drawn: Program, seed: int) -> None:
    code = step_code(check(drawn), flat=False)
    moved = replace(code, machines=tuple(overlay(place_tensors(m, large=1)) for m in code.machines))
    check_step(moved)
    inputs = random_inputs(code, STEPS, seed)
    for one, two in zip(run(code, inputs, STEPS), run(moved, inputs, STEPS), strict=True):
        for name in one:
            assert np.asarray(one[name]).tobytes() == np.asarray(two[name]).tobytes(), name


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_c_has_the_bits_of_step_code(compiler: str, level: str) -> None:
    for kinds in ([padded_convolution, rows_by_matrix, valid_convolution], [repeated, joined, under_a_condition]):
        code = chain(kinds)
        inputs = random_inputs(code, STEPS, 5)
        options = Options(memory=Memory(large=1))
        found = compile_and_run(code, inputs, STEPS, compiler, (level, *STRICT), options)
        assert same_bits(found.outputs["y"], run(code, inputs, STEPS)[0]["y"])


def test_neighbouring_loops_over_rows_become_one() -> None:
    """A loop over the last column after one over the others would keep all rows until the end."""
    b = Build()
    first = pointwise(b, copied_input(b))
    y = b.fresh(8)
    b.body.append(b.rows(8, 2, lambda i, j: [Assign(at(y, i, j), at(first, i, j))]))
    i = b.counter()
    b.body.append(For(i, 8, (Assign(at(y, i, 2), at(first, i, 2)),)))
    code = b.finish(y)
    assert len(place_tensors(code.machines[0], large=1).machine.body) == len(code.machines[0].body) - 1
    assert cells(code) == 24


def test_what_one_loop_has_for_itself_stays_a_variable() -> None:
    b = Build()
    a, y, sums = copied_input(b), b.fresh(8), slot("sums", TensorType(F32, (3,)))
    b.tensors.append(sums)
    i, j, k = b.counter(), b.counter(), b.counter()
    clear = For(j, 3, (Assign(at(sums, j), lit(0.0)),))
    take = For(k, 3, (Assign(at(y, i, k), add(at(sums, k), at(a, i, k))),))
    b.body.append(For(i, 8, (clear, take)))
    placement = place_tensors(b.finish(y).machines[0], large=1)
    assert set(private_slots(placement.machine.body)) == {sums}
    assert sums not in {t.slot for block in placement.blocks for t in block.tenants}
    assert cells(b.finish(y)) == 24
